"""Inputs of `alignment_error_rate` (chapter 02): weights whose links are drawn first, and gold links around them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attn_course.checks.engine import Case, Draw

F32, F64 = torch.float32, torch.float64


def _linked(
    d: Draw, target: int, source: int, hits: int, unlinked: int = 0, further: int = 0, dtype: torch.dtype = F64
) -> dict[str, Tensor]:
    """Weights, and gold links of which they find `hits`.

    Args:
        d: What draws.
        target: Rows.
        source: Columns.
        hits: Rows whose largest weight is a gold link.
        unlinked: Rows without a gold link; the others have a gold link that is not the largest weight.
        further: Gold links beside those, in rows that have one.
        dtype: Of the weights.
    """
    chosen = d.integers(target, low=0, high=source)
    weights = (d.normal(target, source) * d.uniform(target, 1, low=0.3, high=2.5)).softmax(dim=-1)
    rows = torch.arange(target)
    largest = weights.argmax(dim=-1)
    swapped = weights.clone()
    swapped[rows, largest], swapped[rows, chosen] = weights[rows, chosen], weights[rows, largest]
    gold = torch.zeros(target, source, dtype=torch.bool)
    order = d.order(target)
    found, missed = order[:hits], order[hits : target - unlinked]
    gold[found, chosen[found]] = True
    gold[missed, (chosen[missed] + d.integers(len(missed), low=1, high=source)) % source] = True
    free = gold.any(dim=-1, keepdim=True) & ~gold
    free[rows, chosen] = False
    places = free.nonzero()
    for row, column in places[d.order(len(places))[:further]]:
        gold[row, column] = True
    return {"weights": swapped.to(dtype), "gold": gold}


def _ties(d: Draw, target: int, source: int) -> dict[str, Tensor]:
    """Each row has its largest weight at two or three places; gold is the first in rows 0, 2, ..., else the last."""
    weights = d.uniform(target, source, low=0.0, high=0.2)
    gold = torch.zeros(target, source, dtype=torch.bool)
    for row in range(target):
        places = d.order(source)[: 2 + row % 2].sort().values
        weights[row, places] = 0.25
        gold[row, places[0 if row % 2 == 0 else -1]] = True
    return {"weights": weights, "gold": gold}


def _far_ties(d: Draw, target: int, source: int) -> dict[str, Tensor]:
    """Three equal largest weights in a long row, of which the first is gold: sorting such a row may exchange them."""
    weights = d.uniform(target, source, low=0.0, high=0.01)
    gold = torch.zeros(target, source, dtype=torch.bool)
    for row in range(target):
        places = torch.tensor([row, 20 + row, source - 1 - row])
        weights[row, places] = 0.25
        gold[row, row] = True
    return {"weights": weights, "gold": gold}


def _nearly(d: Draw, target: int, source: int) -> dict[str, Tensor]:
    """The largest weight of each row is hardly larger than one before it; it is gold, but in row 0."""
    weights = d.uniform(target, source, low=0.0, high=0.2)
    gold = torch.zeros(target, source, dtype=torch.bool)
    for row in range(target):
        first, last = d.order(source)[:2].sort().values
        weights[row, first], weights[row, last] = 0.25, 0.25 + 1e-5
        gold[row, first if row == 0 else last] = True
    return {"weights": weights, "gold": gold}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def alignment_error_rate(seed: int) -> list[Case]:
    d = Draw(seed, "alignment_error_rate")

    def with_gold(given: dict[str, Tensor], gold: Tensor) -> dict[str, Any]:
        return {"weights": given["weights"], "gold": gold}

    some = _linked(d, 6, 4, 4)
    rows = torch.arange(6)
    exact = torch.zeros(6, 4, dtype=torch.bool)
    exact[rows, some["weights"].argmax(dim=-1)] = True
    flat = torch.full((4, 5), 0.2, dtype=F64)
    first = torch.zeros(4, 5, dtype=torch.bool)
    first[:3, 0] = first[3, 4] = True
    one = {"weights": torch.ones(5, 1, dtype=F64), "gold": torch.ones(5, 1, dtype=torch.bool)}
    one["gold"][:2] = False
    repeat = [_linked(d, 7, 5, hits, unlinked=2, further=1) for hits in (4, 1)]
    views = {"weights": "transposed", "gold": "transposed"}
    return [
        Case("rate", "7 target tokens, 5 source tokens, a link each", _linked(d, 7, 5, 4)),
        Case("rate", "4 target tokens, 6 source tokens, a link each", _linked(d, 4, 6, 1)),
        Case("rate", "5 target tokens, 5 source tokens, a link each, views", _linked(d, 5, 5, 3), layouts=views),
        Case("rate", "8 target tokens, 3 source tokens, a link each, float32", _linked(d, 8, 3, 5, dtype=F32)),
        Case("links", "2 target tokens have no gold link", _linked(d, 6, 5, 3, unlinked=2)),
        Case("links", "10 gold links for 7 target tokens", _linked(d, 7, 7, 4, further=3)),
        Case("links", "11 gold links, one target token has none", _linked(d, 8, 6, 3, unlinked=1, further=4)),
        Case("links", "4 of 9 target tokens have a gold link", _linked(d, 9, 4, 2, unlinked=5, further=2)),
        Case("ties", "two or three equal weights in each row", _ties(d, 6, 5)),
        Case("ties", "two or three equal weights in each row, more columns", _ties(d, 5, 8)),
        Case("ties", "all weights equal", with_gold({"weights": flat}, first)),
        Case("ties", "37 source tokens, three equal weights in each row", _far_ties(d, 6, 37)),
        Case("ties", "weights that differ by 0.00001 are not equal", _nearly(d, 5, 6)),
        Case("ends", "no gold link at all", with_gold(some, torch.zeros_like(exact))),
        Case("ends", "every link found, none too many", with_gold(some, exact)),
        Case("ends", "no link found", with_gold(some, ~exact & exact.roll(1, dims=1))),
        Case("ends", "one source token", one),
        Case("ends", "one target token, all source tokens linked", _linked(d, 1, 4, 1, further=3)),
        Case("device", "inputs on another device", _linked(d, 6, 5, 3), "meta"),
        Case("device", "another default device", _linked(d, 6, 5, 3), "default_device"),
        Case("state", "called again", repeat[0], "repeat", then=(repeat[1], _linked(d, 11, 9, 4, unlinked=3))),
    ]
