"""Sequences of random symbols: tasks in which nothing can be guessed.

Symbols are drawn evenly and independently, so a source of n symbols out of `num_symbols` holds exactly
n log2(num_symbols) bits and no shorter description of it exists. What a model writes from it correctly
beyond chance must have passed through the model. Every length is equally frequent, in training and in
measurement, so that a long sequence is not a rare one.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

PAD, START, END = 0, 1, 2
FIRST_SYMBOL = 3  # the ids from here on are symbols


class SequencePairs(NamedTuple):
    """Source sequences and the targets to be written from them, padded to a common width.

    Attributes:
        source: symbol ids, `PAD` after each sequence's end.
        source_lengths: symbols in each source.
        target_in: `START`, then the target's symbols: what a decoder reads while it is taught.
        target_out: the target's symbols, then `END`: what it should write.
        target_mask: True where `target_out` counts, its `END` included.
    """

    source: Int[Tensor, "batch source"]
    source_lengths: Int[Tensor, " batch"]
    target_in: Int[Tensor, "batch target"]
    target_out: Int[Tensor, "batch target"]
    target_mask: Bool[Tensor, "batch target"]


def reversed_symbols(lengths: Int[Tensor, " batch"], num_symbols: int, generator: torch.Generator) -> SequencePairs:
    """Draw sequences whose targets are the same symbols from last to first.

    Args:
        lengths: symbols in each sequence, at least 1.
        num_symbols: size of the alphabet, at least 2.
        generator: on the CPU; where the randomness comes from.

    Returns:
        The pairs, on the device of `lengths`.

    Raises:
        ValueError: an empty batch, a length below 1, or fewer than 2 symbols.
    """
    source = random_symbols(lengths, num_symbols, generator)
    time = torch.arange(source.shape[1], device=source.device)
    mirror = (lengths[:, None] - 1 - time).clamp(min=0)  # (batch, source)
    return _pairs(source, source.gather(1, mirror), lengths)


def copied_symbols(lengths: Int[Tensor, " batch"], num_symbols: int, generator: torch.Generator) -> SequencePairs:
    """Draw sequences whose targets are the sequences themselves; arguments as for `reversed_symbols`."""
    source = random_symbols(lengths, num_symbols, generator)
    return _pairs(source, source, lengths)


def random_symbols(
    lengths: Int[Tensor, " batch"], num_symbols: int, generator: torch.Generator
) -> Int[Tensor, "batch source"]:
    """Draw one sequence of each length, padded with `PAD`; arguments as for `reversed_symbols`."""
    if lengths.numel() == 0 or int(lengths.min()) < 1:
        raise ValueError(f"lengths must hold at least one length, each at least 1, but is {lengths.tolist()}.")
    if num_symbols < 2:
        raise ValueError(f"num_symbols must be at least 2, but is {num_symbols}: one symbol alone says nothing.")
    width = int(lengths.max())
    drawn = torch.randint(num_symbols, (len(lengths), width), generator=generator).to(lengths.device)
    past_the_end = torch.arange(width, device=lengths.device) >= lengths[:, None]
    return (drawn + FIRST_SYMBOL).masked_fill(past_the_end, PAD)


def random_lengths(batch: int, max_len: int, generator: torch.Generator) -> Int[Tensor, " batch"]:
    """Draw `batch` lengths evenly from 1 to `max_len`."""
    return torch.randint(1, max_len + 1, (batch,), generator=generator)


def delayed_symbol(
    batch: int, delay: int, num_symbols: int, generator: torch.Generator
) -> tuple[Int[Tensor, "batch time"], Int[Tensor, " batch"]]:
    """Draw a symbol to be remembered, followed by `delay` symbols to be ignored.

    What is to be ignored comes from a second alphabet of the same size, so that the first symbol is the
    only one of its kind and only the distance to it makes the task hard.

    Args:
        batch: number of sequences.
        delay: steps between the symbol and the end of the sequence.
        num_symbols: size of each alphabet.
        generator: on the CPU; where the randomness comes from.

    Returns:
        Inputs with ids from 0 to 2 num_symbols - 1, delay + 1 steps long; and the first symbol of each.
    """
    answers = torch.randint(num_symbols, (batch,), generator=generator)
    noise = torch.randint(num_symbols, 2 * num_symbols, (batch, delay), generator=generator)
    return torch.cat([answers[:, None], noise], dim=1), answers


def _pairs(source: Tensor, target: Tensor, lengths: Tensor) -> SequencePairs:
    """Add start, end and mask to targets that are as long as their sources."""
    time = torch.arange(source.shape[1] + 1, device=source.device)
    ends = torch.full((len(source), 1), END, device=source.device)
    target_out = torch.cat([target, ends], dim=1).masked_fill(time >= lengths[:, None], END)
    target_in = torch.cat([torch.full_like(ends, START), target_out[:, :-1]], dim=1)
    return SequencePairs(source, lengths, target_in, target_out, time <= lengths[:, None])
