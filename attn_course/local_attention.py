"""Attention to a window: where it stands and how it fades (Luong et al. 2015, section 3.2).

A query looks at the positions in [centre - window, centre + window] and at nothing else. In "local-m" the centres
move along with the target, `monotonic_centres`, and the weights are the softmax over the window alone. In "local-p"
they are predicted from the query, `predicted_centres` (equation 9), and a Gaussian around them makes the weights fade
towards the window's edges, `local_weights` (equation 10): it is what lets a gradient reach the centres.

Our `centre` is the paper's p_t, our `window` its D. Positions count from 0.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attn_course.arguments import require_integers, require_same_device, require_same_kind, require_shapes
from attn_course.attend import masked_softmax, require_mask


def window_mask(
    centre: Float[Tensor, "*batch queries"], window: float | int, keys: int
) -> Bool[Tensor, "*batch queries {keys}"]:
    """Let each query see the positions at most `window` away from its centre.

    Args:
        centre: Position that each query looks at, a real number, (*batch, queries).
        window: How far it sees to either side, in positions, above 0; an edge that is a whole number is inside.
        keys: Number of positions.

    Returns:
        Boolean mask, (*batch, queries, keys), True = may attend. A window may lie outside of all positions.

    Raises:
        TypeError: If `centre` is not a tensor of floating-point numbers.
        ValueError: If `window` is not above 0.
    """
    require_shapes(centre=(centre, "*batch queries"))
    require_same_kind(centre=centre)
    if window <= 0:
        raise ValueError(f"window must be above 0, but is {window}: it counts positions to either side of the centre.")
    return _distance(centre, keys).abs() <= window


def local_weights(
    scores: Float[Tensor, "*batch queries keys"],
    centre: Float[Tensor, "*batch queries"],
    window: float | int,
    mask: Bool[Tensor, "..."] | None = None,
) -> Float[Tensor, "*batch queries keys"]:
    """Turn scores into weights inside a window, which fade with the distance from its centre.

    The softmax over the positions inside the window is multiplied by exp(-(s - centre)² / (2 sigma²)) with
    sigma = window / 2, and not renormalised: the weights of a query sum to less than 1 (Luong et al. 2015, equation 10).

    Args:
        scores: How well each query matches each key, (*batch, queries, keys).
        centre: Position that each query looks at, a real number, (*batch, queries).
        window: How far it sees to either side, in positions, above 0.
        mask: Boolean, True = may attend, broadcastable to the shape of `scores`. Default None: every query sees
            every key in its window.

    Returns:
        Weights, (*batch, queries, keys): 0 outside the window, 0 where the mask hides, and 0 everywhere for a query
        with nothing visible inside its window. The gradient reaches the centre through the Gaussian.

    Raises:
        TypeError: If `scores` or `centre` is not a tensor of floating-point numbers, dtypes differ, or `mask` is not
            boolean.
        ValueError: If shapes or devices do not fit each other, or `window` is not above 0.
    """
    sizes = require_shapes(scores=(scores, "*batch queries keys"), centre=(centre, "*batch queries"))
    require_same_kind(scores=scores, centre=centre)
    inside = window_mask(centre, window, sizes["keys"])
    if mask is not None:
        require_mask(mask, scores)
        inside = inside & mask
    sigma = window / 2
    gaussian = torch.exp(-(_distance(centre, sizes["keys"]) ** 2) / (2 * sigma**2))
    return masked_softmax(scores, inside) * gaussian


def monotonic_centres(
    query: Float[Tensor, "*batch queries d_query"], first: int = 0
) -> Float[Tensor, "*batch queries"]:
    """Place the centre of query t at position t, whatever it looks for: "local-m".

    Args:
        query: What each position looks for, (*batch, queries, d_query); only its shape, dtype and device matter.
        first: Position of the first query in its sequence.

    Returns:
        The centres, (*batch, queries).

    Raises:
        TypeError: If `query` is not a tensor of floating-point numbers.
        ValueError: If it has fewer than two axes.
    """
    require_shapes(query=(query, "*batch queries d_query"))
    require_same_kind(query=query)
    queries = query.shape[-2]
    positions = torch.arange(first, first + queries, device=query.device, dtype=query.dtype)
    return positions.expand(query.shape[:-1])


def predicted_centres(
    query: Float[Tensor, "batch queries d_query"],
    lengths: Int[Tensor, " batch"],
    W: Float[Tensor, "d_query d_attn"],
    v: Float[Tensor, " d_attn"],
) -> Float[Tensor, "batch queries"]:
    """Predict from each query where to look: `length · sigmoid(v · tanh(query W))`, "local-p" (equation 9).

    Args:
        query: What each position looks for, (batch, queries, d_query).
        lengths: Number of positions of each sequence, the paper's S, (batch,).
        W: (d_query, d_attn), the transpose of the paper's W_p.
        v: (d_attn,), the paper's v_p.

    Returns:
        The centres, real numbers between 0 and the length, (batch, queries).

    Raises:
        TypeError: If an argument is not a tensor, dtypes differ, or `lengths` does not hold integers.
        ValueError: If shapes or devices do not fit each other.
    """
    require_shapes(
        query=(query, "batch queries d_query"),
        lengths=(lengths, "batch"),
        W=(W, "d_query d_attn"),
        v=(v, "d_attn"),
    )
    require_same_kind(query=query, W=W, v=v)
    require_integers(lengths=lengths)
    require_same_device(query=query, lengths=lengths)
    return lengths[:, None] * torch.sigmoid(torch.tanh(query @ W) @ v)


def _distance(centre: Tensor, keys: int) -> Tensor:
    """How far each position lies behind each centre, (*batch, queries, keys)."""
    position = torch.arange(keys, device=centre.device, dtype=centre.dtype)
    return position - centre.unsqueeze(-1)
