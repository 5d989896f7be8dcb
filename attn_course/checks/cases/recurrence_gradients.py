"""Inputs for `state_jacobian_norms` and `clip_gradients` (chapter 01)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attn_course.checks.cases.recurrence_steps import LONG
from attn_course.checks.engine import Case, Draw

F64, F32 = torch.float64, torch.float32


def _states(d: Draw, time: int, d_hidden: int, dtype: torch.dtype = F64) -> dict[str, Tensor]:
    """The weights are scaled so that the norms neither vanish nor explode within a few steps."""
    return {
        "states": d.uniform(time, d_hidden, low=-0.9, high=0.9, dtype=dtype),
        "W_h": d.normal(d_hidden, d_hidden, scale=1.2 * d_hidden**-0.5, dtype=dtype),
    }


def _lasting(d: Draw, time: int, d_hidden: int) -> dict[str, Tensor]:
    """Small states and a matrix that hardly stretches: the norms stay well above 0 for many steps."""
    turned, _ = torch.linalg.qr(d.normal(d_hidden, d_hidden))
    return {"states": d.uniform(time, d_hidden, low=-0.5, high=0.5), "W_h": turned + d.normal(*turned.shape, scale=0.1)}


def _flat(d: Draw, time: int, d_hidden: int, whole_step: int | None) -> dict[str, Tensor]:
    """Some entries of the states are ±1, where the tanh has slope 0; one whole state, if asked."""
    case = _states(d, time, d_hidden)
    signs = d.integers(time, d_hidden, low=0, high=2) * 2.0 - 1
    flat = torch.zeros(time, d_hidden, dtype=torch.bool)
    flat[torch.arange(time), d.integers(time, low=0, high=d_hidden)] = True
    if whole_step is not None:
        flat[whole_step] = True
    case["states"] = torch.where(flat, signs.to(F64), case["states"])
    return case


def _nearly_tied(d: Draw, d_hidden: int) -> dict[str, Tensor]:
    """Two states whose Jacobian has two singular values close together, which few steps of an iteration do not part."""
    states = d.uniform(2, d_hidden, low=-0.7, high=0.7)
    left, _ = torch.linalg.qr(d.normal(d_hidden, d_hidden))
    right, _ = torch.linalg.qr(d.normal(d_hidden, d_hidden))
    values = torch.cat((torch.tensor([1.0, 0.97], dtype=F64), torch.linspace(0.7, 0.1, d_hidden - 2, dtype=F64)))
    jacobian = (left * values) @ right.mT
    return {"states": states, "W_h": (jacobian / (1 - states[1:].mT ** 2)).mT.contiguous()}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def state_jacobian_norms(seed: int) -> list[Case]:
    d = Draw(seed, "state_jacobian_norms")
    both = {"states": "transposed", "W_h": "strided"}
    return [
        Case("step", "2 states of 3 entries", _states(d, 2, 3)),
        Case("step", "2 states of 5 entries", _states(d, 2, 5), layouts={"W_h": "transposed"}),
        Case("step", "2 states of 7 entries, float32", _states(d, 2, 7, F32)),
        Case("product", "3 states of 5 entries", _states(d, 3, 5)),
        Case("product", "5 states of 2 entries", _states(d, 5, 2)),
        Case("product", "7 states of 3 entries", _states(d, 7, 3), layouts=both),
        Case("product", "19 states of 5 entries", _lasting(d, 19, 5), tolerance=LONG),
        Case("product", "4 states of 7 entries, float32", _states(d, 4, 7, F32)),
        Case("edges", "some entries of the states are ±1", _flat(d, 5, 3, None)),
        Case("edges", "all entries of state 2 are ±1", _flat(d, 5, 4, 2)),
        Case("edges", "a single state", _states(d, 1, 3)),
        Case("edges", "states of a single entry", _states(d, 3, 1)),
        Case("edges", "two singular values close together", _nearly_tied(d, 5)),
        Case("device", "inputs on another device", _states(d, 4, 3), observe="meta"),
        Case("device", "another default device", _states(d, 4, 3), observe="default_device"),
        Case(
            "state",
            "several calls in a row",
            _states(d, 4, 3),
            observe="repeat",
            then=(_states(d, 4, 3), _states(d, 9, 5)),
        ),
    ]


def _gradients(
    d: Draw, norm: float, max_norm: float, *shapes: tuple[int, ...], dtype: torch.dtype = F64
) -> dict[str, Any]:
    """Gradients whose entries together have the given norm, with a share of it in every tensor."""
    drawn = [d.normal(*shape) for shape in shapes]
    shares = d.uniform(len(shapes), low=0.6, high=1.4)
    scaled = [share * tensor / tensor.norm() for share, tensor in zip(shares, drawn, strict=True)]
    total = float(shares.norm())
    return {"gradients": [(tensor * (norm / total)).to(dtype) for tensor in scaled], "max_norm": max_norm}


def _zeros(max_norm: float, *shapes: tuple[int, ...]) -> dict[str, Any]:
    return {"gradients": [torch.zeros(shape, dtype=F64) for shape in shapes], "max_norm": max_norm}


def _one_zero(d: Draw, norm: float, max_norm: float) -> dict[str, Any]:
    case = _gradients(d, norm, max_norm, (3, 5), (2,))
    case["gradients"].insert(1, torch.zeros(7, dtype=F64))
    return case


def _turned(d: Draw, norm: float, max_norm: float) -> dict[str, Any]:
    case = _gradients(d, norm, max_norm, (2, 5), (3,))
    case["gradients"][0] = case["gradients"][0].mT
    return case


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def clip_gradients(seed: int) -> list[Case]:
    d = Draw(seed, "clip_gradients")
    long = float(d.uniform(1, low=6, high=9))
    # In the last of these each tensor alone is shorter than max_norm, all together are longer.
    together = _gradients(d, 4.0, 3.5, (2, 3), (5,), (7, 2))
    lists = ("clipped",)
    return [
        Case("clip", "norm above max_norm", _gradients(d, long, 2.5, (3, 5), (5,), (7, 3)), compared=lists),
        Case("clip", "norm a little above max_norm", _gradients(d, 2.51, 2.5, (3, 5), (5,), (7, 3)), compared=lists),
        Case("clip", "12 tensors", _gradients(d, long, 2.5, *(((2, 3), (5,)) * 6)), compared=lists),
        Case("clip", "max_norm below 1", _gradients(d, long, 0.5, (4,), (2, 5)), compared=lists),
        Case("clip", "each tensor alone is short enough", together, compared=lists),
        Case("clip", "axes of many kinds", _gradients(d, long, 1.5, (2, 3, 5), (11,), (1, 7)), compared=lists),
        Case("clip", "one tensor", _gradients(d, long, 3.0, (5, 3)), compared=lists),
        Case("clip", "float32", _gradients(d, long, 2.5, (3, 2), (5,), dtype=F32), compared=lists),
        Case("clip", "one tensor is all zero", _one_zero(d, long, 3.0), compared=lists),
        Case("small", "norm below max_norm", _gradients(d, 3.0, long, (3, 5), (5,)), compared=lists),
        Case("small", "norm a little below max_norm", _gradients(d, 2.49, 2.5, (3, 5), (5,)), compared=lists),
        Case("small", "norm far below max_norm", _gradients(d, 2.5, 1000.0, (3, 2), (7,)), compared=lists),
        Case("small", "all gradients are zero", _zeros(2.0, (3, 5), (2,)), compared=lists),
        Case("norm", "norm above max_norm", _gradients(d, long, 2.5, (3, 5), (5,), (7, 3)), compared=("norm",)),
        Case("norm", "norm below max_norm", _gradients(d, 3.0, long, (2, 3, 5), (7,)), compared=("norm",)),
        Case("norm", "a transposed view", _turned(d, long, 2.5), compared=("norm",)),
        Case("norm", "all gradients are zero", _zeros(2.0, (3, 5), (2,)), compared=("norm",)),
        Case("norm", "float32", _gradients(d, long, 2.5, (5, 2), (3,), dtype=F32), compared=("norm",)),
        Case("device", "gradients on another device", _gradients(d, long, 2.5, (3, 5), (7,)), observe="meta"),
        Case("device", "another default device", _gradients(d, long, 2.5, (3, 5), (7,)), observe="default_device"),
        Case(
            "state",
            "several calls in a row",
            _gradients(d, long, 2.5, (3, 5), (7,)),
            observe="repeat",
            then=(_gradients(d, 4.0, 2.5, (3, 5), (7,)), _gradients(d, 9.0, 3.5, (5, 3), (2, 7), (11,))),
        ),
    ]
