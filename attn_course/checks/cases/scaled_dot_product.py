"""Inputs of chapter 04's forward exercises.

Where d_k = 1 every scale by the width of the keys is 1: such cases show masks, axes and hidden rows apart from the
scale. Where scores are far apart, the visible ones tie or lie 100 and more below: the weights are then the same
under any scale.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attn_course.checks.cases.masks import (
    FAR_ROWS,
    HIDDEN_ABOVE,
    VISIBLE_BELOW,
    padding,
    with_hidden_rows,
)
from attn_course.checks.cases.scaled_dot_product_mixed import Mixture, mixtures, square_mixtures
from attn_course.checks.engine import Case, Draw

F16, BF16, F32, F64 = torch.float16, torch.bfloat16, torch.float32, torch.float64


def qkv(
    d: Draw, *batch: int, q: int, k: int, d_k: int = 1, d_v: int = 4, dtype: torch.dtype = F64, scale: float = 1.0
) -> dict[str, Tensor]:
    """Random query, key and value for `q` queries and `k` keys."""
    return {
        "query": d.normal(*batch, q, d_k, dtype=dtype, scale=scale),
        "key": d.normal(*batch, k, d_k, dtype=dtype, scale=scale),
        "value": d.normal(*batch, k, d_v, dtype=dtype),
    }


def from_scores(d: Draw, scores: list[list[float]], d_v: int = 3, dtype: torch.dtype = F64) -> dict[str, Tensor]:
    """Query, key and value of d_k = 16 with these whole-numbered scores, exact in every precision and order."""
    wanted = torch.tensor(scores, dtype=F64)
    queries, keys = wanted.shape
    query = torch.zeros(queries, 16, dtype=F64)
    query[:, :queries] = 4 * torch.eye(queries, dtype=F64)
    key = d.integers(keys, 16, low=-3, high=4).double()
    key[:, :queries] = wanted.mT
    return {"query": query.to(dtype), "key": key.to(dtype), "value": d.normal(keys, d_v, dtype=dtype)}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def scores_cases(seed: int) -> list[Case]:
    """Cases of `scaled_dot_scores`."""
    d = Draw(seed, "scaled_dot_scores")

    def qk(*batch: int, q: int, k: int, d_k: int = 1, dtype: torch.dtype = F64) -> dict[str, Any]:
        both = qkv(d, *batch, q=q, k=k, d_k=d_k, dtype=dtype)
        return {"query": both["query"], "key": both["key"]}

    far = from_scores(d, FAR_ROWS)
    shared = qk(3, q=4, k=7, d_k=1)
    shared["key"][:] = shared["key"][:1].clone()
    return [
        Case("scale", "d_k = 7", qk(q=3, k=5, d_k=7)),
        Case("scale", "d_k = 19, one batch axis", qk(2, q=5, k=3, d_k=19)),
        Case("scale", "d_k = 2, float32", qk(q=4, k=3, d_k=2, dtype=F32)),
        Case("scale", "d_k = 13, two batch axes", qk(2, 3, q=7, k=5, d_k=13)),
        Case("scale", "d_k = 5, as many queries as keys, a batch of one", qk(1, q=4, k=4, d_k=5)),
        Case("scale", "d_k = 3, three batch axes", qk(2, 1, 3, q=4, k=2, d_k=3)),
        Case("scale", "d_k = 67, 31 keys", qk(q=23, k=31, d_k=67)),
        Case("scale", "scores of 1000, 0 and -1000", {"query": far["query"], "key": far["key"]}),
        Case("scale", "one query, one key", qk(2, q=1, k=1, d_k=3)),
        Case("scale", "permuted views", qk(2, 3, q=5, k=4, d_k=3), layouts={"query": "permuted", "key": "permuted"}),
        Case("batch", "d_k = 1, no batch axis", qk(q=5, k=3)),
        Case("batch", "d_k = 1, one batch axis", qk(2, q=4, k=6), layouts={"key": "transposed", "query": "strided"}),
        Case("batch", "d_k = 1, two batch axes", qk(2, 3, q=5, k=7, dtype=F32)),
        Case("batch", "d_k = 1, as many queries as keys", qk(2, q=4, k=4)),
        Case("batch", "d_k = 1, one query", qk(3, q=1, k=6)),
        Case("batch", "d_k = 1, one key", qk(q=4, k=1)),
        Case(
            "batch", "d_k = 1, the batch shares one key tensor (an expanded view)", shared, layouts={"key": "expanded"}
        ),
        Case("gradients", "d_k = 1, one batch axis", qk(2, q=3, k=5), "gradients", ("query", "key")),
        Case("gradients", "d_k = 1, no batch axis", qk(q=4, k=3), "gradients", ("query", "key")),
        Case("gradients", "d_k = 1, float32", qk(2, q=5, k=3, dtype=F32), "gradients", ("query", "key")),
        Case("device", "inputs on another device", qk(2, q=3, k=5, d_k=7), "meta"),
        Case("device", "another default device", qk(2, q=3, k=5, d_k=7), "default_device"),
        Case("state", "called again", qk(2, q=3, k=5), "repeat", then=(qk(2, q=3, k=5), qk(2, q=8, k=11, d_k=6))),
    ]


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def causal_cases(seed: int) -> list[Case]:
    """Cases of `causal_mask`."""
    d = Draw(seed, "causal_mask")
    first, second, third = (d.order(5) + 4).tolist()[:3]

    def of(length: int) -> dict[str, Any]:
        return {"length": length}

    return [
        *(Case("past", f"length {n}", of(n)) for n in (3, 1, 2, first, second, 130)),
        Case("device", "another default device", of(17), "default_device"),
        Case("state", "called again", of(third + 9), "repeat", then=(of(third + 15), of(third + 1))),
    ]


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def padding_cases(seed: int) -> list[Case]:
    """Cases of `padding_mask`."""
    d = Draw(seed, "padding_mask")

    def of(*lengths: int, max_len: int) -> dict[str, Any]:
        return {"lengths": torch.tensor(lengths), "max_len": max_len}

    def some(batch: int, max_len: int) -> dict[str, Any]:
        """Different lengths from 1 to max_len - 2, none of them half of max_len."""
        lengths = [n for n in (d.order(max_len - 2) + 1).tolist() if 2 * n != max_len]
        return of(*lengths[:batch], max_len=max_len)

    return [
        Case("inside", "3 sequences, max_len 8", some(3, 8)),
        Case("inside", "5 sequences, max_len 11", some(5, 11)),
        Case("inside", "2 sequences, max_len 7", some(2, 7), layouts={"lengths": "strided"}),
        Case("inside", "4 sequences, max_len 9", some(4, 9)),
        Case("edges", "a full sequence among shorter ones", of(2, 6, 4, 5, max_len=6)),
        Case("edges", "an empty sequence among others", of(3, 0, 5, max_len=7)),
        Case("edges", "one sequence", of(int(d.integers(1, low=1, high=4)), max_len=5)),
        Case("edges", "max_len 1", of(1, 0, 1, max_len=1)),
        Case("device", "lengths on another device", some(3, 10), "meta"),
        Case("device", "another default device", some(3, 12), "default_device"),
        # No other case has the shapes of these calls: what was remembered of them can only come from each other.
        Case("state", "called again", some(6, 14), "repeat", then=(some(6, 14), some(4, 13))),
    ]


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def attention_cases(seed: int) -> list[Case]:
    """Cases of `scaled_dot_product_attention`."""
    d = Draw(seed, "scaled_dot_product_attention")
    names = ("query", "key", "value")
    shared = qkv(d, 3, q=4, k=5, d_v=2)
    shared["value"][:] = shared["value"][:1].clone()

    def masked(mask: Tensor | None, **inputs: Tensor) -> dict[str, Any]:
        return {**inputs, "mask": mask}

    def loud(mask: Tensor, size: float, **inputs: Tensor) -> dict[str, Any]:
        """Keys that no query sees hold large numbers."""
        unseen = ~mask.any(dim=-2).unsqueeze(-1)
        for name in ("key", "value"):
            tensor = inputs[name]
            sign = torch.where(d.normal(*tensor.shape) > 0, 1.0, -1.0).to(tensor.dtype)
            inputs[name] = torch.where(unseen, size * sign, tensor)
        return masked(mask, **inputs)

    def at_once(m: Mixture) -> Case:
        inputs = qkv(d, *m.batch, q=m.queries, k=m.keys, d_k=m.d_k, d_v=m.d_v, dtype=m.dtype)
        return Case("mixed", m.name, masked(m.mask, **inputs), layouts=dict.fromkeys(names, m.layout))

    deep = masked(with_hidden_rows(d, 2, 3, 4, 5), **qkv(d, 2, 3, q=4, k=5, d_v=3))
    lower = torch.ones(5, 5, dtype=torch.bool).tril()
    some_rows = torch.tensor([True, False, True, True])[:, None]
    below = torch.tensor(VISIBLE_BELOW)
    repeat = [masked(d.mask(2, 3, 5), **qkv(d, 2, q=3, k=5)) for _ in range(2)]
    longer = masked(d.mask(2, 8, 11), **qkv(d, 2, q=8, k=11, d_k=6, d_v=7))
    unseen_half = d.mask(2, 4, 5)
    unseen_half[..., 3] = False
    unseen_half[..., 0] = True
    return [
        Case("scale", "d_k = 7", qkv(d, q=3, k=5, d_k=7)),
        Case("scale", "d_k = 19, one batch axis, mask=None", masked(None, **qkv(d, 2, q=5, k=4, d_k=19, d_v=3))),
        Case("scale", "d_k = 3, float32", qkv(d, q=2, k=5, d_k=3, dtype=F32)),
        Case("scale", "d_k = 11, two batch axes", qkv(d, 2, 3, q=4, k=7, d_k=11, d_v=5)),
        Case("mean", "d_k = 1", qkv(d, q=3, k=5)),
        Case("mean", "d_k = 1, more queries than keys", qkv(d, q=6, k=2, d_v=3)),
        Case("mean", "d_k = 1, as many queries as keys", qkv(d, q=4, k=4, d_v=4)),
        Case("mean", "d_k = 1, float32, mask=None", masked(None, **qkv(d, q=2, k=4, d_v=3, dtype=F32))),
        Case("batch", "d_k = 1, two batch axes", qkv(d, 2, 3, q=4, k=7, d_v=5)),
        Case(
            "batch",
            "one batch axis, views",
            qkv(d, 2, q=5, k=3),
            layouts={"query": "strided", "key": "transposed", "value": "transposed"},
        ),
        Case("batch", "the batch shares one value tensor (an expanded view)", shared, layouts={"value": "expanded"}),
        Case("batch", "one query, d_v = 1", qkv(d, 3, q=1, k=5, d_v=1)),
        Case("batch", "one key", qkv(d, 2, q=4, k=1, d_v=3)),
        Case("hidden", "mask (queries, keys)", masked(d.mask(3, 5), **qkv(d, q=3, k=5))),
        Case("hidden", "each batch item has its own mask", masked(d.mask(2, 4, 5), **qkv(d, 2, q=4, k=5, d_v=3))),
        Case("hidden", "causal mask for a batch", masked(lower, **qkv(d, 2, q=5, k=5, d_v=3))),
        Case("hidden", "padding mask (batch, 1, keys)", masked(padding((3, 5, 2), 6), **qkv(d, 3, q=4, k=6, d_v=2))),
        Case(
            "hidden",
            "mask (batch, 1, 1, keys)",
            masked(padding((2, 5), 6)[:, None], **qkv(d, 2, 3, q=4, k=6, d_v=5, dtype=F32)),
        ),
        Case("hidden", "mask (keys,)", masked(d.mask(5), **qkv(d, 2, q=3, k=5))),
        Case("rows", "query 1 sees nothing", masked(with_hidden_rows(d, 3, 5), **qkv(d, q=3, k=5))),
        Case(
            "rows",
            "batch item 0 and every query 1 see nothing",
            masked(with_hidden_rows(d, 2, 4, 5), **qkv(d, 2, q=4, k=5, d_v=3)),
        ),
        Case("rows", "mask (queries, 1)", masked(some_rows, **qkv(d, 2, q=4, k=5, dtype=F32))),
        Case("half", "float16, query 1 sees nothing", masked(with_hidden_rows(d, 3, 5), **qkv(d, q=3, k=5, dtype=F16))),
        Case("extremes", "scores of 1000, 0 and -1000", from_scores(d, FAR_ROWS)),
        Case("extremes", "scores of 1000, 0 and -1000, float32", from_scores(d, FAR_ROWS, dtype=F32)),
        Case("extremes", "hidden scores 800 above the visible ones", masked(below, **from_scores(d, HIDDEN_ABOVE))),
        Case("extremes", "hidden scores 800 above, float32", masked(below, **from_scores(d, HIDDEN_ABOVE, dtype=F32))),
        Case(
            "extremes", "1e6 in hidden keys and values", loud(padding((3, 4), 6), 1e6, **qkv(d, 2, q=4, k=6, dtype=F32))
        ),
        Case("half", "float16", qkv(d, 2, q=3, k=5, dtype=F16)),
        Case("half", "float16 with a mask", loud(unseen_half, 300.0, **qkv(d, 2, q=4, k=5, dtype=F16))),
        Case("half", "bfloat16", qkv(d, q=3, k=4, dtype=BF16)),
        Case("half", "bfloat16 with a mask", masked(d.mask(4, 5), **qkv(d, q=4, k=5, d_v=3, dtype=BF16))),
        Case("mixed", "float16, d_k = 7", masked(d.mask(3, 5), **qkv(d, 2, q=3, k=5, d_k=7, dtype=F16))),
        Case("mixed", "bfloat16, d_k = 7", qkv(d, q=3, k=4, d_k=7, dtype=BF16)),
        *(at_once(mixture) for mixture in (*mixtures(d), *square_mixtures(d))),
        Case("gradients", "one batch axis", qkv(d, 2, q=3, k=5), "gradients", names),
        Case("gradients", "no batch axis", qkv(d, q=4, k=3, d_v=2), "gradients", names),
        Case("gradients", "float32", qkv(d, 2, q=4, k=5, d_v=3, dtype=F32), "gradients", names),
        Case("hidden_gradients", "two batch axes", deep, "gradients", names),
        Case("hidden_gradients", "d_k = 3", masked(d.mask(4, 5), **qkv(d, 2, q=4, k=5, d_k=3)), "gradients", names),
        Case(
            "hidden_gradients", "hidden keys", masked(d.mask(2, 4, 5), **qkv(d, 2, q=4, k=5, d_v=3)), "gradients", names
        ),
        Case(
            "hidden_gradients",
            "hidden rows",
            masked(with_hidden_rows(d, 2, 4, 5), **qkv(d, 2, q=4, k=5, d_v=3)),
            "gradients",
            names,
        ),
        Case(
            "hidden_gradients",
            "hidden rows, float32",
            masked(with_hidden_rows(d, 2, 3, 5), **qkv(d, 2, q=3, k=5, dtype=F32)),
            "gradients",
            names,
        ),
        Case(
            "hidden_gradients",
            "1e6 in hidden keys and values",
            loud(padding((3, 4), 6), 1e6, **qkv(d, 2, q=4, k=6)),
            "gradients",
            names,
        ),
        Case("device", "inputs on another device", masked(d.mask(3, 5), **qkv(d, 2, q=3, k=5)), "meta"),
        Case("device", "inputs on another device, no mask", qkv(d, 2, q=3, k=5), "meta"),
        Case(
            "device",
            "another default device",
            masked(with_hidden_rows(d, 3, 5), **qkv(d, 2, q=3, k=5)),
            "default_device",
        ),
        Case("device", "another default device, no mask", qkv(d, 2, q=3, k=5), "default_device"),
        Case("state", "called again", repeat[0], "repeat", then=(repeat[1], longer)),
    ]
