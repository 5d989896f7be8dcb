"""The bottleneck of chapter 01 on translation: one vector for a sentence against looking back at its words (chapter 02)."""

from dataclasses import asdict, dataclass
from typing import Any

import torch

from attn_course.additive import AttentionDecoder, BidirectionalEncoder, Translator
from attn_course.data.english_korean import Pair
from attn_course.experiments.fixed_context import FixedContextDecoder
from attn_course.experiments.links import count_links, count_misses, displacements, kind
from attn_course.experiments.translation import (
    Corpus,
    Training,
    corpus,
    looks,
    num_threads,
    right_by_length,
    tokens_right_by_length,
    train_translator,
    translations,
)
from attn_course.training import seeded

SEEDS = (0, 1, 2)
SHIFTS = (-2, -1, 0, 1, 2)
SHOWN_LENGTHS = (5, 8, 11, 14, 17, 20)  # English tokens of the sentences whose weights are kept for the page
LONG = 4000  # updates of the longest runs
FREQUENT = 200  # times a token must occur among the held-out sentences to be listed


@dataclass(frozen=True)
class Run:
    """One translator, trained and measured.

    Attributes:
        context: what the decoder sees of the source at each step: "additive" attention, or one vector, "ends" or
            "mean", as in `FixedContextDecoder`.
        seed: of the parameters and of the order of the sentences.
        width: of the state of each direction and of the decoder; an annotation is twice as wide.
        steps: number of updates.
        told: how much the gold links count in the loss; 0 leaves attention to itself.
        told_of: the links of one training sentence in so many are told.
        d_embed: width of the token embeddings.
        learning_rate: the highest one used.
    """

    context: str
    seed: int
    width: int = 64
    steps: int = 1000
    told: float = 0.0
    told_of: int = 1
    d_embed: int = 32
    learning_rate: float = 8e-3

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as JSON writes them."""
        return asdict(self)


# The decoder without attention gets wider states, so that its parameters are not fewer. It is trained with as many updates
# as the other, and with so many more that it takes at least as long; and both with four times as many.
RUNS = tuple(
    run
    for seed in SEEDS
    for run in (
        Run("additive", seed),
        Run("ends", seed, width=72),
        Run("ends", seed, width=72, steps=2000),
        Run("additive", seed, told=0.3),
        Run("additive", seed, told=0.3, told_of=16),
        Run("additive", seed, steps=LONG),
        Run("ends", seed, width=72, steps=LONG),
    )
)


def new_translator(run: Run, data: Corpus) -> Translator:
    """Draw the parameters of a run."""
    with seeded(run.seed):
        encoder = BidirectionalEncoder(len(data.english), run.d_embed, run.width)
        sizes = (len(data.korean), run.d_embed, run.width, 2 * run.width)
        if run.context == "additive":
            return Translator(encoder, AttentionDecoder(*sizes, d_attn=run.width))
        return Translator(encoder, FixedContextDecoder(*sizes, context=run.context))


def shown_pairs(data: Corpus) -> list[Pair]:
    """The first held-out pair of each of `SHOWN_LENGTHS`."""
    return [next(pair for pair in data.held_out if len(pair.english) == length) for length in SHOWN_LENGTHS]


def measure(run: Run, data: Corpus | None = None) -> dict[str, Any]:
    """Train a translator and measure it on the held-out sentences; what is returned can be written as JSON.

    Returns:
        parameters and seconds (of processor time, for training on one thread); first_loss and loss (mean of the last 50
        updates), in nats a token; right (by length, see `right_by_length`) and tokens (by length, see
        `tokens_right_by_length`). For a translator that attends, from the weights with which the true translations are
        read (teacher forcing): links, counts by kind of token and shift; links_right, of the sentences that it writes
        without a mistake by itself, whose weights are those of its own writing; beside, how far beside the gold link it
        looks, and misses, what it looks at instead, both by kind of token; frequent, the same hits and occurrences for
        each token that occurs often; strongest, the mean of the largest weight. And for the first seed, the shown
        sentences.
    """
    data = data or corpus()
    model = new_translator(run, data)
    record = train_translator(
        model, data, Training(run.seed, run.steps, learning_rate=run.learning_rate, told=run.told, told_of=run.told_of)
    )
    with num_threads(1):
        written = translations(model, data.held_out, data)
        result: dict[str, Any] = {
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "seconds": round(record.seconds, 1),
            "first_loss": record.losses[0],
            "loss": round(sum(record.losses[-50:]) / len(record.losses[-50:]), 4),
            "right": right_by_length(data.held_out, written),
            "tokens": tokens_right_by_length(model, data.held_out, data),
        }
        if run.context == "additive":
            result |= _looking(run, model, data, written)
    return result


def _looking(run: Run, model: Translator, data: Corpus, written: list[tuple[str, ...]]) -> dict[str, Any]:
    """What there is to say of where a translator looks."""
    taught = looks(model, data.held_out, data)
    right = [place for place, pair in enumerate(data.held_out) if written[place] == pair.korean]
    distances = displacements(data.held_out, taught)
    result: dict[str, Any] = {
        "links": {
            only or "all": {str(shift): count_links(data.held_out, taught, shift, only) for shift in SHIFTS}
            for only in ("", "words", "endings")
        },
        "links_right": count_links([data.held_out[place] for place in right], [taught[place] for place in right]),
        "beside": {
            only: {
                str(distance): sum(counts[distance] for token, counts in distances.items() if kind(token) == only)
                for distance in range(-3, 4)
            }
            for only in ("words", "endings")
        },
        "misses": {only: count_misses(data.held_out, taught, only) for only in ("words", "endings")},
        "frequent": {
            token: (counts[0], counts.total())
            for token, counts in sorted(distances.items(), key=lambda item: -item[1].total())
            if counts.total() >= FREQUENT
        },
        "strongest": round(torch.cat([rows.amax(dim=1) for rows in taught]).mean().item(), 4),
    }
    if run.seed == 0:
        shown = shown_pairs(data)
        result["shown"] = [
            {
                "english": pair.english,
                "korean": pair.korean,
                "links": pair.links,
                "written": written[data.held_out.index(pair)],
                "weights": [[round(weight, 3) for weight in row] for row in rows.tolist()],
            }
            for pair, rows in zip(shown, looks(model, shown, data), strict=True)
        ]
    return result
