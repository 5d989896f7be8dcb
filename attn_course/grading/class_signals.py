"""`attn-course class signals`: what in a graded class a person may want to look at. It changes no grade."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from tqdm import tqdm

from attn_course.checks.registry import chapter_named, chapters
from attn_course.grading.cells import answer_id, answered_exercise
from attn_course.grading.coordinator import Course, CourseError, open_course
from attn_course.grading.item import GRADED
from attn_course.grading.ledger import Ledger, write_durably
from attn_course.grading.likeness import Class, Likeness
from attn_course.grading.progress import shown
from attn_course.grading.released import released_notebook
from attn_course.grading.submission import MAX_NOTEBOOK, Ungradable, read_cells, read_submission

NAMED = 3
"""Learners that a line names; the file has all."""

HEADER = ("learner", "signal", "exercise", "others", "alike")


@dataclass(frozen=True)
class Signal:
    """One line: who, and what there is to look at.

    Args:
        student: The learner.
        phrase: What it is.
        likeness: Whose answers are nearly the same, where that is it.
    """

    student: str
    phrase: str
    likeness: Likeness | None = None


def look(folder: Path, asked: str | None) -> str:
    """Gather the signals of a class and write them beside its ledger.

    Args:
        folder: Of the class.
        asked: Name of an assignment; None for all that were graded.

    Returns:
        The table.

    Raises:
        CourseError: The folder is no class, or nothing in it was graded.
    """
    course = open_course(folder)
    graded = [chapter.name for chapter in chapters().values() if (course.folder / "ledger" / chapter.name).is_dir()]
    if asked is not None and asked not in graded:
        raise CourseError(f"{asked!r} was not graded here. First: attn-course grade {folder} --assignment {asked}")
    if not graded:
        raise CourseError(f"nothing was graded in {folder} yet. First: attn-course grade {folder}")
    return "\n\n".join(_assignment(course, name) for name in ([asked] if asked else graded))


def _assignment(course: Course, assignment: str) -> str:
    ledger = Ledger(course.folder, assignment)
    found, students = [], []
    for student in course.submissions(assignment):
        entry = ledger.entry(student)
        if entry is not None and entry.state == GRADED:
            students.append(student)
            found += [Signal(student, phrase) for phrase in sorted(set(entry.signals))]
    for likeness in _alike(course, assignment, students):
        found.append(Signal(likeness.student, "nearly the same", likeness))
    found.sort(key=lambda one: (one.student, one.likeness is not None, one.phrase))
    path = ledger.folder / "signals.csv"
    write_durably(path, _csv(found))
    return _table(assignment, len(students), found) + f"\nWritten: {path}"


def _alike(course: Course, assignment: str, students: list[str]) -> list[Likeness]:
    chapter = chapter_named(assignment)
    known: dict[str, list[str]] = {exercise.id: [] for exercise in chapter.exercises}
    for notebook in _known_notebooks(course, assignment):
        for exercise, source in _answers(notebook):
            known.setdefault(exercise, []).append(source)
    answers = Class(known)
    for student in tqdm(students, desc=f"{assignment}: reading", unit="notebook", disable=None, leave=False):
        for exercise, source in _answers(_notebook(course, assignment, student)):
            answers.add(student, exercise, source)
    return [likeness for exercise in chapter.exercises for likeness in answers.alike(exercise.id)]


def _known_notebooks(course: Course, assignment: str) -> Iterator[nbformat.NotebookNode]:
    """The release, and the solution where the class has it."""
    yield released_notebook(course.coursedir, assignment)
    source = course.path(course.coursedir.source_directory, ".", assignment) / f"{assignment}.ipynb"
    if source.is_file():
        yield read_cells(source.read_bytes())


def _notebook(course: Course, assignment: str, student: str) -> nbformat.NotebookNode:
    """What was graded; where that cannot be read, what was handed in; where that cannot be read either, nothing."""
    path = course.path(course.coursedir.autograded_directory, student, assignment) / f"{assignment}.ipynb"
    try:
        with open(path, "rb") as file:
            return read_cells(file.read(MAX_NOTEBOOK))
    except (OSError, Ungradable):
        pass
    folder = course.path(course.coursedir.submitted_directory, student, assignment)
    try:
        return read_cells(read_submission(folder, assignment).notebook[1])
    except Ungradable:
        return nbformat.NotebookNode(cells=[])


def _answers(notebook: nbformat.NotebookNode) -> Iterator[tuple[str, str]]:
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        exercise = answered_exercise(name)
        if cell.cell_type == "code" and name == answer_id(exercise):
            yield exercise, cell.source.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")


def _csv(found: list[Signal]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for one in found:
        alike = one.likeness
        more = (alike.exercise, _names(alike), f"{alike.share:.2f}") if alike else ("", "", "")
        rows.writerow([_harmless(shown(part)) for part in (one.student, one.phrase, *more)])
    return text.getvalue().encode("utf-8", "replace")


def _names(likeness: Likeness) -> str:
    more = likeness.count - len(likeness.others)
    return "; ".join([*likeness.others, *([f"and {more} more"] if more else [])])


def _harmless(text: str) -> str:
    """Text that a spreadsheet takes for text: a learner's folder may be named like a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _table(assignment: str, graded: int, found: list[Signal]) -> str:
    learners = Counter(one.student for one in found)
    head = f"{assignment}: {graded} graded, {len(learners)} with something to look at."
    width = max((len(shown(student)) for student in learners), default=0)
    lines, last = [head], None
    for one in found:
        lines.append(f"  {shown(one.student) if one.student != last else '':<{width}}  {_said(one)}")
        last = one.student
    return "\n".join(lines)


def _said(one: Signal) -> str:
    if one.likeness is None:
        return shown(one.phrase)
    more = one.likeness.count - NAMED
    named = ", ".join(shown(other) for other in one.likeness.others[:NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{one.likeness.exercise}: {one.phrase} as {named} ({one.likeness.share:.0%})"
