"""Fill a course folder with generated learners whose true grades are known without nbgrader.

What an injected mistake earns is what `evaluate` says of the mistake itself, with the seed that the grader will give to
this submission, and not of the notebook that it was written into.
"""

import copy
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from attn_course.checks import evaluate
from attn_course.checks.engine.exercise import Chapter, Mistake
from attn_course.checks.registry import mistakes
from attn_course.grading.inject import as_answer
from attn_course.grading.kinds import HONEST, HOSTILE, with_answer
from attn_course.grading.seeds import submission_seed
from attn_course.grading.submission import read_submission

FEWEST = 12
TRUTH = "truth.json"


def fill_class(folder: Path, chapters: Sequence[Chapter], learners: int, seed: int, hostile: int = 1) -> None:
    """Write the submissions of a demonstration class and, outside of them, the true grades.

    Args:
        folder: A course folder as `create_class` leaves it.
        chapters: Each chapter is one assignment.
        learners: How many. After one of each honest kind come, again and again, two with one mistake, one with
            several, and the hostile ones in turn.
        seed: Chooses the mistakes, and is the class's secret.
        hostile: How many hostile learners there are in each round; 0 for a class that any grader survives.
    """
    chance = random.Random(seed)
    draws = {chapter.name: _mistakes_in_turn(mistakes(chapter.slug), chance) for chapter in chapters}
    plan = _plan(learners, hostile)
    width = max(len(str(learners)), 2)
    truth: dict[str, dict] = {}
    for number, kind in enumerate(plan):
        name = f"learner-{number + 1:0{width}d}"
        truth[name] = {}
        for chapter in chapters:
            released = _read(folder / "release" / chapter.name / f"{chapter.name}.ipynb")
            solved = solve(released, _read(folder / "source" / chapter.name / f"{chapter.name}.ipynb"))
            full = {exercise.id: float(exercise.points) for exercise in chapter.exercises}
            made: Sequence[Mistake] = ()
            scores: dict[str, float] | None = full
            handed_in: NotebookNode | bytes = solved
            if isinstance(kind, int):
                made = _of_different_exercises(draws[chapter.name], kind)
                for mistake in made:
                    answer = as_answer(mistake.implementation, mistake.exercise)
                    handed_in = with_answer(handed_in, mistake.exercise, answer)
            else:
                handed_in, scores = {**HONEST, **HOSTILE}[kind](released, solved, full)
            target = folder / "submitted" / name / chapter.name
            target.mkdir(parents=True)
            content = handed_in if isinstance(handed_in, bytes) else nbformat.writes(handed_in).encode("utf-8")
            (target / f"{chapter.name}.ipynb").write_bytes(content)
            if made:
                digest = read_submission(target, chapter.name).digest
                scores = full | _earned(made, submission_seed(seed, chapter.name, name, digest))
            said = kind if isinstance(kind, str) else "mistake " + ", ".join(mistake.id for mistake in made)
            truth[name][chapter.name] = {"kind": said, "scores": scores}
    (folder / TRUTH).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def _plan(learners: int, hostile: int) -> list[str | int]:
    """What each learner hands in: the name of a kind, or how many mistakes."""
    plan: list[str | int] = list(HONEST)
    names = list(HOSTILE)
    turn = 0
    while len(plan) < learners:
        plan += [1, 1, 2]
        for _ in range(hostile):
            plan.append(names[turn % len(names)])
            turn += 1
    return plan[:learners]


def _earned(made: Sequence[Mistake], seed: int) -> dict[str, float]:
    return {mistake.exercise: evaluate(mistake.exercise, mistake.implementation, seed=seed).score for mistake in made}


def solve(released: NotebookNode, source: NotebookNode) -> NotebookNode:
    """The released notebook with every answer from the source notebook, as a learner would have typed it."""
    answers = {cell.id: cell.source for cell in source.cells if "### BEGIN SOLUTION" in cell.source}
    solved = copy.deepcopy(released)
    for cell in solved.cells:
        if cell.id in answers:
            kept = [line for line in answers[cell.id].splitlines() if "### " not in line]
            cell.source = "\n".join(kept)
    return solved


def _mistakes_in_turn(known: Sequence[Mistake], chance: random.Random) -> Iterator[Mistake]:
    """Each mistake once in a drawn order, then again."""
    while True:
        yield from chance.sample(known, len(known))


def _of_different_exercises(turn: Iterator[Mistake], count: int) -> list[Mistake]:
    made: dict[str, Mistake] = {}
    while len(made) < count:
        mistake = next(turn)
        made.setdefault(mistake.exercise, mistake)
    return list(made.values())


def _read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)
