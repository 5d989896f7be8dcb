"""Masked softmax and the weighted mean, against loops in float64 and against torch."""

import jaxtyping
import pytest
import torch
import torch.nn.functional as F

from attn_course.attend import attend, masked_softmax
from tests.attention_oracle import close, loop_mean, loop_softmax, random, random_mask

QUERIES, KEYS, D_V = 5, 7, 11
BATCHES = [(), (3,), (2, 3)]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_weights_equal_the_loop(batch, masked, device):
    scores = random(*batch, QUERIES, KEYS, device=device)
    mask = random_mask(*batch, QUERIES, KEYS, device=device) if masked else None
    weights = masked_softmax(scores, mask)
    assert weights.dtype == scores.dtype and weights.device == scores.device
    close(weights, loop_softmax(scores, mask))


@pytest.mark.parametrize("batch", BATCHES)
def test_context_equals_the_loop(batch, device):
    scores = random(*batch, QUERIES, KEYS, device=device)
    value = random(*batch, KEYS, D_V, seed=2, device=device)
    mask = random_mask(*batch, QUERIES, KEYS, device=device)
    context, weights = attend(scores, value, mask)
    expected = loop_softmax(scores, mask)
    close(weights, expected)
    close(context, loop_mean(expected, value))


@pytest.mark.parametrize("batch", BATCHES)
def test_context_equals_torch_with_the_scores_as_bias(batch, device):
    """torch adds a float mask to its scores: with queries of 0 these are our scores alone."""
    scores = random(*batch, QUERIES, KEYS, device=device)
    value = random(*batch, KEYS, D_V, seed=2, device=device)
    nothing = torch.zeros(*batch, 1, 1, dtype=torch.float64, device=device)
    expected = F.scaled_dot_product_attention(
        nothing.expand(*batch, QUERIES, 1), nothing.expand(*batch, KEYS, 1), value, attn_mask=scores
    )
    close(attend(scores, value)[0], expected.cpu())


@pytest.mark.parametrize("shape", [(KEYS,), (1,), (), (1, KEYS), (QUERIES, 1), (QUERIES, KEYS), (3, 1, KEYS)])
def test_the_mask_broadcasts(shape, device):
    scores = random(2, 3, QUERIES, KEYS, device=device)
    mask = (random(*shape, seed=3) > 0).to(device)
    close(masked_softmax(scores, mask), loop_softmax(scores, mask))


def test_one_row_of_scores_is_enough(device):
    scores = random(KEYS, device=device)
    mask = torch.arange(KEYS, device=device) > 2
    close(masked_softmax(scores, mask), loop_softmax(scores, mask))


def test_adding_a_constant_to_a_row_changes_nothing(device):
    scores = random(QUERIES, KEYS, device=device)
    shift = random(QUERIES, 1, seed=4, device=device) * 100
    mask = random_mask(QUERIES, KEYS, device=device)
    close(masked_softmax(scores + shift, mask), masked_softmax(scores, mask).cpu())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_extreme_scores(dtype, device):
    """Rows of scores of 1000 and -1000, and hidden scores 800 above the visible ones."""
    scores = torch.tensor([[1000, -1000, 1000, 0], [-1000, -1000, -999, -1000], [800, 0, 1, 900], [0, 1, 2, 3]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0]], dtype=torch.bool)
    scores, mask = scores.to(device, dtype), mask.to(device)
    weights = masked_softmax(scores, mask)
    assert weights.dtype == dtype
    assert (weights[~mask] == 0).all()
    close(weights, loop_softmax(scores, mask), {torch.float16: 1e-3, torch.bfloat16: 4e-3}.get(dtype, 1e-6))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_lowest_number_of_a_half_precision_is_a_score_like_any_other(dtype, device):
    """A fill with the lowest finite number instead of -inf would share weight with this visible key."""
    lowest = torch.finfo(dtype).min
    scores = torch.tensor([[lowest, 0.0, 1.0]], dtype=dtype, device=device)
    weights = masked_softmax(scores, torch.tensor([[True, False, False]], device=device))
    assert weights.tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_a_fully_hidden_row_gives_zero_and_takes_no_gradient(dtype, device):
    scores = random(2, QUERIES, KEYS, dtype=dtype, device=device).requires_grad_()
    value = random(2, KEYS, D_V, seed=2, dtype=dtype, device=device).requires_grad_()
    mask = random_mask(2, QUERIES, KEYS, device=device)
    mask[1] = False  # no query of this batch item sees anything
    with torch.autograd.set_detect_anomaly(True, check_nan=True):  # no NaN on the way either
        context, weights = attend(scores, value, mask)
        (context.sum() + (weights * weights).sum()).backward()
    assert (context[1] == 0).all() and (context[0, 0] == 0).all()
    assert (weights[~mask] == 0).all()
    assert torch.isfinite(scores.grad).all() and torch.isfinite(value.grad).all()
    assert (scores.grad[~mask] == 0).all()
    assert (value.grad[1] == 0).all()
    assert (scores.grad[0, -1] != 0).any()  # the visible ones do take gradient


def test_infinite_scores_of_hidden_keys_do_no_harm(device):
    scores = random(QUERIES, KEYS, device=device)
    mask = random_mask(QUERIES, KEYS, device=device)
    poisoned = scores.masked_fill(~mask, float("inf")).requires_grad_()
    weights = masked_softmax(poisoned, mask)
    close(weights, loop_softmax(scores, mask))
    (weights**2).sum().backward()
    assert torch.isfinite(poisoned.grad).all()


@pytest.mark.parametrize("masked", [False, True])
def test_gradients_equal_numerical_differences(masked):
    mask = random_mask(2, QUERIES, KEYS) if masked else None
    scores = random(2, QUERIES, KEYS).requires_grad_()
    value = random(2, KEYS, D_V, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda s, v: attend(s, v, mask), (scores, value))


def test_inputs_stay_as_they_were(device):
    scores, value = random(2, QUERIES, KEYS, device=device), random(2, KEYS, D_V, seed=2, device=device)
    mask = random_mask(QUERIES, KEYS, device=device)
    before = [t.clone() for t in (scores, value, mask)]
    attend(scores, value, mask)
    assert all(torch.equal(a, b) for a, b in zip(before, (scores, value, mask), strict=True))


def test_views_of_other_layouts_give_the_same(device):
    scores = random(KEYS, 3, QUERIES, device=device).permute(1, 2, 0)
    value = random(1, D_V, KEYS, seed=2, device=device).transpose(1, 2).expand(3, KEYS, D_V)
    mask = random_mask(KEYS, QUERIES, device=device).T
    context, weights = attend(scores, value, mask)
    same_context, same_weights = attend(scores.contiguous(), value.contiguous(), mask.contiguous())
    close(context, same_context.cpu())
    close(weights, same_weights.cpu())


def test_no_value_is_read():
    """Tensors on the meta device have shapes and no values: code that looks at a value fails there."""
    scores, value = torch.empty(2, QUERIES, KEYS, device="meta"), torch.empty(2, KEYS, D_V, device="meta")
    context, weights = attend(scores, value, torch.empty(QUERIES, KEYS, dtype=torch.bool, device="meta"))
    assert context.device.type == weights.device.type == "meta"
    assert context.shape == (2, QUERIES, D_V) and weights.shape == (2, QUERIES, KEYS)


def test_the_shapes_in_the_signatures_are_checked_here():
    with pytest.raises(jaxtyping.TypeCheckError):
        attend(random(QUERIES, KEYS), random(KEYS + 1, D_V))


@pytest.mark.parametrize(
    ("scores", "mask", "error", "words"),
    [
        ([[1.0]], None, TypeError, "scores must be a tensor.*list.*torch.tensor"),
        (torch.ones(2, 3, dtype=torch.int64), None, TypeError, r"floating point.*torch.int64.*scores\.float\(\)"),
        (torch.tensor(1.0), None, ValueError, "scores needs 1 or more axes"),
        (torch.ones(2, 3), [[True] * 3] * 2, TypeError, "mask must be a tensor.*list"),
        (torch.ones(2, 3), torch.ones(2, 3), TypeError, r"mask must be boolean.*float32.*mask\.bool\(\).*mask == 0"),
        (torch.ones(2, 3), torch.ones(2, 3, dtype=torch.int64), TypeError, r"torch.int64.*mask\.bool\(\)"),
        (torch.ones(5, 2, 3), torch.ones(5, 3).bool(), ValueError, r"mask \(5, 3\) and scores \(5, 2, 3\).*None"),
        (torch.ones(2, 3), torch.ones(1, 2, 3).bool(), ValueError, "must broadcast"),
    ],
)
def test_bad_scores_and_masks_say_how_to_fix_them(scores, mask, error, words, own_errors):
    with pytest.raises(error, match=words):
        masked_softmax(scores, mask)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ([[1.0]], TypeError, "value must be a tensor"),
        (torch.ones(7, 5, dtype=torch.float64), TypeError, r"value is torch.float64.*torch.float32.*scores\.dtype"),
        (torch.ones(5, 7), ValueError, "value.*keys is 7 in scores.*not 5"),
        (torch.ones(2, 7, 5), ValueError, "same leading axes"),
        (torch.ones(7), ValueError, "value needs 2 or more axes"),
    ],
)
def test_bad_values_say_how_to_fix_them(value, error, words, own_errors):
    with pytest.raises(error, match=words):
        attend(torch.ones(3, 7), value)
