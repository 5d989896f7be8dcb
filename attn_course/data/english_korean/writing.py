"""What the grammar writes with: words, morphemes that know their words, and the dice.

Both sides are written in one go. An English `Word` is an object, and a Korean `Morph` keeps the words that it says;
where a word stands in its sentence is only looked up at the end, when both sides are complete (`links`).
"""

import random
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")


class Word:
    """One English token of one sentence: two words of the same text are different words."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Write the token."""
        self.text = text


class Morph(NamedTuple):
    """One Korean token and the English words that it says.

    Attributes:
        text: the token, such as 먹-, -는다 or 학교.
        words: almost always one.
    """

    text: str
    words: tuple[Word, ...]


def morphs(texts: str, *words: Word) -> list[Morph]:
    """Several Korean tokens, written with spaces, that say the same words."""
    return [Morph(text, words) for text in texts.split()]


def words(texts: str) -> list[Word]:
    """Several English tokens, written with spaces."""
    return [Word(text) for text in texts.split()]


def links(english: Sequence[Word], korean: Sequence[Morph]) -> tuple[tuple[int, int], ...]:
    """Pairs (position in the Korean sentence, position in the English one), sorted."""
    places = {id(word): place for place, word in enumerate(english)}
    return tuple(
        sorted({(row, places[id(word)]) for row, morph in enumerate(korean) for word in morph.words})
    )  # fmt: skip


class Dice:
    """Where chance enters the grammar, and what it has already used in this sentence.

    Attributes:
        random: Python's generator, whose choices a seed fixes in every process.
        richness: from 0 to 1: how often what may be left out is put in.
        used: the nouns, pronouns and places that the sentence has named; each is named once.
    """

    def __init__(self, generator: random.Random, richness: float) -> None:
        """Begin a sentence."""
        self.random = generator
        self.richness = richness
        self.used: set[str] = set()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random.random() < probability

    def adds(self, factor: float = 1.0) -> bool:
        """True with the probability `factor * richness`."""
        return self.random.random() < factor * self.richness

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, evenly."""
        return items[int(self.random.random() * len(items))]

    def fresh(self, items: Sequence[Item], key: str = "english") -> Item:
        """One of the items that the sentence has not named yet; one of all, where none is left."""
        for _ in range(8):
            item = self.pick(items)
            if getattr(item, key) not in self.used:
                break
        self.used.add(getattr(item, key))
        return item
