"""`self_attention` and `cross_attention`: attention with learned projections, the same aspects for both."""

from __future__ import annotations

from attn_course.checks.cases.scaled_dot_product_projected import cross_cases, self_cases
from attn_course.checks.engine import Aspect, Exercise
from attn_course.checks.engine.manners import manner
from attn_course.checks.parts.attention import ATTENTION, extremes, hidden_gradients, rows
from attn_course.checks.parts.scaled_dot_product_shared import (
    EQUATION,
    HIDDEN_ROWS,
    MASKS,
    REFERENCE,
    SCALE,
    SELF_CROSS,
    mixed,
)


def _projected(
    id: str, points: float, signature: str, cases: object, worth: dict[str, float], roles: tuple[str, str]
) -> Exercise:
    """`self_attention` or `cross_attention`: the aspects are the same."""
    return Exercise(
        id=id,
        points=points,
        signature=signature,
        returns=ATTENTION,
        cases=cases,
        aspects=(
            Aspect("roles", roles[0], worth["roles"], roles[1], SELF_CROSS),
            Aspect(
                "scale",
                "scores are divided by the square root of the width of the keys",
                worth["scale"],
                "after the projection the keys are d_k wide, not d_model",
                SCALE,
            ),
            Aspect(
                "mask",
                "the mask hides keys from queries",
                worth["mask"],
                "the last axis of the mask is that of the keys",
                MASKS,
            ),
            rows(worth["rows"], HIDDEN_ROWS),
            extremes(worth["extremes"], MASKS),
            Aspect("batch", "any leading batch sizes", worth["batch"], "name axes from the end: -1 and -2", EQUATION),
            mixed(worth["mixed"]),
            manner("gradients", worth["gradients"]),
            hidden_gradients(worth["hidden_gradients"], HIDDEN_ROWS),
            manner("dtype", worth["dtype"]),
            manner("device", worth["device"]),
            manner("unchanged", worth["unchanged"]),
            manner("state", worth["state"]),
        ),
        reference=f"{REFERENCE}:{id}",
    )


self_attention = _projected(
    "self_attention",
    2,
    "self_attention(x, W_query, W_key, W_value, mask=None)",
    self_cases,
    {
        "roles": 0.5,
        "mixed": 0.1,
        "scale": 0.35,
        "mask": 0.3,
        "rows": 0.1,
        "extremes": 0.1,
        "batch": 0.1,
        "gradients": 0.15,
        "hidden_gradients": 0.1,
        "dtype": 0.05,
        "device": 0.05,
        "unchanged": 0.05,
        "state": 0.05,
    },
    (
        "queries, keys and values are x times their own matrix",
        "the weights of query i are the softmax of (x W_query)[i] · (x W_key)[j] over j",
    ),
)

cross_attention = _projected(
    "cross_attention",
    3,
    "cross_attention(x, memory, W_query, W_key, W_value, mask=None)",
    cross_cases,
    {
        "roles": 0.75,
        "mixed": 0.15,
        "scale": 0.5,
        "mask": 0.5,
        "rows": 0.15,
        "extremes": 0.15,
        "batch": 0.15,
        "gradients": 0.2,
        "hidden_gradients": 0.1,
        "dtype": 0.1,
        "device": 0.1,
        "unchanged": 0.1,
        "state": 0.05,
    },
    (
        "queries come from x, keys and values from memory, each by its own matrix",
        "x asks and memory answers: the weights have one row per position of x and one column per position of memory",
    ),
)
