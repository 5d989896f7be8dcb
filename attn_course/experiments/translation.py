"""Translators from English to Korean: trained alike, and measured by what they write and where they look (chapters 02, 03).

A translator is any `attn_course.translator.Translator`: its decoder may attend in one way or another, or not at all, such
as `attn_course.experiments.fixed_context.FixedContextDecoder`. The corpus knows its true links, so that where a translator
looks is compared with them.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attn_course.data.english_korean import (
    Pair,
    Vocabulary,
    batches,
    encode,
    english_vocabulary,
    gold_links,
    korean_vocabulary,
    pairs,
    split,
)
from attn_course.data.symbols import END, START
from attn_course.training import masked_cross_entropy, rise_and_fall, train

#: English lengths, the first and the last of each group: equally many lengths, so about equally many sentences.
BUCKETS = ((3, 8), (9, 14), (15, 20), (21, 26), (27, 32), (33, 38), (39, 44))
MEASURED_AT_ONCE = 256  # sentences in a batch that nothing is learned from


class Corpus(NamedTuple):
    """Pairs to learn from, pairs to be measured on, and the tokens of both languages.

    Attributes:
        training: what is learned from.
        held_out: what is measured on; none of its sentences is in `training`, in either language.
        english: the source's vocabulary.
        korean: the target's vocabulary.
    """

    training: list[Pair]
    held_out: list[Pair]
    english: Vocabulary
    korean: Vocabulary


@dataclass(frozen=True)
class Training:
    """One training run: the budget and the seed.

    Attributes:
        seed: of the order of the sentences; parameters are drawn by whoever makes the translator.
        steps: number of updates.
        batch: sentences in each update, of similar length.
        learning_rate: the highest one used, of Adam; it rises over the first tenth of the steps and then falls to 0.
        max_norm: gradients are clipped to this length.
        told: how much the gold links count in the loss, see `link_loss`; by default not at all.
        told_of: the links of one training sentence in so many are told, the same ones in every epoch.
    """

    seed: int
    steps: int = 1500
    batch: int = 64
    learning_rate: float = 4e-3
    max_norm: float = 1.0
    told: float = 0.0
    told_of: int = 1


class Record(NamedTuple):
    """What a training run went through.

    Attributes:
        losses: the loss at each step, before its update, in nats a token.
        seconds: processor time of the whole run.
    """

    losses: list[float]
    seconds: float


@lru_cache(maxsize=4)
def corpus(count: int = 20_000, longest: int = 44, seed: int = 0) -> Corpus:
    """Write the pairs and divide them; a few seconds at first, kept afterwards.

    Args:
        count: pairs, one in sixteen of them held out.
        longest: English tokens at most.
        seed: of the pairs.
    """
    training, held_out = split(pairs(count, seed=seed, longest=longest))
    return Corpus(training, held_out, english_vocabulary(), korean_vocabulary())


def fingerprint(data: Corpus) -> str:
    """Twelve digits that change with any sentence, link or vocabulary: what results were made of."""
    total = hashlib.sha256(repr((data.english.tokens, data.korean.tokens)).encode())
    for pair in (*data.training, *data.held_out):
        total.update(repr(tuple(pair)).encode())
    return total.hexdigest()[:12]


def train_translator(model: nn.Module, data: Corpus, training: Training, threads: int = 1) -> Record:
    """Train a translator in place, on teacher forcing; the same arguments give the same parameters.

    Args:
        model: takes (source, source_lengths, target_in) and returns (logits, weights), as a `Translator`.
        data: what to learn from.
        training: the budget and the seed.
        threads: of torch, while it trains. Results are equal to the last bit only for equally many.
    """
    stream = _endless(data, training)
    linked = frozenset(data.training[:: training.told_of]) if training.told else frozenset()

    def loss() -> Tensor:
        found = next(stream)
        batch = encode(found, data.english, data.korean)
        logits, weights = model(batch.source, batch.source_lengths, batch.target_in)
        of_tokens = masked_cross_entropy(logits, batch.target_out, batch.target_mask)
        rows = [row for row, pair in enumerate(found) if pair in linked]
        return of_tokens + training.told * link_loss(weights[rows], gold_links(found)[rows]) if rows else of_tokens

    optimizer = torch.optim.Adam(model.parameters(), lr=training.learning_rate)
    rate = rise_and_fall(training.steps, max(1, training.steps // 10))
    with num_threads(threads):
        started = time.process_time()
        losses = train(model, loss, optimizer, training.steps, training.max_norm, rate).losses
        return Record(losses, time.process_time() - started)


def link_loss(
    weights: Float[Tensor, "batch target source"], gold: Bool[Tensor, "batch target source"]
) -> Float[Tensor, ""]:
    """Minus the logarithm of the weight that a target token has on its gold links, averaged over tokens that have any.

    To tell attention where to look, as Mi et al. 2016 and Chen et al. 2016 did with alignments of other software.
    """
    on_gold = (weights * gold).sum(dim=-1)[gold.any(dim=-1)]
    return -on_gold.clamp(min=1e-9).log().mean()


def translations(model: nn.Module, found: Sequence[Pair], data: Corpus) -> list[tuple[str, ...]]:
    """What a translator writes by itself, greedily: the Korean tokens for each pair, its end left out.

    A sentence is cut off when it is half as long again as the true translation, and ten tokens more.
    """
    written: list[tuple[str, ...]] = [()] * len(found)
    for places in _similar(found):
        chosen = [found[place] for place in places]
        tensors = encode(chosen, data.english, data.korean)
        longest = max(len(pair.korean) for pair in chosen)
        tokens = model.translate(tensors.source, tensors.source_lengths, START, END, longest * 3 // 2 + 10)
        for place, row in zip(places, tokens.tolist(), strict=True):
            written[place] = data.korean.decode(row)
    return written


@torch.no_grad()
def looks(
    model: nn.Module, found: Sequence[Pair], data: Corpus, written: Sequence[Sequence[str]] | None = None
) -> list[Float[Tensor, "target source"]]:
    """Where a translator looks while it writes: for each pair the weights of its target tokens over its source tokens.

    Args:
        model: the translator.
        found: the pairs.
        data: for the vocabularies.
        written: the tokens that it is given to write, one sequence for each pair. By default the true translations
            (teacher forcing), to which the gold links belong; or what it wrote by itself, from `translations`.

    Returns:
        For each pair, one row for each token of its target, the end left out; each row was used to predict its token.
    """
    if written is not None:
        found = [pair._replace(korean=tuple(tokens)) for pair, tokens in zip(found, written, strict=True)]
    weights: list[Tensor] = [torch.empty(0, 0)] * len(found)
    for places in _similar(found):
        chosen = [found[place] for place in places]
        tensors = encode(chosen, data.english, data.korean)
        _, rows = model(tensors.source, tensors.source_lengths, tensors.target_in)
        for place, pair, of_pair in zip(places, chosen, rows, strict=True):
            weights[place] = of_pair[: len(pair.korean), : len(pair.english)].clone()
    return weights


def right_by_length(found: Sequence[Pair], written: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """For each of `BUCKETS`, how many of its sentences were written without a mistake, and how many it has."""
    counts = []
    for first, last in BUCKETS:
        inside = [
            tuple(tokens) == pair.korean
            for pair, tokens in zip(found, written, strict=True)
            if first <= len(pair.english) <= last
        ]
        counts.append((sum(inside), len(inside)))
    return counts


@torch.no_grad()
def tokens_right_by_length(model: nn.Module, found: Sequence[Pair], data: Corpus) -> list[tuple[int, int]]:
    """For each of `BUCKETS`, how many tokens are likeliest when the true ones before are given, and how many there are.

    Ends count as tokens.
    """
    counts = [(0, 0)] * len(BUCKETS)
    for places in _similar(found):
        chosen = [found[place] for place in places]
        tensors = encode(chosen, data.english, data.korean)
        logits, _ = model(tensors.source, tensors.source_lengths, tensors.target_in)
        right = ((logits.argmax(dim=-1) == tensors.target_out) & tensors.target_mask).sum(dim=1).tolist()
        for pair, of_pair in zip(chosen, right, strict=True):
            bucket = next(number for number, (_, last) in enumerate(BUCKETS) if len(pair.english) <= last)
            counts[bucket] = (counts[bucket][0] + of_pair, counts[bucket][1] + len(pair.korean) + 1)
    return counts


def step_seconds(models: Sequence[nn.Module], data: Corpus, batch: int = 64, repeats: int = 5) -> list[list[float]]:
    """Time one update of each translator, forward and backward, in turns on the same batches, on one thread.

    Compare the translators within one call: another call may meet another machine, or a busier one.

    Returns:
        For each model, the processor time of each repeat, in seconds. The first turn, in which memory is found, is left out.
    """
    stream = _endless(data, Training(seed=0, batch=batch))
    taken: list[list[float]] = [[] for _ in models]
    with num_threads(1):
        for turn in range(repeats + 1):
            tensors = encode(next(stream), data.english, data.korean)
            for model, times in zip(models, taken, strict=True):
                model.zero_grad()
                started = time.process_time()
                logits, _ = model(tensors.source, tensors.source_lengths, tensors.target_in)
                masked_cross_entropy(logits, tensors.target_out, tensors.target_mask).backward()
                if turn:
                    times.append(time.process_time() - started)
                model.zero_grad()
    return taken


@contextmanager
def num_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads inside, and as many as before outside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _endless(data: Corpus, training: Training) -> Iterator[list[Pair]]:
    """Go through the training pairs again and again, in batches."""
    generator = torch.Generator().manual_seed(training.seed)
    while True:
        yield from batches(data.training, training.batch, generator)


def _similar(found: Sequence[Pair]) -> Iterator[list[int]]:
    """The places of the pairs, in groups of similar length."""
    order = sorted(range(len(found)), key=lambda place: len(found[place].english))
    for start in range(0, len(order), MEASURED_AT_ONCE):
        yield order[start : start + MEASURED_AT_ONCE]
