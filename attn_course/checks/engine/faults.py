"""What is wrong in each case of an exercise, under the measures that look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from attn_course.checks.engine import compare
from attn_course.checks.engine.compare import Fault
from attn_course.checks.engine.exercise import Aspect, Case, Exercise
from attn_course.checks.engine.observe import Observation, Response

EVERYWHERE: frozenset[str] = frozenset({"dtype", "unchanged"})
"""Measures that look at every case whose values are compared."""


def input_dtype(case: Case) -> str | None:
    """Dtype of the first floating-point tensor that a case gives, such as "float32"."""
    for thing in (*case.arguments.values(), *(case.weights or {}).values()):
        for tensor in thing if isinstance(thing, (list, tuple)) else (thing,):
            if isinstance(tensor, Tensor) and tensor.is_floating_point():
                return str(tensor.dtype).removeprefix("torch.")
    return None


def device_fault(exercise: Exercise, case: Case, got: Observation) -> Fault | None:
    """Whether a call in a case of devices left the device that it belongs on."""
    # Without an input to follow, a new tensor belongs on the default device, which is `meta` in such a case.
    target = "meta" if case.observe == "meta" or not case.has_tensor else "cpu"
    return compare.device_fault(exercise, got, target)


def case_fault(exercise: Exercise, case: Case, got: Response, expected: Response, measure: str) -> Fault | None:
    """What is wrong in one case under one measure; None if nothing is."""
    dtype = input_dtype(case)
    if measure == "device":
        return device_fault(exercise, case, got.observations[0])
    if measure == "state":
        return _state_fault(exercise, case, got, expected, dtype)
    for call, one, target_one in zip(case.calls, got.observations, expected.observations, strict=True):
        fault = None
        if measure == "gradients":
            fault = compare.gradients_fault(exercise, call, one, target_one)
        elif measure == "values":
            fault = compare.values_fault(exercise, call, one, target_one, dtype)
        elif measure == "dtype":
            fault = compare.dtype_fault(exercise, one, dtype)
        elif measure == "unchanged":
            fault = compare.changed_fault(call, one)
        if fault is not None:
            return fault
    return None


def _state_fault(exercise: Exercise, case: Case, got: Response, expected: Response, dtype: str | None) -> Fault | None:
    """All calls are made twice, in the same order; some have the same shapes and other values.

    A wrong answer that remembers nothing is wrong alike each time, and for all values of the same shapes.
    """
    count = len(got.observations) // 2
    first, second = got.observations[:count], got.observations[count:]
    for call, one, again in zip(case.calls, first, second, strict=False):
        if one.failure is not None:
            return compare.failure_fault(one.failure)
        if again.failure is None and compare.equal_results(exercise, call, one.result, again.result, dtype):
            continue
        repeated = compare.values_fault(exercise, call, again, one, dtype)
        if repeated is not None:
            return Fault("state", f"the same call gives another result the second time: {repeated.message}")
    verdicts: dict[tuple, list[Fault | None]] = {}
    for call, one, target in zip(case.calls, first, expected.observations, strict=False):
        fault = compare.values_fault(exercise, call, one, target, dtype)
        verdicts.setdefault(_shapes(call.arguments), []).append(fault)
    for alike in verdicts.values():
        wrong = [fault for fault in alike if fault is not None]
        if wrong and len(wrong) < len(alike):
            said = wrong[0].message
            return Fault(
                "state", f"of two calls with equal shapes and other values, one is right and one wrong: {said}"
            )
    return None


def _shapes(arguments: Mapping[str, Any]) -> tuple:
    return tuple(tuple(thing.shape) if isinstance(thing, Tensor) else None for thing in arguments.values())


def looks_at(aspect: Aspect, case: Case) -> bool:
    """Whether an aspect is decided by a case."""
    if aspect.measure in EVERYWHERE:
        return case.observe in {"values", "repeat"}
    return case.aspect == aspect.id


class Faults:
    """What is wrong in each case of an exercise, found once under each measure that asks.

    Args:
        exercise: What was asked.
        cases: Its cases.
        got: What the learner's object did, a response for each case.
        expected: What the reference does.
    """

    def __init__(
        self, exercise: Exercise, cases: Sequence[Case], got: Sequence[Response], expected: Sequence[Response]
    ) -> None:
        self._exercise = exercise
        self._triples = list(zip(cases, got, expected, strict=True))
        self._found: dict[tuple[int, str], Fault | None] = {}

    def under(self, measure: str, index: int) -> Fault | None:
        """What is wrong in the case at `index` under one measure; None if nothing is."""
        key = (index, measure)
        if key not in self._found:
            self._found[key] = case_fault(self._exercise, *self._triples[index], measure)
        return self._found[key]

    def first(self) -> tuple[Fault | None, ...]:
        """The first fault of every case, under the measures that look at it."""
        measure_of = {aspect.id: aspect.measure for aspect in self._exercise.aspects}
        everywhere = [measure for measure in measure_of.values() if measure in EVERYWHERE]
        faults: list[Fault | None] = []
        for index, (case, _, _) in enumerate(self._triples):
            measures = [measure_of[case.aspect], *(everywhere if case.observe in {"values", "repeat"} else ())]
            faults.append(next((fault for measure in measures if (fault := self.under(measure, index))), None))
        return tuple(faults)
