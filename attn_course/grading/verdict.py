"""From one submission to its grades: rebuild the notebook, run it in the sandbox, judge what comes out, write it down.

This side never imports or executes a line of the learner's. What decides is the judge, on plain data, with cases made
here from a seed that the learner could not know.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from attn_course.checks.engine.exercise import Chapter, Exercise
from attn_course.checks.engine.judge import judge
from attn_course.checks.engine.observe import Responses
from attn_course.checks.engine.report import Report
from attn_course.checks.engine.wire import Unreadable, unpack
from attn_course.checks.registry import mistakes
from attn_course.grading.cells import is_grade, is_solution
from attn_course.grading.honesty import reported
from attn_course.grading.outputs import clean, error_output, source_of, without_places
from attn_course.grading.sandbox.zygote import Zygote
from attn_course.text import printable

log = logging.getLogger(__name__)
MAX_STARTS = 12
MAX_SHOWN = 6 * 2**20  # characters of all outputs of a notebook
ENDS = {
    "died": "its code ended Python itself",
    "cell time": "it did not stop when it was interrupted",
    "time": "the time for the whole notebook was over",
    "memory": "it took more memory than a notebook may",
    "processes": "it started more processes than a notebook may",
    "output": "it wrote more than a grader reads",
}


@dataclass
class Verdict:
    """The grades of one notebook.

    Args:
        notebook: As it was graded, with outputs that may be shown.
        scores: Exercise → points.
        signals: What a person may want to look at, beside the grade.
    """

    notebook: NotebookNode
    scores: dict[str, float] = field(default_factory=dict)
    signals: list[str] = field(default_factory=list)


@dataclass
class _Run:
    """What was seen of a notebook, over all its starts."""

    outputs: dict[int, list] = field(default_factory=dict)
    responses: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    ended: dict[int, str] = field(default_factory=dict)
    signals: set[str] = field(default_factory=set)


def grade(notebook: NotebookNode, chapter: Chapter, helpers: Mapping[str, bytes], seed: int, zygote: Zygote) -> Verdict:
    """Grade a notebook that was rebuilt from the release.

    Args:
        notebook: As `restore` gives it; is not changed.
        chapter: Whose exercises it has.
        helpers: The learner's helper files.
        seed: Of the checks.
        zygote: A sandbox for this chapter.

    Raises:
        attn_course.grading.sandbox.zygote.Broken: The sandbox failed.
    """
    exercises = {exercise.id: exercise for exercise in chapter.exercises}
    cells = [_as_job(cell, exercises) for cell in notebook.cells]
    run = _run(cells, helpers, seed, zygote)
    graded = NotebookNode(notebook | {"cells": [NotebookNode(cell) for cell in notebook.cells]})
    verdict = Verdict(graded)
    count, left = 0, MAX_SHOWN
    for position, cell in enumerate(graded.cells):
        cell.source = source_of(cell.source)
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        kind, exercise = cells[position]
        if kind == "check":
            report = _judge(chapter, exercises[exercise], run, position, seed)
            verdict.scores[exercise] = float(report.score)
            cell.outputs = _check_outputs(report, count)
            if report.diagnosis == "ready-made-answer":
                run.signals.add("ready-made answer")
        else:
            cell.outputs = clean(run.outputs.get(position, []))
            left -= sum(len(str(output)) for output in cell.outputs)
            if left < 0:
                cell.outputs = [error_output("LeftOut", "The notebook shows more than is kept.")] if cell.outputs else []
            if position in run.ended:
                cell.outputs.append(error_output("Stopped", f"This cell was stopped: {ENDS[run.ended[position]]}."))
    verdict.signals = sorted(run.signals)
    return verdict


def _as_job(cell: NotebookNode, exercises: Mapping[str, Exercise]) -> tuple[str, str]:
    if cell.cell_type != "code":
        return "skip", ""
    if is_grade(cell) and not is_solution(cell):
        return "check", cell.metadata.nbgrader.grade_id
    return ("code", cell.source) if cell.source.strip() else ("skip", "")


def _run(cells: Sequence[tuple[str, str]], helpers: Mapping[str, bytes], seed: int, zygote: Zygote) -> _Run:
    """Run a notebook; where a cell ends the process, start again without it, so that it costs only what it is worth."""
    run = _Run()
    waiting = list(cells)
    ends = time.monotonic() + zygote.limits.seconds
    for _ in range(MAX_STARTS):
        left = ends - time.monotonic()
        if left < 1:
            break
        ran = zygote.run(waiting, helpers, seed, left)
        run.outputs |= {cell: shown for cell, shown in ran.outputs.items() if cell not in run.outputs}
        run.responses |= {cell: said for cell, said in ran.responses.items() if cell not in run.responses}
        run.signals |= reported(ran.signals)
        if ran.ended == "done" or not 0 <= ran.started < len(waiting) or waiting[ran.started][0] == "skip":
            break
        run.ended[ran.started] = ran.ended
        waiting[ran.started] = ("skip", "")
    return run


def _judge(chapter: Chapter, exercise: Exercise, run: _Run, position: int, seed: int) -> Report:
    said, packed = run.responses.get(position, ("", b""))
    if packed and not said:
        try:
            responses = unpack(packed, exercise, seed)
        except Unreadable as error:
            run.signals.add("forged results")
            responses = Responses(exercise.id, seed, refusal=f"The results of this check cannot be read: {error}.")
    else:
        responses = Responses(exercise.id, seed, refusal=_why_nothing(exercise.id, run, position, said))
    known = [mistake for mistake in mistakes(chapter.slug) if mistake.exercise == exercise.id]
    try:
        return judge(chapter, exercise, responses, known)
    except Exception as error:
        # A fault of ours. It costs this exercise alone, and a person is told.
        log.error("the judge failed on %s with seed %s", exercise.id, seed, exc_info=error)
        run.signals.add("the judge failed: grade by hand")
        said = "This could not be judged, through no fault of yours. Your instructor has been told."
        return judge(chapter, exercise, Responses(exercise.id, seed, refusal=said), known)


def _why_nothing(name: str, run: _Run, position: int, said: str) -> str:
    """Why a check has no results, as a sentence for the learner."""
    if position in run.ended:
        return f"The check of {name} was stopped: {ENDS[run.ended[position]]}."
    if said == "missing":
        return f"There is no {name}: its answer cell is missing or failed, see there."
    if said == "interrupted":
        return f"The check of {name} was interrupted."
    if said:
        return printable(said[:300])
    return f"{name} was not checked: the notebook was stopped before."


def _check_outputs(report: Report, count: int) -> list[NotebookNode]:
    texts = {"text/plain": without_places(report.text), "text/html": without_places(report.html)}
    shown = nbformat.v4.new_output("display_data", texts)
    score = nbformat.v4.new_output("execute_result", {"text/plain": str(float(report.score))}, execution_count=count)
    return [shown, score]
