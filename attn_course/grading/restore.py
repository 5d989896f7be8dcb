"""Rebuild a submission from the released notebook: of the learner's file, only the learner's own text is taken.

The answer cells, the other cells that a learner may write in, and cells that a learner added give their source. Check
cells, tags, metadata, the kernel and the order are the release's, so that a deleted, edited, tagged or doubled check
cell changes no grade.
"""

import ast
import copy

import nbformat
from nbformat import NotebookNode

from attn_course.grading.cells import answered_exercise, is_locked, is_solution
from attn_course.grading.names import parse

ELSEWHERE = "# answered in a cell of your own"


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

    _take_answers_from_added_cells(released, sources, added)
    restored = copy.deepcopy(released)
    restored.cells = []
    for cell in [None, *released.cells]:
        if cell is not None:
            cell = copy.deepcopy(cell)
            if cell.cell_type == "code" and not is_locked(cell):
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
        if origin is not None and (origin.cell_type == cell.cell_type or is_solution(origin)):
            return name
    # A file saved in an older format has lost its cell ids: go by the text.
    texts = {(cell.cell_type, cell.source.strip()): cell.id for cell in reversed(released.cells)}
    return texts.get((cell.cell_type, _text(cell).strip()))


def _take_answers_from_added_cells(
    released: NotebookNode, sources: dict[str, str], added: dict[str | None, list[str]]
) -> None:
    """Where an answer cell is lost or untouched and an added cell has the answer, let that one count.

    The stub must not take its place, wherever the added cell stands. One that comes after the check is run before it
    too, at the place of the first answer in it, as somebody ran it who went back to the check.
    """
    order = {cell.id: position for position, cell in enumerate(released.cells)}
    last: dict[str, tuple[int, str]] = {}
    for home in [None, *order]:
        for source in added.get(home, []):
            for name in _definitions(source):
                last[name] = (-1 if home is None else order[home], source)
    brought: set[str] = set()
    for cell in released.cells:
        exercise = answered_exercise(cell.id)
        if not is_solution(cell) or exercise not in last or sources.get(cell.id, cell.source) != cell.source:
            continue
        position, source = last[exercise]
        late = position >= order.get(exercise, len(order)) and source not in brought
        sources[cell.id] = source if late else ELSEWHERE
        brought.add(source)


def _definitions(source: str) -> set[str]:
    tree = parse(source)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return set() if tree is None else {node.name for node in tree.body if isinstance(node, kinds)}
