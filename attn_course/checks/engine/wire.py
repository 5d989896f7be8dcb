"""Responses as bytes and back: plain data only, so that what learners' code wrote can be read where grades are decided.

The form is a length, a JSON tree and the raw numbers of all arrays one after the other. Nothing in it is executed or
instantiated by name. `unpack` believes nothing: every kind, length and size is checked against the exercise.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from attn_course.checks.engine.exercise import Case, Exercise
from attn_course.checks.engine.observe import (
    MAX_ITEMS,
    MAX_TEXT,
    Failure,
    Observation,
    Response,
    Responses,
    Value,
)
from attn_course.text import printable

MAX_BYTES = 64 * 2**20
"""Largest size of the responses to one exercise, in bytes."""

MAX_TREE = 4 * 2**20
MAX_AXES = 12
NUMBERS = ("float64", "int64", "bool", "complex128")
KINDS = frozenset({"tensor", "number", "sequence", "none", "other"})
DEVICES = re.compile(r"(cpu|cuda|meta|mps|xpu)(:[0-9]{1,3})?")


class Unreadable(ValueError):
    """Bytes that are no responses to this exercise; the message says what is wrong with them."""


def pack(responses: Responses) -> bytes:
    """Write responses as bytes.

    Raises:
        Unreadable: They are larger than a judge would read.
    """
    arrays: list[bytes] = []
    # What was seen before a ready-made answer was called decides nothing, and is not read.
    cases = () if responses.refusal or responses.ready_made else responses.cases
    tree = {
        "exercise": responses.exercise,
        "seed": responses.seed,
        "refusal": responses.refusal,
        "ready_made": responses.ready_made,
        "cases": [[_observation_tree(one, arrays) for one in response.observations] for response in cases],
    }
    head = json.dumps(tree).encode("ascii")
    size = 8 + len(head) + sum(map(len, arrays))
    if size > MAX_BYTES or len(head) > MAX_TREE:
        raise Unreadable(f"The results of {responses.exercise} take {size >> 20} MiB, far more than are asked for.")
    return b"".join([len(head).to_bytes(8, "big"), head, *arrays])


def _observation_tree(one: Observation, arrays: list[bytes]) -> dict[str, Any]:
    failure = one.failure
    return {
        "result": None if one.result is None else _value_tree(one.result, arrays),
        "failure": None
        if failure is None
        else [failure.kind, failure.message, failure.line, failure.number, failure.where],
        "gradients": {
            name: None if gradient is None else _value_tree(gradient, arrays)
            for name, gradient in one.gradients.items()
        },
        "changed": list(one.changed),
    }


def _value_tree(value: Value, arrays: list[bytes]) -> dict[str, Any]:
    tree: dict[str, Any] = {"kind": value.kind, "type": value.type, "dtype": value.dtype, "device": value.device}
    # A length far beyond 64 bits, as a lying `shape` could give, is no number that another machine must read.
    tree["shape"] = [min(int(length), 2**62) for length in value.shape]
    if value.data is not None:
        plain = _plain(value.data)
        if plain is not None:
            tree["data"] = [plain.dtype.name, list(plain.shape)]
            arrays.append(plain.tobytes())
        elif value.kind == "number":
            tree["kind"] = "other"
    tree["items"] = [_value_tree(item, arrays) for item in value.items]
    return tree


def _plain(data: np.ndarray) -> np.ndarray | None:
    """The array in one of the four dtypes of the wire; None where it holds something else, such as objects."""
    if data.dtype.kind == "b":
        return data
    for kinds, dtype in (("iu", np.int64), ("f", np.float64), ("c", np.complex128)):
        if data.dtype.kind in kinds:
            return data.astype(dtype)
    return None


def unpack(packed: bytes, exercise: Exercise, seed: int) -> Responses:
    """Read responses to `exercise` that come from a place nobody trusts.

    Args:
        packed: What `pack` wrote, or anything else.
        exercise: What was asked.
        seed: The seed of the cases.

    Raises:
        Unreadable: They are not responses to the cases of this exercise and seed.
    """
    if len(packed) > MAX_BYTES:
        raise Unreadable(f"they take {len(packed) >> 20} MiB; at most {MAX_BYTES >> 20} MiB are read")
    length = int.from_bytes(packed[:8], "big")
    if len(packed) < 8 or length > min(len(packed) - 8, MAX_TREE):
        raise Unreadable("they are cut short")
    try:
        tree = json.loads(packed[8 : 8 + length].decode("ascii"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable("they are no JSON") from error
    reader = _Reader(packed, 8 + length)
    responses = reader.responses(tree, exercise, seed)
    if reader.position != len(packed):
        raise Unreadable("they have bytes left over")
    return responses


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed")


class _Reader:
    def __init__(self, packed: bytes, position: int) -> None:
        self.packed = packed
        self.position = position

    def responses(self, tree: Any, exercise: Exercise, seed: int) -> Responses:
        tree = _mapping(tree, {"exercise", "seed", "refusal", "ready_made", "cases"})
        if tree["exercise"] != exercise.id or type(tree["seed"]) is not int or tree["seed"] != seed:
            raise Unreadable("they answer another exercise or another seed")
        refusal, ready_made = _text(tree["refusal"]), _text(tree["ready_made"])
        found = _sequence(tree["cases"], 10_000)
        if refusal or ready_made:
            return Responses(exercise.id, seed, refusal=refusal, ready_made=ready_made)
        cases = exercise.cases(seed)
        if len(found) != len(cases):
            raise Unreadable(f"they answer {len(found)} cases, {len(cases)} were asked")
        return Responses(exercise.id, seed, tuple(self.response(one, c) for one, c in zip(found, cases, strict=True)))

    def response(self, tree: Any, case: Case) -> Response:
        found = _sequence(tree, len(case.calls))
        if len(found) != len(case.calls):
            raise Unreadable(f"they answer {len(found)} calls of a case, {len(case.calls)} were asked")
        return Response(tuple(self.observation(one, case) for one in found))

    def observation(self, tree: Any, case: Case) -> Observation:
        tree = _mapping(tree, {"result", "failure", "gradients", "changed"})
        failure = None
        if tree["failure"] is not None:
            kind, message, line, number, where = _sequence(tree["failure"], 5, 5)
            if where not in ("forward", "backward"):
                raise Unreadable("a failure has no place")
            failure = Failure(_text(kind), _text(message), _text(line), _count(number), where)
        result = None if tree["result"] is None else self.value(tree["result"])
        if result is None and failure is None:
            raise Unreadable("a call has neither a result nor a failure")
        gradients = tree["gradients"]
        if not isinstance(gradients, dict) or not gradients.keys() <= set(case.gradients):
            raise Unreadable("there are gradients that were not asked for")
        read = {name: None if one is None else self.value(one) for name, one in gradients.items()}
        known = set(case.arguments)
        changed = tuple(_text(name) for name in _sequence(tree["changed"], len(known)))
        if not set(changed) <= known:
            raise Unreadable("an argument is said to have changed that was not given")
        return Observation(result, failure, read, changed)

    def value(self, tree: Any, depth: int = 0) -> Value:
        tree = _mapping(tree, {"kind", "type", "dtype", "device", "shape", "items"}, {"data"})
        kind, device = tree["kind"], tree["device"]
        if not isinstance(kind, str) or kind not in KINDS or depth > 4:
            raise Unreadable("a value has no known kind")
        if not isinstance(device, str) or (device and not DEVICES.fullmatch(device)):
            raise Unreadable("a value lies on no known device")
        shape = tuple(_count(length) for length in _sequence(tree["shape"], 1000))
        data = self.array(tree["data"]) if "data" in tree else None
        if kind == "tensor" and data is not None and data.shape != shape:
            raise Unreadable("a tensor's numbers do not have its shape")
        if kind == "number" and (data is None or data.shape != ()):
            raise Unreadable("a number is none")
        items = tuple(self.value(item, depth + 1) for item in _sequence(tree["items"], MAX_ITEMS))
        return Value(kind, _text(tree["type"]), _text(tree["dtype"]), device, shape, data, items)

    def array(self, tree: Any) -> np.ndarray:
        name, lengths = _sequence(tree, 2, 2)
        if name not in NUMBERS:
            raise Unreadable("an array has a dtype that is not read")
        shape = tuple(_count(length) for length in _sequence(lengths, MAX_AXES))
        dtype = np.dtype(name)
        size = math.prod(shape) * dtype.itemsize
        if size > len(self.packed) - self.position:
            raise Unreadable("an array is cut short")
        raw = self.packed[self.position : self.position + size]
        self.position += size
        if name == "bool" and raw.strip(b"\x00\x01"):
            raise Unreadable("an array of truth values has others in it")
        return np.frombuffer(raw, dtype).reshape(shape).copy()


def _mapping(tree: Any, needed: set[str], optional: Sequence[str] | set[str] = ()) -> dict[str, Any]:
    if not isinstance(tree, dict) or not needed <= tree.keys() <= needed | set(optional):
        raise Unreadable("a part has other fields than are read")
    return tree


def _sequence(tree: Any, most: int, least: int = 0) -> list[Any]:
    if not isinstance(tree, list) or not least <= len(tree) <= most:
        raise Unreadable("a list is missing or too long")
    return tree


def _text(tree: Any) -> str:
    if not isinstance(tree, str):
        raise Unreadable("a text is none")
    return printable(tree[:MAX_TEXT])


def _count(tree: Any) -> int:
    if type(tree) is not int or not 0 <= tree <= 2**62:
        raise Unreadable("a count is none")
    return tree
