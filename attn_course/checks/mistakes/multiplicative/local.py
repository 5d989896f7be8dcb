"""Wrong answers to `local_weights`."""

import math

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
LOCAL = "multiplicative-local"


def distance(scores, centre):
    """How far each key lies behind each centre, (*batch, queries, keys)."""
    position = torch.arange(scores.shape[-1], device=scores.device, dtype=scores.dtype)
    return position - centre.unsqueeze(-1)


def seen(scores, mask):
    """The mask as wide as the scores."""
    return torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand(scores.shape)


def softmax_over(scores, counted):
    """The softmax over what counts; 0 where nothing does."""
    empty = ~counted.any(dim=-1, keepdim=True)
    filled = scores.masked_fill(~counted, -math.inf).masked_fill(empty, 0.0)
    return torch.softmax(filled, dim=-1).masked_fill(~counted, 0.0)


def local(scores, centre, window, mask, inside=None, gaussian=None):
    """A right answer with two places to go wrong: which keys are inside, and the factor."""
    away = distance(scores, centre)
    counted = seen(scores, mask) & (away.abs() <= window if inside is None else inside(away))
    factor = torch.exp(-(away**2) / (2 * (window / 2) ** 2)) if gaussian is None else gaussian(away)
    return softmax_over(scores, counted) * factor


@mistakes.add("local_weights", "sigma-is-window", "Your σ is the window. It is half the window: σ = window / 2.", LOCAL)
def sigma_is_window(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, gaussian=lambda away: torch.exp(-(away**2) / (2 * window**2)))


@mistakes.add(
    "local_weights",
    "sigma-not-squared",
    "You divide by 2σ. The Gaussian has σ² there: σ must be squared.",
    LOCAL,
)
def sigma_not_squared(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, gaussian=lambda away: torch.exp(-(away**2) / window))


@mistakes.add("local_weights", "no-2-in-the-gaussian", "You divide by σ². The Gaussian has 2σ² there.", LOCAL)
def without_the_two(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, gaussian=lambda away: torch.exp(-(away**2) / (window / 2) ** 2))


@mistakes.add(
    "local_weights",
    "distance-not-squared",
    "You take the distance itself in the exponent. The Gaussian squares it.",
    LOCAL,
)
def distance_not_squared(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, gaussian=lambda away: torch.exp(-away.abs() / (2 * (window / 2) ** 2)))


@mistakes.add(
    "local_weights",
    "gaussian-density",
    "Your Gaussian is divided by σ√(2π), like a probability density. In equation 10 it is 1 at the centre.",
    LOCAL,
)
def density(scores, centre, window, mask=None):
    sigma = window / 2
    return local(
        scores,
        centre,
        window,
        mask,
        gaussian=lambda away: torch.exp(-(away**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi)),
    )


@mistakes.add("local_weights", "no-gaussian", "The Gaussian is missing: your weights are the softmax alone.", LOCAL)
def without_gaussian(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, gaussian=torch.ones_like)


@mistakes.add(
    "local_weights",
    "renormalised",
    "You make the weights sum to 1 again after the Gaussian. In the paper they sum to less.",
    LOCAL,
)
def renormalised(scores, centre, window, mask=None):
    weights = local(scores, centre, window, mask)
    total = weights.sum(dim=-1, keepdim=True)
    return weights / torch.where(total == 0, 1, total)


@mistakes.add(
    "local_weights",
    "gaussian-times-scores",
    "You multiply the scores by the Gaussian, and take the softmax then. It multiplies the weights, after the softmax.",
    LOCAL,
)
def gaussian_on_scores(scores, centre, window, mask=None):
    away = distance(scores, centre)
    faded = scores * torch.exp(-(away**2) / (2 * (window / 2) ** 2))
    return softmax_over(faded, seen(scores, mask) & (away.abs() <= window))


@mistakes.add(
    "local_weights",
    "centre-rounded",
    "You round the centre. It is a real number, and its fraction is what the gradient moves.",
    LOCAL,
)
def centre_rounded(scores, centre, window, mask=None):
    return local(scores, centre.round(), window, mask)


@mistakes.add(
    "local_weights",
    "centre-cut",
    "You cut off the centre's fraction, as .long() does. It is a real number.",
    LOCAL,
)
def centre_cut(scores, centre, window, mask=None):
    return local(scores, centre.trunc(), window, mask)


@mistakes.add(
    "local_weights",
    "window-rounded",
    "You place the window around the rounded centre. The Gaussian is right; the window has the same real centre.",
    LOCAL,
)
def window_rounded(scores, centre, window, mask=None):
    whole = distance(scores, centre.round())
    return local(scores, centre, window, mask, inside=lambda away: whole.abs() <= window)


@mistakes.add(
    "local_weights",
    "open-window",
    "Keys exactly at an edge are outside for you. The window includes its edges: <=, not <.",
    LOCAL,
)
def open_window(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, inside=lambda away: away.abs() < window)


@mistakes.add(
    "local_weights",
    "half-open-window",
    "Keys exactly at the right edge are outside for you, as in a range or slice. The window includes both edges.",
    LOCAL,
)
def half_open_window(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, inside=lambda away: (away >= -window) & (away < window))


@mistakes.add(
    "local_weights",
    "half-a-window",
    "Your window reaches window / 2 to either side. It reaches window to either side: [centre − window, centre + window].",
    LOCAL,
)
def half_a_window(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, inside=lambda away: away.abs() <= window / 2)


@mistakes.add(
    "local_weights",
    "no-window",
    "You do not cut: keys outside of the window take part in the softmax and keep a small weight. They get exactly 0.",
    LOCAL,
)
def without_window(scores, centre, window, mask=None):
    return local(scores, centre, window, mask, inside=lambda away: torch.ones_like(away, dtype=torch.bool))


@mistakes.add(
    "local_weights",
    "cut-after-the-softmax",
    "Your softmax runs over all keys, and you cut afterwards. Those outside have taken their share then: cut before it.",
    LOCAL,
)
def cut_after_the_softmax(scores, centre, window, mask=None):
    return without_window(scores, centre, window, mask) * (distance(scores, centre).abs() <= window)


@mistakes.add(
    "local_weights",
    "mask-after-the-softmax",
    "You multiply by the mask after the softmax. Hidden keys have taken their share then: hide them before it.",
    LOCAL,
)
def mask_after_the_softmax(scores, centre, window, mask=None):
    return local(scores, centre, window, None) * seen(scores, mask)


@mistakes.add("local_weights", "mask-ignored", "You leave out the mask.", LOCAL)
def mask_ignored(scores, centre, window, mask=None):
    return local(scores, centre, window, None)


@mistakes.add(
    "local_weights", "mask-inverted", "Your mask is the wrong way round: True means that a key may be seen.", LOCAL
)
def mask_inverted(scores, centre, window, mask=None):
    return local(scores, centre, window, None if mask is None else ~mask)


@mistakes.add(
    "local_weights",
    "positions-from-1",
    "You count positions from 1. The first key has position 0.",
    LOCAL,
)
def positions_from_one(scores, centre, window, mask=None):
    return local(scores, centre - 1, window, mask)


@mistakes.add(
    "local_weights",
    "centre-kept-inside",
    "You move centres outside of the sequence to its edge. They may lie outside: the window then holds fewer keys, or none.",
    LOCAL,
)
def centre_clamped(scores, centre, window, mask=None):
    return local(scores, centre.clamp(0, scores.shape[-1] - 1), window, mask)


@mistakes.add(
    "local_weights",
    "nan-where-nothing-is-inside",
    "Where nothing is inside you take the softmax of −∞ alone, which is NaN. Such a query gets 0.",
    LOCAL,
)
def nan_where_nothing(scores, centre, window, mask=None):
    away = distance(scores, centre)
    counted = seen(scores, mask) & (away.abs() <= window)
    weights = torch.softmax(scores.masked_fill(~counted, -math.inf), dim=-1)
    return weights * torch.exp(-(away**2) / (2 * (window / 2) ** 2))


@mistakes.add(
    "local_weights",
    "uniform-where-nothing-is-inside",
    "Where nothing is inside all your fills are equal, and their softmax is uniform. Such a query gets 0.",
    LOCAL,
)
def uniform_where_nothing(scores, centre, window, mask=None):
    away = distance(scores, centre)
    counted = seen(scores, mask) & (away.abs() <= window)
    weights = torch.softmax(scores.masked_fill(~counted, -1e9), dim=-1)
    return weights * torch.exp(-(away**2) / (2 * (window / 2) ** 2))


@mistakes.add(
    "local_weights",
    "fill-too-small",
    "You fill with −100, and scores may lie lower: the keys outside win. Fill with −inf.",
    LOCAL,
)
def fill_too_small(scores, centre, window, mask=None):
    away = distance(scores, centre)
    counted = seen(scores, mask) & (away.abs() <= window)
    weights = torch.softmax(scores.masked_fill(~counted, -100.0), dim=-1) * counted
    return weights * torch.exp(-(away**2) / (2 * (window / 2) ** 2))


@mistakes.add(
    "local_weights",
    "zeroed-scores",
    "You set the scores outside of the window to 0 before the softmax. e⁰ is 1, not 0: fill with −inf.",
    LOCAL,
)
def zeroed_scores(scores, centre, window, mask=None):
    away = distance(scores, centre)
    counted = seen(scores, mask) & (away.abs() <= window)
    weights = torch.softmax(scores * counted, dim=-1) * counted
    return weights * torch.exp(-(away**2) / (2 * (window / 2) ** 2))


@mistakes.add(
    "local_weights",
    "exp-without-shift",
    "You write the softmax with exp alone, which overflows at scores of 1000. Subtract the largest score inside first.",
    LOCAL,
)
def exp_without_shift(scores, centre, window, mask=None):
    away = distance(scores, centre)
    counted = seen(scores, mask) & (away.abs() <= window)
    terms = torch.where(counted, torch.exp(scores), 0.0)
    total = terms.sum(dim=-1, keepdim=True)
    weights = terms / torch.where(counted.any(dim=-1, keepdim=True), total, 1.0)
    return weights * torch.exp(-(away**2) / (2 * (window / 2) ** 2))


@mistakes.add(
    "local_weights",
    "centre-detached",
    "You detach the centre. The Gaussian is there so that a gradient reaches it.",
    LOCAL,
)
def centre_detached(scores, centre, window, mask=None):
    return local(scores, centre.detach(), window, mask)


@mistakes.add(
    "local_weights",
    "softmax-over-queries",
    "Your softmax runs over the queries. It runs over the keys, the last axis.",
    LOCAL,
)
def softmax_over_queries(scores, centre, window, mask=None):
    away = distance(scores, centre)
    counted = seen(scores, mask) & (away.abs() <= window)
    weights = softmax_over(scores.transpose(-2, -1), counted.transpose(-2, -1)).transpose(-2, -1)
    return weights * torch.exp(-(away**2) / (2 * (window / 2) ** 2))


@mistakes.add(
    "local_weights",
    "one-window-for-all-queries",
    "You use the centre of the first query for all of them. Each query has its own.",
    LOCAL,
)
def first_centre(scores, centre, window, mask=None):
    return local(scores, centre[..., :1].expand_as(centre), window, mask)


@mistakes.add(
    "local_weights",
    "counts-scores-outside",
    "Your exponentials count scores outside of the window: the largest of all is subtracted, or a softmax over all is "
    "divided again. Where those are far above the ones inside, these all become 0. Hide first.",
    LOCAL,
)
def counts_scores_outside(scores, centre, window, mask=None):
    away = distance(scores, centre)
    terms = torch.exp(scores - scores.amax(dim=-1, keepdim=True)) * (seen(scores, mask) & (away.abs() <= window))
    total = terms.sum(dim=-1, keepdim=True)
    return terms / total.masked_fill(total == 0, 1) * torch.exp(-(away**2) / (2 * (window / 2) ** 2))
