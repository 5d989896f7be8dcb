"""Inputs of `attention_backward`.

Some have columns in which queries are tiny or 0 and keys huge, or the reverse: powers of two, so that the closed form
stays exact, while no step is small enough for one column and large enough for another, as differences would need.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attn_course.checks.cases.masks import padding, with_hidden_rows
from attn_course.checks.cases.scaled_dot_product import F32, F64, qkv
from attn_course.checks.cases.scaled_dot_product_mixed import Mixture, mixtures, square_mixtures
from attn_course.checks.engine import Case, Draw

HUGE = 2.0**40
COARSE = 5e-6
"""Tolerance in float64: sums cancel here, and what is computed in float32 inside is to pass."""


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def backward_cases(seed: int) -> list[Case]:
    """Cases of `attention_backward`."""
    d = Draw(seed, "attention_backward")

    def of(*batch: int, q: int, k: int, d_v: int = 4, dtype: torch.dtype = F64, **more: Any) -> dict[str, Any]:
        mask = {"mask": more.pop("mask")} if "mask" in more else {}
        inputs = qkv(d, *batch, q=q, k=k, d_v=d_v, dtype=dtype, **more)
        return {"grad_context": d.normal(*batch, q, d_v, dtype=dtype), **inputs, **mask}

    def zero(name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {**inputs, name: torch.zeros_like(inputs[name])}

    def times(factor: float | Tensor, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {**inputs, name: inputs[name] * factor}

    def uneven(inputs: dict[str, Any]) -> dict[str, Any]:
        """The first column huge in the keys, the second in the queries; two queries and keys are 0 there."""
        up = torch.ones(inputs["key"].shape[-1], dtype=inputs["key"].dtype)
        up[0], up[1] = HUGE, 1 / HUGE
        made = times(1 / up, "query", times(up, "key", inputs))
        made["query"][..., 1:3, 0] = 0
        made["key"][..., 1:3, 1] = 0
        return made

    def far(dtype: torch.dtype) -> dict[str, Any]:
        """Scores of ±1000, the visible ones below the hidden ones; the largest of a row tie."""
        inputs = of(q=4, k=6, d_k=4, dtype=dtype)
        inputs["query"] = torch.zeros(4, 4, dtype=dtype)
        inputs["query"][:, 0] = torch.tensor([2.0, -2.0, 2.0, -2.0])
        inputs["key"] = d.integers(6, 4, low=-999, high=1000).to(dtype)
        inputs["key"][:, 0] = torch.tensor([1000.0, -1000.0, 0.0, 1000.0, -1000.0, 200.0])
        T, F = True, False
        mask = [[T, T, T, T, T, T], [T, F, F, T, F, F], [F, T, F, F, T, F], [T, T, F, T, T, T]]
        return {**inputs, "mask": torch.tensor(mask)}

    def loud(dtype: torch.dtype) -> dict[str, Any]:
        """1e6 in keys and values that no query sees."""
        inputs = of(2, q=4, k=6, dtype=dtype)
        real = padding((3, 4), 6)
        for name in ("key", "value"):
            inputs[name] = torch.where(real.mT, inputs[name], 1e6 * inputs[name].sign())
        return {**inputs, "mask": real}

    huge_keys = times(HUGE, "key", zero("query", of(q=5, k=3, d_v=2)))
    huge_queries = times(HUGE, "query", zero("key", of(q=5, k=3, d_v=2)))

    def at_once(m: Mixture) -> Case:
        inputs = of(*m.batch, q=m.queries, k=m.keys, d_k=m.d_k, d_v=m.d_v, dtype=m.dtype, mask=m.mask)
        return Case("mixed", m.name, inputs, layouts=dict.fromkeys(("query", "key", "value"), m.layout))

    lower = torch.ones(5, 5, dtype=torch.bool).tril()
    shared = of(3, q=4, k=5, d_v=2)
    shared["value"][:] = shared["value"][:1].clone()
    then = tuple(of(2, q=q, k=k, d_k=d_k, mask=d.mask(q, k)) for q, k, d_k in ((3, 5, 1), (8, 11, 6)))
    cases = [
        Case("value", "d_k = 1", of(q=3, k=5), compared=("grad_value",)),
        Case("value", "more queries than keys, mask=None", of(q=6, k=2, d_v=3, mask=None), compared=("grad_value",)),
        Case("value", "float32", of(2, q=4, k=3, d_v=5, dtype=F32), compared=("grad_value",)),
        Case("query", "d_k = 1", of(q=3, k=5), compared=("grad_query",)),
        Case("query", "query = 0, keys of 1e12", huge_keys, compared=("grad_query",)),
        Case("query", "float32", of(2, q=4, k=3, d_v=5, dtype=F32), compared=("grad_query",)),
        Case("key", "d_k = 1", of(q=3, k=5), compared=("grad_key",)),
        Case("key", "key = 0, queries of 1e12", huge_queries, compared=("grad_key",)),
        Case("key", "float32", of(2, q=4, k=3, d_v=5, dtype=F32), compared=("grad_key",)),
        Case("scale", "d_k = 7", of(q=3, k=5, d_k=7)),
        Case("scale", "d_k = 19, one batch axis", of(2, q=5, k=4, d_k=19, d_v=3)),
        Case("scale", "d_k = 5, columns of 1e12 and of 1e-12", uneven(of(q=4, k=6, d_k=5, d_v=3))),
        Case("scale", "d_k = 3, float32", of(q=2, k=5, d_k=3, dtype=F32)),
        Case("mask", "mask (queries, keys)", of(q=3, k=5, mask=d.mask(3, 5))),
        Case("mask", "each batch item has its own mask", of(2, q=4, k=5, d_v=3, mask=d.mask(2, 4, 5), dtype=F32)),
        Case("mask", "causal mask for a batch", of(2, q=5, k=5, d_v=3, mask=lower)),
        Case("mask", "padding mask (batch, 1, keys)", of(3, q=4, k=6, d_v=2, mask=padding((3, 5, 2), 6))),
        Case(
            "mask",
            "mask (keys,), keys of 1e12",
            times(1 / HUGE, "query", times(HUGE, "key", of(2, q=3, k=5, mask=d.mask(5)))),
        ),
        Case("rows", "query 1 sees nothing", of(q=3, k=5, mask=with_hidden_rows(d, 3, 5))),
        Case("rows", "batch item 0 sees nothing", of(2, q=4, k=5, d_v=3, mask=with_hidden_rows(d, 2, 4, 5))),
        Case(
            "rows",
            "mask (queries, 1)",
            of(2, q=4, k=5, mask=torch.tensor([[True], [False], [True], [True]]), dtype=F32),
        ),
        Case("batch", "as many queries as keys", of(2, q=4, k=4, d_v=4)),
        Case("batch", "two batch axes", of(2, 3, q=4, k=7, d_v=5)),
        Case(
            "batch",
            "views",
            of(2, q=5, k=3),
            layouts={"grad_context": "transposed", "query": "strided", "key": "transposed"},
        ),
        Case("batch", "the batch shares one value tensor (an expanded view)", shared, layouts={"value": "expanded"}),
        Case("batch", "one query, d_v = 1", of(3, q=1, k=5, d_v=1)),
        *(at_once(mixture) for mixture in (*mixtures(d), *square_mixtures(d))),
        Case("extremes", "scores of ±1000, hidden ones above the visible", far(F64)),
        Case("extremes", "scores of ±1000, float32", far(F32), tolerance=1e-3),
        Case("extremes", "1e6 in hidden keys and values", loud(F64)),
        Case("device", "inputs on another device", of(2, q=3, k=5, mask=d.mask(3, 5)), "meta"),
        Case("device", "inputs on another device, no mask", of(2, q=3, k=5), "meta"),
        Case("device", "another default device", of(2, q=3, k=5, mask=with_hidden_rows(d, 3, 5)), "default_device"),
        Case("device", "another default device, no mask", of(2, q=3, k=5), "default_device"),
        Case("state", "called again", of(2, q=3, k=5, mask=d.mask(3, 5)), "repeat", then=then),
    ]
    return [replace(case, tolerance=COARSE) if case.arguments["query"].dtype == F64 else case for case in cases]
