"""Wrong answers to `hard_attention` and `reinforce_loss`."""

import math

import torch
import torch.nn.functional as F

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
HARD, REINFORCE = "multiplicative-hard", "multiplicative-reinforce"


# --- hard_attention


def visible(scores, mask):
    """The mask as wide as the scores."""
    return torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand(scores.shape)


def log_weights(scores, mask):
    """Logarithms of the weights, 0 where nothing is visible."""
    seen = visible(scores, mask)
    filled = scores.masked_fill(~seen, -math.inf).masked_fill(~seen.any(dim=-1, keepdim=True), 0.0)
    return torch.log_softmax(filled, dim=-1)


def draw(probabilities, generator):
    """The number of a row for each query, (*batch, queries)."""
    rows = probabilities.detach().flatten(end_dim=-2)
    return torch.multinomial(rows, 1, generator=generator).reshape(probabilities.shape[:-1])


def take(value, row):
    """That row of value for each query, (*batch, queries, d_v)."""
    return torch.take_along_dim(value.unsqueeze(-3), row[..., None, None], dim=-2).squeeze(-2)


def hard(scores, value, mask, generator, probabilities=None, log_prob=None, taken=take, number=draw):
    """A right answer with places to go wrong."""
    logs = log_weights(scores, mask)
    row = number(logs.exp() if probabilities is None else probabilities(logs), generator)
    chosen = logs.gather(-1, row.unsqueeze(-1)).squeeze(-1) if log_prob is None else log_prob(logs, row)
    nothing = ~visible(scores, mask).any(dim=-1)
    return taken(value, row).masked_fill(nothing.unsqueeze(-1), 0.0), chosen.masked_fill(nothing, 0.0)


@mistakes.add(
    "hard_attention",
    "argmax",
    "You take the likeliest row every time. Hard attention draws: each row as often as its weight says.",
    HARD,
)
def argmax(scores, value, mask, generator):
    return hard(scores, value, mask, generator, number=lambda p, g: p.argmax(dim=-1))


@mistakes.add(
    "hard_attention",
    "without-the-generator",
    "You do not draw from the generator that is given: its state is the same after your call. Hand it on, "
    "generator=generator.",
    HARD,
)
def without_the_generator(scores, value, mask, generator):
    return hard(scores, value, mask, None)


@mistakes.add(
    "hard_attention",
    "soft",
    "You return the mean of the rows. That is soft attention: here one row is drawn.",
    HARD,
)
def soft(scores, value, mask, generator):
    nothing = ~visible(scores, mask).any(dim=-1, keepdim=True)
    _, log_prob = hard(scores, value, mask, generator)
    return log_weights(scores, mask).exp().masked_fill(nothing, 0.0) @ value, log_prob


@mistakes.add(
    "hard_attention",
    "evenly",
    "You draw every visible row equally often. Rows are drawn with their weights as probabilities.",
    HARD,
)
def evenly(scores, value, mask, generator):
    return hard(scores, value, mask, generator, probabilities=lambda logs: (logs > -math.inf).to(logs))


@mistakes.add(
    "hard_attention",
    "softmax-twice",
    "You take the softmax of the weights once more before you draw. The weights are probabilities already.",
    HARD,
)
def softmax_twice(scores, value, mask, generator):
    seen = visible(scores, mask) | ~visible(scores, mask).any(dim=-1, keepdim=True)
    return hard(
        scores,
        value,
        mask,
        generator,
        probabilities=lambda logs: torch.softmax(logs.exp().masked_fill(~seen, -math.inf), dim=-1),
    )


@mistakes.add(
    "hard_attention",
    "hidden-rows-are-drawn",
    "You draw from all rows, the hidden ones too. Mask the scores before the softmax.",
    HARD,
)
def hidden_rows_are_drawn(scores, value, mask, generator):
    return hard(scores, value, mask, generator, probabilities=lambda logs: torch.softmax(scores, dim=-1))


@mistakes.add(
    "hard_attention", "mask-inverted", "Your mask is the wrong way round: True means that a row may be drawn.", HARD
)
def mask_inverted(scores, value, mask, generator):
    return hard(scores, value, None if mask is None else ~mask, generator)


@mistakes.add(
    "hard_attention",
    "uniform-noise",
    "You add evenly spread noise to the scores. It is Gumbel noise that makes argmax draw by softmax.",
    HARD,
)
def uniform_noise(scores, value, mask, generator):
    noise = torch.empty_like(scores.detach()).uniform_(generator=generator)
    return hard(scores, value, mask, generator, number=lambda p, g: (p.log() + noise).argmax(dim=-1))


@mistakes.add(
    "hard_attention",
    "one-draw-for-all-queries",
    "All queries of a batch item draw with the same random number. Each query draws for itself.",
    HARD,
)
def one_draw_for_all_queries(scores, value, mask, generator):
    def number(probabilities, generator):
        shape = (*probabilities.shape[:-2], 1, 1)
        random = torch.empty(shape, dtype=scores.dtype, device=scores.device).uniform_(generator=generator)
        count = (probabilities.detach().cumsum(dim=-1) <= random).sum(dim=-1)
        return count.clamp(max=probabilities.shape[-1] - 1)

    return hard(scores, value, mask, generator, number=number)


@mistakes.add(
    "hard_attention",
    "one-draw-for-all-batch-items",
    "All batch items draw with the same random numbers. Each query of each item draws for itself.",
    HARD,
)
def one_draw_for_all_batch_items(scores, value, mask, generator):
    def number(probabilities, generator):
        shape = (probabilities.shape[-2], 1)
        random = torch.empty(shape, dtype=scores.dtype, device=scores.device).uniform_(generator=generator)
        count = (probabilities.detach().cumsum(dim=-1) <= random).sum(dim=-1)
        return count.clamp(max=probabilities.shape[-1] - 1)

    return hard(scores, value, mask, generator, number=number)


@mistakes.add("hard_attention", "no-logarithm", "You return the probability. Asked is its logarithm.", HARD)
def no_logarithm(scores, value, mask, generator):
    return hard(
        scores, value, mask, generator, log_prob=lambda logs, row: logs.exp().gather(-1, row.unsqueeze(-1)).squeeze(-1)
    )


@mistakes.add(
    "hard_attention", "sign", "Your log_prob has the wrong sign: the logarithm of a probability is never above 0.", HARD
)
def sign(scores, value, mask, generator):
    return hard(
        scores, value, mask, generator, log_prob=lambda logs, row: -logs.gather(-1, row.unsqueeze(-1)).squeeze(-1)
    )


@mistakes.add(
    "hard_attention",
    "log-prob-of-the-likeliest",
    "You return the largest logarithm of a weight. Asked is that of the row that was drawn.",
    HARD,
)
def log_prob_of_the_likeliest(scores, value, mask, generator):
    return hard(scores, value, mask, generator, log_prob=lambda logs, row: logs.amax(dim=-1))


@mistakes.add(
    "hard_attention",
    "log-prob-without-the-mask",
    "Your log_prob counts the hidden keys too: the visible ones share the whole. Mask the scores before log_softmax.",
    HARD,
)
def log_prob_without_the_mask(scores, value, mask, generator):
    return hard(
        scores,
        value,
        mask,
        generator,
        log_prob=lambda logs, row: torch.log_softmax(scores, dim=-1).gather(-1, row.unsqueeze(-1)).squeeze(-1),
    )


@mistakes.add(
    "hard_attention",
    "score-of-the-row",
    "You return the score of the row that was drawn. Asked is the logarithm of its weight: log_softmax.",
    HARD,
)
def score_of_the_row(scores, value, mask, generator):
    return hard(
        scores, value, mask, generator, log_prob=lambda logs, row: scores.gather(-1, row.unsqueeze(-1)).squeeze(-1)
    )


@mistakes.add(
    "hard_attention",
    "entropy",
    "You return the mean of the logarithms by their weights, which is an entropy. Asked is the one of the row drawn.",
    HARD,
)
def entropy(scores, value, mask, generator):
    return hard(
        scores,
        value,
        mask,
        generator,
        log_prob=lambda logs, row: (logs.exp() * logs.masked_fill(logs == -math.inf, 0.0)).sum(dim=-1),
    )


@mistakes.add(
    "hard_attention",
    "log-prob-detached",
    "You cut log_prob off from its gradient. It is the one way by which the scores learn.",
    REINFORCE,
)
def log_prob_detached(scores, value, mask, generator):
    return hard(
        scores,
        value,
        mask,
        generator,
        log_prob=lambda logs, row: logs.detach().gather(-1, row.unsqueeze(-1)).squeeze(-1),
    )


@mistakes.add(
    "hard_attention",
    "value-detached",
    "You cut the rows off from their gradient. What is drawn learns as ever; only the choice has no gradient.",
    REINFORCE,
)
def value_detached(scores, value, mask, generator):
    return hard(scores, value, mask, generator, taken=lambda value, row: take(value.detach(), row))


@mistakes.add(
    "hard_attention",
    "straight-through",
    "Through your values a gradient reaches the scores, as in soft attention: the straight-through trick. It is biased; "
    "here the scores learn through log_prob alone.",
    REINFORCE,
)
def straight_through(scores, value, mask, generator):
    drawn, log_prob = hard(scores, value, mask, generator)
    nothing = ~visible(scores, mask).any(dim=-1, keepdim=True)
    mean = log_weights(scores, mask).exp().masked_fill(nothing, 0.0) @ value.detach()
    return drawn + mean - mean.detach(), log_prob


@mistakes.add(
    "hard_attention",
    "something-where-nothing-is-visible",
    "A query that may see nothing gets a row of yours all the same. It gets 0, and log_prob 0.",
    HARD,
)
def something_where_nothing(scores, value, mask, generator):
    logs = log_weights(scores, mask)
    row = draw(logs.exp(), generator)
    return take(value, row), logs.gather(-1, row.unsqueeze(-1)).squeeze(-1)


@mistakes.add(
    "hard_attention",
    "log-prob-where-nothing-is-visible",
    "Where a query may see nothing your log_prob is the logarithm of 0, minus infinity. It is 0 there, "
    "and has no gradient.",
    HARD,
)
def log_of_zero(scores, value, mask, generator):
    drawn, log_prob = hard(scores, value, mask, generator)
    return drawn, log_prob.masked_fill(~visible(scores, mask).any(dim=-1), -math.inf)


@mistakes.add(
    "hard_attention",
    "log-prob-summed",
    "You sum log_prob over the queries. Each query has its own: (*batch, queries).",
    HARD,
)
def log_prob_summed(scores, value, mask, generator):
    drawn, log_prob = hard(scores, value, mask, generator)
    return drawn, log_prob.sum(dim=-1)


@mistakes.add(
    "hard_attention",
    "fill-too-small",
    "You fill hidden scores with −100, and visible ones may lie lower, hidden ones count then. Fill with −inf.",
    HARD,
)
def fill_too_small(scores, value, mask, generator):
    logs = torch.log_softmax(scores.masked_fill(~visible(scores, mask), -100.0), dim=-1)
    row = draw(logs.exp(), generator)
    nothing = ~visible(scores, mask).any(dim=-1)
    log_prob = logs.gather(-1, row.unsqueeze(-1)).squeeze(-1)
    return take(value, row).masked_fill(nothing.unsqueeze(-1), 0.0), log_prob.masked_fill(nothing, 0.0)


@mistakes.add(
    "hard_attention",
    "ignores-mask",
    "You never use the mask: hidden rows are drawn, and their weights count in log_prob.",
    HARD,
)
def ignores_mask(scores, value, mask, generator):
    return hard(scores, value, None, generator)


@mistakes.add(
    "hard_attention",
    "seeds-the-generator",
    "You give the generator another seed: every call then draws the same. Draw from it as it is, and let it go on.",
    HARD,
)
def seeds_the_generator(scores, value, mask, generator):
    return hard(scores, value, mask, generator.manual_seed(0))


@mistakes.add(
    "hard_attention",
    "one-draw-for-everything",
    "One random number serves all queries of all batch items. Each query of each item draws for itself.",
    HARD,
)
def one_draw_for_everything(scores, value, mask, generator):
    def number(probabilities, generator):
        random = torch.empty(1, dtype=scores.dtype, device=scores.device).uniform_(generator=generator)
        count = (probabilities.detach().cumsum(dim=-1) <= random).sum(dim=-1)
        return count.clamp(max=probabilities.shape[-1] - 1)

    return hard(scores, value, mask, generator, number=number)


@mistakes.add(
    "hard_attention",
    "other-noise",
    "You add normal noise to the scores, or Gumbel noise with the wrong sign. It is −log(−log(u)) that makes argmax draw "
    "by softmax.",
    HARD,
)
def normal_noise(scores, value, mask, generator):
    noise = torch.empty_like(scores.detach()).normal_(generator=generator)
    return hard(scores, value, mask, generator, number=lambda p, g: (p.log() + noise).argmax(dim=-1))


@mistakes.add(
    "hard_attention",
    "log-of-weights",
    "You take the logarithm of the weights. Where one is 0 that is −inf, and NaN comes out of its gradient: take "
    "log_softmax of the scores.",
    HARD,
)
def log_of_weights(scores, value, mask, generator):
    return hard(
        scores,
        value,
        mask,
        generator,
        log_prob=lambda logs, row: logs.exp().log().gather(-1, row.unsqueeze(-1)).squeeze(-1),
    )


@mistakes.add(
    "hard_attention",
    "draws-from-nan",
    "Where a query may see nothing its weights are NaN, from which torch.multinomial cannot draw. Let such a query draw "
    "anything, and write 0 afterwards.",
    HARD,
)
def draws_from_nan(scores, value, mask, generator):
    logs = torch.log_softmax(scores.masked_fill(~visible(scores, mask), -math.inf), dim=-1)
    row = draw(logs.exp(), generator)
    return take(value, row), logs.gather(-1, row.unsqueeze(-1)).squeeze(-1)


@mistakes.add(
    "hard_attention",
    "log-prob-of-nothing",
    "Where a query may see nothing your value is 0, but log_prob is that of some row. It is 0 there too.",
    HARD,
)
def log_prob_of_nothing(scores, value, mask, generator):
    logs = log_weights(scores, mask)
    row = draw(logs.exp(), generator)
    nothing = ~visible(scores, mask).any(dim=-1, keepdim=True)
    return take(value, row).masked_fill(nothing, 0.0), logs.gather(-1, row.unsqueeze(-1)).squeeze(-1)


# --- reinforce_loss


@mistakes.add(
    "reinforce_loss",
    "sign",
    "The sign is wrong: going down your loss makes rewarded choices rarer. There is a minus in front.",
    REINFORCE,
)
def loss_of_the_wrong_sign(reward, log_prob, baseline):
    return ((reward - baseline).detach() * log_prob).mean()


@mistakes.add(
    "reinforce_loss",
    "no-baseline",
    "The baseline is missing. The estimate is unbiased without it, but its variance is larger.",
    REINFORCE,
)
def loss_without_baseline(reward, log_prob, baseline):
    return -(reward.detach() * log_prob).mean()


@mistakes.add("reinforce_loss", "baseline-added", "You add the baseline. It is subtracted from the reward.", REINFORCE)
def loss_with_added_baseline(reward, log_prob, baseline):
    return -((reward + baseline).detach() * log_prob).mean()


@mistakes.add("reinforce_loss", "sum", "You sum over the samples. Asked is their mean.", REINFORCE)
def loss_summed(reward, log_prob, baseline):
    return -((reward - baseline).detach() * log_prob).sum()


@mistakes.add(
    "reinforce_loss",
    "reward-not-detached",
    "A gradient reaches reward and baseline. They are what happened, not what is to change: detach their difference.",
    REINFORCE,
)
def loss_undetached(reward, log_prob, baseline):
    return -((reward - baseline) * log_prob).mean()


@mistakes.add(
    "reinforce_loss",
    "baseline-not-detached",
    "A gradient reaches the baseline. It is a number here: detach it too.",
    REINFORCE,
)
def loss_of_a_learning_baseline(reward, log_prob, baseline):
    return -((reward.detach() - baseline) * log_prob).mean()


@mistakes.add(
    "reinforce_loss",
    "gradient-of-the-reward-alone",
    "You detach log_prob, the one thing that has to learn, and let the gradient reach the reward. It is "
    "the other way round.",
    REINFORCE,
)
def loss_of_the_reward(reward, log_prob, baseline):
    return -((reward - baseline) * log_prob.detach()).mean()


@mistakes.add(
    "reinforce_loss",
    "probability",
    "You multiply by the probability. It is the logarithm's gradient that makes the estimate unbiased.",
    REINFORCE,
)
def loss_of_the_probability(reward, log_prob, baseline):
    return -((reward - baseline).detach() * log_prob.exp()).mean()


@mistakes.add(
    "reinforce_loss",
    "logarithm-of-a-logarithm",
    "You take the logarithm once more. log_prob is one already.",
    REINFORCE,
)
def loss_of_log_log(reward, log_prob, baseline):
    return -((reward - baseline).detach() * torch.log(-log_prob)).mean()


@mistakes.add(
    "reinforce_loss",
    "means-multiplied",
    "You multiply the mean advantage by the mean log_prob. Each sample's own advantage belongs to its own log_prob.",
    REINFORCE,
)
def loss_of_means(reward, log_prob, baseline):
    return -(reward - baseline).mean().detach() * log_prob.mean()


@mistakes.add(
    "reinforce_loss",
    "normalised",
    "You divide the advantages by their standard deviation. Many programs do; but it is another estimate "
    "than the one asked.",
    REINFORCE,
)
def loss_normalised(reward, log_prob, baseline):
    advantage = (reward - baseline).detach()
    spread = (advantage - advantage.mean()).square().mean().sqrt()
    return -((advantage - advantage.mean()) / (spread + 1e-8) * log_prob).mean()


@mistakes.add(
    "reinforce_loss",
    "squared",
    "You square the advantage. Its sign says whether a choice was better or worse than expected: keep it.",
    REINFORCE,
)
def loss_squared(reward, log_prob, baseline):
    return -((reward - baseline).detach() ** 2 * log_prob).mean()


@mistakes.add(
    "reinforce_loss",
    "only-gains",
    "You cut off advantages below 0. A choice that was worse than expected must become rarer.",
    REINFORCE,
)
def loss_of_gains(reward, log_prob, baseline):
    return -(F.relu(reward - baseline).detach() * log_prob).mean()


@mistakes.add(
    "reinforce_loss",
    "no-mean",
    "You return one number for each sample. Asked is their mean, a single number.",
    REINFORCE,
)
def loss_of_each(reward, log_prob, baseline):
    return -(reward - baseline).detach() * log_prob


@mistakes.add(
    "reinforce_loss",
    "mean-reward-as-baseline",
    "You subtract the mean reward. Use the baseline that is given: each sample has its own.",
    REINFORCE,
)
def loss_with_own_baseline(reward, log_prob, baseline):
    return -((reward - reward.mean()).detach() * log_prob).mean()


@mistakes.add(
    "reinforce_loss",
    "reward-alone-not-detached",
    "A gradient reaches the reward. It is a number here: detach it too.",
    REINFORCE,
)
def loss_of_a_learning_reward(reward, log_prob, baseline):
    return -((reward - baseline.detach()) * log_prob).mean()


@mistakes.add(
    "reinforce_loss",
    "normalised-by-n-minus-1",
    "You subtract the mean of the advantages and divide by their standard deviation. Many programs do; but it is another "
    "estimate than the one asked.",
    REINFORCE,
)
def loss_normalised_by_n_minus_1(reward, log_prob, baseline):
    advantage = (reward - baseline).detach()
    spread = ((advantage - advantage.mean()).square().sum() / max(len(advantage) - 1, 1)).sqrt()
    return -((advantage - advantage.mean()) / (spread + 1e-8) * log_prob).mean()
