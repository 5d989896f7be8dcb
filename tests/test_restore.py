"""A submission is rebuilt from the release: the learner's text survives, everything else is ours."""

import copy

import nbformat
import pytest
from nbformat import NotebookNode

from attn_course.grading.cells import is_untouched
from attn_course.grading.demo import solve
from attn_course.grading.release import release
from attn_course.grading.restore import restore
from tests import toy

ANSWER = "def double(x):\n    return x + x"


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return nbformat.reads(release(toy.write(tmp_path_factory.mktemp("r")), toy.POINTS).decode(), as_version=4)


@pytest.fixture
def submitted(released, tmp_path):
    """The whole solution, as a learner hands it in."""
    return solve(released, toy.source(tmp_path))


def order(notebook):
    return [cell.id for cell in notebook.cells if not cell.id.startswith("added")]


def assert_as_released(restored, released, *, but=("double-answer", "Shift-answer")):
    assert order(restored) == order(released)
    assert restored.metadata == released.metadata
    for cell in released.cells:
        mine = toy.cell(restored, cell.id)
        assert mine.metadata == cell.metadata
        assert mine.cell_type == cell.cell_type
        if cell.id not in but:
            assert mine.source == cell.source
    nbformat.validate(restored)


def test_answers_are_taken(released, submitted):
    restored = restore(released, submitted)
    assert_as_released(restored, released)
    for name in ("double-answer", "Shift-answer"):
        assert toy.cell(restored, name).source == toy.cell(submitted, name).source
        assert not is_untouched(toy.cell(restored, name).source)


def test_the_untouched_notebook_stays_itself(released):
    assert restore(released, copy.deepcopy(released)) == released


@pytest.mark.parametrize("name", ["double", "setup"])
@pytest.mark.parametrize(
    "tamper",
    [
        lambda cells, cell: cells.remove(cell),
        lambda cells, cell: cells.insert(0, cells.pop(cells.index(cell))),
        lambda cells, cell: cell.update(source="check = lambda *a: 1e9\n1.0"),
        lambda cells, cell: cell.metadata.update(tags=["skip-execution"]),
        lambda cells, cell: cell.metadata.nbgrader.update(points=0, grade=False, locked=False, solution=True),
        lambda cells, cell: cell.metadata.nbgrader.update(schema_version=99),
        lambda cells, cell: cell.metadata.update(nbgrader="damaged"),
        lambda cells, cell: cells.append(NotebookNode(copy.deepcopy(cell) | {"id": "copy", "source": "1.0"})),
        lambda cells, cell: cell.update(cell_type="raw"),
        lambda cells, cell: cell.update(cell_type="markdown"),
    ],
)
def test_what_is_ours_cannot_be_changed(released, submitted, name, tamper):
    tamper(submitted.cells, toy.cell(submitted, name))
    restored = restore(released, submitted)
    assert_as_released(restored, released)
    assert toy.cell(restored, "double-answer").source == toy.cell(submitted, "double-answer").source


def test_old_outputs_are_dropped(released, submitted):
    for cell in submitted.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "3.0"}, execution_count=1)]
    assert not any(cell.get("outputs") for cell in restore(released, submitted).cells)


def test_added_cells_run_where_the_learner_put_them(released, submitted):
    position = submitted.cells.index(toy.cell(submitted, "double-answer"))
    submitted.cells.insert(position, nbformat.v4.new_code_cell("helper = 2", metadata={"tags": ["skip-execution"]}))
    submitted.cells.insert(0, nbformat.v4.new_code_cell("first = 1"))
    submitted.cells.append(nbformat.v4.new_code_cell("last = 3"))
    submitted.cells.append(nbformat.v4.new_markdown_cell("A note."))
    submitted.cells.append(nbformat.v4.new_code_cell("  \n"))
    restored = restore(released, submitted)
    assert_as_released(restored, released)
    sources = [cell.source for cell in restored.cells]
    assert sources[0] == "first = 1"
    assert sources[-1] == "last = 3"
    assert sources.index("helper = 2") == sources.index(toy.cell(restored, "double-answer").source) - 1
    assert all(cell.metadata == {} for cell in restored.cells if cell.id.startswith("added"))
    assert "A note." not in sources


def test_play_cells_keep_what_the_learner_wrote(released, submitted):
    play = next(cell for cell in submitted.cells if cell.source.startswith("# double("))
    play.source = "double(torch.ones(2))"
    restored = restore(released, submitted)
    assert toy.cell(restored, play.id).source == "double(torch.ones(2))"


@pytest.mark.parametrize("position", ["before", "after"])
def test_of_two_answers_the_one_that_was_written_counts(released, submitted, position):
    answer = toy.cell(submitted, "double-answer")
    stub = copy.deepcopy(toy.cell(released, "double-answer"))
    stub.id = "copy"
    answer.source = ANSWER
    submitted.cells.insert(submitted.cells.index(answer) + (position == "after"), stub)
    assert toy.cell(restore(released, submitted), "double-answer").source == ANSWER


def test_of_two_written_answers_the_last_counts(released, submitted):
    answer = toy.cell(submitted, "double-answer")
    later = copy.deepcopy(answer)
    later.id, later.source = "copy", ANSWER
    submitted.cells.insert(submitted.cells.index(answer) + 1, later)
    assert toy.cell(restore(released, submitted), "double-answer").source == ANSWER


def test_an_answer_moved_into_another_cell_is_found(released, submitted):
    submitted.cells.remove(toy.cell(submitted, "double-answer"))
    submitted.cells.append(nbformat.v4.new_code_cell(ANSWER))
    restored = restore(released, submitted)
    assert_as_released(restored, released)
    assert toy.cell(restored, "double-answer").source == ANSWER
    assert restored.cells[-1].source == ANSWER, "and it stays where it was, after what it may need"


def test_one_added_cell_may_hold_answers_before_or_after_their_stubs(released, submitted):
    for place in (0, len(submitted.cells)):
        handed_in = copy.deepcopy(submitted)
        toy.cell(handed_in, "double-answer").source = toy.cell(released, "double-answer").source
        handed_in.cells.insert(place, nbformat.v4.new_code_cell(ANSWER))
        restored = restore(released, handed_in)
        assert_as_released(restored, released)
        sources = [cell.source for cell in restored.cells]
        assert ANSWER in sources[: sources.index(toy.cell(released, "double").source)]
        assert toy.cell(released, "double-answer").source not in sources, "no stub takes its place"


def test_what_cannot_be_parsed_is_no_answer(released, submitted):
    submitted.cells.remove(toy.cell(submitted, "double-answer"))
    for source in ("-" * 60_000 + "1", "def double(:", "\x00"):
        submitted.cells.append(nbformat.v4.new_code_cell(source))
    restored = restore(released, submitted)
    assert toy.cell(restored, "double-answer").source == toy.cell(released, "double-answer").source


def test_a_missing_answer_leaves_the_stub(released, submitted):
    submitted.cells.remove(toy.cell(submitted, "double-answer"))
    submitted.cells.append(nbformat.v4.new_code_cell("%%time\ndef double(x):"))  # no Python
    assert is_untouched(toy.cell(restore(released, submitted), "double-answer").source)


def test_an_answer_turned_into_text_is_code_again(released, submitted):
    cell = toy.cell(submitted, "double-answer")
    cell.update(cell_type="markdown", source=ANSWER)
    del cell["outputs"]
    assert toy.cell(restore(released, submitted), "double-answer").source == ANSWER


def test_a_file_without_ids_and_metadata_and_with_windows_line_ends(released, submitted):
    submitted.nbformat_minor = 4
    submitted.metadata = NotebookNode()
    for cell in submitted.cells:
        del cell["id"]
        cell.metadata = NotebookNode()
        cell.source = cell.source.replace("\n", "\r\n")
    restored = restore(released, submitted)
    assert_as_released(restored, released)
    before_the_check = restored.cells[: restored.cells.index(toy.cell(restored, "double"))]
    assert any("return 2 * x" in cell.source for cell in before_the_check)
    assert not any("\r" in cell.source for cell in restored.cells)
