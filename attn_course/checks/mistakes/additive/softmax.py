"""Wrong answers to `masked_softmax`."""

import math

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
ID, SOFTMAX = "masked_softmax", "additive-softmax"


def right(scores, mask=None):
    """The masked softmax as it should be."""
    if mask is None:
        return torch.softmax(scores, dim=-1)
    scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0)
    return torch.softmax(scores, dim=-1).masked_fill(~mask, 0)


@mistakes.add(ID, "ignores-mask", "You never use the mask: hidden keys still get weight.", SOFTMAX)
def ignores_mask(scores, mask=None):
    return torch.softmax(scores, dim=-1)


@mistakes.add(
    ID,
    "inverted-mask",
    "You hide what is visible. In this course True means: may attend. So fill where ~mask is True.",
    SOFTMAX,
)
def inverted_mask(scores, mask=None):
    return right(scores, None if mask is None else ~mask)


@mistakes.add(
    ID,
    "zero-fill",
    "You set hidden scores to 0 (or multiply them by the mask). exp(0) is 1: hidden keys still get weight. Use −inf.",
    SOFTMAX,
)
def zero_fill(scores, mask=None):
    return torch.softmax(scores if mask is None else scores.masked_fill(~mask, 0), dim=-1)


@mistakes.add(
    ID,
    "small-fill",
    "You fill hidden scores with −100. A visible score may be as low: the hidden keys then take its weight. Use −inf.",
    SOFTMAX,
)
def small_fill(scores, mask=None):
    if mask is None:
        return right(scores)
    return torch.softmax(scores.masked_fill(~mask, -100), dim=-1).masked_fill(~mask, 0)


@mistakes.add(
    ID,
    "leaky-fill",
    "You fill hidden scores with −10: each hidden key keeps a little weight, exp(−10) to that of a score of 0. "
    "Use −inf.",
    SOFTMAX,
)
def leaky_fill(scores, mask=None):
    if mask is None:
        return right(scores)
    return torch.softmax(scores.masked_fill(~mask, -10), dim=-1) * mask.any(dim=-1, keepdim=True)


@mistakes.add(
    ID,
    "subtracts",
    "You subtract a large number from hidden scores. A hidden score may be larger than that: replace it, by −inf, instead.",
    SOFTMAX,
)
def subtracts(scores, mask=None):
    if mask is None:
        return right(scores)
    return torch.softmax(scores - 1e4 * (~mask).to(scores), dim=-1) * mask.any(dim=-1, keepdim=True)


@mistakes.add(
    ID,
    "mask-after-softmax",
    "You hide keys after the softmax: what is left of a row no longer sums to 1. Hide the scores before it.",
    SOFTMAX,
)
def mask_after_softmax(scores, mask=None):
    weights = torch.softmax(scores, dim=-1)
    return weights if mask is None else weights.masked_fill(~mask, 0)


@mistakes.add(
    ID,
    "renormalises",
    "You hide keys after the softmax and divide by what is left. Where hidden scores are far above the visible ones, "
    "nothing is left: 0 / 0. Hide the scores before the softmax.",
    SOFTMAX,
)
def renormalises(scores, mask=None):
    if mask is None:
        return right(scores)
    weights = torch.softmax(scores, dim=-1).masked_fill(~mask, 0)
    return weights / weights.sum(dim=-1, keepdim=True).masked_fill(~mask.any(dim=-1, keepdim=True), 1)


@mistakes.add(
    ID,
    "softmax-over-queries",
    "Your softmax runs over the queries: columns sum to 1. Each query shares out its weight over the keys, dim=-1.",
    SOFTMAX,
)
def over_queries(scores, mask=None):
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.nan_to_num(torch.softmax(scores, dim=-2))


@mistakes.add(
    ID,
    "softmax-axis-1",
    "Your softmax runs over axis 1. With a batch axis in front these are the queries: the keys are dim=-1.",
    SOFTMAX,
)
def axis_1(scores, mask=None):
    if mask is None:
        return torch.softmax(scores, dim=1)
    hidden = ~mask.broadcast_to(scores.shape)
    filled = scores.masked_fill(hidden, -math.inf).masked_fill(hidden.all(dim=1, keepdim=True), 0)
    return torch.softmax(filled, dim=1).masked_fill(hidden, 0)


@mistakes.add(
    ID,
    "one-softmax-for-all",
    "Your weights sum to 1 over the whole matrix. Each row, the keys of one query, sums to 1 by itself.",
    SOFTMAX,
)
def over_everything(scores, mask=None):
    filled = scores if mask is None else scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(filled.flatten(-2), dim=-1).reshape(scores.shape)
    return torch.nan_to_num(weights)


@mistakes.add(
    ID,
    "no-exponential",
    "You divide the scores by their sum. Scores may be negative: take exp of each first.",
    SOFTMAX,
)
def without_exp(scores, mask=None):
    shown = scores if mask is None else scores.masked_fill(~mask, 0)
    total = shown.sum(dim=-1, keepdim=True)
    return shown / total.masked_fill(total == 0, 1)


@mistakes.add(
    ID, "log-softmax", "You return the logarithms of the weights. Leave out the log: softmax, not log_softmax.", SOFTMAX
)
def log_softmax(scores, mask=None):
    if mask is None:
        return torch.log_softmax(scores, dim=-1)
    filled = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0)
    return torch.log_softmax(filled, dim=-1).masked_fill(~mask, 0)


@mistakes.add(
    ID,
    "scaled",
    "You divide the scores by the square root of their number. The softmax takes them as they are.",
    SOFTMAX,
)
def scaled(scores, mask=None):
    return right(scores / math.sqrt(scores.shape[-1]), mask)


@mistakes.add(
    ID,
    "transposed-mask",
    "Your mask is transposed where there are as many queries as keys. Its rows are queries, its columns keys.",
    SOFTMAX,
)
def transposed_mask(scores, mask=None):
    if mask is not None and mask.ndim > 1 and mask.shape[-1] == mask.shape[-2]:
        mask = mask.transpose(-2, -1)
    return right(scores, mask)


@mistakes.add(
    ID,
    "no-broadcast",
    "`scores[~mask] = …` needs a mask of the same shape as the scores. Masks here have fewer axes or axes of size 1: "
    "masked_fill and torch.where broadcast.",
    SOFTMAX,
)
def without_broadcast(scores, mask=None):
    if mask is None:
        return right(scores)
    filled = scores.clone()
    filled[~mask] = -math.inf
    weights = torch.softmax(filled.masked_fill(~mask.any(dim=-1, keepdim=True), 0), dim=-1)
    return weights.masked_fill(~mask, 0)


@mistakes.add(
    ID,
    "nan-rows",
    "A query that may see nothing gets NaN: the softmax of a row of −inf is 0 / 0. Its weights must be 0.",
    SOFTMAX,
)
def nan_rows(scores, mask=None):
    return torch.softmax(scores if mask is None else scores.masked_fill(~mask, -math.inf), dim=-1)


@mistakes.add(
    ID,
    "uniform-rows",
    "A query that may see nothing gets equal weights: a row filled with one large negative number has a uniform "
    "softmax. Its weights must be 0.",
    SOFTMAX,
)
def uniform_rows(scores, mask=None):
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return torch.softmax(scores, dim=-1)


@mistakes.add(
    ID,
    "uniform-rows-1e9",
    "You fill with −1e9. A query that may see nothing then gets equal weights instead of 0, and in float16 there is no "
    "such number.",
    SOFTMAX,
)
def uniform_rows_1e9(scores, mask=None):
    return torch.softmax(scores if mask is None else scores.masked_fill(~mask, -1e9), dim=-1)


@mistakes.add(
    ID,
    "fill-too-large-for-half",
    "−1e9 does not exist in float16, whose largest number is 65504. −inf does, and float('-inf') is it.",
    SOFTMAX,
)
def fill_1e9(scores, mask=None):
    if mask is None:
        return right(scores)
    return torch.softmax(scores.masked_fill(~mask, -1e9), dim=-1).masked_fill(~mask, 0)


@mistakes.add(
    ID,
    "nan-gradients",
    "Your weights are right, but where a query may see nothing the gradient is NaN: adding −inf and replacing the NaN "
    "afterwards repairs the forward pass alone.",
    SOFTMAX,
)
def nan_gradients(scores, mask=None):
    if mask is not None:
        hide = torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, -math.inf)
        scores = scores + hide
    return torch.nan_to_num(torch.softmax(scores, dim=-1))


@mistakes.add(
    ID,
    "exp-before-mask",
    "You take exp of hidden scores and set them to 0 afterwards. Where they are far above the visible ones exp "
    "overflows, and 0 · inf in the backward pass is NaN. Fill before exp.",
    SOFTMAX,
)
def exp_before_mask(scores, mask=None):
    if mask is None:
        return right(scores)
    largest = scores.masked_fill(~mask, -math.inf).amax(dim=-1, keepdim=True)
    largest = largest.masked_fill(largest == -math.inf, 0)
    terms = torch.where(mask, torch.exp(scores - largest), 0)
    total = terms.sum(dim=-1, keepdim=True)
    return terms / total.masked_fill(total == 0, 1)


@mistakes.add(
    ID,
    "overflow",
    "exp of a score of 1000 is infinite. Subtract the largest score of each row first: the weights stay the same.",
    SOFTMAX,
)
def overflow(scores, mask=None):
    terms = torch.exp(scores if mask is None else scores.masked_fill(~mask, -math.inf))
    total = terms.sum(dim=-1, keepdim=True)
    return terms / total.masked_fill(total == 0, 1)


@mistakes.add(
    ID,
    "one-maximum",
    "You subtract the largest score of the whole tensor. A row far below it vanishes altogether: take each row's own, "
    "amax(dim=-1, keepdim=True).",
    SOFTMAX,
)
def one_maximum(scores, mask=None):
    filled = scores if mask is None else scores.masked_fill(~mask, -math.inf)
    terms = torch.exp(filled - filled.amax())
    total = terms.sum(dim=-1, keepdim=True)
    return terms / total if mask is None else terms / total.masked_fill(~mask.any(dim=-1, keepdim=True), 1)


@mistakes.add(
    ID,
    "returns-float32",
    "You compute in float32 and return it so. Convert the result back to the dtype of the scores.",
    SOFTMAX,
)
def returns_float32(scores, mask=None):
    return right(scores.float(), mask)


@mistakes.add(
    ID,
    "fills-in-place",
    "masked_fill_ changes the caller's scores. masked_fill, without the last stroke, makes new ones.",
    SOFTMAX,
)
def in_place(scores, mask=None):
    if mask is None:
        return right(scores)
    weights = right(scores, mask)
    with torch.no_grad():
        scores.masked_fill_(~mask, -math.inf)
    return weights


@mistakes.add(
    ID,
    "wrong-device",
    "You make a tensor on the default device: on a GPU it would not meet the scores. Use zeros_like, new_full or "
    "device=… .",
    SOFTMAX,
)
def wrong_device(scores, mask=None):
    if mask is None:
        return right(scores)
    weights = right(scores, mask)
    return torch.where(mask, weights, torch.zeros(scores.shape[-1], dtype=scores.dtype))


@mistakes.add(
    ID,
    "adds-the-lowest-number",
    "You add the lowest number there is to hidden scores. In float16 it gives −inf where they are negative, and NaN "
    "where a query may see nothing. Replace hidden scores instead of adding to them.",
    SOFTMAX,
)
def adds_the_lowest(scores, mask=None):
    if mask is None:
        return right(scores)
    lowest = torch.zeros_like(scores).masked_fill(~mask, torch.finfo(scores.dtype).min)
    return torch.softmax(scores + lowest, dim=-1) * mask


@mistakes.add(
    ID,
    "zero-fill-hidden-again",
    "You multiply the scores by the mask, and the weights too. Before, that makes hidden scores 0, and exp(0) is 1: they "
    "take a share that no one gets. Use −inf.",
    SOFTMAX,
)
def zero_fill_hidden_again(scores, mask=None):
    if mask is None:
        return right(scores)
    return torch.softmax(scores * mask, dim=-1) * mask


@mistakes.add(
    ID,
    "counts-hidden-scores",
    "Your exponentials count hidden scores: the largest of all is subtracted, or a softmax over all is divided again. "
    "Where a hidden score is far above the visible ones, these all become 0. Hide first.",
    SOFTMAX,
)
def counts_hidden_scores(scores, mask=None):
    if mask is None:
        return right(scores)
    terms = torch.exp(scores - scores.amax(dim=-1, keepdim=True)) * mask
    total = terms.sum(dim=-1, keepdim=True)
    return terms / total.masked_fill(total == 0, 1)


@mistakes.add(
    ID,
    "renormalises-with-epsilon",
    "You hide keys after the softmax and divide by what is left and a small number. Where hidden scores are far above "
    "the visible ones nothing is left, and in float16 the small number is 0. Hide the scores before the softmax.",
    SOFTMAX,
)
def renormalises_with_epsilon(scores, mask=None):
    if mask is None:
        return right(scores)
    weights = torch.softmax(scores, dim=-1) * mask
    return weights / (weights.sum(dim=-1, keepdim=True) + 1e-9)


@mistakes.add(
    ID,
    "overflow-hidden-later",
    "exp of a score of 1000 is infinite, and infinity times 0 is NaN where it is hidden. Hide the scores, and subtract "
    "the largest visible one of each row before exp.",
    SOFTMAX,
)
def overflow_hidden_later(scores, mask=None):
    terms = torch.exp(scores) if mask is None else torch.exp(scores) * mask
    total = terms.sum(dim=-1, keepdim=True)
    return terms / total.masked_fill(total == 0, 1)
