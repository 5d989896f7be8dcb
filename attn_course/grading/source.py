"""Read `solutions/NN_slug/NN_slug.py` into an nbgrader source notebook, and refuse one that could not be graded."""

import copy
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from attn_course.grading.cells import SETUP_ID, answer_id, check_source

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
SCHEMA = 3  # of nbgrader's cell metadata


class SolutionError(ValueError):
    """A solution file from which no assignment can be made."""


def read_solution(path: Path, points: Mapping[str, float]) -> NotebookNode:
    """Build the nbgrader source notebook of one chapter.

    Args:
        path: The solution, in jupytext's py:percent format.
        points: What the registry asks: the points of each exercise of the chapter, in its order.

    Returns:
        The notebook with the setup cell, and with cell ids that depend on the cells alone.

    Raises:
        SolutionError: A cell is missing, twice there, or says something else than the registry. Names file and cell.
    """
    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    cells = [_plain_cell(cell) for cell in notebook.cells]
    if not cells or cells[0].cell_type != "markdown":
        raise SolutionError(f"{path.name}: the first cell must be a markdown cell with the title.")
    cells.insert(1, _setup_cell())
    _name_cells(cells)
    try:
        _validate(cells, points)
    except SolutionError as error:
        raise SolutionError(f"{path.name}: {error}") from None
    metadata = {"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}}
    return NotebookNode(cells=cells, metadata=nbformat.from_dict(metadata), nbformat=4, nbformat_minor=5)


def _plain_cell(cell: NotebookNode) -> NotebookNode:
    """The cell without outputs and without metadata that plain Jupyter and nbgrader do not read."""
    plain = copy.deepcopy(cell)
    plain.metadata = NotebookNode({key: cell.metadata[key] for key in ("nbgrader", "tags") if key in cell.metadata})
    if plain.cell_type == "code":
        plain.outputs, plain.execution_count = [], None
    return plain


def _setup_cell() -> NotebookNode:
    source = (Path(__file__).parent / "setup_cell.py").read_text(encoding="utf-8").rstrip()
    flags = {"grade": False, "locked": True, "solution": False, "task": False}
    grading = {"grade_id": SETUP_ID, "schema_version": SCHEMA, **flags}
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": grading})


def _name_cells(cells: list[NotebookNode]) -> None:
    """Give each cell its `grade_id` as id, or a digest of its text, numbered where the same text comes again."""
    seen: dict[str, int] = {}
    for cell in cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name is None:
            name = f"{cell.cell_type}-{hashlib.sha256(cell.source.encode()).hexdigest()[:12]}"
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                name = f"{name}-{seen[name]}"
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise SolutionError(
                f"the grade_id {name!r} is no notebook cell id: use at most 64 letters, digits, _ and -."
            )
        cell.id = name


def _validate(cells: list[NotebookNode], points: Mapping[str, float]) -> None:
    expected = [name for exercise in points for name in (answer_id(exercise), exercise)]
    graded = [cell for cell in cells if "nbgrader" in cell.metadata and cell.id != SETUP_ID]
    found = [cell.metadata.nbgrader.get("grade_id") for cell in graded]
    if found != expected:
        raise SolutionError(
            f"the graded cells must be, in this order (answer, then check, as the registry lists the exercises):\n"
            f"  {expected}\nbut they are\n  {found}"
        )
    for cell in cells:
        if "nbgrader" not in cell.metadata and "BEGIN SOLUTION" in cell.source:
            raise SolutionError(f"a solution lies outside an answer cell and would be released: {cell.source[:60]!r}")
    for cell in graded:
        if cell.cell_type != "code":
            raise SolutionError(f"the cell {cell.id} must be a code cell.")
        if cell.id in points:
            _validate_check(cell, points[cell.id])
        else:
            _validate_answer(cell)


def _validate_flags(cell: NotebookNode, **flags: bool) -> None:
    for name, value in {**flags, "task": False, "schema_version": SCHEMA}.items():
        given = cell.metadata.nbgrader.get(name)
        if given != value:
            raise SolutionError(
                f'the cell {cell.id} must have "{name}": {value}, it has {given}.'.replace("True", "true")
            )


def _validate_check(cell: NotebookNode, points: float) -> None:
    _validate_flags(cell, grade=True, solution=False, locked=True)
    if cell.metadata.nbgrader.get("points") != points:
        given = cell.metadata.nbgrader.get("points")
        raise SolutionError(f"the check cell {cell.id} gives {given} points, the registry gives {points}.")
    if cell.source != check_source(cell.id):
        raise SolutionError(f"the check cell {cell.id} must be the bare call {check_source(cell.id)}")


def _validate_answer(cell: NotebookNode) -> None:
    _validate_flags(cell, grade=False, solution=True, locked=False)
    lines = cell.source.splitlines()
    begins = sum(line.strip() == "### BEGIN SOLUTION" for line in lines)
    ends = sum(line.strip() == "### END SOLUTION" for line in lines)
    if begins == 0 or begins != ends:
        raise SolutionError(
            f"the answer cell {cell.id} needs lines '### BEGIN SOLUTION' and '### END SOLUTION' in pairs, "
            f"it has {begins} and {ends}."
        )
