"""The engine of the checks: respond, judge, report. It knows no chapter."""

from attn_course.checks.engine.draw import Draw
from attn_course.checks.engine.exercise import (
    Aspect,
    Case,
    Chapter,
    Exercise,
    Fresh,
    Mistake,
    Mistakes,
    Output,
    Seeded,
)

__all__ = ["Aspect", "Case", "Chapter", "Draw", "Exercise", "Fresh", "Mistake", "Mistakes", "Output", "Seeded"]
