"""Inputs of `self_attention` and `cross_attention`: sequences and the matrices that make queries, keys and values."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attn_course.checks.cases.masks import FAR_ROWS, HIDDEN_ABOVE, VISIBLE_BELOW, padding, with_hidden_rows
from attn_course.checks.cases.scaled_dot_product import F32, F64, from_scores
from attn_course.checks.cases.scaled_dot_product_mixed import Mixture, mixtures, square_mixtures
from attn_course.checks.engine import Case, Draw

SELF = ("x", "W_query", "W_key", "W_value")
CROSS = ("x", "memory", "W_query", "W_key", "W_value")


def _projections(d: Draw, d_query: int, d_memory: int, d_k: int, d_v: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Matrices that keep the size of what they multiply."""
    return {
        "W_query": d.normal(d_query, d_k, dtype=dtype, scale=d_query**-0.5),
        "W_key": d.normal(d_memory, d_k, dtype=dtype, scale=d_memory**-0.5),
        "W_value": d.normal(d_memory, d_v, dtype=dtype, scale=d_memory**-0.5),
    }


def _one_hot(rows: int, width: int, dtype: torch.dtype) -> Tensor:
    return torch.eye(rows, width, dtype=dtype)


def _quiet(inputs: dict[str, Any]) -> dict[str, Any]:
    """Values so small that float32 inside shows in no gradient, where sums may cancel by chance."""
    return {**inputs, "W_value": inputs["W_value"] / 16}


def _more_rows(d: Draw, matrix: Tensor) -> Tensor:
    """The matrix with a random row below, for a feature that is 0 everywhere."""
    return torch.cat([matrix, d.normal(1, matrix.shape[1], dtype=matrix.dtype)])


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def self_cases(seed: int) -> list[Case]:
    """Cases of `self_attention`."""
    d = Draw(seed, "self_attention")

    def of(
        *batch: int, length: int, d_model: int, d_k: int = 1, d_v: int = 3, dtype: torch.dtype = F64, **mask: Any
    ) -> dict[str, Any]:
        x = d.normal(*batch, length, d_model, dtype=dtype)
        return {"x": x, **_projections(d, d_model, d_model, d_k, d_v, dtype), **mask}

    def square(scores: list[list[float]], dtype: torch.dtype, **mask: Any) -> dict[str, Any]:
        """One-hot positions: the scores stand in the matrices. Further positions score 0."""
        keys = len(scores[0])
        full = [*scores, *([[0.0] * keys] * (keys - len(scores)))]
        inputs = from_scores(d, full, dtype=dtype)
        W_query, W_key, W_value = (_more_rows(d, inputs[name]) for name in ("query", "key", "value"))
        x = _one_hot(keys, keys + 1, dtype)
        return {"x": x, "W_query": W_query, "W_key": W_key, "W_value": W_value, **mask}

    def padded(**kept: Any) -> dict[str, Any]:
        """Large numbers at hidden positions, which neither see nor are seen."""
        inputs = of(2, length=6, d_model=5, **kept)
        real = padding((4, 2), 6)
        inputs["x"] = torch.where(real.mT, inputs["x"], 1e6 * inputs["x"].sign())
        return {**inputs, "mask": real & real.mT}

    def at_once(m: Mixture) -> Case:
        inputs = of(*m.batch, length=m.keys, d_model=11, d_k=m.d_k, d_v=m.d_v, dtype=m.dtype, mask=m.mask)
        return Case("mixed", m.name, inputs, layouts={"x": m.layout})

    deep = _quiet(of(2, 3, length=4, d_model=5, mask=with_hidden_rows(d, 2, 3, 4, 4)))
    lower = torch.ones(5, 5, dtype=torch.bool).tril()
    below = torch.cat([torch.tensor(VISIBLE_BELOW), torch.tensor([[True, False, False, True, True]])])
    rows, more_rows = with_hidden_rows(d, 2, 4, 4), with_hidden_rows(d, 3, 4, 4)
    return [
        Case("roles", "d_k = 1, no batch axis", of(length=4, d_model=5)),
        Case("roles", "d_k = 1, d_v = d_model", of(length=3, d_model=6, d_v=6)),
        Case("roles", "d_k = 1, float32, mask=None", of(length=6, d_model=4, d_v=2, dtype=F32, mask=None)),
        Case("scale", "d_k = 7, d_model = 11", of(length=5, d_model=11, d_k=7, d_v=3)),
        Case("scale", "d_k = 13, d_model = 5, one batch axis", of(2, length=4, d_model=5, d_k=13, d_v=6)),
        Case("scale", "d_k = d_model = d_v = 6, float32", of(3, length=4, d_model=6, d_k=6, d_v=6, dtype=F32)),
        Case("mask", "causal mask", of(length=5, d_model=4, mask=lower)),
        Case("mask", "causal mask for a batch", of(2, length=5, d_model=4, mask=lower)),
        Case("mask", "padding mask (batch, 1, length)", of(3, length=6, d_model=5, mask=padding((3, 5, 2), 6))),
        Case("mask", "each batch item has its own mask", of(2, length=4, d_model=5, mask=d.mask(2, 4, 4), dtype=F32)),
        Case("mask", "mask (batch, 1, 1, length)", of(2, 3, length=6, d_model=5, mask=padding((4, 2), 6)[:, None])),
        Case("mask", "mask (length,)", of(2, length=5, d_model=4, mask=d.mask(5))),
        Case("rows", "position 1 sees nothing", of(length=5, d_model=4, mask=with_hidden_rows(d, 5, 5))),
        Case("rows", "batch item 0 sees nothing", of(2, length=4, d_model=5, mask=rows)),
        Case("extremes", "scores of 1000, 0 and -1000", square(FAR_ROWS, F64)),
        Case("extremes", "hidden scores 800 above the visible ones", square(HIDDEN_ABOVE, F64, mask=below)),
        Case("extremes", "1e6 in the padding, float32", padded(dtype=F32)),
        Case("batch", "two batch axes", of(2, 3, length=4, d_model=5)),
        Case(
            "batch",
            "x a transposed view",
            of(2, length=5, d_model=3, d_v=4),
            layouts={"x": "transposed", "W_key": "transposed"},
        ),
        Case("batch", "one position", of(3, length=1, d_model=4)),
        *(at_once(mixture) for mixture in square_mixtures(d)),
        Case("hidden_gradients", "two batch axes", deep, "gradients", SELF),
        Case("hidden_gradients", "d_k = 3", _quiet(of(2, length=4, d_model=5, d_k=3, mask=rows)), "gradients", SELF),
        Case("gradients", "one batch axis", _quiet(of(2, length=4, d_model=5)), "gradients", SELF),
        Case("gradients", "no batch axis", _quiet(of(length=6, d_model=4, d_v=3)), "gradients", SELF),
        Case("gradients", "float32", _quiet(of(2, length=3, d_model=5, dtype=F32)), "gradients", SELF),
        Case(
            "hidden_gradients",
            "causal mask for a batch",
            _quiet(of(3, length=5, d_model=4, mask=lower)),
            "gradients",
            SELF,
        ),
        Case("hidden_gradients", "hidden rows", _quiet(of(3, length=4, d_model=5, mask=more_rows)), "gradients", SELF),
        Case(
            "hidden_gradients",
            "hidden rows, float32",
            _quiet(of(2, length=4, d_model=5, mask=rows, dtype=F32)),
            "gradients",
            SELF,
        ),
        Case("device", "inputs on another device", of(2, length=4, d_model=5, mask=d.mask(4, 4)), "meta"),
        Case("device", "inputs on another device, no mask", of(2, length=4, d_model=5), "meta"),
        Case("device", "another default device", of(2, length=4, d_model=5, mask=rows), "default_device"),
        Case("device", "another default device, no mask", of(2, length=4, d_model=5), "default_device"),
        Case(
            "state",
            "called again",
            of(2, length=4, d_model=5, mask=d.mask(4, 4)),
            "repeat",
            then=(of(2, length=4, d_model=5, mask=d.mask(4, 4)), of(2, length=9, d_model=7, d_k=6, mask=d.mask(9, 9))),
        ),
    ]


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def cross_cases(seed: int) -> list[Case]:
    """Cases of `cross_attention`."""
    d = Draw(seed, "cross_attention")

    def of(
        *batch: int,
        q: int,
        k: int,
        d_model: int = 5,
        d_memory: int = 6,
        d_k: int = 1,
        d_v: int = 3,
        dtype: torch.dtype = F64,
        **mask: Any,
    ) -> dict[str, Any]:
        x, memory = d.normal(*batch, q, d_model, dtype=dtype), d.normal(*batch, k, d_memory, dtype=dtype)
        return {"x": x, "memory": memory, **_projections(d, d_model, d_memory, d_k, d_v, dtype), **mask}

    def one_hot(scores: list[list[float]], dtype: torch.dtype, **mask: Any) -> dict[str, Any]:
        """One-hot positions: the scores stand in the matrices."""
        queries, keys = len(scores), len(scores[0])
        inputs = from_scores(d, scores, dtype=dtype)
        W_query, W_key, W_value = (_more_rows(d, inputs[name]) for name in ("query", "key", "value"))
        x, memory = _one_hot(queries, queries + 1, dtype), _one_hot(keys, keys + 1, dtype)
        return {"x": x, "memory": memory, "W_query": W_query, "W_key": W_key, "W_value": W_value, **mask}

    def padded(**kept: Any) -> dict[str, Any]:
        """Large numbers in the padding of the memory."""
        inputs = of(2, q=3, k=6, **kept)
        real = padding((4, 2), 6)
        inputs["memory"] = torch.where(real.mT, inputs["memory"], 1e6 * inputs["memory"].sign())
        return {**inputs, "mask": real}

    def at_once(m: Mixture) -> Case:
        sizes = {"q": m.queries, "k": m.keys, "d_k": m.d_k, "d_v": m.d_v}
        widths = {"d_model": 11, "d_memory": 11 if m.queries == m.keys else 13}  # alike in all: only the roles differ
        inputs = of(*m.batch, **sizes, **widths, dtype=m.dtype, mask=m.mask)
        return Case("mixed", m.name, inputs, layouts={"x": m.layout, "memory": m.layout})

    deep = _quiet(of(2, 3, q=4, k=5, mask=with_hidden_rows(d, 2, 3, 4, 5)))
    below = torch.tensor(VISIBLE_BELOW)
    rows, more_rows = with_hidden_rows(d, 2, 3, 5), with_hidden_rows(d, 3, 6, 5)
    return [
        Case("roles", "d_k = 1, no batch axis", of(q=3, k=4)),
        Case("roles", "d_k = 1, memory as wide as x", of(q=4, k=3, d_memory=5)),
        Case("roles", "d_k = 1, memory as long and as wide as x", of(q=4, k=4, d_memory=5, d_v=5)),
        Case("roles", "d_k = 1, float32, mask=None", of(q=2, k=6, d_model=7, d_memory=4, dtype=F32, mask=None)),
        Case("scale", "d_k = 7, d_model = 11, d_memory = 5", of(q=3, k=4, d_model=11, d_memory=5, d_k=7)),
        Case("scale", "d_k = 13, one batch axis", of(2, q=4, k=3, d_model=5, d_memory=17, d_k=13, d_v=6)),
        Case("scale", "d_k = 3, float32", of(3, q=2, k=5, d_model=7, d_memory=11, d_k=3, d_v=4, dtype=F32)),
        Case("mask", "mask (queries, keys)", of(q=3, k=5, mask=d.mask(3, 5))),
        Case("mask", "as many queries as keys", of(2, q=5, k=5, mask=torch.ones(5, 5, dtype=torch.bool).tril())),
        Case("mask", "padding mask (batch, 1, keys)", of(3, q=4, k=6, mask=padding((3, 5, 2), 6), d_model=2)),
        Case("mask", "each batch item has its own mask", of(2, q=4, k=5, mask=d.mask(2, 4, 5), dtype=F32)),
        Case("mask", "mask (batch, 1, 1, keys)", of(2, 3, q=4, k=6, mask=padding((4, 2), 6)[:, None])),
        Case("mask", "mask (keys,)", of(2, q=3, k=5, mask=d.mask(5))),
        Case("rows", "query 1 sees nothing", of(q=4, k=5, mask=with_hidden_rows(d, 4, 5))),
        Case("rows", "batch item 0 sees nothing", of(2, q=3, k=5, mask=rows)),
        Case("extremes", "scores of 1000, 0 and -1000", one_hot(FAR_ROWS, F64)),
        Case("extremes", "hidden scores 800 above the visible ones", one_hot(HIDDEN_ABOVE, F64, mask=below)),
        Case("extremes", "1e6 in the padding, float32", padded(dtype=F32)),
        Case("batch", "two batch axes", of(2, 3, q=4, k=7)),
        Case(
            "batch", "views", of(2, q=5, k=3), layouts={"x": "transposed", "memory": "strided", "W_key": "transposed"}
        ),
        Case("batch", "one query", of(3, q=1, k=4)),
        Case("batch", "one key", of(2, q=4, k=1)),
        *(at_once(mixture) for mixture in (*mixtures(d), *square_mixtures(d))),
        Case("hidden_gradients", "two batch axes", deep, "gradients", CROSS),
        Case("hidden_gradients", "d_k = 3", _quiet(of(2, q=3, k=5, d_k=3, mask=rows)), "gradients", CROSS),
        Case("gradients", "one batch axis", _quiet(of(2, q=5, k=4)), "gradients", CROSS),
        Case("gradients", "no batch axis", _quiet(of(q=7, k=4, d_v=3)), "gradients", CROSS),
        Case("gradients", "float32", _quiet(of(2, q=3, k=4, dtype=F32)), "gradients", CROSS),
        Case("hidden_gradients", "hidden keys", _quiet(of(q=6, k=5, mask=d.mask(6, 5))), "gradients", CROSS),
        Case("hidden_gradients", "hidden rows", _quiet(of(3, q=6, k=5, mask=more_rows)), "gradients", CROSS),
        Case(
            "hidden_gradients",
            "hidden rows, float32",
            _quiet(of(2, q=3, k=5, mask=rows, dtype=F32)),
            "gradients",
            CROSS,
        ),
        Case("device", "inputs on another device", of(2, q=3, k=5, mask=d.mask(3, 5)), "meta"),
        Case("device", "inputs on another device, no mask", of(2, q=3, k=5), "meta"),
        Case("device", "another default device", of(2, q=3, k=5, mask=rows), "default_device"),
        Case("device", "another default device, no mask", of(2, q=3, k=5), "default_device"),
        Case(
            "state",
            "called again",
            of(2, q=3, k=5, mask=d.mask(3, 5)),
            "repeat",
            then=(of(2, q=3, k=5, mask=d.mask(3, 5)), of(2, q=7, k=9, d_k=6, mask=d.mask(7, 9))),
        ),
    ]
