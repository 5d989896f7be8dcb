"""How well a query matches a key: the four scores that Luong et al. compare (chapter 03).

Vectors are rows and weights multiply from the right, `x @ W`, where the paper writes columns and `W x`. Its decoder
state h_t is our `query`, its encoder state h_s (with a bar) our `key`. None of the scores is scaled.

| here              | Luong et al. 2015, section 3.1                                                  |
|-------------------|---------------------------------------------------------------------------------|
| `dot_scores`      | "dot": h_t · h_s                                                                |
| `general_scores`  | "general": h_t W_a h_s; ours W is their W_a                                     |
| `concat_scores`   | "concat": v_a · tanh(W_a [h_t; h_s]); our W is the transpose of their W_a       |
| `location_scores` | "location": W_a h_t, equation 8; our W is the transpose of their W_a            |
"""

from jaxtyping import Float
from torch import Tensor

from attn_course.additive import additive_scores
from attn_course.arguments import require_same_kind, require_shapes


def dot_scores(
    query: Float[Tensor, "*batch queries d"], key: Float[Tensor, "*batch keys d"]
) -> Float[Tensor, "*batch queries keys"]:
    """Score every query against every key by their dot product.

    Args:
        query: What each position looks for, (*batch, queries, d).
        key: What each position can be found by, as wide as the queries, (*batch, keys, d).

    Returns:
        The scores, (*batch, queries, keys).

    Raises:
        TypeError: If an argument is not a tensor of floating-point numbers, or dtypes differ.
        ValueError: If the shapes do not fit each other, or devices differ.
    """
    require_shapes(query=(query, "*batch queries d"), key=(key, "*batch keys d"))
    require_same_kind(query=query, key=key)
    return query @ key.mT


def general_scores(
    query: Float[Tensor, "*batch queries d_query"],
    key: Float[Tensor, "*batch keys d_key"],
    W: Float[Tensor, "d_query d_key"],
) -> Float[Tensor, "*batch queries keys"]:
    """Score every query against every key by a learned bilinear form: `query W key`.

    Args:
        query: What each position looks for, (*batch, queries, d_query).
        key: What each position can be found by, (*batch, keys, d_key).
        W: How each entry of a query meets each entry of a key, (d_query, d_key).

    Returns:
        The scores, (*batch, queries, keys).

    Raises:
        TypeError: If an argument is not a tensor of floating-point numbers, or dtypes differ.
        ValueError: If the shapes do not fit each other, or devices differ.
    """
    require_shapes(query=(query, "*batch queries d_query"), key=(key, "*batch keys d_key"), W=(W, "d_query d_key"))
    require_same_kind(query=query, key=key, W=W)
    return query @ W @ key.mT


def concat_scores(
    query: Float[Tensor, "*batch queries d_query"],
    key: Float[Tensor, "*batch keys d_key"],
    W: Float[Tensor, "d_query+d_key d_attn"],
    v: Float[Tensor, " d_attn"],
) -> Float[Tensor, "*batch queries keys"]:
    """Score every query against every key by a small network that reads both: `v · tanh([query; key] W)`.

    The product with [query; key] is the sum of two: the query times the upper half of W and the key times the lower
    half. So each query and each key is multiplied once, and this is the additive score of chapter 02 with its two
    matrices stacked.

    Args:
        query: What each position looks for, (*batch, queries, d_query).
        key: What each position can be found by, (*batch, keys, d_key).
        W: The rows of the query, then those of the key, (d_query + d_key, d_attn).
        v: How much each hidden unit counts, (d_attn,).

    Returns:
        The scores, (*batch, queries, keys).

    Raises:
        TypeError: If an argument is not a tensor of floating-point numbers, or dtypes differ.
        ValueError: If the shapes do not fit each other, or devices differ.
    """
    sizes = require_shapes(
        query=(query, "*batch queries d_query"), key=(key, "*batch keys d_key"), W=(W, "d_both d_attn"), v=(v, "d_attn")
    )
    require_same_kind(query=query, key=key, W=W, v=v)
    if sizes["d_both"] != sizes["d_query"] + sizes["d_key"]:
        raise ValueError(
            f"W has shape {tuple(W.shape)}, but needs one row for each entry of a query and of a key: "
            f"{sizes['d_query']} + {sizes['d_key']} = {sizes['d_query'] + sizes['d_key']}."
        )
    of_query, of_key = W.split([sizes["d_query"], sizes["d_key"]])
    return additive_scores(query, key, of_query, of_key, v)


def location_scores(
    query: Float[Tensor, "*batch queries d_query"], W: Float[Tensor, "d_query keys"]
) -> Float[Tensor, "*batch queries keys"]:
    """Score every position by the query alone, without a look at what stands there.

    Args:
        query: What each position looks for, (*batch, queries, d_query).
        W: One column for each position, (d_query, keys).

    Returns:
        The scores, (*batch, queries, keys).

    Raises:
        TypeError: If an argument is not a tensor of floating-point numbers, or dtypes differ.
        ValueError: If the shapes do not fit each other, or devices differ.
    """
    require_shapes(query=(query, "*batch queries d_query"), W=(W, "d_query keys"))
    require_same_kind(query=query, W=W)
    return query @ W
