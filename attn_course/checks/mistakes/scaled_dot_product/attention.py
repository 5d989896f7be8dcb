"""Wrong ways to attend that learners write, each with what a good teacher would say."""

import math

import torch

from attn_course.checks.engine import Mistakes

ID = "scaled_dot_product_attention"
SCALE = "scaled-dot-product-scale"
EQUATION = "scaled-dot-product-equation"
MASKS = "scaled-dot-product-masks"
ROWS = "scaled-dot-product-hidden-rows"
PRECISION = "scaled-dot-product-precision"
CODE = "scaled-dot-product-code"

mistakes = Mistakes()


def right_scores(query, key):
    """The scores as they should be."""
    return query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])


def right_softmax(scores, mask=None):
    """The masked softmax as it should be."""
    if mask is None:
        return torch.softmax(scores, dim=-1)
    scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0)
    return torch.softmax(scores, dim=-1).masked_fill(~mask, 0)


def attend(scores, value, mask=None):
    """The weighted mean as it should be."""
    weights = right_softmax(scores, mask)
    return weights @ value, weights


@mistakes.add(ID, "no-scale", "This is attention without the scale: the division by √d_k is missing.", SCALE)
def without_scale(query, key, value, mask=None):
    return attend(query @ key.transpose(-2, -1), value, mask)


@mistakes.add(ID, "scale-d_k", "You divide by d_k, not by its square root: your weights are too even.", SCALE)
def over_d_k(query, key, value, mask=None):
    return attend(query @ key.transpose(-2, -1) / key.shape[-1], value, mask)


@mistakes.add(
    ID,
    "scale-keys",
    "You divide by the square root of the number of keys. d_k is the width of one key: the last axis.",
    SCALE,
)
def over_keys(query, key, value, mask=None):
    return attend(query @ key.transpose(-2, -1) / math.sqrt(key.shape[-2]), value, mask)


@mistakes.add(
    ID, "scale-d_v", "You divide by the square root of the width of the values. d_k is the width of the keys.", SCALE
)
def over_d_v(query, key, value, mask=None):
    return attend(query @ key.transpose(-2, -1) / math.sqrt(value.shape[-1]), value, mask)


@mistakes.add(
    ID,
    "scale-axis-1",
    "You read d_k from axis 1. With a batch axis in front that is the number of queries: count from the end, "
    "shape[-1].",
    SCALE,
)
def over_axis_1(query, key, value, mask=None):
    return attend(query @ key.transpose(-2, -1) / math.sqrt(query.shape[1]), value, mask)


@mistakes.add(
    ID, "scale-constant", "You divide by 8, which is right for d_k = 64 alone. Read d_k from the tensor.", SCALE
)
def over_eight(query, key, value, mask=None):
    return attend(query @ key.transpose(-2, -1) / 8, value, mask)


@mistakes.add(ID, "scale-multiplied", "You multiply by √d_k where the equation divides by it.", SCALE)
def times_root(query, key, value, mask=None):
    return attend(query @ key.transpose(-2, -1) * math.sqrt(key.shape[-1]), value, mask)


@mistakes.add(
    ID,
    "scale-after-softmax",
    "You scale the weights instead of the scores: the division belongs inside the softmax, and weights sum to 1.",
    SCALE,
)
def scale_after_softmax(query, key, value, mask=None):
    weights = right_softmax(query @ key.transpose(-2, -1), mask) / math.sqrt(key.shape[-1])
    return weights @ value, weights


@mistakes.add(
    ID,
    "softmax-over-queries",
    "Your softmax runs over the queries: columns sum to 1. Each query shares out its weight over the keys, dim=-1.",
    EQUATION,
)
def softmax_over_queries(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-2)
    weights = torch.nan_to_num(weights)
    return weights @ value, weights


@mistakes.add(
    ID,
    "softmax-axis-1",
    "Your softmax runs over axis 1. With a batch axis in front these are the queries: the keys are dim=-1.",
    EQUATION,
)
def softmax_axis_1(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        hidden = ~mask.broadcast_to(scores.shape)
        scores = scores.masked_fill(hidden, -math.inf).masked_fill(hidden.all(dim=1, keepdim=True), 0)
    weights = torch.softmax(scores, dim=1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weights @ value, weights


@mistakes.add(
    ID,
    "no-softmax",
    "Your weights are the scores themselves: the softmax that makes them positive and sum to 1 is missing.",
    EQUATION,
)
def without_softmax(query, key, value, mask=None):
    weights = right_scores(query, key)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weights @ value, weights


@mistakes.add(ID, "uniform", "Your weights are all the same: the scores take no part in them.", EQUATION)
def uniform(query, key, value, mask=None):
    return attend(right_scores(query, key) * 0, value, mask)


@mistakes.add(
    ID,
    "returns-scores",
    "You return the scores in place of the weights. The weights are what the softmax gives: (context, weights).",
    EQUATION,
)
def returns_scores(query, key, value, mask=None):
    scores = right_scores(query, key)
    return right_softmax(scores, mask) @ value, scores


@mistakes.add(ID, "swapped-pair", "You return (weights, context). Asked is (context, weights).", EQUATION)
def swapped_pair(query, key, value, mask=None):
    return attend(right_scores(query, key), value, mask)[::-1]


@mistakes.add(
    ID,
    "mixes-batch",
    "Your batch items mix: every item gets the values of all of them. Keep the batch axes apart.",
    EQUATION,
)
def mixes_batch(query, key, value, mask=None):
    if value.ndim > 2:
        value = value.mean(dim=0, keepdim=True).expand_as(value)
    return attend(right_scores(query, key), value, mask)


@mistakes.add(ID, "ignores-mask", "You never use the mask: hidden keys still get weight.", MASKS)
def ignores_mask(query, key, value, mask=None):
    return attend(right_scores(query, key), value)


@mistakes.add(
    ID,
    "inverted-mask",
    "You hide what is visible. In this course True means: may attend. So fill where ~mask is True.",
    MASKS,
)
def inverted_mask(query, key, value, mask=None):
    return attend(right_scores(query, key), value, None if mask is None else ~mask)


@mistakes.add(
    ID,
    "zero-fill",
    "You set hidden scores to 0 (or multiply them by the mask). exp(0) is 1: hidden keys still get weight. Use −inf.",
    MASKS,
)
def zero_fill(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, 0)
    return attend(scores, value)


@mistakes.add(
    ID,
    "tiny-fill",
    "You fill hidden scores with 1e-9, which is nearly 0, so that they still get weight. You may mean −1e9; "
    "better is −inf.",
    MASKS,
)
def tiny_fill(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, 1e-9).masked_fill(~mask.any(dim=-1, keepdim=True), -math.inf)
    weights = torch.softmax(scores, dim=-1).nan_to_num()
    return weights @ value, weights


@mistakes.add(
    ID,
    "small-fill",
    "You fill hidden scores with −100. A visible score may be as low: the hidden keys then win. Use −inf.",
    MASKS,
)
def small_fill(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is None:
        return attend(scores, value)
    weights = torch.softmax(scores.masked_fill(~mask, -100), dim=-1) * mask.any(dim=-1, keepdim=True)
    return weights @ value, weights


@mistakes.add(
    ID,
    "subtracts-1e4",
    "You subtract 10,000 from hidden scores. A hidden score may be larger than that: replace it, by −inf, instead.",
    MASKS,
)
def subtracts(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is None:
        return attend(scores, value)
    weights = torch.softmax(scores - 1e4 * (~mask).to(scores), dim=-1) * mask.any(dim=-1, keepdim=True)
    return weights @ value, weights


@mistakes.add(
    ID,
    "mask-after-softmax",
    "You hide keys after the softmax: what is left of a row no longer sums to 1. Hide the scores before it.",
    MASKS,
)
def mask_after_softmax(query, key, value, mask=None):
    weights = right_softmax(right_scores(query, key))
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weights @ value, weights


@mistakes.add(
    ID,
    "renormalises",
    "You hide keys after the softmax and divide by what is left. Where hidden scores are far above the visible ones, "
    "nothing is left: 0 / 0. Hide the scores before the softmax.",
    MASKS,
)
def renormalises(query, key, value, mask=None):
    weights = right_softmax(right_scores(query, key))
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
        total = weights.sum(dim=-1, keepdim=True)
        weights = (weights / total.masked_fill(~mask.any(dim=-1, keepdim=True), 1)).to(value.dtype)
    return weights @ value, weights


@mistakes.add(
    ID,
    "masks-values",
    "You hide the values, not the scores: hidden keys keep their share of the weight.",
    MASKS,
)
def masks_context_only(query, key, value, mask=None):
    weights = right_softmax(right_scores(query, key))
    shown = weights if mask is None else weights.masked_fill(~mask, 0)
    return shown @ value, weights


@mistakes.add(
    ID,
    "unmasked-weights",
    "Your context is right, but you return the weights as they were before the mask.",
    MASKS,
)
def unmasked_weights(query, key, value, mask=None):
    scores = right_scores(query, key)
    return right_softmax(scores, mask) @ value, right_softmax(scores)


@mistakes.add(
    ID,
    "transposed-mask",
    "Your mask is transposed where there are as many queries as keys. Its rows are queries, its columns keys.",
    MASKS,
)
def transposed_mask(query, key, value, mask=None):
    if mask is not None and mask.ndim > 1 and mask.shape[-1] == mask.shape[-2]:
        mask = mask.transpose(-2, -1)
    return attend(right_scores(query, key), value, mask)


@mistakes.add(
    ID,
    "no-broadcast",
    "`scores[~mask] = …` needs a mask of the same shape as the scores. Masks here have fewer axes or axes of size 1: "
    "masked_fill and torch.where broadcast.",
    MASKS,
)
def without_broadcast(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is None:
        return attend(scores, value)
    scores = scores.clone()
    scores[~mask] = -math.inf
    weights = torch.softmax(scores.masked_fill(~mask.any(dim=-1, keepdim=True), 0), dim=-1)
    weights = weights.masked_fill(~mask, 0)
    return weights @ value, weights


@mistakes.add(
    ID,
    "nan-rows",
    "A query that may see nothing gets NaN: the softmax of a row of −inf is 0 / 0. Its context and weights must be 0.",
    ROWS,
)
def nan_rows(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


@mistakes.add(
    ID,
    "uniform-rows",
    "A query that may see nothing gets the mean of all values: a row filled with one large negative number has "
    "a uniform "
    "softmax. Its context and weights must be 0.",
    ROWS,
)
def uniform_rows(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


@mistakes.add(
    ID,
    "uniform-rows-1e9",
    "You fill with −1e9. A query that may see nothing then gets the mean of all values instead of 0, and in float16 "
    "there is no such number.",
    ROWS,
)
def uniform_rows_1e9(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


@mistakes.add(
    ID,
    "uniform-weights-of-rows",
    "The context of a query that may see nothing is 0, but its weights are not.",
    ROWS,
)
def rows_of_context_only(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is None:
        return attend(scores, value)
    weights = torch.softmax(scores.masked_fill(~mask, torch.finfo(scores.dtype).min), dim=-1)
    return (weights @ value).masked_fill(~mask.any(dim=-1, keepdim=True), 0), weights


@mistakes.add(
    ID,
    "nan-gradients",
    "Your results are right, but where a query may see nothing the gradient is NaN: adding −inf and replacing the NaN "
    "afterwards repairs the forward pass alone.",
    ROWS,
)
def nan_gradients(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores + torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, -math.inf)
    weights = torch.nan_to_num(torch.softmax(scores, dim=-1))
    return weights @ value, weights


@mistakes.add(
    ID,
    "exp-before-mask",
    "You take exp of hidden scores and set them to 0 afterwards. Where they are far above the visible ones exp "
    "overflows, "
    "and 0 · inf in the backward pass is NaN. Fill before exp.",
    MASKS,
)
def exp_before_mask(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is None:
        return attend(scores, value)
    largest = scores.masked_fill(~mask, -math.inf).amax(dim=-1, keepdim=True)
    largest = largest.masked_fill(largest == -math.inf, 0)
    terms = torch.where(mask, torch.exp(scores - largest), 0)
    total = terms.sum(dim=-1, keepdim=True)
    weights = terms / total.masked_fill(total == 0, 1)
    return weights @ value, weights


@mistakes.add(
    ID,
    "overflow",
    "exp of a score of 1000 is infinite. Subtract the largest score of each row first: the weights stay the same.",
    MASKS,
)
def overflow(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    terms = torch.exp(scores)
    total = terms.sum(dim=-1, keepdim=True)
    weights = terms / total.masked_fill(total == 0, 1)
    return weights @ value, weights


@mistakes.add(
    ID,
    "one-maximum",
    "You subtract the largest score of the whole tensor. A row far below it vanishes altogether: take each row's own, "
    "amax(dim=-1, keepdim=True).",
    MASKS,
)
def one_maximum(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    terms = torch.exp(scores - scores.amax())
    total = terms.sum(dim=-1, keepdim=True)
    weights = terms / total if mask is None else terms / total.masked_fill(~mask.any(dim=-1, keepdim=True), 1)
    return weights @ value, weights


@mistakes.add(
    ID,
    "fill-too-large-for-half",
    "−1e9 does not exist in float16, whose largest number is 65504. −inf does, and float('-inf') is it.",
    PRECISION,
)
def fill_1e9(query, key, value, mask=None):
    scores = right_scores(query, key)
    if mask is None:
        return attend(scores, value)
    weights = torch.softmax(scores.masked_fill(~mask, -1e9), dim=-1).masked_fill(~mask, 0)
    return weights @ value, weights


@mistakes.add(
    ID,
    "returns-float32",
    "You compute in float32 and return it so. Convert the results back to the dtype of the inputs.",
    PRECISION,
)
def returns_float32(query, key, value, mask=None):
    context, weights = attend(right_scores(query.float(), key.float()), value.float(), mask)
    return context, weights


@mistakes.add(
    ID,
    "value-detached",
    "You detach the values: what makes them would never learn.",
    CODE,
)
def value_detached(query, key, value, mask=None):
    return attend(right_scores(query, key), value.detach(), mask)


@mistakes.add(
    ID,
    "weights-detached",
    "You detach the weights before you average: queries and keys would never learn.",
    CODE,
)
def weights_detached(query, key, value, mask=None):
    weights = right_softmax(right_scores(query, key), mask)
    return weights.detach() @ value, weights


@mistakes.add(
    ID,
    "query-in-place",
    "`query /= …` changes the caller's tensor. Write query = query / … .",
    CODE,
)
def query_in_place(query, key, value, mask=None):
    query /= math.sqrt(query.shape[-1])
    return attend(query @ key.transpose(-2, -1), value, mask)


@mistakes.add(
    ID,
    "mask-in-place",
    "You change the caller's mask in place: its next use would hide the wrong keys. Use ~mask.",
    CODE,
)
def mask_in_place(query, key, value, mask=None):
    result = attend(right_scores(query, key), value, mask)
    if mask is not None:
        mask.logical_not_()
    return result


@mistakes.add(
    ID,
    "wrong-device",
    "You make a tensor on the default device: on a GPU it would not meet the scores. Use zeros_like, new_full "
    "or device=… .",
    CODE,
)
def wrong_device(query, key, value, mask=None):
    if mask is None:
        mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool)
    return attend(right_scores(query, key), value, mask)
