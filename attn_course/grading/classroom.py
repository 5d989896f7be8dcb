"""Make a course folder in which nbgrader's own commands work: autograde, generate_feedback, export, formgrader."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from attn_course.grading.release import generate, write_source

CONFIG = '''"""nbgrader's settings for this class. Add your own below those of the course."""

from pathlib import Path

from attn_course.grading.settings import configure

c = get_config()

# The secret from which each submission's checks get their seed: grading again gives the same grades. Keep it to yourself.
configure(c, root=Path(__file__).parent, seed={seed})
'''


class ClassError(Exception):
    """A class folder that cannot be made or read."""


def create_class(folder: Path, assignments: Sequence[tuple[Path, Mapping[str, float]]], seed: int | None) -> int:
    """Make a course folder with a gradebook that knows the assignments.

    Args:
        folder: Is made; must be missing or empty.
        assignments: The solution of each chapter, with the points of its exercises in order.
        seed: Of the checks while grading; None draws one.

    Returns:
        The seed, as recorded in the folder's nbgrader_config.py.

    Raises:
        ClassError: The folder is in use.
        attn_course.grading.source.SolutionError: A solution cannot be released.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ClassError(f"{folder} exists and is not empty. Name a new folder, or remove this one first.")
    folder.mkdir(parents=True, exist_ok=True)
    seed = secrets.randbits(63) if seed is None else seed
    (folder / "nbgrader_config.py").write_text(CONFIG.format(seed=seed), encoding="utf-8")
    for solution, points in assignments:
        write_source(solution, points, folder)
        generate(folder, solution.stem, seed)
    (folder / "submitted").mkdir()
    return seed
