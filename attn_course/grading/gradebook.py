"""Write grades into nbgrader's gradebook, by nbgrader's own steps. One process alone may do this for a class."""

from __future__ import annotations

from datetime import datetime

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades


def record(
    coursedir: CourseDirectory, assignment: str, student: str, handed_in: datetime | None, notebook: NotebookNode
) -> None:
    """Write the grades of a graded notebook, as `nbgrader autograde` does after it has executed one.

    Manual grades and comments stay; a grade that a person has changed is marked for another look.
    """
    _submission(coursedir, assignment, student, handed_in)
    resources = {
        "nbgrader": {"student": student, "assignment": assignment, "notebook": assignment, "db_url": coursedir.db_url}
    }
    SaveAutoGrades(config=coursedir.config).preprocess(notebook, resources)
    AssignLatePenalties(config=coursedir.config).preprocess(notebook, resources)


def record_not_graded(coursedir: CourseDirectory, assignment: str, student: str, handed_in: datetime | None) -> None:
    """Write that a submission waits for a person: it has no automatic grade, neither 0 nor an older one."""
    _submission(coursedir, assignment, student, handed_in)
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        for notebook in gradebook.find_submission(assignment, student).notebooks:
            for grade in notebook.grades:
                grade.auto_score = None
                grade.needs_manual_grade = True
        gradebook.db.commit()


def _submission(coursedir: CourseDirectory, assignment: str, student: str, handed_in: datetime | None) -> None:
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        gradebook.update_or_create_student(student)
        known = {} if handed_in is None else {"timestamp": handed_in}
        gradebook.update_or_create_submission(assignment, student, **known)


def when(handed_in: str) -> datetime | None:
    """The time in a submission's timestamp file; None where there is none that can be read."""
    try:
        return utils.parse_utc(handed_in) if handed_in else None
    except (ValueError, OverflowError, TypeError):
        return None


def has_assignment(coursedir: CourseDirectory, assignment: str) -> bool:
    """Whether the gradebook knows an assignment."""
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        try:
            gradebook.find_assignment(assignment)
        except MissingEntry:
            return False
    return True


def recorded_students(coursedir: CourseDirectory, assignment: str) -> set[str]:
    """The learners of whom the gradebook has a submission."""
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        return {submission.student_id for submission in gradebook.assignment_submissions(assignment)}


