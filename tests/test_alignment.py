"""The alignment error rate, against sets of links and against alignments counted by hand."""

import re

import pytest
import torch

from attn_course.alignment import alignment_error_rate
from tests.attention_oracle import random

TARGET, SOURCE = 7, 5


def by_sets(weights, gold):
    """Och & Ney's formula, with sets of pairs, S = P."""
    rows = weights.double().cpu().tolist()
    found = {(i, min(j for j, w in enumerate(row) if w == max(row))) for i, row in enumerate(rows)}
    sure = {(i, j) for i, row in enumerate(gold.tolist()) for j, linked in enumerate(row) if linked}
    return 1 - (len(found & sure) + len(found & sure)) / (len(found) + len(sure))


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_formula_on_sets(seed, device):
    weights = random(TARGET, SOURCE, seed=seed, device=device).softmax(dim=-1)
    gold = random(TARGET, SOURCE, seed=seed + 10, device=device) > 0.7
    before = weights.clone(), gold.clone()
    rate = alignment_error_rate(weights, gold)
    assert type(rate) is float
    assert rate == pytest.approx(by_sets(weights, gold), abs=1e-15)
    assert torch.equal(weights, before[0]) and torch.equal(gold, before[1])


def test_by_hand():
    weights = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    gold = torch.tensor([[1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0]]).bool()
    # Links 0-0, 1-2, 2-1, 3-0: two of them are gold, 4 rows, 4 gold links.
    assert alignment_error_rate(weights, gold) == 1 - 2 * 2 / (4 + 4)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_the_first_of_equal_weights_is_taken(dtype, device):
    weights = torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.1, 0.4, 0.4, 0.1]], dtype=dtype, device=device)
    first = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0]], device=device).bool()
    assert alignment_error_rate(weights, first) == 0
    assert alignment_error_rate(weights, first.roll(1, dims=1)) == 1


def test_the_ends_of_the_scale(device):
    weights = torch.eye(5, device=device)
    assert alignment_error_rate(weights, weights.bool()) == 0
    assert alignment_error_rate(weights, weights.bool().roll(1, dims=0)) == 1
    assert alignment_error_rate(weights, torch.zeros_like(weights).bool()) == 1  # no gold link at all


def test_a_row_too_many_and_a_link_too_few_both_cost(device):
    weights = torch.eye(4, device=device)
    unlinked, twice = weights.bool(), weights.bool()
    unlinked[3] = False
    twice[0, 1] = True
    assert alignment_error_rate(weights, unlinked) == pytest.approx(1 - 6 / 7)
    assert alignment_error_rate(weights, twice) == pytest.approx(1 - 8 / 9)


W, G = torch.ones(2, 3), torch.ones(2, 3).bool()
ERRORS = {
    "numbers": (lambda: alignment_error_rate(W, W), TypeError, "gold must be boolean, True = linked"),
    "a list": (lambda: alignment_error_rate(W, [[True]]), TypeError, "gold must be a tensor"),
    "whole weights": (lambda: alignment_error_rate(W.long(), G), TypeError, "weights must be floating point"),
    "transposed": (lambda: alignment_error_rate(W, G.T), ValueError, "gold has shape (3, 2)"),
    "a batch": (lambda: alignment_error_rate(W[None], G), ValueError, "weights needs 2 axes"),
    "nothing": (lambda: alignment_error_rate(W[:0], G[:0]), ValueError, "at least one row and one column"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
