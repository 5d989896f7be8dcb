"""Where a translator looks, compared with the gold links of the corpus (chapters 02 and 03)."""

import collections
from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from attn_course.data.english_korean import Pair


class LinkCounts(NamedTuple):
    """What an alignment error rate is computed of; counts of several sentences add up.

    Attributes:
        hits: links made that are gold links.
        made: links made: one for each target token whose weights are not all 0.
        gold: gold links.
    """

    hits: int
    made: int
    gold: int

    @property
    def error_rate(self) -> float:
        """1 - 2 hits / (made + gold), Och & Ney's alignment error rate with sure links alone; 1 where there are none."""
        return 1 - 2 * self.hits / max(1, self.made + self.gold)


def count_links(
    found: Sequence[Pair], weights: Sequence[Float[Tensor, "target source"]], shift: int = 0, only: str = ""
) -> LinkCounts:
    """Compare where a translator looks with the gold links, over all pairs together.

    Each row of weights links its target token to the source token of its largest weight, to the first on a tie, as in
    `attn_course.alignment.alignment_error_rate`. A row of zeros, such as that of a decoder without attention, makes no link.

    Args:
        found: the pairs.
        weights: of their true translations, from `attn_course.experiments.translation.looks`.
        shift: compare what was looked at for a token with the gold links of the token so many places later: 1 asks
            whether the translator looks one token ahead. Tokens that have none there are left out.
        only: leave out all but what was looked at for these tokens: "words" (words and stems), "endings" (particles and
            endings, written with a hyphen in front), or "" for all. With a shift, the links are those of whatever token
            stands there.
    """
    hits = made = gold = 0
    for pair, rows in zip(found, weights, strict=True):
        linked = set(pair.links)
        chosen, strongest = rows.argmax(dim=1).tolist(), rows.amax(dim=1).tolist()
        for row in range(len(pair.korean)):
            told = row + shift
            if not 0 <= told < len(pair.korean) or (only and only != kind(pair.korean[row])):
                continue
            made += strongest[row] > 0
            hits += strongest[row] > 0 and (told, chosen[row]) in linked
            gold += sum(place == told for place, _ in pair.links)
    return LinkCounts(hits, made, gold)


def displacements(
    found: Sequence[Pair], weights: Sequence[Float[Tensor, "target source"]]
) -> dict[str, collections.Counter[int]]:
    """How many source tokens beside its gold link each target token looks: 0 at the link, 1 at the token after it.

    Args:
        found: the pairs.
        weights: of their true translations, from `attn_course.experiments.translation.looks`.

    Returns:
        For each Korean token that occurs, how often which distance; from the nearest link, where there are several. Tokens
        without a link are left out.
    """
    counted: dict[str, collections.Counter[int]] = collections.defaultdict(collections.Counter)
    for pair, rows in zip(found, weights, strict=True):
        chosen = rows.argmax(dim=1).tolist()
        for row, token in enumerate(pair.korean):
            distances = [chosen[row] - column for linked, column in pair.links if linked == row]
            if distances:
                counted[token][min(distances, key=abs)] += 1
    return dict(counted)


class Misses(NamedTuple):
    """Where tokens look that do not look at a gold link of theirs.

    Attributes:
        next_word: at a gold link of the next word or stem.
        beside: not there, but at a direct neighbour of a gold link of their own.
        elsewhere: at neither.
    """

    next_word: int
    beside: int
    elsewhere: int


def count_misses(found: Sequence[Pair], weights: Sequence[Float[Tensor, "target source"]], only: str) -> Misses:
    """Sort the tokens that look beside their gold links by what they look at.

    Args:
        found: the pairs.
        weights: of their true translations, from `attn_course.experiments.translation.looks`.
        only: of which tokens, see `kind`. Tokens without a link are left out.
    """
    counts = [0, 0, 0]
    for pair, rows in zip(found, weights, strict=True):
        linked = [[column for row, column in pair.links if row == place] for place in range(len(pair.korean))]
        for place, chosen in enumerate(rows.argmax(dim=1).tolist()):
            own = linked[place]
            if kind(pair.korean[place]) != only or not own or chosen in own:
                continue
            following = range(place + 1, len(pair.korean))
            word = next((later for later in following if kind(pair.korean[later]) == "words"), None)
            if word is not None and chosen in linked[word]:
                counts[0] += 1
            elif chosen - 1 in own or chosen + 1 in own:
                counts[1] += 1
            else:
                counts[2] += 1
    return Misses(*counts)


def kind(token: str) -> str:
    """Whether a Korean token is one of the "words" (a word or a stem) or of the "endings" (a particle or an ending)."""
    return "endings" if token.startswith("-") else "words"
