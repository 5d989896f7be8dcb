"""Find answers of a class that are nearly the same, beyond what chance and the task explain.

Code is compared as copydetect does it: names, strings and comments are taken out, and what is left is cut into all its
overlapping pieces of some length (https://theory.stanford.edu/~aiken/publications/papers/sigmod03.pdf, with a window of
1, since answers are short). Pieces that the release or the course's solution has, or that much of the class has, count for
nothing: short answers to one question are alike by nature.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from copydetect.utils import filter_code, get_token_coverage, hashed_kgrams

PIECE = 25
"""Characters of a piece, once names are taken out."""

LEAST = 120
"""Characters that two answers must have beyond what is common, before they can be alike."""

ALIKE = 0.8
"""Share of these that both must have in common."""

LOOK_CLOSER = 0.3
"""Share of an answer's pieces beyond the common that another must have to be looked at closely."""

COMMON_SHARE, COMMON_LEAST = 0.1, 5
"""What more than this share of a class has, and more than so many learners, is common."""

MOST_VERSIONS = 50
"""What so many different answers have is common too; keeps the work for a large class small."""

MOST_NAMED = 20
"""Learners whose names are kept with an answer that is like theirs."""

LONGEST = 10_000
"""Characters of an answer that is compared."""

NOTHING = np.array([], dtype=np.int64)


@dataclass(frozen=True)
class Likeness:
    """A learner's answer that is nearly the same as others'.

    Args:
        student: Whose.
        exercise: To what.
        others: Learners whose answers are alike, at most `MOST_NAMED`, the most alike first.
        count: How many such learners there are.
        share: Of what it has beyond the common, the share that the most alike has too.
    """

    student: str
    exercise: str
    others: tuple[str, ...]
    count: int
    share: float


@dataclass
class _Version:
    """An answer as several learners may have given it, names and comments aside."""

    students: list[str]
    pieces: np.ndarray  # the hash of the piece at each position
    length: int
    rare: np.ndarray = field(default_factory=lambda: NOTHING)  # hashes of the pieces beyond the common, in order
    covered: float = 0.0  # characters in these


class Class:
    """The answers of a class, taken in one by one and kept without names and comments.

    Args:
        known: Exercise → sources that every learner may have seen or found, such as the release and the solution.
    """

    def __init__(self, known: Mapping[str, Iterable[str]]) -> None:
        self.known = {exercise: {reduced(source) for source in sources} for exercise, sources in known.items()}
        self.answers: dict[str, dict[str, list[str]]] = {exercise: {} for exercise in self.known}

    def add(self, student: str, exercise: str, source: str) -> None:
        """Take in one answer; one that is no exercise's, too long to compare or as it was released counts for nothing."""
        if exercise not in self.answers or len(source) > LONGEST:
            return
        code = reduced(source)
        if code not in self.known[exercise]:
            self.answers[exercise].setdefault(code, []).append(student)

    def alike(self, exercise: str) -> list[Likeness]:
        """The answers to one exercise that are nearly the same as another's."""
        versions = [_Version(who, _pieces(code), len(code)) for code, who in sorted(self.answers[exercise].items())]
        common = np.unique(np.concatenate([NOTHING, *(_pieces(code) for code in self.known[exercise])]))
        return sorted(_compare(exercise, versions, common), key=lambda found: found.student)


def reduced(source: str) -> str:
    """Code without names, strings, comments and spaces."""
    return filter_code(source, "answer.py", "python")[0]


def _pieces(code: str) -> np.ndarray:
    return hashed_kgrams(code, PIECE).astype(np.int64)


def _compare(exercise: str, versions: list[_Version], common: np.ndarray) -> Iterator[Likeness]:
    rare, places = _rare(versions, common)
    for version in versions:
        version.rare = np.unique(version.pieces[_among(version.pieces, rare)])
        version.covered = _covered(version, version.rare)
    for number, version in enumerate(versions):
        if version.covered < LEAST:
            continue
        near = dict.fromkeys(version.students, 1.0) if len(version.students) > 1 else {}
        for other in _candidates(number, versions, places):
            both = np.intersect1d(version.rare, versions[other].rare, assume_unique=True)
            shared = [_covered(one, both) for one in (version, versions[other])]
            share = min(shared[0] / version.covered, shared[1] / versions[other].covered)
            if share >= ALIKE and min(shared) >= LEAST:
                near |= dict.fromkeys(versions[other].students, share)
        # Of a large group each learner's line names the first few.
        first = heapq.nsmallest(MOST_NAMED + 1, ((-share, other) for other, share in near.items()))
        for student in version.students if near else ():
            others = [(other, -share) for share, other in first if other != student][:MOST_NAMED]
            count = len(near) - (student in near)
            yield Likeness(student, exercise, tuple(other for other, _ in others), count, others[0][1])


def _rare(versions: list[_Version], common: np.ndarray) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """The pieces that say something, in order, and which versions have each of those that several have."""
    if not versions:
        return NOTHING, {}
    each = [np.unique(version.pieces) for version in versions]
    owners = np.repeat(np.arange(len(versions), dtype=np.int32), [len(pieces) for pieces in each])
    pieces = np.concatenate(each)
    order = np.argsort(pieces, kind="stable")
    pieces, owners = pieces[order], owners[order]
    hashes, starts, counts = np.unique(pieces, return_index=True, return_counts=True)
    if not len(hashes):
        return hashes, {}
    learners = np.add.reduceat(np.array([len(version.students) for version in versions])[owners], starts)
    many = max(COMMON_LEAST, COMMON_SHARE * sum(len(version.students) for version in versions))
    says = (learners <= many) & (counts <= MOST_VERSIONS) & ~_among(hashes, common)
    shared = np.flatnonzero(says & (counts > 1))
    places = {int(hashes[at]): owners[starts[at] : starts[at] + counts[at]] for at in shared}
    return hashes[says], places


def _candidates(number: int, versions: list[_Version], places: Mapping[int, np.ndarray]) -> list[int]:
    """The versions that share many pieces with one."""
    found = [places[piece] for piece in versions[number].rare.tolist() if piece in places]
    if not found:
        return []
    others, counts = np.unique(np.concatenate(found), return_counts=True)
    one = versions[number]
    enough = (counts * PIECE >= max(LEAST, ALIKE * one.covered)) & (counts >= LOOK_CLOSER * len(one.rare))
    return [other for other in others[enough].tolist() if other != number and versions[other].covered >= LEAST]


def _among(pieces: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Which of some pieces are among others that are in order."""
    if not len(ordered):
        return np.zeros(len(pieces), dtype=bool)
    return ordered[np.searchsorted(ordered, pieces).clip(max=len(ordered) - 1)] == pieces


def _covered(version: _Version, ordered: np.ndarray) -> float:
    """How many characters of an answer lie in one of these pieces, which are in order."""
    at = np.flatnonzero(_among(version.pieces, ordered))
    return float(get_token_coverage({0: at}, PIECE, version.length)) if len(at) else 0.0
