"""Stages the part of the course that a sandbox gets to see: two trees of copied files, and in neither an answer.

`engine/` has the responding half of the checks of one chapter; a warm parent imports it and then covers it. `learner/`
is the `attn_course` that notebooks import: what the released notebook uses, with a `check` that only says when it counts.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode

from attn_course.checks.engine.exercise import Chapter
from attn_course.checks.registry import chapters

PACKAGE = Path(__file__).parents[2]
ENGINE_ROOT = "attn_course.grading.sandbox.inside.parent"
# Packages of which only the name is needed: what they import decides grades.
EMPTY = frozenset({"attn_course", "attn_course.checks", "attn_course.grading", "attn_course.grading.sandbox"})
# Parts of a reference that answer no exercise.
NO_ANSWER = ("attn_course.data", "attn_course.arguments")
SECRET = ("attn_course.checks.mistakes", "attn_course.checks.engine.judge", "attn_course.checks.engine.diagnose")

LEARNERS_INIT = '''"""The course, as a notebook sees it while a class is graded."""


class _Later:
    """Stands for a report: there is none yet."""

    exercise, score, points, aspects, diagnosis = "", 0.0, 0.0, (), None
    text = "Checked when the class is graded."

    def __str__(self):
        return self.text

    __repr__ = __str__


def evaluate(exercise, learner, seed=None, device="cpu"):
    return _Later()


def check(exercise, learner, seed=None, device="cpu"):
    print(f"{exercise}: checked when the class is graded.")
    return 0.0
'''


class StagingError(RuntimeError):
    """A tree that would show an answer: a fault of the course, not of a learner."""


def stage(folder: Path, slug: str, imported: Iterable[str]) -> tuple[Path, Path, tuple[str, ...]]:
    """Write both trees.

    Args:
        folder: Exists and is empty.
        slug: The chapter that is graded.
        imported: Modules that the released notebook imports, the course's and others.

    Returns:
        The folders of the engine and of the learners' course, and the modules of the latter.

    Raises:
        StagingError: A reference of this chapter or a later one, or a mistake, would be among the files.
    """
    own = sorted(name for name in imported if name.startswith("attn_course."))
    engine, learner = _engine_files(slug), _closure(own, frozenset({"attn_course"}))
    for name in (*engine, *learner):
        if name in _references(slug) or name.startswith(SECRET):
            raise StagingError(f"{name} decides grades or holds answers to chapter {slug}, and would be staged.")
    _copy(engine, folder / "engine", EMPTY)
    _copy({"attn_course", *learner}, folder / "learner", frozenset({"attn_course"}))
    (folder / "learner" / "attn_course" / "__init__.py").write_text(LEARNERS_INIT, encoding="utf-8")
    return folder / "engine", folder / "learner", tuple(own)


def _engine_files(slug: str) -> set[str]:
    roots = [ENGINE_ROOT, f"attn_course.checks.{slug}"]
    # The warm parent imports these by name, inside functions.
    roots += [f"attn_course.grading.sandbox.inside.{name}" for name in ("child", "shell")]
    return _closure(roots, EMPTY)


def _references(slug: str) -> set[str]:
    known = chapters()
    number = known[slug].number
    later = [chapter for chapter in known.values() if chapter.number >= number]
    return {module for chapter in later for module in _reference_modules(chapter)}


def _reference_modules(chapter: Chapter) -> set[str]:
    """The modules with the answers of a chapter, and those of the package that they are made of."""
    roots = {exercise.reference.partition(":")[0] for exercise in chapter.exercises}
    return {name for name in _closure(roots, frozenset({"attn_course"})) if not name.startswith(NO_ANSWER)} - EMPTY


def _closure(roots: Iterable[str], empty: frozenset[str]) -> set[str]:
    """The modules of the course that are imported when `roots` are, with their packages."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        parents = [name.rpartition(".")[0]] if "." in name else []
        if name in found or _file(name) is None:
            waiting += [parent for parent in parents if parent not in found]
            continue
        found.add(name)
        waiting += parents
        if name not in empty:
            waiting += _imports(name)
    return found


@functools.cache
def _imports(name: str) -> tuple[str, ...]:
    """What a module imports when it is imported itself; names in a package count as modules where there is such a file."""
    file = _file(name)
    assert file is not None
    found: list[str] = []
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(one for one in found if one.partition(".")[0] == "attn_course")


def _file(name: str) -> Path | None:
    parts = name.split(".")
    if parts[0] != "attn_course":
        return None
    path = PACKAGE.joinpath(*parts[1:])
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file() and (len(parts) > 1 or file.name == "__init__.py"):
            return file
    return None


def _copy(names: Iterable[str], target: Path, empty: frozenset[str]) -> None:
    for name in names:
        file = _file(name)
        assert file is not None
        to = target / "attn_course" / file.relative_to(PACKAGE)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(b"" if name in empty else file.read_bytes())


def imported_by(notebook: NotebookNode) -> tuple[str, ...]:
    """The modules that a notebook's cells import, with the submodules that a `from` may name."""
    found: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:  # a magic
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
                if node.module.startswith("attn_course"):
                    found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return tuple(sorted(name for name in found if name not in {"attn_course.check", "attn_course.evaluate"}))
