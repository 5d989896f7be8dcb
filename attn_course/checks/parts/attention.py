"""What every exercise that attends returns, and the aspects that they share, worded once."""

from __future__ import annotations

from attn_course.checks.cases.masks import hidden_keys
from attn_course.checks.engine import Aspect, Output

WEIGHTS = Output("weights", ("queries", "keys"), exact_zero=hidden_keys)
ATTENTION = (Output("context", ("queries", "features")), WEIGHTS)


def rows(points: float, reread: str) -> Aspect:
    """A hidden row gives 0."""
    return Aspect(
        "rows",
        "a query that may see nothing gets 0, not NaN",
        points,
        "the softmax of a row of −inf is NaN, that of equal numbers is uniform: neither is 0",
        reread,
    )


def extremes(points: float, reread: str) -> Aspect:
    """Nothing overflows."""
    return Aspect(
        "extremes",
        "large scores and large hidden numbers do no harm",
        points,
        "exp overflows: subtract the largest visible score of each row first, as torch.softmax does",
        reread,
    )


def hidden_gradients(points: float, reread: str) -> Aspect:
    """The backward pass is as clean as the forward pass."""
    return Aspect(
        "hidden_gradients",
        "the gradient is right, and finite, where keys or whole rows are hidden",
        points,
        "0 · inf and 0 · NaN are NaN: keep inf and NaN out of the forward pass instead of overwriting them",
        reread,
        "gradients",
    )
