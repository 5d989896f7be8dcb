"""Wrong self-attention and cross-attention that learners write, each with what a good teacher would say."""

import math

import torch

from attn_course.checks.engine import Mistakes

SELF = "self_attention"
CROSS = "cross_attention"
SCALE = "scaled-dot-product-scale"
MASKS = "scaled-dot-product-masks"
ROWS = "scaled-dot-product-hidden-rows"
SELF_CROSS = "scaled-dot-product-self-cross"
CODE = "scaled-dot-product-code"

mistakes = Mistakes()


def attention(query, key, value, mask=None, scale=None):
    """Attention as it should be, but for the scale."""
    scores = query @ key.transpose(-2, -1) / (math.sqrt(key.shape[-1]) if scale is None else scale)
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0)
        weights = torch.softmax(scores, dim=-1).masked_fill(~mask, 0)
    return weights @ value, weights


def unsafe(query, key, value, mask, fill):
    """Attention that fills hidden scores with `fill` and leaves it at that."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, fill)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def late(query, key, value, mask):
    """Attention that hides keys after the softmax."""
    weights = torch.softmax(query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1]), dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weights @ value, weights


def plain(query, key, value, mask):
    """Attention whose softmax overflows."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    terms = torch.exp(scores)
    total = terms.sum(dim=-1, keepdim=True)
    weights = terms / total.masked_fill(total == 0, 1)
    return weights @ value, weights


@mistakes.add(
    SELF,
    "query-key-exchanged",
    "Your queries and keys are exchanged: W_query makes what position i asks, W_key what position j answers to.",
    SELF_CROSS,
)
def self_exchanged(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_key, x @ W_query, x @ W_value, mask)


@mistakes.add(
    SELF, "only-W_query", "You make the keys with W_query too: every position then matches itself best.", SELF_CROSS
)
def self_only_query(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_query, x @ W_value, mask)


@mistakes.add(SELF, "only-W_key", "You make the queries with W_key too: use W_query for them.", SELF_CROSS)
def self_only_key(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_key, x @ W_key, x @ W_value, mask)


@mistakes.add(SELF, "raw-values", "You average x itself: the values are x @ W_value, d_v wide.", SELF_CROSS)
def self_raw_values(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x, mask)


@mistakes.add(
    SELF, "raw-scores", "You compare the rows of x themselves: project them to queries and keys first.", SELF_CROSS
)
def self_raw_scores(x, W_query, W_key, W_value, mask=None):
    return attention(x, x, x @ W_value, mask)


@mistakes.add(SELF, "no-scale", "The division by √d_k is missing.", SCALE)
def self_without_scale(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x @ W_value, mask, 1)


@mistakes.add(
    SELF,
    "scale-d_model",
    "You divide by √d_model. What is compared are the projected queries and keys: they are d_k wide.",
    SCALE,
)
def self_over_d_model(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x @ W_value, mask, math.sqrt(x.shape[-1]))


@mistakes.add(SELF, "scale-d_k", "You divide by d_k, not by its square root.", SCALE)
def self_over_d_k(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x @ W_value, mask, W_key.shape[-1])


@mistakes.add(SELF, "scale-d_v", "You divide by √d_v. d_k is the width of the keys.", SCALE)
def self_over_d_v(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x @ W_value, mask, math.sqrt(W_value.shape[-1]))


@mistakes.add(SELF, "ignores-mask", "You never use the mask: hidden positions are still seen.", MASKS)
def self_ignores_mask(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x @ W_value)


@mistakes.add(SELF, "inverted-mask", "You hide what is visible. In this course True means: may attend.", MASKS)
def self_inverted(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x @ W_value, None if mask is None else ~mask)


@mistakes.add(
    SELF,
    "transposed-mask",
    "Your mask lies on the wrong axis: its rows are queries, its columns keys. Transposed, a causal mask shows "
    "the future.",
    MASKS,
)
def self_transposed(x, W_query, W_key, W_value, mask=None):
    if mask is not None and mask.ndim > 1:
        mask = mask.transpose(-2, -1)
    return attention(x @ W_query, x @ W_key, x @ W_value, mask)


@mistakes.add(
    SELF,
    "always-causal",
    "You hide the future even where no mask asks for it: self-attention is masked by the mask it is given.",
    MASKS,
)
def self_always_causal(x, W_query, W_key, W_value, mask=None):
    length = x.shape[-2]
    past = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()
    return attention(x @ W_query, x @ W_key, x @ W_value, past if mask is None else mask & past)


@mistakes.add(
    SELF, "mask-after-softmax", "You hide keys after the softmax: what is left of a row no longer sums to 1.", MASKS
)
def self_late(x, W_query, W_key, W_value, mask=None):
    return late(x @ W_query, x @ W_key, x @ W_value, mask)


@mistakes.add(SELF, "nan-rows", "A position that may see nothing gets NaN: its context and weights must be 0.", ROWS)
def self_nan_rows(x, W_query, W_key, W_value, mask=None):
    return unsafe(x @ W_query, x @ W_key, x @ W_value, mask, -math.inf)


@mistakes.add(
    SELF,
    "uniform-rows",
    "A position that may see nothing gets the mean of all values: its context and weights must be 0.",
    ROWS,
)
def self_uniform_rows(x, W_query, W_key, W_value, mask=None):
    return unsafe(x @ W_query, x @ W_key, x @ W_value, mask, -1e9)


@mistakes.add(
    SELF, "overflow", "exp of a score of 1000 is infinite. Subtract the largest score of each row first.", MASKS
)
def self_overflow(x, W_query, W_key, W_value, mask=None):
    return plain(x @ W_query, x @ W_key, x @ W_value, mask)


@mistakes.add(SELF, "swapped-pair", "You return (weights, context). Asked is (context, weights).", SELF_CROSS)
def self_swapped(x, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x @ W_value, mask)[::-1]


@mistakes.add(
    SELF, "residual", "You add x to the context. That belongs to the Transformer's block, not to attention.", SELF_CROSS
)
def self_residual(x, W_query, W_key, W_value, mask=None):
    context, weights = attention(x @ W_query, x @ W_key, x @ W_value, mask)
    return context + x if context.shape == x.shape else context, weights


@mistakes.add(
    SELF,
    "x-detached",
    "You detach x on the way to the keys or values: the layers below would learn from a part only.",
    CODE,
)
def self_detached(x, W_query, W_key, W_value, mask=None):
    memory = x.detach()
    return attention(x @ W_query, memory @ W_key, memory @ W_value, mask)


@mistakes.add(
    CROSS,
    "x-memory-exchanged",
    "x and memory are exchanged: x asks, so queries come from x; memory answers, so keys and values come from it.",
    SELF_CROSS,
)
def cross_exchanged(x, memory, W_query, W_key, W_value, mask=None):
    return attention(memory @ W_query, x @ W_key, x @ W_value, mask)


@mistakes.add(
    CROSS, "keys-from-x", "Your keys come from x. Keys and values both come from memory, in the same order.", SELF_CROSS
)
def cross_keys_from_x(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, memory @ W_value, mask)


@mistakes.add(CROSS, "values-from-x", "Your values come from x: the context would hold nothing of memory.", SELF_CROSS)
def cross_values_from_x(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, x @ W_value, mask)


@mistakes.add(CROSS, "all-from-x", "This is self-attention of x: memory takes no part.", SELF_CROSS)
def cross_all_from_x(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, x @ W_key, x @ W_value, mask)


@mistakes.add(CROSS, "all-from-memory", "This is self-attention of memory: x takes no part.", SELF_CROSS)
def cross_all_from_memory(x, memory, W_query, W_key, W_value, mask=None):
    return attention(memory @ W_query, memory @ W_key, memory @ W_value, mask)


@mistakes.add(
    CROSS,
    "query-key-exchanged",
    "W_query and W_key are exchanged: queries are x @ W_query, keys memory @ W_key.",
    SELF_CROSS,
)
def cross_matrices_exchanged(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_key, memory @ W_query, memory @ W_value, mask)


@mistakes.add(CROSS, "raw-values", "You average memory itself: the values are memory @ W_value, d_v wide.", SELF_CROSS)
def cross_raw_values(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, memory, mask)


@mistakes.add(CROSS, "no-scale", "The division by √d_k is missing.", SCALE)
def cross_without_scale(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, memory @ W_value, mask, 1)


@mistakes.add(
    CROSS,
    "scale-d_model",
    "You divide by √d_model. What is compared are the projected queries and keys: they are d_k wide.",
    SCALE,
)
def cross_over_d_model(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, memory @ W_value, mask, math.sqrt(x.shape[-1]))


@mistakes.add(
    CROSS,
    "scale-d_memory",
    "You divide by the square root of the width of memory. The keys are memory @ W_key: they are d_k wide.",
    SCALE,
)
def cross_over_d_memory(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, memory @ W_value, mask, math.sqrt(memory.shape[-1]))


@mistakes.add(CROSS, "scale-d_k", "You divide by d_k, not by its square root.", SCALE)
def cross_over_d_k(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, memory @ W_value, mask, W_key.shape[-1])


@mistakes.add(CROSS, "ignores-mask", "You never use the mask: hidden keys still get weight.", MASKS)
def cross_ignores_mask(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, memory @ W_value)


@mistakes.add(CROSS, "inverted-mask", "You hide what is visible. In this course True means: may attend.", MASKS)
def cross_inverted(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, memory @ W_value, None if mask is None else ~mask)


@mistakes.add(
    CROSS,
    "transposed-mask",
    "Your mask lies on the wrong axis where there are as many queries as keys: its rows are queries, its columns keys.",
    MASKS,
)
def cross_transposed(x, memory, W_query, W_key, W_value, mask=None):
    if mask is not None and mask.ndim > 1 and mask.shape[-1] == mask.shape[-2]:
        mask = mask.transpose(-2, -1)
    return attention(x @ W_query, memory @ W_key, memory @ W_value, mask)


@mistakes.add(
    CROSS, "mask-after-softmax", "You hide keys after the softmax: what is left of a row no longer sums to 1.", MASKS
)
def cross_late(x, memory, W_query, W_key, W_value, mask=None):
    return late(x @ W_query, memory @ W_key, memory @ W_value, mask)


@mistakes.add(CROSS, "nan-rows", "A query that may see nothing gets NaN: its context and weights must be 0.", ROWS)
def cross_nan_rows(x, memory, W_query, W_key, W_value, mask=None):
    return unsafe(x @ W_query, memory @ W_key, memory @ W_value, mask, -math.inf)


@mistakes.add(
    CROSS,
    "uniform-rows",
    "A query that may see nothing gets the mean of all values: its context and weights must be 0.",
    ROWS,
)
def cross_uniform_rows(x, memory, W_query, W_key, W_value, mask=None):
    return unsafe(x @ W_query, memory @ W_key, memory @ W_value, mask, -1e9)


@mistakes.add(
    CROSS, "overflow", "exp of a score of 1000 is infinite. Subtract the largest score of each row first.", MASKS
)
def cross_overflow(x, memory, W_query, W_key, W_value, mask=None):
    return plain(x @ W_query, memory @ W_key, memory @ W_value, mask)


@mistakes.add(CROSS, "swapped-pair", "You return (weights, context). Asked is (context, weights).", SELF_CROSS)
def cross_swapped(x, memory, W_query, W_key, W_value, mask=None):
    return attention(x @ W_query, memory @ W_key, memory @ W_value, mask)[::-1]


@mistakes.add(CROSS, "memory-detached", "You detach memory: the encoder that made it would never learn.", CODE)
def cross_detached(x, memory, W_query, W_key, W_value, mask=None):
    memory = memory.detach()
    return attention(x @ W_query, memory @ W_key, memory @ W_value, mask)
