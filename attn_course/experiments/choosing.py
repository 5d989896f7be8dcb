"""Choosing one place instead of averaging: how noisy the gradient is, and what that does to learning (chapter 03).

The estimate is that of Williams 1992, used for attention by Xu et al. 2015, section 4.1. With few places to choose from,
the gradient and the variance of its estimate are also known exactly, as sums over all choices.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from attn_course.attend import attend, masked_softmax
from attn_course.hard_attention import hard_attention, reinforce_loss
from attn_course.luong_scores import dot_scores

WAYS = ("soft", "enumerated", "hard, baseline", "hard, no baseline")


class Moments(NamedTuple):
    """What is known of a random vector.

    Attributes:
        mean: of each component.
        variance: sum of the variances of the components: the mean squared distance from the mean.
    """

    mean: Float[Tensor, " keys"]
    variance: Float[Tensor, ""]


def exact_moments(
    scores: Float[Tensor, "choices keys"], rewards: Float[Tensor, "choices keys"], baseline: float
) -> Moments:
    """Mean and variance of the REINFORCE estimate for the first of several choices, by going through all outcomes.

    Each choice draws one key from the softmax of its own scores. All choices together receive one reward, the sum of
    what their keys are worth, as the log-probability of a sentence is the sum over its words.

    Args:
        scores: of each choice.
        rewards: what each key is worth to each choice.
        baseline: subtracted from the reward.

    Returns:
        The moments of (reward - baseline) * d log_prob / d scores of the first choice. The mean does not depend on the
        baseline; the variance does.
    """
    weights = masked_softmax(scores)
    keys = scores.shape[1]
    mean = torch.zeros(keys, dtype=scores.dtype)
    square = torch.zeros((), dtype=scores.dtype)
    for outcome in torch.cartesian_prod(*[torch.arange(keys)] * len(scores)).view(-1, len(scores)):
        choice = torch.arange(len(scores))
        probability = weights[choice, outcome].prod()
        estimate = (rewards[choice, outcome].sum() - baseline) * (F.one_hot(outcome[0], keys) - weights[0])
        mean += probability * estimate
        square += probability * (estimate**2).sum()
    return Moments(mean, square - (mean**2).sum())


def sampled_moments(
    scores: Float[Tensor, "choices keys"],
    rewards: Float[Tensor, "choices keys"],
    baseline: float,
    samples: int,
    generator: torch.Generator,
) -> Moments:
    """The same moments measured: as many estimates as there are samples, made by `hard_attention` and `reinforce_loss`."""
    choices, keys = scores.shape
    first = scores[0].expand(samples, keys).clone().requires_grad_()  # of each sample its own, to tell gradients apart
    every = torch.cat([first.unsqueeze(1), scores[1:].expand(samples, -1, -1)], dim=1)  # (samples, choices, keys)
    worth, log_prob = zip(
        *(
            hard_attention(every[:, c, None], rewards[c, :, None].expand(samples, -1, -1), None, generator)
            for c in range(choices)
        ),
        strict=True,
    )
    reward = torch.stack(worth).sum(0)[:, 0, 0]  # (samples,)
    loss = reinforce_loss(reward, torch.stack(log_prob).sum(0)[:, 0], torch.tensor(baseline, dtype=scores.dtype))
    (gradient,) = torch.autograd.grad(loss, first)
    estimates = -samples * gradient  # the loss is minus the mean over the samples
    return Moments(estimates.mean(0), estimates.var(0).sum())


def random_choices(count: int, keys: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw scores and rewards for `exact_moments`: normal scores, and rewards that are logarithms of probabilities.

    Returns:
        scores and rewards, (count, keys) each; a key is worth log_softmax of a normal number, as if it named one of as many
        words.
    """
    generator = torch.Generator().manual_seed(seed)
    scores, said = torch.randn(2, count, keys, generator=generator, dtype=torch.float64)
    return scores, F.log_softmax(said, dim=-1)


class Lesson(NamedTuple):
    """What came of learning to look things up.

    Attributes:
        curve: share of right answers at each step, when each query looks at its strongest key alone, (steps, runs).
        right: the same on new questions after training, (runs,).
        strongest: mean weight of the strongest key after training, (runs,).
    """

    curve: Float[Tensor, "steps runs"]
    right: Float[Tensor, " runs"]
    strongest: Float[Tensor, " runs"]


def learn_to_look_up(
    way: str,
    rate: float,
    seeds: Sequence[int] = (0, 1, 2),
    steps: int = 300,
    items: int = 32,
    names: int = 32,
    facts: int = 8,
    contents: int = 8,
    width: int = 32,
) -> Lesson:
    """Learn to answer with the content of the fact whose name was asked for, by averaging or by choosing.

    A question is a list of facts, each a name and a content, and one of the names. A name is one random vector as a query
    and another as a key, so that the matrix of the general score has to be learned; so has the matrix from a content's
    vector to the answer. All runs train side by side; they share nothing.

    Args:
        way: "soft" averages over the facts; "hard, baseline" and "hard, no baseline" draw one and learn from the logarithm
            of the right answer's probability as reward, the baseline being the running mean of rewards; "enumerated" has
            the same aim as those, with its gradient computed over all facts instead of estimated.
        rate: learning rate of Adam.
        seeds: one for each run.
        steps: updates.
        items: questions in each update.
        names: how many names there are.
        facts: facts in one question.
        contents: how many contents there are.
        width: of all vectors.
    """
    if way not in WAYS:
        raise ValueError(f"way must be one of {WAYS}, but is {way!r}.")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    draw_generator = torch.Generator().manual_seed(1000 + seeds[0])
    run = torch.arange(len(seeds))[:, None, None]

    def normal(*shape: int) -> Tensor:
        return torch.stack([torch.randn(shape, generator=generator) for generator in generators])

    def questions(count: int) -> tuple[Tensor, Tensor]:
        """Names and contents of the facts, (runs, count, facts) each; the first fact is the one asked for."""
        of_facts = [torch.rand(count, names, generator=g).argsort(-1)[:, :facts] for g in generators]
        return torch.stack(of_facts), torch.stack(
            [torch.randint(contents, (count, facts), generator=g) for g in generators]
        )

    asked, listed, said = normal(names, width), normal(names, width), normal(contents, width)
    W_score = (normal(width, width) / width).requires_grad_()  # scores of variance about 1
    W_out = (normal(width, contents) / math.sqrt(width)).requires_grad_()
    optimizer = torch.optim.Adam([W_score, W_out], lr=rate)
    baseline = torch.zeros(len(seeds), 1)

    def look(of_facts: Tensor, of_contents: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (runs, count, 1, facts), and values (runs, count, facts, width)."""
        query, key = asked[run, of_facts[..., :1]], listed[run, of_facts]
        return dot_scores(query @ W_score[:, None], key), said[run, of_contents]

    def right_share(scores: Tensor, value: Tensor, of_contents: Tensor) -> Tensor:
        with torch.no_grad():
            best = scores.argmax(-1, keepdim=True)  # (runs, count, 1, 1)
            seen = value.take_along_dim(best, dim=2).squeeze(2)
            return ((seen @ W_out).argmax(-1) == of_contents[..., 0]).float().mean(-1)

    def log_probability(seen: Tensor, answer: Tensor) -> Tensor:
        """Of the right answer, for what was seen, (runs, count, ..., width)."""
        logits = F.log_softmax(torch.einsum("r...w,rwc->r...c", seen, W_out), dim=-1)
        return logits.take_along_dim(answer.unsqueeze(-1), dim=-1).squeeze(-1)

    curve = []
    for _ in range(steps):
        of_facts, of_contents = questions(items)
        scores, value = look(of_facts, of_contents)
        answer = of_contents[..., 0]
        if way == "soft":
            context, _ = attend(scores, value)
            loss = -log_probability(context.squeeze(2), answer).sum()
        elif way == "enumerated":
            worth = log_probability(value, answer.unsqueeze(-1).expand(-1, -1, facts))  # (runs, count, facts)
            loss = -(masked_softmax(scores).squeeze(2) * worth).sum()
        else:
            drawn, log_prob = hard_attention(scores, value, None, draw_generator)
            reward = log_probability(drawn.squeeze(2), answer)  # (runs, count)
            before = baseline.expand_as(reward) if way == "hard, baseline" else torch.zeros_like(reward)
            # The output learns from the reward itself, the scores from its estimate.
            estimate = reinforce_loss(reward.flatten(), log_prob.squeeze(2).flatten(), before.flatten())
            loss = estimate * reward.numel() - reward.sum()
            baseline = 0.9 * baseline + 0.1 * reward.detach().mean(-1, keepdim=True)
        optimizer.zero_grad()
        (loss / items).backward()
        optimizer.step()
        curve.append(right_share(scores, value, of_contents))
    of_facts, of_contents = questions(500)
    with torch.no_grad():
        scores, value = look(of_facts, of_contents)
        strongest = masked_softmax(scores).amax(-1).mean((1, 2))
    return Lesson(torch.stack(curve), right_share(scores, value, of_contents), strongest)
