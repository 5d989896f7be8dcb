"""Looking at one place: a position is drawn instead of averaged over, and learned by REINFORCE.

Soft attention takes the mean of all values, hard attention draws one of them with the same weights as probabilities
(Xu et al. 2015, section 4.1). A choice has no gradient. But the gradient of an expected reward can be estimated from
samples (Williams 1992):

    d E[reward] / d scores = E[(reward - baseline) * d log_prob / d scores]

for every baseline that does not depend on the choice. Descending along the gradient of `reinforce_loss` climbs along
this estimate.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attn_course.arguments import require_same_kind, require_shapes, require_tensor
from attn_course.attend import masked_softmax


def hard_attention(
    scores: Float[Tensor, "*batch queries keys"],
    value: Float[Tensor, "*batch keys d_v"],
    mask: Bool[Tensor, "..."] | None,
    generator: torch.Generator,
) -> tuple[Float[Tensor, "*batch queries d_v"], Float[Tensor, "*batch queries"]]:
    """Draw one visible value for each query, with the attention weights as probabilities.

    Args:
        scores: How well each query matches each key, (*batch, queries, keys).
        value: What each key stands for, (*batch, keys, d_v).
        mask: Boolean, True = may attend, broadcastable to the shape of `scores`; None = everywhere.
        generator: Where the randomness comes from, on the device of `scores`.

    Returns:
        The value drawn for each query, (*batch, queries, d_v), through which no gradient reaches the scores, and the
        logarithm of the probability with which it was drawn, (*batch, queries), through which one does. Both are 0
        for a query that may see nothing.

    Raises:
        TypeError: If `scores` or `value` is not a tensor of floating-point numbers, dtypes differ, `mask` is not
            boolean, or `generator` is no generator.
        ValueError: If shapes or devices do not fit each other.
    """
    require_shapes(scores=(scores, "*batch queries keys"), value=(value, "*batch keys d_v"))
    require_same_kind(scores=scores, value=value)
    _require_generator(generator, scores)
    weights = masked_softmax(scores, mask)
    drawn = _draw(weights.detach(), generator)  # (*batch, queries, 1)
    chosen = torch.take_along_dim(value.unsqueeze(-3), drawn.unsqueeze(-1), dim=-2).squeeze(-2)
    probability = weights.gather(-1, drawn).squeeze(-1)  # (*batch, queries)
    sees_nothing = probability == 0  # what is drawn has a probability above 0 but there
    log_prob = probability.masked_fill(sees_nothing, 1.0).log()
    return chosen.masked_fill(sees_nothing.unsqueeze(-1), 0.0), log_prob


def reinforce_loss(
    reward: Float[Tensor, " samples"], log_prob: Float[Tensor, " samples"], baseline: Float[Tensor, "..."]
) -> Float[Tensor, ""]:
    """Make a scalar whose gradient is minus the REINFORCE estimate of the gradient of the expected reward.

    Its value means nothing; its gradient does. Neither reward nor baseline receives one: they are what happened.

    Args:
        reward: What each sample was worth, larger is better, (samples,).
        log_prob: Logarithm of the probability of each sample, (samples,); for a sequence of choices their sum.
        baseline: What is expected of a sample, (samples,) or one number, (). It must not depend on the sample; 0 is
            allowed. The nearer to the expected reward, the smaller the variance of the estimate, as a rule.

    Returns:
        The mean over the samples of -(reward - baseline) * log_prob.

    Raises:
        TypeError: If an argument is not a tensor of floating-point numbers, or dtypes differ.
        ValueError: If shapes or devices do not fit each other.
    """
    require_shapes(reward=(reward, "samples"), log_prob=(log_prob, "samples"))
    require_tensor("baseline", baseline)
    require_same_kind(reward=reward, log_prob=log_prob, baseline=baseline)
    if baseline.shape not in ((), reward.shape):
        raise ValueError(
            f"baseline has shape {tuple(baseline.shape)}, but must have one number for each sample, "
            f"{tuple(reward.shape)}, or be one number, ()."
        )
    advantage = (reward - baseline).detach()
    return -(advantage * log_prob).mean()


def _draw(weights: Tensor, generator: torch.Generator) -> Tensor:
    """Draw one key for each query, (*batch, queries, 1); any key where all weights are 0."""
    rows = weights.flatten(end_dim=-2)
    rows = rows.masked_fill((rows == 0).all(dim=-1, keepdim=True), 1.0)  # a row of zeros is no distribution
    return torch.multinomial(rows, 1, generator=generator).view(*weights.shape[:-1], 1)


def _require_generator(generator: object, scores: Tensor) -> None:
    if not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator must be a torch.Generator, but is a {type(generator).__name__}: "
            "make one with torch.Generator(device).manual_seed(seed)."
        )
    if generator.device.type != scores.device.type and not scores.is_meta:
        raise ValueError(
            f"generator is on {generator.device}, but scores is on {scores.device}: "
            f"make it with torch.Generator({str(scores.device)!r})."
        )
