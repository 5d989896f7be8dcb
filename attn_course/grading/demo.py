"""Fill a course folder with generated learners whose true grades are known without nbgrader.

A right answer is worth its points and an untouched one 0, by definition. What an injected mistake earns is what
`evaluate` says of the mistake itself, not of the notebook it was written into.
"""

import copy
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from attn_course.checks import evaluate
from attn_course.checks.engine.exercise import Chapter, Mistake
from attn_course.checks.registry import mistakes
from attn_course.grading.cells import answer_id, check_source
from attn_course.grading.inject import as_answer

FEWEST = 12
TRUTH = "truth.json"

Scores = dict[str, float]


def fill_class(folder: Path, chapters: Sequence[Chapter], learners: int, seed: int) -> None:
    """Write the submissions of a demonstration class and, outside of them, the true grades.

    Args:
        folder: A course folder as `create_class` leaves it.
        chapters: Each chapter is one assignment.
        learners: How many; those after the fixed kinds submit one mistake each.
        seed: Chooses the mistakes, and seeds the checks as in the class's settings.
    """
    chance = random.Random(seed)
    draws = {chapter.name: _mistakes_in_turn(mistakes(chapter.slug), chance) for chapter in chapters}
    width = len(str(learners))
    truth = {}
    for number in range(learners):
        name = f"learner-{number + 1:0{max(width, 2)}d}"
        truth[name] = {}
        for chapter in chapters:
            released = _read(folder / "release" / chapter.name / f"{chapter.name}.ipynb")
            solved = solve(released, _read(folder / "source" / chapter.name / f"{chapter.name}.ipynb"))
            full = {exercise.id: float(exercise.points) for exercise in chapter.exercises}
            if number < len(KINDS):
                kind = KINDS[number].__name__.lstrip("_").replace("_", " ")
                notebook, scores = KINDS[number](released, solved, full)
            else:
                mistake = next(draws[chapter.name])
                kind = f"mistake {mistake.id}"
                notebook = with_answer(solved, mistake.exercise, as_answer(mistake.implementation, mistake.exercise))
                earned = evaluate(mistake.exercise, mistake.implementation, seed=seed).score
                scores = {**full, mistake.exercise: earned}
            target = folder / "submitted" / name / chapter.name / f"{chapter.name}.ipynb"
            target.parent.mkdir(parents=True)
            nbformat.write(notebook, target)
            truth[name][chapter.name] = {"kind": kind, "scores": scores}
    (folder / TRUTH).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def solve(released: NotebookNode, source: NotebookNode) -> NotebookNode:
    """The released notebook with every answer from the source notebook, as a learner would have typed it."""
    answers = {cell.id: cell.source for cell in source.cells if "### BEGIN SOLUTION" in cell.source}
    solved = copy.deepcopy(released)
    for cell in solved.cells:
        if cell.id in answers:
            kept = [line for line in answers[cell.id].splitlines() if "### " not in line]
            cell.source = "\n".join(kept)
    return solved


def with_answer(notebook: NotebookNode, exercise: str, answer: str) -> NotebookNode:
    """The notebook with another answer to one exercise."""
    changed = copy.deepcopy(notebook)
    _cell(changed, answer_id(exercise)).source = answer
    return changed


def _mistakes_in_turn(known: Sequence[Mistake], chance: random.Random):
    """Each mistake once in a drawn order, then again."""
    while True:
        yield from chance.sample(known, len(known))


def _read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def _cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == name)


def _solution(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    return solved, full


def _untouched(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    return released, dict.fromkeys(full, 0.0)


def _first_half(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """Handed in what was done: the first half of the exercises."""
    done = list(full)[: len(full) // 2]
    notebook = copy.deepcopy(released)
    for exercise in done:
        _cell(notebook, answer_id(exercise)).source = _cell(solved, answer_id(exercise)).source
    return notebook, {exercise: points if exercise in done else 0.0 for exercise, points in full.items()}


def _warns_on_stderr(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
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


def _extra_cells(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """Notes and trials of one's own after every cell, one of which fails."""
    notebook = copy.deepcopy(solved)
    cells = []
    for cell in notebook.cells:
        trial = nbformat.v4.new_code_cell("torch.tensor([1.0, 2.0]) / len([])")
        cells += [cell, nbformat.v4.new_markdown_cell("My note."), trial]
    notebook.cells = cells
    return notebook, full


def _old_outputs(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """The untouched notebook, with full marks left in its outputs by somebody else's run."""
    notebook = copy.deepcopy(released)
    for exercise, points in full.items():
        cell = _cell(notebook, exercise)
        cell.execution_count = 9
        cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": str(points)}, execution_count=9)]
    return notebook, dict.fromkeys(full, 0.0)


def _checks_deleted_and_doubled(
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


def _saved_by_another_tool(released: NotebookNode, solved: NotebookNode, full: Scores) -> tuple[NotebookNode, Scores]:
    """Right answers in the older file format, without cell ids and nbgrader's metadata, with Windows line ends."""
    notebook = copy.deepcopy(solved)
    notebook.nbformat_minor = 4
    notebook.metadata = NotebookNode(colab={"provenance": []}, kernelspec={"name": "ir", "display_name": "R"})
    for cell in notebook.cells:
        del cell["id"]
        cell.metadata = NotebookNode(vscode={"languageId": "python"})
        cell.source = cell.source.replace("\n", "\r\n")
    return notebook, full


KINDS: tuple[Callable[[NotebookNode, NotebookNode, Scores], tuple[NotebookNode, Scores]], ...] = (
    _solution,
    _untouched,
    _first_half,
    _warns_on_stderr,
    _extra_cells,
    _old_outputs,
    _checks_deleted_and_doubled,
    _saved_by_another_tool,
)
