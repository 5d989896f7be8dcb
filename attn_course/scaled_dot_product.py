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
        TypeError: If `query` or `key` is not a tensor of real numbers, or their dtypes differ.
        ValueError: If their batch axes or their widths differ, or the width is 0.
    """
    _check_matrices(query=query, key=key)
    if query.shape[-1] != key.shape[-1] or query.shape[-1] == 0:
        raise ValueError(
            "query and key must have one width d_k of at least 1, since their dot product is taken, but got "
            f"query {tuple(query.shape)} and key {tuple(key.shape)}. Project one of them to the width of the other."
        )
    return query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])  # (*batch, queries, keys)


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
    if not isinstance(lengths, Tensor):
        raise TypeError(
            f"lengths must be a torch.Tensor (batch,), but got {type(lengths).__name__}. "
            "Convert it with torch.tensor(lengths)."
        )
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        raise TypeError(
            f"lengths must hold whole numbers, but got {lengths.dtype}. "
            "If it is a mask of tokens, its lengths are mask.sum(-1); else convert it with lengths.long()."
        )
    if lengths.ndim != 1:
        raise ValueError(
            f"lengths must have one axis, (batch,), but got shape {tuple(lengths.shape)}. "
            "Use lengths.reshape(-1) for one number per sequence."
        )
    positions = torch.arange(_count("max_len", max_len), device=lengths.device)
    return positions < lengths[:, None, None]  # (max_len,) < (batch, 1, 1): (batch, 1, max_len)


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
        TypeError: If an input is not a tensor of real numbers, dtypes differ, or `mask` is not boolean.
        ValueError: If the shapes do not fit each other.
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
        TypeError: If an input is not a tensor of real numbers, dtypes differ, or `mask` is not boolean.
        ValueError: If the shapes do not fit each other.
    """
    query = _project("x", x, "W_query", W_query)  # (*batch, length, d_k)
    key = _project("x", x, "W_key", W_key)  # (*batch, length, d_k)
    value = _project("x", x, "W_value", W_value)  # (*batch, length, d_v)
    return scaled_dot_product_attention(query, key, value, mask)


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
        TypeError: If an input is not a tensor of real numbers, dtypes differ, or `mask` is not boolean.
        ValueError: If the shapes do not fit each other.
    """
    query = _project("x", x, "W_query", W_query)  # (*batch, queries, d_k)
    key = _project("memory", memory, "W_key", W_key)  # (*batch, keys, d_k)
    value = _project("memory", memory, "W_value", W_value)  # (*batch, keys, d_v)
    return scaled_dot_product_attention(query, key, value, mask)


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
        TypeError: If an input is not a tensor of real numbers, dtypes differ, or `mask` is not boolean.
        ValueError: If the shapes do not fit each other.
    """
    context, weights = scaled_dot_product_attention(query, key, value, mask)
    _check_matrices(query=query, grad_context=grad_context)
    if grad_context.shape != context.shape:
        raise ValueError(
            f"grad_context must have the shape of the context, {tuple(context.shape)}, but got "
            f"{tuple(grad_context.shape)}. It is the derivative of the loss by the context."
        )
    grad_value = weights.transpose(-2, -1) @ grad_context  # (*batch, keys, d_v)
    grad_weights = grad_context @ value.transpose(-2, -1)  # (*batch, queries, keys)
    # Jacobian of the softmax: grad_scores = (diag(p) - p p^T) grad_weights for each row p of the weights. Where a
    # weight is 0 because of the mask, this is 0 as well.
    expected = (weights * grad_weights).sum(dim=-1, keepdim=True)  # (*batch, queries, 1)
    grad_scores = weights * (grad_weights - expected)
    grad_products = grad_scores / math.sqrt(key.shape[-1])  # by query @ key^T, before the scale
    return grad_products @ key, grad_products.transpose(-2, -1) @ query, grad_value


def _check_matrices(**tensors: Tensor) -> None:
    """Refuse anything but real tensors of one dtype and the same batch axes, (*batch, rows, columns)."""
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{name} must be a torch.Tensor, but got {type(tensor).__name__}. Convert it with torch.tensor({name})."
            )
        if not tensor.is_floating_point():
            raise TypeError(
                f"{name} must hold floating-point numbers, but got {tensor.dtype}. Convert it with {name}.float()."
            )
        if tensor.ndim < 2:
            raise ValueError(
                f"{name} must have at least two axes, (*batch, rows, columns), but got shape {tuple(tensor.shape)}. "
                f"A single vector is a matrix of one row: {name}[None, :]."
            )
    (first_name, first), *others = tensors.items()
    for name, tensor in others:
        if tensor.dtype != first.dtype:
            raise TypeError(
                f"{first_name} and {name} must have one dtype, but got {first.dtype} and {tensor.dtype}. "
                f"Convert one of them, for example with {name}.to({first_name}.dtype)."
            )
        if tensor.shape[:-2] != first.shape[:-2]:
            raise ValueError(
                f"{first_name} and {name} must have the same batch axes, but got {first_name} {tuple(first.shape)} "
                f"and {name} {tuple(tensor.shape)}. Expand the smaller of the two to the batch axes of the other."
            )


def _project(name: str, rows: Tensor, weight_name: str, weight: Tensor) -> Tensor:
    """Multiply rows (*batch, length, d) by weight (d, width), with an error that names both."""
    _check_matrices(**{name: rows})
    _check_matrices(**{weight_name: weight})
    if weight.dtype != rows.dtype:
        raise TypeError(
            f"{name} and {weight_name} must have one dtype, but got {rows.dtype} and {weight.dtype}. "
            f"Convert one of them, for example with {weight_name}.to({name}.dtype)."
        )
    if weight.ndim != 2 or weight.shape[0] != rows.shape[-1]:
        raise ValueError(
            f"{weight_name} must have shape ({rows.shape[-1]}, width) to multiply {name} {tuple(rows.shape)} from the "
            f"right, but got {tuple(weight.shape)}. Is it transposed? torch.nn.Linear keeps its weight transposed."
        )
    return rows @ weight


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
