"""From a solution to the notebook that learners get."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from attn_course.checks.registry import chapters
from attn_course.grading.cells import answer_id, is_untouched
from attn_course.grading.release import exercise_path, release, solution_path
from attn_course.grading.source import SolutionError
from tests import toy

PROJECT = Path(__file__).parents[1]
CHAPTERS = [pytest.param(chapter, id=chapter.name) for chapter in chapters().values()]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    solution = toy.write(tmp_path_factory.mktemp("project"))
    made = release(solution, toy.POINTS)
    assert release(solution, toy.POINTS) == made, "the same solution gives the same bytes"
    return nbformat.reads(made.decode(), as_version=4)


def test_solutions_are_replaced_by_a_stub_inside_functions_and_methods(released):
    assert toy.cell(released, "double-answer").source == (
        'def double(x):\n    """Return 2 x."""\n    # YOUR CODE HERE\n    raise NotImplementedError()'
    )
    shift = toy.cell(released, "Shift-answer").source
    assert shift.count("        raise NotImplementedError()") == 2
    assert "super().__init__()" in shift
    assert "SOLUTION" not in nbformat.writes(released)


def test_cells_have_stable_ids(released):
    kinds = [re.sub("[0-9a-f]{12}", "*", cell.id) for cell in released.cells]
    assert kinds == [
        "markdown-*",
        "setup",
        "markdown-*",
        "double-answer",
        "code-*",
        "double",
        "Shift-answer",
        "code-*-2",
        "Shift",
    ]


def test_an_id_depends_on_its_cell_alone(tmp_path, released):
    more = toy.source(tmp_path, toy.TITLE + "\n# %% [markdown]\n# A new cell.\n" + toy.DOUBLE + toy.SHIFT)
    assert {cell.id for cell in released.cells} < {cell.id for cell in more.cells}


def test_check_cells_are_locked_and_carry_the_registrys_points(released):
    for exercise, points in toy.POINTS.items():
        cell = toy.cell(released, exercise)
        assert cell.source == f'check("{exercise}", {exercise})'
        assert cell.metadata.nbgrader.points == points
        assert cell.metadata.editable is cell.metadata.deletable is False
        assert cell.metadata.nbgrader.checksum


def test_nothing_of_a_machine_or_a_run_is_left(released):
    assert set(released.metadata) == {"kernelspec", "language_info"}
    assert released.metadata.kernelspec.name == "python3"
    assert set(released.metadata.language_info) == {"name"}
    assert not any(cell.outputs or cell.execution_count for cell in released.cells if cell.cell_type == "code")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace(toy.TITLE, ""), "first cell must be a markdown cell"),
        (lambda text: text.replace(toy.SHIFT, ""), "graded cells must be, in this order"),
        (lambda text: text.replace(toy.DOUBLE, "") + toy.DOUBLE, "graded cells must be, in this order"),
        (lambda text: text + toy.DOUBLE, "graded cells must be, in this order"),
        (lambda text: text.replace('"points": 3', '"points": 4'), "gives 4 points, the registry gives 3"),
        (lambda text: text.replace('check("double", double)', 'check("double", double);'), "must be the bare call"),
        (lambda text: text.replace('check("double", double)', 'x = check("double", double)'), "must be the bare call"),
        (lambda text: text.replace("    ### BEGIN SOLUTION\n    return", "    return"), "in pairs, it has 0 and 1"),
        (lambda text: text.replace("### END SOLUTION", "### END"), "in pairs"),
        (lambda text: text.replace('"locked": true', '"locked": false'), '"locked": true, it has False'),
        (lambda text: text + "\n# %%\n### BEGIN SOLUTION\n1\n### END SOLUTION\n", "outside an answer cell"),
        (lambda text: text.replace('nbgrader={"grade": false', 'tags=["x"] other={"grade": false'), "graded cells"),
    ],
)
def test_a_solution_that_cannot_be_graded_is_refused(tmp_path, change, message):
    text = change(toy.SOLUTION)
    assert text != toy.SOLUTION
    with pytest.raises(SolutionError, match=re.escape(message)) as caught:
        toy.source(tmp_path, text)
    assert "90_toy.py" in str(caught.value)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_exercises_are_what_the_solutions_release(chapter):
    points = {exercise.id: exercise.points for exercise in chapter.exercises}
    made = release(solution_path(PROJECT, chapter.name), points)
    committed = exercise_path(PROJECT, chapter.name)
    assert committed.is_file() and committed.read_bytes() == made, f"stale: run attn-course release {chapter.name}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_released_chapter_keeps_its_answers_to_itself(chapter):
    folder = exercise_path(PROJECT, chapter.name).parent
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == [f"{chapter.name}.ipynb"]
    notebook = nbformat.read(exercise_path(PROJECT, chapter.name), as_version=4)
    for exercise in chapter.exercises:
        stub = toy.cell(notebook, answer_id(exercise.id)).source
        assert is_untouched(stub)
        assert re.search(rf"^(def|class) {exercise.id}\b", stub, re.MULTILINE), "the stub has the exercise's name"
    solution = solution_path(PROJECT, chapter.name).read_text(encoding="utf-8")
    lines = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", solution, re.DOTALL)
    hidden = {line.strip() for part in lines for line in part.splitlines() if len(line.strip()) > 30}
    shown = {line.strip() for cell in notebook.cells for line in cell.source.splitlines()}
    assert hidden and not hidden & shown


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_gives_twenty_points(chapter):
    notebook = json.loads(exercise_path(PROJECT, chapter.name).read_text(encoding="utf-8"))
    grading = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    assert sum(flags["points"] for flags in grading if flags.get("grade")) == 20


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_notebook_is_plain_commonmark(chapter):
    notebook = nbformat.read(exercise_path(PROJECT, chapter.name), as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not re.search(r"^(:::|```\{)|\{(ref|cite|numref|eq|doc|term)\}`", text, re.MULTILINE), "MyST in a notebook"
    assert not re.search(r"!\[[^]]*\]\(https?:", text), "an image from the network"
