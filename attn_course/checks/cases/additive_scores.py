"""Inputs of `additive_scores` and `AdditiveAttention` (chapter 02).

Sums near 0 are their own tanh. With such sums, and a `v` that makes them large again, the aspects about axes and masks
show what they are about whatever becomes of the tanh. They are in float64, where nothing of a small sum is lost.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attn_course.checks.cases.masks import padding, with_hidden_rows
from attn_course.checks.engine import Case, Draw

F32, F64 = torch.float32, torch.float64
PARAMETERS = ("W_query", "W_key", "v")
SMALL = 1e-4


def weights(
    d: Draw, d_query: int, d_key: int, d_attn: int, gentle: bool = False, dtype: torch.dtype = F64
) -> dict[str, Tensor]:
    """The three parameters, for sums near 1, or near 0 and a large `v`."""
    small = SMALL if gentle else 1.0
    return {
        "W_query": d.normal(d_query, d_attn, scale=small * d_query**-0.5, dtype=dtype),
        "W_key": d.normal(d_key, d_attn, scale=small * d_key**-0.5, dtype=dtype),
        "v": d.normal(d_attn, scale=2.0 * d_attn**-0.5 / small, dtype=dtype),
    }


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def additive_scores(seed: int) -> list[Case]:
    d = Draw(seed, "additive_scores")
    names = ("query", "key", *PARAMETERS)

    def of(
        *batch: int, q: int, k: int, widths: tuple[int, int, int], gentle: bool = False, dtype: torch.dtype = F64
    ) -> dict[str, Tensor]:
        query, key = d.normal(*batch, q, widths[0], dtype=dtype), d.normal(*batch, k, widths[1], dtype=dtype)
        return {"query": query, "key": key, **weights(d, *widths, gentle=gentle, dtype=dtype)}

    def gentle(*batch: int, q: int, k: int, widths: tuple[int, int, int] = (3, 7, 2)) -> dict[str, Tensor]:
        return of(*batch, q=q, k=k, widths=widths, gentle=True)

    def far(dtype: torch.dtype) -> dict[str, Tensor]:
        """Sums of -3000, -1000, 1000 and 3000, both signs in every pair."""
        given = {"query": (3, 1), "key": (5, 1), "W_query": (1, 4), "W_key": (1, 4)}
        signs = {name: 2.0 * d.integers(*shape, low=0, high=2) - 1 for name, shape in given.items()}
        signs["W_query"][0, :2] = torch.tensor([1.0, -1.0])
        signs["W_query"], signs["W_key"] = 2000 * signs["W_query"], 1000 * signs["W_key"]
        return {name: sign.to(dtype) for name, sign in signs.items()} | {"v": d.normal(4, dtype=dtype)}

    same = gentle(2, q=4, k=4, widths=(3, 3, 3))
    views = {"query": "permuted", "key": "transposed", "W_query": "transposed", "W_key": "strided"}
    repeat = [of(2, q=3, k=5, widths=(4, 6, 7)) for _ in range(2)]
    return [
        Case("tanh", "3 queries, 5 keys", of(q=3, k=5, widths=(7, 4, 6))),
        Case("tanh", "4 queries, 2 keys, d_attn = 5", of(q=4, k=2, widths=(3, 8, 5))),
        Case("tanh", "all widths equal", of(q=3, k=6, widths=(4, 4, 4))),
        Case("tanh", "d_attn = 1, float32", of(q=2, k=6, widths=(5, 3, 1), dtype=F32)),
        Case("pairs", "sums near 0, no batch axis", gentle(q=5, k=3)),
        Case("pairs", "sums near 0, as many queries as keys, all widths equal", same),
        Case("pairs", "sums near 0, two batch axes, views", gentle(2, 3, q=5, k=4, widths=(6, 3, 7)), layouts=views),
        Case("pairs", "sums near 0, one query", gentle(3, q=1, k=4)),
        Case("pairs", "sums near 0, one key", gentle(q=4, k=1)),
        Case("extremes", "sums of ±1000 and ±3000", far(F64)),
        Case("extremes", "sums of ±1000 and ±3000, float32", far(F32)),
        Case("mixed", "one batch axis, as many queries as keys", of(3, q=4, k=4, widths=(5, 3, 7))),
        Case("mixed", "two batch axes, float32", of(2, 3, q=5, k=2, widths=(4, 7, 3), dtype=F32)),
        Case("mixed", "three batch axes, all sizes equal", of(2, 2, 2, q=2, k=2, widths=(2, 2, 2))),
        Case("mixed", "13 queries, 11 keys, d_attn = 19", of(q=13, k=11, widths=(8, 5, 19))),
        Case("gradients", "one batch axis", of(2, q=3, k=5, widths=(4, 6, 7)), "gradients", names),
        Case("gradients", "float32", of(q=4, k=3, widths=(2, 5, 3), dtype=F32), "gradients", names),
        Case("device", "inputs on another device", of(2, q=3, k=5, widths=(4, 6, 7)), "meta"),
        Case("device", "another default device", of(2, q=3, k=5, widths=(4, 6, 7)), "default_device"),
        Case(
            "state",
            "called again",
            repeat[0],
            "repeat",
            then=(repeat[1], of(2, q=6, k=8, widths=(3, 2, 5))),
        ),
    ]


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def AdditiveAttention(seed: int) -> list[Case]:
    d = Draw(seed, "AdditiveAttention")
    names = ("query", "key", "value", *PARAMETERS)
    sizes = {"apart": (3, 7, 5), "value": (4, 3, 6), "equal": (4, 4, 4)}  # d_query, d_key, d_attn
    near_1 = {which: weights(d, *widths) for which, widths in sizes.items()}
    near_0 = {which: weights(d, *widths, gentle=True) for which, widths in sizes.items()}
    single = {name: w.float() for name, w in near_1["apart"].items()}

    def given(which: str, *batch: int, q: int, k: int, d_v: int = 2, mask: Tensor | None = None) -> dict[str, Any]:
        d_query, d_key, _ = sizes[which]
        shapes = {"query": (q, d_query), "key": (k, d_key), "value": (k, d_v)}
        return {name: d.normal(*batch, *shape) for name, shape in shapes.items()} | {"mask": mask}

    def case(aspect: str, name: str, which: str, arguments: dict[str, Any], **more: Any) -> Case:
        loaded = (near_1 if more.pop("tanh", False) else near_0)[which]
        return Case(aspect, name, arguments, **{"init": sizes[which], "weights": loaded, **more})

    def to_float32(arguments: dict[str, Any]) -> dict[str, Any]:
        return {n: t.float() if t is not None and t.is_floating_point() else t for n, t in arguments.items()}

    lower = torch.ones(4, 4, dtype=torch.bool).tril()
    some = torch.tensor([True, False, True])[:, None]
    unmasked = given("apart", q=3, k=4)
    del unmasked["mask"]
    loud = given("apart", 2, q=3, k=6, mask=padding((3, 4), 6))
    loud["key"][0, 3:], loud["value"][0, 3:] = 1e6, -1e6
    loud["key"][1, 4:], loud["value"][1, 4:] = -1e6, 1e6
    views = {"query": "permuted", "key": "transposed", "value": "strided"}
    repeat = [given("apart", 2, q=3, k=4, mask=d.mask(2, 3, 4)) for _ in range(2)]
    together = given("apart", 2, 3, q=4, k=5, d_v=3, mask=with_hidden_rows(d, 3, 4, 5))
    hidden = given("value", 2, q=4, k=5, d_v=3, mask=with_hidden_rows(d, 2, 4, 5))
    return [
        case("scores", "no mask", "apart", unmasked, tanh=True),
        case("scores", "d_key = d_v, mask=None", "value", given("value", q=4, k=2, d_v=3), tanh=True),
        case(
            "scores", "all widths equal, as many queries as keys", "equal", given("equal", q=4, k=4, d_v=4), tanh=True
        ),
        case("batch", "two batch axes, views", "apart", given("apart", 2, 3, q=4, k=5, d_v=3), layouts=views),
        case("batch", "one query, one batch axis", "value", given("value", 3, q=1, k=5, d_v=3)),
        case("batch", "as many queries as keys", "equal", given("equal", 2, q=4, k=4, d_v=4)),
        case("mask", "each batch item has its own mask", "value", given("value", 2, q=4, k=5, mask=d.mask(2, 4, 5))),
        case("mask", "causal mask for a batch", "equal", given("equal", 2, q=4, k=4, mask=lower)),
        case("mask", "padding mask (batch, 1, keys)", "apart", given("apart", 2, q=3, k=6, mask=padding((4, 2), 6))),
        case("mask", "two batch axes, mask (keys,)", "apart", given("apart", 2, 3, q=2, k=5, mask=d.mask(5))),
        case("rows", "query 1 sees nothing", "apart", given("apart", q=3, k=5, mask=with_hidden_rows(d, 3, 5))),
        case("rows", "hidden rows in a batch", "value", given("value", 2, q=3, k=4, mask=with_hidden_rows(d, 2, 3, 4))),
        *_far_attention(d),
        case("extremes", "1e6 in hidden keys and values", "apart", loud, tanh=True),
        case("together", "two batch axes, hidden rows", "apart", together, tanh=True),
        case("together", "float32, two batch axes", "apart", to_float32(together), weights=single),
        case(
            "gradients",
            "one batch axis",
            "value",
            given("value", 2, q=3, k=5, d_v=3),
            tanh=True,
            observe="gradients",
            gradients=names,
        ),
        case(
            "gradients",
            "float32",
            "apart",
            to_float32(given("apart", q=3, k=4)),
            weights=single,
            observe="gradients",
            gradients=names,
        ),
        case("hidden_gradients", "hidden rows", "value", hidden, tanh=True, observe="gradients", gradients=names),
        case(
            "device", "inputs on another device", "apart", given("apart", 2, q=3, k=4, mask=lower[:3]), observe="meta"
        ),
        case("device", "another default device", "apart", given("apart", 2, q=3, k=4), observe="default_device"),
        case(
            "device",
            "another default device, hidden rows",
            "apart",
            given("apart", 2, q=3, k=4, mask=some),
            observe="default_device",
        ),
        case(
            "state",
            "called again",
            "apart",
            repeat[0],
            tanh=True,
            observe="repeat",
            then=(repeat[1], given("apart", 2, q=5, k=7, d_v=4, mask=d.mask(5, 7))),
        ),
    ]


def _far_attention(d: Draw) -> list[Case]:
    """Rows of scores 2000 apart, and hidden scores 800 above the visible ones, all of them whole numbers."""
    loaded = {
        "W_query": torch.tensor([[2000.0, 0.0]]),
        "W_key": torch.tensor([[1000.0, 0.0], [0.0, 1000.0]]),
        "v": torch.tensor([1000.0, 400.0]),
    }
    query = torch.tensor([[1.0], [-1.0], [1.0]])
    first = 2.0 * d.integers(5, low=0, high=2) - 1
    second = torch.tensor([1.0, -1.0, -1.0, 1.0, -1.0])
    key = torch.stack([first, second], dim=1)
    mask = (second < 0).expand(3, 5)
    cases = []
    for dtype in (F64, F32):
        arguments = {"query": query, "key": key, "value": d.normal(5, 3)}
        arguments = {name: tensor.to(dtype) for name, tensor in arguments.items()} | {"mask": mask}
        name = f"scores of ±1400 and ±600, hidden ones 800 above the visible ones, {str(dtype).removeprefix('torch.')}"
        parameters = {parameter: tensor.to(dtype) for parameter, tensor in loaded.items()}
        cases.append(Case("extremes", name, arguments, init=(1, 2, 2), weights=parameters))
    return cases
