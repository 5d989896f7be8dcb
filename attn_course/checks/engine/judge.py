"""Decides what a learner's responses are worth. Needs no code of the learner's, only what `respond` wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from typing import Any

import torch

from attn_course.checks.engine.diagnose import Diagnosis, diagnose
from attn_course.checks.engine.exercise import HYGIENE, Aspect, Case, Chapter, Exercise, Mistake
from attn_course.checks.engine.faults import EVERYWHERE, Faults, looks_at
from attn_course.checks.engine.observe import Response, Responses
from attn_course.checks.engine.ready_made import SWITCHED_OFF, known_as
from attn_course.checks.engine.report import PLAIN, AspectResult, Report
from attn_course.checks.engine.respond import respond

READY_MADE = "ready-made-answer"


def judge(chapter: Chapter, exercise: Exercise, responses: Responses, mistakes: Sequence[Mistake]) -> Report:
    """Decide each aspect of `exercise` and find the mistake that was made.

    Args:
        chapter: Where the exercise stands, for what the report says to reread.
        exercise: What was asked.
        responses: What `respond` saw, with the seed of its cases.
        mistakes: The registry of this exercise.

    Returns:
        The report.
    """
    if responses.refusal:
        return _refused(chapter, exercise, responses, responses.refusal)
    if responses.ready_made:
        said = (
            f"This calls {known_as(responses.ready_made)}, a ready-made answer. The task is to write it: use elementary "
            "operations such as products, exp, sum, softmax and indexing."
        )
        if responses.ready_made == SWITCHED_OFF:
            said = f"This calls {SWITCHED_OFF}, by which the check looks for ready-made answers. Leave it out."
        return _refused(chapter, exercise, responses, said, READY_MADE)
    cases = exercise.cases(responses.seed)
    if len(cases) != len(responses.cases):
        return _refused(chapter, exercise, responses, "The responses are not those of this exercise and seed.")
    expected = expected_responses(exercise, responses.seed)
    faults = Faults(exercise, cases, responses.cases, expected.cases)
    results = [_decide(aspect, exercise, cases, responses.cases, faults) for aspect in exercise.aspects]
    # Keeping the dtype of a wrong result earns nothing.
    right = any(r.passed for r, a in zip(results, exercise.aspects, strict=True) if a.measure not in HYGIENE)
    if not right:
        trouble = _same_trouble(exercise, results)
        if trouble:
            return _refused(chapter, exercise, responses, trouble)
        results = [
            replace(r, score=0.0, message="this counts once a result is right", kind="waiting")
            if a.measure in HYGIENE
            else r
            for r, a in zip(results, exercise.aspects, strict=True)
        ]
    diagnosis = None
    if not all(result.passed for result in results):
        diagnosis = diagnose(exercise, cases, responses, expected, faults, mistakes)
    return Report.of(chapter, exercise, responses.seed, results, diagnosis)


def reference_of(exercise: Exercise) -> Any:
    """The function or class of the package that answers an exercise."""
    module, _, name = exercise.reference.partition(":")
    return getattr(import_module(module), name)


@lru_cache(maxsize=64)
def _expected(exercise_id: str, seed: int, exercise: Exercise) -> Responses:
    cases = exercise.cases(seed)
    numbers = frozenset(i for i, case in enumerate(cases) if case.observe not in {"meta", "default_device"})
    return respond(exercise, reference_of(exercise), seed, precision=torch.float64, watch=False, only=numbers)


def expected_responses(exercise: Exercise, seed: int) -> Responses:
    """What the reference does on the cases of a seed, in float64; where a case asks for a device alone, nothing."""
    return _expected(exercise.id, seed, exercise)


def _decide(
    aspect: Aspect, exercise: Exercise, cases: Sequence[Case], got: Sequence[Response], faults: Faults
) -> AspectResult:
    message, kind, failed, looked_at, ran = "", "", 0, 0, False
    for index, (case, one) in enumerate(zip(cases, got, strict=True)):
        if not looks_at(aspect, case):
            continue
        looked_at += 1
        ran = ran or any(call.failure is None for call in one.observations)
        fault = faults.under(aspect.measure, index)
        if fault is not None:
            failed += 1
            if not message:
                kind = fault.kind
                message = fault.message if kind in PLAIN else f"{case.name}: {fault.message}"
    if not looked_at:
        raise ValueError(f"{exercise.id}: no case shows the aspect {aspect.id}")
    if not ran and not message and aspect.measure in EVERYWHERE:
        message, kind = "this counts once the code runs", "waiting"
    if failed > 1 and kind not in PLAIN:
        message += f" ({failed} of {looked_at} cases)"
    score = 0.0 if message else aspect.points
    return AspectResult(aspect.id, aspect.name, score, aspect.points, message, aspect.hint, aspect.reread, kind)


def _same_trouble(exercise: Exercise, results: Sequence[AspectResult]) -> str:
    """The sentence of a stub, an error or a wrong container that alone fails every aspect of the numbers."""
    decided = [r for r, a in zip(results, exercise.aspects, strict=True) if a.measure == "values"]
    kinds, messages = {r.kind for r in decided}, {r.message for r in decided}
    if len(kinds) == 1 and kinds <= PLAIN and (len(messages) == 1 or kinds == {"stub"}):
        sentence = messages.pop()
        if sentence.startswith(("you", "this")):  # and not with the name of a result
            sentence = sentence[0].upper() + sentence[1:]
        return sentence if sentence.endswith((".", "`")) else f"{sentence}."
    return ""


def _refused(
    chapter: Chapter, exercise: Exercise, responses: Responses, sentence: str, diagnosis: str | None = None
) -> Report:
    results = [
        AspectResult(a.id, a.name, 0.0, a.points, sentence, a.hint, a.reread, "structure") for a in exercise.aspects
    ]
    found = Diagnosis(diagnosis, sentence) if diagnosis else None
    return Report.of(chapter, exercise, responses.seed, results, found, "" if found else sentence)
