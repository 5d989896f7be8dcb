"""What nbgrader reads from a check cell's output, once `PlainScores` has seen it."""

import nbformat
import pytest
from nbgrader.utils import determine_grade

from attn_course.grading.scores import PlainScores


def stream(text, name="stderr"):
    return nbformat.v4.new_output("stream", text=text, name=name)


def result(text):
    return nbformat.v4.new_output("execute_result", {"text/plain": text}, execution_count=1)


def report():
    return nbformat.v4.new_output("display_data", {"text/plain": "double: 2 of 3 points", "text/html": "<p>"})


def error():
    return nbformat.v4.new_output("error", ename="NameError", evalue="double", traceback=["NameError"])


def grade(*outputs, **metadata):
    flags = dict(grade=True, solution=False, locked=True, task=False, schema_version=3, grade_id="double", points=3)
    cell = nbformat.v4.new_code_cell('check("double", double)', outputs=list(outputs))
    cell.metadata.nbgrader = nbformat.from_dict({**flags, **metadata})
    cell, _ = PlainScores().preprocess_cell(cell, {}, 0)
    return determine_grade(cell)[0], cell


@pytest.mark.parametrize("text", ["0.0", "0", "2.0", "1.3333333333333333", "3.0", "1e-05"])
def test_a_plain_number_is_the_score(text):
    score, cell = grade(report(), result(text))
    assert score == float(text)
    assert cell.outputs == [report(), result(text)]


@pytest.mark.parametrize(
    "text",
    ["nan", "inf", "-1.0", "-0.0", "3.1", "1e400", "1_0", "True", "'3.0'", "tensor(3.)", "(3.0,)", "", "٣", " 3.0"],
)
def test_anything_else_is_zero_and_says_why(text):
    score, cell = grade(report(), result(text))
    assert score == 0
    assert cell.outputs[0] == report()
    assert cell.outputs[-1].ename == "NoScore"
    assert "must give a number from 0 to 3" in cell.outputs[-1].evalue


@pytest.mark.parametrize("outputs", [(), (report(),), (result("3.0"), result("3.0"))])
def test_no_score_or_several_are_zero(outputs):
    score, cell = grade(*outputs)
    assert score == 0
    assert "must give one score" in cell.outputs[-1].evalue


@pytest.mark.parametrize(
    "outputs",
    [
        (stream("UserWarning"), result("3.0")),
        (result("3.0"), stream("100%|###|")),
        (stream("a", "stdout"), result("3.0")),
    ],
)
def test_text_on_stderr_takes_no_marks_and_stays_readable(outputs):
    score, cell = grade(*outputs)
    assert score == 3
    assert [output.output_type for output in cell.outputs] == [output.output_type for output in outputs]


@pytest.mark.parametrize("outputs", [(error(),), (result("3.0"), error()), (stream("x"), error())])
def test_an_error_is_zero_and_stays_the_only_reason(outputs):
    score, cell = grade(*outputs)
    assert score == 0
    assert [output.ename for output in cell.outputs if output.output_type == "error"] == ["NameError"]


def test_other_cells_are_left_alone():
    cell = nbformat.v4.new_code_cell("1", outputs=[stream("a warning")])
    before = nbformat.from_dict(cell)
    after, _ = PlainScores().preprocess_cell(cell, {}, 0)
    assert after == before
    assert after.outputs[0].name == "stderr"
