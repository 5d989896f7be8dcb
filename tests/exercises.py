"""Every exercise of every chapter, with the mistakes that are known of it."""

import pytest

from attn_course.checks.registry import chapters, mistakes

SEEDS = range(20)

EXERCISES = [pytest.param(c, e, id=e.id) for c in chapters().values() for e in c.exercises]


def known(chapter, exercise):
    return [mistake for mistake in mistakes(chapter.slug) if mistake.exercise == exercise.id]
