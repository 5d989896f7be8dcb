"""Count what the checks refuse and accept, for the page "How sure is the grader?".

    python scripts/grader_figures.py               # writes book/results/grader.json, a few minutes on two cores
    python scripts/grader_figures.py causal_mask   # counts again for some exercises only

Every known mistake and every right answer of tests/answers/ is tried on the seeds 0 to 19. `tests/test_checks.py` and
`tests/test_answers.py` assert the same on every run of the suite; `tests/test_grader_figures.py` says when the file is
stale.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from attn_course.checks import evaluate  # noqa: E402
from attn_course.checks.engine.diagnose import prepare  # noqa: E402
from attn_course.checks.registry import chapters, mistakes, place  # noqa: E402

SEEDS = 20
FILE = ROOT / "book" / "results" / "grader.json"


def right_answers(slug: str, exercise: str) -> dict[str, Any]:
    """Style → right answer, from tests/answers/."""
    prefix = f"{exercise}__"
    module = import_module(f"tests.answers.{slug}")
    return {name.removeprefix(prefix): thing for name, thing in vars(module).items() if name.startswith(prefix)}


def stub(*arguments: Any) -> None:
    """What a learner starts from."""
    raise NotImplementedError


def figures(name: str) -> dict[str, Any]:
    """Count for one exercise."""
    chapter, exercise = place(name)
    known = [mistake for mistake in mistakes(chapter.slug) if mistake.exercise == name]
    right = right_answers(chapter.slug, name)
    lost = named = full = nothing = 0
    for seed in range(SEEDS):
        prepare(exercise, known, seed)
        for mistake in known:
            report = evaluate(name, mistake.implementation, seed)
            lost += report.score < report.points
            named += report.diagnosis == mistake.id
        for answer in right.values():
            report = evaluate(name, answer, seed)
            full += report.score == report.points
        nothing += evaluate(name, stub, seed).score == 0
    return {
        "exercise": name,
        "chapter": chapter.number,
        "points": exercise.points,
        "mistakes": sorted(mistake.id for mistake in known),
        "lost": lost,
        "named": named,
        "styles": sorted(right),
        "full": full,
        "stub": nothing,
    }


def main(chosen: list[str]) -> None:
    """Count for the exercises named, by default for all, and write the file."""
    names = [exercise.id for chapter in chapters().values() for exercise in chapter.exercises]
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        raise SystemExit(f"no exercise is called {', '.join(unknown)}; there are: {', '.join(names)}")
    before = json.loads(FILE.read_text())["exercises"] if chosen else []
    rows = {row["exercise"]: row for row in before}
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for row in pool.imap(figures, chosen or names):
            rows[row["exercise"]] = row
            tries = SEEDS * len(row["mistakes"])
            print(f"{row['exercise']}: {row['lost']} of {tries} lose points, {row['named']} named", flush=True)
    FILE.parent.mkdir(exist_ok=True)
    everything = {"seeds": SEEDS, "exercises": [rows[name] for name in names]}
    FILE.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
