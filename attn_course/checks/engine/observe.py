"""What is seen of a call, as plain data: numbers, shapes, names and sentences, and no object of the learner's."""

from __future__ import annotations

import linecache
import numbers
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

MAX_ENTRIES = 4_000_000
MAX_ITEMS = 256
MAX_TEXT = 400


@dataclass(frozen=True)
class Value:
    """One returned value.

    Args:
        kind: "tensor", "number", "sequence", "none" or "other".
        type: Name of its Python type.
        dtype: Of a tensor, such as "float32".
        device: Of a tensor, such as "cpu".
        shape: Of a tensor.
        data: Its numbers as float64, int64, bool or complex128; None where they cannot be read.
        items: Of a sequence.
    """

    kind: str
    type: str
    dtype: str = ""
    device: str = ""
    shape: tuple[int, ...] = ()
    data: np.ndarray | None = None
    items: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Failure:
    """An exception of the learner's code, or a fault of the learner's object, in words.

    Args:
        kind: Name of the exception, or of the fault ("signature", "parameters", "not-a-module").
        message: What it says, shortened.
        line: Source line of the learner that raised it, if known.
        number: Its line number, 0 if not known.
        where: "forward" or "backward".
    """

    kind: str
    message: str
    line: str = ""
    number: int = 0
    where: str = "forward"


@dataclass(frozen=True)
class Observation:
    """What one call did.

    Args:
        result: What it returned, if it did.
        failure: What it raised, if it did.
        gradients: Name → gradient; None where no gradient arrived.
        changed: Names of the arguments that it changed.
    """

    result: Value | None = None
    failure: Failure | None = None
    gradients: dict[str, Value | None] = field(default_factory=dict)
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Response:
    """What one case did: one observation for each of its calls."""

    observations: tuple[Observation, ...]


@dataclass(frozen=True)
class Responses:
    """What a learner's object did on all cases of an exercise.

    Args:
        exercise: Its id.
        seed: The seed of the cases.
        cases: One response for each case, in order; empty if the object was refused.
        refusal: Why the object could not be tried at all, or "".
        ready_made: Name of a ready-made answer that was called, or "".
    """

    exercise: str
    seed: int
    cases: tuple[Response, ...] = ()
    refusal: str = ""
    ready_made: str = ""


def value_of(thing: Any, depth: int = 0) -> Value:
    """Write down `thing` as plain data. Never raises: what cannot be read becomes a value of kind "other"."""
    name = type(thing).__name__[:60]
    try:
        if thing is None:
            return Value("none", "None")
        if isinstance(thing, Tensor):
            return _tensor(thing, name)
        if isinstance(thing, (bool, numbers.Number, np.generic)):
            return Value("number", name, data=np.asarray(thing))
        if isinstance(thing, Sequence) and not isinstance(thing, (str, bytes)) and depth < 3:
            items = tuple(value_of(item, depth + 1) for item in islice(thing, MAX_ITEMS))
            return Value("sequence", name, items=items)
    except Exception:
        return Value("other", name)
    return Value("other", name)


def _tensor(tensor: Tensor, name: str) -> Value:
    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        return Value("other", f"tensor of layout {str(tensor.layout).removeprefix('torch.')}")
    data = None
    if tensor.device.type != "meta" and tensor.numel() <= MAX_ENTRIES:
        plain = tensor.cpu().resolve_conj().resolve_neg()
        if plain.is_complex():
            data = plain.to(torch.complex128).numpy().copy()
        elif plain.is_floating_point():
            data = plain.to(torch.float64).numpy().copy()
        elif plain.dtype == torch.bool:
            data = plain.numpy().copy()
        else:
            data = plain.to(torch.int64).numpy().copy()
    return Value(
        "tensor", name, str(tensor.dtype).removeprefix("torch."), str(tensor.device), tuple(tensor.shape), data
    )


def failure_of(error: BaseException, where: str = "forward") -> Failure:
    """Write down an exception: its kind, its message, and the last line of the learner's own code that it passed."""
    line, number = "", 0
    for frame, lineno in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        module = frame.f_globals.get("__name__", "")
        if _is_library(file, str(module)):
            continue
        number = lineno
        line = linecache.getline(file, lineno, frame.f_globals).strip()[:160]
    if isinstance(error, SyntaxError) and error.lineno:
        number, line = error.lineno, (error.text or "").strip()[:160]
    try:
        message = " ".join(str(error).split())
    except Exception:
        message = ""
    # An address in memory differs from run to run and tells nobody anything.
    message = re.sub(r" at 0x[0-9a-f]+", "", message)
    if len(message) > MAX_TEXT:
        message = message[: MAX_TEXT - 1] + "…"
    return Failure(type(error).__name__[:60], message, line, number, where)


def _is_library(file: str, module: str) -> bool:
    if module.split(".")[0] in {"torch", "numpy", "attn_course", "einops", "jaxtyping", "beartype"}:
        # A mistake of the registry stands for a learner's code.
        return not module.startswith("attn_course.checks.mistakes")
    return "site-packages" in file or "/lib/python3" in file
