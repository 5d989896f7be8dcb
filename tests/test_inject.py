"""Registered mistakes as the text of an answer cell: alone in a notebook they are what they are in the package."""

import builtins
import math
import symtable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attn_course.checks import evaluate
from attn_course.checks.registry import chapters, mistakes
from attn_course.grading.inject import as_answer

KNOWN = [
    pytest.param(mistake, id=f"{mistake.exercise}-{mistake.id}") for slug in chapters() for mistake in mistakes(slug)
]


FIRST = list({known.values[0].exercise: known for known in reversed(KNOWN)}.values())


def names_read(source: str) -> set[str]:
    """The names that code reads from outside of itself, in its functions and methods too."""
    table = symtable.symtable(source, "<cell>", "exec")
    own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_namespace()}
    read, waiting = set(), [table]
    while waiting:
        scope = waiting.pop()
        waiting += scope.get_children()
        symbols = scope.get_symbols()
        read |= {symbol.get_name() for symbol in symbols if symbol.is_global() and symbol.is_referenced()}
    return read - own


def run(source: str, name: str):
    """What a notebook has after its setup cell and this one."""
    notebook = {"math": math, "torch": torch, "F": F, "nn": nn, "__name__": "__main__"}
    exec(compile(source, "<cell>", "exec"), notebook)
    return notebook[name]


def factor(x):
    return LIMIT * x


LIMIT = 3


class Outer:
    def __init__(self, n):
        self.n = n


class Inner(Outer):
    """Inner is named in its own text."""

    def __init__(self, n):
        super(Inner, self).__init__(factor(n))  # noqa: UP008


def test_helpers_constants_and_base_classes_come_along():
    source = as_answer(Inner, "Shift")
    assert run(source, "Shift")(2).n == 6
    assert "KNOWN" not in source
    assert "Inner" not in source


def mean(x):
    return x.mean(dim=0) * mean.__code__.co_argcount


def test_a_method_of_the_same_name_keeps_it():
    source = as_answer(mean, "double")
    assert "x.mean(dim=0) * double.__code__" in source
    assert run(source, "double")(torch.ones(3, 2)).tolist() == [1.0, 1.0]


def test_an_object_made_inside_a_function_is_refused():
    def local():
        pass

    with pytest.raises(ValueError, match="not defined at the top of"):
        as_answer(local, "double")


@pytest.mark.parametrize("mistake", KNOWN)
def test_a_mistake_needs_nothing_but_the_notebook(mistake):
    source = as_answer(mistake.implementation, mistake.exercise)
    assert run(source, mistake.exercise).__name__ == mistake.exercise
    known = {"math", "torch", "F", "nn", *dir(builtins)}
    assert not names_read(source) - known


@pytest.mark.parametrize("mistake", FIRST)
def test_a_mistake_earns_in_a_notebook_what_it_earns_in_the_package(mistake):
    answer = run(as_answer(mistake.implementation, mistake.exercise), mistake.exercise)
    earned, expected = (evaluate(mistake.exercise, it, seed=7) for it in (answer, mistake.implementation))
    assert (earned.score, earned.diagnosis) == (expected.score, expected.diagnosis)
