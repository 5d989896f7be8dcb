"""Compare what nbgrader wrote into the gradebook with the true grades of a demonstration class."""

import json
import math
from pathlib import Path

from attn_course.grading.classroom import ClassError
from attn_course.grading.coordinator import CourseError, open_course
from attn_course.grading.demo import TRUTH
from attn_course.grading.gradebook import ClassGradebook, NoGradebook


def compare(folder: Path) -> tuple[str, bool]:
    """Set the graded scores beside the true ones, for every learner and assignment.

    Returns:
        The table, and whether every score of every exercise is the true one.

    Raises:
        ClassError: The folder is no demonstration class.
    """
    truth_file = folder / TRUTH
    if not truth_file.is_file():
        raise ClassError(f"{folder} is no demonstration class. Make one with: attn-course class demo {folder}")
    try:
        opened = ClassGradebook(open_course(folder).coursedir)
    except (CourseError, NoGradebook) as error:
        raise ClassError(str(error)) from error
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    rows = [("learner", "assignment", "handed in", "true", "graded", "")]
    wrong = 0
    with opened as gradebook:
        for learner, assignments in truth.items():
            for assignment, known in assignments.items():
                graded = gradebook.scores(assignment, learner)
                verdict = _verdict(known["scores"], graded)
                wrong += verdict != "ok"
                total = _total(graded)
                true = "by hand" if known["scores"] is None else f"{sum(known['scores'].values()):.2f}"
                rows.append((learner, assignment, known["kind"], true, total, verdict))
    count = len(rows) - 1
    summary = f"{count - wrong} of {count} grades are the true ones, exercise by exercise."
    return f"{_table(rows)}\n\n{summary}", wrong == 0


def _total(graded: dict[str, float] | None) -> str:
    if graded is None:
        return "none"
    total = sum(graded.values())
    return "by hand" if math.isnan(total) else f"{total:.2f}"


def _verdict(true: dict[str, float] | None, graded: dict[str, float] | None) -> str:
    if graded is None:
        return "wrong: not graded"
    if true is None:  # nobody can grade it: a score of 0 would be as wrong as any other
        return "ok" if graded and all(map(math.isnan, graded.values())) else "wrong: was graded"
    different = [name for name in true if not math.isclose(true[name], graded.get(name, math.nan), abs_tol=1e-6)]
    return f"wrong: {', '.join(different)}" if different or true.keys() != graded.keys() else "ok"


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            text.rjust(width) if column in (3, 4) else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
