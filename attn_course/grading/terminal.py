"""`attn-course check`: what a learner reads in a terminal."""

import logging
import sys
from pathlib import Path

from tqdm import tqdm

from attn_course.checks.registry import UnknownExercise, place
from attn_course.grading.notebook import NotebookError, Outcome, Run, exercises_in, read_notebook, run_checks


def check_notebook(path: Path, timeout: float) -> bool:
    """Run a notebook's checks and print every report, then the total.

    Returns:
        Whether every exercise of the chapter has full marks.

    Raises:
        NotebookError: The file cannot be checked.
    """
    notebook = read_notebook(path)
    names = exercises_in(notebook)
    if not names:
        raise NotebookError(
            f"{path} has no check cell and no answer cell of this course. Is it one of the notebooks of exercises/? "
            "If the cells were lost, copy your answers into a fresh copy."
        )
    try:
        chapter = place(names[0])[0]
        asked = {exercise.id: exercise.points for exercise in chapter.exercises}
        asked |= {name: place(name)[1].points for name in names if name not in asked}
    except UnknownExercise as error:
        raise NotebookError(f"{path}: {error}") from error

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of a kernel that died, we tell the learner ourselves
    run = Run()
    outcomes: dict[str, Outcome] = {}
    with tqdm(total=len(asked), unit="exercise", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:
        for outcome in run_checks(notebook, list(asked), path.resolve().parent, timeout, run):
            outcomes[outcome.exercise] = outcome
            bar.n = len(outcomes)
            bar.set_description(outcome.exercise)
            with tqdm.external_write_mode(file=sys.stdout):
                print(outcome.report.rstrip(), end="\n\n", flush=True)

    for failure in run.failures:
        print(f"{failure.cell} failed: {failure.error}" + (f" ({failure.line})" if failure.line else ""))
    lost = [outcome.exercise for outcome in outcomes.values() if outcome.check_was_missing]
    if lost:
        print(f"This notebook has lost the check cell of {', '.join(lost)}. It was checked all the same.")
    untouched = [outcome.exercise for outcome in outcomes.values() if outcome.untouched]
    if untouched:
        print(f"Not started: {', '.join(untouched)}.")
    score = sum(outcome.score or 0 for outcome in outcomes.values())
    print(f"Total: {score:g} of {sum(asked.values()):g} points.")
    return all(outcomes[name].score == points for name, points in asked.items())
