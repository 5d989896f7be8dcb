"""One submission as a piece of work: everything that a worker anywhere needs, and all that comes back from it.

A worker needs the installed package and the item, no shared disk. Its warm parents stay between items.
"""

from __future__ import annotations

import atexit
import threading
import time
from functools import partial
from pathlib import Path

import nbformat

from attn_course.checks.registry import chapter_named
from attn_course.grading.honesty import signals
from attn_course.grading.item import GRADED, RETRY, UNGRADABLE, Item, Outcome
from attn_course.grading.restore import restore
from attn_course.grading.sandbox.limits import Limits
from attn_course.grading.sandbox.tree import imported_by
from attn_course.grading.sandbox.zygote import Broken, Zygote
from attn_course.grading.submission import Ungradable, read_cells
from attn_course.grading.verdict import grade
from attn_course.grading.version import AT_START, course_digest

_warm: dict[tuple, Zygote] = {}
_one_at_a_time = threading.Lock()  # a worker of a cluster may have several threads; a warm parent has one notebook


def grade_item(item: Item) -> Outcome:
    """Grade one submission in this process.

    Raises:
        attn_course.grading.sandbox.bubblewrap.NoSandbox: There is no sandbox on this machine.
    """
    began = time.monotonic()
    chapter = chapter_named(item.assignment)
    released = nbformat.reads(item.released, as_version=4)
    try:
        restored = restore(released, read_cells(item.submission.notebook[1]))
    except Ungradable as error:
        return Outcome(UNGRADABLE, str(error), seconds=time.monotonic() - began)
    imported = imported_by(released)
    try:
        with _one_at_a_time:
            zygote = warm(chapter.slug, imported, item.limits, item.masks, item.trust)
            verdict = grade(restored, chapter, item.submission.helpers, item.seed, zygote)
    except Broken as error:
        return Outcome(RETRY, str(error), seconds=time.monotonic() - began)
    text = nbformat.writes(verdict.notebook)
    told = signals(verdict.signals, restored, released, item.submission.helpers, chapter)
    return Outcome(GRADED, "", verdict.scores, text, told, time.monotonic() - began)


def warm(slug: str, imported: tuple[str, ...], limits: Limits, masks: tuple[str, ...], trust: bool) -> Zygote:
    """The warm parent of this process for a chapter; made at the first call, ended with the process."""
    key = (slug, imported, limits, masks, trust)
    if key not in _warm:
        if course_digest() != AT_START:  # the sandbox would ask what this process does not expect
            raise Broken("the course's code has changed since grading began; start again")
        while _warm:  # one at a time: a class is graded chapter by chapter, and each holds a copy of torch
            cool()
        _warm[key] = Zygote(slug, imported, limits, [Path(mask) for mask in masks], trust)
        atexit.register(partial(_warm[key].close))
    return _warm[key]


def cool() -> None:
    """End this process's warm parents."""
    while _warm:
        _warm.popitem()[1].close()
