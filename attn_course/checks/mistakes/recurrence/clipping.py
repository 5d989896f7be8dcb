"""Wrong answers to `clip_gradients`."""

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
CLIPPING = "recurrence-clipping"


def norm_of_all(gradients):
    """The norm of all entries of all tensors."""
    return torch.sqrt(sum((gradient**2).sum() for gradient in gradients))


def shortened(gradients, norm, max_norm):
    """All gradients by one factor, if the norm is above max_norm."""
    return [gradient * (max_norm / norm) if norm > max_norm else gradient.clone() for gradient in gradients]


@mistakes.add(
    "clip_gradients",
    "each-alone",
    "You clip each tensor by its own norm. That turns the gradient: there is one norm and one factor for all together.",
    CLIPPING,
)
def each_alone(gradients, max_norm):
    clipped = [shortened([gradient], gradient.norm(), max_norm)[0] for gradient in gradients]
    return clipped, norm_of_all(gradients)


@mistakes.add(
    "clip_gradients",
    "scales-up",
    "You stretch short gradients to max_norm. Clipping only shortens: the factor is never above 1.",
    CLIPPING,
)
def scales_up(gradients, max_norm):
    norm = norm_of_all(gradients)
    factor = max_norm / norm if norm > 0 else 1.0
    return [gradient * factor for gradient in gradients], norm


@mistakes.add(
    "clip_gradients",
    "scales-up-nan",
    "You multiply by max_norm / norm always. That stretches short gradients, and all-zero gradients become NaN.",
    CLIPPING,
)
def scales_up_and_nan(gradients, max_norm):
    norm = norm_of_all(gradients)
    return [gradient * max_norm / norm for gradient in gradients], norm


@mistakes.add(
    "clip_gradients",
    "clips-entries",
    "You limit each entry to ±max_norm. That turns the gradient: multiply all of it by one factor.",
    CLIPPING,
)
def clips_entries(gradients, max_norm):
    return [gradient.clamp(-max_norm, max_norm) for gradient in gradients], norm_of_all(gradients)


@mistakes.add(
    "clip_gradients",
    "in-place",
    "Your numbers are right, but the list that you were given, or a tensor in it, is not the same afterwards. Make new "
    "tensors in a new list: [gradient * factor for gradient in gradients].",
    CLIPPING,
)
def in_place(gradients, max_norm):
    norm = norm_of_all(gradients)
    if norm > max_norm:
        for gradient in gradients:
            gradient.mul_(max_norm / norm)
    return gradients, norm


@mistakes.add(
    "clip_gradients",
    "norm-after",
    "You return the norm after clipping. Asked is the norm before, which tells how long the gradient was.",
    CLIPPING,
)
def norm_after(gradients, max_norm):
    clipped = shortened(gradients, norm_of_all(gradients), max_norm)
    return clipped, norm_of_all(clipped)


@mistakes.add(
    "clip_gradients", "no-root", "You forget the root: the norm is the square root of the sum of all squares.", CLIPPING
)
def without_root(gradients, max_norm):
    norm = norm_of_all(gradients) ** 2
    return shortened(gradients, norm, max_norm), norm


@mistakes.add(
    "clip_gradients",
    "sum-of-norms",
    "You add the norms of the tensors. Norms do not add up, their squares do.",
    CLIPPING,
)
def sum_of_norms(gradients, max_norm):
    norm = sum(gradient.norm() for gradient in gradients)
    return shortened(gradients, norm, max_norm), norm


@mistakes.add(
    "clip_gradients",
    "mean-of-norms",
    "You average the norms of the tensors. The norm of all entries is the root of the sum of the squared norms.",
    CLIPPING,
)
def mean_of_norms(gradients, max_norm):
    norm = sum(gradient.norm() for gradient in gradients) / len(gradients)
    return shortened(gradients, norm, max_norm), norm


@mistakes.add(
    "clip_gradients",
    "largest-norm",
    "You take the largest norm of a tensor. The norm of all entries is the root of the sum of the squared norms.",
    CLIPPING,
)
def largest_norm(gradients, max_norm):
    norm = max(gradient.norm() for gradient in gradients)
    return shortened(gradients, norm, max_norm), norm


@mistakes.add(
    "clip_gradients",
    "largest-entry",
    "You take the largest entry for the norm. The norm is the square root of the sum of all squares.",
    CLIPPING,
)
def largest_entry(gradients, max_norm):
    norm = max(gradient.abs().max() for gradient in gradients)
    return shortened(gradients, norm, max_norm), norm


@mistakes.add(
    "clip_gradients",
    "sum-of-sizes",
    "You add the absolute values, the 1-norm. The norm is the square root of the sum of all squares.",
    CLIPPING,
)
def one_norm(gradients, max_norm):
    norm = sum(gradient.abs().sum() for gradient in gradients)
    return shortened(gradients, norm, max_norm), norm


@mistakes.add(
    "clip_gradients",
    "root-mean-square",
    "You divide by the number of entries, which gives the root mean square. The norm is the root of the sum.",
    CLIPPING,
)
def root_mean_square(gradients, max_norm):
    norm = norm_of_all(gradients) / sum(gradient.numel() for gradient in gradients) ** 0.5
    return shortened(gradients, norm, max_norm), norm


@mistakes.add(
    "clip_gradients",
    "unit-norm",
    "You divide long gradients by their norm, so they end with norm 1. They shall end with norm max_norm.",
    CLIPPING,
)
def unit_norm(gradients, max_norm):
    norm = norm_of_all(gradients)
    return [gradient / norm if norm > max_norm else gradient for gradient in gradients], norm


@mistakes.add(
    "clip_gradients",
    "not-divided",
    "You multiply long gradients by max_norm. The factor is max_norm / norm.",
    CLIPPING,
)
def not_divided(gradients, max_norm):
    norm = norm_of_all(gradients)
    return [gradient * max_norm if norm > max_norm else gradient for gradient in gradients], norm


@mistakes.add(
    "clip_gradients",
    "inverted",
    "Your factor is norm / max_norm: that makes long gradients longer. It is max_norm / norm.",
    CLIPPING,
)
def inverted(gradients, max_norm):
    norm = norm_of_all(gradients)
    return [gradient * (norm / max_norm) if norm > max_norm else gradient for gradient in gradients], norm


@mistakes.add(
    "clip_gradients",
    "wrong-condition",
    "You scale the short gradients and leave the long ones: shorten where the norm is above max_norm.",
    CLIPPING,
)
def wrong_condition(gradients, max_norm):
    norm = norm_of_all(gradients)
    if 0 < norm < max_norm:
        return [gradient * (max_norm / norm) for gradient in gradients], norm
    return gradients, norm


@mistakes.add(
    "clip_gradients",
    "nothing-clipped",
    "You return the norm, but the gradients as they were. Long ones are multiplied by max_norm / norm.",
    CLIPPING,
)
def nothing_clipped(gradients, max_norm):
    return gradients, norm_of_all(gradients)


@mistakes.add(
    "clip_gradients",
    "last-tensor-only",
    "You take the norm of the last tensor alone: the sum of squares runs over all tensors.",
    CLIPPING,
)
def last_tensor_only(gradients, max_norm):
    norm = gradients[-1].norm()
    return shortened(gradients, norm, max_norm), norm
