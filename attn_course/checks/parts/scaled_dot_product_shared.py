"""What the exercises of chapter 04 share: sections of the book, results, and the aspect in which all others meet."""

from __future__ import annotations

from attn_course.checks.engine import Aspect

SCALE = "scaled-dot-product-scale"
EQUATION = "scaled-dot-product-equation"
MASKS = "scaled-dot-product-masks"
HIDDEN_ROWS = "scaled-dot-product-hidden-rows"
SELF_CROSS = "scaled-dot-product-self-cross"
BACKWARD = "scaled-dot-product-backward"
PRECISION = "scaled-dot-product-precision"

SECTIONS = {
    "scaled-dot-product-question": "The question",
    "scaled-dot-product-by-hand": "Three keys by hand",
    EQUATION: "The equation",
    SCALE: "Why divide by √d_k",
    MASKS: "Masks",
    HIDDEN_ROWS: "A query that may see nothing",
    SELF_CROSS: "Self-attention and cross-attention",
    BACKWARD: "The backward pass by hand",
    PRECISION: "Half precision",
    "scaled-dot-product-code": "The code",
    "scaled-dot-product-experiment": "The experiment",
    "scaled-dot-product-said": "What is often said",
    "scaled-dot-product-exercises": "Exercises",
    "scaled-dot-product-sources": "Sources and further reading",
}

REFERENCE = "attn_course.scaled_dot_product"


def mixed(points: float) -> Aspect:
    """The aspect in which all others meet."""
    return Aspect(
        "mixed",
        "all of it at once: the scale with any mask, any batch axes, equal and unequal sizes",
        points,
        "what is right alone must be right together: look at the case that is named here",
        EQUATION,
    )
