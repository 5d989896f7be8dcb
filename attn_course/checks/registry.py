"""Finds the chapters: every module beside this one that defines `CHAPTER`."""

from __future__ import annotations

import difflib
import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from attn_course.checks.engine.exercise import Chapter, Exercise, Mistake


class UnknownExercise(KeyError):
    """Asked for an exercise that no chapter has."""

    def __str__(self) -> str:
        return str(self.args[0])


@cache
def chapters() -> dict[str, Chapter]:
    """Slug → chapter, in the order of the book."""
    package = import_module("attn_course.checks")
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.ispkg and m.name != "registry"]
    found = [import_module(f"attn_course.checks.{name}").CHAPTER for name in names]
    return {chapter.slug: chapter for chapter in sorted(found, key=lambda chapter: chapter.number)}


def chapter_named(name: str) -> Chapter:
    """The chapter whose notebook has that name.

    Raises:
        KeyError: There is none.
    """
    return {chapter.name: chapter for chapter in chapters().values()}[name]


@cache
def _places() -> dict[str, tuple[Chapter, Exercise]]:
    return {exercise.id: (chapter, exercise) for chapter in chapters().values() for exercise in chapter.exercises}


def place(name: str) -> tuple[Chapter, Exercise]:
    """The chapter and the exercise of that name.

    Raises:
        UnknownExercise: With the closest names.
    """
    if not isinstance(name, str):
        raise TypeError(f'the first argument is the name of an exercise, such as "rnn_step", not {type(name).__name__}')
    found = _places().get(name)
    if found is None:
        close = difflib.get_close_matches(name, _places(), n=3, cutoff=0.4)
        hint = f" Did you mean {' or '.join(close)}?" if close else f" There are: {', '.join(_places())}."
        raise UnknownExercise(f"no exercise is called {name!r}.{hint}")
    return found


def exercise(name: str) -> Exercise:
    """The exercise of that name; see `place`."""
    return place(name)[1]


@cache
def mistakes(slug: str) -> tuple[Mistake, ...]:
    """The registered mistakes of a chapter. Empty where the registry is out of reach, as in a sandbox."""
    module = f"attn_course.checks.mistakes.{slug}"
    return tuple(import_module(module).mistakes) if find_spec(module) is not None else ()
