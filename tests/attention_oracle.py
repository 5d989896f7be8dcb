"""What the tests of attention compare with: random inputs, and sums written as loops in Python's own float64."""

import math

import torch
from torch import Tensor


def random(*shape: int, seed: int = 0, dtype=torch.float64, device="cpu") -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(device, dtype)


def random_mask(*shape: int, seed: int = 1, device="cpu") -> Tensor:
    """About half the keys visible, the first query sees nothing, the last one everything."""
    mask = random(*shape, seed=seed) > 0
    mask[..., 0, :] = False
    mask[..., -1, :] = True
    return mask.to(device)


def loop_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """The oracle: one row after the other, in Python's own float64, only visible keys touched."""
    wide = scores.detach().double().cpu()
    seen = torch.ones_like(wide, dtype=torch.bool) if mask is None else mask.cpu().broadcast_to(wide.shape)
    rows, flags = wide.reshape(-1, wide.shape[-1]).tolist(), seen.reshape(-1, wide.shape[-1]).tolist()
    weights = []
    for row, visible in zip(rows, flags, strict=True):
        largest = max((s for s, v in zip(row, visible, strict=True) if v), default=0.0)
        terms = [math.exp(s - largest) if v else 0.0 for s, v in zip(row, visible, strict=True)]
        total = sum(terms)
        weights.append([t / total if total else 0.0 for t in terms])
    return torch.tensor(weights, dtype=torch.float64).reshape(wide.shape)


def loop_mean(weights: Tensor, value: Tensor) -> Tensor:
    """The oracle: sums over keys, one number after the other."""
    batch = weights.shape[:-2]
    all_weights = weights.double().cpu().reshape(-1, *weights.shape[-2:]).tolist()
    all_values = value.detach().double().cpu().reshape(-1, *value.shape[-2:]).tolist()
    context = [
        [[sum(w * v[c] for w, v in zip(row, values, strict=True)) for c in range(len(values[0]))] for row in rows]
        for rows, values in zip(all_weights, all_values, strict=True)
    ]
    return torch.tensor(context, dtype=torch.float64).reshape(*batch, weights.shape[-2], value.shape[-1])


def close(actual: Tensor, expected: Tensor, tolerance: float = 1e-12) -> None:
    torch.testing.assert_close(actual.detach().double().cpu(), expected, rtol=0, atol=tolerance)


def loop_scores(query: Tensor, key: Tensor) -> Tensor:
    """The oracle: dot products over the square root of the width, one number after the other."""
    batch = query.shape[:-2]
    all_queries = query.detach().double().cpu().reshape(-1, *query.shape[-2:]).tolist()
    all_keys = key.detach().double().cpu().reshape(-1, *key.shape[-2:]).tolist()
    scores = [
        [[sum(a * b for a, b in zip(q, k, strict=True)) / len(k) ** 0.5 for k in keys] for q in queries]
        for queries, keys in zip(all_queries, all_keys, strict=True)
    ]
    return torch.tensor(scores, dtype=torch.float64).reshape(*batch, query.shape[-2], key.shape[-2])


def loop_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The oracle of the whole: context and weights."""
    weights = loop_softmax(loop_scores(query, key), mask)
    return loop_mean(weights, value), weights
