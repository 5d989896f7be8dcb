"""What the exercises of chapter 03 share: sections of the book, and where the right answers are."""

from __future__ import annotations

SCORES = "multiplicative-scores"
LOCAL = "multiplicative-local"
DECODER = "multiplicative-decoder"
FEEDING = "multiplicative-feeding"
HARD = "multiplicative-hard"
REINFORCE = "multiplicative-reinforce"
HIERARCHICAL = "multiplicative-hierarchical"

SECTIONS = {
    "multiplicative-question": "The question",
    "multiplicative-by-hand": "Four scores by hand",
    SCORES: "Four scores",
    LOCAL: "Looking at a window",
    DECODER: "Attention after the recurrence",
    FEEDING: "Input feeding",
    HARD: "Looking at one place",
    REINFORCE: "A gradient through a choice",
    HIERARCHICAL: "Words, then sentences",
    "multiplicative-code": "The code",
    "multiplicative-experiment": "The experiment",
    "multiplicative-said": "What is often said",
    "multiplicative-exercises": "Exercises",
    "multiplicative-sources": "Sources and further reading",
}

REFERENCE = "attn_course.multiplicative"
