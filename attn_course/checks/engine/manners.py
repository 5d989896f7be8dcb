"""The aspects that every exercise shares, worded once."""

from __future__ import annotations

from attn_course.checks.engine.exercise import Aspect, Measure

WORDS: dict[str, tuple[str, str]] = {
    "gradients": (
        "the gradient is right, so that a network can learn through it",
        "do not detach, convert to numpy, or fill tensors with .item() on the way from the inputs to the result",
    ),
    "dtype": (
        "the result has the dtype of the inputs",
        "make new tensors with dtype=… of an input, and convert back what you computed in another dtype",
    ),
    "device": (
        "new tensors are made where the inputs lie",
        "name the device of an input when you make a tensor: torch.zeros(…, device=x.device) or x.new_zeros(…)",
    ),
    "unchanged": (
        "the inputs are left as they were",
        "functions that end in _ and operators such as += change a tensor in place: write x = x + 1",
    ),
    "state": (
        "nothing is remembered from call to call",
        "compute everything from the arguments; keep nothing in global variables, in caches or on self",
    ),
}


def manner(measure: Measure, points: int | float, reread: str = "") -> Aspect:
    """The aspect for one of the shared measures; its id is the measure's name."""
    name, hint = WORDS[measure]
    return Aspect(measure, name, points, hint, reread, measure)
