"""Grade a class: find what is new or changed, have it graded, and write it down, each submission in exactly one state."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from attn_course.grading.gradebook import ClassGradebook, when
from attn_course.grading.item import GRADED, RETRY, UNGRADABLE, Item, Outcome
from attn_course.grading.ledger import Entry, Ledger, write_durably
from attn_course.grading.released import masks, not_graded, released_notebook
from attn_course.grading.seeds import submission_seed
from attn_course.grading.settings import Sandbox
from attn_course.grading.submission import Submission, Ungradable, read_submission
from attn_course.grading.version import AT_START

Engine = Callable[[Iterable[Item]], Iterator[tuple[Item, Outcome]]]


class CourseError(Exception):
    """A course folder that cannot be graded as it is; the message says why."""


@dataclass(frozen=True)
class Course:
    """A course folder with its settings.

    Args:
        folder: Where nbgrader_config.py lies.
        coursedir: nbgrader's view of it.
        sandbox: The class's settings for the sandbox.
    """

    folder: Path
    coursedir: CourseDirectory
    sandbox: Sandbox

    def submissions(self, assignment: str) -> list[str]:
        """The learners who handed something in for an assignment, in order."""
        root = Path(self.coursedir.format_path(self.coursedir.submitted_directory, ".", ".")).resolve()
        if not root.is_dir():
            return []
        with os.scandir(root) as found:
            names = [entry.name for entry in found if not entry.name.startswith(".")]
        return sorted(name for name in names if os.path.lexists(root / name / assignment))

    def strays(self, assignments: Collection[str]) -> list[tuple[str, str]]:
        """What learners handed in under a name that no assignment has: (learner, name of the folder), in order."""
        root = Path(self.coursedir.format_path(self.coursedir.submitted_directory, ".", ".")).resolve()
        found = []
        for learner in sorted(root.iterdir()) if root.is_dir() else ():
            if not learner.name.startswith(".") and learner.is_dir():
                with os.scandir(learner) as inside:
                    names = sorted(entry.name for entry in inside if entry.is_dir() and not entry.name.startswith("."))
                found += [(learner.name, name) for name in names if name not in assignments]
        return found

    def path(self, step: str, student: str, assignment: str) -> Path:
        """The folder of a submission in one of nbgrader's steps."""
        return Path(self.coursedir.format_path(step, student, assignment))


def open_course(folder: Path) -> Course:
    """Read a course folder's settings, as nbgrader does.

    Raises:
        CourseError: It is no course folder, or not one of this course.
    """
    file = folder / "nbgrader_config.py"
    if not file.is_file():
        raise CourseError(f"{folder} is no course folder: it has no nbgrader_config.py. Make one: attn-course class new")
    config: Config = PyFileConfigLoader(file.name, path=str(folder.resolve())).load_config()
    if "seed" not in config.Sandbox:
        raise CourseError(f"{file} does not call configure(c, …) of attn_course.grading.settings.")
    return Course(folder.resolve(), CourseDirectory(config=config), Sandbox(config=config))


@dataclass
class Grading:
    """One assignment of a course, being graded.

    Args:
        course: The course.
        assignment: Name of the assignment.
        trust: Whether learners' code runs without a sandbox.

    Raises:
        CourseError: The assignment was not released.
    """

    course: Course
    assignment: str
    trust: bool = False

    def __post_init__(self) -> None:
        coursedir = self.course.coursedir
        try:
            self.released = released_notebook(coursedir, self.assignment)
        except FileNotFoundError as error:
            raise CourseError(str(error)) from error
        self.gradebook = ClassGradebook(coursedir)
        if not self.gradebook.has_assignment(self.assignment):
            raise CourseError(f"the gradebook has no {self.assignment}: nbgrader generate_assignment {self.assignment}")
        self.text = nbformat.writes(self.released)
        self.ledger = Ledger(self.course.folder, self.assignment)
        self.recorded = self.gradebook.students(self.assignment)
        self.pending: dict[str, tuple[Entry, Submission]] = {}

    def items(self, students: Iterable[str], regrade: bool, settle: Callable[[str, Entry], None]) -> Iterator[Item]:
        """The submissions that are to be graded, read one by one as they are asked for.

        Args:
            students: Whose submissions.
            regrade: Grade again what has not changed.
            settle: Called with what needs no grading: entries that still hold, and submissions that cannot be read.
        """
        for student in students:
            folder = self.course.path(self.course.coursedir.submitted_directory, student, self.assignment)
            known = self.ledger.entry(student)
            try:
                submission = read_submission(folder, self.assignment)
            except Ungradable as error:
                entry = Entry(UNGRADABLE, self._key(f"{error}"), 0, reason=str(error), trusted=self.trust)
                if not self._holds(student, known, entry.key, regrade):
                    self._write_ungradable(student, entry, "")
                settle(student, entry)
                continue
            key = self._key(submission.digest + submission.handed_in)
            if known is not None and self._holds(student, known, key, regrade):
                settle(student, known)
                continue
            secret = self.course.sandbox.seed
            seed = submission_seed(secret, self.assignment, student, submission.digest)
            begun = Entry(RETRY, key, seed, notes=list(submission.notes), trusted=self.trust)
            self.pending[student] = (begun, submission)
            limits, hidden = self.course.sandbox.limits(), masks(self.course.coursedir)
            yield Item(self.assignment, student, self.text, submission, seed, limits, hidden, self.trust)

    def _holds(self, student: str, known: Entry | None, key: str, regrade: bool) -> bool:
        """Whether an entry of the ledger can stay as it is."""
        if known is None or regrade or known.state == RETRY or known.key != key:
            return False
        # The gradebook may have been put back to an older state.
        return student in self.recorded

    def _key(self, content: str) -> str:
        limits = repr(self.course.sandbox.limits())
        parts = [content, self.text, AT_START, str(self.course.sandbox.seed), limits]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

    def settle(self, item: Item, outcome: Outcome) -> Entry:
        """Write down what became of an item: the graded notebook, the gradebook, and last the ledger."""
        begun, submission = self.pending.pop(item.student)
        entry = Entry(
            outcome.state,
            begun.key,
            begun.seed,
            outcome.reason,
            outcome.scores,
            list(outcome.signals),
            begun.notes,
            begun.trusted,
            round(outcome.seconds, 3),
        )
        if outcome.state == GRADED:
            notebook = nbformat.reads(outcome.notebook, as_version=4)
            self._write_notebook(item.student, outcome.notebook, submission.handed_in)
            self.gradebook.record(self.assignment, item.student, when(submission.handed_in), notebook)
            self.ledger.write(item.student, entry)
        elif outcome.state == UNGRADABLE:
            self._write_ungradable(item.student, entry, submission.handed_in)
        else:
            self.ledger.write(item.student, entry)
        return entry

    def _write_ungradable(self, student: str, entry: Entry, handed_in: str) -> None:
        text = nbformat.writes(not_graded(self.released, f"This could not be graded: {entry.reason}"))
        self._write_notebook(student, text, handed_in)
        self.gradebook.record_not_graded(self.assignment, student, when(handed_in))
        self.ledger.write(student, entry)

    def _write_notebook(self, student: str, text: str, handed_in: str) -> None:
        """Put the graded notebook where nbgrader's feedback and formgrader look for it."""
        folder = self.course.path(self.course.coursedir.autograded_directory, student, self.assignment)
        write_durably(folder / f"{self.assignment}.ipynb", (text + "\n").encode("utf-8"))
        if when(handed_in) is not None:
            write_durably(folder / "timestamp.txt", handed_in.encode("ascii", "replace"))
