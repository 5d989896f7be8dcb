"""Rebuild a submission from the released notebook: of the learner's file, only the learner's own text is taken.

The answer cells, the other cells that a learner may write in, and cells that a learner added give their source. Check
cells, tags, metadata, the kernel and the order are the release's, so that a deleted, edited, tagged or doubled check
cell changes no grade.
"""

import ast
import copy

import nbformat
from nbformat import NotebookNode
from nbgrader import utils

from attn_course.grading.cells import answered_exercise


def restore(released: NotebookNode, submitted: NotebookNode) -> NotebookNode:
    """Put the learner's sources into a copy of the released notebook.

    An answer is found by its `grade_id`; where a tool has dropped that, by its cell id; and at last by the function or
    class that it defines. Of several, the last one that differs from the release counts, as when all cells are run.

    Args:
        released: The notebook as it was given out.
        submitted: The notebook as it came back.

    Returns:
        A new notebook with every released cell once and in order, and the learner's added code cells after the
        released cell that they followed.
    """
    homes = [_home(cell, released) for cell in submitted.cells]
    sources: dict[str, str] = {}
    added: dict[str | None, list[str]] = {}
    last = None
    stubs = {cell.id: cell.source for cell in released.cells}
    for cell, home in zip(submitted.cells, homes, strict=True):
        source = _text(cell)
        if home is not None:
            last = home
            if source != stubs[home] or home not in sources:
                sources[home] = source
        elif cell.cell_type == "code" and source.strip():
            added.setdefault(last, []).append(source)

    for cell in released.cells:
        if utils.is_solution(cell) and cell.id not in sources:
            definition = _take_definition(answered_exercise(cell.id), added)
            if definition is not None:
                sources[cell.id] = definition

    restored = copy.deepcopy(released)
    restored.cells = []
    for cell in [None, *released.cells]:
        if cell is not None:
            cell = copy.deepcopy(cell)
            if cell.cell_type == "code" and not utils.is_locked(cell):
                cell.source = sources.get(cell.id, cell.source)
            restored.cells.append(cell)
        for source in added.get(cell and cell.id, []):
            restored.cells.append(nbformat.v4.new_code_cell(source, id=f"added-{len(restored.cells)}"))
    return restored


def _text(cell: NotebookNode) -> str:
    return str(cell.get("source", "")).replace("\r\n", "\n").replace("\r", "\n")


def _home(cell: NotebookNode, released: NotebookNode) -> str | None:
    """The id of the released cell that `cell` comes from, or None for one that the learner added."""
    known = {cell.id: cell for cell in released.cells}
    grading = cell.get("metadata", {}).get("nbgrader", {})
    grade_id = grading.get("grade_id") if isinstance(grading, dict) else None
    for name in (grade_id, cell.get("id")):
        origin = known.get(name) if isinstance(name, str) else None
        if origin is not None and (origin.cell_type == cell.cell_type or utils.is_solution(origin)):
            return name
    # A file saved in an older format has lost its cell ids: go by the text.
    texts = {(cell.cell_type, cell.source.strip()): cell.id for cell in reversed(released.cells)}
    return texts.get((cell.cell_type, _text(cell).strip()))


def _take_definition(name: str, added: dict[str | None, list[str]]) -> str | None:
    """Take the last cell that defines `name` out of the cells that the learner added."""
    for sources in reversed(added.values()):
        for source in reversed(sources):
            if name in _definitions(source):
                sources.remove(source)
                return source
    return None


def _definitions(source: str) -> set[str]:
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a cell with magics, or one that does not run
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in body if isinstance(node, kinds)}
