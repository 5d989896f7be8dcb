"""Make the output of every check cell a score that nbgrader reads as it is meant.

nbgrader 0.9.6 takes a check cell's output for its score, and gives full marks where there is no output, or one that is
no number, NaN or negative. Any text on stderr, a warning or a progress bar too, gives 0. Neither happens here.
"""

import re

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor

NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?(e-[0-9]+)?")


class PlainScores(NbGraderPreprocessor):
    """After execution: a check cell ends in one plain number from 0 to its points, or in an error that says why not."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, cell_index: int) -> tuple[NotebookNode, dict]:
        if cell.cell_type != "code" or not utils.is_grade(cell) or utils.is_solution(cell):
            return cell, resources
        for output in cell.outputs:
            if output.output_type == "stream":
                output.name = "stdout"  # a warning takes no marks
        failed = any(output.output_type == "error" for output in cell.outputs)  # counts 0, and says why
        reason = None if failed else _why_no_score(cell)
        if failed or reason:
            cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]
        if reason:
            self.log.warning("%s: %s", cell.metadata.nbgrader.grade_id, reason)
            error = {"output_type": "error", "ename": "NoScore", "evalue": reason, "traceback": [f"NoScore: {reason}"]}
            cell.outputs.append(NotebookNode(error))
        return cell, resources


def _why_no_score(cell: NotebookNode) -> str | None:
    points = float(cell.metadata.nbgrader.points)
    results = [output for output in cell.outputs if output.output_type == "execute_result"]
    if len(results) != 1:
        return f"The check must give one score, it gave {len(results)}. This cell counts 0 points."
    text = results[0].get("data", {}).get("text/plain", "")
    text = "".join(text) if isinstance(text, list) else text
    if not NUMBER.fullmatch(text) or float(text) > points:
        return f"The check must give a number from 0 to {points:g}, it gave {text[:60]!r}. This cell counts 0 points."
    return None
