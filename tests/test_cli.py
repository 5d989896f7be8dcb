"""The command line, as somebody at a terminal meets it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from attn_course import cli
from attn_course.checks.registry import chapters
from attn_course.grading.cells import answer_id
from attn_course.grading.demo import solve
from attn_course.grading.release import exercise_path, solution_path
from attn_course.grading.source import read_solution
from tests import toy

PROJECT = Path(__file__).parents[1]
CHAPTER = chapters()["recurrence"]
POINTS = {exercise.id: exercise.points for exercise in CHAPTER.exercises}
FIRST, SECOND = list(POINTS)[:2]


def attn_course(*arguments, cwd=PROJECT):
    """Run the command as a shell would; (exit code, stdout, stderr)."""
    command = [sys.executable, "-m", "attn_course.cli", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "ATTN_COURSE_SEED": "5"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def released():
    return nbformat.read(exercise_path(PROJECT, CHAPTER.name), as_version=4)


@pytest.fixture
def solved(released):
    return solve(released, read_solution(solution_path(PROJECT, CHAPTER.name), POINTS))


def save(notebook, folder):
    path = folder / "mine.ipynb"
    nbformat.write(notebook, path)
    return path


def test_help_names_the_commands_and_loads_nothing_heavy():
    code = (
        "import sys, attn_course.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass\nprint(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert re.search(r"\bcheck\b.*\brelease\b.*\bclass\b", done.stdout, re.DOTALL)
    loaded = set(re.findall(r"'(\w+)'", done.stdout.splitlines()[-1]))
    assert not loaded & {"torch", "numpy", "nbgrader", "nbformat", "jupytext", "jaxtyping", "IPython"}


def test_version():
    assert attn_course("--version")[1].split() == ["attn-course", "0.1.0"]


@pytest.mark.parametrize("arguments", [[], ["chek"], ["class"], ["check", "a", "--timeout", "0"], ["check"]])
def test_a_wrong_call_is_explained(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: attn-course" in capsys.readouterr().err


def test_check_gives_full_marks_to_the_solution(solved, tmp_path):
    code, out, err = attn_course("check", save(solved, tmp_path))
    assert (code, err) == (0, "")
    assert "Total: 20 of 20 points." in out
    assert all(f"{name}: {points:g} of {points:g} points" in out for name, points in POINTS.items())


def test_check_says_what_failed_is_lost_or_not_started(released, solved, tmp_path):
    mine = released
    toy.cell(mine, answer_id(FIRST)).source = toy.cell(solved, answer_id(FIRST)).source
    toy.cell(mine, answer_id(SECOND)).source = f"def {SECOND}(*inputs:\n    return inputs"
    mine.cells.remove(toy.cell(mine, FIRST))
    mine.cells.append(nbformat.v4.new_code_cell("x = 1\ny = x / 0"))
    before = save(mine, tmp_path).read_bytes()
    code, out, err = attn_course("check", tmp_path / "mine.ipynb")
    assert (code, err) == (1, "")
    assert f"{FIRST}: {POINTS[FIRST]:g} of" in out
    assert f"lost the check cell of {FIRST}" in out
    assert f"{SECOND}: no score. There is no {SECOND}" in out
    assert f"cell {answer_id(SECOND)} failed: SyntaxError" in out
    assert "(x = 1) failed: ZeroDivisionError: division by zero (line 2: y = x / 0)" in out
    untouched = re.search(r"Not started: (.*)\.", out)[1].split(", ")
    assert untouched == list(POINTS)[2:]
    assert f"Total: {POINTS[FIRST]:g} of 20 points." in out
    assert "Traceback" not in out
    assert (tmp_path / "mine.ipynb").read_bytes() == before, "the learner's file is only read"


def test_check_stops_a_cell_that_never_ends_and_goes_on(solved, tmp_path):
    solved.cells.insert(2, nbformat.v4.new_code_cell("while True:\n    pass"))
    code, out, _ = attn_course("check", save(solved, tmp_path), "--timeout", "8")
    assert "(while True:) failed: it took longer than 8 s and was stopped (--timeout gives more)" in out
    assert "Total: 20 of 20 points." in out
    assert code == 0


def test_check_says_that_the_kernel_died(solved, tmp_path):
    toy.cell(solved, answer_id(FIRST)).source += "\nimport os; os._exit(3)"
    code, _, err = attn_course("check", save(solved, tmp_path))
    assert code == 2
    message = f"the kernel died in cell {answer_id(FIRST)}: its code ended Python itself or used up the memory."
    assert err.strip() == f"attn-course: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file"),
        ('{"cells": [', "damaged: it is not JSON"),
        (b"\xff\xfe\x00", "damaged: it is not JSON"),
        ('{"a": 1}', "not a valid notebook"),
        (nbformat.writes(nbformat.v4.new_notebook()), "has no check cell and no answer cell"),
        (
            nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('check("rnn_stop", 1)')])),
            "Did you mean rnn_step",
        ),
    ],
)
def test_check_refuses_what_is_no_notebook_of_the_course(content, message, tmp_path, capsys):
    path = tmp_path / "mine.ipynb"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert cli.main(["check", str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert str(path) in error


def test_ctrl_c_ends_the_command_and_its_kernel(solved, tmp_path):
    marker = tmp_path / "started"
    solved.cells.insert(0, nbformat.v4.new_code_cell(f"open({str(marker)!r}, 'w').close()\nwhile True:\n    pass"))
    command = [sys.executable, "-m", "attn_course.cli", "check", str(save(solved, tmp_path))]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with subprocess.Popen(command, cwd=PROJECT, **pipes) as process:
        while not marker.exists() and process.poll() is None:
            time.sleep(0.2)
        kernels = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == "attn-course: stopped."
    assert kernels
    assert not psutil.wait_procs(kernels, timeout=20)[1], "no kernel is left"


def project(folder):
    """A copy of the project's frame with the released chapter."""
    (folder / "pyproject.toml").touch()
    for name in (chapter.name for chapter in chapters().values()):
        solution = solution_path(folder, name)
        solution.parent.mkdir(parents=True)
        solution.write_bytes(solution_path(PROJECT, name).read_bytes())
    return folder


def test_release_writes_what_is_stale_and_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(project(tmp_path))
    target = exercise_path(tmp_path, CHAPTER.name)
    assert cli.main(["release", "--check", CHAPTER.name]) == 1
    assert not target.exists()
    assert cli.main(["release", CHAPTER.name]) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["nbformat"] == 4
    assert cli.main(["release", CHAPTER.name]) == 0
    states = [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()]
    assert states == [f"attn-course release {CHAPTER.name}", "written", "up to date"]


def test_release_names_the_chapters_where_one_is_unknown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(project(tmp_path))
    assert cli.main(["release", "recurrence"]) == 2
    assert f"there is no chapter 'recurrence'; there are {CHAPTER.name}" in capsys.readouterr().err


def test_release_passes_on_what_is_wrong_with_a_solution(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(project(tmp_path))
    solution_path(tmp_path, CHAPTER.name).write_text(toy.SOLUTION, encoding="utf-8")
    assert cli.main(["release", CHAPTER.name]) == 2
    assert "graded cells must be, in this order" in capsys.readouterr().err


def test_a_class_is_not_made_over_another(tmp_path, capsys):
    (tmp_path / "grades.csv").touch()
    assert cli.main(["class", "new", str(tmp_path)]) == 2
    assert "exists and is not empty" in capsys.readouterr().err


def test_a_demonstration_class_has_at_least_twelve(tmp_path, capsys):
    assert cli.main(["class", "demo", str(tmp_path / "class"), "--learners", "3"]) == 2
    assert "at least 12 learners, 3 were asked for" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert cli.main(["class", "new", str(tmp_path / "file" / "class")]) == 2
    assert "file/class: Not a directory." in capsys.readouterr().err


def test_a_missing_library_is_named(tmp_path):
    code = (
        "import sys; sys.modules['nbclient'] = None; from attn_course.cli import main; sys.exit(main(['check', 'a']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "needs nbclient, which is not installed here" in done.stderr
    assert "Traceback" not in done.stderr


def test_truth_needs_a_demonstration_class(tmp_path, capsys):
    assert cli.main(["class", "truth", str(tmp_path)]) == 2
    assert "is no demonstration class" in capsys.readouterr().err
