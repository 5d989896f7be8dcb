"""Finds the mistake that a learner made: the one of the registry whose results are theirs, to rounding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from attn_course.checks.engine import compare
from attn_course.checks.engine.compare import Fault
from attn_course.checks.engine.exercise import Case, Exercise, Mistake
from attn_course.checks.engine.faults import case_faults, input_dtype
from attn_course.checks.engine.observe import Failure, Observation, Response, Responses
from attn_course.checks.engine.respond import respond

ENOUGH = 0.75
"""Share of the cases in which a mistake shows that a learner's results must match, for the mistake to be named."""

GENERAL = {
    "changed": ("changes-inputs", "Your results are right, but the inputs are not the same afterwards."),
    "state": ("keeps-state", "Your code remembers something from an earlier call."),
    "device": ("wrong-device", "Your results are right, but on a GPU two devices would meet."),
    "dtype": ("wrong-dtype", "Your numbers are right, but not their dtype."),
    "gradient": ("cuts-autograd", "Your results are right, but their gradient is not."),
}
"""Mistakes that need no entry in a registry: everything is right but for one kind of fault."""


@dataclass(frozen=True)
class Diagnosis:
    """The mistake that was recognised.

    Args:
        id: Its name in the registry, or a general one.
        sentence: What a good teacher would say.
        reread: Label of a section, or "".
        matched: In how many of the cases where it shows the learner's results are its own; 0 for a general one.
        shown: In how many cases it shows.
    """

    id: str
    sentence: str
    reread: str = ""
    matched: int = 0
    shown: int = 0


def diagnose(
    exercise: Exercise,
    cases: Sequence[Case],
    got: Responses,
    expected: Responses,
    faults: Sequence[Fault | None],
    mistakes: Sequence[Mistake],
) -> Diagnosis | None:
    """The mistake of the registry that explains the learner's responses best, or a general one, or None."""
    best: tuple[tuple[float, ...], Diagnosis] | None = None
    if any(_ran(response) for response in got.cases):
        wrong = {i for i, fault in enumerate(faults) if fault is not None}
        for mistake in mistakes:
            theirs = _responses_of(exercise, mistake, got.seed)
            if theirs.refusal:
                continue
            its_faults = case_faults(exercise, cases, theirs.cases, expected.cases)
            shown = [i for i, fault in enumerate(its_faults) if fault is not None]
            if not shown:
                continue
            matched = {
                i
                for i in shown
                if i in wrong and same(exercise, cases[i], got.cases[i], theirs.cases[i], faults[i], its_faults[i])
            }
            share = len(matched) / len(shown)
            explained = len(matched) / len(wrong | set(shown))
            # A crash alike says less than numbers alike: alone it must explain all that is wrong, beside right results.
            telling = any(_ran(got.cases[i]) for i in matched) or (explained == 1 and len(wrong) < len(cases))
            if share < ENOUGH or not telling:
                continue
            rank = (explained, share)
            if best is None or rank > best[0]:
                best = (rank, Diagnosis(mistake.id, mistake.sentence, mistake.reread, len(matched), len(shown)))
    if best is not None:
        return best[1]
    kinds = {fault.kind for fault in faults if fault is not None}
    if len(kinds) == 1 and (kind := kinds.pop()) in GENERAL:
        return Diagnosis(*GENERAL[kind])
    return None


@lru_cache(maxsize=128)
def _responses_of(exercise: Exercise, mistake: Mistake, seed: int) -> Responses:
    return respond(exercise, mistake.implementation, seed, watch=False)


def _ran(response: Response) -> bool:
    return any(one.failure is None for one in response.observations)


def same(
    exercise: Exercise, case: Case, one: Response, other: Response, fault: Fault | None, its_fault: Fault | None
) -> bool:
    """Whether two responses to a case are equal to rounding: results, gradients, changes and errors."""
    if fault is None or its_fault is None:
        return False
    if "device" in (fault.kind, its_fault.kind):
        return fault.kind == its_fault.kind
    pairs = zip(one.observations, other.observations, strict=True)
    return all(_same_call(exercise, case, a, b) for a, b in pairs)


def _same_call(exercise: Exercise, case: Case, one: Observation, other: Observation) -> bool:
    if one.failure is not None or other.failure is not None:
        return _same_failure(one.failure, other.failure)
    if one.changed != other.changed:
        return False
    assert one.result is not None
    assert other.result is not None
    if isinstance(compare.parts(exercise, other.result), str):
        return compare.parts(exercise, one.result) == compare.parts(exercise, other.result)
    if compare.equal_results(exercise, case, one.result, other.result, input_dtype(case)):
        return not case.gradients or compare.equal_gradients(case, one, other)
    return False


def _same_failure(one: Failure | None, other: Failure | None) -> bool:
    if one is None or other is None:
        return False
    return one.kind == other.kind and re.sub(r"\d+", "#", one.message) == re.sub(r"\d+", "#", other.message)
