"""Compares what was seen with what is expected, and says in words where they part."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import torch

from attn_course.checks.engine.devices import is_meta, mixes_devices
from attn_course.checks.engine.exercise import Case, Exercise, Output, Seeded
from attn_course.checks.engine.observe import Failure, Observation, Value
from attn_course.checks.engine.wording import number, place_of, row_of, shape_sentence

TOLERANCE = {"float64": 1e-6, "float32": 1e-4, "float16": 1e-2, "bfloat16": 6e-2}
GRADIENT_TOLERANCE = 1e-5
FLOOR = 1e-6
OTHER_DTYPE = re.compile(r"same dtype|scalar type|data type", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in one case.

    Args:
        kind: "error", "structure", "shape", "nan", "value", "gradient", "cut", "dtype", "device",
            "changed", "generator" or "state".
        message: The sentence of the report.
    """

    kind: str
    message: str


def parts(exercise: Exercise, result: Value) -> tuple[Value, ...] | str:
    """The returned values in the order of `exercise.returns`, or what is wrong with the container."""
    asked = exercise.returns
    if len(asked) == 1:
        if asked[0].kind == "tensors" or result.kind != "sequence":
            return (result,)
        return f"you return {_container(result)}, asked is {_what(asked[0])}"
    names = ", ".join(output.name for output in asked)
    if result.kind != "sequence":
        return f"you return {_container(result)}, asked is a tuple ({names})"
    if len(result.items) != len(asked):
        return f"you return {_container(result)}, asked is a tuple of {len(asked)}: ({names})"
    return result.items


def _what(output: Output) -> str:
    return {"tensor": "one tensor", "number": "a number", "tensors": "a sequence of tensors"}[output.kind]


def _container(result: Value) -> str:
    if result.kind == "none":
        return "None (is there a `return`?)"
    if result.kind == "sequence":
        return f"a {result.type} of {len(result.items)}"
    if result.kind == "tensor":
        return "one tensor"
    return f"a {result.type}"


def failure_fault(failure: Failure) -> Fault:
    """The sentence for an exception of the learner's."""
    if failure.kind == "NotImplementedError" and not failure.message:
        return Fault("stub", "this is still the stub: replace `raise NotImplementedError()` by your code")
    if failure.kind in {"signature", "parameters", "method", "size"}:
        return Fault("structure", failure.message)
    where = f" in line {failure.number}" if failure.number else ""
    if failure.kind == "TooLong":
        code = f": `{failure.line}`" if failure.line else ""
        return Fault("error", f"your code did not come to an end and was stopped{where}{code}. Does a loop never stop?")
    code = f": `{failure.line}`" if failure.line else ""
    said = f"{failure.kind}: {failure.message}" if failure.message else failure.kind
    step = "the backward pass raises" if failure.where == "backward" else "your code raises"
    if OTHER_DTYPE.search(failure.message):
        code += ". A tensor of yours has another dtype than the inputs: make it with x.new_zeros(…) or dtype=x.dtype"
    return Fault("error", f"{step} {said}{where}{code}")  # the learner's line, never one of ours


def values_fault(
    exercise: Exercise, case: Case, got: Observation, expected: Observation, dtype: str | None
) -> Fault | None:
    """What is wrong with the values of one call, whatever their dtype; None if nothing is."""
    if got.failure is not None:
        return failure_fault(got.failure)
    assert got.result is not None
    assert expected.result is not None
    found = parts(exercise, got.result)
    if isinstance(found, str):
        return Fault("structure", found)
    wanted = parts(exercise, expected.result)
    assert not isinstance(wanted, str), "the reference returns what is asked"
    for output, value, target in zip(exercise.returns, found, wanted, strict=True):
        if case.compared and output.name not in case.compared:
            continue
        fault = output_fault(output, case, value, target, dtype)
        if fault is not None:
            return fault
    return None


def output_fault(output: Output, case: Case, got: Value, expected: Value, dtype: str | None) -> Fault | None:
    """What is wrong with one returned value; None if nothing is."""
    if output.kind == "tensors":
        return _sequence_fault(output, case, got, expected, dtype)
    if output.kind == "number":
        is_number = got.data is not None and got.data.ndim == 0 and got.kind in {"tensor", "number"}
        if not is_number:
            shape = f" of shape {got.shape}" if got.kind == "tensor" else ""
            return Fault("structure", f"{output.name}: {_container(got)}{shape}, asked is a single number")
    elif got.kind != "tensor":
        hint = " (torch.stack or torch.cat makes one)" if got.kind == "sequence" else ""
        return Fault("structure", f"{output.name}: you return {_container(got)}, asked is a tensor{hint}")
    if is_meta(got.device) if got.device else False:
        return Fault("device", f"{output.name}: on the device {got.device}, asked is the device of the inputs")
    if output.compare is not None:
        sentence = output.compare(got.data, expected.data, case)
        return Fault("value", f"{output.name}: {sentence}") if sentence else None
    if output.kind == "tensor" and got.shape != expected.shape:
        return Fault("shape", shape_sentence(output, got.shape, expected.shape))
    if got.data is None:
        return Fault("structure", f"{output.name}: the result is too large to be read")
    fault = numbers_fault(output, got.data, expected.data, tolerance(case, dtype))
    if fault is not None and fault.kind == "value" and output.explain is not None:
        return Fault("value", f"{output.name}: {output.explain(got.data, expected.data, case)}")
    return fault or _leak_fault(output, case, got.data)


def _sequence_fault(output: Output, case: Case, got: Value, expected: Value, dtype: str | None) -> Fault | None:
    if got.kind != "sequence":
        return Fault("structure", f"{output.name}: you return {_container(got)}, asked is {_what(output)}")
    if len(got.items) != len(expected.items):
        return Fault("structure", f"{output.name}: {len(got.items)} tensors, asked are {len(expected.items)}")
    for index, (one, target) in enumerate(zip(got.items, expected.items, strict=True)):
        single = Output(f"{output.name}[{index}]", output.axes, output.dtype)
        fault = output_fault(single, case, one, target, dtype)
        if fault is not None:
            return fault
    return None


def tolerance(case: Case, dtype: str | None) -> float:
    """Relative tolerance of a case whose inputs have `dtype`."""
    return case.tolerance if case.tolerance is not None else TOLERANCE.get(dtype or "", 1e-6)


def numbers_fault(output: Output, got: np.ndarray, expected: np.ndarray, relative: float) -> Fault | None:
    """What is wrong with the entries; shapes are equal."""
    if got.size == 0:
        return None
    if got.dtype.kind == "c" or got.dtype.kind not in "fiub":
        return Fault("value", f"{output.name}: not real numbers")
    got, expected = got.astype(np.float64, copy=False), expected.astype(np.float64, copy=False)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite in both: not apart
        apart = np.abs(got - expected)
    allowed = max(relative * _largest(expected), FLOOR)
    if (apart <= allowed).all():
        return None
    for bad, word in ((np.isnan(got), "NaN"), (np.isinf(got) & ~np.isinf(expected), "infinite")):
        if bad.any():
            place = place_of(output, np.unravel_index(int(bad.argmax()), got.shape))
            count = f" ({int(bad.sum())} of {bad.size} entries)" if bad.size > 1 else ""
            return Fault("nan", f"{output.name}{place}: {word}{count}, expected {_row(expected, bad)}")
    wrong = apart > allowed
    if wrong.any():
        return Fault("value", _difference(output, got, expected, apart))
    return None


def _leak_fault(output: Output, case: Case, got: np.ndarray) -> Fault | None:
    """Whether an entry that must be exactly 0 is not."""
    if output.exact_zero is None or got.size == 0:
        return None
    leak = np.abs(got) * output.exact_zero(case, got.shape)
    if not leak.any():
        return None
    index = np.unravel_index(int(leak.argmax()), got.shape)
    return Fault("value", f"{output.name}{place_of(output, index)}: {got[index]:.2g} where it must be exactly 0")


def _row(expected: np.ndarray, where: np.ndarray) -> str:
    index = np.unravel_index(int(where.argmax()), expected.shape)
    return number(float(expected[index]))


def _difference(output: Output, got: np.ndarray, expected: np.ndarray, apart: np.ndarray) -> str:
    index = np.unravel_index(int(apart.argmax()), got.shape)
    if got.ndim == 0:
        return f"your {output.name} is {number(float(got))}, expected {number(float(expected))}"
    row = tuple(int(i) for i in index[:-1])
    start = max(0, min(int(index[-1]) - 2, got.shape[-1] - 5))
    shown = slice(start, start + 5)
    place = place_of(output, (*row, None))
    if got.shape[-1] > 5:
        axis = output.axes[-1] if output.axes else "entries"
        place += f"{',' if place else ' at'} {axis} {start} to {min(start + 4, got.shape[-1] - 1)}"
    return f"your {output.name}{place}: {row_of(got[row][shown])}, expected {row_of(expected[row][shown])}"


def gradients_fault(exercise: Exercise, case: Case, got: Observation, expected: Observation) -> Fault | None:
    """What is wrong with the gradients of one call, or with the shape of what they are of. None counts as zero."""
    if got.failure is not None:
        return failure_fault(got.failure)
    fault = _shapes_fault(exercise, case, got, expected)
    if fault is not None:
        return fault
    for name in case.gradients:
        wanted, found = expected.gradients.get(name), got.gradients.get(name)
        target = wanted.data if wanted is not None else np.zeros(())
        assert target is not None
        data = found.data if found is not None else None
        if data is None:
            if float(np.abs(target).max(initial=0)) > FLOOR:
                return Fault("cut", f"no gradient reaches {name}: something on the way detaches it")
            continue
        if wanted is None:
            target = np.zeros_like(data)
        fault = numbers_fault(Output(f"gradients by {name}"), data, target, GRADIENT_TOLERANCE)
        if fault is not None:
            return Fault("gradient" if fault.kind == "value" else fault.kind, fault.message)
    return None


def _shapes_fault(exercise: Exercise, case: Case, got: Observation, expected: Observation) -> Fault | None:
    """Whether the results through which gradients are graded have other shapes than asked."""
    assert got.result is not None
    assert expected.result is not None
    found, wanted = parts(exercise, got.result), parts(exercise, expected.result)
    if isinstance(found, str):
        return Fault("structure", found)
    for position in exercise.main:
        output, one, target = exercise.returns[position], found[position], wanted[position]
        if output.kind == "tensor" and one.kind == "tensor" and one.shape != target.shape:
            return Fault("shape", shape_sentence(output, one.shape, target.shape))
    return None


def dtype_fault(exercise: Exercise, got: Observation, dtype: str | None) -> Fault | None:
    """What is wrong with the dtypes of one call."""
    if got.failure is not None or got.result is None:
        return None
    found = parts(exercise, got.result)
    if isinstance(found, str):
        return None
    for output, value in zip(exercise.returns, found, strict=True):
        asked = dtype if output.dtype == "input" else output.dtype
        for one in value.items if output.kind == "tensors" else (value,):
            if one.kind != "tensor" or output.kind == "number" or not asked or one.dtype == asked:
                continue
            why = "the dtype of the inputs" if output.dtype == "input" else "asked"
            return Fault("dtype", f"{output.name}: dtype {one.dtype}, expected {asked} ({why})")
    return None


def device_fault(exercise: Exercise, got: Observation, target: str) -> Fault | None:
    """Whether a call names a device of its own. Errors that come from reading values say nothing."""
    fix = "make new tensors with device=… of an input, or with x.new_zeros(…)"
    if got.failure is not None:
        if got.failure.kind == "DeviceError" or mixes_devices(got.failure.message):
            line = f" (line {got.failure.number}: `{got.failure.line}`)" if got.failure.line else ""
            return Fault("device", f"a tensor is made on another device than the inputs{line}: {fix}")
        return None
    found = parts(exercise, got.result) if got.result is not None else ""
    if isinstance(found, str):
        return None
    for output, value in zip(exercise.returns, found, strict=True):
        for one in value.items if output.kind == "tensors" else (value,):
            if one.kind != "tensor" or output.kind == "number":
                continue
            if torch.device(one.device).type != target:
                return Fault("device", f"{output.name} lies on {one.device}, the inputs on {target}: {fix}")
    return None


def changed_fault(case: Case, got: Observation) -> Fault | None:
    """Whether a call changed its arguments, or left alone a generator from which it should have drawn."""
    if got.failure is not None:
        return None
    generators = [name for name, argument in case.arguments.items() if isinstance(argument, Seeded)]
    unused = [name for name in generators if name not in got.changed]
    if unused:
        said = (
            f"your code draws nothing from {unused[0]}, or gives it another seed first: hand it on as it is, as in "
            f"torch.rand(…, generator={unused[0]})"
        )
        return Fault("generator", said)
    names = ", ".join(name for name in got.changed if name not in generators)
    if not names:
        return None
    return Fault("changed", f"your code changes {names} in place; work on a copy, or write x = x * 2 instead of x *= 2")


def equal_results(exercise: Exercise, case: Case, one: Value, other: Value, dtype: str | None) -> bool:
    """Whether two results are equal to rounding, NaN to NaN, in shape and dtype."""
    ours, theirs = parts(exercise, one), parts(exercise, other)
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    pairs = zip(exercise.returns, ours, theirs, strict=True)
    return all(_alike(output, case, a, b, tolerance(case, dtype)) for output, a, b in pairs)


def _alike(output: Output, case: Case, one: Value, other: Value, relative: float) -> bool:
    if one.kind != other.kind or (one.dtype and other.dtype and one.dtype != other.dtype):
        return False
    if one.kind == "sequence":
        pairs = zip(one.items, other.items, strict=False)
        return len(one.items) == len(other.items) and all(_alike(output, case, a, b, relative) for a, b in pairs)
    if one.data is None or other.data is None:
        return one == other
    if output.compare is not None and output.compare(one.data, other.data, case) is None:
        return True  # where several results are right, several show the same mistake
    if one.data.shape != other.data.shape:
        return False
    return arrays_alike(one.data, other.data, relative)


def arrays_alike(one: np.ndarray, other: np.ndarray, relative: float) -> bool:
    """Whether two arrays are equal to `relative` of the largest entry; NaN equals NaN, infinity itself."""
    if "c" in (one.dtype.kind, other.dtype.kind):
        return np.array_equal(one, other, equal_nan=True)
    one, other = one.astype(np.float64, copy=False), other.astype(np.float64, copy=False)
    allowed = max(relative * _largest(other), FLOOR)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(one - other) <= allowed
    return bool((near | (one == other) | (np.isnan(one) & np.isnan(other))).all())


def _largest(numbers: np.ndarray) -> float:
    """The largest of the finite entries without their signs; 0 if there are none."""
    largest = float(np.abs(numbers).max(initial=0.0))
    return largest if np.isfinite(largest) else float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0))


def equal_gradients(case: Case, one: Observation, other: Observation) -> bool:
    """Whether two calls give the same gradients, to rounding."""
    for name in case.gradients:
        ours, theirs = one.gradients.get(name), other.gradients.get(name)
        a, b = (np.zeros(()) if g is None or g.data is None else g.data for g in (ours, theirs))
        a, b = np.broadcast_arrays(a, b) if 0 in (a.ndim, b.ndim) else (a, b)
        if a.shape != b.shape or not arrays_alike(a, b, GRADIENT_TOLERANCE):
            return False
    return True
