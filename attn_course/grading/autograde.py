"""The two places in which `nbgrader autograde`, and formgrader's button, become as safe as `attn-course grade`.

The exporter reads a submission without following or believing anything; the preprocessor runs the rebuilt notebook in
the sandbox and lets the judge decide. What nbgrader does before and after stays its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from attn_course.checks.registry import chapter_named
from attn_course.grading.gradebook import ClassGradebook
from attn_course.grading.released import masks, released_notebook
from attn_course.grading.restore import restore
from attn_course.grading.sandbox.tree import imported_by
from attn_course.grading.seeds import submission_seed
from attn_course.grading.settings import Sandbox
from attn_course.grading.submission import Submission, Ungradable, read_cells, read_submission
from attn_course.grading.verdict import grade
from attn_course.grading.work import warm


class SubmissionExporter(NotebookExporter):
    """Reads a submission as the released notebook with the learner's own text in it."""

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> tuple[str, Any]:
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **options)
        names = resources["nbgrader"]
        coursedir = CourseDirectory(config=self.config)
        try:
            submitted = read_cells(_submission(coursedir, names).notebook[1])
        except Ungradable:
            with ClassGradebook(coursedir) as gradebook:
                gradebook.record_not_graded(names["assignment"], names["student"], None)
            raise
        released = released_notebook(coursedir, names["assignment"])
        return self.from_notebook_node(restore(released, submitted), resources=resources, **options)


class InSandbox(NbGraderPreprocessor):
    """In place of executing a notebook here: run it in the sandbox, and write the judge's reports into it."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        names = resources["nbgrader"]
        coursedir = CourseDirectory(config=self.config)
        chapter = chapter_named(names["assignment"])
        sandbox = Sandbox(config=self.config)
        submission = _submission(coursedir, names)
        released = released_notebook(coursedir, names["assignment"])
        imported = imported_by(released)
        zygote = warm(chapter.slug, imported, sandbox.limits(), masks(coursedir), sandbox.trust)
        seed = submission_seed(sandbox.seed, names["assignment"], names["student"], submission.digest)
        return grade(nb, chapter, submission.helpers, seed, zygote).notebook, resources


def _submission(coursedir: CourseDirectory, names: dict[str, str]) -> Submission:
    folder = coursedir.format_path(coursedir.submitted_directory, names["student"], names["assignment"])
    return read_submission(Path(folder), names["assignment"])
