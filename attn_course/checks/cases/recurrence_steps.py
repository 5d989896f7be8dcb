"""Inputs for `rnn_step`, `lstm_step` and `run_rnn` (chapter 01)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from attn_course.checks.engine import Case, Draw

F64, F32 = torch.float64, torch.float32
LONG = 1e-5
"""Tolerance over many steps, where the rounding of float32 inside adds up."""
RNN = ("x", "hidden", "W_x", "W_h", "bias")
LSTM = ("x", "hidden", "cell", "W_x", "W_h", "bias")
RUN = ("inputs", "W_x", "W_h", "bias")


def _weights(d: Draw, d_in: int, d_hidden: int, gates: int, dtype: torch.dtype, bias: float = 1.0) -> dict[str, Tensor]:
    """Weights that keep the gates within about ±3, where neither tanh nor the logistic function is flat."""
    wide = gates * d_hidden
    return {
        "W_x": d.normal(d_in, wide, scale=d_in**-0.5, dtype=dtype),
        "W_h": d.normal(d_hidden, wide, scale=d_hidden**-0.5, dtype=dtype),
        "bias": d.normal(wide, scale=bias, dtype=dtype),
    }


def _rnn(
    d: Draw, *batch: int, d_in: int, d_hidden: int, bias: float = 1.0, dtype: torch.dtype = F64
) -> dict[str, Tensor]:
    return {
        "x": d.normal(*batch, d_in, dtype=dtype),
        "hidden": d.uniform(*batch, d_hidden, low=-1, high=1, dtype=dtype),
        **_weights(d, d_in, d_hidden, 1, dtype, bias),
    }


def _same_rows(d: Draw, rows: int, width: int) -> Tensor:
    return d.uniform(1, width, low=-1, high=1).repeat(rows, 1)


def _saturated(d: Draw, rows: int, d_in: int, signs: Tensor, gates: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Whole numbers; every gate lies between 930 and 1000, with the sign that `signs` gives its column."""

    def whole(*shape: int) -> Tensor:
        return d.integers(*shape, low=-2, high=3).to(dtype)

    d_hidden = len(signs) // gates
    return {
        "x": whole(rows, d_in),
        "hidden": d.integers(rows, d_hidden, low=-1, high=2).to(dtype),
        "W_x": whole(d_in, len(signs)),
        "W_h": whole(d_hidden, len(signs)),
        "bias": (965 * signs).to(dtype),
    }


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def rnn_step(seed: int) -> list[Case]:
    d = Draw(seed, "rnn_step")
    signs = torch.tensor([1, -1, 1, 1, -1])
    shared = _rnn(d, 3, d_in=2, d_hidden=5) | {"hidden": _same_rows(d, 3, 5)}
    stacked = _rnn(d, 2, 5, d_in=4, d_hidden=3)
    return [
        Case("sum", "d_in = 3, d_hidden = 5, bias 0", _rnn(d, 2, d_in=3, d_hidden=5, bias=0)),
        Case("sum", "d_in = 7, d_hidden = 2, bias 0", _rnn(d, 3, d_in=7, d_hidden=2, bias=0)),
        Case("sum", "d_in = d_hidden = 4, bias 0", _rnn(d, 3, d_in=4, d_hidden=4, bias=0)),
        Case("bias", "d_in = 3, d_hidden = 5", _rnn(d, 2, d_in=3, d_hidden=5)),
        Case("bias", "d_in = d_hidden = 3", _rnn(d, 4, d_in=3, d_hidden=3)),
        Case("bias", "float32", _rnn(d, 5, d_in=2, d_hidden=3, dtype=F32)),
        Case("batch", "no batch axis", _rnn(d, d_in=3, d_hidden=5)),
        Case("batch", "no batch axis, d_in = d_hidden = 4", _rnn(d, d_in=4, d_hidden=4)),
        Case("batch", "two batch axes", stacked, layouts={"x": "transposed", "hidden": "transposed"}),
        Case("batch", "three batch axes", _rnn(d, 2, 3, 1, d_in=4, d_hidden=5)),
        Case("batch", "batch of one, d_hidden = 1", _rnn(d, 1, d_in=5, d_hidden=1), layouts={"x": "strided"}),
        Case("batch", "an expanded state", shared, layouts={"hidden": "expanded", "W_x": "transposed"}),
        Case("extremes", "sums near ±1000", _saturated(d, 2, 3, signs, 1, F64)),
        Case("extremes", "sums near ±1000, float32", _saturated(d, 3, 2, -signs, 1, F32)),
        Case("gradients", "one batch axis", _rnn(d, 3, d_in=2, d_hidden=5), observe="gradients", gradients=RNN),
        Case("gradients", "d_in = d_hidden = 3", _rnn(d, 2, d_in=3, d_hidden=3), observe="gradients", gradients=RNN),
        Case("gradients", "no batch axis", _rnn(d, d_in=2, d_hidden=5), observe="gradients", gradients=RNN),
        Case("gradients", "float32", _rnn(d, 2, d_in=5, d_hidden=3, dtype=F32), observe="gradients", gradients=RNN),
        Case("gradients", "two batch axes", _rnn(d, 3, 2, d_in=4, d_hidden=5), observe="gradients", gradients=RNN),
        Case("device", "inputs on another device", _rnn(d, 2, d_in=3, d_hidden=5), observe="meta"),
        Case("device", "another default device", _rnn(d, 2, d_in=3, d_hidden=5), observe="default_device"),
        Case(
            "state",
            "several calls in a row",
            _rnn(d, 2, d_in=3, d_hidden=5),
            observe="repeat",
            then=(_rnn(d, 2, d_in=3, d_hidden=5), _rnn(d, 7, d_in=5, d_hidden=11)),
        ),
    ]


def _lstm(
    d: Draw, *batch: int, d_in: int, d_hidden: int, bias: float = 1.0, dtype: torch.dtype = F64
) -> dict[str, Tensor]:
    return {
        "x": d.normal(*batch, d_in, dtype=dtype),
        "hidden": d.uniform(*batch, d_hidden, low=-1, high=1, dtype=dtype),
        "cell": d.normal(*batch, d_hidden, dtype=dtype),
        **_weights(d, d_in, d_hidden, 4, dtype, bias),
    }


def _alike_gates(d: Draw, rows: int, d_in: int, d_hidden: int) -> dict[str, Tensor]:
    """Input and forget gate are equal, so that only what happens to the new cell is seen."""
    case = _lstm(d, rows, d_in=d_in, d_hidden=d_hidden, bias=0)
    for name in ("W_x", "W_h"):
        case[name][:, d_hidden : 2 * d_hidden] = case[name][:, :d_hidden]
    return case


def _saturated_lstm(d: Draw, rows: int, d_in: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Gates that are wide open or shut, in combinations that show each of them."""
    # Rows: input, forget, candidate, output gate; columns: the entries of the state.
    signs = torch.tensor([[1, 1, -1, 1, -1], [1, -1, 1, 1, -1], [1, -1, 1, -1, 1], [1, 1, 1, -1, 1]])
    signs = signs[:, d.order(5)].flatten()
    case = _saturated(d, rows, d_in, signs, 4, dtype)
    return {"x": case["x"], "hidden": case["hidden"], "cell": d.normal(rows, 5, dtype=dtype), **case}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def lstm_step(seed: int) -> list[Case]:
    d = Draw(seed, "lstm_step")
    shared = _lstm(d, 3, d_in=2, d_hidden=5)
    shared |= {"hidden": _same_rows(d, 3, 5), "cell": _same_rows(d, 3, 5)}
    layouts = {"x": "transposed", "W_x": "transposed", "cell": "strided"}
    large = _alike_gates(d, 7, 2, 3) | {"cell": d.uniform(7, 3, low=-8, high=8)}
    deep = _lstm(d, 7, d_in=2, d_hidden=5, bias=0) | {"cell": d.uniform(7, 5, low=-8, high=8)}
    return [
        Case("cell", "d_in = 3, bias 0", _lstm(d, 2, d_in=3, d_hidden=5, bias=0), compared=("cell",)),
        Case("cell", "d_in = 5, bias 0", _lstm(d, 4, d_in=5, d_hidden=2, bias=0), compared=("cell",)),
        Case("cell", "cells up to 8, bias 0", deep, compared=("cell",)),
        Case("hidden", "input gate = forget gate, bias 0", _alike_gates(d, 2, 3, 5), compared=("hidden",)),
        Case("hidden", "input gate = forget gate, d_hidden = 3", _alike_gates(d, 5, 2, 3), compared=("hidden",)),
        Case("hidden", "input gate = forget gate, cells up to 8", large, compared=("hidden",)),
        Case("bias", "d_in = 3, d_hidden = 5", _lstm(d, 2, d_in=3, d_hidden=5)),
        Case("bias", "float32", _lstm(d, 5, d_in=2, d_hidden=3, dtype=F32)),
        Case("batch", "no batch axis", _lstm(d, d_in=2, d_hidden=3)),
        Case("batch", "two batch axes", _lstm(d, 3, 2, d_in=5, d_hidden=4), layouts=layouts),
        Case("batch", "three batch axes", _lstm(d, 2, 3, 1, d_in=4, d_hidden=5)),
        Case("batch", "batch of one, d_hidden = 1", _lstm(d, 1, d_in=3, d_hidden=1)),
        Case("batch", "an expanded state", shared, layouts={"hidden": "expanded", "cell": "expanded"}),
        Case("extremes", "gates near ±1000", _saturated_lstm(d, 2, 3, F64)),
        Case("extremes", "gates near ±1000, float32", _saturated_lstm(d, 3, 2, F32)),
        Case("gradients", "one batch axis", _lstm(d, 3, d_in=2, d_hidden=5), observe="gradients", gradients=LSTM),
        Case("gradients", "no batch axis", _lstm(d, d_in=2, d_hidden=5), observe="gradients", gradients=LSTM),
        Case("gradients", "float32", _lstm(d, 2, d_in=5, d_hidden=3, dtype=F32), observe="gradients", gradients=LSTM),
        Case("gradients", "two batch axes", _lstm(d, 3, 2, d_in=4, d_hidden=5), observe="gradients", gradients=LSTM),
        Case("device", "inputs on another device", _lstm(d, 2, d_in=3, d_hidden=5), observe="meta"),
        Case("device", "another default device", _lstm(d, 2, d_in=3, d_hidden=5), observe="default_device"),
        Case(
            "state",
            "several calls in a row",
            _lstm(d, 2, d_in=3, d_hidden=5),
            observe="repeat",
            then=(_lstm(d, 2, d_in=3, d_hidden=5), _lstm(d, 7, d_in=5, d_hidden=11)),
        ),
    ]


def past_the_end(case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """Which states (batch, time, d_hidden) lie behind the end of their sequence."""
    behind = torch.arange(shape[1]) >= case.arguments["lengths"][:, None]
    return np.broadcast_to(behind[:, :, None].numpy(), shape)


def shuffled(d: Draw, *lengths: int) -> Tensor:
    """The lengths in an order that neither rises nor falls throughout, and that sorting twice does not undo."""
    ordered = torch.tensor(lengths)
    distinct = len(set(lengths)) == len(lengths)
    while True:
        mixed = ordered[d.order(len(lengths))]
        steps, by_length = mixed.diff(), mixed.argsort(descending=True)
        undone = distinct and torch.equal(by_length[by_length], torch.arange(len(lengths)))
        if bool((steps > 0).any()) and bool((steps < 0).any()) and not undone:
            return mixed


def _run(
    d: Draw,
    lengths: Tensor,
    time: int,
    d_in: int,
    d_hidden: int,
    padding: float = 2.0,
    bias: float = 1.0,
    dtype: torch.dtype = F64,
) -> dict[str, Tensor]:
    """Sequences followed by numbers of up to ±padding, which must not matter."""
    batch = len(lengths)
    inputs = d.normal(batch, time, d_in)
    waste = d.uniform(batch, time, d_in, low=-padding, high=padding)
    running = torch.arange(time) < lengths[:, None]  # (batch, time)
    inputs = torch.where(running[..., None], inputs, waste).to(dtype)
    weights = _weights(d, d_in, d_hidden, 1, dtype, bias)
    weights["W_h"] *= 0.7  # rounding dies away from step to step: float32 inside stays right
    return {"inputs": inputs, "lengths": lengths, **weights}


def _full(d: Draw, batch: int, time: int, d_in: int, d_hidden: int, dtype: torch.dtype = F64) -> dict[str, Tensor]:
    return _run(d, torch.full((batch,), time), time, d_in, d_hidden, dtype=dtype)


def _padded(d: Draw, dtype: torch.dtype = F64, padding: float = 2.0) -> dict[str, Tensor]:
    """One sequence of full length, one of a single step."""
    return _run(d, shuffled(d, 5, 1, 2, 4), 5, 2, 3, dtype=dtype, padding=padding)


def _short(d: Draw) -> dict[str, Tensor]:
    """No sequence is as long as `time`."""
    return _run(d, shuffled(d, 2, 5, 4), 7, 5, 2)


def _saturated_run(d: Draw) -> dict[str, Tensor]:
    signs = torch.tensor([1, -1, -1, 1, 1])
    case = _saturated(d, 1, 2, signs, 1, F64)
    inputs = d.integers(3, 4, 2, low=-2, high=3).to(F64)
    weights = {name: case[name] for name in ("W_x", "W_h", "bias")}
    return {"inputs": inputs, "lengths": shuffled(d, 4, 1, 3), **weights}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def run_rnn(seed: int) -> list[Case]:
    d = Draw(seed, "run_rnn")
    strided = {"inputs": "strided", "W_h": "transposed"}
    alike = _run(d, torch.full((4,), 3), 5, 2, 3)
    tiny = _run(d, shuffled(d, 2, 1, 2), 2, 3, 5)  # on `meta` every operation is slow
    return [
        Case("steps", "all sequences of 5 steps", _full(d, 2, 5, 4, 3), compared=("states",)),
        Case("steps", "all sequences of 23 steps", _full(d, 2, 23, 3, 5), compared=("states",), tolerance=LONG),
        Case("steps", "all sequences of 2 steps, float32", _full(d, 3, 2, 5, 4, F32), compared=("states",)),
        Case("steps", "a single time step", _full(d, 3, 1, 4, 2), compared=("states",)),
        Case("steps", "one sequence of 3 steps", _full(d, 1, 3, 2, 5), layouts=strided, compared=("states",)),
        Case("zeros", "sequences of 1 to 5 steps", _padded(d), compared=("states",)),
        Case("zeros", "no sequence fills the 7 time steps", _short(d), compared=("states",)),
        Case("zeros", "one sequence of 2 in 5 time steps", _run(d, torch.tensor([2]), 5, 2, 3), compared=("states",)),
        Case("zeros", "all sequences of 3 in 5 time steps", alike, compared=("states",)),
        Case("final", "all sequences of 3 in 5 time steps", alike, compared=("final",)),
        Case("final", "sequences of 1 to 5 steps", _padded(d), compared=("final",)),
        Case("final", "no sequence fills the 7 time steps", _short(d), compared=("final",)),
        Case("final", "sequences of 1 to 5 steps, float32", _padded(d, F32), compared=("final",)),
        Case("final", "a batch of one", _run(d, torch.tensor([2]), 5, 2, 3), compared=("final",)),
        Case("extremes", "padding of up to a million", _padded(d, padding=1e6), layouts={"inputs": "transposed"}),
        Case("extremes", "padding of up to a million, float32", _padded(d, F32, padding=1e6)),
        Case("extremes", "sums near ±1000", _saturated_run(d)),
        Case("gradients", "sequences of 1 to 5 steps", _padded(d), observe="gradients", gradients=RUN),
        Case("gradients", "sequences of 23 steps", _full(d, 2, 23, 3, 5), observe="gradients", gradients=RUN),
        Case("gradients", "a single sequence", _full(d, 1, 4, 3, 5), observe="gradients", gradients=RUN),
        Case("gradients", "float32", _padded(d, F32), observe="gradients", gradients=RUN),
        Case("gradients", "padding of a million", _padded(d, padding=1e6), observe="gradients", gradients=RUN),
        Case("device", "inputs on another device", tiny, observe="meta"),
        Case("device", "another default device", tiny, observe="default_device"),
        Case(
            "state",
            "several calls in a row",
            _padded(d),
            observe="repeat",
            then=(_padded(d), _run(d, shuffled(d, 8, 3, 6, 7, 1), 9, 3, 7)),
        ),
    ]
