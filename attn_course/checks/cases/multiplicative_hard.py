"""Inputs of `hard_attention` and `reinforce_loss` (chapter 03), and what is looked at of a draw.

Any way to draw is right, so two right answers draw different rows. `settle` finds out which row of `value` each query
got and takes the luck away: from the value drawn, that row, and from its log probability, the logarithm of that row's
weight. What is left is the same for every right answer, and so is its gradient.
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
DRAWS = 600
"""Queries for each of two batch items, or batch items of two queries, all with the same scores: shares are counted."""

LIMIT = 6.0
"""Standard deviations that a share may lie away from its expectation: a right answer exceeds them once in 10⁸."""

ROUNDING = 1e-3
"""Relative distance at which a result still is a row of `value`; the rows lie far apart."""


def settle(result: Any, given: Mapping[str, Any], case: Case) -> Any:
    """What no luck has a part in; the result itself where it is no pair of tensors of the right shapes."""
    scores, value = given["scores"], given["value"]
    shapes = [(*scores.shape[:-1], value.shape[-1]), scores.shape[:-1]]
    if not isinstance(result, (tuple, list)) or len(result) != 2 or case.aspect == "again":
        return result
    if any(not isinstance(part, Tensor) or part.shape != shape for part, shape in zip(result, shapes, strict=True)):
        return result
    drawn, log_prob = result
    visible = torch.ones_like(scores, dtype=torch.bool)
    if given["mask"] is not None:
        visible = given["mask"].expand(scores.shape)
    row, found = _rows_drawn(drawn.detach(), value.detach(), visible)
    wide, rows = scores.double(), value.double()
    log_weights = torch.log_softmax(wide.masked_fill(~visible & visible.any(-1, keepdim=True), -torch.inf), dim=-1)
    if case.aspect == "draws" and bool(found.all()):
        shares, meetings = _shares(row, log_weights.detach()[0, 0].exp())
        which = torch.arange(log_prob.shape[0], device=log_prob.device) % 2
        return shares.to(drawn).expand_as(drawn), meetings.to(log_prob)[which, None].expand_as(log_prob)
    own = torch.take_along_dim(rows.unsqueeze(-3), row[..., None, None], dim=-2).squeeze(-2)
    anywhere = (visible.double() / visible.sum(-1, keepdim=True).clamp(min=1)) @ rows  # the mean of the visible rows
    likeliest = log_weights.amax(dim=-1)
    left = drawn.double() - own + anywhere
    left_of_log = log_prob.double() - log_weights.gather(-1, row.unsqueeze(-1)).squeeze(-1) + likeliest
    return (
        torch.where(found.unsqueeze(-1), left, drawn.double()).to(drawn.dtype),
        torch.where(found, left_of_log, log_prob.double()).to(log_prob.dtype),
    )


def _rows_drawn(drawn: Tensor, value: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Which row of `value` each query got (*batch, queries), and whether it is one and visible."""
    distance = (drawn.unsqueeze(-2).double() - value.unsqueeze(-3).double()).abs().amax(dim=-1)
    nearest, row = distance.nan_to_num(nan=torch.inf).min(dim=-1)
    return row, (nearest <= ROUNDING) & visible.gather(-1, row.unsqueeze(-1)).squeeze(-1)


def _shares(row: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """How often each key was drawn, and how often two neighbours and two batch items drew the same one.

    Where these are what independent draws give, but for chance, they are replaced by their expectations. Where one draw
    serves a whole batch item or all of them, its key is chance: then all are 0.
    """
    if bool((row == row[:, :1]).all() if row.shape[1] > 2 else (row == row[:1]).all()):
        return torch.zeros(len(weights)), torch.zeros(2)
    shares = torch.stack([(row == key).double().mean() for key in range(len(weights))])
    met = [row[:, 0::2] == row[:, 1::2], row[0::2] == row[1::2]]
    meetings = torch.stack([one.double().mean() for one in met])
    expected = (weights**2).sum()
    return (
        _without_chance(shares, weights, row.numel()),
        _without_chance(meetings, expected.expand(2), row.numel() // 2),
    )


def _without_chance(shares: Tensor, expected: Tensor, count: int) -> Tensor:
    deviation = (expected * (1 - expected) / count).sqrt()
    return torch.where((shares - expected).abs() <= LIMIT * deviation + 1e-12, expected, shares)


def explain_value(got: np.ndarray, expected: np.ndarray, case: Case) -> str:
    """What is wrong with the values drawn."""
    index = _worst(got, expected, 1)
    if case.aspect == "draws" and np.ptp(got, axis=(0, 1)).max() < ROUNDING:
        if not got.any():
            return "queries with the same scores all draw the same row: each query draws for itself"
        shares, weights = row_of(got[index]), row_of(expected[index])
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
        share, usual = (round(100 * float(part[index])) for part in (got, expected))
        return f"{who} draw the same key {share} times in 100, though draws of their own would meet {usual} times"
    if case.aspect == "again":
        return f"{query} has {number(float(got[index]))}, before {number(float(expected[index]))}"
    mask = case.arguments["mask"]
    if mask is not None and not np.broadcast_to(mask.numpy(), case.arguments["scores"].shape)[index].any():
        return f"{query} may see nothing and has {number(float(got[index]))}, expected is 0"
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
        return {
            "scores": d.normal(*batch, q, k, dtype=dtype),
            "value": _rows_apart(d, *batch, k, d_v).to(dtype),
            "mask": mask,
            "generator": Seeded(int(d.integers(1, low=0, high=2**31))),
        }

    def many(batch: int, q: int, mask: Tensor | None) -> dict[str, Any]:
        """The same scores for many queries. With the last key hidden, it has the largest score."""
        log_weights = torch.tensor([0.55, 0.27, 0.13, 0.05], dtype=F64).log()[d.order(4)]
        made = arguments(batch, q=q, k=4 if mask is None else 5, d_v=2, mask=mask)
        scores = torch.cat((log_weights, torch.tensor([1.0]))) if mask is not None else log_weights
        made["scores"] = (scores + d.normal(1)).expand(batch, q, -1).clone()
        made["value"] = torch.eye(len(scores), dtype=F64).expand(batch, -1, -1).clone()
        return made

    above = arguments(2, q=3, k=5, d_v=2)
    above["mask"] = torch.cat((d.mask(2, 3, 4), torch.zeros(2, 3, 1, dtype=torch.bool)), dim=-1)
    above["scores"] = torch.where(above["mask"], d.integers(2, 3, 5, low=-1, high=2).double() - 500, 300.0)
    above["value"][:, -1] = 1e6
    far = arguments(q=3, k=4, d_v=3)
    far["scores"] = torch.tensor([[1000, 0, 1000, -1000], [-1000, -1000, -1000, -2000], [0, -1000, 0, 0]], dtype=F64)
    hidden = arguments(2, q=4, k=5, d_v=3, mask=with_hidden_rows(d, 2, 4, 5))
    graded = {"observe": "gradients", "gradients": ("scores", "value")}
    value, log_prob = {"compared": ("value",)}, {"compared": ("log_prob",)}
    hides_the_last = torch.tensor([True] * 4 + [False])
    lone = torch.zeros(6, 5, dtype=torch.bool)
    lone[torch.arange(6), d.integers(6, low=0, high=5)] = True
    return [
        Case("row", "no mask", arguments(q=7, k=5, d_v=3), **value),
        Case("row", "one batch axis and a mask", arguments(2, q=6, k=4, d_v=3, mask=d.mask(2, 6, 4)), **value),
        Case("row", "one visible key for each query", arguments(q=6, k=5, d_v=2, mask=lone), **value),
        Case("draws", "two batch items, 600 queries each", many(2, DRAWS, None), tolerance=0.25),
        Case("draws", "600 batch items, two queries each", many(DRAWS, 2, hides_the_last), tolerance=0.25),
        Case("log_prob", "no mask", arguments(2, q=9, k=4, d_v=2), **log_prob),
        Case("log_prob", "a mask, float32", arguments(q=9, k=5, d_v=3, mask=d.mask(9, 5), dtype=F32), **log_prob),
        Case("rows", "queries that may see nothing", hidden),
        Case("extremes", "hidden scores 800 above the visible ones", above),
        Case("extremes", "scores of ±1000", far),
        Case(
            "batch",
            "two batch axes, a mask (batch, 1, keys)",
            arguments(2, 3, q=4, k=7, d_v=2, mask=d.mask(3, 1, 7)),
            layouts={"scores": "permuted", "value": "permuted"},
        ),
        Case("batch", "one query, float32", arguments(3, q=1, k=4, d_v=5, dtype=F32)),
        Case("gradients", "one batch axis", arguments(2, q=5, k=4, d_v=3), **graded),
        Case(
            "gradients",
            "a mask and hidden queries",
            arguments(2, q=4, k=5, d_v=2, mask=with_hidden_rows(d, 2, 4, 5)),
            **graded,
        ),
        Case("gradients", "float32", arguments(q=6, k=3, d_v=2, dtype=F32), **graded),
        Case(
            "again",
            "two calls, and then the same again",
            arguments(2, q=40, k=5, d_v=2),
            observe="repeat",
            then=(arguments(q=60, k=7, d_v=3),),
        ),
        Case("device", "inputs on another device", arguments(2, q=3, k=4, d_v=5, mask=d.mask(3, 4)), observe="meta"),
        Case(
            "device",
            "another default device",
            arguments(2, q=3, k=4, d_v=5, mask=d.mask(3, 4)),
            observe="default_device",
        ),
        Case(
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
