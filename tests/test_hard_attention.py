"""Hard attention and REINFORCE: what is drawn, with what probability, and that the estimate is unbiased.

Statistical tests compare a mean of `SAMPLES` draws with its exact expectation, found by going through all choices, in
units of its exact standard deviation. A right program exceeds `LIMIT` = 5 of them with probability 6e-7 for each number
compared, below 1e-4 for this file; the seeds are fixed, so a test that passed passes again.
"""

import re

import pytest
import torch

from attn_course.multiplicative import hard_attention, reinforce_loss
from tests.attention_oracle import close, loop_softmax, random, random_mask

QUERIES, KEYS, D_V = 5, 7, 3
SAMPLES, LIMIT = 20_000, 5.0
BATCHES = [(), (2,), (2, 3)]


def seeded(device, seed=0):
    return torch.Generator(device).manual_seed(seed)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_a_visible_row_is_drawn_and_its_log_probability_returned(batch, masked, device):
    scores, value = random(*batch, QUERIES, KEYS, device=device), random(*batch, KEYS, D_V, seed=1, device=device)
    mask = random_mask(*batch, QUERIES, KEYS, device=device) if masked else None
    drawn, log_prob = hard_attention(scores, value, mask, seeded(device))
    assert drawn.shape == (*batch, QUERIES, D_V) and log_prob.shape == (*batch, QUERIES)
    weights = loop_softmax(scores, mask)
    equal = (drawn.unsqueeze(-2) == value.unsqueeze(-3)).all(dim=-1).cpu()  # (*batch, queries, keys)
    nothing = weights.sum(dim=-1) == 0
    assert (equal.sum(dim=-1) == (~nothing).long()).all(), "one row of value for each query"
    assert (weights[equal] > 0).all()
    close(log_prob[~nothing.to(device)], weights[equal].log())
    assert (drawn[nothing.to(device)] == 0).all() and (log_prob[nothing.to(device)] == 0).all()


def test_each_key_is_drawn_as_often_as_its_weight_says(device):
    scores = random(QUERIES, KEYS, seed=2, device=device)
    mask = random_mask(QUERIES, KEYS, device=device)
    value = torch.eye(KEYS, dtype=torch.float64, device=device)  # what is drawn names the key
    many = [t.expand(SAMPLES, *t.shape) for t in (scores, value)]
    drawn, _ = hard_attention(*many, mask, seeded(device))
    weights = loop_softmax(scores, mask)
    deviation = (weights * (1 - weights) / SAMPLES).sqrt()
    apart = (drawn.mean(dim=0).cpu() - weights).abs()
    assert (apart <= LIMIT * deviation + 1e-12).all()
    assert (drawn.sum(dim=0).cpu()[weights == 0] == 0).all()


def test_queries_and_batch_items_are_drawn_independently(device):
    """Of equal rows, pairs meet as often as chance says."""
    scores = torch.zeros(SAMPLES, 2, KEYS, dtype=torch.float64, device=device)
    value = torch.eye(KEYS, dtype=torch.float64, device=device).expand(SAMPLES, KEYS, KEYS)
    drawn, _ = hard_attention(scores, value, None, seeded(device))
    meet = (drawn[:, 0] == drawn[:, 1]).all(dim=-1).double().mean().item()
    assert abs(meet - 1 / KEYS) < LIMIT * (1 / KEYS * (1 - 1 / KEYS) / SAMPLES) ** 0.5


def test_the_generator_decides_and_nothing_else(device):
    scores, value = random(3, QUERIES, KEYS, device=device), random(3, KEYS, D_V, seed=1, device=device)
    generator = seeded(device)
    before = torch.get_rng_state()
    first, second = (hard_attention(scores, value, None, generator)[0] for _ in range(2))
    assert not torch.equal(first, second), "it goes on"
    again = seeded(device)
    assert torch.equal(first, hard_attention(scores, value, None, again)[0])
    assert torch.equal(second, hard_attention(scores, value, None, again)[0])
    assert torch.equal(before, torch.get_rng_state())


def test_gradients_reach_scores_through_the_log_probability_alone(device):
    scores, value = random(2, QUERIES, KEYS, device=device), random(2, KEYS, D_V, seed=1, device=device)
    mask = random_mask(2, QUERIES, KEYS, device=device)
    before = scores.clone(), value.clone(), mask.clone()
    scores.requires_grad_(), value.requires_grad_()
    drawn, log_prob = hard_attention(scores, value, mask, seeded(device))
    by_scores, by_value = torch.autograd.grad(drawn.sum(), [scores, value], allow_unused=True, retain_graph=True)
    assert by_scores is None or (by_scores == 0).all()
    assert by_value.sum() == D_V * mask.any(dim=-1).sum(), "each value once for each query that drew it"
    (by_scores,) = torch.autograd.grad(log_prob.sum(), scores)
    chosen = (drawn.unsqueeze(-2) == value.unsqueeze(-3)).all(dim=-1) & mask
    expected = chosen.double().cpu() - loop_softmax(scores, mask)
    close(by_scores, expected)
    assert all(torch.equal(a, b) for a, b in zip(before, (scores, value, mask), strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_scores_are_valid(dtype, device):
    """Hidden scores far above the visible ones, and visible ones a thousand apart."""
    scores = torch.tensor([[1000, 0, -1000], [-1000, 800, -1000]], dtype=dtype, device=device).requires_grad_()
    mask = torch.tensor([[True, True, True], [True, False, True]], device=device)
    value = torch.tensor([[1.0], [1e6], [3.0]], dtype=dtype, device=device)
    drawn, log_prob = hard_attention(scores, value, mask, seeded(device))
    assert drawn[0] == 1 and drawn[1] in (1, 3)
    close(log_prob, torch.tensor([0, -0.6931471805599453], dtype=torch.float64), 1e-6)
    log_prob.sum().backward()
    assert torch.isfinite(scores.grad).all()


# --- REINFORCE


def one_choice():
    """Scores of one query, and what each choice is worth: far from 0 on average, as a log-likelihood is."""
    return random(KEYS, seed=3), random(KEYS, seed=4) + 6


def exact_gradient_and_deviation(scores, reward, baseline):
    """Of the expected reward by the scores; and of its one-sample estimate, by going through all choices."""
    probability = loop_softmax(scores, None)
    expected_reward = (probability * reward).sum()
    gradient = probability * (reward - expected_reward)
    score = torch.eye(KEYS, dtype=torch.float64) - probability  # row k: d log p_k / d scores
    estimates = (reward - baseline).unsqueeze(-1) * score  # (choice, keys)
    second = (probability.unsqueeze(-1) * estimates**2).sum(dim=0)
    return gradient, (second - gradient**2).sqrt()


def estimates_of(scores, reward, baseline, generator, device):
    """`SAMPLES` one-sample estimates of the gradient of the expected reward, by autograd through the loss."""
    many = scores.to(device).expand(SAMPLES, 1, KEYS).clone().requires_grad_()
    value = reward.to(device)[:, None].expand(SAMPLES, KEYS, 1)  # what is drawn is the reward itself
    drawn, log_prob = hard_attention(many, value, None, generator)
    given = torch.full((SAMPLES,), float(baseline), dtype=torch.float64, device=device)
    loss = reinforce_loss(drawn[:, 0, 0], log_prob[:, 0], given)
    (gradient,) = torch.autograd.grad(loss, many)
    return -gradient[:, 0].cpu() * SAMPLES  # the loss is a mean


@pytest.mark.parametrize("baseline", ["none", "mean", "far off"])
def test_the_estimate_is_unbiased_with_any_baseline(baseline, device):
    scores, reward = one_choice()
    given = {"none": 0.0, "mean": (loop_softmax(scores, None) * reward).sum(), "far off": -20.0}[baseline]
    exact, deviation = exact_gradient_and_deviation(scores, reward, given)
    found = estimates_of(scores, reward, given, seeded(device), device)
    apart = (found.mean(dim=0) - exact).abs() / (deviation / SAMPLES**0.5)
    assert (apart < LIMIT).all()
    close(found.std(dim=0) / deviation, torch.ones(KEYS, dtype=torch.float64), 0.1)


def test_so_many_samples_tell_an_estimate_from_its_negative_and_from_nothing():
    """What the test above could not see would say nothing."""
    scores, reward = one_choice()
    exact, deviation = exact_gradient_and_deviation(scores, reward, (loop_softmax(scores, None) * reward).sum())
    assert (exact.abs() / (deviation / SAMPLES**0.5)).max() > 4 * LIMIT


def test_the_mean_reward_as_baseline_makes_the_variance_smaller(device):
    scores, reward = one_choice()
    mean = (loop_softmax(scores, None) * reward).sum()
    with_baseline, without = (estimates_of(scores, reward, b, seeded(device), device).var(dim=0) for b in (mean, 0.0))
    assert with_baseline.sum() < without.sum() / 10


def test_the_loss_is_the_mean_of_minus_advantage_times_log_probability(device):
    reward, log_prob, baseline = (random(KEYS, seed=seed, device=device).requires_grad_() for seed in range(3))
    loss = reinforce_loss(reward, log_prob, baseline)
    numbers = zip(*(t.tolist() for t in (reward, log_prob, baseline)), strict=True)
    close(loss, torch.tensor(-sum((r - b) * p for r, p, b in numbers) / KEYS, dtype=torch.float64))
    loss.backward()
    close(log_prob.grad, ((baseline - reward) / KEYS).detach().cpu())
    assert reward.grad is None and baseline.grad is None
    one = reinforce_loss(reward, log_prob, baseline[0])
    close(one, reinforce_loss(reward, log_prob, baseline[0].expand(KEYS)).detach().cpu())


S, V = random(2, QUERIES, KEYS), random(2, KEYS, D_V)
R = random(KEYS)
ERRORS = {
    "seed": (lambda: hard_attention(S, V, None, 7), TypeError, "generator must be a torch.Generator, but is a int"),
    "other keys": (lambda: hard_attention(S, V[:, 1:], None, seeded("cpu")), ValueError, "value has shape (2, 6, 3)"),
    "real mask": (lambda: hard_attention(S, V, S, seeded("cpu")), TypeError, "mask must be boolean"),
    "long baseline": (lambda: reinforce_loss(R, R, R[1:]), ValueError, "baseline has shape (6,)"),
    "two axes": (lambda: reinforce_loss(S[0], S[0], S[0]), ValueError, "reward needs 1 axes"),
    "float baseline": (lambda: reinforce_loss(R, R, 0.5), TypeError, "baseline must be a tensor"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
