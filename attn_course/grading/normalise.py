"""The last step of `nbgrader generate_assignment`: leave nothing in a release that depends on the machine."""

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from attn_course.grading.source import KERNELSPEC

CELL_METADATA = ("deletable", "editable", "nbgrader", "tags")


class Normalise(NbGraderPreprocessor):
    """Keep of the metadata what a learner's notebook needs, so that equal sources give equal bytes."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        nb.metadata = nbformat.from_dict({"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}})
        nb.nbformat, nb.nbformat_minor = 4, 5
        for cell in nb.cells:
            kept = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
            cell.metadata = nbformat.from_dict(kept)
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        return nb, resources
