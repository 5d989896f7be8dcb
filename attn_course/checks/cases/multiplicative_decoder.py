"""Inputs of `LuongDecoder` (chapter 03).

Where tokens are embedded as 0 and the last attentional vector is 0, the recurrence reads nothing; where there is one
source token, its weight is 1. Such cases show the parts of a step apart from each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attn_course.checks.engine import Case, Draw

F32, F64 = torch.float32, torch.float64
Sizes = tuple[int, int, int, int]


def hidden_positions(case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """Which weights (batch, source) belong to padding."""
    return ~case.arguments["mask"].numpy()


def _parameters(
    d: Draw, vocab: int, d_embed: int, d_hidden: int, d_memory: int, dtype: torch.dtype = F64
) -> dict[str, Tensor]:
    """Every parameter of a `LuongDecoder`, by name."""
    shapes: dict[str, tuple[int, ...]] = {
        "embed.weight": (vocab, d_embed),
        "rnn.weight_ih": (3 * d_hidden, d_embed + d_hidden),
        "rnn.weight_hh": (3 * d_hidden, d_hidden),
        "rnn.bias_ih": (3 * d_hidden,),
        "rnn.bias_hh": (3 * d_hidden,),
        "W_score": (d_hidden, d_memory),
        "W_attentional": (d_memory + d_hidden, d_hidden),
        "output.weight": (vocab, d_hidden),
        "output.bias": (vocab,),
    }
    return {name: d.normal(*shape, scale=0.8, dtype=dtype) for name, shape in shapes.items()}


def _inputs(d: Draw, sizes: Sizes, batch: int, source: int, dtype: torch.dtype = F64) -> dict[str, Tensor]:
    """Random inputs of one step; nothing is hidden."""
    vocab, _, d_hidden, d_memory = sizes
    return {
        "token": d.integers(batch, low=0, high=vocab),
        "hidden": d.uniform(batch, d_hidden, low=-1, high=1, dtype=dtype),
        "attentional": d.uniform(batch, d_hidden, low=-1, high=1, dtype=dtype),
        "memory": d.normal(batch, source, d_memory, dtype=dtype),
        "mask": torch.ones(batch, source, dtype=torch.bool),
    }


def _padded(inputs: dict[str, Tensor], lengths: tuple[int, ...], padding: float | None = None) -> dict[str, Tensor]:
    """With the padding hidden, and filled with `padding` if that is given."""
    mask = torch.arange(inputs["mask"].shape[1]) < torch.tensor(lengths)[:, None]
    memory = inputs["memory"]
    if padding is not None:
        memory = memory.masked_fill(~mask[..., None], padding)
    return inputs | {"mask": mask, "memory": memory}


def _unread(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    return inputs | {"attentional": torch.zeros_like(inputs["attentional"])}


def _speechless(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return weights | {"embed.weight": torch.zeros_like(weights["embed.weight"])}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def decoder_cases(seed: int) -> list[Case]:
    """Cases of `LuongDecoder`."""
    d = Draw(seed, "LuongDecoder")
    # Vocabulary, embedding, state, memory. In the second and third all widths are equal, so that what is exchanged gives
    # other numbers and no error.
    sizes: list[Sizes] = [(11, 3, 5, 7), (13, 4, 4, 4), (7, 3, 3, 3)]
    weights = [_parameters(d, *size) for size in sizes]
    single = _parameters(d, *sizes[1], dtype=F32)
    names = tuple(weights[0])
    graded = ("hidden", "attentional", "memory", *names)

    def case(aspect: str, name: str, which: int, arguments: dict[str, Tensor], **more: Any) -> Case:
        return Case(aspect, name, arguments, **{"init": sizes[which], "weights": weights[which], **more})

    def inputs(which: int, batch: int, source: int, dtype: torch.dtype = F64) -> dict[str, Tensor]:
        return _inputs(d, sizes[which], batch, source, dtype)

    padded = _padded(inputs(0, 4, 6), (6, 2, 0, 3))
    loud = _padded(inputs(1, 3, 5), (1, 5, 3), padding=1e6)
    small = _padded(inputs(1, 3, 6, F32), (4, 6, 5))
    again = [_padded(inputs(1, 3, 5), (4, 5, 2)) for _ in range(2)]
    state = {"compared": ("hidden",)}
    looks, vector = {"compared": ("weights",)}, {"compared": ("attentional",)}
    return [
        case("recurrence", "5 sequences", 1, inputs(1, 5, 4), **state),
        case("recurrence", "2 sequences", 2, inputs(2, 2, 3), **state),
        case(
            "weights",
            "embeddings and attentional vector of 0",
            0,
            _unread(inputs(0, 3, 6)),
            weights=_speechless(weights[0]),
            **looks,
        ),
        case(
            "weights",
            "the same, state and memory equally wide",
            1,
            _unread(inputs(1, 4, 5)),
            weights=_speechless(weights[1]),
            **looks,
        ),
        case("vector", "one source token", 1, _unread(inputs(1, 3, 1)), weights=_speechless(weights[1]), **vector),
        case("vector", "7 source tokens", 2, inputs(2, 4, 7), **vector),
        case("logits", "3 sequences", 1, inputs(1, 3, 4), compared=("logits",)),
        case("logits", "float32", 1, inputs(1, 3, 4, F32), weights=single, compared=("logits",)),
        case("mask", "sources of 0 to 6 tokens", 0, padded),
        case("mask", "padding of a million", 1, loud),
        _far(d),
        case("gradients", "sources of 0 to 6 tokens", 0, padded, observe="gradients", gradients=graded),
        case("gradients", "float32", 1, small, weights=single, observe="gradients", gradients=graded),
        case("device", "inputs on another device", 2, inputs(2, 2, 3), observe="meta"),
        case("device", "another default device", 2, inputs(2, 2, 3), observe="default_device"),
        case("state", "several calls in a row", 1, again[0], observe="repeat", then=(again[1], inputs(1, 2, 9))),
    ]


def _far(d: Draw) -> Case:
    """Visible scores of -600 and -1400, hidden ones of 600 and 1400."""
    sizes = (5, 2, 1, 2)
    weights = _parameters(d, *sizes)
    weights["rnn.weight_ih"], weights["rnn.weight_hh"] = torch.zeros(3, 3, dtype=F64), torch.zeros(3, 1, dtype=F64)
    weights["rnn.bias_ih"] = torch.zeros(3, dtype=F64)
    weights["rnn.bias_hh"] = torch.zeros(3, dtype=F64)  # a GRU without weights halves its state
    weights["W_score"] = torch.tensor([[800.0, 1000.0]], dtype=F64)
    first = 2.0 * d.integers(2, 5, low=0, high=2).double() - 1
    hidden = torch.tensor([[1.0], [-1.0]], dtype=F64)
    mask = torch.tensor([[False, True, True, False, True], [True, False, True, True, False]])
    above = torch.where(mask, -1.0, 1.0).to(F64) * hidden
    arguments = _inputs(d, sizes, 2, 5) | {
        "hidden": hidden,
        "memory": torch.stack([first, 2 * above], dim=-1),
        "mask": mask,
    }
    name = "hidden scores 1200 and more above the visible ones"
    return Case("mask", name, arguments, init=sizes, weights=weights, compared=("weights", "attentional"))
