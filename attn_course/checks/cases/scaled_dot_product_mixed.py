"""Inputs in which everything happens at once, for answers that are wrong only where two things meet.

Elsewhere the cases of chapter 04 show one thing at a time, so that one mistake costs one aspect. Here a scale that is
no 1 meets every kind of mask, equal sizes, one and three batch axes, and longer sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from attn_course.checks.engine import Draw

F32, F64 = torch.float32, torch.float64


@dataclass(frozen=True)
class Mixture:
    """Sizes, a mask, a dtype, and how all inputs but the mask lie in memory."""

    name: str
    batch: tuple[int, ...]
    queries: int
    keys: int
    d_k: int
    d_v: int
    mask: Tensor | None = None
    dtype: torch.dtype = F64
    layout: str = ""


def _some_rows_hidden(d: Draw, *shape: int) -> Tensor:
    mask = d.mask(*shape)
    mask[..., 0, :] = False
    return mask


def _padding(*lengths: int) -> Tensor:
    """A padding mask (batch, 1, 6)."""
    return torch.arange(6) < torch.tensor(lengths)[:, None, None]


def mixtures(d: Draw) -> list[Mixture]:
    """Different queries and keys, for attention from one sequence to another."""
    lower = torch.ones(4, 6, dtype=torch.bool).tril(diagonal=1)
    return [
        Mixture("one batch axis, each item its own mask", (2,), 5, 3, 4, 4, d.mask(2, 5, 3)),
        Mixture("one batch axis, one mask for all", (3,), 4, 6, 7, 2, lower),
        Mixture("one batch axis, mask (1, queries, keys)", (2,), 3, 5, 2, 3, d.mask(1, 3, 5)),
        Mixture("two batch axes, mask (batch, 1, queries, keys)", (3, 2), 5, 4, 3, 5, d.mask(3, 1, 5, 4)),
        Mixture("two batch axes, mask (1, batch, 1, keys)", (2, 3), 4, 5, 6, 2, d.mask(1, 3, 1, 5)),
        Mixture("two batch axes, mask (keys,), hidden rows nowhere", (2, 2), 3, 7, 5, 3, d.mask(7)),
        Mixture("three batch axes, hidden rows", (2, 1, 3), 4, 5, 3, 2, _some_rows_hidden(d, 2, 1, 3, 4, 5)),
        Mixture(
            "two batch axes, mask (batch, queries, keys), permuted views",
            (2, 3),
            4,
            5,
            6,
            7,
            d.mask(3, 4, 5),
            layout="permuted",
        ),
        Mixture("two batch axes, each item its own mask", (2, 3), 5, 4, 3, 2, d.mask(2, 3, 5, 4)),
        Mixture("one batch axis, mask (1, keys)", (3,), 4, 5, 2, 6, d.mask(1, 5)),
        Mixture("one batch axis, an empty sequence, mask (batch, 1, keys)", (3,), 4, 6, 3, 2, _padding(3, 0, 5)),
        Mixture(
            "one batch axis, mask (batch, 1, 1)", (3,), 2, 4, 5, 3, torch.tensor([True, False, True])[:, None, None]
        ),
        Mixture("a mask that hides everything", (2,), 3, 4, 5, 2, torch.zeros(3, 4, dtype=torch.bool)),
        Mixture("as many batch items as queries, mask (queries, keys)", (4,), 4, 6, 3, 5, d.mask(4, 6)),
        Mixture("one query", (2,), 1, 5, 3, 4, d.mask(1, 5)),
        Mixture("one key, d_v = 1", (), 4, 1, 3, 1, torch.tensor([[True], [False], [True], [True]])),
        Mixture("a batch of one, hidden rows, float32", (1,), 6, 3, 8, 3, _some_rows_hidden(d, 1, 6, 3), F32),
        Mixture("a mask that hides nothing", (2,), 3, 4, 9, 2, torch.ones(3, 4, dtype=torch.bool)),
        Mixture("31 keys, d_k = 67", (), 23, 31, 67, 5, d.mask(23, 31)),
    ]


def square_mixtures(d: Draw) -> list[Mixture]:
    """As many queries as keys, as in self-attention."""
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    return [
        Mixture("equal sizes, no mask", (), 4, 4, 3, 3),
        Mixture("equal sizes, one batch axis, no mask", (4,), 4, 4, 4, 4),
        Mixture("causal mask, two batch axes", (2, 3), 5, 5, 7, 2, causal),
        Mixture("causal mask, a batch of one", (1,), 5, 5, 3, 5, causal[None]),
        Mixture("each item its own mask", (3,), 4, 4, 6, 2, d.mask(3, 4, 4)),
        Mixture("mask (1, batch, 1, keys)", (2, 3), 4, 4, 2, 5, d.mask(1, 3, 1, 4)),
        Mixture("mask (batch, 1, queries, keys), hidden rows", (2, 3), 5, 5, 3, 2, _some_rows_hidden(d, 2, 1, 5, 5)),
        Mixture("three batch axes", (2, 1, 3), 4, 4, 5, 3, d.mask(2, 1, 3, 4, 4)),
        Mixture("one batch axis, mask (keys,)", (2,), 5, 5, 3, 4, d.mask(5)),
        Mixture("mask (queries, 1), d_v = 1", (2,), 4, 4, 6, 1, torch.tensor([[True], [False], [True], [True]])),
        Mixture("an empty sequence, mask (batch, 1, keys)", (3,), 6, 6, 5, 3, _padding(3, 0, 5)),
        Mixture("two batch axes, permuted views", (2, 3), 5, 5, 4, 3, d.mask(3, 5, 5), layout="permuted"),
        Mixture("one position, hidden in one item", (2,), 1, 1, 3, 2, torch.tensor([[[True]], [[False]]])),
        Mixture("29 positions, d_k = 67, float32", (2,), 29, 29, 67, 3, d.mask(29, 29), F32),
    ]
