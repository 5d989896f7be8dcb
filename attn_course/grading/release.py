"""From `solutions/` to `exercises/`: nbgrader makes the assignment in a course folder of its own, then it is copied.

The folder and its gradebook are temporary, so that nothing but the released notebook appears in the repository.
"""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from attn_course.grading.settings import configure
from attn_course.grading.source import read_solution

log = logging.getLogger(__name__)


def solution_path(project: Path, name: str) -> Path:
    return project / "solutions" / name / f"{name}.py"


def exercise_path(project: Path, name: str) -> Path:
    return project / "exercises" / name / f"{name}.ipynb"


def write_source(solution: Path, points: Mapping[str, float], course: Path) -> None:
    """Write the instructor's version of an assignment, with the solutions, where nbgrader looks for it."""
    target = course / "source" / solution.stem / f"{solution.stem}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = nbformat.writes(read_solution(solution, points))
    target.write_text(text + "\n", encoding="utf-8")


def generate(course: Path, name: str, seed: int = 0) -> Path:
    """Run nbgrader's `generate_assignment` for one assignment of a course folder.

    Returns:
        The released notebook.

    Raises:
        nbgrader.converters.base.NbGraderException: nbgrader refused; its log says why.
    """
    config = Config()
    configure(config, course, seed)
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id = name
    converter = GenerateAssignment(coursedir=coursedir, config=config)
    converter.force = True
    converter.log.setLevel(logging.ERROR)
    converter.start()
    return course / "release" / name / f"{name}.ipynb"


def release(solution: Path, points: Mapping[str, float]) -> bytes:
    """Make the notebook that learners get, the same bytes from the same solution.

    Args:
        solution: `NN_slug.py`; its stem is the name of the assignment.
        points: The points of each exercise of the chapter, in its order.

    Raises:
        attn_course.grading.source.SolutionError: The solution cannot be released; the message says why.
    """
    with tempfile.TemporaryDirectory(prefix="attn-course-") as folder:
        course = Path(folder)
        write_source(solution, points, course)
        return generate(course, solution.stem).read_bytes()
