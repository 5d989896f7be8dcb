"""Submissions of a demonstration class whose true grades follow from how they were made: honest ones and hostile ones.

A right answer is worth its points and an untouched one 0. What a hostile submission is worth is what its honest part is.
"""

import copy
from collections.abc import Callable, Mapping

import nbformat
from nbformat import NotebookNode

from attn_course.grading.cells import answer_id, check_source

Scores = dict[str, float]
Kind = Callable[[NotebookNode, NotebookNode, Scores], tuple[NotebookNode | bytes, Scores | None]]
"""Released notebook, solved notebook and points of each exercise → what is handed in, and its true scores.

None stands for what nobody can grade."""


def with_answer(notebook: NotebookNode, exercise: str, answer: str) -> NotebookNode:
    """The notebook with another answer to one exercise."""
    changed = copy.deepcopy(notebook)
    _cell(changed, answer_id(exercise)).source = answer
    return changed


def _cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == name)


def solution(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    return solved, full


def untouched(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    return released, dict.fromkeys(full, 0.0)


def first_half(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """Handed in what was done: the first half of the exercises."""
    done = list(full)[: len(full) // 2]
    notebook = copy.deepcopy(released)
    for exercise in done:
        _cell(notebook, answer_id(exercise)).source = _cell(solved, answer_id(exercise)).source
    return notebook, {exercise: points if exercise in done else 0.0 for exercise, points in full.items()}


def warns_on_stderr(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """Answers that print warnings and progress while they are checked. Stock nbgrader would give 0."""
    notebook = copy.deepcopy(solved)
    for exercise in full:
        cell = _cell(notebook, answer_id(exercise))
        lines = cell.source.splitlines()
        lines.insert(0, f"import sys, warnings\nwarnings.warn('{exercise} is new'); print('50 %', file=sys.stderr)\n")
        cell.source = "\n".join(lines)
        index = notebook.cells.index(_cell(notebook, exercise))
        notebook.cells[index].source = f"print('checking', file=sys.stderr)\n{check_source(exercise)}"
    return notebook, full


def extra_cells(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """Notes and trials of one's own after every cell, one of which fails."""
    notebook = copy.deepcopy(solved)
    cells = []
    for cell in notebook.cells:
        trial = nbformat.v4.new_code_cell("torch.tensor([1.0, 2.0]) / len([])")
        cells += [cell, nbformat.v4.new_markdown_cell("My note."), trial]
    notebook.cells = cells
    return notebook, full


def old_outputs(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """The untouched notebook, with full marks left in its outputs by somebody else's run."""
    notebook = copy.deepcopy(released)
    for exercise, points in full.items():
        cell = _cell(notebook, exercise)
        cell.execution_count = 9
        cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": str(points)}, execution_count=9)]
    return notebook, dict.fromkeys(full, 0.0)


def checks_deleted_and_doubled(
    released: NotebookNode, solved: NotebookNode, full: Scores
) -> tuple[NotebookNode, Scores]:
    """Right answers, with every other check cell deleted and the rest doubled."""
    notebook = copy.deepcopy(solved)
    cells = []
    for cell in notebook.cells:
        if cell.id not in full:
            cells.append(cell)
        elif list(full).index(cell.id) % 2:
            doubled = copy.deepcopy(cell)
            doubled.id = f"{cell.id}-copy"
            cells += [cell, doubled]
    notebook.cells = cells
    return notebook, full


def saved_by_another_tool(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """Right answers in the older file format, without cell ids and nbgrader's metadata, with Windows line ends."""
    notebook = copy.deepcopy(solved)
    notebook.nbformat_minor = 4
    notebook.metadata = NotebookNode(colab={"provenance": []}, kernelspec={"name": "ir", "display_name": "R"})
    for cell in notebook.cells:
        del cell["id"]
        cell.metadata = NotebookNode(vscode={"languageId": "python"})
        cell.source = cell.source.replace("\n", "\r\n")
    return notebook, full


def _first_answer(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores, str]:
    """The untouched notebook with the first exercise answered, its true scores, and the id of the second exercise."""
    first, second = list(full)[:2]
    notebook = with_answer(released, first, _cell(solved, answer_id(first)).source)
    return notebook, {**dict.fromkeys(full, 0.0), first: full[first]}, second


def _with_second(source: str) -> Kind:
    """A kind: one honest answer, and in place of the second one a cell with `source`."""

    def made(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
        notebook, scores, second = _first_answer(released, solved, full)
        return with_answer(notebook, second, source.replace("EXERCISE", second)), scores

    return made


FORGES_THE_CHECK = """\
import sys, types
check = lambda *_, **__: 99.0
fake = types.ModuleType("attn_course")
fake.check = fake.evaluate = check
sys.modules["attn_course"] = sys.modules["attn_course.checks"] = fake
class EXERCISE:
    def __new__(cls, *_, **__): return cls
    __eq__ = lambda *_: True
"""
SHOWS_FULL_MARKS = """\
from IPython.display import display
def EXERCISE(*_, **__):
    display({"text/plain": "99.0"}, raw=True)
    sys.displayhook(99.0)
    return None
99.0
"""
PATCHES_WHAT_COMPARES = """\
torch.equal = torch.allclose = torch.isclose = lambda *_, **__: True
torch.Tensor.__eq__ = lambda *_: True
def EXERCISE(*_, **__):
    return torch.zeros(())
"""
USES_THE_REFERENCE = """\
import importlib, pkgutil
import attn_course
for found in pkgutil.walk_packages(attn_course.__path__, "attn_course."):
    try:
        EXERCISE = getattr(importlib.import_module(found.name), "EXERCISE")
    except (ImportError, AttributeError):
        pass
"""
NEVER_ENDS = """\
def EXERCISE(*_, **__):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""
ENDS_PYTHON = """\
import os
os._exit(0)
"""
TAKES_ALL_MEMORY = """\
kept = []
while len(kept) < 600:  # 6 GB, where nobody stops it
    kept.append(bytearray(10_000_000))
"""
STARTS_PROCESSES = """\
import os, time
for _ in range(300):
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
"""
FLOODS = """\
for _ in range(3000):
    print("x" * 100_000)
"""
WRITES_ELSEWHERE = """\
import pathlib
for place in (pathlib.Path.home() / ".profile", pathlib.Path("/gradebook.db"), pathlib.Path("../gradebook.db")):
    place.write_text("mine")
"""


def cut_short(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[bytes, None]:
    """A file of which the second half was lost on the way."""
    content = nbformat.writes(solved).encode("utf-8")
    return content[: len(content) // 2], None


HONEST: Mapping[str, Kind] = {
    "solution": solution,
    "untouched": untouched,
    "first half": first_half,
    "warns on stderr": warns_on_stderr,
    "extra cells": extra_cells,
    "old outputs": old_outputs,
    "checks deleted and doubled": checks_deleted_and_doubled,
    "saved by another tool": saved_by_another_tool,
}

HOSTILE: Mapping[str, Kind] = {
    "forges the check": _with_second(FORGES_THE_CHECK),
    "never ends": _with_second(NEVER_ENDS),
    "cut short": cut_short,
    "uses the reference": _with_second(USES_THE_REFERENCE),
    "shows full marks": _with_second(SHOWS_FULL_MARKS),
    "ends Python": _with_second(ENDS_PYTHON),
    "patches what compares": _with_second(PATCHES_WHAT_COMPARES),
    "takes all memory": _with_second(TAKES_ALL_MEMORY),
    "starts processes": _with_second(STARTS_PROCESSES),
    "floods": _with_second(FLOODS),
    "writes elsewhere": _with_second(WRITES_ELSEWHERE),
}
