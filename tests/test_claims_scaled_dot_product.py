"""What chapter 04 says under "What is often said", one test for each row: S1 to S4 of the course's list of claims."""

import math

import pytest
import torch

from attn_course.attend import attend, masked_softmax
from attn_course.scaled_dot_product import cross_attention, scaled_dot_scores

PAIRS = 20_000


def normal(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sign(*shape: int, seed: int) -> torch.Tensor:
    return torch.randint(2, shape, generator=torch.Generator().manual_seed(seed)) * 2.0 - 1


@pytest.mark.parametrize("draw", [normal, sign])
@pytest.mark.parametrize("d_k", [3, 67, 257])
def test_s1_the_variance_of_a_dot_product_is_d_k_whatever_the_distribution(draw, d_k):
    query, key = draw(PAIRS, 1, d_k, seed=1), draw(PAIRS, 1, d_k, seed=2)
    products = (query * key).sum(-1)
    scores = scaled_dot_scores(query, key)
    # The variance of 20,000 numbers is known to about 1.5 percent here (excess kurtosis 6 / d_k at most): 5 sigma.
    assert products.var().item() == pytest.approx(d_k, rel=0.08)
    assert scores.var().item() == pytest.approx(1, rel=0.08)
    assert scores.mean().item() == pytest.approx(0, abs=0.04)


def test_s1_needs_independent_components():
    d_k, rho = 64, 0.5
    query, key = (
        math.sqrt(1 - rho) * normal(PAIRS, 1, d_k, seed=seed) + math.sqrt(rho) * normal(PAIRS, 1, 1, seed=seed + 2)
        for seed in (1, 2)
    )
    assert query.var().item() == pytest.approx(1, rel=0.05)
    products = scaled_dot_scores(query, key) * math.sqrt(d_k)
    # In a sum of d_k parts that agree, the variance is itself uncertain: fourth moments are large.
    assert products.var().item() == pytest.approx(d_k + d_k * (d_k - 1) * rho**2, rel=0.15)


def test_s1_needs_mean_zero_too():
    d_k, mean = 67, 0.5
    products = scaled_dot_scores(
        normal(PAIRS, 1, d_k, seed=1) + mean, normal(PAIRS, 1, d_k, seed=2) + mean
    ) * math.sqrt(d_k)
    assert products.mean().item() == pytest.approx(d_k * mean**2, rel=0.03)
    assert products.var().item() == pytest.approx(d_k * (1 + 2 * mean**2), rel=0.08)


def gradients(d_k: int, scale: float, seed: int) -> tuple[torch.Tensor, ...]:
    """Largest weight, and length of the gradient at the scores and at the query, for each of 300 queries."""
    query, key, value = (
        normal(300, d_k, seed=seed).requires_grad_(),
        normal(31, d_k, seed=50 + seed),
        normal(31, 17, seed=99),
    )
    scores = query @ key.T / scale
    scores.retain_grad()
    context, weights = attend(scores, value)
    context.backward(normal(300, 17, seed=77))
    return weights.detach().amax(-1), scores.grad.norm(dim=-1), query.grad.norm(dim=-1)


@pytest.mark.parametrize("seed", range(3))
def test_s2_without_the_scale_the_typical_gradient_vanishes_and_the_mean_does_not(seed):
    d_k = 1024
    largest, at_scores, at_query = gradients(d_k, 1.0, seed)
    scaled_largest, scaled_at_scores, scaled_at_query = gradients(d_k, math.sqrt(d_k), seed)
    assert largest.mean() > 0.9 and scaled_largest.mean() < 0.3
    assert at_scores.median() < 0.01 * scaled_at_scores.median()
    assert 0.05 < at_scores.mean() / scaled_at_scores.mean() < 0.6
    assert at_query.median() < 0.1 * scaled_at_query.median()
    assert at_query.mean() > scaled_at_query.mean()


@pytest.mark.parametrize("seed", range(3))
def test_s2_with_the_scale_width_does_not_matter(seed):
    narrow, wide = (gradients(d_k, math.sqrt(d_k), seed)[1].median() for d_k in (16, 1024))
    assert 0.6 < wide / narrow < 1.6


def test_s2_no_entry_of_the_jacobian_exceeds_what_the_largest_weight_leaves():
    scores = 5 * normal(100, 13, seed=3)
    for row in scores:
        jacobian = torch.autograd.functional.jacobian(masked_softmax, row)
        weights = masked_softmax(row)
        torch.testing.assert_close(jacobian, torch.diag(weights) - weights.outer(weights))
        assert jacobian.abs().max() <= 1 - weights.max() + 1e-12


def test_s2_a_loss_on_the_weights_themselves_does_not_vanish():
    scores = torch.tensor([[0.0, 60.0]], dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(scores, torch.tensor([0])).backward()
    torch.testing.assert_close(scores.grad, torch.tensor([[-1.0, 1.0]], dtype=torch.float64))


def test_s3_d_k_is_the_width_of_the_keys_not_of_the_embedding():
    d_model, d_k = 512, 64
    x = normal(200, d_model, seed=1)
    W_query, W_key = (normal(d_model, d_k, seed=seed) / math.sqrt(d_model) for seed in (2, 3))
    _, weights = cross_attention(x, x, W_query, W_key, normal(d_model, 11, seed=4))
    scores = (x @ W_query) @ (x @ W_key).T / math.sqrt(d_k)
    torch.testing.assert_close(weights, torch.softmax(scores, -1))
    assert scores.std().item() == pytest.approx(1, rel=0.1)  # unit variance at the start, as the scale promises
    wrong = scores * math.sqrt(d_k / d_model)
    assert wrong.std().item() == pytest.approx(math.sqrt(d_k / d_model), rel=0.1)


def test_s4_minus_infinity_gives_exactly_zero_and_nan_where_nothing_is_left():
    scores = torch.tensor([[1.0, 2.0, 900.0], [1.0, 2.0, 3.0]], requires_grad=True)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    plain = torch.softmax(scores.masked_fill(~mask, float("-inf")), -1)
    assert plain[0, 2] == 0 and plain[1].isnan().all()
    plain[0, 0].backward()
    assert scores.grad[0, 2] == 0


def test_s4_replacing_nan_afterwards_leaves_it_in_the_gradient():
    scores = torch.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    minus_infinity = torch.full((1, 3), float("-inf"))
    weights = torch.softmax(scores + minus_infinity, -1).nan_to_num(0.0)
    assert (weights == 0).all()
    weights.sum().backward()
    assert scores.grad.isnan().all()
    ours = scores.detach().clone().requires_grad_()
    masked_softmax(ours, torch.zeros(1, 3, dtype=torch.bool)).sum().backward()
    assert (ours.grad == 0).all()
