"""A class from end to end: nbgrader's own commands, with the course's settings, give the true grades."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from attn_course.checks.registry import chapters
from attn_course.grading.classroom import create_class
from attn_course.grading.demo import TRUTH, fill_class
from attn_course.grading.kinds import HONEST
from attn_course.grading.release import exercise_path, solution_path
from attn_course.grading.truth import compare
from tests import toy

PROJECT = Path(__file__).parents[1]
CHAPTER = chapters()["scaled_dot_product"]
POINTS = {exercise.id: exercise.points for exercise in CHAPTER.exercises}
SEED = 11
LEARNERS = len(HONEST) + 4  # two single mistakes, two at once, a hostile one


def nbgrader(*arguments, cwd):
    """Run nbgrader as an instructor does, and return what it logs."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    # A path without this environment's programs, as when nbgrader is called by its full name.
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PATH": os.defpath}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class of every kind of learner and two hostile ones, graded."""
    folder = tmp_path_factory.mktemp("course") / "class"
    solution = solution_path(PROJECT, CHAPTER.name)
    assert create_class(folder, [(solution, POINTS)], SEED) == SEED
    fill_class(folder, [CHAPTER], LEARNERS, SEED)
    nbgrader("autograde", CHAPTER.name, cwd=folder)
    return folder


def submission(course, learner, step="submitted"):
    return course / step / learner / CHAPTER.name / f"{CHAPTER.name}.ipynb"


def test_a_new_class_releases_what_is_in_exercises(course):
    released = course / "release" / CHAPTER.name / f"{CHAPTER.name}.ipynb"
    assert released.read_bytes() == exercise_path(PROJECT, CHAPTER.name).read_bytes()
    assert [path.name for path in released.parent.iterdir()] == [released.name]


def test_stock_generate_assignment_gives_the_same_release(tmp_path):
    folder = tmp_path / "class"
    create_class(folder, [(solution_path(PROJECT, CHAPTER.name), POINTS)], SEED)
    released = folder / "release" / CHAPTER.name / f"{CHAPTER.name}.ipynb"
    before = released.read_bytes()
    (folder / "source" / CHAPTER.name / "answers.py").write_text("secret = 1")
    nbgrader("generate_assignment", "--force", CHAPTER.name, cwd=folder)
    assert released.read_bytes() == before
    assert [path.name for path in released.parent.iterdir()] == [released.name], "no solution file leaks"


def test_every_grade_is_the_true_one(course):
    table, equal = compare(course)
    assert equal, table
    rows = [line.split() for line in table.splitlines()[2 : 2 + LEARNERS]]
    assert [row[-1] for row in rows] == ["ok"] * LEARNERS
    truth = json.loads((course / TRUTH).read_text(encoding="utf-8"))
    kinds = {assignments[CHAPTER.name]["kind"] for assignments in truth.values()}
    assert {"solution", "untouched", "forges the check"} < kinds
    assert sum(kind.startswith("mistake") for kind in kinds) == 3


def test_the_comparison_can_fail(course, tmp_path):
    truth = json.loads((course / TRUTH).read_text(encoding="utf-8"))
    exercise = next(iter(POINTS))
    truth["learner-01"][CHAPTER.name]["scores"][exercise] -= 0.5
    truth["learner-99"] = truth["learner-02"]
    (tmp_path / TRUTH).write_text(json.dumps(truth), encoding="utf-8")
    for name in ("gradebook.db", "nbgrader_config.py"):
        (tmp_path / name).write_bytes((course / name).read_bytes())
    table, equal = compare(tmp_path)
    assert not equal
    assert re.search(rf"learner-01 .*wrong: {exercise}$", table, re.MULTILINE)
    assert re.search(r"learner-99 .*none +wrong: not graded$", table, re.MULTILINE)


def test_true_grades_lie_outside_of_the_submissions(course):
    assert not list((course / "submitted").rglob("*.json"))
    assert not list((course / "release").rglob("*.json"))


def test_feedback_shows_the_report(course):
    nbgrader("generate_feedback", CHAPTER.name, cwd=course)
    pages = sorted((course / "feedback").rglob("*.html"))
    assert len(pages) == LEARNERS
    mistaken = pages[-1].read_text(encoding="utf-8")
    assert f"{CHAPTER.name} (Score: " in mistaken
    assert all(exercise in mistaken for exercise in POINTS)


def test_export_gives_the_same_totals(course):
    nbgrader("export", cwd=course)
    truth = json.loads((course / TRUTH).read_text(encoding="utf-8"))
    with (course / "grades.csv").open(newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == pytest.approx({who: sum(work[CHAPTER.name]["scores"].values()) for who, work in truth.items()})


def test_grading_again_gives_the_same_reports(course):
    learner = f"learner-{LEARNERS:02d}"
    graded = submission(course, learner, "autograded")
    before = [cell.get("outputs") for cell in nbformat.read(graded, as_version=4).cells]
    nbgrader("autograde", "--force", "--student", learner, CHAPTER.name, cwd=course)
    assert [cell.get("outputs") for cell in nbformat.read(graded, as_version=4).cells] == before
    assert compare(course)[1]


def test_a_library_handed_in_beside_the_notebook_is_left_out(course):
    learner = "learner-01"
    folder = submission(course, learner).parent
    (folder / "torch.py").write_text("raise SystemExit('not the library')")
    nbgrader("autograde", "--force", "--student", learner, CHAPTER.name, cwd=course)
    (folder / "torch.py").unlink()
    assert compare(course)[1]


def test_a_check_that_is_silenced_or_cheated_earns_nothing(course):
    """Replacing `check` from an answer cell changes what a check cell prints: nothing that is no plain score counts."""
    learner = "learner-02"  # the untouched release
    path = submission(course, learner)
    honest = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    tricks = [
        "check = lambda *_: None",
        "check = lambda *_: float('nan')",
        "check = lambda *_: -1.0",
        "check = lambda *_: 99",
    ]
    for exercise, trick in zip(POINTS, tricks, strict=False):
        toy.cell(notebook, f"{exercise}-answer").source = f"def {exercise}(*_): pass\n{trick}"
    nbformat.write(notebook, path)
    try:
        nbgrader("autograde", "--force", "--student", learner, CHAPTER.name, cwd=course)
        assert compare(course)[1]
    finally:
        path.write_bytes(honest)
