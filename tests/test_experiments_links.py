"""Where a translator looks is compared with the gold links as it is said."""

import pytest
import torch

from attn_course.alignment import alignment_error_rate
from attn_course.data.english_korean import Pair, gold_links
from attn_course.experiments.links import Misses, count_links, count_misses, displacements, kind
from attn_course.experiments.translation import corpus


@pytest.fixture(scope="module")
def data():
    return corpus(count=400, longest=9)


def weights_for(found, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(len(pair.korean), len(pair.english), generator=generator) for pair in found]


def test_counts_of_one_pair_are_its_alignment_error_rate(data):
    found = data.training[:40]
    gold = gold_links(found)
    rates = []
    for pair, rows, links in zip(found, weights_for(found), gold, strict=True):
        expected = alignment_error_rate(rows, links[: len(pair.korean), : len(pair.english)])
        rates.append(count_links([pair], [rows]).error_rate)
        assert rates[-1] == pytest.approx(expected)
    assert len(set(rates)) > 5


def test_counts_add_up_over_pairs_and_over_kinds_of_token(data):
    found = data.training[:40]
    weights = weights_for(found)
    whole = count_links(found, weights)
    halves = [count_links(found[part], weights[part]) for part in (slice(15), slice(15, None))]
    kinds = [count_links(found, weights, only=only) for only in ("words", "endings")]
    for parts in (halves, kinds):
        assert tuple(map(sum, zip(*parts, strict=True))) == whole
    assert min(map(min, kinds)) > 0
    assert whole.made == sum(len(pair.korean) for pair in found)
    assert kind("-를") == "endings" and kind("먹-") == kind("어제") == "words"


@pytest.mark.parametrize("shift", [-2, 0, 1])
def test_a_shift_finds_a_translator_that_looks_ahead(data, shift):
    """Weights of 1 at the links of the token `shift` places later are without error at that shift, and at no other."""
    found = data.training[:40]
    weights = []
    for pair, gold in zip(found, gold_links(found), strict=True):
        rows = torch.zeros(len(pair.korean), len(pair.english))
        for row in range(len(pair.korean)):
            if 0 <= row + shift < len(pair.korean):
                rows[row] = gold[row + shift, : len(pair.english)]
        weights.append(rows)
    rates = {tried: count_links(found, weights, tried) for tried in (-2, -1, 0, 1, 2)}
    hits = rates.pop(shift)
    linked = sum(
        len({place for place, _ in pair.links if place in range(max(0, shift), len(pair.korean) + min(0, shift))})
        for pair in found
    )
    assert hits.hits == hits.made == linked
    assert all(other.error_rate > hits.error_rate + 0.2 for other in rates.values())


def test_a_shift_keeps_to_the_tokens_that_look():
    """Stem, ending, stem, ending: every ending looks at the word of the stem after it, every stem at its own."""
    links = ((0, 0), (1, 0), (2, 1), (3, 1))
    pair = Pair(("one", "two"), ("하나-", "-고", "둘-", "-다"), links)
    rows = torch.eye(2)[[0, 1, 1, 0]]
    assert count_links([pair], [rows], 1, "endings") == (1, 1, 1)  # the last ending has nothing after it
    assert count_links([pair], [rows], 1, "words") == (2, 2, 2)  # each ending's link is that of the stem before it
    assert count_links([pair], [rows], -1, "endings") == (0, 2, 2)
    assert count_links([pair], [rows], 0, "endings") == (0, 2, 2)


def test_displacements_are_counted_from_the_nearest_link(data):
    pair = data.training[0]._replace(
        english=("a", "b", "c", "d", "e"), korean=("x-", "-y", "x-", "z"), links=((0, 1), (1, 1), (1, 4), (2, 0))
    )
    rows = torch.zeros(4, 5)
    rows[0, 3] = rows[1, 3] = rows[2, 0] = rows[3, 2] = 1.0
    assert displacements([pair, pair], [rows, rows]) == {"x-": {2: 2, 0: 2}, "-y": {-1: 2}}


def test_displacement_zero_is_a_hit(data):
    found = data.training[:40]
    weights = weights_for(found)
    counted = displacements(found, weights)
    assert sum(counts[0] for counts in counted.values()) == count_links(found, weights).hits


def test_misses_are_sorted_by_what_is_looked_at():
    """One word for each English token but the last, which has none; every word has an ending of the same link."""
    english = ("one", "two", "three", "four", "five")
    korean = ("a-", "-a", "b-", "-b", "c-", "-c")
    pair = Pair(english, korean, ((0, 0), (1, 0), (2, 1), (3, 1), (4, 3), (5, 3)))

    def counted(*looks, only="endings"):
        return count_misses([pair], [torch.eye(5)[list(looks)]], only)

    assert counted(0, 0, 1, 1, 3, 3) == counted(0, 0, 1, 1, 3, 3, only="words") == Misses(0, 0, 0)
    assert counted(1, 1, 3, 3, 0, 4) == Misses(next_word=2, beside=1, elsewhere=0)
    assert counted(1, 1, 3, 3, 0, 4, only="words") == Misses(next_word=2, beside=0, elsewhere=1)
    assert counted(0, 4, 1, 2, 3, 0) == Misses(next_word=0, beside=1, elsewhere=2)


def test_misses_and_hits_are_all_tokens_with_a_link(data):
    found = data.training[:40]
    weights = weights_for(found)
    for only in ("words", "endings"):
        linked = sum(len({row for row, _ in pair.links if kind(pair.korean[row]) == only}) for pair in found)
        assert sum(count_misses(found, weights, only)) == linked - count_links(found, weights, only=only).hits
