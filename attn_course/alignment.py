"""How far attention weights are from the true word links of a translation (chapter 02).

Source: Och & Ney 2003, "A Systematic Comparison of Various Statistical Alignment Models", whose measure is the alignment
error rate. They tell sure links S from possible links P; here the gold links are both, because a grammar that writes a
pair of sentences knows which word comes from which.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attn_course.arguments import require_same_device, require_same_kind, require_shapes, require_tensor

__all__ = ["alignment_error_rate"]


def alignment_error_rate(weights: Float[Tensor, "target source"], gold: Bool[Tensor, "target source"]) -> float:
    """Compare the links that attention weights make with the true ones.

    Each row links its target token to the source token of its largest weight, to the first of them on a tie: these
    links are A, as many as there are rows. With S = P the gold links, Och & Ney's
    `1 - (|A and S| + |A and P|) / (|A| + |S|)` is `1 - 2 hits / (rows + gold links)`.

    Args:
        weights: one row of attention weights for each target token. What is compared is their order, so that scores
            give the same result.
        gold: True where a target token is linked to a source token. A row may have no link or several.

    Returns:
        0 where both sets of links are the same, 1 where no link is common to them. A target token without a gold link
        counts as a link too many, because attention must look somewhere; a token with two gold links counts as one
        too few, because the largest weight finds one of them.

    Raises:
        TypeError: `weights` is no tensor of floating-point numbers or `gold` is not boolean.
        ValueError: the shapes or the devices differ, or there is no target or no source token.
    """
    sizes = require_shapes(weights=(weights, "target source"), gold=(gold, "target source"))
    require_same_kind(weights=weights)
    require_tensor("gold", gold)
    if gold.dtype != torch.bool:
        raise TypeError(f"gold must be boolean, True = linked, but got {gold.dtype}: use gold.bool() or gold > 0.")
    require_same_device(weights=weights, gold=gold)
    if 0 in sizes.values():
        raise ValueError(f"weights has shape {tuple(weights.shape)}: it needs at least one row and one column.")
    chosen = weights.argmax(dim=1, keepdim=True)  # (target, 1), the first of equal ones
    hits = gold.gather(1, chosen).sum().item()
    return 1 - 2 * hits / (len(weights) + gold.sum().item())
