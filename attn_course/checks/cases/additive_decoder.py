"""Inputs of `AttentionDecoder.step` (chapter 02).

Most cases show one part of the step, whatever becomes of the others: annotations that are all alike give the same
context under any weights, a GRU without weights gives the same state for any input, and with W_query = 0 and sums near
0 the scores depend neither on the state nor on the tanh.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attn_course.checks.cases import additive_scores
from attn_course.checks.engine import Case, Draw

F32, F64 = torch.float32, torch.float64
SIZES = {"apart": (11, 3, 5, 7, 4), "other": (7, 6, 3, 4, 5), "equal": (6, 4, 4, 4, 4)}
"""vocab, d_embed, d_hidden, d_memory, d_attn."""

LOOKS = ("weights", "hidden")
"""What shows where the decoder looked, and what it found there."""


def hidden_positions(case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """Which weights (batch, source) belong to padding."""
    return np.broadcast_to(~case.arguments["mask"].numpy(), shape)


def _parameters(d: Draw, vocab: int, d_embed: int, d_hidden: int, d_memory: int, d_attn: int) -> dict[str, Tensor]:
    """Every parameter of an `AttentionDecoder`, by name."""
    shapes: dict[str, tuple[int, ...]] = {
        "embed.weight": (vocab, d_embed),
        "rnn.weight_ih": (3 * d_hidden, d_embed + d_memory),
        "rnn.weight_hh": (3 * d_hidden, d_hidden),
        "rnn.bias_ih": (3 * d_hidden,),
        "rnn.bias_hh": (3 * d_hidden,),
        "output.weight": (vocab, d_embed + d_hidden + d_memory),
        "output.bias": (vocab,),
    }
    rest = {name: d.normal(*shape, scale=shape[-1] ** -0.5 * 1.5) for name, shape in shapes.items()}
    rest["embed.weight"] = d.normal(vocab, d_embed)
    return additive_scores.weights(d, d_hidden, d_memory, d_attn) | rest


def _gentle(d: Draw, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The scores come from the annotations alone, and hardly through the tanh."""
    small = additive_scores.weights(d, *weights["W_query"].shape[:1], *weights["W_key"].shape, gentle=True)
    return weights | small | {"W_query": torch.zeros_like(weights["W_query"])}


def _steady(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The new state depends on the old one alone, entry by entry."""
    return weights | {name: torch.zeros_like(weights[name]) for name in ("rnn.weight_ih", "rnn.weight_hh")}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def AttentionDecoder(seed: int) -> list[Case]:
    d = Draw(seed, "AttentionDecoder")
    weights = {which: _parameters(d, *sizes) for which, sizes in SIZES.items()}

    def given(
        which: str, batch: int, source: int, lengths: tuple[int, ...] = (), alike: bool = False
    ) -> dict[str, Any]:
        vocab, _, d_hidden, d_memory, _ = SIZES[which]
        memory = d.normal(batch, source, d_memory)
        if alike:
            memory = memory[:, :1].expand_as(memory).clone()
        mask = torch.arange(source) < torch.tensor(lengths or (source,) * batch)[:, None]
        token = d.integers(batch, low=1, high=vocab)
        token[-1] = 0  # a token like the others
        return {"token": token, "hidden": d.normal(batch, d_hidden), "memory": memory, "mask": mask}

    def case(aspect: str, name: str, which: str, arguments: dict[str, Any], **more: Any) -> Case:
        return Case(aspect, name, arguments, **{"init": SIZES[which], "weights": weights[which], **more})

    def attention(name: str, which: str, arguments: dict[str, Any]) -> Case:
        return case("attention", name, which, arguments, compared=("weights",))

    def hidden(name: str, which: str, arguments: dict[str, Any]) -> Case:
        return case("hidden", name, which, arguments, compared=("hidden",))

    def logits(name: str, which: str, arguments: dict[str, Any]) -> Case:
        steady = _steady(weights[which])
        return case("logits", f"a GRU without weights, {name}", which, arguments, compared=("logits",), weights=steady)

    def mask(aspect: str, name: str, which: str, arguments: dict[str, Any]) -> Case:
        gentle = _gentle(d, weights[which])
        return case(aspect, f"W_query = 0, {name}", which, arguments, compared=("weights",), weights=gentle)

    def holes(which: str, batch: int, source: int) -> dict[str, Any]:
        """A mask that hides any positions, not the last ones alone."""
        return given(which, batch, source) | {"mask": d.mask(batch, source)}

    def to_float32(arguments: dict[str, Any]) -> dict[str, Any]:
        return {n: t.float() if t.is_floating_point() else t for n, t in arguments.items()}

    single = {name: w.float() for name, w in weights["apart"].items()}
    loud = given("apart", 2, 5, (3, 2))
    loud["memory"][0, 3:], loud["memory"][1, 2:] = 1e6, -1e6
    names = (*weights["apart"], "hidden", "memory")
    backward = {"observe": "gradients", "gradients": names}
    repeat = [given("apart", 3, 6, (4, 6, 1)), given("apart", 3, 6, (6, 2, 5)), given("apart", 2, 8, (3, 8))]
    views = {"memory": "permuted", "hidden": "transposed", "mask": "strided"}
    return [
        attention("no padding", "apart", given("apart", 3, 6)),
        attention("all widths equal", "equal", given("equal", 4, 4)),
        hidden("annotations all alike", "apart", given("apart", 3, 4, alike=True)),
        hidden("one source token, all widths equal", "equal", given("equal", 2, 1)),
        logits("annotations all alike", "apart", given("apart", 3, 4, alike=True)),
        logits("one source token, all widths equal", "equal", given("equal", 4, 1)),
        mask("mask", "1 to 5 source tokens", "apart", given("apart", 3, 5, (5, 1, 3))),
        mask("mask", "as many sentences as source tokens", "equal", holes("equal", 4, 4)),
        mask("rows", "sentence 1 is hidden", "apart", given("apart", 3, 5, (4, 0, 2))),
        case("extremes", "1e6 in the padding, float32", "apart", to_float32(loud), weights=single, compared=LOOKS),
        _far(d),
        case("together", "padding", "apart", repeat[0]),
        case("together", "sentence 0 is hidden", "other", given("other", 3, 4, (0, 4, 2))),
        case("together", "all sizes equal, views", "equal", holes("equal", 4, 4), layouts=views),
        case("together", "a batch of one, float32", "apart", to_float32(given("apart", 1, 4, (3,))), weights=single),
        case("gradients", "padding, sentence 1 is hidden", "apart", given("apart", 3, 4, (2, 0, 4)), **backward),
        case("gradients", "float32", "apart", to_float32(given("apart", 2, 3)), weights=single, **backward),
        case("device", "inputs on another device", "equal", given("equal", 2, 3, (3, 1)), observe="meta"),
        case("device", "another default device", "equal", given("equal", 2, 3, (3, 1)), observe="default_device"),
        case("state", "called again", "apart", repeat[0], observe="repeat", then=tuple(repeat[1:])),
    ]


def _far(d: Draw) -> Case:
    """Scores of ±1400 and ±600: in each sentence the hidden ones lie 800 above the visible ones."""
    sizes = (5, 2, 1, 2, 2)
    weights = _parameters(d, *sizes) | {
        "W_query": torch.tensor([[2000.0, 0.0]], dtype=F64),
        "W_key": torch.tensor([[1000.0, 0.0], [0.0, 1000.0]], dtype=F64),
        "v": torch.tensor([1000.0, 400.0], dtype=F64),
    }
    second = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=F64).expand(2, 4)
    arguments = {
        "token": d.integers(2, low=0, high=5),
        "hidden": torch.tensor([[1.0], [-1.0]], dtype=F64),
        "memory": torch.stack([2.0 * d.integers(2, 4, low=0, high=2).double() - 1, second], dim=-1),
        "mask": second < 0,
    }
    name = "hidden scores 800 above the visible ones"
    return Case("extremes", name, arguments, init=sizes, weights=weights, compared=LOOKS)
