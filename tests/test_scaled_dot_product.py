"""Scaled dot-product attention against torch's own, against loops in float64, and its gradient against autograd."""

import jaxtyping
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from attn_course.scaled_dot_product import (
    attention_backward,
    causal_mask,
    cross_attention,
    padding_mask,
    scaled_dot_product_attention,
    scaled_dot_scores,
    self_attention,
)
from tests.attention_oracle import close, loop_attention, loop_mean, loop_scores, loop_softmax, random, random_mask

QUERIES, KEYS, D_K, D_V, D_MODEL, D_MEMORY = 5, 7, 3, 11, 13, 17
BATCHES = [(), (2,), (2, 3)]


def random_inputs(*batch: int, dtype=torch.float64, device="cpu") -> tuple[Tensor, Tensor, Tensor]:
    return (
        random(*batch, QUERIES, D_K, seed=0, dtype=dtype, device=device),
        random(*batch, KEYS, D_K, seed=1, dtype=dtype, device=device),
        random(*batch, KEYS, D_V, seed=2, dtype=dtype, device=device),
    )


def visible_somewhere(*shape: int, device="cpu") -> Tensor:
    """A mask that hides no query completely: torch and ours need not agree on those."""
    mask = random_mask(*shape, device=device)
    mask[..., 0, 1] = True
    mask[..., 2] = True
    return mask


@pytest.mark.parametrize("batch", BATCHES)
def test_scores_equal_the_loop(batch, device):
    query, key, _ = random_inputs(*batch, device=device)
    scores = scaled_dot_scores(query, key)
    assert scores.dtype == query.dtype and scores.device == query.device
    close(scores, loop_scores(query, key))


@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_causal_mask_equals_the_loop(length):
    mask = causal_mask(length)
    assert mask.dtype == torch.bool and mask.shape == (length, length)
    assert mask.tolist() == [[key <= query for key in range(length)] for query in range(length)]


def test_padding_mask_equals_the_loop(device):
    lengths = [3, 5, 1, 0, 4]
    for dtype in (torch.int64, torch.int32):
        mask = padding_mask(torch.tensor(lengths, dtype=dtype, device=device), 5)
        assert mask.dtype == torch.bool and mask.device.type == device.type
        assert mask.tolist() == [[[key < length for key in range(5)]] for length in lengths]


def test_masks_follow_their_device():
    with torch.device("meta"):
        assert causal_mask(QUERIES).device.type == "meta"
    assert padding_mask(torch.ones(2, dtype=torch.int64, device="meta"), KEYS).device.type == "meta"


def test_causal_and_padding_masks_combine():
    mask = causal_mask(4) & padding_mask(torch.tensor([2, 4]), 4)
    assert mask.shape == (2, 4, 4)
    assert mask[0].tolist() == [[k <= q and k < 2 for k in range(4)] for q in range(4)]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_attention_equals_the_loop(batch, masked, device):
    query, key, value = random_inputs(*batch, device=device)
    mask = random_mask(*batch, QUERIES, KEYS, device=device) if masked else None
    context, weights = scaled_dot_product_attention(query, key, value, mask)
    expected_context, expected_weights = loop_attention(query, key, value, mask)
    close(context, expected_context)
    close(weights, expected_weights)
    if masked:
        assert (context[..., 0, :] == 0).all() and (weights[..., 0, :] == 0).all()


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_attention_and_its_gradients_equal_torch(batch, masked, device):
    ours = [t.requires_grad_() for t in random_inputs(*batch, device=device)]
    theirs = [t.detach().clone().requires_grad_() for t in ours]
    mask = visible_somewhere(*batch, QUERIES, KEYS, device=device) if masked else None
    context, _ = scaled_dot_product_attention(*ours, mask)
    expected = F.scaled_dot_product_attention(*theirs, attn_mask=mask)
    close(context, expected.detach().cpu())
    grad_context = random(*context.shape, seed=3, device=device)
    context.backward(grad_context)
    expected.backward(grad_context)
    for tensor, reference in zip(ours, theirs, strict=True):
        close(tensor.grad, reference.grad.cpu())


def test_causal_attention_equals_torch(device):
    query, key, value = (random(2, QUERIES, D_K, seed=seed, device=device) for seed in range(3))
    context, _ = scaled_dot_product_attention(query, key, value, causal_mask(QUERIES).to(device))
    close(context, F.scaled_dot_product_attention(query, key, value, is_causal=True).cpu())


def test_every_head_of_torchs_module_is_this_attention(device):
    """torch's module, where True = hidden, with one head: the same numbers from the same weights."""
    module = torch.nn.MultiheadAttention(D_MODEL, 1, bias=False, batch_first=True, dtype=torch.float64, device=device)
    x = random(2, QUERIES, D_MODEL, device=device)
    mask = causal_mask(QUERIES).to(device)
    expected, expected_weights = module(x, x, x, attn_mask=~mask)
    W_query, W_key, W_value = (w.T for w in module.in_proj_weight.chunk(3))
    context, weights = self_attention(x, W_query, W_key, W_value, mask)
    close(weights, expected_weights.detach().cpu())
    close(context @ module.out_proj.weight.T, expected.detach().cpu())


@pytest.mark.parametrize("shape", [(KEYS,), (), (1, KEYS), (QUERIES, 1), (QUERIES, KEYS), (2, 1, 1, KEYS)])
def test_the_mask_broadcasts(shape, device):
    query, key, value = random_inputs(2, 3, device=device)
    mask = (random(*shape, seed=4) > 0).to(device)
    context, weights = scaled_dot_product_attention(query, key, value, mask)
    expected_context, expected_weights = loop_attention(query, key, value, mask)
    close(context, expected_context)
    close(weights, expected_weights)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 1e-2), (torch.bfloat16, 6e-2)])
def test_half_precision(dtype, tolerance, device):
    query, key, value = random_inputs(2, dtype=dtype, device=device)
    key[:, 0] = 300  # a hidden key that scores far above the visible ones
    mask = random_mask(2, QUERIES, KEYS, device=device)
    mask[..., 0] = False
    context, weights = scaled_dot_product_attention(query, key, value, mask)
    assert context.dtype == weights.dtype == dtype
    expected_context, expected_weights = loop_attention(query, key, value, mask)
    close(context, expected_context, tolerance * float(expected_context.abs().max()))
    close(weights, expected_weights, tolerance)
    assert (weights[~mask] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_a_query_that_sees_nothing_gets_zero_and_gives_no_gradient(dtype, device):
    query, key, value = (t.requires_grad_() for t in random_inputs(2, dtype=dtype, device=device))
    mask = torch.ones(2, QUERIES, KEYS, dtype=torch.bool, device=device)
    mask[0, 1] = False
    mask[1] = False
    with torch.autograd.set_detect_anomaly(True, check_nan=True):
        context, weights = scaled_dot_product_attention(query, key, value, mask)
        context.sum().backward()
    assert (context[0, 1] == 0).all() and (context[1] == 0).all() and (weights[1] == 0).all()
    assert (query.grad[0, 1] == 0).all()
    for tensor in (query, key, value):
        assert torch.isfinite(tensor.grad).all()
        assert (tensor.grad[1] == 0).all()
        assert (tensor.grad[0] != 0).any()


def test_large_numbers_in_hidden_keys_do_no_harm(device):
    query, key, value = random_inputs(2, dtype=torch.float32, device=device)
    mask = padding_mask(torch.tensor([4, 6], device=device), KEYS)
    expected = scaled_dot_product_attention(query, key, value, mask)
    hidden = ~mask.transpose(-2, -1)
    padded = [key.masked_fill(hidden, 1e6).requires_grad_(), value.masked_fill(hidden, -1e6).requires_grad_()]
    actual = scaled_dot_product_attention(query, *padded, mask)
    for a, e in zip(actual, expected, strict=True):
        assert torch.equal(a, e)
    actual[0].sum().backward()
    for tensor in padded:
        assert torch.isfinite(tensor.grad).all()
        assert (tensor.grad[hidden.expand_as(tensor)] == 0).all()


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_self_attention_equals_the_loop(batch, masked, device):
    x = random(*batch, QUERIES, D_MODEL, device=device)
    W_query, W_key, W_value = (
        random(D_MODEL, width, seed=seed, device=device) for seed, width in ((1, D_K), (2, D_K), (3, D_V))
    )
    mask = random_mask(*batch, QUERIES, QUERIES, device=device) if masked else None
    context, weights = self_attention(x, W_query, W_key, W_value, mask)
    expected_weights = loop_softmax(loop_scores(x @ W_query, x @ W_key), mask)
    close(weights, expected_weights)
    close(context, loop_mean(expected_weights, x @ W_value))


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_cross_attention_equals_the_loop(batch, masked, device):
    x = random(*batch, QUERIES, D_MODEL, device=device)
    memory = random(*batch, KEYS, D_MEMORY, seed=1, device=device)
    W_query = random(D_MODEL, D_K, seed=2, device=device)
    W_key, W_value = (random(D_MEMORY, width, seed=seed, device=device) for seed, width in ((3, D_K), (4, D_V)))
    mask = random_mask(*batch, QUERIES, KEYS, device=device) if masked else None
    context, weights = cross_attention(x, memory, W_query, W_key, W_value, mask)
    expected_weights = loop_softmax(loop_scores(x @ W_query, memory @ W_key), mask)
    close(weights, expected_weights)
    close(context, loop_mean(expected_weights, memory @ W_value))


def test_a_causal_mask_keeps_the_future_out(device):
    x = random(2, QUERIES, D_MODEL, device=device)
    projections = [random(D_MODEL, width, seed=width, device=device) for width in (D_K, D_K, D_V)]
    mask = causal_mask(QUERIES).to(device)
    changed = x.clone()
    changed[:, 3:] += 1
    before, _ = self_attention(x, *projections, mask)
    after, _ = self_attention(changed, *projections, mask)
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3:], after[:, 3:])


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_backward_equals_autograd(batch, masked, device):
    query, key, value = (t.requires_grad_() for t in random_inputs(*batch, device=device))
    mask = random_mask(*batch, QUERIES, KEYS, device=device) if masked else None
    context, _ = scaled_dot_product_attention(query, key, value, mask)
    grad_context = random(*context.shape, seed=5, device=device)
    context.backward(grad_context)
    grads = attention_backward(grad_context, query.detach(), key.detach(), value.detach(), mask)
    for grad, tensor in zip(grads, (query, key, value), strict=True):
        assert not grad.requires_grad
        close(grad, tensor.grad.cpu())


@pytest.mark.parametrize("shape", [(KEYS,), (), (1, KEYS), (QUERIES, 1)])
def test_backward_broadcasts_the_mask(shape, device):
    query, key, value = (t.requires_grad_() for t in random_inputs(2, device=device))
    mask = (random(*shape, seed=4) > 0).to(device)
    grad_context = random(2, QUERIES, D_V, seed=5, device=device)
    scaled_dot_product_attention(query, key, value, mask)[0].backward(grad_context)
    grads = attention_backward(grad_context, query, key, value, mask)
    for grad, tensor in zip(grads, (query, key, value), strict=True):
        close(grad, tensor.grad.cpu())


def test_backward_of_hidden_rows_and_keys_is_zero(device):
    query, key, value = random_inputs(2, device=device)
    mask = random_mask(2, QUERIES, KEYS, device=device)
    mask[..., 3] = False
    mask[1] = False
    grad_context = random(2, QUERIES, D_V, seed=5, device=device)
    grad_query, grad_key, grad_value = attention_backward(grad_context, query, key, value, mask)
    for grad in (grad_query, grad_key, grad_value):
        assert (grad[1] == 0).all() and torch.isfinite(grad).all()
    assert (grad_query[:, 0] == 0).all()
    assert (grad_key[:, 3] == 0).all() and (grad_value[:, 3] == 0).all()


@pytest.mark.parametrize("masked", [False, True])
def test_gradients_equal_numerical_differences(masked):
    mask = random_mask(2, QUERIES, KEYS) if masked else None
    inputs = [t.requires_grad_() for t in random_inputs(2)]
    assert torch.autograd.gradcheck(lambda q, k, v: scaled_dot_product_attention(q, k, v, mask), inputs)


def test_inputs_stay_as_they_were(device):
    inputs = [*random_inputs(2, device=device), random_mask(2, QUERIES, KEYS, device=device)]
    grad_context = random(2, QUERIES, D_V, seed=5, device=device)
    before = [t.clone() for t in (*inputs, grad_context)]
    scaled_dot_product_attention(*inputs)
    attention_backward(grad_context, *inputs)
    assert all(torch.equal(a, b) for a, b in zip(before, (*inputs, grad_context), strict=True))


def test_views_of_other_layouts_give_the_same(device):
    query = random(D_K, 2, QUERIES, device=device).permute(1, 2, 0)
    key = random(1, KEYS, D_K, seed=1, device=device).expand(2, KEYS, D_K)
    value = random(2, D_V, KEYS, seed=2, device=device).transpose(1, 2)
    context, weights = scaled_dot_product_attention(query, key, value)
    expected_context, expected_weights = loop_attention(query, key, value)
    close(context, expected_context)
    close(weights, expected_weights)


def test_no_value_is_read():
    """Tensors on the meta device have shapes and no values: code that looks at a value fails there."""
    with torch.device("meta"):
        query, key, value = torch.empty(2, QUERIES, D_K), torch.empty(2, KEYS, D_K), torch.empty(2, KEYS, D_V)
        x, memory = torch.empty(2, QUERIES, D_MODEL), torch.empty(2, KEYS, D_MEMORY)
        W_query, W_key, W_value = (torch.empty(D_MEMORY, width) for width in (D_K, D_K, D_V))
        mask = padding_mask(torch.empty(2, dtype=torch.int64), KEYS)
        context, weights = scaled_dot_product_attention(query, key, value, mask)
        others = [
            *self_attention(memory, W_query, W_key, W_value, causal_mask(KEYS)),
            *cross_attention(x, memory, torch.empty(D_MODEL, D_K), W_key, W_value, mask),
            *attention_backward(context, query, key, value, mask),
        ]
    assert context.shape == (2, QUERIES, D_V) and weights.shape == (2, QUERIES, KEYS)
    assert {t.device.type for t in (context, weights, *others)} == {"meta"}


def test_the_shapes_in_the_signatures_are_checked_here():
    with pytest.raises(jaxtyping.TypeCheckError):
        scaled_dot_scores(random(QUERIES, D_K), random(KEYS, D_K + 1))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda q, k, v, x, w: scaled_dot_scores([[1.0]], k), TypeError, "query must be a tensor.*list"),
        (lambda q, k, v, x, w: scaled_dot_scores(q[0, 0], k), ValueError, "query needs 2 or more axes"),
        (lambda q, k, v, x, w: scaled_dot_scores(q, v), ValueError, "d_k is 3 in query"),
        (lambda q, k, v, x, w: scaled_dot_scores(q, k[0]), ValueError, "same leading axes"),
        (lambda q, k, v, x, w: scaled_dot_scores(q, k.double()), TypeError, r"key is torch.float64.*query\.dtype"),
        (lambda q, k, v, x, w: scaled_dot_scores(q.long(), k.long()), TypeError, r"query\.float"),
        (lambda q, k, v, x, w: scaled_dot_product_attention(q, k, v[:, 1:]), ValueError, "keys is 7 in scores"),
        (lambda q, k, v, x, w: scaled_dot_product_attention(q, k, v, torch.ones(5, 7)), TypeError, r"mask\.bool\(\)"),
        (
            lambda q, k, v, x, w: scaled_dot_product_attention(q, k, v, torch.ones(2, 7).bool()),
            ValueError,
            r"mask \(2, 7\) and scores \(2, 5, 7\).*None",
        ),
        (lambda q, k, v, x, w: self_attention(x, w.T, w, w), ValueError, "d_model is 13 in x"),
        (lambda q, k, v, x, w: cross_attention(x, v, w, w, w), ValueError, "d_memory is 11 in memory"),
        (lambda q, k, v, x, w: attention_backward(v, q, k, v), ValueError, "queries is 7 in grad_context"),
        (lambda q, k, v, x, w: causal_mask(2.5), TypeError, r"length must be a whole number.*float.*int\(length\)"),
        (lambda q, k, v, x, w: causal_mask(-1), ValueError, "length must be at least 0, but got -1"),
        (lambda q, k, v, x, w: padding_mask([2, 3], 4), TypeError, "lengths must be a tensor"),
        (lambda q, k, v, x, w: padding_mask(torch.tensor([2.0]), 4), TypeError, r"integers.*lengths\.long"),
        (lambda q, k, v, x, w: padding_mask(torch.tensor([[2]]), 4), ValueError, "lengths needs 1 axes"),
        (lambda q, k, v, x, w: padding_mask(torch.tensor([2]), "4"), TypeError, "max_len must be a whole number"),
    ],
)
def test_bad_inputs_say_how_to_fix_them(call, error, words, own_errors):
    query, key, value = random_inputs(2, dtype=torch.float32)
    x, weight = random(2, QUERIES, D_MODEL, dtype=torch.float32), random(D_MODEL, D_K, dtype=torch.float32)
    with pytest.raises(error, match=words):
        call(query, key, value, x, weight)
