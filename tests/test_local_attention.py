"""Windows of attention, against loops in Python's own float64."""

import math
import re

import pytest
import torch

from attn_course.multiplicative import local_weights, monotonic_centres, predicted_centres, window_mask
from tests.attention_oracle import close, random, random_mask

QUERIES, KEYS, WINDOW = 5, 11, 2.5
BATCHES = [(), (2,), (2, 3)]


def centres(*batch, device="cpu"):
    """Real numbers on and off the positions, and outside of them."""
    return random(*batch, QUERIES, seed=5, device=device) * KEYS / 2 + KEYS / 2


def loop_local_weights(scores, centre, window, mask):
    """Equation 10 for one query, over the positions inside alone."""
    inside = [s for s in range(len(scores)) if centre - window <= s <= centre + window and mask[s]]
    largest = max((scores[s] for s in inside), default=0.0)
    total = sum(math.exp(scores[s] - largest) for s in inside)
    sigma = window / 2
    return [
        math.exp(scores[s] - largest) / total * math.exp(-((s - centre) ** 2) / (2 * sigma * sigma))
        if s in inside
        else 0.0
        for s in range(len(scores))
    ]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("window", [0.4, 1, 2.5, 30.0])
def test_weights_equal_the_loop(batch, masked, window, device):
    scores, centre = random(*batch, QUERIES, KEYS, device=device), centres(*batch, device=device)
    mask = random_mask(*batch, QUERIES, KEYS, device=device) if masked else None
    weights = local_weights(scores, centre, window, mask)
    assert weights.dtype == scores.dtype and weights.device == scores.device
    seen = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    rows = zip(*(t.cpu().reshape(-1, KEYS).tolist() for t in (scores, seen)), strict=True)
    expected = [
        loop_local_weights(row, c, window, flags)
        for (row, flags), c in zip(rows, centre.flatten().tolist(), strict=True)
    ]
    close(weights, torch.tensor(expected, dtype=torch.float64).reshape(scores.shape))


def test_the_edges_of_a_window_are_inside(device):
    centre = torch.tensor([3.0, 2.5, 0.0, 10.5], device=device)
    assert [row.nonzero().flatten().tolist() for row in window_mask(centre, 2, KEYS)] == [
        [1, 2, 3, 4, 5],
        [1, 2, 3, 4],
        [0, 1, 2],
        [9, 10],
    ]


def test_nothing_inside_gives_zero_and_finite_gradients(device):
    scores = random(3, KEYS, device=device).requires_grad_()
    centre = torch.tensor([-9.0, 4.5, 30.0], dtype=torch.float64, device=device, requires_grad=True)
    weights = local_weights(scores, centre, 0.4)  # 4.5 lies between two positions
    assert (weights == 0).all()
    weights.sum().backward()
    assert (scores.grad == 0).all() and (centre.grad == 0).all()


def test_gradients_reach_scores_and_centres(device):
    scores, centre = random(2, QUERIES, KEYS, device=device), centres(2, device=device)
    mask = random_mask(2, QUERIES, KEYS, device=device)
    before = scores.clone(), centre.clone(), mask.clone()
    inputs = scores.requires_grad_(), centre.requires_grad_()
    assert torch.autograd.gradcheck(lambda s, c: local_weights(s, c, WINDOW, mask), inputs)
    assert all(torch.equal(a, b) for a, b in zip(before, (scores, centre, mask), strict=True))


def test_scores_outside_the_window_do_not_matter(device):
    scores, centre = random(2, QUERIES, KEYS, device=device), centres(2, device=device)
    outside = ~window_mask(centre, WINDOW, KEYS)
    other = scores.masked_fill(outside, 1000.0)
    assert torch.equal(local_weights(scores, centre, WINDOW), local_weights(other, centre, WINDOW))


def test_a_wide_window_is_global_attention(device):
    """Far wider than the sequence, the Gaussian is 1 to 1e-6 and the softmax runs over everything."""
    scores, centre = random(QUERIES, KEYS, device=device), centres(device=device)
    close(local_weights(scores, centre, 1e6), torch.softmax(scores, dim=-1).cpu(), 1e-6)


def test_monotonic_centres_are_positions(device):
    query = random(2, QUERIES, 3, dtype=torch.float32, device=device)
    centre = monotonic_centres(query, first=4)
    assert centre.dtype == query.dtype and centre.device == query.device
    assert centre.tolist() == [[4, 5, 6, 7, 8]] * 2
    assert monotonic_centres(query)[0].tolist() == [0, 1, 2, 3, 4]


def test_predicted_centres_equal_the_loop(device):
    lengths = [11, 4]
    query, W, v = (random(*shape, seed=i, device=device) for i, shape in enumerate([(2, QUERIES, 3), (3, 7), (7,)]))
    found = predicted_centres(query, torch.tensor(lengths, device=device), W, v)
    for row, length in enumerate(lengths):
        for t, one in enumerate(query[row].tolist()):
            hidden = [math.tanh(sum(q * w for q, w in zip(one, column, strict=True))) for column in W.T.tolist()]
            total = sum(a * b for a, b in zip(hidden, v.tolist(), strict=True))
            close(found[row, t], torch.tensor(length / (1 + math.exp(-total)), dtype=torch.float64))


def test_works_where_no_value_can_be_read():
    scores, centre = torch.empty(2, QUERIES, KEYS, device="meta"), torch.empty(2, QUERIES, device="meta")
    assert local_weights(scores, centre, WINDOW, torch.ones(KEYS, dtype=torch.bool, device="meta")).is_meta


S, C = random(2, QUERIES, KEYS), centres(2)
ERRORS = {
    "one centre": (lambda: local_weights(S, C[:, 0], 2), ValueError, "centre has shape (2,)"),
    "whole centre": (lambda: local_weights(S, C.long(), 2), TypeError, "centre must be floating point"),
    "other dtype": (lambda: local_weights(S, C.float(), 2), TypeError, "use centre.to(scores.dtype)"),
    "no window": (lambda: local_weights(S, C, 0), ValueError, "window must be above 0, but is 0"),
    "real mask": (lambda: local_weights(S, C, 2, S), TypeError, "mask must be boolean"),
    "other mask": (lambda: local_weights(S, C, 2, S[..., 1:] > 0), ValueError, "mask must broadcast"),
    "real lengths": (lambda: predicted_centres(S, C[:, 0], S[0].T, C[0]), TypeError, "lengths must hold integers"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
