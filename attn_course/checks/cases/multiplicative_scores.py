"""Inputs of chapter 03's four scores.

Where queries and keys are one number wide, every scale by their width is 1: such cases show axes and batches alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attn_course.checks.engine import Case, Draw

F32, F64 = torch.float32, torch.float64
Arguments = dict[str, Tensor]


def _devices(arguments: Arguments) -> list[Case]:
    return [
        Case("device", "inputs on another device", arguments, observe="meta"),
        Case("device", "another default device", arguments, observe="default_device"),
    ]


def _state(make: Callable[..., Arguments]) -> Case:
    """`make(q, k)` draws the arguments for q queries and k keys."""
    then = (make(3, 5), make(4, 9))
    return Case("state", "several calls in a row", make(3, 5), observe="repeat", then=then)


def _gradients(name: str, arguments: Arguments) -> Case:
    return Case("gradients", name, arguments, observe="gradients", gradients=tuple(arguments))


def _whole(d: Draw, *shape: int, low: int = -3, high: int = 4) -> Tensor:
    return d.integers(*shape, low=low, high=high).double()


def _pair(d: Draw, *batch: int, q: int, k: int, widths: tuple[int, int], dtype: torch.dtype = F64) -> Arguments:
    return {"query": d.normal(*batch, q, widths[0], dtype=dtype), "key": d.normal(*batch, k, widths[1], dtype=dtype)}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def dot_cases(seed: int) -> list[Case]:
    """Cases of `dot_scores`."""
    d = Draw(seed, "dot_scores")

    def qk(*batch: int, q: int, k: int, width: int = 1, dtype: torch.dtype = F64) -> Arguments:
        return _pair(d, *batch, q=q, k=k, widths=(width, width), dtype=dtype)

    far = qk(q=2, k=3, width=2)
    far["query"], far["key"] = 100 * torch.eye(2, dtype=F64), 10 * torch.tensor([[1, -1], [0, 1], [-1, 0]], dtype=F64)
    return [
        Case("products", "vectors of 7 entries", qk(q=3, k=5, width=7)),
        Case("products", "vectors of 5 entries, as many queries as keys, float32", qk(2, q=4, k=4, width=5, dtype=F32)),
        Case("products", "vectors of 13 entries, two batch axes", qk(2, 3, q=7, k=5, width=13)),
        Case("products", "scores of 1000, 0 and −1000", far),
        Case(
            "products", "permuted views", qk(2, 3, q=5, k=4, width=3), layouts={"query": "permuted", "key": "permuted"}
        ),
        Case("batch", "vectors of one entry, no batch axis", qk(q=5, k=3)),
        Case("batch", "vectors of one entry, two batch axes", qk(2, 3, q=5, k=7), layouts={"key": "transposed"}),
        Case("batch", "vectors of one entry, as many queries as keys", qk(3, q=4, k=4)),
        _gradients("one batch axis", qk(2, q=3, k=5)),
        _gradients("no batch axis, float32", qk(q=4, k=3, dtype=F32)),
        *_devices(qk(2, q=3, k=5, width=7)),
        _state(lambda q, k: qk(q=q, k=k, width=k)),
    ]


@lru_cache(maxsize=2)
def general_cases(seed: int) -> list[Case]:
    """Cases of `general_scores`."""
    d = Draw(seed, "general_scores")

    def qkW(*batch: int, q: int, k: int, widths: tuple[int, int] = (1, 1), dtype: torch.dtype = F64) -> Arguments:
        pair = _pair(d, *batch, q=q, k=k, widths=widths, dtype=dtype)
        return pair | {"W": d.normal(*widths, dtype=dtype)}

    far = qkW(q=2, k=3, widths=(2, 3))
    far = {
        "query": 10 * torch.eye(2, dtype=F64),
        "key": 10 * torch.eye(3, dtype=F64)[d.order(3)],
        "W": torch.tensor([[10, 0, -10], [-10, 10, 3]], dtype=F64),
    }
    return [
        Case("products", "queries of 3 entries, keys of 7", qkW(q=4, k=5, widths=(3, 7))),
        Case("products", "queries of 5 entries, keys of 2, two batch axes", qkW(2, 3, q=4, k=7, widths=(5, 2))),
        Case("products", "queries and keys of 4 entries", qkW(2, q=3, k=5, widths=(4, 4))),
        Case("products", "queries and keys of 3 entries, float32", qkW(q=6, k=6, widths=(3, 3), dtype=F32)),
        Case("products", "scores of 1000, 0 and −1000", far),
        Case(
            "products",
            "permuted views and a transposed W",
            qkW(2, 3, q=5, k=4, widths=(3, 2)),
            layouts={"query": "permuted", "key": "permuted", "W": "transposed"},
        ),
        Case("batch", "vectors of one entry, no batch axis", qkW(q=5, k=3)),
        Case("batch", "vectors of one entry, two batch axes", qkW(2, 3, q=5, k=7)),
        Case("batch", "vectors of one entry, as many queries as keys", qkW(3, q=4, k=4)),
        _gradients("one batch axis", qkW(2, q=3, k=5)),
        _gradients("no batch axis, float32", qkW(q=4, k=3, dtype=F32)),
        *_devices(qkW(2, q=3, k=5, widths=(7, 2))),
        _state(lambda q, k: qkW(q=q, k=k, widths=(k, 2))),
    ]


@lru_cache(maxsize=2)
def concat_cases(seed: int) -> list[Case]:
    """Cases of `concat_scores`."""
    d = Draw(seed, "concat_scores")

    def qkWv(*batch: int, q: int, k: int, widths: tuple[int, int], d_attn: int, dtype: torch.dtype = F64) -> Arguments:
        pair = _pair(d, *batch, q=q, k=k, widths=widths, dtype=dtype)
        W = d.normal(sum(widths), d_attn, scale=0.8, dtype=dtype)
        return pair | {"W": W, "v": d.normal(d_attn, dtype=dtype)}

    def alone(name: str, *batch: int, **sizes: Any) -> Arguments:
        """The other one is 0."""
        made = qkWv(*batch, **sizes)
        other = "key" if name == "query" else "query"
        return made | {other: torch.zeros_like(made[other])}

    far = qkWv(2, q=3, k=4, widths=(2, 3), d_attn=5)
    # Sums of ±1000 and none near 0, both signs in every pair: the query's part is ±1000 or so, the key's is small.
    far["W"] = torch.cat((500.0 * torch.tensor([1, 1, -1, 1, -1], dtype=F64).expand(2, 5), _whole(d, 3, 5)))
    far["query"] = torch.tensor([1.0, -1.0, 1.0], dtype=F64)[:, None].expand(2, 3, 2).clone()
    one = {"widths": (1, 1), "d_attn": 1}
    return [
        Case("each", "all keys are 0", alone("query", q=4, k=3, widths=(3, 5), d_attn=7)),
        Case("each", "all queries are 0", alone("key", 2, q=4, k=3, widths=(3, 5), d_attn=2)),
        Case(
            "each", "all queries are 0, queries and keys of 4 entries", alone("key", q=3, k=5, widths=(4, 4), d_attn=3)
        ),
        Case("together", "queries of 3 entries, keys of 5", qkWv(q=4, k=6, widths=(3, 5), d_attn=7)),
        Case(
            "together", "queries of 5 entries, keys of 2, two batch axes", qkWv(2, 3, q=4, k=7, widths=(5, 2), d_attn=3)
        ),
        Case("together", "queries and keys of 4 entries", qkWv(2, q=3, k=5, widths=(4, 4), d_attn=6)),
        Case(
            "together",
            "float32, permuted",
            qkWv(3, q=5, k=5, widths=(2, 3), d_attn=4, dtype=F32),
            layouts={"query": "permuted", "key": "transposed", "W": "transposed"},
        ),
        Case("batch", "one entry each, no batch axis", qkWv(q=5, k=3, **one)),
        Case("batch", "one entry each, two batch axes", qkWv(2, 3, q=5, k=7, **one)),
        Case("batch", "one entry each, as many queries as keys", qkWv(3, q=4, k=4, **one)),
        Case("extremes", "sums of ±1000", far),
        _gradients("one batch axis", qkWv(2, q=3, k=5, widths=(3, 2), d_attn=4)),
        _gradients("float32", qkWv(q=4, k=3, widths=(2, 2), d_attn=3, dtype=F32)),
        *_devices(qkWv(2, q=3, k=5, widths=(3, 2), d_attn=4)),
        _state(lambda q, k: qkWv(q=q, k=k, widths=(2, q), d_attn=k)),
    ]


@lru_cache(maxsize=2)
def location_cases(seed: int) -> list[Case]:
    """Cases of `location_scores`."""
    d = Draw(seed, "location_scores")

    def qW(*batch: int, q: int, k: int, width: int = 1, dtype: torch.dtype = F64) -> Arguments:
        return {"query": d.normal(*batch, q, width, dtype=dtype), "W": d.normal(width, k, dtype=dtype)}

    far = {"query": 100 * torch.eye(3, dtype=F64), "W": 10 * torch.eye(3, dtype=F64)[d.order(3)] - 5}
    return [
        Case("products", "queries of 3 entries, 7 keys", qW(q=4, k=7, width=3)),
        Case("products", "queries of 5 entries, 5 keys", qW(2, q=3, k=5, width=5)),
        Case(
            "products", "queries of 4 entries, as many queries as keys, float32", qW(2, 3, q=6, k=6, width=4, dtype=F32)
        ),
        Case("products", "scores of ±500", far),
        Case("products", "views", qW(2, 3, q=5, k=4, width=3), layouts={"query": "permuted", "W": "transposed"}),
        Case("batch", "queries of one entry, no batch axis", qW(q=5, k=3)),
        Case("batch", "queries of one entry, one batch axis", qW(5, q=2, k=3)),
        Case("batch", "queries of one entry, two batch axes", qW(2, 3, q=5, k=7)),
        _gradients("one batch axis", qW(2, q=3, k=5)),
        _gradients("no batch axis, float32", qW(q=4, k=3, dtype=F32)),
        *_devices(qW(2, q=3, k=5, width=7)),
        _state(lambda q, k: qW(q=q, k=k, width=q)),
    ]
