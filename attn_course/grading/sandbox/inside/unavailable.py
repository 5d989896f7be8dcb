"""Takes the library's ready-made answers away while a check runs, below Python, where no patch of a learner's reaches.

The watch of the checks sees calls in the interpreter, and code in the same process can blind it. Here the operators
themselves are replaced, for every thread and every name that they are called by.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch

from attn_course.checks.engine.ready_made import LIBRARY

KEYS = ("CPU", "Meta")
PREFIX = "aten::"
# Kept here, as they were before any learner's code ran.
_library = torch._C._dispatch_library
_operators = {
    name.removeprefix(PREFIX): name.removeprefix(PREFIX).partition(".")[0]
    for name in torch._C._dispatch_get_all_op_names()
    if name.startswith(PREFIX)
}


@contextlib.contextmanager
def unavailable(allowed: frozenset[str]) -> Iterator[list[str]]:
    """Make the ready-made operators fail inside the block, all but those that an exercise allows.

    Yields:
        The names of those that were called.
    """
    called: list[str] = []
    taken = [full for full, name in _operators.items() if _is_answer(name) and name not in allowed]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is replaced is what is wanted
        libraries = [_without(key, taken, called) for key in KEYS]
    try:
        yield called
    finally:
        libraries.clear()  # gives the operators back


def _is_answer(name: str) -> bool:
    # Autograd itself calls the kernel of a gradient, for every honest softmax too: that is for the watch alone.
    return (name in LIBRARY and not name.endswith("_backward_data")) or name.startswith("_scaled_dot_product")


def _without(key: str, taken: list[str], called: list[str]) -> Any:
    library = _library("IMPL", "aten", key, "", 0)
    for name in taken:
        library.impl(name, key, _refusal(name, called))
    return library


def _refusal(name: str, called: list[str]) -> Callable[..., None]:
    def refused(*_: Any, **__: Any) -> None:
        called.append(name.partition(".")[0])
        raise NotImplementedError(f"{name} is the ready-made answer, and not available while a check runs")

    return refused
