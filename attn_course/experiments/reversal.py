"""Write a sequence backwards from one vector: what a fixed-width summary carries (chapter 01)."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attn_course.data.symbols import (
    END,
    FIRST_SYMBOL,
    START,
    SequencePairs,
    copied_symbols,
    random_lengths,
    random_symbols,
    reversed_symbols,
)
from attn_course.recurrence import Seq2Seq, greedy_decode
from attn_course.training import exact_match, masked_cross_entropy, rise_and_fall, seeded, train

TASKS: dict[str, Callable[..., SequencePairs]] = {"reverse": reversed_symbols, "copy": copied_symbols}


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes:
        width: of the vector between encoder and decoder.
        seed: of parameters and data.
        num_symbols: size of the alphabet.
        max_len: lengths are drawn evenly from 1 to here.
        steps: number of updates.
        task: "reverse" or "copy".
        batch: sequences in each update.
        learning_rate: the highest one used, of Adam.
        d_embed: width of the embedded symbols.
        neck: squeeze the summary to this width and back between encoder and decoder; None leaves it.
    """

    width: int
    seed: int
    num_symbols: int = 8
    max_len: int = 12
    steps: int = 1000
    task: str = "reverse"
    batch: int = 128
    learning_rate: float = 3e-3
    d_embed: int = 16
    neck: int | None = None


class NarrowSeq2Seq(Seq2Seq):
    """A `Seq2Seq` whose summary passes through `neck` numbers: a narrow vector between two wide networks."""

    def __init__(self, vocab_source: int, vocab_target: int, d_embed: int, d_hidden: int, neck: int) -> None:
        """Make the parameters; arguments as for `Seq2Seq`, and the width of the neck."""
        super().__init__(vocab_source, vocab_target, d_embed, d_hidden)
        self.narrow = nn.Linear(d_hidden, neck)
        self.widen = nn.Linear(neck, d_hidden)

    def encode(self, source: Tensor, source_lengths: Tensor) -> Tensor:
        """Summarise each source in `neck` numbers, spread out again to `d_hidden`."""
        return self.widen(self.narrow(super().encode(source, source_lengths)))


def new_model(run: Run) -> Seq2Seq:
    """Draw the parameters of a run."""
    vocab = FIRST_SYMBOL + run.num_symbols
    with seeded(run.seed):
        if run.neck is not None:
            return NarrowSeq2Seq(vocab, vocab, run.d_embed, run.width, run.neck)
        return Seq2Seq(vocab, vocab, run.d_embed, run.width)


def train_reversal(run: Run, model: Seq2Seq) -> float:
    """Train a model in place, on fresh sequences throughout; returns the mean loss of the last 50 steps, in nats."""
    generator = torch.Generator().manual_seed(run.seed)

    def loss() -> Tensor:
        lengths = random_lengths(run.batch, run.max_len, generator)
        pairs = TASKS[run.task](lengths, run.num_symbols, generator)
        logits = model(pairs.source, pairs.source_lengths, pairs.target_in)
        return masked_cross_entropy(logits, pairs.target_out, pairs.target_mask)

    optimizer = torch.optim.Adam(model.parameters(), lr=run.learning_rate)
    history = train(model, loss, optimizer, run.steps, max_norm=1.0, rate=rise_and_fall(run.steps, run.steps // 10))
    last = history.losses[-50:]
    return sum(last) / len(last)


def train_all(runs: Sequence[Run], workers: int = 2) -> list[Seq2Seq]:
    """Train the models of several runs, `workers` at a time; the results do not depend on `workers`.

    Parameters are drawn first, one model after the other, since they come from torch's one global
    generator; each run's data come from a generator of its own.
    """
    models = [new_model(run) for run in runs]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the matrices are too small to be worth sharing out
    try:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(train_reversal, runs, models))
    finally:
        torch.set_num_threads(threads)
    return models


@torch.no_grad()
def accuracy_by_length(
    run: Run, model: Seq2Seq, per_length: int = 500
) -> tuple[Float[Tensor, " max_len"], Float[Tensor, " max_len"]]:
    """Measure a model on fresh sequences of every length it was trained on.

    Args:
        run: what the model was trained for.
        model: the trained model.
        per_length: sequences of each length.

    Returns:
        For lengths 1 to `max_len`: the share of sequences written without a mistake by greedy decoding,
        and the share of symbols that are right when the true symbols before them are given.
    """
    generator = torch.Generator().manual_seed(10**6 + run.seed)
    exact, tokens = [], []
    for length in range(1, run.max_len + 1):
        pairs = TASKS[run.task](torch.full((per_length,), length), run.num_symbols, generator)
        start = torch.full((per_length,), START)
        state = model.encode(pairs.source, pairs.source_lengths)
        written = greedy_decode(model.step, state, start, END, length + 1)
        exact.append(exact_match(written, pairs.target_out, pairs.target_mask).float().mean())
        given = model(pairs.source, pairs.source_lengths, pairs.target_in).argmax(dim=-1)
        tokens.append((given == pairs.target_out)[:, :length].float().mean())
    return torch.stack(exact), torch.stack(tokens)


@torch.no_grad()
def symbol_effects(run: Run, model: Seq2Seq, length: int, samples: int = 500) -> Float[Tensor, " length"]:
    """Measure how far each position of a source moves the summary.

    Args:
        run: what the model was trained for.
        model: trained or not.
        length: of the sources.
        samples: number of sources.

    Returns:
        For each position: the mean distance by which the summary moves when the symbol there is exchanged
        for another, divided by the mean distance between the summaries of unrelated sources.
    """
    generator = torch.Generator().manual_seed(2 * 10**6 + run.seed)
    lengths = torch.full((samples,), length)
    source, other = (random_symbols(lengths, run.num_symbols, generator) for _ in range(2))
    summary = model.encode(source, lengths)
    unrelated = (summary - model.encode(other, lengths)).norm(dim=-1).mean()
    moved = []
    for position in range(length):
        shift = torch.randint(1, run.num_symbols, (samples,), generator=generator)
        changed = source.clone()
        changed[:, position] = FIRST_SYMBOL + (source[:, position] - FIRST_SYMBOL + shift) % run.num_symbols
        moved.append((summary - model.encode(changed, lengths)).norm(dim=-1).mean() / unrelated)
    return torch.stack(moved)


@torch.no_grad()
def symbol_accuracy(run: Run, model: Seq2Seq, length: int, samples: int = 500) -> Float[Tensor, " length"]:
    """Measure which positions of a source can be read back from the summary.

    Args:
        run: what the model was trained for.
        model: the trained model.
        length: of the sources.
        samples: number of sources.

    Returns:
        For each position of the source, how often the decoder names its symbol when it is given the true
        symbols before. Symbols are independent, so these tell it where it is and nothing else.
    """
    generator = torch.Generator().manual_seed(3 * 10**6 + run.seed)
    pairs = TASKS[run.task](torch.full((samples,), length), run.num_symbols, generator)
    given = model(pairs.source, pairs.source_lengths, pairs.target_in).argmax(dim=-1)
    right = (given == pairs.target_out)[:, :length].float().mean(dim=0)  # by position in the target
    return right.flip(0) if run.task == "reverse" else right
