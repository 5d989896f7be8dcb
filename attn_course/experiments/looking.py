"""Luong's choices on translation, each changed alone: the score, how far one looks, and when (chapter 03).

All translators have the same encoder, the same widths, the same corpus and the same budget. One of them is the middle that
the others differ from in one thing: general scores over the whole source, after the recurrence, with input feeding.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attn_course.bidirectional import BidirectionalEncoder
from attn_course.data.english_korean import Pair
from attn_course.decoder_orders import LookAfter, LookAfterFed, LookBefore, LookBeforeFed
from attn_course.experiments.links import count_links
from attn_course.experiments.translation import (
    BUCKETS,
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
from attn_course.luong_attention import (
    ConcatScore,
    DotScore,
    GeneralScore,
    GlobalAttention,
    LocationScore,
    MonotonicAttention,
    PredictiveAttention,
)
from attn_course.scaled_dot_product import scaled_dot_scores
from attn_course.training import seeded
from attn_course.translator import Translator

SEEDS = (0, 1, 2)
LONGEST = 26  # English tokens of the longest sentences
OTHER_RATES = (2.5e-3, 1e-2)  # half and twice the learning rate: do they change which score is ahead?
SHIFTS = (-1, 0, 1)
SHOWN_LENGTHS = (6, 10, 16)  # English tokens of the sentences whose weights are kept for the page
SCORES = ("dot", "general", "concat", "location", "scaled dot")
REACHES = ("global", "local-m", "local-p")
ORDERS = {
    "after, fed": LookAfterFed,
    "after": LookAfter,
    "before": LookBefore,
    "before, fed": LookBeforeFed,
}


@dataclass(frozen=True)
class Run:
    """One translator, trained and measured.

    Attributes:
        score: one of `SCORES`: Luong's four, and the dot divided by the root of the width, as in chapter 04.
        reach: one of `REACHES`.
        order: one of `ORDERS`: whether the decoder looks before or after its recurrent step, and whether the step reads
            the last attentional vector ("fed").
        seed: of the parameters and of the order of the sentences.
        window: how far a local look reaches to either side.
        width: of the encoder's state in each direction; the decoder's state is twice as wide, as an annotation is, so
            that dot products can be taken.
        steps: number of updates.
        batch: sentences in each.
        learning_rate: the highest one used.
    """

    score: str = "general"
    reach: str = "global"
    order: str = "after, fed"
    seed: int = 0
    window: int = 5
    width: int = 48
    steps: int = 1200
    batch: int = 32
    learning_rate: float = 5e-3

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as JSON writes them."""
        return asdict(self)


RUNS = (
    *(Run(score=score, seed=seed) for score in SCORES for seed in SEEDS),
    *(Run(reach=reach, seed=seed) for reach in REACHES[1:] for seed in SEEDS),
    *(Run(order=order, seed=seed) for order in list(ORDERS)[1:] for seed in SEEDS),
    *(Run(score=score, learning_rate=rate) for rate in OTHER_RATES for score in SCORES[:3]),  # a check, for one seed
)


def sentences() -> Corpus:
    """The corpus of all runs."""
    return corpus(longest=LONGEST)


def new_translator(run: Run, data: Corpus) -> Translator:
    """Draw the parameters of a run; runs with the same seed and order begin with the same encoder."""
    d_memory = 2 * run.width
    with seeded(run.seed):
        encoder = BidirectionalEncoder(len(data.english), d_embed=32, d_hidden=run.width)
        decoder = ORDERS[run.order](len(data.korean), 32, d_memory, d_memory, nn.Identity())
        translator = Translator(encoder, decoder)
        decoder.attention = _attention(run, d_memory)  # drawn last: what comes before is the same for all attentions
        return translator


class ScaledDotScore(DotScore):
    """Dot products divided by the root of the width, `attn_course.scaled_dot_product.scaled_dot_scores`."""

    def forward(
        self, query: Float[Tensor, "*batch queries d"], prepared: Float[Tensor, "*batch keys d"]
    ) -> Float[Tensor, "*batch queries keys"]:
        """The scores."""
        return scaled_dot_scores(query, prepared)


def _attention(run: Run, d: int) -> GlobalAttention:
    """Where and how a run looks, with queries and keys of width d."""
    makers = {
        "dot": DotScore,
        "general": lambda: GeneralScore(d, d),
        "concat": lambda: ConcatScore(d, d, d),
        "location": lambda: LocationScore(d, LONGEST),
        "scaled dot": ScaledDotScore,
    }
    score = makers[run.score]()
    if run.reach == "local-m":
        return MonotonicAttention(score, run.window)
    if run.reach == "local-p":
        return PredictiveAttention(score, run.window, d, d)
    return GlobalAttention(score)


def shown_pairs(data: Corpus) -> list[Pair]:
    """The first held-out pair of each of `SHOWN_LENGTHS`."""
    return [next(pair for pair in data.held_out if len(pair.english) == length) for length in SHOWN_LENGTHS]


def of_bucket(found: list[Pair], bucket: tuple[int, int]) -> list[int]:
    """The places of the pairs whose English length lies in a bucket."""
    return [place for place, pair in enumerate(found) if bucket[0] <= len(pair.english) <= bucket[1]]


def measure(run: Run, data: Corpus | None = None) -> dict[str, Any]:
    """Train a translator and measure it on the held-out sentences; what is returned can be written as JSON.

    Returns:
        parameters and seconds (of processor time, for training on one thread); loss (mean of the last 50 updates), in nats
        a token; right and tokens, by length (see `right_by_length` and `tokens_right_by_length`). From the weights with
        which the true translations are read (teacher forcing): links, counts by shift, see `count_links`; links_by_length,
        those of shift 0; total, the mean sum of a token's weights; strongest, the mean of its largest. For the first seed,
        the weights of the shown sentences.
    """
    data = data or sentences()
    model = new_translator(run, data)
    record = train_translator(model, data, Training(run.seed, run.steps, run.batch, run.learning_rate))
    with num_threads(1):
        found = data.held_out
        taught = looks(model, found, data)
        places = [of_bucket(found, bucket) for bucket in BUCKETS]
        rows = torch.cat([torch.stack([of_pair.sum(1), of_pair.amax(1)], 1) for of_pair in taught])
        result: dict[str, Any] = {
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "seconds": round(record.seconds, 1),
            "loss": round(sum(record.losses[-50:]) / len(record.losses[-50:]), 4),
            "right": right_by_length(found, translations(model, found, data)),
            "tokens": tokens_right_by_length(model, found, data),
            "links": {str(shift): count_links(found, taught, shift) for shift in SHIFTS},
            "links_by_length": [
                count_links([found[place] for place in inside], [taught[place] for place in inside])
                for inside in places
            ],
            "total": round(rows[:, 0].mean().item(), 4),
            "strongest": round(rows[:, 1].mean().item(), 4),
        }
        if run.seed == 0:
            result["shown"] = [
                [[round(weight, 3) for weight in row] for row in of_pair.tolist()]
                for of_pair in looks(model, shown_pairs(data), data)
            ]
    return result


def share_within(found: list[Pair], window: int) -> list[tuple[int, int]]:
    """What a monotonic window could reach, for each of `BUCKETS`: gold links at most `window` from the diagonal, and all.

    A link is at most `window` from the diagonal if the positions of its two tokens in their sentences differ by no more.
    """
    counts = []
    for bucket in BUCKETS:
        distances = [abs(row - column) for place in of_bucket(found, bucket) for row, column in found[place].links]
        counts.append((sum(distance <= window for distance in distances), len(distances)))
    return counts
