"""Inputs of `hard_attention` and `reinforce_loss` (chapter 03), and what is looked at of a draw.

Any way to draw is right, so two right answers draw different rows. `settle` finds out which row of `value` each query
got and takes the luck away: from the value drawn, that row, and from its log probability, the logarithm of that row's
weight. What is left is the same for every right answer, and so is its gradient.

A wrong answer may be wrong in another way for each row. So that two answers with one mistake can be held against each
other, every query stands there in `COPIES` copies, and those are shown in the order of the rows that they drew.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attn_course.checks.cases.masks import with_hidden_rows
from attn_course.checks.engine import Case, Draw, Seeded
from attn_course.checks.engine.wording import number, row_of

F32, F64 = torch.float32, torch.float64
DRAWS = 1200
"""Queries for each of two batch items, or batch items of two queries, all with the same scores: shares are counted."""

UNLIKE, NEAR = (0.75, 0.15, 0.07, 0.03), (0.4, 0.3, 0.2, 0.1)
"""Weights of the keys in these queries: where they are near each other, even a little noise exchanges the largest."""

COPIES = 40
"""Of each query, along the first axis."""

LIMIT = 6.0
"""Standard deviations that a share may lie away from its expectation: a right answer exceeds them once in 10⁸."""

APART = 1.0
"""Added to shares that chance cannot explain, so that they count as wrong however near they are."""

ALIKE = 0.06
"""Relative tolerance by which shares are compared: two answers with one mistake differ by chance."""

ROUNDING = 1e-3
"""Relative distance at which a result still is a row of `value`; the rows lie far apart."""


def settle(result: Any, given: Mapping[str, Any], case: Case) -> Any:
    """What no luck has a part in; the result itself where it is no pair of tensors, 0 where a shape is wrong."""
    scores, value = given["scores"], given["value"]
    if case.aspect == "again" or not isinstance(result, (tuple, list)) or len(result) != 2:
        return result
    if not all(isinstance(part, Tensor) and not part.is_complex() for part in result):
        return result
    drawn, log_prob = result
    if drawn.shape != (*scores.shape[:-1], value.shape[-1]):
        return torch.zeros_like(drawn), torch.zeros_like(log_prob)
    known = log_prob.shape == scores.shape[:-1]
    logs = log_prob.double() if known else torch.zeros(scores.shape[:-1], dtype=F64, device=scores.device)
    visible = torch.ones_like(scores, dtype=torch.bool)
    if given["mask"] is not None:
        visible = given["mask"].expand(scores.shape)
    seeing = visible.any(dim=-1)
    row, is_row = _rows_drawn(drawn.detach(), value.detach())
    found = is_row & visible.gather(-1, row.unsqueeze(-1)).squeeze(-1)
    wide, rows = scores.double(), value.double()
    log_weights = torch.log_softmax(wide.masked_fill(~visible & seeing.unsqueeze(-1), -torch.inf), dim=-1)
    if case.aspect == "draws" and bool(found.all()):
        shares, meetings = _shares(row, log_weights.detach()[0, 0].exp())
        which = torch.arange(len(logs), device=logs.device) % 2
        left, logs = shares.expand(drawn.shape), meetings[which, None].expand(logs.shape)
    else:
        own = torch.take_along_dim(rows.unsqueeze(-3), row[..., None, None], dim=-2).squeeze(-2)
        left = drawn.double() - torch.where(found.unsqueeze(-1), own, 0.0)
        logs = logs - torch.where(found, log_weights.gather(-1, row.unsqueeze(-1)).squeeze(-1), 0.0)
        shown = _in_the_order_of_rows(torch.where(is_row, row, -1), scores.detach(), visible, value.detach())
        left, logs, found, is_row = (
            thing.flatten(0, seeing.ndim - 1)[shown].view(thing.shape) for thing in (left, logs, found, is_row)
        )
        # What is added is as large as what was taken away, and the same whichever row it was.
        mean = (visible.double() / visible.sum(-1, keepdim=True).clamp(min=1)) @ rows
        likeliest = log_weights.amax(dim=-1)
        left = left + torch.where(found.unsqueeze(-1), mean, 0.0)
        logs = torch.where(seeing & ~is_row, likeliest.detach() + APART, logs + torch.where(found, likeliest, 0.0))
    return left.to(drawn.dtype), logs.to(log_prob.dtype) if known else torch.zeros_like(log_prob)


def _rows_drawn(drawn: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Which row of `value` each query got (*batch, queries), and whether it is one."""
    distance = (drawn.unsqueeze(-2).double() - value.unsqueeze(-3).double()).abs().amax(dim=-1)
    nearest, row = distance.nan_to_num(nan=torch.inf).min(dim=-1)
    return row, nearest <= ROUNDING


def _in_the_order_of_rows(row: Tensor, scores: Tensor, visible: Tensor, value: Tensor) -> Tensor:
    """For each query, which of its copies to show: the first drew row 0, the second row 1, and so on again.

    Where no copy drew that row, the first of those that drew the lowest one.
    """
    keys = scores.shape[-1]
    values = value.flatten(-2).unsqueeze(-2).expand(*scores.shape[:-1], -1)
    alike = torch.cat([scores, visible.to(scores), values.to(scores)], dim=-1).flatten(end_dim=-2)
    groups: dict[bytes, list[int]] = {}
    for place, query in enumerate((alike + 0.0).cpu().numpy()):  # with one kind of zero
        groups.setdefault(query.tobytes(), []).append(place)
    drawn = row.flatten().tolist()
    shown = list(range(len(drawn)))
    for copies in groups.values():
        first = {drawn[copy]: copy for copy in reversed(copies)}
        for turn, copy in enumerate(copies):
            shown[copy] = first.get(turn % keys, first[min(first)])
    return torch.tensor(shown, device=row.device)


def _shares(row: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """How often each key was drawn, and how often two neighbours and two batch items drew the same one.

    Where these are what independent draws give, but for chance, they are replaced by their expectations, else `APART`
    is added. Where one draw serves a whole batch item or all of them, its key is chance: then all are 0.
    """
    if bool((row == row[:, :1]).all() if row.shape[1] > 2 else (row == row[:1]).all()):
        return torch.zeros_like(weights), weights.new_zeros(2)
    shares = torch.stack([(row == key).double().mean() for key in range(len(weights))])
    met = [row[:, 0::2] == row[:, 1::2], row[0::2] == row[1::2]]
    meetings = torch.stack([one.double().mean() for one in met])
    expected = (weights**2).sum()
    return (
        _without_chance(shares, weights, row.numel()),
        torch.cat([_without_chance(one[None], expected[None], row.numel() // 2) for one in meetings]),
    )


def _without_chance(shares: Tensor, expected: Tensor, count: int) -> Tensor:
    deviation = (expected * (1 - expected) / count).sqrt()
    by_chance = (shares - expected).abs() <= LIMIT * deviation + 1e-12
    return expected if bool(by_chance.all()) else shares + APART


def explain_value(got: np.ndarray, expected: np.ndarray, case: Case) -> str:
    """What is wrong with the values drawn."""
    index = _worst(got, expected, 1)
    if case.aspect == "draws" and np.ptp(got, axis=(0, 1)).max() < ROUNDING:
        if not got.any():
            return "queries with the same scores all draw the same row: each query draws for itself"
        shares, weights = row_of(got[index] - APART), row_of(expected[index])
        return f"of {2 * DRAWS} queries, these shares drew each key: {shares}; their weights are {weights}"
    query = f"query {index[-1]}"
    if case.aspect == "again":
        return f"{query} has {row_of(got[index][:5])}, before {row_of(expected[index][:5])}"
    if not expected[index].any():
        return f"{query} may see nothing and gets {row_of(got[index][:5])}, expected is 0"
    rows = case.arguments["value"].double().numpy()[index[:-1]]
    for key, row in enumerate(rows):
        if np.abs(row - got[index]).max() <= ROUNDING:
            return f"{query} gets row {key} of value, which the mask hides"
    return f"{query} gets {row_of(got[index][:5])}, which is none of the rows of value"


def explain_log_prob(got: np.ndarray, expected: np.ndarray, case: Case) -> str:
    """What is wrong with the log probabilities."""
    index = _worst(got, expected, 0)
    query = f"query {index[-1]}"
    if case.aspect == "draws" and np.ptp(got, axis=1).max() < ROUNDING:
        who = ("two queries side by side", "the same query of two batch items")[index[0] % 2]
        share, usual = round(100 * float(got[index] - APART)), round(100 * float(expected[index]))
        return f"{who} draw the same key {share} times in 100, though draws of their own would meet {usual} times"
    if case.aspect == "again":
        return f"{query} has {number(float(got[index]))}, before {number(float(expected[index]))}"
    mask = case.arguments["mask"]
    if mask is not None and not np.broadcast_to(mask.numpy(), case.arguments["scores"].shape)[index].any():
        return f"{query} may see nothing and has {number(float(got[index]))}, expected is 0"
    if abs(got[index] - expected[index] - APART) < ROUNDING:
        return f"it cannot be judged, because {query} did not get a row of value"
    apart = number(float(got[index] - expected[index]))
    return f"that of {query} lies {apart} away from the logarithm of the weight of the row that it drew"


def _worst(got: np.ndarray, expected: np.ndarray, trailing: int) -> tuple[int, ...]:
    apart = np.abs(got.astype(float) - expected)
    place = np.unravel_index(int(apart.argmax()), apart.shape)
    return tuple(int(i) for i in place[: len(place) - trailing])


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def hard_cases(seed: int) -> list[Case]:
    """Cases of `hard_attention`."""
    d = Draw(seed, "hard_attention")

    def arguments(
        *batch: int, q: int, k: int, d_v: int, mask: Tensor | None = None, dtype: torch.dtype = F64
    ) -> dict[str, Any]:
        """No row has a small probability, so that each is drawn by some copy."""
        return {
            "scores": d.uniform(*batch, q, k, low=-0.6, high=0.6, dtype=dtype),
            "value": _rows_apart(d, *batch, k, d_v).to(dtype),
            "mask": mask,
            "generator": Seeded(int(d.integers(1, low=0, high=2**31))),
        }

    def copied(arguments: dict[str, Any]) -> dict[str, Any]:
        """The same again and again along a new first axis."""
        more = {name: arguments[name].expand(COPIES, *arguments[name].shape).clone() for name in ("scores", "value")}
        return arguments | more

    def many(batch: int, q: int, mask: Tensor | None, weights: tuple[float, ...]) -> dict[str, Any]:
        """The same scores for many queries. With the last key hidden, it has the largest score."""
        log_weights = torch.tensor(weights, dtype=F64).log()[d.order(4)]
        made = arguments(batch, q=q, k=4 if mask is None else 5, d_v=2, mask=mask)
        scores = torch.cat((log_weights, torch.tensor([1.0]))) if mask is not None else log_weights
        made["scores"] = (scores + d.normal(1)).expand(batch, q, -1).clone()
        made["value"] = torch.eye(len(scores), dtype=F64).expand(batch, -1, -1).clone()
        return made

    def case(aspect: str, name: str, arguments: dict[str, Any], **more: Any) -> Case:
        return Case(aspect, name, arguments, **more)

    alone = arguments(q=2, k=4, d_v=3)
    alone["scores"] = alone["scores"].repeat(COPIES, 1)
    above = arguments(q=3, k=5, d_v=2, mask=torch.cat((d.mask(3, 4), torch.zeros(3, 1, dtype=torch.bool)), dim=-1))
    above["scores"] = torch.where(above["mask"], d.integers(3, 5, low=0, high=2).double() - 500, 300.0)
    above["value"][-1] = 1e6
    far = arguments(q=3, k=4, d_v=3)
    far["scores"] = torch.tensor([[1000, 0, 1000, -1000], [-1000, -1000, -1000, -2000], [0, -1000, 0, 0]], dtype=F64)
    hides_the_last = torch.tensor([True] * 4 + [False])
    lone = torch.zeros(6, 5, dtype=torch.bool)
    lone[torch.arange(6), d.integers(6, low=0, high=5)] = True
    views = {"layouts": {"scores": "expanded", "value": "expanded"}}
    graded = {"observe": "gradients", "gradients": ("scores", "value"), **views}
    value, log_prob = {"compared": ("value",)}, {"compared": ("log_prob",)}
    padded = arguments(2, q=3, k=5, d_v=2, mask=d.mask(2, 1, 5))
    small = arguments(2, q=3, k=4, d_v=5, mask=d.mask(3, 4))
    return [
        case("row", "no mask, no batch axis", alone, **value),
        case("row", "one batch axis and a mask", copied(arguments(q=4, k=4, d_v=3, mask=d.mask(4, 4))), **value),
        case("row", "one visible key for each query", copied(arguments(q=6, k=5, d_v=2, mask=lone)), **value),
        case("draws", "two batch items, 1200 queries each", many(2, DRAWS, None, UNLIKE), tolerance=ALIKE),
        case("draws", "1200 batch items, two queries each", many(DRAWS, 2, hides_the_last, NEAR), tolerance=ALIKE),
        case("log_prob", "no mask", copied(arguments(q=3, k=4, d_v=2)), **log_prob),
        case(
            "log_prob", "a mask, float32", copied(arguments(q=4, k=5, d_v=3, mask=d.mask(4, 5), dtype=F32)), **log_prob
        ),
        case(
            "rows", "queries that may see nothing", copied(arguments(q=4, k=5, d_v=3, mask=with_hidden_rows(d, 4, 5)))
        ),
        case("extremes", "visible scores of −500 below hidden ones", copied(above)),
        case("extremes", "scores of ±1000", copied(far)),
        case("batch", "two batch axes, a mask (batch, 1, keys)", copied(padded), **views),
        case("batch", "one query, float32", copied(arguments(q=1, k=4, d_v=5, dtype=F32))),
        case("gradients", "one batch axis", copied(arguments(q=3, k=4, d_v=3)), **graded),
        case(
            "gradients",
            "a mask and hidden queries",
            copied(arguments(q=3, k=4, d_v=2, mask=with_hidden_rows(d, 3, 4))),
            **graded,
        ),
        case("gradients", "float32", copied(arguments(q=4, k=3, d_v=2, dtype=F32)), **graded),
        case(
            "again",
            "two calls, and then the same again",
            arguments(2, q=40, k=5, d_v=2),
            observe="repeat",
            then=(arguments(q=60, k=7, d_v=3),),
        ),
        case("device", "inputs on another device", small, observe="meta"),
        case("device", "another default device", small, observe="default_device"),
        case(
            "state",
            "several calls in a row",
            arguments(2, q=5, k=4, d_v=3),
            observe="repeat",
            then=(arguments(2, q=5, k=4, d_v=3), arguments(q=3, k=7, d_v=2)),
        ),
    ]


def _rows_apart(d: Draw, *shape: int) -> Tensor:
    """Random rows (*batch, keys, d_v) that lie at least 0.5 apart: the first entries differ by that."""
    rows = d.normal(*shape)
    rows[..., 0] = torch.arange(shape[-2])[d.order(shape[-2])] - shape[-2] / 2 + d.uniform(*shape[:-1], low=0, high=0.5)
    return rows


@lru_cache(maxsize=2)
def reinforce_cases(seed: int) -> list[Case]:
    """Cases of `reinforce_loss`."""
    d = Draw(seed, "reinforce_loss")

    def samples(count: int, dtype: torch.dtype = F64) -> dict[str, Tensor]:
        """Rewards around 4, so that a missing baseline shows; baselines of 1 to 3."""
        return {
            "reward": d.normal(count, dtype=dtype) + 4,
            "log_prob": -d.uniform(count, low=0.1, high=3, dtype=dtype),
            "baseline": d.uniform(count, low=1, high=3, dtype=dtype),
        }

    losing = samples(6) | {"reward": -d.uniform(6, low=1, high=4), "baseline": d.normal(6)}
    one = ("log_prob",)
    by_all = ("reward", "log_prob", "baseline")
    return [
        Case("estimate", "7 samples", samples(7), observe="gradients", gradients=one),
        Case("estimate", "negative rewards", losing, observe="gradients", gradients=one),
        Case("estimate", "one sample", samples(1), observe="gradients", gradients=one),
        Case("estimate", "float32", samples(5, F32), observe="gradients", gradients=one),
        Case("estimate", "5 samples, forward alone", samples(5)),
        Case("estimate", "3 samples, float32, forward alone", samples(3, F32)),
        Case("detached", "7 samples", samples(7), observe="gradients", gradients=by_all),
        Case("detached", "3 samples", samples(3), observe="gradients", gradients=by_all),
        Case("device", "inputs on another device", samples(3), observe="meta"),
        Case("device", "another default device", samples(3), observe="default_device"),
    ]


def any_scalar(got: np.ndarray | None, expected: np.ndarray, case: Case) -> str | None:
    """The value of the loss means nothing; but it must be one number."""
    shape = None if got is None else got.shape
    return None if shape == () else f"shape {shape}, asked is one number, ()"
