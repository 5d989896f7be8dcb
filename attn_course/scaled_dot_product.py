r"""Scaled dot-product attention, its masks, its two uses, and its gradient in closed form.

    context = softmax(query @ key^T / sqrt(d_k)) @ value

Source: Vaswani et al. (2017), "Attention Is All You Need", section 3.2.1, equation 1. Our `query`, `key` and `value`
are the rows of their matrices Q, K and V; `d_k` and `d_v` are theirs, the widths of one key and of one value. The
causal mask, and self-attention beside attention from one sequence to another, are those of their section 3.2.3.
"""

import math
from operator import index

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attn_course.arguments import require_integers, require_same_kind, require_shapes
from attn_course.attend import attend

__all__ = [
    "attention_backward",
    "causal_mask",
    "cross_attention",
    "padding_mask",
    "scaled_dot_product_attention",
    "scaled_dot_scores",
    "self_attention",
]


def scaled_dot_scores(
    query: Float[Tensor, "*batch queries d_k"],
    key: Float[Tensor, "*batch keys d_k"],
) -> Float[Tensor, "*batch queries keys"]:
    """Score every query against every key by their dot product, divided by the square root of their width.

    Vaswani et al. (2017), section 3.2.1, the argument of the softmax in equation 1.

    Args:
        query: What each position looks for, (*batch, queries, d_k).
        key: What each position offers to be found by, (*batch, keys, d_k).

    Returns:
        Scores, (*batch, queries, keys), dtype and device of `query`.

    Raises:
        TypeError: If `query` or `key` is not a tensor of floating-point numbers, or their dtypes differ.
        ValueError: If their batch axes, their widths or their devices differ.
    """
    require_shapes(query=(query, "*batch queries d_k"), key=(key, "*batch keys d_k"))
    require_same_kind(query=query, key=key)
    products = query @ key.transpose(-2, -1)  # (*batch, queries, keys)
    return products / math.sqrt(key.shape[-1])


def causal_mask(length: int) -> Bool[Tensor, "{length} {length}"]:
    """Let each position see itself and the positions before it.

    Vaswani et al. (2017), section 3.2.3, third item: what keeps a decoder from looking at what it has yet to write.

    Args:
        length: Number of positions, at least 0.

    Returns:
        Boolean mask (length, length), True = may attend: True on and below the diagonal, on torch's default device.

    Raises:
        TypeError: If `length` is not a whole number.
        ValueError: If `length` is negative.
    """
    length = _count("length", length)
    return torch.ones(length, length, dtype=torch.bool).tril()


def padding_mask(lengths: Int[Tensor, " batch"], max_len: int) -> Bool[Tensor, "batch 1 {max_len}"]:
    """Let every query see the tokens of its sequence and none of the padding behind them.

    Args:
        lengths: Number of tokens in each sequence, whole numbers (batch,). A length of 0 hides the whole sequence; a
            length above `max_len` hides nothing.
        max_len: Number of positions that the sequences are padded to, at least 0.

    Returns:
        Boolean mask (batch, 1, max_len), True = may attend, on the device of `lengths`. The axis of size 1 stands for
        the queries: the mask is the same for all of them.

    Raises:
        TypeError: If `lengths` is not a tensor of whole numbers or `max_len` is not a whole number.
        ValueError: If `lengths` does not have exactly one axis, or `max_len` is negative.
    """
    require_shapes(lengths=(lengths, "batch"))
    require_integers(lengths=lengths)
    positions = torch.arange(_count("max_len", max_len), device=lengths.device)
    return positions < lengths[:, None, None]  # (batch, 1, max_len)


def scaled_dot_product_attention(
    query: Float[Tensor, "*batch queries d_k"],
    key: Float[Tensor, "*batch keys d_k"],
    value: Float[Tensor, "*batch keys d_v"],
    mask: Bool[Tensor, "..."] | None = None,
) -> tuple[Float[Tensor, "*batch queries d_v"], Float[Tensor, "*batch queries keys"]]:
    """Average the rows of `value`, weighted by how well each query matches each key.

    Vaswani et al. (2017), section 3.2.1, equation 1.

    Args:
        query: What each position looks for, (*batch, queries, d_k).
        key: What each position offers to be found by, (*batch, keys, d_k).
        value: What each position hands over when it is found, (*batch, keys, d_v).
        mask: Boolean, True = may attend, broadcastable to (*batch, queries, keys). Default None: every query sees
            every key.

    Returns:
        The context, (*batch, queries, d_v), and the weights, (*batch, queries, keys). Both are 0 for a query that
        may see no key.

    Raises:
        TypeError: If an input is not a tensor of floating-point numbers, dtypes differ, or `mask` is not boolean.
        ValueError: If the shapes do not fit each other, or devices differ.
    """
    return attend(scaled_dot_scores(query, key), value, mask)


def self_attention(
    x: Float[Tensor, "*batch length d_model"],
    W_query: Float[Tensor, "d_model d_k"],
    W_key: Float[Tensor, "d_model d_k"],
    W_value: Float[Tensor, "d_model d_v"],
    mask: Bool[Tensor, "..."] | None = None,
) -> tuple[Float[Tensor, "*batch length d_v"], Float[Tensor, "*batch length length"]]:
    """Let every position of one sequence attend to the positions of the same sequence.

    Vaswani et al. (2017), section 3.2.3, second item, with the projections of section 3.2.2 for one head.

    Args:
        x: The sequence, (*batch, length, d_model).
        W_query: Makes queries out of x, (d_model, d_k), multiplied from the right.
        W_key: Makes keys out of x, (d_model, d_k).
        W_value: Makes values out of x, (d_model, d_v).
        mask: Boolean, True = may attend, broadcastable to (*batch, length, length). With `causal_mask(length)` this is
            masked self-attention. Default None: every position sees every position.

    Returns:
        The context, (*batch, length, d_v), and the weights, (*batch, length, length).

    Raises:
        TypeError: If an input is not a tensor of floating-point numbers, dtypes differ, or `mask` is not boolean.
        ValueError: If the shapes do not fit each other, or devices differ.
    """
    require_shapes(
        x=(x, "*batch length d_model"),
        W_query=(W_query, "d_model d_k"),
        W_key=(W_key, "d_model d_k"),
        W_value=(W_value, "d_model d_v"),
    )
    require_same_kind(x=x, W_query=W_query, W_key=W_key, W_value=W_value)
    return scaled_dot_product_attention(x @ W_query, x @ W_key, x @ W_value, mask)


def cross_attention(
    x: Float[Tensor, "*batch queries d_model"],
    memory: Float[Tensor, "*batch keys d_memory"],
    W_query: Float[Tensor, "d_model d_k"],
    W_key: Float[Tensor, "d_memory d_k"],
    W_value: Float[Tensor, "d_memory d_v"],
    mask: Bool[Tensor, "..."] | None = None,
) -> tuple[Float[Tensor, "*batch queries d_v"], Float[Tensor, "*batch queries keys"]]:
    """Let every position of one sequence attend to the positions of another.

    Vaswani et al. (2017), section 3.2.3, first item, with the projections of section 3.2.2 for one head.

    Args:
        x: The sequence that asks, (*batch, queries, d_model).
        memory: The sequence that answers, (*batch, keys, d_memory): keys and values both come from it.
        W_query: Makes queries out of x, (d_model, d_k), multiplied from the right.
        W_key: Makes keys out of memory, (d_memory, d_k).
        W_value: Makes values out of memory, (d_memory, d_v).
        mask: Boolean, True = may attend, broadcastable to (*batch, queries, keys). Default None: every position of x
            sees every position of memory.

    Returns:
        The context, (*batch, queries, d_v), and the weights, (*batch, queries, keys).

    Raises:
        TypeError: If an input is not a tensor of floating-point numbers, dtypes differ, or `mask` is not boolean.
        ValueError: If the shapes do not fit each other, or devices differ.
    """
    require_shapes(
        x=(x, "*batch queries d_model"),
        memory=(memory, "*batch keys d_memory"),
        W_query=(W_query, "d_model d_k"),
        W_key=(W_key, "d_memory d_k"),
        W_value=(W_value, "d_memory d_v"),
    )
    require_same_kind(x=x, memory=memory, W_query=W_query, W_key=W_key, W_value=W_value)
    return scaled_dot_product_attention(x @ W_query, memory @ W_key, memory @ W_value, mask)


def attention_backward(
    grad_context: Float[Tensor, "*batch queries d_v"],
    query: Float[Tensor, "*batch queries d_k"],
    key: Float[Tensor, "*batch keys d_k"],
    value: Float[Tensor, "*batch keys d_v"],
    mask: Bool[Tensor, "..."] | None = None,
) -> tuple[
    Float[Tensor, "*batch queries d_k"],
    Float[Tensor, "*batch keys d_k"],
    Float[Tensor, "*batch keys d_v"],
]:
    """Carry the gradient of a loss from the context back to query, key and value, in closed form.

    The chain rule through equation 1 of Vaswani et al. (2017); the derivation is in chapter 04, "The backward pass by
    hand".

    Args:
        grad_context: Derivative of the loss by the context, (*batch, queries, d_v).
        query: As in the forward pass, (*batch, queries, d_k).
        key: As in the forward pass, (*batch, keys, d_k).
        value: As in the forward pass, (*batch, keys, d_v).
        mask: As in the forward pass: boolean, True = may attend, broadcastable to (*batch, queries, keys). Default
            None: every query sees every key.

    Returns:
        Derivatives of the loss by query, key and value, each in the shape of what it belongs to. A query that may see
        no key gets 0 and adds nothing to the others.

    Raises:
        TypeError: If an input is not a tensor of floating-point numbers, dtypes differ, or `mask` is not boolean.
        ValueError: If the shapes do not fit each other, or devices differ.
    """
    require_shapes(
        grad_context=(grad_context, "*batch queries d_v"),
        query=(query, "*batch queries d_k"),
        key=(key, "*batch keys d_k"),
        value=(value, "*batch keys d_v"),
    )
    require_same_kind(grad_context=grad_context, query=query, key=key, value=value)
    _, weights = scaled_dot_product_attention(query, key, value, mask)
    grad_value = weights.transpose(-2, -1) @ grad_context  # (*batch, keys, d_v)
    grad_weights = grad_context @ value.transpose(-2, -1)  # (*batch, queries, keys)
    # The Jacobian of the softmax is diag(p) - p p^T for each row p of the
    # weights. Where the mask makes a weight 0, the gradient is 0 as well.
    average = (weights * grad_weights).sum(dim=-1, keepdim=True)
    grad_scores = weights * (grad_weights - average)
    grad_products = grad_scores / math.sqrt(key.shape[-1])
    grad_query = grad_products @ key  # (*batch, queries, d_k)
    grad_key = grad_products.transpose(-2, -1) @ query  # (*batch, keys, d_k)
    return grad_query, grad_key, grad_value


def _count(name: str, number: int) -> int:
    """Read a whole number that is at least 0."""
    try:
        count = index(number)
    except TypeError:
        raise TypeError(
            f"{name} must be a whole number, but got {type(number).__name__}. Convert it with int({name})."
        ) from None
    if count < 0:
        raise ValueError(f"{name} must be at least 0, but got {count}.")
    return count
