"""Pairs of sentences, as many of each length as asked, and their split into training and held-out sentences."""

import random
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from attn_course.data.english_korean.sentences import sentence
from attn_course.data.english_korean.spelling import english_text, korean_text
from attn_course.data.english_korean.writing import Dice, links

SHORTEST, LONGEST = 3, 44
TOKENS_PER_CLAUSE = 5.6  # measured, for choosing how many clauses to try
PATIENCE = 300  # tries for a length before it counts as used up
HELD_OUT_SHARE = 16  # one sentence in so many is held out


class Pair(NamedTuple):
    """An English sentence, its Korean translation, and which tokens say the same.

    Attributes:
        english: tokens.
        korean: tokens: stems (먹-), particles and endings (-를, -었다), words.
        links: (position in `korean`, position in `english`), sorted.
    """

    english: tuple[str, ...]
    korean: tuple[str, ...]
    links: tuple[tuple[int, int], ...]

    @property
    def english_text(self) -> str:
        """The English sentence as people write it."""
        return english_text(self.english)

    @property
    def korean_text(self) -> str:
        """The Korean sentence as people write it."""
        return korean_text(self.korean)


class Split(NamedTuple):
    """Sentences to learn from, and sentences to be tested on."""

    training: list[Pair]
    held_out: list[Pair]


def pairs(count: int, seed: int = 0, shortest: int = SHORTEST, longest: int = LONGEST) -> list[Pair]:
    """Write distinct pairs, equally many of each English length, in random order.

    No English and no Korean sentence occurs twice. Where a length has fewer sentences than its share (there are not
    many of 3 tokens), the other lengths give more. The same arguments give the same pairs, on every machine.

    Args:
        count: how many pairs.
        seed: of all choices.
        shortest: English tokens at least, 3 or more.
        longest: English tokens at most.

    Returns:
        The pairs.

    Raises:
        ValueError: an argument is out of its range, or there are not as many distinct pairs of these lengths.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, but is {count}.")
    if not SHORTEST <= shortest <= longest:
        raise ValueError(
            f"lengths must go from at least {SHORTEST} tokens up, but shortest is {shortest} and longest is {longest}."
        )
    generator = random.Random(f"english_korean {seed}")
    found: list[Pair] = []
    english_seen: set[tuple[str, ...]] = set()
    korean_seen: set[tuple[str, ...]] = set()
    wanted = _shares(count, range(shortest, longest + 1))
    failures = dict.fromkeys(wanted, 0)
    while wanted:
        length = list(wanted)[int(generator.random() * len(wanted))]
        pair = write(generator, length)
        n = len(pair.english)
        if n in wanted and pair.english not in english_seen and pair.korean not in korean_seen:
            found.append(pair)
            english_seen.add(pair.english)
            korean_seen.add(pair.korean)
            failures[length] = 0
            wanted[n] -= 1
            if wanted[n] == 0:
                del wanted[n]
            continue
        failures[length] += 1
        if failures[length] > PATIENCE and length in wanted:
            missing = wanted.pop(length)
            if not wanted:
                raise ValueError(
                    f"count is {count}, but only {len(found)} distinct pairs of {shortest} to {longest} English tokens "
                    "were found: ask for fewer, or for a wider range of lengths."
                )
            for other, more in _shares(missing, wanted).items():
                wanted[other] += more
    generator.shuffle(found)
    return found


def write(generator: random.Random, length: int) -> Pair:
    """Write one pair of about `length` English tokens."""
    clauses = round((length - 1) / TOKENS_PER_CLAUSE + 1.2 * (generator.random() - 0.5))
    richness = generator.random() * min(1.0, length / 8)
    english, korean = sentence(Dice(generator, richness), max(1, clauses))
    return Pair(tuple(w.text for w in english), tuple(m.text for m in korean), links(english, korean))


def _shares(count: int, lengths: Sequence[int]) -> dict[int, int]:
    """`count` divided evenly among the lengths."""
    lengths = list(lengths)
    share, rest = divmod(count, len(lengths))
    # Spread what is left over the whole range rather than over the shortest.
    extra = {lengths[place * len(lengths) // rest] for place in range(rest)} if rest else set()
    return {length: share + (length in extra) for length in lengths if share or length in extra}


def is_held_out(pair: Pair) -> bool:
    """Whether a pair belongs to the held-out part: one in 16, decided by its Korean sentence alone.

    So a sentence is on the same side whatever the seed and the count, and what was trained on the pairs of one seed
    has never seen the held-out pairs of another.
    """
    return zlib.crc32(" ".join(pair.korean).encode()) % HELD_OUT_SHARE == 0


def split(found: Sequence[Pair]) -> Split:
    """Divide pairs into those to train on and those to test on, by `is_held_out`."""
    return Split([pair for pair in found if not is_held_out(pair)], [pair for pair in found if is_held_out(pair)])
