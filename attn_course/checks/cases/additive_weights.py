"""Inputs of `masked_softmax` and `attend` (chapter 02): scores, values and masks.

Where scores are far apart, the visible ones tie or lie 100 and more below, so that the weights are simple fractions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attn_course.checks.cases.masks import FAR_ROWS, HIDDEN_ABOVE, VISIBLE_BELOW, padding, with_hidden_rows
from attn_course.checks.engine import Case, Draw

F16, BF16, F32, F64 = torch.float16, torch.bfloat16, torch.float32, torch.float64


def _scores(d: Draw, *shape: int, mask: Tensor | None = None, dtype: torch.dtype = F64) -> dict[str, Any]:
    return {"scores": d.normal(*shape, scale=1.5, dtype=dtype), "mask": mask}


def _whole(scores: list[list[int]], dtype: torch.dtype, mask: list[list[bool]] | None = None) -> dict[str, Any]:
    return {
        "scores": torch.tensor(scores, dtype=dtype),
        "mask": None if mask is None else torch.tensor(mask),
    }


def _loud(d: Draw, *shape: int, mask: Tensor, size: float = 1e6, dtype: torch.dtype = F64) -> dict[str, Any]:
    """Hidden scores of `size` and of minus `size`."""
    scores = d.normal(*shape, dtype=dtype)
    sign = torch.where(d.normal(*shape) > 0, 1.0, -1.0).to(dtype)
    sign[..., 0] = 1.0
    return {"scores": torch.where(mask, scores, size * sign), "mask": mask}


def _with_value(d: Draw, given: dict[str, Any], d_v: int) -> dict[str, Any]:
    """The same with a value for each key."""
    *batch, _, keys = given["scores"].shape
    value = d.normal(*batch, keys, d_v, dtype=given["scores"].dtype)
    return {"scores": given["scores"], "value": value, "mask": given["mask"]}


def _hidden(d: Draw) -> list[tuple[str, dict[str, Any]]]:
    """Masks of every shape, none of which hides a row."""
    lower = torch.ones(5, 5, dtype=torch.bool).tril()
    return [
        ("mask (queries, keys)", _scores(d, 3, 5, mask=d.mask(3, 5))),
        ("each batch item has its own mask", _scores(d, 2, 4, 4, mask=d.mask(2, 4, 4))),
        ("causal mask for a batch, float32", _scores(d, 2, 5, 5, mask=lower, dtype=F32)),
        ("padding mask (batch, 1, keys)", _scores(d, 3, 4, 6, mask=padding((3, 5, 2), 6))),
        ("two batch axes, mask (keys,)", _scores(d, 2, 3, 4, 5, mask=d.mask(5))),
        ("two batch axes, mask (batch, 1, 1, keys)", _scores(d, 2, 3, 4, 6, mask=padding((2, 5), 6)[:, None])),
    ]


def _rows(d: Draw) -> list[tuple[str, dict[str, Any]]]:
    some = torch.tensor([True, False, True, True])[:, None]
    return [
        ("query 1 sees nothing", _scores(d, 3, 5, mask=with_hidden_rows(d, 3, 5))),
        ("batch item 0 and every query 1 see nothing", _scores(d, 2, 4, 5, mask=with_hidden_rows(d, 2, 4, 5))),
        ("mask (queries, 1), float32", _scores(d, 2, 4, 5, mask=some, dtype=F32)),
    ]


def _extremes(d: Draw) -> list[tuple[str, dict[str, Any]]]:
    unseen = padding((3, 4), 6).expand(2, 4, 6)
    return [
        ("scores of 1000, 0 and -1000", _whole(FAR_ROWS, F64)),
        ("scores of 1000, 0 and -1000, float32", _whole(FAR_ROWS, F32)),
        ("hidden scores 800 above the visible ones, float32", _whole(HIDDEN_ABOVE, F32, VISIBLE_BELOW)),
        ("1e6 in hidden scores", _loud(d, 2, 4, 6, mask=unseen)),
    ]


def _hidden_gradients(d: Draw) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("hidden rows", _scores(d, 2, 4, 5, mask=with_hidden_rows(d, 2, 4, 5))),
        ("hidden rows, float32", _scores(d, 2, 3, 4, mask=with_hidden_rows(d, 3, 4), dtype=F32)),
        ("hidden scores 800 above the visible ones", _whole(HIDDEN_ABOVE, F64, VISIBLE_BELOW)),
        ("1e6 in hidden scores", _loud(d, 3, 5, mask=d.mask(3, 5))),
    ]


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def masked_softmax(seed: int) -> list[Case]:
    d = Draw(seed, "masked_softmax")
    plain = d.normal(3, 5, scale=1.5)
    repeat = [_scores(d, 2, 3, 5, mask=d.mask(2, 3, 5)) for _ in range(2)]
    half = with_hidden_rows(d, 2, 3, 5)
    below = _scores(d, 4, 5, mask=with_hidden_rows(d, 4, 5), dtype=F16)
    below["scores"] = torch.where(below["mask"], below["scores"], -40.0)
    return [
        Case("softmax", "no mask", {"scores": plain}),
        Case("softmax", "as many queries as keys, one batch axis, mask=None", _scores(d, 2, 4, 4)),
        Case("softmax", "two batch axes, a view", _scores(d, 2, 3, 4, 5), layouts={"scores": "permuted"}),
        Case("softmax", "float32, one key", _scores(d, 2, 3, 1, dtype=F32)),
        Case("softmax", "float32, one query", _scores(d, 3, 1, 5, dtype=F32), layouts={"scores": "transposed"}),
        *(Case("hidden", name, given) for name, given in _hidden(d)),
        Case("hidden", "a mask that hides nothing", _scores(d, 2, 4, mask=torch.ones(2, 4, dtype=torch.bool))),
        *(Case("rows", name, given) for name, given in _rows(d)),
        *(Case("extremes", name, given) for name, given in _extremes(d)),
        Case("half", "float16, hidden rows", _scores(d, 2, 3, 5, mask=half, dtype=F16)),
        Case("half", "float16, ±300 in hidden scores", _loud(d, 4, 5, mask=d.mask(4, 5), size=300.0, dtype=F16)),
        Case("half", "float16, -40 in hidden scores, hidden rows", below),
        Case("half", "bfloat16", _scores(d, 3, 4, mask=d.mask(3, 4), dtype=BF16)),
        Case("gradients", "one batch axis", _scores(d, 2, 3, 5), "gradients", ("scores",)),
        Case("gradients", "float32", _scores(d, 4, 3, dtype=F32), "gradients", ("scores",)),
        *(Case("hidden_gradients", name, given, "gradients", ("scores",)) for name, given in _hidden_gradients(d)),
        Case("device", "inputs on another device", _scores(d, 2, 3, 5, mask=d.mask(3, 5)), "meta"),
        Case("device", "another default device", _scores(d, 2, 3, 5, mask=half), "default_device"),
        Case("device", "another default device, no mask", _scores(d, 3, 5), "default_device"),
        Case(
            "state",
            "called again",
            repeat[0],
            "repeat",
            then=(repeat[1], _scores(d, 2, 6, 7, mask=d.mask(6, 7))),
        ),
    ]


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def attend(seed: int) -> list[Case]:
    d = Draw(seed, "attend")
    names = ("scores", "value")

    def of(d_v: int, *shape: int, **more: Any) -> dict[str, Any]:
        return _with_value(d, _scores(d, *shape, **more), d_v)

    shared = of(2, 3, 4, 5)
    shared["value"][:] = shared["value"][:1].clone()
    plain = of(4, 3, 5)
    loud = _with_value(d, _loud(d, 2, 4, 6, mask=padding((3, 4), 6).expand(2, 4, 6), dtype=F32), 3)
    loud["value"][0, 3:], loud["value"][1, 4:] = 1e6, -1e6
    repeat = [of(4, 2, 3, 5, mask=d.mask(2, 3, 5)) for _ in range(2)]
    views = {"scores": "permuted", "value": "transposed"}
    return [
        Case("mean", "no mask", {"scores": plain["scores"], "value": plain["value"]}),
        Case("mean", "more queries than keys, mask=None", of(3, 6, 2)),
        Case("mean", "as many queries as keys", of(4, 4, 4)),
        Case("mean", "float32", of(3, 2, 4, dtype=F32)),
        Case("batch", "two batch axes, views", of(3, 2, 3, 4, 5), layouts=views),
        Case("batch", "the batch shares one value tensor (an expanded view)", shared, layouts={"value": "expanded"}),
        Case("batch", "one query, d_v = 1", of(1, 3, 1, 5)),
        Case("batch", "one key, float32", of(3, 2, 4, 1, dtype=F32)),
        *(Case("hidden", name, _with_value(d, given, 3)) for name, given in _hidden(d)),
        *(Case("rows", name, _with_value(d, given, 2)) for name, given in _rows(d)),
        *(Case("extremes", name, _with_value(d, given, 3)) for name, given in _extremes(d)[1:3]),
        Case("extremes", "1e6 in hidden scores and values, float32", loud),
        Case("gradients", "one batch axis", of(4, 2, 3, 5), "gradients", names),
        Case("gradients", "float32", of(2, 4, 3, dtype=F32), "gradients", names),
        *(
            Case("hidden_gradients", name, _with_value(d, given, 3), "gradients", names)
            for name, given in _hidden_gradients(d)[:3]
        ),
        Case("device", "inputs on another device", of(3, 2, 3, 5, mask=d.mask(3, 5)), "meta"),
        Case("device", "another default device", of(3, 2, 3, 5, mask=with_hidden_rows(d, 3, 5)), "default_device"),
        Case("device", "another default device, no mask", of(2, 3, 5), "default_device"),
        Case("state", "called again", repeat[0], "repeat", then=(repeat[1], of(2, 2, 6, 7, mask=d.mask(6, 7)))),
    ]
