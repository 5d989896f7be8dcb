"""A class full of hostile, damaged and odd submissions is graded as if each were alone, and nothing else changes."""

import ctypes
import fnmatch
import html
import json
import math
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import is_grade

from tests.hostile import ENTRIES
from tests.hostile.classroom import HONEST, PROJECT, SEED, UNTOUCHED, add, honest_scores, new_classroom
from tests.hostile.entry import ATTENTION, Listener
from tests.hostile.writing import cell

SUBREAPER = 36  # prctl: processes that lose their parent become this one's children
LIMITS = """
c.Sandbox.cell_seconds = 8
c.Sandbox.check_seconds = 6
c.Sandbox.notebook_seconds = 30
"""
PLAIN = {"text/plain"}
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# A page takes longer than a grade.
PAGES = ("feedback-*", "steal-*", "host-*", "forge-*", "damage-[a-d]*", "inner-outputs-of-others", "inner-signals-*")


def command(*arguments, cwd, **environment):
    """Run one of the course's programs as an instructor does."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), **environment}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=1500
    )


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class, graded, with its feedback, and what was seen meanwhile."""
    place = tmp_path_factory.mktemp("hostile")
    outside = place / "outside"
    outside.mkdir()
    libc = ctypes.CDLL(None)
    libc.prctl(SUBREAPER, 1, 0, 0, 0)
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    try:
        with Listener(outside) as listener:
            room = new_classroom(place / "class", outside, listener.port)
            add(room, ENTRIES)
            with (room.folder / "nbgrader_config.py").open("a") as config:
                config.write(LIMITS)
            before = room.untouchable()
            own = {"HOME": str(outside / "home"), "HOSTILE_SECRET": room.secret}
            said = command("attn_course.cli", "grade", str(room.folder), "--workers", "2", cwd=place, **own)
            orphans = [child for child in psutil.Process().children(recursive=True) if child.pid not in children]
            left = [child.name() for child in psutil.wait_procs(orphans, timeout=20)[1]]
            after = room.untouchable()
            calls = set(listener.calls)
        feedback = [
            command("nbgrader", "generate_feedback", ATTENTION, "--student", some, cwd=room.folder) for some in PAGES
        ]
    finally:
        libc.prctl(SUBREAPER, 0, 0, 0, 0)
    return SimpleNamespace(
        room=room, said=said, left=left, before=before, after=after, calls=calls, feedback=feedback, folder=room.folder
    )


def ledger(graded, name, assignment):
    path = graded.folder / "ledger" / assignment / f"{name}.json"
    assert path.is_file(), f"{name} is not in the ledger: {graded.said.stderr[-2000:]}"
    return json.loads(path.read_text(encoding="utf-8"))


def in_gradebook(graded, name, assignment):
    """Exercise → points as nbgrader has them."""
    with Gradebook(f"sqlite:///{graded.folder / 'gradebook.db'}") as gradebook:
        try:
            submission = gradebook.find_submission(assignment, name)
        except MissingEntry:
            return None
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return {grade.name: None if grade.auto_score is None else grade.score for grade in grades}


def autograded(graded, name, assignment):
    path = graded.folder / "autograded" / name / assignment / f"{assignment}.ipynb"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def page(graded, name, assignment):
    path = graded.folder / "feedback" / name / assignment / f"{assignment}.html"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def rich(text):
    """What a browser would interpret of a notebook's outputs."""
    cells = nbformat.reads(text, as_version=4).cells if text else []
    outputs = [output for cell in cells for output in cell.get("outputs", []) if not is_grade(cell)]
    return "\n".join(str(data) for o in outputs for mime, data in o.get("data", {}).items() if mime not in PLAIN)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_each_gets_what_it_deserves(graded, entry):
    known = ledger(graded, entry.name, entry.assignment)
    points = graded.room.materials[entry.assignment].points
    true = entry.true_scores(points)
    assert known["state"] in {"graded", "ungradable"}, known["reason"]
    assert known["trusted"] is False
    if known["state"] == "ungradable":
        assert entry.reason, f"must be graded, but: {known['reason']}"
        assert re.search(entry.reason, known["reason"], re.IGNORECASE), known["reason"]
        assert not known["scores"]
        return
    assert true is not None, f"must be refused, but got {known['scores']}"
    assert known["scores"].keys() == true.keys()
    signalled = all(re.search(one, " ".join(known["signals"]), re.IGNORECASE) for one in entry.signals)
    assert signalled, known["signals"]
    for name, score in known["scores"].items():
        assert score <= true[name] or name in entry.unless_signalled, f"{name}: {score}, true is {true[name]}"
        assert score >= true[name] or not entry.exact, f"{name}: {score}, true is {true[name]}"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_gradebook_says_the_same(graded, entry):
    known = ledger(graded, entry.name, entry.assignment)
    grades = in_gradebook(graded, entry.name, entry.assignment)
    if known["state"] == "graded":
        assert grades == pytest.approx(known["scores"])
    else:
        assert not any(grades.values() if grades else ()), "never a score for what was not graded"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_what_is_shown_is_safe(graded, entry):
    notebook, shown = (read(graded, entry.name, entry.assignment) for read in (autograded, page))
    if ledger(graded, entry.name, entry.assignment)["state"] == "graded":
        asked = entry.assignment == ATTENTION and any(fnmatch.fnmatch(entry.name, some) for some in PAGES)
        assert notebook
        assert shown or not (asked or entry.absent or entry.present)
    for text in entry.absent:
        assert text not in shown
        assert text not in rich(notebook)
    for text in entry.present:
        assert text in html.unescape(re.sub(r"<[^>]*>", "", shown))
    assert not CONTROL.search(shown)
    assert len(shown) < 5e6 and len(notebook) < 2e7


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_nothing_leaks(graded, entry):
    texts = "".join(read(graded, entry.name, entry.assignment) for read in (autograded, page))
    room, material = graded.room, graded.room.materials[entry.assignment]
    for hidden in (room.secret, str(SEED), str(room.folder), str(room.outside)):
        assert hidden not in texts
    true = entry.true_scores(material.points) or dict.fromkeys(material.points, 0.0)
    for exercise in (name for name, score in true.items() if score == 0):
        for line in solution_lines(material, exercise):
            assert html.escape(line) not in texts and json.dumps(line)[1:-1] not in texts, "a line of the solution"


def solution_lines(material, exercise):
    """The longer lines of a solution that stand nowhere else."""
    others = [one.source for one in material.released.cells]
    others += [cell(material.solved, f"{name}-answer").source for name in material.points if name != exercise]
    lines = {line.strip() for line in cell(material.solved, f"{exercise}-answer").source.splitlines()}
    return [line for line in lines if len(line) > 25 and not any(line in other for other in others)]


def test_most_solutions_have_lines_of_their_own(graded):
    for material in graded.room.materials.values():
        assert sum(bool(solution_lines(material, exercise)) for exercise in material.points) >= 5


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_no_check_shows_what_a_learner_made_up(graded, entry):
    text = autograded(graded, entry.name, entry.assignment)
    for one in nbformat.reads(text, as_version=4).cells if text else []:
        if is_grade(one):
            for output in one.outputs:
                said = json.dumps(output)
                assert "FORGED_5_of_5" in said or "FORGED" not in said
                assert output.output_type in {"display_data", "execute_result", "error"}


@pytest.mark.parametrize("name", [*HONEST, UNTOUCHED])
def test_their_neighbours_get_their_own_grades(graded, name):
    for assignment in graded.room.materials:
        assert ledger(graded, name, assignment)["scores"] == honest_scores(name, assignment)
        assert in_gradebook(graded, name, assignment) == pytest.approx(honest_scores(name, assignment))


def test_every_submission_is_in_the_ledger_once(graded):
    for assignment in graded.room.materials:
        submitted = {path.parent.name for path in (graded.folder / "submitted").glob(f"*/{assignment}")}
        known = {path.stem for path in (graded.folder / "ledger" / assignment).glob("*.json")}
        assert known == submitted


def test_nobody_was_called(graded):
    assert not graded.calls


def test_no_process_is_left(graded):
    assert not graded.left


def test_no_file_was_changed(graded):
    assert graded.after.keys() == graded.before.keys()
    assert [path for path in graded.before if graded.before[path] != graded.after[path]] == []


def test_the_terminal_shows_no_control_characters(graded):
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", graded.said.stdout + graded.said.stderr)
    assert graded.said.returncode == 1, "not everything could be graded"


def test_feedback_is_made_for_the_whole_class(graded):
    for done in graded.feedback:
        assert done.returncode == 0, done.stderr[-3000:]


def test_totals_are_numbers(graded):
    with Gradebook(f"sqlite:///{graded.folder / 'gradebook.db'}") as gradebook:
        for assignment in graded.room.materials:
            most = sum(graded.room.materials[assignment].points.values())
            scores = [submission.score for submission in gradebook.assignment_submissions(assignment)]
            assert scores and all(math.isfinite(score) and 0 <= score <= most for score in scores)
