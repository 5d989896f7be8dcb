"""Pairs as tensors of token ids, padded, in the form of `attn_course.data.symbols`."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from attn_course.data.english_korean.corpus import Pair
from attn_course.data.symbols import END, FIRST_SYMBOL, PAD, START, SequencePairs

SPECIAL = ("<pad>", "<start>", "<end>")  # ids PAD, START and END


class Vocabulary:
    """Tokens and their ids: 0 to 2 are `PAD`, `START` and `END`, the tokens follow in the order given.

    Attributes:
        tokens: by id, the three special ones included.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        """Number the tokens."""
        self.tokens = (*SPECIAL, *tokens)
        self._ids = {token: number for number, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        """How many ids there are, the special ones included."""
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The ids of tokens.

        Raises:
            ValueError: a token is not in the vocabulary.
        """
        try:
            return [self._ids[token] for token in tokens]
        except KeyError as error:
            raise ValueError(
                f"{error.args[0]!r} is not in the vocabulary of {len(self) - FIRST_SYMBOL} tokens: "
                "only sentences from english_korean.pairs can be encoded."
            ) from None

    def decode(self, ids: Iterable[int]) -> tuple[str, ...]:
        """The tokens before the first `END`, padding and start left out."""
        tokens = []
        for number in ids:
            if number == END:
                break
            if number >= FIRST_SYMBOL:
                tokens.append(self.tokens[number])
        return tuple(tokens)


def encode(found: Sequence[Pair], english: Vocabulary, korean: Vocabulary, device: str = "cpu") -> SequencePairs:
    """English as sources, Korean as targets, each padded to the longest of them.

    Args:
        found: at least one pair.
        english: vocabulary of the sources.
        korean: vocabulary of the targets.
        device: where the tensors shall be.

    Returns:
        The tensors; see `SequencePairs`. As there, `target_in` and `target_out` are filled up with `END`.

    Raises:
        ValueError: there is no pair, or a token is not in its vocabulary.
    """
    if not found:
        raise ValueError("found must hold at least one pair, but is empty.")
    sources = [english.encode(pair.english) for pair in found]
    targets = [korean.encode(pair.korean) for pair in found]
    lengths = torch.tensor([len(source) for source in sources])
    width = 1 + max(map(len, targets))
    ends = torch.tensor([len(target) for target in targets])
    return SequencePairs(
        _padded(sources, int(lengths.max()), PAD).to(device),
        lengths.to(device),
        _padded([[START, *target] for target in targets], width, END).to(device),
        _padded(targets, width, END).to(device),
        (torch.arange(width) <= ends[:, None]).to(device),
    )


def _padded(rows: list[list[int]], width: int, filler: int) -> Tensor:
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def gold_links(found: Sequence[Pair], device: str = "cpu") -> Bool[Tensor, "batch target source"]:
    """The true links in the shape of a batch's attention weights.

    Args:
        found: the pairs, as given to `encode`.
        device: where the tensor shall be.

    Returns:
        True where a target token (row, counted as in `target_out`) says a source token (column). The rows of `END` and
        of padding are False; an alignment error counts the first `len(pair.korean)` rows of a sentence only.
    """
    width = 1 + max(len(pair.korean) for pair in found)
    gold = torch.zeros(len(found), width, max(len(pair.english) for pair in found), dtype=torch.bool)
    for number, pair in enumerate(found):
        rows, columns = zip(*pair.links, strict=True)
        gold[number, list(rows), list(columns)] = True
    return gold.to(device)


def batches(found: Sequence[Pair], size: int, generator: torch.Generator) -> Iterator[list[Pair]]:
    """Go through the pairs once, in batches of similar length, so that little padding is computed.

    Args:
        found: the pairs.
        size: pairs in a batch; the last may hold fewer.
        generator: on the CPU; for the order of the batches and who is in one with whom.

    Yields:
        The pairs of a batch, for `encode` and `gold_links`.

    Raises:
        ValueError: `size` is below 1.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1, but is {size}.")
    shuffled = [found[number] for number in torch.randperm(len(found), generator=generator).tolist()]
    ordered = sorted(shuffled, key=lambda pair: len(pair.english))  # stable: equal lengths stay shuffled
    starts = torch.arange(0, len(ordered), size)
    for number in torch.randperm(len(starts), generator=generator).tolist():
        start = int(starts[number])
        yield ordered[start : start + size]
