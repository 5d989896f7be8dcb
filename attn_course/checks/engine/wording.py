"""Words for numbers, places and shapes, as the reports say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from attn_course.checks.engine.exercise import Output

SINGULAR = {
    "queries": "query",
    "entries": "entry",
    "batch": "batch item",
    "time": "time step",
    "target": "target position",
    "vocab": "token of the vocabulary",
}


def row_of(entries: np.ndarray) -> str:
    """A few numbers as a reader wants them."""
    return "[" + ", ".join(number(float(entry)) for entry in entries) + "]"


def number(entry: float) -> str:
    """Three decimals where that says enough."""
    if entry == 0 or 0.001 <= abs(entry) < 1000:
        text = f"{abs(entry) if entry == 0 else entry:.3f}"  # -0.0 is 0 to a reader
        return text.rstrip("0").rstrip(".") if entry == int(entry) else text
    return f"{entry:.2e}"


def place_of(output: Output, index: Sequence[Any]) -> str:
    """Such as " at batch item 1, query 2"; without names of axes, " at [1, 2]"."""
    known = [int(i) for i in index if i is not None]
    if not known:
        return ""
    if not output.axes:
        return f" at {known}"
    names = axis_names(output, len(index))
    batch = [int(i) for n, i in zip(names, index, strict=True) if n == "batch" and i is not None]
    words = [f"{SINGULAR['batch']} {batch[0] if len(batch) == 1 else tuple(batch)}"] if batch else []
    words += [
        f"{SINGULAR.get(n, n.removesuffix('s'))} {int(i)}"
        for n, i in zip(names, index, strict=True)
        if i is not None and n != "batch"
    ]
    return f" at {', '.join(words)}"


def axis_names(output: Output, count: int) -> list[str]:
    """Names of `count` axes, right-aligned; those to the left are batch axes."""
    own = list(output.axes)[max(0, len(output.axes) - count) :]
    return ["batch"] * (count - len(own)) + own


def shape_sentence(output: Output, got: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Says which axis has the wrong size."""
    said = f"{output.name} has shape {got}, asked is {expected}"
    names = axis_names(output, len(expected))
    if len(got) != len(expected):
        return f"{said}: {len(got)} axes instead of {len(expected)} ({', '.join(names) or 'none'})"
    if sorted(got) == sorted(expected) and len(set(got)) == len(got):
        return f"{said}: the axes are in another order ({', '.join(names)} is asked)"
    axes = [
        f"axis {i - len(expected)} ({name}) is {g}, should be {e}"
        for i, (name, g, e) in enumerate(zip(names, got, expected, strict=True))
        if g != e
    ]
    return f"{said}: {'; '.join(axes)}"
