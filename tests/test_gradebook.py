"""What is written into the gradebook is what nbgrader's own steps write."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook, SolutionCell
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades

from attn_course.grading.classroom import create_class
from attn_course.grading.coordinator import open_course
from attn_course.grading.gradebook import ClassGradebook, NoGradebook
from tests import toy

DUE = datetime(2031, 3, 7, 11, 13, 17)
STUDENT = "ann"


class TenPercent(LateSubmissionPlugin):
    """Takes a tenth of what was earned."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class of one learner whose gradebook knows the assignment and when it is due."""
    place = tmp_path_factory.mktemp("gradebook")
    folder = place / "class"
    create_class(folder, [(toy.write(place), toy.POINTS)], 5)
    with book(folder) as gradebook:
        gradebook.update_or_create_assignment(toy.NAME, duedate=DUE)
    return folder


def book(folder):
    return Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "attn_course")


def coursedir(folder):
    course = open_course(folder).coursedir
    course.root = str(folder)
    course.db_url = f"sqlite:///{folder / 'gradebook.db'}"
    course.config.AssignLatePenalties.plugin_class = TenPercent
    return course


def graded(folder, scores, touched=()):
    """The released notebook with the outputs of its checks, and some answers written."""
    path = Path(folder) / "release" / toy.NAME / f"{toy.NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in scores:
            score = nbformat.v4.new_output("execute_result", {"text/plain": str(scores[name])}, execution_count=1)
            cell.outputs = [score]
        if name in touched:
            cell.source += "\n# mine"
    return notebook


def written(folder):
    """All that the gradebook says of the learner."""
    with book(folder) as gradebook:
        submission = gradebook.find_submission(toy.NAME, STUDENT)
        (notebook,) = submission.notebooks
        grades = {g.name: (g.auto_score, g.manual_score, g.score, g.needs_manual_grade) for g in notebook.grades}
        comments = {c.name: (c.auto_comment, c.manual_comment, c.comment) for c in notebook.comments}
        return grades, comments, submission.timestamp, notebook.late_submission_penalty, submission.score


def by_nbgrader(course, handed_in, notebook):
    """What `nbgrader autograde` does, with its own preprocessors."""
    with Gradebook(course.db_url, course.course_id) as gradebook:
        gradebook.update_or_create_student(STUDENT)
        gradebook.update_or_create_submission(toy.NAME, STUDENT, **({"timestamp": handed_in} if handed_in else {}))
    names = {"student": STUDENT, "assignment": toy.NAME, "notebook": toy.NAME, "db_url": course.db_url}
    for step in (SaveAutoGrades, AssignLatePenalties):
        step(config=course.config).preprocess(notebook, {"nbgrader": names})


def by_hand(folder):
    """A person changes a grade and writes a comment."""
    with book(folder) as gradebook:
        gradebook.find_grade("double", toy.NAME, toy.NAME, STUDENT).manual_score = 0.5
        gradebook.find_comment("Shift-answer", toy.NAME, toy.NAME, STUDENT).manual_comment = "See me."
        gradebook.db.commit()


EARLY, LATE = DUE - timedelta(hours=3), DUE + timedelta(hours=5)


@pytest.mark.parametrize(
    "steps",
    [
        [({"double": 1.0, "Shift": 1.75}, ["double-answer", "Shift-answer"], EARLY)],
        [({"double": 0.25, "Shift": 0.0}, ["double-answer"], None)],
        [({"Shift": 3.0}, ["Shift-answer"], EARLY)],  # one check has no score: a person must look
        [({"double": 1.0, "Shift": 2.0}, ["Shift-answer"], LATE)],
        [({"double": 1.0, "Shift": 2.0}, [], LATE), by_hand, ({"double": 0.0, "Shift": 3.0}, ["double-answer"], LATE)],
        [({"double": 1.0, "Shift": 2.0}, [], LATE), ({"double": 1.0, "Shift": 2.0}, [], EARLY)],  # the penalty goes
    ],
    ids=["in time", "no time", "no score", "late", "changed by hand", "late, then in time"],
)
def test_the_same_is_written_as_by_nbgrader(folder, tmp_path, steps):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for copy in (ours, theirs):
        shutil.copytree(folder, copy)
    with ClassGradebook(coursedir(ours)) as gradebook:
        for step in steps:
            if callable(step):
                step(ours)
                step(theirs)
                continue
            scores, touched, handed_in = step
            notebook = graded(folder, scores, touched)
            gradebook.record(toy.NAME, STUDENT, handed_in, notebook)
            by_nbgrader(coursedir(theirs), handed_in, notebook)
            assert written(ours) == written(theirs)
    assert written(ours)[0].keys() == {"double", "Shift"}


def test_a_cell_that_the_assignment_got_since_is_written_too(folder, tmp_path):
    """An instructor released the assignment anew after somebody was graded."""
    ours = tmp_path / "ours"
    shutil.copytree(folder, ours)
    with ClassGradebook(coursedir(ours)) as gradebook:
        notebook = graded(folder, {"double": 1.0, "Shift": 3.0}, ["double-answer"])
        gradebook.record(toy.NAME, STUDENT, None, notebook)
        with book(ours) as other:
            grade_cell = other.find_grade_cell("Shift", toy.NAME, toy.NAME)
            solution_cell = other.db.query(SolutionCell).filter(SolutionCell.name == "Shift-answer").one()
            for row in [*grade_cell.grades, *solution_cell.comments]:
                other.db.delete(row)
            other.db.commit()
        assert "Shift" not in written(ours)[0]
        gradebook.record(toy.NAME, STUDENT, None, notebook)
    grades, comments, *_ = written(ours)
    assert grades["Shift"] == (3.0, None, 3.0, False)
    assert comments["Shift-answer"][0] == "No response."


def test_what_was_not_graded_waits_for_a_person(folder, tmp_path):
    ours = tmp_path / "ours"
    shutil.copytree(folder, ours)
    with ClassGradebook(coursedir(ours)) as gradebook:
        assert gradebook.has_assignment(toy.NAME)
        assert not gradebook.has_assignment("91_other")
        gradebook.record(toy.NAME, STUDENT, EARLY, graded(folder, {"double": 1.0, "Shift": 3.0}))
        gradebook.record_not_graded(toy.NAME, STUDENT, LATE)
        assert gradebook.students(toy.NAME) == {STUDENT}
    grades, _, timestamp, *_ = written(ours)
    assert grades == dict.fromkeys(("double", "Shift"), (None, None, 0.0, True))
    assert timestamp.replace(tzinfo=None) == LATE


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/at/all/gradebook.db", r"sqlite:////nowhere/at/all/gradebook.db cannot be opened: .*unable to"),
        ("oracle+oracledb://me:secret@host/x", r"oracle\+oracledb://me:\*\*\*@host/x cannot .*: its driver oracledb is not"),
        ("carrots", "that CourseDirectory.db_url names cannot be opened"),
    ],
)
def test_a_gradebook_that_cannot_be_opened_is_named_without_its_password(folder, url, said):
    course = coursedir(folder)
    course.db_url = url
    with pytest.raises(NoGradebook, match=said):
        ClassGradebook(course)
