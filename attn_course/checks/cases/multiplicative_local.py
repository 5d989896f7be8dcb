"""Inputs of `local_weights` (chapter 03).

Where one key alone stands in a window, at its centre, its weight is 1 whatever the width of the Gaussian: such cases
show the window apart from it. Where the window is a million positions wide the Gaussian is 1: such cases show the
softmax and the mask. Centres and windows are eighths, so that an edge is met exactly in every precision.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attn_course.checks.cases.masks import with_hidden_rows
from attn_course.checks.engine import Case, Draw

F32, F64 = torch.float32, torch.float64
WIDE = 1e6


def outside_or_hidden(case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """Which weights (*batch, queries, keys) must be 0: outside of the window, or hidden by the mask."""
    centre, mask = case.arguments["centre"].double().numpy(), case.arguments.get("mask")
    outside = np.abs(np.arange(shape[-1]) - centre[..., None]) > case.arguments["window"]
    return outside if mask is None else outside | ~np.broadcast_to(mask.numpy(), shape)


def _scores(
    d: Draw, *batch: int, q: int, k: int, window: float, dtype: torch.dtype = F64, centre: Tensor | None = None
) -> dict[str, Any]:
    """Random scores, and centres between the first and the last position that are no whole numbers."""
    if centre is None:
        eighths = d.integers(*batch, q, low=0, high=2 * (k - 1)) * 4 + d.integers(*batch, q, low=1, high=4)
        centre = eighths.to(F64) / 8
    return {"scores": d.normal(*batch, q, k, dtype=dtype), "centre": centre.to(dtype), "window": window}


def _apart(d: Draw, q: int, k: int) -> Tensor:
    """`q` different whole positions out of `k`."""
    return d.order(k)[:q].to(F64)


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def local_cases(seed: int) -> list[Case]:
    """Cases of `local_weights`."""
    d = Draw(seed, "local_weights")

    def case(aspect: str, name: str, arguments: dict[str, Any], **more: Any) -> Case:
        return Case(aspect, name, arguments, **more)

    alone = _scores(d, q=4, k=7, window=0.5, centre=_apart(d, 4, 7))
    alone["mask"] = torch.ones(4, 7, dtype=torch.bool)
    alone["mask"][1] = False
    wide = _scores(d, 2, q=3, k=5, window=WIDE)
    masked = _scores(d, 2, q=4, k=6, window=WIDE) | {"mask": with_hidden_rows(d, 2, 4, 6)}
    shared = _scores(d, 3, q=2, k=5, window=WIDE, dtype=F32) | {"mask": d.mask(5)}
    rows = _scores(d, 2, q=3, k=7, window=WIDE) | {"mask": d.mask(2, 1, 7)}
    both = _scores(d, 2, q=5, k=11, window=2.5, centre=torch.tensor([1.375, 3.625, 5.125, 7.875, 9.375]).repeat(2, 1))
    both["mask"] = d.mask(2, 5, 11, visible=0.8)
    edges = torch.tensor([[3.0, 4.5, 2.5], [0.0, 7.0, 1.0]])
    outside = torch.tensor([[-3.0, 4.5, 12.0], [1.5, -0.5, 2.0]])
    far = _scores(d, 2, q=3, k=9, window=0.75, centre=_apart(d, 6, 9).reshape(2, 3))
    far["scores"] = 1000 * d.integers(2, 3, 9, low=0, high=2).double()
    far["scores"].scatter_(-1, far["centre"].long()[..., None], 0.0)  # not below any small fill
    above = _scores(d, 2, q=3, k=6, window=WIDE) | {"mask": d.mask(2, 3, 6, visible=0.5)}
    above["scores"] = torch.where(above["mask"], above["scores"] - 500, 800.0)
    apart = _scores(d, q=2, k=4, window=WIDE)
    apart["scores"] = torch.tensor([[1000, -1000, 1000, 999], [-1000, -1001, -1000, -2000]], dtype=F64)
    by_both = ("scores", "centre")
    empty = _scores(d, q=3, k=5, window=0.25, centre=torch.tensor([2.0, 1.5, -4.0]))
    return [
        case("inside", "one key in each window", _scores(d, q=4, k=9, window=0.75, centre=_apart(d, 4, 9))),
        case(
            "inside",
            "one key in each window, one batch axis",
            _scores(d, 1, q=5, k=7, window=0.5, centre=_apart(d, 5, 7)[None]),
        ),
        case("inside", "a window of a million positions", wide),
        case("gaussian", "window = 2.5", _scores(d, q=5, k=9, window=2.5)),
        case("gaussian", "window = 3, one batch axis", _scores(d, 2, q=4, k=11, window=3)),
        case("gaussian", "window = 4.25, float32", _scores(d, 3, q=5, k=13, window=4.25, dtype=F32)),
        case("gaussian", "window = 1.75, as many queries as keys", _scores(d, 2, q=6, k=6, window=1.75)),
        case("edges", "keys exactly at both edges", _scores(d, 2, q=3, k=8, window=2, centre=edges)),
        case(
            "edges",
            "keys exactly at one edge",
            _scores(d, q=3, k=8, window=1.25, centre=torch.tensor([3.25, 4.75, 6.25])),
        ),
        case(
            "edges",
            "centres between the keys, before the first and behind the last",
            _scores(d, q=4, k=7, window=2, centre=torch.tensor([-0.75, 6.75, 3.5, 2.875])),
        ),
        case("mask", "window of a million positions, hidden queries", masked),
        case("mask", "one mask for all queries, float32", shared),
        case("mask", "a padding mask (batch, 1, keys)", rows),
        case("batch", "window = 2.5 and a mask", both),
        case("nothing", "one key in each window, and it is hidden", alone),
        case(
            "nothing",
            "windows between the keys and outside of them",
            _scores(d, 2, q=3, k=5, window=0.25, centre=outside),
        ),
        case("extremes", "keys outside of the window score 1000 above those inside", far),
        case("extremes", "hidden keys score 800", above),
        case("extremes", "scores of ±1000", apart),
        case("batch", "two batch axes, views", _scores(d, 2, 3, q=4, k=7, window=2.25), layouts={"scores": "permuted"}),
        case("batch", "mask=None", _scores(d, 2, 1, q=5, k=6, window=1.5) | {"mask": None}),
        case(
            "gradients", "one batch axis", _scores(d, 2, q=3, k=7, window=2.5), observe="gradients", gradients=by_both
        ),
        case(
            "gradients", "float32", _scores(d, q=4, k=6, window=1.75, dtype=F32), observe="gradients", gradients=by_both
        ),
        case(
            "gradients", "a mask and empty windows", empty | {"mask": d.mask(5)}, observe="gradients", gradients=by_both
        ),
        case(
            "device",
            "inputs on another device",
            _scores(d, 2, q=3, k=5, window=1.5) | {"mask": d.mask(3, 5)},
            observe="meta",
        ),
        case(
            "device",
            "another default device",
            _scores(d, 2, q=3, k=5, window=1.5) | {"mask": d.mask(3, 5)},
            observe="default_device",
        ),
        case(
            "state",
            "several calls in a row",
            _scores(d, 2, q=3, k=5, window=1.5),
            observe="repeat",
            then=(_scores(d, 2, q=3, k=5, window=1.5), _scores(d, q=4, k=9, window=3)),
        ),
    ]
