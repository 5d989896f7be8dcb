"""Random inputs of a case, drawn from one seed."""

from __future__ import annotations

import torch
from torch import Tensor


class Draw:
    """Draws tensors from a generator of its own.

    Args:
        seed: Any whole number.
        salt: Told apart from other draws of the same seed, such as the exercise's id.
    """

    def __init__(self, seed: int, salt: str = "") -> None:
        mixed = (seed * 1_000_003 + sum((i + 1) * ord(c) for i, c in enumerate(salt))) % (2**63 - 1)
        self.generator = torch.Generator().manual_seed(mixed)

    def normal(self, *shape: int, dtype: torch.dtype = torch.float64, scale: float = 1.0) -> Tensor:
        """Normal numbers of standard deviation `scale`, rounded to `dtype`."""
        return (torch.randn(shape, generator=self.generator, dtype=torch.float64) * scale).to(dtype)

    def uniform(self, *shape: int, low: float, high: float, dtype: torch.dtype = torch.float64) -> Tensor:
        """Numbers spread evenly over [low, high)."""
        unit = torch.rand(shape, generator=self.generator, dtype=torch.float64)
        return (low + (high - low) * unit).to(dtype)

    def integers(self, *shape: int, low: int, high: int) -> Tensor:
        """Whole numbers of low, ..., high − 1, as int64."""
        return torch.randint(low, high, shape, generator=self.generator)

    def order(self, length: int) -> Tensor:
        """A permutation of 0, ..., length − 1."""
        return torch.randperm(length, generator=self.generator)

    def mask(self, *shape: int, visible: float = 0.6) -> Tensor:
        """A boolean mask, True = may attend, in which every row has a visible and (from two keys on) a hidden key."""
        mask = torch.rand(shape, generator=self.generator) < visible
        keys = shape[-1]
        first = torch.randint(0, keys, (*shape[:-1], 1), generator=self.generator)
        mask.scatter_(-1, first, True)
        if keys > 1:
            second = (first + torch.randint(1, keys, first.shape, generator=self.generator)) % keys
            mask.scatter_(-1, second, False)
        return mask
