"""Wrong answers to `attend`."""

import math

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
ID, SOFTMAX, ATTEND = "attend", "additive-softmax", "additive-attend"


def right_softmax(scores, mask=None):
    """The masked softmax as it should be."""
    if mask is None:
        return torch.softmax(scores, dim=-1)
    scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0)
    return torch.softmax(scores, dim=-1).masked_fill(~mask, 0)


def mean(weights, value):
    """The weighted mean as it should be."""
    return weights @ value, weights


@mistakes.add(
    ID,
    "no-softmax",
    "You average under the scores themselves. The softmax makes weights of them, positive and with the sum 1.",
    ATTEND,
)
def without_softmax(scores, value, mask=None):
    return mean(scores if mask is None else scores.masked_fill(~mask, 0), value)


@mistakes.add(
    ID,
    "softmax-twice",
    "You take the softmax of the softmax: the weights become almost equal. Once is enough.",
    ATTEND,
)
def softmax_twice(scores, value, mask=None):
    return mean(right_softmax(right_softmax(scores, mask), mask), value)


@mistakes.add(
    ID,
    "softmax-over-queries",
    "Your softmax runs over the queries: columns sum to 1. Each query shares out its weight over the keys, dim=-1.",
    SOFTMAX,
)
def over_queries(scores, value, mask=None):
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return mean(torch.nan_to_num(torch.softmax(scores, dim=-2)), value)


@mistakes.add(
    ID,
    "transposed-weights",
    "You return the weights transposed. Their rows are queries, their columns keys, as in the scores.",
    ATTEND,
)
def transposed_weights(scores, value, mask=None):
    context, weights = mean(right_softmax(scores, mask), value)
    return context, weights.transpose(-2, -1)


@mistakes.add(
    ID,
    "transposed-product",
    "You average with the transposed weights: where there are as many queries as keys nobody complains. "
    "Row i of the weights belongs to query i: weights @ value.",
    ATTEND,
)
def transposed_product(scores, value, mask=None):
    weights = right_softmax(scores, mask)
    if scores.shape[-1] == scores.shape[-2]:
        return weights.transpose(-2, -1) @ value, weights
    return mean(weights, value)


@mistakes.add(
    ID,
    "scores-for-weights",
    "You return the scores in place of the weights. The weights are what the softmax gives: (context, weights).",
    ATTEND,
)
def returns_scores(scores, value, mask=None):
    return right_softmax(scores, mask) @ value, scores


@mistakes.add(ID, "swapped-pair", "You return (weights, context). Asked is (context, weights).", ATTEND)
def swapped_pair(scores, value, mask=None):
    return mean(right_softmax(scores, mask), value)[::-1]


@mistakes.add(
    ID,
    "divided-by-keys",
    "You divide the context by the number of keys. The weights sum to 1 already: their sum of values is the mean.",
    ATTEND,
)
def divided_by_keys(scores, value, mask=None):
    weights = right_softmax(scores, mask)
    return weights @ value / value.shape[-2], weights


@mistakes.add(
    ID, "scaled", "You scale the scores. Here they are taken as they are: the scale belongs to chapter 04.", ATTEND
)
def scaled(scores, value, mask=None):
    return mean(right_softmax(scores / math.sqrt(value.shape[-1]), mask), value)


@mistakes.add(
    ID,
    "mixes-batch",
    "Your batch items mix: every item gets the values of all of them. Keep the batch axes apart.",
    ATTEND,
)
def mixes_batch(scores, value, mask=None):
    if value.ndim > 2:
        value = value.mean(dim=0, keepdim=True).expand_as(value)
    return mean(right_softmax(scores, mask), value)


@mistakes.add(
    ID,
    "first-of-the-batch",
    "All items of your batch get the values of the first. Keep the batch axes apart.",
    ATTEND,
)
def first_of_the_batch(scores, value, mask=None):
    if value.ndim > 2:
        value = value[:1].expand_as(value)
    return mean(right_softmax(scores, mask), value)


@mistakes.add(ID, "ignores-mask", "You never use the mask: hidden keys still get weight.", SOFTMAX)
def ignores_mask(scores, value, mask=None):
    return mean(right_softmax(scores), value)


@mistakes.add(
    ID,
    "inverted-mask",
    "You hide what is visible. In this course True means: may attend. So fill where ~mask is True.",
    SOFTMAX,
)
def inverted_mask(scores, value, mask=None):
    return mean(right_softmax(scores, None if mask is None else ~mask), value)


@mistakes.add(
    ID,
    "unmasked-weights",
    "Your context is right, but you return the weights as they were before the mask.",
    ATTEND,
)
def unmasked_weights(scores, value, mask=None):
    return right_softmax(scores, mask) @ value, right_softmax(scores)


@mistakes.add(
    ID,
    "mask-after-softmax",
    "You hide keys after the softmax: what is left of a row no longer sums to 1. Hide the scores before it.",
    SOFTMAX,
)
def mask_after_softmax(scores, value, mask=None):
    weights = right_softmax(scores)
    return mean(weights if mask is None else weights.masked_fill(~mask, 0), value)


@mistakes.add(
    ID,
    "masks-context-only",
    "You hide keys in the context alone: the weights that you return still go to hidden keys, and those that you use "
    "do not sum to 1.",
    ATTEND,
)
def masks_context_only(scores, value, mask=None):
    weights = right_softmax(scores)
    return (weights if mask is None else weights.masked_fill(~mask, 0)) @ value, weights


@mistakes.add(
    ID,
    "zero-fill",
    "You set hidden scores to 0. exp(0) is 1: hidden keys still get weight. Use −inf.",
    SOFTMAX,
)
def zero_fill(scores, value, mask=None):
    return mean(right_softmax(scores if mask is None else scores.masked_fill(~mask, 0)), value)


@mistakes.add(
    ID,
    "nan-rows",
    "A query that may see nothing gets NaN: the softmax of a row of −inf is 0 / 0. Its context and weights must be 0.",
    SOFTMAX,
)
def nan_rows(scores, value, mask=None):
    return mean(torch.softmax(scores if mask is None else scores.masked_fill(~mask, -math.inf), dim=-1), value)


@mistakes.add(
    ID,
    "uniform-rows",
    "A query that may see nothing gets the mean of all values: a row filled with one large negative number has a "
    "uniform softmax. Its context and weights must be 0.",
    SOFTMAX,
)
def uniform_rows(scores, value, mask=None):
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return mean(torch.softmax(scores, dim=-1), value)


@mistakes.add(
    ID,
    "nan-gradients",
    "Your results are right, but where a query may see nothing the gradient is NaN: adding −inf and replacing the NaN "
    "afterwards repairs the forward pass alone.",
    SOFTMAX,
)
def nan_gradients(scores, value, mask=None):
    if mask is not None:
        scores = scores + torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, -math.inf)
    return mean(torch.nan_to_num(torch.softmax(scores, dim=-1)), value)


@mistakes.add(
    ID,
    "overflow",
    "exp of a score of 1000 is infinite. Subtract the largest score of each row first: the weights stay the same.",
    SOFTMAX,
)
def overflow(scores, value, mask=None):
    terms = torch.exp(scores if mask is None else scores.masked_fill(~mask, -math.inf))
    total = terms.sum(dim=-1, keepdim=True)
    return mean(terms / total.masked_fill(total == 0, 1), value)


@mistakes.add(ID, "value-detached", "You detach the values: what makes them would never learn.", ATTEND)
def value_detached(scores, value, mask=None):
    return mean(right_softmax(scores, mask), value.detach())


@mistakes.add(
    ID,
    "weights-detached",
    "You detach the weights before you average: what makes the scores would never learn.",
    ATTEND,
)
def weights_detached(scores, value, mask=None):
    weights = right_softmax(scores, mask)
    return weights.detach() @ value, weights


@mistakes.add(
    ID,
    "hides-in-place",
    "You change the caller's mask in place: its next use would hide the wrong keys. Use ~mask.",
    SOFTMAX,
)
def mask_in_place(scores, value, mask=None):
    result = mean(right_softmax(scores, mask), value)
    if mask is not None:
        mask.logical_not_()
    return result


@mistakes.add(
    ID,
    "wrong-device",
    "You make a tensor on the default device: on a GPU it would not meet the scores. Use ones_like, new_ones or "
    "device=… .",
    ATTEND,
)
def wrong_device(scores, value, mask=None):
    if mask is None:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool)
    return mean(right_softmax(scores, mask), value)


@mistakes.add(
    ID,
    "counts-hidden-scores",
    "Your exponentials count hidden scores: the largest of all is subtracted, or a softmax over all is divided again. "
    "Where a hidden score is far above the visible ones, these all become 0. Hide first.",
    SOFTMAX,
)
def counts_hidden_scores(scores, value, mask=None):
    if mask is None:
        return mean(right_softmax(scores), value)
    terms = torch.exp(scores - scores.amax(dim=-1, keepdim=True)) * mask
    total = terms.sum(dim=-1, keepdim=True)
    return mean(terms / total.masked_fill(total == 0, 1), value)
