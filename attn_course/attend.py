r"""Masked softmax and the weighted mean: the two steps that every attention mechanism ends with.

A chapter's own mechanism says how well a query matches a key, as `scores`. What follows is the same in all of
them: the scores of one query become `weights` that are positive and sum to 1 over the keys the query may see,
and `context` is the mean of the values under these weights:

    weights[i, j] = exp(scores[i, j]) / sum over visible m of exp(scores[i, m])    for a visible key j, else 0
    context[i]    = sum over j of weights[i, j] * value[j]

Source: Bahdanau, Cho and Bengio (2015), section 3.1, equations 5 and 6, without a mask. Our `scores` are their e,
our `weights` their alpha, our `value` their annotations h and our `context` their c. The mask is that of Vaswani et al.
(2017), section 3.2.3, which sets illegal scores to minus infinity before the softmax.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attn_course.arguments import require_same_device, require_same_kind, require_shapes, require_tensor

__all__ = ["attend", "masked_softmax", "require_mask"]


def masked_softmax(
    scores: Float[Tensor, "*rows keys"],
    mask: Bool[Tensor, "..."] | None = None,
) -> Float[Tensor, "*rows keys"]:
    """Turn each row of scores into weights that sum to 1 over the visible keys.

    Args:
        scores: How well each query matches each key, (*batch, queries, keys); any axes may stand before the keys.
            Any real numbers: adding a constant to a row changes nothing.
        mask: Boolean, True = may attend, broadcastable to the shape of `scores`. Default None: every query sees
            every key.

    Returns:
        Weights, (*batch, queries, keys), dtype and device of `scores`. Hidden keys have weight exactly 0. A query
        that may see no key has weight 0 everywhere, and its scores receive gradient 0.

    Raises:
        TypeError: If `scores` is not a tensor of floating-point numbers, or `mask` is not boolean.
        ValueError: If `mask` does not broadcast to the shape of `scores`, or is on another device.
    """
    require_shapes(scores=(scores, "*batch keys"))
    require_same_kind(scores=scores)
    if mask is None:
        return torch.softmax(scores, dim=-1)
    require_mask(mask, scores)
    sees_something = mask.any(dim=-1, keepdim=True)
    visible = scores.masked_fill(~mask, float("-inf"))
    # The softmax of a row of -inf is NaN, and so is its gradient, even if
    # the NaN is overwritten afterwards. Such a row goes through as zeros,
    # and its weights are set to 0 together with all hidden ones.
    visible = visible.masked_fill(~sees_something, 0.0)
    return torch.softmax(visible, dim=-1).masked_fill(~mask, 0.0)


def attend(
    scores: Float[Tensor, "*batch queries keys"],
    value: Float[Tensor, "*batch keys d_v"],
    mask: Bool[Tensor, "..."] | None = None,
) -> tuple[Float[Tensor, "*batch queries d_v"], Float[Tensor, "*batch queries keys"]]:
    """Average the rows of `value` under the masked softmax of `scores`.

    Args:
        scores: How well each query matches each key, (*batch, queries, keys).
        value: What each key stands for, (*batch, keys, d_v).
        mask: Boolean, True = may attend, broadcastable to the shape of `scores`. Default None: every query sees
            every key.

    Returns:
        The context, (*batch, queries, d_v), and the weights, (*batch, queries, keys). Both are 0 for a query that
        may see no key.

    Raises:
        TypeError: If `scores` or `value` is not a tensor of floating-point numbers, their dtypes differ, or `mask` is
            not boolean.
        ValueError: If `value` does not have one row per key, its batch axes differ from those of `scores`, `mask` does
            not broadcast to the shape of `scores`, or devices differ.
    """
    require_shapes(scores=(scores, "*batch queries keys"), value=(value, "*batch keys d_v"))
    require_same_kind(scores=scores, value=value)
    weights = masked_softmax(scores, mask)
    return weights @ value, weights  # the context is (*batch, queries, d_v)


def require_mask(mask: Tensor, scores: Tensor) -> None:
    """Refuse what is no mask for these scores.

    Raises:
        TypeError: If `mask` is not a boolean tensor.
        ValueError: If `mask` does not broadcast to the shape of `scores`, or is on another device.
    """
    require_tensor("mask", mask)
    if mask.dtype != torch.bool:
        raise TypeError(
            f"mask must be boolean, True = may attend, but got {mask.dtype}. "
            "If 1 means may attend, pass mask.bool(); "
            "if it is a mask to add to the scores, with 0 = may attend and -inf = hidden, pass mask == 0."
        )
    require_same_device(scores=scores, mask=mask)
    # Compared from the last axis on, as broadcasting does; a longer mask would add batch axes to the result.
    fits = mask.ndim <= scores.ndim and all(
        size in (1, wanted) for size, wanted in zip(mask.shape[::-1], scores.shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(
            "mask must broadcast to the shape of the scores, (*batch, queries, keys), but got mask "
            f"{tuple(mask.shape)} and scores {tuple(scores.shape)}. "
            "A mask of one row per sequence, (batch, keys), needs an axis for the queries: mask[:, None, :]."
        )
