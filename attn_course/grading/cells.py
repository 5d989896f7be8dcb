"""How the cells of an exercise notebook are named and recognised. Imports nothing heavy: a command line reads it."""

import re
from collections.abc import Mapping
from typing import Any

SETUP_ID = "setup"
# Passed to every kernel: no history file, and no log lines about its own transport.
KERNEL_ARGUMENTS = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=ERROR"]
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
CHECK_CALL = re.compile(r"""^\s*check\(\s*(["'])(?P<exercise>\w+)\1\s*,""", re.MULTILINE)


def marks(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """What nbgrader has written into a cell's metadata; empty where it is none of its cells."""
    return cell["metadata"].get("nbgrader", {})


def is_solution(cell: Mapping[str, Any]) -> bool:
    """Whether a learner writes in this cell. As `nbgrader.utils` says; workers do without nbgrader, which loads slowly."""
    return bool(marks(cell).get("solution", False))


def is_grade(cell: Mapping[str, Any]) -> bool:
    """Whether a cell gives points."""
    return bool(marks(cell).get("grade", False))


def is_locked(cell: Mapping[str, Any]) -> bool:
    """Whether a cell is the instructor's alone."""
    return not is_solution(cell) and (is_grade(cell) or bool(marks(cell).get("locked", False)))


def answer_id(exercise: str) -> str:
    """The `grade_id` of the cell that holds a learner's answer to `exercise`."""
    return f"{exercise}-answer"


def answered_exercise(grade_id: str) -> str:
    """The exercise that an answer cell belongs to."""
    return grade_id.removesuffix("-answer")


def check_source(exercise: str) -> str:
    """The one line of a check cell."""
    return f'check("{exercise}", {exercise})'


def is_untouched(source: str) -> bool:
    """Whether an answer cell still holds the stub that it was released with."""
    return "raise NotImplementedError()" in source and "# YOUR CODE HERE" in source
