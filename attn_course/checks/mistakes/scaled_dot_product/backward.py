"""Wrong backward passes that learners derive, each with what a good teacher would say."""

import math

import torch

from attn_course.checks.engine import Mistakes

ID = "attention_backward"
SCALE = "scaled-dot-product-scale"
MASKS = "scaled-dot-product-masks"
ROWS = "scaled-dot-product-hidden-rows"
BACKWARD = "scaled-dot-product-backward"
CODE = "scaled-dot-product-code"

mistakes = Mistakes()


def right_weights(query, key, mask=None, scale=None):
    """The weights as they should be, but for the scale."""
    scores = query @ key.transpose(-2, -1) / (math.sqrt(key.shape[-1]) if scale is None else scale)
    if mask is None:
        return torch.softmax(scores, dim=-1)
    scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0)
    return torch.softmax(scores, dim=-1).masked_fill(~mask, 0)


def right_scores(weights, grad_weights):
    """The gradient of the scores as it should be."""
    return weights * (grad_weights - (weights * grad_weights).sum(dim=-1, keepdim=True))


def finish(weights, grad_context, query, key, value, scale=None, softmax=right_scores):
    """The rest of the backward pass as it should be, but for the scale and the softmax."""
    grad_scores = softmax(weights, grad_context @ value.transpose(-2, -1))
    grad_scores = grad_scores / (math.sqrt(key.shape[-1]) if scale is None else scale)
    grad_value = weights.transpose(-2, -1) @ grad_context
    return grad_scores @ key, grad_scores.transpose(-2, -1) @ query, grad_value


@mistakes.add(
    ID,
    "no-scale-backward",
    "The scale is missing on the way back: scores are divided by √d_k, so their gradient is divided too.",
    SCALE,
)
def scale_forward_only(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask), grad_context, query, key, value, 1)


@mistakes.add(
    ID,
    "no-scale-forward",
    "You compute the weights without the division by √d_k: they are not those of the forward pass.",
    SCALE,
)
def scale_backward_only(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask, 1), grad_context, query, key, value)


@mistakes.add(ID, "no-scale", "The scale 1/√d_k is missing, forward and backward.", SCALE)
def without_scale(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask, 1), grad_context, query, key, value, 1)


@mistakes.add(ID, "scale-d_k", "You divide by d_k on the way back: each score was divided by √d_k once.", SCALE)
def scale_twice(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask), grad_context, query, key, value, key.shape[-1])


@mistakes.add(
    ID, "scale-multiplied", "You multiply by √d_k on the way back: a division passes on as a division.", SCALE
)
def scale_inverted(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask), grad_context, query, key, value, 1 / math.sqrt(key.shape[-1]))


@mistakes.add(
    ID,
    "diagonal",
    "You reduce the softmax's Jacobian to its diagonal, p (1 − p). Raising one score lowers the other weights of the "
    "row: the off-diagonal entries −p_i p_j count too.",
    BACKWARD,
)
def diagonal(grad_context, query, key, value, mask=None):
    weights = right_weights(query, key, mask)
    return finish(weights, grad_context, query, key, value, softmax=lambda p, g: p * (1 - p) * g)


@mistakes.add(
    ID,
    "no-subtraction",
    "You multiply grad_weights by the weights and stop: the mean of grad_weights under the row's weights is "
    "not subtracted.",
    BACKWARD,
)
def no_subtraction(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask), grad_context, query, key, value, softmax=lambda p, g: p * g)


@mistakes.add(
    ID,
    "no-softmax",
    "You pass the gradient of the weights straight to the scores: the softmax between them is left out.",
    BACKWARD,
)
def no_softmax(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask), grad_context, query, key, value, softmax=lambda p, g: g)


@mistakes.add(
    ID,
    "plain-mean",
    "You subtract the plain mean of grad_weights. Asked is its mean under the weights of the row: Σ p_j g_j.",
    BACKWARD,
)
def plain_mean(grad_context, query, key, value, mask=None):
    def softmax(p, g):
        return p * (g - g.mean(dim=-1, keepdim=True))

    return finish(right_weights(query, key, mask), grad_context, query, key, value, softmax=softmax)


@mistakes.add(
    ID,
    "weights-missing",
    "You subtract the mean but leave out the factor p in front: it makes the gradient of a key that is not "
    "looked at 0.",
    BACKWARD,
)
def factor_missing(grad_context, query, key, value, mask=None):
    def softmax(p, g):
        return g - (p * g).sum(dim=-1, keepdim=True)

    return finish(right_weights(query, key, mask), grad_context, query, key, value, softmax=softmax)


@mistakes.add(
    ID,
    "sum-over-queries",
    "You sum over the queries. The softmax runs over the keys, so what is subtracted is a sum over the keys, dim=-1.",
    BACKWARD,
)
def sum_over_queries(grad_context, query, key, value, mask=None):
    def softmax(p, g):
        return p * (g - (p * g).sum(dim=-2, keepdim=True))

    return finish(right_weights(query, key, mask), grad_context, query, key, value, softmax=softmax)


@mistakes.add(
    ID, "sign", "The sign of the softmax's gradient is turned: it is p (g − mean), not p (mean − g).", BACKWARD
)
def sign_turned(grad_context, query, key, value, mask=None):
    weights = right_weights(query, key, mask)
    return finish(weights, grad_context, query, key, value, softmax=lambda p, g: -right_scores(p, g))


@mistakes.add(
    ID,
    "query-key-exchanged",
    "You return grad_key in place of grad_query. Asked is (grad_query, grad_key, grad_value).",
    BACKWARD,
)
def exchanged(grad_context, query, key, value, mask=None):
    grad_query, grad_key, grad_value = finish(right_weights(query, key, mask), grad_context, query, key, value)
    return grad_key, grad_query, grad_value


@mistakes.add(ID, "value-first", "You return grad_value first. Asked is (grad_query, grad_key, grad_value).", BACKWARD)
def value_first(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask), grad_context, query, key, value)[::-1]


@mistakes.add(
    ID,
    "ignores-grad_context",
    "You differentiate the sum of the context: grad_context takes no part. It is what the rest of the network "
    "sends back.",
    BACKWARD,
)
def ignores_grad_context(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key, mask), torch.ones_like(grad_context), query, key, value)


@mistakes.add(
    ID,
    "value-from-grad_weights",
    "grad_value is weights transposed times grad_context; you take the softmax's gradient in place of the weights.",
    BACKWARD,
)
def wrong_value(grad_context, query, key, value, mask=None):
    weights = right_weights(query, key, mask)
    grad_scores = right_scores(weights, grad_context @ value.transpose(-2, -1))
    grad_query, grad_key, _ = finish(weights, grad_context, query, key, value)
    return grad_query, grad_key, grad_scores.transpose(-2, -1) @ grad_context


@mistakes.add(ID, "ignores-mask", "You never use the mask: hidden keys get gradient.", MASKS)
def ignores_mask(grad_context, query, key, value, mask=None):
    return finish(right_weights(query, key), grad_context, query, key, value)


@mistakes.add(ID, "inverted-mask", "You hide what is visible. In this course True means: may attend.", MASKS)
def inverted_mask(grad_context, query, key, value, mask=None):
    mask = None if mask is None else ~mask
    return finish(right_weights(query, key, mask), grad_context, query, key, value)


@mistakes.add(
    ID,
    "mask-after-softmax",
    "You hide keys after the softmax: these are not the weights of the forward pass, they do not sum to 1.",
    MASKS,
)
def mask_after_softmax(grad_context, query, key, value, mask=None):
    weights = right_weights(query, key)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return finish(weights, grad_context, query, key, value)


@mistakes.add(
    ID,
    "masks-gradient-only",
    "You set the gradient of hidden scores to 0, but your weights are those without the mask.",
    MASKS,
)
def masks_gradient_only(grad_context, query, key, value, mask=None):
    def softmax(p, g):
        grad_scores = right_scores(p, g)
        return grad_scores if mask is None else grad_scores.masked_fill(~mask, 0)

    return finish(right_weights(query, key), grad_context, query, key, value, softmax=softmax)


@mistakes.add(
    ID,
    "transposed-mask",
    "Your mask is transposed where there are as many queries as keys. Its rows are queries, its columns keys.",
    MASKS,
)
def transposed_mask(grad_context, query, key, value, mask=None):
    if mask is not None and mask.ndim > 1 and mask.shape[-1] == mask.shape[-2]:
        mask = mask.transpose(-2, -1)
    return finish(right_weights(query, key, mask), grad_context, query, key, value)


@mistakes.add(
    ID, "nan-rows", "A query that may see nothing gives NaN: its weights are 0, and so is its gradient.", ROWS
)
def nan_rows(grad_context, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return finish(torch.softmax(scores, dim=-1), grad_context, query, key, value)


@mistakes.add(
    ID,
    "uniform-rows",
    "A query that may see nothing still gives gradient: filled with −1e9 its row has uniform weights. They must be 0.",
    ROWS,
)
def uniform_rows(grad_context, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    return finish(torch.softmax(scores, dim=-1), grad_context, query, key, value)


@mistakes.add(
    ID, "overflow", "exp of a score of 1000 is infinite. Subtract the largest score of each row first.", MASKS
)
def overflow(grad_context, query, key, value, mask=None):
    terms = torch.exp(query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1]))
    if mask is not None:
        terms = terms.masked_fill(~mask, 0)
    total = terms.sum(dim=-1, keepdim=True)
    return finish(terms / total.masked_fill(total == 0, 1), grad_context, query, key, value)


@mistakes.add(
    ID,
    "mixes-batch",
    "Your batch items mix: the gradient of each item comes from that item alone.",
    BACKWARD,
)
def mixes_batch(grad_context, query, key, value, mask=None):
    grads = finish(right_weights(query, key, mask), grad_context, query, key, value)
    return tuple(g.sum(dim=0, keepdim=True).expand_as(g) if g.ndim > 2 else g for g in grads)


@mistakes.add(ID, "float32", "You return float32 whatever comes in. The results keep the dtype of the inputs.", CODE)
def returns_float32(grad_context, query, key, value, mask=None):
    return tuple(g.float() for g in finish(right_weights(query, key, mask), grad_context, query, key, value))


@mistakes.add(ID, "in-place", "You change the caller's grad_context: the rest of the network still needs it.", CODE)
def in_place(grad_context, query, key, value, mask=None):
    grads = finish(right_weights(query, key, mask), grad_context, query, key, value)
    grad_context *= 0
    return grads
