"""Write grades into nbgrader's gradebook, by its own API. One process alone may do this for a class."""

from __future__ import annotations

import logging
import math
from datetime import datetime
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import and_, make_url
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)


class NoGradebook(Exception):
    """The class's database cannot be opened; the message says why."""


class ClassGradebook:
    """The gradebook of a class, opened once: every opening costs more than to write down a submission.

    Args:
        coursedir: nbgrader's view of the course folder, with the database's address.

    Raises:
        NoGradebook: There is no such database, no way to it or no driver for it.
    """

    def __init__(self, coursedir: CourseDirectory) -> None:
        self.coursedir = coursedir
        try:
            self._book = Gradebook(coursedir.db_url, coursedir.course_id)
        except ModuleNotFoundError as error:
            driver = f"its driver {error.name} is not installed here; pip install it"
            raise NoGradebook(_cannot_be_opened(coursedir, driver)) from error
        except SQLAlchemyError as error:
            raise NoGradebook(_cannot_be_opened(coursedir, str(error).splitlines()[0])) from error

    def __enter__(self) -> ClassGradebook:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._book.close()
        self._book.engine.dispose()

    def has_assignment(self, assignment: str) -> bool:
        """Whether the gradebook knows an assignment."""
        try:
            self._book.find_assignment(assignment)
        except MissingEntry:
            return False
        finally:
            self._book.close()
        return True

    def students(self, assignment: str) -> set[str]:
        """The learners of whom the gradebook has a submission."""
        try:
            return {submission.student_id for submission in self._book.assignment_submissions(assignment)}
        finally:
            self._book.close()

    def scores(self, assignment: str, student: str) -> dict[str, float] | None:
        """Exercise → points, with what an instructor changed by hand; NaN where there is no grade yet.

        Returns:
            None where the gradebook has no submission.
        """
        with self._book:
            try:
                submission = self._book.find_submission(assignment, student)
            except MissingEntry:
                return None
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            return {grade.name: math.nan if grade.auto_score is None else grade.score for grade in grades}

    def record(self, assignment: str, student: str, handed_in: datetime | None, notebook: NotebookNode) -> None:
        """Write the grades of a graded notebook, as `nbgrader autograde` does after it has executed one.

        Manual grades and comments stay; a grade that a person has changed is marked for another look. All is written
        at once, where nbgrader's own step asks for every cell by a query and commits it by itself.
        """
        with self._book:
            submission = self._submission(assignment, student, handed_in)
            mine = self._book.find_submission_notebook(assignment, assignment, student)
            grades, comments = self._of(Grade, "GradeCell", mine), self._of(Comment, "SolutionCell", mine)
            for cell in notebook.cells:
                if utils.is_grade(cell):
                    grade = grades[cell.metadata.nbgrader.grade_id]
                    grade.auto_score, _ = utils.determine_grade(cell, log)
                    grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
                if utils.is_solution(cell):
                    untouched = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
                    comments[cell.metadata.nbgrader.grade_id].auto_comment = "No response." if untouched else None
            late = submission.total_seconds_late > 0 or mine.late_submission_penalty is not None
            self._book.db.commit()
        if late:
            resources = {"student": student, "assignment": assignment, "notebook": assignment}
            resources["db_url"] = self.coursedir.db_url
            AssignLatePenalties(config=self.coursedir.config).preprocess(notebook, {"nbgrader": resources})

    def _of(self, kind: type[Grade] | type[Comment], cells: str, notebook: SubmittedNotebook) -> dict[str, Any]:
        """The grades or comments of a learner's notebook by name; made where the assignment got a cell since."""
        asked = self._book.db.query(BaseCell.name, BaseCell.id, kind)
        here = and_(kind.cell_id == BaseCell.id, kind.notebook_id == notebook.id)
        found = asked.outerjoin(kind, here).filter(BaseCell.notebook_id == notebook.notebook_id, BaseCell.type == cells)
        rows = {}
        for name, cell, row in found.all():
            if row is None:
                row = kind(cell_id=cell, notebook_id=notebook.id)
                self._book.db.add(row)
            rows[name] = row
        return rows

    def record_not_graded(self, assignment: str, student: str, handed_in: datetime | None) -> None:
        """Write that a submission waits for a person: it has no automatic grade, neither 0 nor an older one."""
        with self._book:
            for notebook in self._submission(assignment, student, handed_in).notebooks:
                for grade in notebook.grades:
                    grade.auto_score = None
                    grade.needs_manual_grade = True
            self._book.db.commit()

    def _submission(self, assignment: str, student: str, handed_in: datetime | None) -> SubmittedAssignment:
        self._book.update_or_create_student(student)
        known = {} if handed_in is None else {"timestamp": handed_in}
        return self._book.update_or_create_submission(assignment, student, **known)


def _cannot_be_opened(coursedir: CourseDirectory, reason: str) -> str:
    try:
        address = make_url(coursedir.db_url).render_as_string()  # without its password
    except SQLAlchemyError:
        address = "that CourseDirectory.db_url names"
    return f"the gradebook {address} cannot be opened: {reason}."


def when(handed_in: str) -> datetime | None:
    """The time in a submission's timestamp file; None where there is none that can be read."""
    try:
        return utils.parse_utc(handed_in) if handed_in else None
    except (ValueError, OverflowError, TypeError):
        return None
