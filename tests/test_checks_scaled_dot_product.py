"""What is special in the checks of chapter 04: forbidden ways to a gradient, precision, devices, partial credit."""

import math

import pytest
import torch
import torch.nn.functional as F

from attn_course.checks import evaluate
from attn_course.checks.registry import exercise
from tests.answers.scaled_dot_product import (
    attention_backward__plain,
    scaled_dot_product_attention__plain,
)

SEEDS = range(3)


def earned(name, answer, seed=0):
    """Aspect → points."""
    return {aspect.id: aspect.score for aspect in evaluate(name, answer, seed).aspects}


def missed(name, answer, seed=0):
    """Ids of the aspects that failed."""
    return {aspect.id for aspect in evaluate(name, answer, seed).aspects if not aspect.passed}


# --- gradients without a derivation


def forward(query, key, value, mask):
    return scaled_dot_product_attention__plain(query, key, value, mask)[0]


def leaves(*tensors):
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


def by_backward(grad_context, query, key, value, mask=None):
    inputs = leaves(query, key, value)
    with torch.enable_grad():
        forward(*inputs, mask).backward(grad_context)
    return tuple(tensor.grad for tensor in inputs)


def by_grad(grad_context, query, key, value, mask=None):
    inputs = leaves(query, key, value)
    with torch.enable_grad():
        return torch.autograd.grad(forward(*inputs, mask), inputs, grad_context)


def by_autograd_backward(grad_context, query, key, value, mask=None):
    inputs = leaves(query, key, value)
    with torch.enable_grad():
        torch.autograd.backward(forward(*inputs, mask), grad_context)
    return tuple(tensor.grad for tensor in inputs)


def by_vjp(grad_context, query, key, value, mask=None):
    return torch.func.vjp(lambda q, k, v: forward(q, k, v, mask), query, key, value)[1](grad_context)


def by_func_grad(grad_context, query, key, value, mask=None):
    loss = lambda q, k, v: (forward(q, k, v, mask) * grad_context).sum()  # noqa: E731
    return torch.func.grad(loss, argnums=(0, 1, 2))(query, key, value)


def by_jacrev(grad_context, query, key, value, mask=None):
    loss = lambda q, k, v: (forward(q, k, v, mask) * grad_context).sum()  # noqa: E731
    return torch.func.jacrev(loss, argnums=(0, 1, 2))(query, key, value)


def by_jacfwd(grad_context, query, key, value, mask=None):
    loss = lambda q, k, v: (forward(q, k, v, mask) * grad_context).sum()  # noqa: E731
    return torch.func.jacfwd(loss, argnums=(0, 1, 2))(query, key, value)


def by_functional_vjp(grad_context, query, key, value, mask=None):
    return torch.autograd.functional.vjp(lambda *i: forward(*i, mask), (query, key, value), grad_context)[1]


def by_backward_where_there_is_a_mask(grad_context, query, key, value, mask=None):
    if mask is None:
        return attention_backward__plain(grad_context, query, key, value)
    return by_backward(grad_context, query, key, value, mask)


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (by_backward, "Tensor.backward"),
        (by_grad, "torch.autograd.grad"),
        (by_autograd_backward, "torch.autograd.backward"),
        (by_vjp, "torch.func.vjp"),
        (by_func_grad, "torch.func.grad"),
        (by_jacrev, "torch.func.jacrev"),
        (by_jacfwd, "torch.func.jacfwd"),
        (by_functional_vjp, "torch.autograd.functional.vjp"),
        (by_backward_where_there_is_a_mask, "Tensor.backward"),
    ],
)
def test_autograd_is_refused_by_the_name_a_learner_knows(answer, known):
    report = evaluate("attention_backward", answer, 0)
    assert (report.score, report.diagnosis) == (0, "ready-made-answer")
    assert f"This calls {known}, a ready-made" in report.text


def by_kernel(grad_context, query, key, value, mask=None):
    _, weights = scaled_dot_product_attention__plain(query, key, value, mask)
    of_scores = torch._softmax_backward_data(grad_context @ value.mT, weights, -1, weights.dtype)
    of_scores = of_scores / math.sqrt(key.shape[-1])
    return of_scores @ key, of_scores.mT @ query, weights.mT @ grad_context


def by_operator(grad_context, query, key, value, mask=None):
    torch.ops.aten._softmax_backward_data(query, query, -1, query.dtype)
    return attention_backward__plain(grad_context, query, key, value, mask)


@pytest.mark.parametrize("answer", [by_kernel, by_operator])
def test_the_backward_pass_of_torchs_softmax_is_refused(answer):
    report = evaluate("attention_backward", answer, 0)
    assert (report.score, report.diagnosis) == (0, "ready-made-answer")
    assert "_softmax_backward_data, a ready-made" in report.text


def differences(step, dtype=None, relative=False):
    """Central differences of the loss, entry by entry."""

    def answer(grad_context, query, key, value, mask=None):
        inputs = [tensor.detach().clone().to(dtype or tensor.dtype) for tensor in (query, key, value)]
        weights = grad_context.to(inputs[0].dtype)
        grads = []
        for tensor in inputs:
            grad = torch.zeros_like(tensor)
            for index in torch.cartesian_prod(*(torch.arange(n) for n in tensor.shape)).tolist():
                place = tuple(index)
                before = tensor[place].clone()
                h = step * max(abs(float(before)), 1e-3) if relative else step
                tensor[place] = before + h
                above = (forward(*inputs, mask) * weights).sum()
                tensor[place] = before - h
                below = (forward(*inputs, mask) * weights).sum()
                tensor[place] = before
                grad[place] = (above - below) / (2 * h)
            grads.append(grad.to(query.dtype))
        return tuple(grads)

    return answer


@pytest.mark.parametrize("step", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("relative", [False, True])
def test_numerical_differences_find_neither_grad_query_nor_grad_key(step, relative):
    lost = missed("attention_backward", differences(step, torch.float64, relative))
    assert {"query", "key", "scale"} <= lost


@pytest.mark.parametrize("decorator", [torch.no_grad(), torch.enable_grad(), torch.inference_mode()])
def test_switching_autograd_on_or_off_is_fine(decorator):
    report = evaluate("attention_backward", decorator(attention_backward__plain), 0)
    assert report.score == report.points, report.text


# --- ready-made attention


def test_ready_made_attention_is_refused():
    def answer(query, key, value, mask=None):
        _, weights = scaled_dot_product_attention__plain(query, key, value, mask)
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask), weights

    report = evaluate("scaled_dot_product_attention", answer, 0)
    assert (report.score, report.diagnosis) == (0, "ready-made-answer")


# --- precision


def masked(fill, zero=True):
    """Attention with a fill of the learner's choice."""

    def answer(query, key, value, mask=None):
        scores = query @ key.mT / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = torch.where(mask, scores, fill)
        weights = scores.softmax(-1)
        if mask is not None and zero:
            weights = weights * mask.any(-1, keepdim=True)
        return weights @ value, weights

    return answer


@pytest.mark.parametrize("seed", SEEDS)
def test_minus_a_thousand_million_is_right_but_in_half_precision(seed):
    """There it becomes -inf, and a row of that becomes NaN, which no factor of 0 takes away."""
    assert missed("scaled_dot_product_attention", masked(-1e9), seed) == {"half"}
    found = evaluate("scaled_dot_product_attention", masked(-1e9), seed)
    assert "float16" in next(aspect.message for aspect in found.aspects if aspect.id == "half")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("fill", "right"), [(-50.0, False), (-1000.0, False), (-1e4, True), (-6e4, True)])
def test_a_fill_must_lie_below_every_score(fill, right, seed):
    assert ("extremes" not in missed("scaled_dot_product_attention", masked(fill), seed)) is right


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tiny_weight_on_a_hidden_key_is_a_leak(seed):
    def answer(query, key, value, mask=None):
        context, weights = scaled_dot_product_attention__plain(query, key, value, mask)
        return context, weights if mask is None else weights + 1e-12 * ~mask

    assert "hidden" in missed("scaled_dot_product_attention", answer, seed)


@pytest.mark.parametrize("name", ["scaled_dot_scores", "scaled_dot_product_attention"])
def test_half_precision_inside_is_too_coarse(name):
    def scores(query, key):
        return (query.half() @ key.half().mT / math.sqrt(query.shape[-1])).to(query.dtype)

    def attention(query, key, value, mask=None):
        halves = (tensor.half() for tensor in (query, key, value))
        return tuple(t.to(query.dtype) for t in scaled_dot_product_attention__plain(*halves, mask))

    assert "scale" in missed(name, scores if name == "scaled_dot_scores" else attention)


# --- partial credit: who forgets one thing loses what shows it, and nothing else


def without_scale(query, key, value, mask=None):
    return scaled_dot_product_attention__plain(query * math.sqrt(query.shape[-1]), key, value, mask)


def without_mask(query, key, value, mask=None):
    return scaled_dot_product_attention__plain(query, key, value)


def with_nan_rows(query, key, value, mask=None):
    return masked(-math.inf, zero=False)(query, key, value, mask)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("answer", "lost"),
    [
        (without_scale, {"scale", "hidden_gradients"}),
        (without_mask, {"hidden", "rows", "extremes", "half", "hidden_gradients"}),
        (with_nan_rows, {"rows", "half", "hidden_gradients"}),
    ],
)
def test_one_mistake_costs_what_shows_it(answer, lost, seed):
    together = {"mixed"}  # where everything meets, every mistake shows
    assert missed("scaled_dot_product_attention", answer, seed) - together == lost


@pytest.mark.parametrize(("position", "name"), list(enumerate(["query", "key", "value"])))
def test_one_of_three_gradients_earns_its_points(position, name):
    def answer(*inputs):
        return [g if i == position else 0 * g for i, g in enumerate(attention_backward__plain(*inputs))]

    got = earned("attention_backward", answer)
    assert {n for n in ("query", "key", "value") if got[n]} == {name}


@pytest.mark.parametrize("name", ["causal_mask", "padding_mask"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.uint8])
def test_a_mask_of_numbers_loses_what_says_boolean(name, dtype):
    def causal(length):
        return torch.ones(length, length, dtype=dtype).tril()

    def padding(lengths, max_len):
        return (torch.arange(max_len, device=lengths.device) < lengths[:, None, None]).to(dtype)

    assert missed(name, causal if name == "causal_mask" else padding) == {"dtype"}


# --- devices


def test_a_causal_mask_on_the_cpu_is_noticed():
    def answer(length):
        return torch.ones(length, length).tril().bool().cpu()

    assert missed("causal_mask", answer) == {"device"}


def test_lengths_may_be_read_on_the_cpu():
    def answer(lengths, max_len):
        read = lengths.cpu()
        return (torch.arange(max_len, device="cpu") < read[:, None, None]).to(lengths.device)

    report = evaluate("padding_mask", answer, 0)
    assert report.score == report.points, report.text


# --- worthless answers


@pytest.mark.parametrize("make", [torch.zeros, torch.ones, torch.rand])
@pytest.mark.parametrize("name", ["scaled_dot_product_attention", "self_attention", "cross_attention"])
def test_results_of_the_right_shape_alone_earn_nothing(name, make):
    def result(queries, keys, d_v, like):
        return [make(*like.shape[:-2], queries, width).to(like) for width in (d_v, keys)]

    def attention(query, key, value, mask=None):
        return result(query.shape[-2], key.shape[-2], value.shape[-1], query)

    def of_itself(x, W_query, W_key, W_value, mask=None):
        return result(x.shape[-2], x.shape[-2], W_value.shape[-1], x)

    def across(x, memory, W_query, W_key, W_value, mask=None):
        return result(x.shape[-2], memory.shape[-2], W_value.shape[-1], x)

    answers = {"scaled_dot_product_attention": attention, "self_attention": of_itself, "cross_attention": across}
    assert evaluate(name, answers[name], 0).score == 0


def test_gradients_of_zero_earn_nothing():
    def answer(grad_context, query, key, value, mask=None):
        return torch.zeros_like(query), torch.zeros_like(key), torch.zeros_like(value)

    assert evaluate("attention_backward", answer, 0).score == 0


@pytest.mark.parametrize("name", ["scaled_dot_product_attention", "self_attention", "cross_attention"])
def test_the_cases_ask_what_the_rulings_name(name):
    """No axis of size 0, no mask with more axes than the scores, no NaN or infinity among the inputs."""
    for case in exercise(name).cases(0):
        tensors = {key: thing for key, thing in case.arguments.items() if isinstance(thing, torch.Tensor)}
        first = next(iter(tensors.values()))
        assert all(tensor.numel() for tensor in tensors.values())
        assert all(torch.isfinite(tensor).all() for tensor in tensors.values())
        if "mask" in tensors:
            assert tensors["mask"].dtype == torch.bool
            assert tensors["mask"].ndim <= first.ndim
