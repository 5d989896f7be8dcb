"""A submission on its way to a worker, and what comes back: plain data, light to load and to send."""

from __future__ import annotations

from dataclasses import dataclass, field

from attn_course.grading.sandbox.limits import Limits
from attn_course.grading.submission import Submission

GRADED, UNGRADABLE, RETRY = "graded", "ungradable", "retry"


@dataclass(frozen=True)
class Item:
    """A submission to grade.

    Args:
        assignment: Name of the chapter, NN_slug.
        student: Id of the learner.
        released: The released notebook, as a file's text.
        submission: What was handed in.
        seed: Of the checks.
        limits: Of the notebook.
        masks: Folders of this machine that a notebook must not see.
        trust: Run it without a sandbox.
    """

    assignment: str
    student: str
    released: str
    submission: Submission
    seed: int
    limits: Limits = field(default_factory=Limits)
    masks: tuple[str, ...] = ()
    trust: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of an item.

    Args:
        state: GRADED, UNGRADABLE (what was handed in cannot be graded) or RETRY (the grader failed).
        reason: Why it was not graded.
        scores: Exercise → points.
        notebook: The graded notebook as a file's text, "" where there is none.
        signals: What a person may want to look at.
        seconds: That it took.
    """

    state: str
    reason: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    notebook: str = ""
    signals: tuple[str, ...] = ()
    seconds: float = 0.0
