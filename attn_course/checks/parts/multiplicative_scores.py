"""The four scores of chapter 03: what is asked and what is graded."""

from __future__ import annotations

from collections.abc import Callable

from attn_course.checks.cases.multiplicative_scores import concat_cases, dot_cases, general_cases, location_cases
from attn_course.checks.engine import Aspect, Exercise, Output
from attn_course.checks.engine.manners import manner
from attn_course.checks.parts.multiplicative_shared import REFERENCE, SCORES


def _scores(id: str, signature: str, cases: Callable, aspects: tuple[Aspect, ...]) -> Exercise:
    return Exercise(
        id=id,
        points=round(sum(aspect.points for aspect in aspects), 6),
        signature=signature,
        returns=(Output("scores", ("queries", "keys")),),
        cases=cases,
        aspects=aspects,
        reference=f"{REFERENCE}:{id}",
    )


def _batch(points: float) -> Aspect:
    return Aspect(
        "batch",
        "every query meets every key of its own batch item, whatever the batch axes",
        points,
        "the two last axes are (queries, d) and (keys, d); .transpose(-2, -1) exchanges them, and @ leaves the others alone",
        SCORES,
    )


dot_scores = _scores(
    "dot_scores",
    "dot_scores(query, key)",
    dot_cases,
    (
        Aspect("products", "scores are the plain dot products, without a scale", 0.5, "query · key, summed", SCORES),
        _batch(0.2),
        manner("gradients", 0.1),
        manner("dtype", 0.05),
        manner("device", 0.05),
        manner("unchanged", 0.05),
        manner("state", 0.05),
    ),
)

general_scores = _scores(
    "general_scores",
    "general_scores(query, key, W)",
    general_cases,
    (
        Aspect(
            "products",
            "scores are query W key: W stands between them, and nothing else does",
            0.5,
            "W has one row for each entry of a query and one column for each entry of a key",
            SCORES,
        ),
        _batch(0.2),
        manner("gradients", 0.1),
        manner("dtype", 0.05),
        manner("device", 0.05),
        manner("unchanged", 0.05),
        manner("state", 0.05),
    ),
)

concat_scores = _scores(
    "concat_scores",
    "concat_scores(query, key, W, v)",
    concat_cases,
    (
        Aspect(
            "each",
            "the query meets the upper rows of W, the key the lower ones; then tanh, then v",
            0.5,
            "the first d_query rows of W belong to the query, the other d_key rows to the key",
            SCORES,
        ),
        Aspect(
            "together",
            "query and key are summed before the tanh",
            0.6,
            "one tanh for each query, key and hidden unit; it is taken of the sum of both products",
            SCORES,
        ),
        _batch(0.2),
        Aspect("extremes", "sums of ±1000 give ±1, not NaN", 0.1, "torch.tanh does not overflow, exp does", SCORES),
        manner("gradients", 0.25),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.05),
        manner("state", 0.1),
    ),
)

location_scores = _scores(
    "location_scores",
    "location_scores(query, W)",
    location_cases,
    (
        Aspect(
            "products",
            "each position is scored by its own column of W, from the query alone",
            1.1,
            "W has one row for each entry of a query and one column for each key; no softmax here",
            SCORES,
        ),
        _batch(0.3),
        manner("gradients", 0.2),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
)
