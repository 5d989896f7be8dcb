"""The figures of the page "How sure is the grader?" are those of the registry as it stands."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from attn_course.checks.registry import chapters, mistakes

FILE = Path(__file__).parent.parent / "book" / "results" / "grader.json"
FIX = "stale: run `python scripts/grader_figures.py`"
FIGURES = json.loads(FILE.read_text())
ROWS = {row["exercise"]: row for row in FIGURES["exercises"]}
EXERCISES = [pytest.param(c, e, id=e.id) for c in chapters().values() for e in c.exercises]


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_the_row_counts_the_mistakes_and_the_styles_that_there_are(chapter, exercise):
    row = ROWS[exercise.id]
    known = sorted(m.id for m in mistakes(chapter.slug) if m.exercise == exercise.id)
    answers = vars(import_module(f"tests.answers.{chapter.slug}"))
    styles = sorted(n.removeprefix(f"{exercise.id}__") for n in answers if n.startswith(f"{exercise.id}__"))
    assert row["mistakes"] == known, FIX
    assert row["styles"] == styles, FIX
    assert row["points"] == exercise.points, FIX


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_every_try_came_out_as_it_should(chapter, exercise):
    row, seeds = ROWS[exercise.id], FIGURES["seeds"]
    assert row["lost"] == row["named"] == seeds * len(row["mistakes"])
    assert row["full"] == seeds * len(row["styles"])
    assert row["stub"] == seeds


def test_no_row_is_left_over():
    assert list(ROWS) == [e.id for c in chapters().values() for e in c.exercises], FIX
