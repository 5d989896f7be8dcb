"""The training loop and the scores that the chapters share."""

import math

import pytest
import torch
from torch import nn

from attn_course.training import exact_match, masked_cross_entropy, rise_and_fall, seeded, train


def line(value):
    model = nn.Linear(1, 1, bias=False).double()
    with torch.no_grad():
        model.weight.fill_(value)
    return model


def test_seeded_repeats_itself_and_leaves_no_trace():
    before = torch.get_rng_state()
    with seeded(3):
        first = torch.rand(5)
    assert torch.equal(torch.get_rng_state(), before)
    with seeded(3):
        assert torch.equal(torch.rand(5), first)
    with seeded(4):
        assert not torch.equal(torch.rand(5), first)


def test_train_goes_down_the_gradient():
    """loss = w^2, rate 0.25: each step takes w to w - 0.5 w."""
    model = line(8.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    history = train(model, lambda: model.weight.square().sum(), optimizer, steps=3, max_norm=None)
    assert model.weight.item() == 1.0
    assert history.losses == [64.0, 16.0, 4.0]
    assert history.gradient_norms == [16.0, 8.0, 4.0]


def test_train_clips_and_reports_the_norm_before():
    model = line(8.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    history = train(model, lambda: model.weight.square().sum(), optimizer, steps=2, max_norm=2.0)
    assert model.weight.item() == 7.0
    assert history.gradient_norms == [16.0, 15.0]


def test_train_follows_the_rate():
    model = line(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    weights = []

    def loss():
        weights.append(model.weight.item())
        return -model.weight.sum()

    train(model, loss, optimizer, steps=4, max_norm=None, rate=rise_and_fall(4, 2))
    assert weights == [0.0, 0.5, 1.5, 2.5]
    assert model.weight.item() == 3.0


def test_the_rate_rises_and_falls_in_straight_lines():
    rate = rise_and_fall(10, 4)
    assert [rate(step) for step in range(11)] == pytest.approx(
        [1 / 4, 2 / 4, 3 / 4, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0]
    )


def test_the_loss_counts_what_the_mask_shows(device):
    logits = torch.tensor([[[0.0, 0.0], [3.0, -5.0]], [[0.0, math.log(3)], [9.0, 9.0]]], device=device)
    targets = torch.tensor([[0, 1], [1, 0]], device=device)
    mask = torch.tensor([[True, False], [True, False]], device=device)
    expected = (math.log(2) + math.log(4 / 3)) / 2
    assert masked_cross_entropy(logits, targets, mask).item() == pytest.approx(expected, rel=1e-6)


def test_exact_match_needs_every_counted_token(device):
    targets = torch.tensor([[5, 6, 2, 2], [5, 2, 2, 2], [5, 6, 7, 2]], device=device)
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]], device=device).bool()
    right = targets.clone()
    right[0, 3], right[1, 2] = 9, 9  # not counted
    assert exact_match(right, targets, mask).tolist() == [True, True, True]
    wrong = targets.clone()
    wrong[0, 2], wrong[2, 0] = 9, 9
    assert exact_match(wrong, targets, mask).tolist() == [False, True, False]


def test_exact_match_takes_other_widths(device):
    targets = torch.tensor([[5, 2, 2], [5, 6, 2]], device=device)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]], device=device).bool()
    assert exact_match(targets[:, :2], targets, mask).tolist() == [True, False]
    wide = torch.cat([targets, targets], dim=1)
    assert exact_match(wide, targets, mask).tolist() == [True, True]
