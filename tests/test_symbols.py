"""The toy tasks of chapter 01."""

import re

import pytest
import torch

from attn_course.data.symbols import (
    END,
    FIRST_SYMBOL,
    PAD,
    START,
    copied_symbols,
    delayed_symbol,
    random_lengths,
    random_symbols,
    reversed_symbols,
)

NUM_SYMBOLS = 5
LENGTHS = [4, 1, 7, 3]


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("task", "order"), [(reversed_symbols, -1), (copied_symbols, 1)])
def test_the_target_is_what_the_task_says(task, order, device):
    pairs = task(torch.tensor(LENGTHS, device=device), NUM_SYMBOLS, generator())
    for row, length in enumerate(LENGTHS):
        symbols = pairs.source[row, :length].tolist()
        assert all(FIRST_SYMBOL <= symbol < FIRST_SYMBOL + NUM_SYMBOLS for symbol in symbols)
        assert (pairs.source[row, length:] == PAD).all()
        target = symbols[::order]
        assert pairs.target_out[row, : length + 1].tolist() == [*target, END]
        assert pairs.target_in[row, : length + 1].tolist() == [START, *target]
        assert pairs.target_mask[row].tolist() == [t <= length for t in range(max(LENGTHS) + 1)]
    assert pairs.source_lengths.tolist() == LENGTHS
    assert {tensor.device.type for tensor in pairs} == {device.type}


def test_a_seed_gives_the_same_sequences():
    lengths = torch.tensor(LENGTHS)
    first, again = (reversed_symbols(lengths, NUM_SYMBOLS, generator(3)) for _ in range(2))
    other = reversed_symbols(lengths, NUM_SYMBOLS, generator(4))
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first.source, other.source)


def test_symbols_and_lengths_are_drawn_evenly():
    symbols = random_symbols(torch.full((2000,), 10), NUM_SYMBOLS, generator()) - FIRST_SYMBOL
    shares = torch.bincount(symbols.flatten(), minlength=NUM_SYMBOLS) / symbols.numel()
    assert (shares - 1 / NUM_SYMBOLS).abs().max() < 0.01
    counts = torch.bincount(random_lengths(20000, 7, generator()), minlength=8)
    assert counts[0] == 0
    assert (counts[1:] / 20000 - 1 / 7).abs().max() < 0.01


def test_the_delayed_symbol_is_the_only_one_of_its_kind():
    inputs, answers = delayed_symbol(50, 11, NUM_SYMBOLS, generator())
    assert inputs.shape == (50, 12)
    assert torch.equal(inputs[:, 0], answers)
    assert answers.max() < NUM_SYMBOLS
    assert inputs[:, 1:].min() >= NUM_SYMBOLS
    assert inputs.max() < 2 * NUM_SYMBOLS


@pytest.mark.parametrize(
    ("lengths", "num_symbols", "message"),
    [([2, 0], 5, "each at least 1, but is [2, 0]"), ([], 5, "at least one length"), ([2], 1, "must be at least 2")],
)
def test_errors_say_what_was_given(lengths, num_symbols, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        random_symbols(torch.tensor(lengths, dtype=torch.int64), num_symbols, generator())
