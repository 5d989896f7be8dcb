"""`attn-course grade`: what an instructor sees in a terminal while a class is graded, and what is left to look at."""

from __future__ import annotations

import argparse
import difflib
import functools
import os
import sys
from collections import Counter

from tqdm import tqdm

from attn_course.grading.coordinator import Course, CourseError, Engine, Grading, open_course
from attn_course.grading.engines import EngineError, local
from attn_course.grading.gradebook import NoGradebook
from attn_course.grading.item import GRADED
from attn_course.grading.ledger import Entry, InUse, alone
from attn_course.grading.sandbox.bubblewrap import NoSandbox, find


class GradingError(Exception):
    """Something that the person who grades can put right; the message says how."""


def grade_course(options: argparse.Namespace) -> bool:
    """Grade the submissions of a course folder that are new or changed.

    Args:
        options: `folder`, `assignment`, `student`, `regrade`, `workers`, `dask` and `trust`, as on the command line.

    Returns:
        Whether every submission is graded.

    Raises:
        GradingError: The folder, the gradebook, the assignment, a learner, the sandbox or the cluster is not there.
    """
    try:
        course = open_course(options.folder)
        trust = options.trust or course.sandbox.trust
        if not (trust or options.dask):
            find()  # before anything is touched
        names = _assignments(course, options.assignment)
        handed_in = {name: course.submissions(name) for name in names}
        for student in options.student or ():
            if not any(student in students for students in handed_in.values()):
                raise CourseError(f"{student!r} has handed in nothing for {', '.join(names)}.")
        if options.student:
            names = [name for name in names if set(options.student) & set(handed_in[name])]
        with alone(course.folder):
            found = [_grade(Grading(course, name, trust), options, handed_in[name]) for name in names]
        if any(signals for _, signals in found):
            print(f"What there is to look at: attn-course class signals {options.folder}")
        strays = 0 if options.assignment else _report_strays(course, options.student)
    except (CourseError, InUse, NoGradebook, NoSandbox, EngineError) as error:
        raise GradingError(str(error)) from error
    return all(graded for graded, _ in found) and not strays


def _assignments(course: Course, asked: str | None) -> list[str]:
    release = course.path(course.coursedir.release_directory, ".", ".")
    names = sorted(folder.name for folder in release.resolve().iterdir() if folder.is_dir()) if release.is_dir() else []
    if asked is None:
        if not names:
            raise CourseError(f"nothing was released in {course.folder}. First: nbgrader generate_assignment NN_slug")
        return names
    if asked not in names:
        raise CourseError(f"there is no assignment {asked!r}; released are {', '.join(names) or 'none'}.")
    return [asked]


def _engine(options: argparse.Namespace) -> Engine:
    if options.dask is None:
        return functools.partial(local.run, workers=options.workers or os.cpu_count() or 1)
    from attn_course.grading.engines import cluster

    return functools.partial(cluster.run, address=options.dask)


def _report_strays(course: Course, students: list[str] | None) -> int:
    """Name what was handed in for no assignment, which nothing here or in nbgrader would ever look at."""
    names = _assignments(course, None)
    strays = [(who, name) for who, name in course.strays(names) if not students or who in students]
    for student, name in strays:
        near = difflib.get_close_matches(name, names, 1)
        meant = f" Is it {near[0]}?" if near else ""
        print(f"{shown(student)}: not graded: no assignment is called {shown(name)}.{meant}", file=sys.stderr)
    return len(strays)


def _grade(grading: Grading, options: argparse.Namespace, students: list[str]) -> tuple[bool, int]:
    """Grade one assignment: whether all of it is graded, and how many have signals."""
    if options.student:
        students = [name for name in students if name in options.student]
    count: Counter[str] = Counter()
    trouble: list[str] = []
    bar = tqdm(total=len(students), desc=grading.assignment, unit="notebook", file=sys.stderr, disable=None)

    def settled(student: str, entry: Entry, before: bool) -> None:
        count["unchanged" if before and entry.state == GRADED else entry.state] += 1
        if entry.state != GRADED:
            line = f"{shown(student)}: {entry.state}: {shown(entry.reason)}"
            trouble.append(line)
            with tqdm.external_write_mode(file=sys.stderr):
                print(line, file=sys.stderr, flush=True)
        elif entry.signals:
            count["with signals"] += 1
        bar.update()

    items = grading.items(students, options.regrade, lambda student, entry: settled(student, entry, True))
    with bar:
        for item, outcome in _engine(options)(items):
            settled(item.student, grading.settle(item, outcome), False)
    print(_summary(grading, count, len(students)))
    return not trouble, count["with signals"]


def shown(text: str) -> str:
    """Text of a learner's, such as a folder's name, as a terminal may show it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _summary(grading: Grading, count: Counter[str], total: int) -> str:
    words = ("graded", "unchanged", "ungradable", "retry")
    said = ", ".join(f"{count[word]} {word}" for word in words if count[word]) or "nothing handed in"
    lines = [f"{grading.assignment}: {total} submissions: {said}."]
    if count["with signals"]:
        lines.append(f"{count['with signals']} with something to look at.")
    if grading.trust:
        lines.append("They ran without a sandbox; the ledger says so.")
    return "\n".join(lines)
