"""The class in which all of them meet honest learners, and what lies around it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

from attn_course.checks.registry import chapters
from attn_course.grading.classroom import create_class
from attn_course.grading.demo import solve
from attn_course.grading.release import solution_path
from tests.hostile.entry import ATTENTION, RECURRENCE, Entry, Material, Points, everything, nothing, place
from tests.hostile.writing import dump

PROJECT = Path(__file__).parents[2]
SEED = 1_618_033_988
"""Of the class. Long enough to be found wherever it leaks."""
HONEST = ("honest-1", "honest-2", "honest-3")
UNTOUCHED = "untouched-1"


@dataclass(frozen=True)
class Classroom:
    """A class folder with submissions.

    Args:
        folder: The class folder.
        outside: Its neighbour, with files that must stay untouched and unread.
        secret: A word that lies in many of them, and must be read by nobody.
        materials: By assignment.
    """

    folder: Path
    outside: Path
    secret: str
    materials: Mapping[str, Material]

    def untouchable(self) -> dict[Path, bytes]:
        """The content of every file that no submission may change: those outside, the release, sources, submissions."""
        roots = [self.outside, *(self.folder / name for name in ("release", "source", "submitted"))]
        files = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
        small = [path for path in files if path.stat().st_size < 2**27]
        return {path: path.read_bytes() for path in [*small, self.folder / "nbgrader_config.py"]}


def points_of(assignment: str) -> Points:
    chapter = chapters()[assignment.partition("_")[2]]
    return {exercise.id: exercise.points for exercise in chapter.exercises}


def new_classroom(folder: Path, outside: Path, port: int = 9) -> Classroom:
    """Make a class with honest learners alone.

    Args:
        folder: Of the class; is made.
        outside: An empty folder.
        port: See `Material`.
    """
    secret = f"secret{secrets.token_hex(8)}"
    names = (RECURRENCE, ATTENTION)
    create_class(folder, [(solution_path(PROJECT, name), points_of(name)) for name in names], SEED)
    materials = {}
    for name in names:
        released, source = (
            nbformat.read(folder / step / name / f"{name}.ipynb", as_version=4) for step in ("release", "source")
        )
        solved = solve(released, source)
        materials[name] = Material(name, released, solved, points_of(name), folder, outside, port)
        for learner in HONEST:
            mine = solve(released, source)
            mine.cells.append(nbformat.v4.new_code_cell(f"note = {secret!r}  # of {learner}"))
            _hand_in(folder, learner, name, dump(mine))
        _hand_in(folder, UNTOUCHED, name, dump(released))
    home = materials[ATTENTION].home
    for path in (outside / "canary.txt", home / "secret.txt", home / ".ssh" / "id_ed25519", folder / "secret.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{secret}\n")
    return Classroom(folder, outside, secret, materials)


def _hand_in(folder: Path, learner: str, assignment: str, content: bytes) -> None:
    place(content, folder / "submitted" / learner / assignment / f"{assignment}.ipynb")


def add(classroom: Classroom, entries: Iterable[Entry]) -> None:
    """Hand in these submissions."""
    for entry in entries:
        target = classroom.folder / "submitted" / entry.name / entry.assignment
        for path, content in entry.build(classroom.materials[entry.assignment]).items():
            place(content, target / path)


def honest_scores(learner: str, assignment: str) -> Points:
    """What those who are always there earn."""
    return (nothing if learner == UNTOUCHED else everything)(points_of(assignment))
