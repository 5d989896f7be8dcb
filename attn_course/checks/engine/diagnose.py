"""Finds the mistake that a learner made: the one of the registry whose results are theirs, to rounding."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from attn_course.checks.engine import compare
from attn_course.checks.engine.compare import Fault
from attn_course.checks.engine.exercise import Case, Exercise, Mistake
from attn_course.checks.engine.faults import Faults, device_fault, input_dtype, looks_at
from attn_course.checks.engine.observe import Failure, Observation, Response, Responses
from attn_course.checks.engine.respond import respond

ENOUGH = 0.75
"""Share of the cases in which a mistake shows that a learner's results must match, for the mistake to be named."""

CANDIDATES = 8
"""How many mistakes of a registry are compared on all cases."""

KEPT = 256
"""How many mistakes' responses are kept in memory."""

GENERAL = {
    "changed": ("changes-inputs", "Your results are right, but the inputs are not the same afterwards."),
    "generator": ("own-randomness", "Your results are right, but they do not come from the generator that is given."),
    "state": ("keeps-state", "Your code remembers something from an earlier call."),
    "device": ("wrong-device", "Your results are right, but on a GPU two devices would meet."),
    "dtype": ("wrong-dtype", "Your numbers are right, but not their dtype."),
    "gradient": ("cuts-autograd", "Your results are right, but their gradient is not."),
    "cut": ("cuts-autograd", "No gradient comes through your code: something on the way detaches it."),
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
        explains: Ids of the failed aspects that this mistake alone accounts for.
    """

    id: str
    sentence: str
    reread: str = ""
    matched: int = 0
    shown: int = 0
    explains: frozenset[str] = frozenset()


def diagnose(
    exercise: Exercise,
    cases: Sequence[Case],
    got: Responses,
    expected: Responses,
    faults: Faults,
    mistakes: Sequence[Mistake],
) -> Diagnosis | None:
    """The mistake of the registry that explains the learner's responses best, or a general one, or None."""
    first = faults.first()
    wrong = frozenset(i for i, fault in enumerate(first) if fault is not None)
    best: tuple[tuple[float, ...], Diagnosis] | None = None
    for mistake in _candidates(exercise, cases, got, first, mistakes):
        known = _known_of(exercise, mistake, got.seed)
        theirs, shown = known.responses, known.shows(exercise, cases, expected)
        matched = frozenset(i for i in shown & wrong if same(exercise, cases[i], got.cases[i], theirs.cases[i]))
        if not matched:
            continue
        share = len(matched) / len(shown)
        explained = len(matched) / len(wrong | shown)
        # A crash alike says less than numbers alike: alone it must explain all that is wrong, beside right results.
        telling = any(_ran(got.cases[i]) for i in matched) or (explained == 1 and len(wrong) < len(cases))
        if share < ENOUGH or explained <= 0.5 or not telling:
            continue
        if best is None or (explained, share) > best[0]:
            best = (
                (explained, share),
                Diagnosis(
                    mistake.id,
                    mistake.sentence,
                    mistake.reread,
                    len(matched),
                    len(shown),
                    _explained(exercise, cases, faults, matched),
                ),
            )
        if explained == 1:
            break
    if best is not None:
        return best[1]
    kinds = {fault.kind for fault in first if fault is not None}
    if "gradient" in kinds or any(aspect.measure == "values" for aspect in exercise.aspects):
        kinds = {"gradient" if kind == "cut" else kind for kind in kinds}
    if len(kinds) == 1 and (kind := kinds.pop()) in GENERAL:
        if kind == "gradient" and all(aspect.measure != "values" for aspect in exercise.aspects):
            return None  # where gradients alone are graded, nothing says that the results are right
        return Diagnosis(*GENERAL[kind])
    return None


def _explained(exercise: Exercise, cases: Sequence[Case], faults: Faults, matched: frozenset[int]) -> frozenset[str]:
    """The aspects that fail in no case but those in `matched`."""
    left = set()
    for i, case in enumerate(cases):
        for aspect in exercise.aspects:
            if i not in matched and looks_at(aspect, case) and faults.under(aspect.measure, i):
                left.add(aspect.id)
    return frozenset(aspect.id for aspect in exercise.aspects) - left


def _candidates(
    exercise: Exercise,
    cases: Sequence[Case],
    got: Responses,
    faults: Sequence[Fault | None],
    mistakes: Sequence[Mistake],
) -> list[Mistake]:
    """The mistakes that agree with the learner on a few of the learner's wrong cases, best first.

    Most mistakes of a registry are ruled out by one case of each aspect; to run them on all would take seconds.
    """
    if not any(_ran(response) for response in got.cases):
        return []
    sample: dict[str, int] = {}
    for i, fault in enumerate(faults):
        if fault is not None:
            sample.setdefault(cases[i].aspect, i)
    few = frozenset(sample.values())
    hits = []
    for order, mistake in enumerate(mistakes):
        known = _known.get((exercise.id, mistake.id, got.seed))
        run = known.responses if known else respond(exercise, mistake.implementation, got.seed, watch=False, only=few)
        if not run.refusal:
            count = sum(same(exercise, cases[i], got.cases[i], run.cases[i]) for i in few)
            hits.append((-count, order, mistake))
    return [mistake for count, _, mistake in sorted(hits, key=lambda hit: hit[:2])[:CANDIDATES] if count]


@dataclass
class _Known:
    """What a mistake does on the cases of a seed."""

    responses: Responses
    shown: frozenset[int] | None = None

    def shows(self, exercise: Exercise, cases: Sequence[Case], expected: Responses) -> frozenset[int]:
        """In which cases its results are wrong."""
        if self.shown is None:
            faults = Faults(exercise, cases, self.responses.cases, expected.cases).first()
            self.shown = frozenset(i for i, fault in enumerate(faults) if fault is not None)
        return self.shown


_known: OrderedDict[tuple[str, str, int], _Known] = OrderedDict()


def _known_of(exercise: Exercise, mistake: Mistake, seed: int) -> _Known:
    """All responses of a mistake; those used last are kept."""
    key = (exercise.id, mistake.id, seed)
    if key not in _known:
        _known[key] = _Known(respond(exercise, mistake.implementation, seed, watch=False))
    _known.move_to_end(key)
    while len(_known) > KEPT:
        _known.popitem(last=False)
    return _known[key]


def prepare(exercise: Exercise, mistakes: Sequence[Mistake], seed: int) -> list[Responses]:
    """Run all mistakes on a seed ahead, where many answers will be judged on it; their responses, in order."""
    return [_known_of(exercise, mistake, seed).responses for mistake in mistakes]


def _ran(response: Response) -> bool:
    return any(one.failure is None for one in response.observations)


def same(exercise: Exercise, case: Case, one: Response, other: Response) -> bool:
    """Whether two responses to a case are equal to rounding: results, gradients, changes and errors."""
    pairs = list(zip(one.observations, other.observations, strict=True))
    if case.observe in {"meta", "default_device"}:
        return all(
            (device_fault(exercise, case, a) is None) == (device_fault(exercise, case, b) is None) for a, b in pairs
        )
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
