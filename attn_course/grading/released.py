"""What was given out, and what must not be seen: the released notebook of a class, and the folders around it."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory

from attn_course.grading.cells import is_grade
from attn_course.grading.outputs import error_output


def released_notebook(coursedir: CourseDirectory, assignment: str) -> NotebookNode:
    """The notebook that learners were given.

    Raises:
        FileNotFoundError: It was not released.
    """
    folder = coursedir.format_path(coursedir.release_directory, ".", assignment)
    path = Path(folder) / f"{assignment}.ipynb"
    if not path.is_file():
        raise FileNotFoundError(f"No released notebook {path}. Release it first: nbgrader generate_assignment")
    return nbformat.read(path, as_version=4)


def masks(coursedir: CourseDirectory) -> tuple[str, ...]:
    """Folders that no notebook may see, even where they lie inside the Python environment: the class and the course."""
    project = Path(__file__).resolve().parents[2]
    return (coursedir.root, str(project)) if (project / "pyproject.toml").is_file() else (coursedir.root,)


def not_graded(released: NotebookNode, reason: str) -> NotebookNode:
    """The released notebook with the reason in place of every check's report: what a learner gets as feedback."""
    notebook = NotebookNode(released | {"cells": [NotebookNode(cell) for cell in released.cells]})
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [error_output("NotGraded", reason)] if is_grade(cell) else []
    return notebook
