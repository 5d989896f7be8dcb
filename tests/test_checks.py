"""Every chapter's checks know the mistakes that learners make: they refuse them, and say which it was."""

import pytest
import torch

from attn_course.checks import evaluate
from attn_course.checks.engine.diagnose import prepare
from attn_course.checks.engine.judge import judge
from attn_course.checks.registry import chapters, mistakes
from tests.exercises import EXERCISES, SEEDS, known

LEAST_MISTAKES = {1: 6}  # by points; 10 for all others


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_every_mistake_loses_points_and_is_recognised(chapter, exercise):
    wrong = known(chapter, exercise)
    assert len(wrong) >= LEAST_MISTAKES.get(exercise.points, 10)
    assert len({mistake.id for mistake in wrong}) == len(wrong)
    for seed in SEEDS:
        for mistake, responses in zip(wrong, prepare(exercise, wrong, seed), strict=True):
            if seed == SEEDS[0]:  # as learners see it, watched; what is judged is the same
                report = evaluate(exercise.id, mistake.implementation, seed)
            else:
                report = judge(chapter, exercise, responses, wrong)
            assert report.score < report.points, f"{mistake.id} gets full marks at seed {seed}"
            assert report.diagnosis == mistake.id, f"{mistake.id} is taken for {report.diagnosis}\n{report.text}"
            assert mistake.sentence in " ".join(report.text.split())


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_the_cases_are_fresh_at_every_seed_and_the_same_at_one(chapter, exercise):
    def numbers(seed):
        return [
            [thing.tolist() if isinstance(thing, torch.Tensor) else repr(thing) for thing in case.arguments.values()]
            for case in exercise.cases(seed)
        ]

    first = numbers(1)
    assert repr(first) == repr(numbers(1))
    assert any(repr(numbers(seed)) != repr(first) for seed in range(2, 6))


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES)
def test_what_an_exercise_says_to_reread_is_a_section(chapter, exercise):
    labels = {aspect.reread for aspect in exercise.aspects} | {mistake.reread for mistake in known(chapter, exercise)}
    assert labels - {""} <= chapter.sections.keys()


def test_every_mistake_belongs_to_an_exercise():
    for chapter in chapters().values():
        assert {mistake.exercise for mistake in mistakes(chapter.slug)} == {e.id for e in chapter.exercises}
