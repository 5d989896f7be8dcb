"""Masks and far-apart scores that the cases of every kind of attention share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from attn_course.checks.engine import Case, Draw


def hidden_keys(case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """Which weights (*batch, queries, keys) belong to keys that the mask hides."""
    mask = case.arguments.get("mask")
    return np.zeros(shape, bool) if mask is None else np.broadcast_to(~mask.numpy(), shape)


def with_hidden_rows(d: Draw, *shape: int) -> Tensor:
    """A mask whose second row sees nothing; from three axes on the whole of the first batch item is hidden."""
    mask = d.mask(*shape)
    mask[..., 1, :] = False
    if len(shape) > 2:
        mask[0] = False
    return mask


def padding(lengths: tuple[int, ...], max_len: int) -> Tensor:
    """A padding mask (batch, 1, max_len)."""
    return torch.arange(max_len) < torch.tensor(lengths)[:, None, None]


FAR_ROWS = [
    [1000, 900, 1000, 0, -1000],
    [-1000, -1100, -1300, -1000, -1000],
    [0, -1000, -200, 0, 0],
]
"""Rows whose largest scores are 1000 apart; within a row the largest tie and the others vanish."""

HIDDEN_ABOVE = [
    [0, 800, 0, -150, 800],
    [-1000, 0, -200, -1000, -200],
    [800, 0, 0, 1000, -100],
    [-1000, -1000, -990, -1000, -1000],
]
VISIBLE_BELOW = [
    [True, False, True, True, False],
    [True, False, False, True, False],
    [False, True, True, False, True],
    [True, True, False, False, True],
]
"""Hidden scores up to 2000 above the visible ones, and visible ones at -1000, below any small fill."""
