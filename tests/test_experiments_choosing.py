"""The estimator of chapter 03 is measured as it says, and learning to look things up compares like with like."""

import itertools

import pytest
import torch

from attn_course.experiments.choosing import (
    WAYS,
    exact_moments,
    learn_to_look_up,
    random_choices,
    sampled_moments,
)


def expected_reward(scores, rewards):
    """The sum over all choices of their expected rewards; its gradient is by autograd."""
    return (torch.softmax(scores, -1) * rewards).sum()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("baseline", [0.0, -2.5])
def test_the_exact_mean_is_the_gradient_of_the_expected_reward(count, baseline):
    scores, rewards = random_choices(count, 3, seed=count)
    leaf = scores.clone().requires_grad_()
    expected_reward(leaf, rewards).backward()
    moments = exact_moments(scores, rewards, baseline)
    torch.testing.assert_close(moments.mean, leaf.grad[0])


def test_the_exact_variance_equals_a_sum_over_outcomes():
    scores, rewards = random_choices(2, 3, seed=5)
    weights = torch.softmax(scores, -1)
    estimates, probabilities = [], []
    for i, j in itertools.product(range(3), repeat=2):
        reward = rewards[0, i] + rewards[1, j] - 0.7
        estimates.append(reward * (torch.eye(3, dtype=torch.float64)[i] - weights[0]))
        probabilities.append(weights[0, i] * weights[1, j])
    estimates, probabilities = torch.stack(estimates), torch.stack(probabilities)[:, None]
    mean = (probabilities * estimates).sum(0)
    expected = (probabilities * (estimates - mean) ** 2).sum()
    torch.testing.assert_close(exact_moments(scores, rewards, 0.7).variance, expected)


@pytest.mark.parametrize("baseline", [0.0, -4.0])
def test_samples_agree_with_the_sums_over_outcomes(baseline):
    """With 40,000 samples each component is within five standard errors; a right estimator fails once in 500,000 seeds."""
    scores, rewards = random_choices(3, 4, seed=1)
    exact = exact_moments(scores, rewards, baseline)
    samples = 40_000
    found = sampled_moments(scores, rewards, baseline, samples, torch.Generator().manual_seed(3))
    assert (found.mean - exact.mean).norm() < 5 * (exact.variance / samples) ** 0.5
    assert found.variance == pytest.approx(exact.variance.item(), rel=0.1)


def test_two_even_choices_by_hand():
    scores, rewards = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[3.0, 1.0]], dtype=torch.float64)
    without, with_mean = exact_moments(scores, rewards, 0.0), exact_moments(scores, rewards, 2.0)
    assert without.mean.tolist() == with_mean.mean.tolist() == [0.5, -0.5]
    assert without.variance.item() == pytest.approx(2.0)  # 1 for each of two components
    assert with_mean.variance.item() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("way", WAYS)
def test_lessons_are_the_same_for_the_same_seeds_and_teach_something(way):
    settings = {"seeds": (3, 4), "steps": 60, "items": 16, "names": 5, "facts": 2, "contents": 3, "width": 11}
    one, two = learn_to_look_up(way, 0.02, **settings), learn_to_look_up(way, 0.02, **settings)
    assert all(map(torch.equal, one, two))
    assert one.curve.shape == (60, 2)
    assert one.right.shape == one.strongest.shape == (2,)
    assert one.curve[-10:].mean() > one.curve[:10].mean() + 0.1
    assert one.right.min() > 0.5  # a guess is right once in three times


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="way must be one of"):
        learn_to_look_up("loud", 0.1)
