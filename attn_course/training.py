"""What the chapters' experiments share: seeded parameters, a training loop, losses and scores."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attn_course.recurrence import clip_gradients


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from torch's global generator with `seed` inside, and leave it as it was outside.

    Args:
        seed: where the randomness begins. Modules draw their parameters from the global generator.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


class History(NamedTuple):
    """What a training run went through.

    Attributes:
        losses: the loss at each step, before its update.
        gradient_norms: the length of the whole gradient at each step, before clipping.
    """

    losses: list[float]
    gradient_norms: list[float]


def train(
    model: nn.Module,
    loss: Callable[[], Float[Tensor, ""]],
    optimizer: torch.optim.Optimizer,
    steps: int,
    max_norm: float | None,
    rate: Callable[[int], float] = lambda step: 1.0,
) -> History:
    """Lower a loss step by step.

    Args:
        model: whose parameters are changed, in place.
        loss: called once a step; draws its own batch and returns a scalar.
        optimizer: over the parameters of `model`; its learning rate is the highest one used.
        steps: number of updates.
        max_norm: clip the whole gradient to this length; None leaves it as it is.
        rate: what the learning rate is multiplied by at each step; 1 throughout by default.

    Returns:
        Losses and gradient norms.
    """
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    parameters = list(model.parameters())
    history = History([], [])
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        used = [p for p in parameters if p.grad is not None]
        # Clipping to infinity changes nothing and still measures the norm.
        clipped, norm = clip_gradients([p.grad for p in used], float("inf") if max_norm is None else max_norm)
        for parameter, gradient in zip(used, clipped, strict=True):
            parameter.grad = gradient
        optimizer.step()
        scheduler.step()
        history.losses.append(value.item())
        history.gradient_norms.append(norm.item())
    return history


def rise_and_fall(steps: int, warm_up: int) -> Callable[[int], float]:
    """Make a `rate` for `train` that rises in a straight line to 1 over `warm_up` steps, then falls to 0.

    Args:
        steps: number of updates in all.
        warm_up: how many of them belong to the rise.
    """

    def rate(step: int) -> float:
        return (step + 1) / warm_up if step < warm_up else (steps - step) / (steps - warm_up)

    return rate


def masked_cross_entropy(
    logits: Float[Tensor, "*batch vocab"], targets: Int[Tensor, "*batch"], mask: Bool[Tensor, "*batch"]
) -> Float[Tensor, ""]:
    """Average the cross entropy, in nats, over the positions that count.

    Args:
        logits: scores of each token, before the softmax.
        targets: the right tokens.
        mask: True where a position counts; at least one does.

    Returns:
        Minus the mean log probability of the right tokens.
    """
    return F.cross_entropy(logits[mask], targets[mask])


def exact_match(
    predicted: Int[Tensor, "batch written"], targets: Int[Tensor, "batch target"], mask: Bool[Tensor, "batch target"]
) -> Bool[Tensor, " batch"]:
    """Tell which sequences were written without any mistake, their end included.

    Args:
        predicted: from `greedy_decode`; what is missing on the right counts as wrong where the mask is True.
        targets: what should have been written.
        mask: True where a position counts.

    Returns:
        True where every counted token is right.
    """
    missing = targets.shape[1] - predicted.shape[1]
    predicted = F.pad(predicted[:, : targets.shape[1]], (0, max(0, missing)), value=-1)
    return ((predicted == targets) | ~mask).all(dim=1)
