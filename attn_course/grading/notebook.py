"""Execute a learner's notebook in a kernel of its own, cell by cell, and collect what its checks say."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from attn_course.grading.cells import (
    CHECK_CALL,
    KERNEL_ARGUMENTS,
    SETUP_ID,
    answered_exercise,
    check_source,
    is_untouched,
)

ANSI = re.compile(r"\x1b\[[0-9;]*m")
IN_FILE = re.compile(r" \(\d+\.py, line \d+\)")  # the kernel's own name for a cell
TIMED_OUT = "CellTimeoutError"
FRAME = re.compile(r"Cell In\[(\d+)\], line (\d+)")


class NotebookError(ValueError):
    """A file that is no notebook of this course."""


@dataclass
class Outcome:
    """What became of one exercise."""

    exercise: str
    score: float | None = None
    report: str = ""
    untouched: bool = False
    check_was_missing: bool = False


@dataclass
class Failure:
    """A cell of the learner's that ended in an error."""

    cell: str
    error: str
    line: str = ""


@dataclass
class Run:
    """What has been seen so far."""

    failures: list[Failure] = field(default_factory=list)
    numbered: dict[int, tuple[str, str]] = field(default_factory=dict)  # execution count → name and source of the cell


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook, or say why it cannot be read.

    Raises:
        NotebookError: The file is missing, damaged or no notebook.
    """
    if not path.is_file():
        raise NotebookError(f"there is no file {path}." if not path.exists() else f"{path} is no file.")
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (json.JSONDecodeError, UnicodeDecodeError, nbformat.reader.NotJSONError) as error:
        raise NotebookError(
            f"{path} is damaged: it is not JSON. Take it from your backup (.ipynb_checkpoints) or a fresh copy."
        ) from error
    except Exception as error:  # nbformat raises many kinds, for each way in which a file can be wrong
        raise NotebookError(f"{path} is not a valid notebook: {str(error).splitlines()[0]}") from error
    return notebook


def exercises_in(notebook: NotebookNode) -> list[str]:
    """The exercises that a notebook asks for, by its answer cells and check cells, in order."""
    names = []
    for cell in notebook.cells:
        grading = _grading(cell)
        if grading.get("solution"):
            names.append(answered_exercise(str(grading.get("grade_id"))))
        elif cell.cell_type == "code" and (call := CHECK_CALL.search(cell.source)):
            names.append(call["exercise"])
    return list(dict.fromkeys(names))


def run_checks(
    notebook: NotebookNode, exercises: list[str], folder: Path, timeout: float, run: Run
) -> Iterator[Outcome]:
    """Execute all cells and yield the outcome of each exercise as soon as its check has run.

    A check cell that is missing is made up for at the end. The kernel ends with the iterator, whatever happens.

    Args:
        notebook: Its cells get the outputs.
        exercises: The exercises that are asked for.
        folder: Where the cells run.
        timeout: Seconds a cell may take.
        run: Collects the learner's cells that failed.

    Raises:
        NotebookError: The kernel died.
    """
    seen = {call["exercise"] for cell in notebook.cells if (call := _check_call(cell))}
    lost = [name for name in exercises if name not in seen]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cells += [nbformat.v4.new_code_cell(check_source(name)) for name in lost]
    untouched = {name for cell in cells if (name := _untouched_exercise(cell))}
    work = nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)
    replies: list[dict] = []
    client = NotebookClient(
        work,
        # The first cell loads the libraries, or installs them: that is not the learner's time.
        timeout_func=lambda cell: None if _grading(cell).get("grade_id") == SETUP_ID else timeout,
        shutdown_kernel="immediate",
        kernel_name="python3",
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout={"ename": TIMED_OUT, "evalue": "", "traceback": []},
        on_cell_executed=lambda cell, cell_index, execute_reply: replies.append(execute_reply["content"]),
        extra_arguments=KERNEL_ARGUMENTS,
        resources={"metadata": {"path": str(folder)}},
    )
    # What a cell prints comes back as its output; what the kernel process itself writes is about its sockets.
    with client.setup_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        for index, cell in enumerate(cells):
            name = _cell_name(cell, index)
            try:
                client.execute_cell(cell, index)
            except DeadKernelError as error:
                reason = "its code ended Python itself or used up the memory"
                raise NotebookError(f"the kernel died in {name}: {reason}.") from error
            run.numbered[cell.execution_count or 0] = (name, cell.source)
            call = _check_call(cell)
            error = _first_error(cell, run)
            if replies and replies[-1].get("ename") == TIMED_OUT:
                error = Failure(name, f"it took longer than {timeout:g} s and was stopped (--timeout gives more)")
            if call is None:
                if error:
                    run.failures.append(error)
                continue
            exercise = call["exercise"]
            outcome = Outcome(exercise, *_score(cell), exercise in untouched, exercise in lost)
            if outcome.score is None or not outcome.report:
                outcome.report = _no_score(exercise, error)
            yield outcome


def _grading(cell: NotebookNode) -> dict:
    grading = cell.metadata.get("nbgrader", {})
    return grading if isinstance(grading, dict) else {}


def _check_call(cell: NotebookNode) -> re.Match | None:
    return CHECK_CALL.search(cell.source) if cell.cell_type == "code" else None


def _untouched_exercise(cell: NotebookNode) -> str | None:
    grading = _grading(cell)
    if grading.get("solution") and is_untouched(cell.source):
        return answered_exercise(str(grading.get("grade_id")))
    return None


def _cell_name(cell: NotebookNode, index: int) -> str:
    if name := _grading(cell).get("grade_id"):
        return f"cell {name}"
    first = cell.source.strip().splitlines()[:1]
    return f"code cell {index + 1} ({first[0][:50]})" if first else f"code cell {index + 1}"


def _score(cell: NotebookNode) -> tuple[float | None, str]:
    """The score and the report that a check cell shows."""
    score, report = None, []
    for output in cell.outputs:
        text = output.get("data", {}).get("text/plain", "")
        if output.output_type == "display_data":
            report.append(text)
        elif output.output_type == "execute_result":
            try:
                score = float(text)
            except ValueError:
                score = None
    return score, "\n".join(report)


def _first_error(cell: NotebookNode, run: Run) -> Failure | None:
    for output in cell.outputs:
        if output.output_type == "error":
            frames = FRAME.findall(ANSI.sub("", "\n".join(output.traceback)))
            place, line = ("", "")
            if frames:
                count, number = map(int, frames[-1])
                here = (_cell_name(cell, 0), cell.source) if count == cell.execution_count else run.numbered.get(count)
                if here:
                    place, source = here
                    text = source.splitlines()[number - 1 : number]
                    line = f"line {number}: {text[0].strip()}" if text else f"line {number}"
            message = IN_FILE.sub("", output.evalue)
            return Failure(place or "a cell", f"{output.ename}: {message}", line)
    return None


def _no_score(exercise: str, error: Failure | None) -> str:
    if error is None:
        reason = "its check cell gives no score; it must hold the bare call " + check_source(exercise)
    elif error.error.startswith(f"NameError: name '{exercise}'"):
        reason = f"there is no {exercise}: its answer cell is missing or failed"
    else:
        reason = f"{error.error} ({error.line})" if error.line else error.error
    return f"{exercise}: no score. {reason[0].upper()}{reason[1:]}."
