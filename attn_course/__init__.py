"""A course on attention: the reference of each mechanism, and the checks of the exercises.

`check` and `evaluate` are imported on first use, so that commands which need no tensor start fast.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attn_course.checks import check, evaluate

__all__ = ["check", "evaluate"]


def __getattr__(name: str):
    if name in __all__:
        from attn_course import checks
        from attn_course.checks.engine import devices

        devices.load()
        return getattr(checks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
