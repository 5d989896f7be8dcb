"""Checks of the exercises: `check` in a notebook, `evaluate` everywhere else."""

from __future__ import annotations

import os
import secrets
import sys
from typing import Any

from attn_course.checks.engine.judge import judge
from attn_course.checks.engine.report import Report
from attn_course.checks.engine.respond import respond
from attn_course.checks.registry import mistakes as mistakes_of  # `mistakes` becomes the subpackage here
from attn_course.checks.registry import place

__all__ = ["Report", "check", "evaluate"]

SEED_VARIABLE = "ATTN_COURSE_SEED"


def evaluate(exercise: str, learner: Any, seed: int | None = None, device: str = "cpu") -> Report:
    """Try a learner's answer and report on it.

    Args:
        exercise: Name of the exercise, such as "rnn_step".
        learner: The learner's function or class.
        seed: Seed of the inputs, a whole number of at least 0. The same seed gives the same report. By default the
            environment variable ATTN_COURSE_SEED, and where that is not set a fresh one.
        device: Where the inputs lie, such as "cuda".

    Returns:
        The report. Whatever the learner's code does, it ends there.

    Raises:
        UnknownExercise: If there is no such exercise; names the closest ones.
        ValueError: If the seed is no whole number of at least 0.
    """
    chapter, task = place(exercise)
    responses = respond(task, learner, _seed(seed), device)
    known = [mistake for mistake in mistakes_of(chapter.slug) if mistake.exercise == task.id]
    return judge(chapter, task, responses, known)


def check(exercise: str, learner: Any, seed: int | None = None, device: str = "cpu") -> float:
    """Try a learner's answer, show the report and return the score; what a check cell of a notebook calls.

    Args:
        exercise: Name of the exercise.
        learner: The learner's function or class.
        seed: See `evaluate`.
        device: See `evaluate`.

    Returns:
        The points earned, as a built-in float: nbgrader reads partial credit from it.
    """
    try:
        report = evaluate(exercise, learner, seed, device)
    except KeyboardInterrupt:
        print(f"{exercise}: interrupted before your code came to an end. Does a loop of yours never stop?")
        return 0.0
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        from IPython.display import display

        display({"text/plain": report.text, "text/html": report.html}, raw=True)
    else:
        print(report.text)
    return float(report.score)


def _seed(seed: int | None) -> int:
    if seed is None:
        given = os.environ.get(SEED_VARIABLE, "")
        if not given:
            return secrets.randbelow(2**31)
        if not given.isdecimal():
            raise ValueError(f"{SEED_VARIABLE} is {given!r}; asked is a whole number of at least 0")
        return int(given)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"the seed is {seed!r}; asked is a whole number of at least 0")
    return seed
