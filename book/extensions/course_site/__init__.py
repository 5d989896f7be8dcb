"""The Sphinx extension of this book: what Jupyter Book 1.x and its theme leave open for an offline, accessible site.

equations   formulas become MathML when the book is built, numbered by chapter
folds       admonitions that unfold are native <details>
freshness   pages are executed again when the package that they import has changed
pages       what every page needs beside its text: description, theme, names that readers hear
assets      one small style sheet and one script instead of the themes' own
serve       (not Sphinx) the built site at an address of this machine, for tests and audits
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: "Sphinx") -> dict:
    from course_site import assets, equations, folds, freshness, pages  # serve.py needs none of them

    for part in (equations, folds, freshness, pages, assets):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
