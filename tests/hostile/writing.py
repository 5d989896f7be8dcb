"""Make a submission out of the solved notebook and a few changes to it."""

from __future__ import annotations

import copy
import os
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping

import nbformat
from nbformat import NotebookNode

from attn_course.grading.cells import answer_id
from tests.hostile.entry import Content, Entry, Material

ALL = "*"
LAST = "attention_backward"
"""The last exercise of chapter 04: what is done to a kernel there comes after the other six have been checked."""

INSIDE = """
import os
try:
    INSIDE = os.readlink("/proc/self/ns/pid") != "«namespace»"
except OSError:
    INSIDE = os.getpid() < 50
INSIDE = INSIDE and not os.path.exists(«canary»)
"""
"""Whether the code runs in a process namespace and on a file system of its own. What could harm a machine is left out
elsewhere."""

NAMESPACE = os.readlink("/proc/self/ns/pid") if sys.platform == "linux" else "none"


def code(text: str) -> str:
    """Code written in a list of entries, at the margin."""
    return textwrap.dedent(text).strip("\n")


def worthless(exercise: str) -> str:
    """An answer that earns nothing with any seed."""
    if exercise == "Seq2Seq":
        return "class Seq2Seq(nn.Module):\n    def forward(self, *_):\n        return None"
    return f"def {exercise}(*_, **__):\n    return None"


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    """The cell of that id."""
    return next(cell for cell in notebook.cells if cell.get("id") == name)


def dump(notebook: NotebookNode) -> bytes:
    return (nbformat.writes(notebook) + "\n").encode()


def code_cell(source: str, **metadata: object) -> NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def fill(text: str, material: Material) -> str:
    """Put the places of the material into code, unreadable to whoever searches for them in a page."""
    places = {
        "«folder»": material.folder,
        "«outside»": material.outside,
        "«canary»": material.canary,
        "«home»": material.home,
        "«socket»": material.socket,
    }
    for mark, place in places.items():
        text = text.replace(mark, f"bytes.fromhex('{str(place).encode().hex()}').decode()")
    return text.replace("«port»", str(material.port)).replace("«namespace»", NAMESPACE)


Change = Callable[[NotebookNode, Material], NotebookNode | None]


def submission(
    material: Material,
    wrong: Iterable[str] = (),
    answers: Mapping[str, str] | None = None,
    first: str = "",
    last: str = "",
    change: Change | None = None,
) -> NotebookNode:
    """The solved notebook with changes.

    Args:
        material: What it is made of.
        wrong: Exercises whose answer is worthless; `ALL` stands for all.
        answers: Exercise → text of its answer cell.
        first: A cell after the setup cell.
        last: A cell at the end.
        change: Changes the notebook itself, or makes another.
    """
    notebook = copy.deepcopy(material.solved)
    for exercise in material.points if ALL in wrong else wrong:
        cell(notebook, answer_id(exercise)).source = worthless(exercise)
    for exercise, answer in (answers or {}).items():
        cell(notebook, answer_id(exercise)).source = fill(code(answer), material)
    if first:
        notebook.cells.insert(2, code_cell(fill(code(first), material)))
    if last:
        notebook.cells.append(code_cell(fill(code(last), material)))
    return (change(notebook, material) if change else None) or notebook


def learner(
    name: str,
    scores: Callable | None,
    reason: str = "",
    *,
    wrong: Iterable[str] = (),
    answers: Mapping[str, str] | None = None,
    first: str = "",
    last: str = "",
    change: Change | None = None,
    files: Callable[[Material], Mapping[str, Content]] | None = None,
    **about: object,
) -> Entry:
    """An entry whose notebook is the solved one with changes; see `submission` and `Entry`."""

    def build(material: Material) -> Mapping[str, Content]:
        notebook = submission(material, wrong, answers, first, last, change)
        return {material.filename: dump(notebook), **(files(material) if files else {})}

    return Entry(name, build, scores, reason, **about)


def attack(name: str, trick: str, *, target: str = LAST, **about: object) -> Entry:
    """Right answers in all exercises but `target`, whose cell holds a trick beside a worthless answer.

    The trick may define the answer itself; the worthless one comes before it.
    """
    from tests.hostile.entry import but

    about.setdefault("scores", but(target))
    return learner(name, answers={target: f"{worthless(target)}\n\n\n{code(trick)}"}, **about)


def early(name: str, trick: str, **about: object) -> Entry:
    """Worthless answers throughout, and a trick that is played before any of them."""
    from tests.hostile.entry import nothing

    about.setdefault("scores", nothing)
    return learner(name, first=trick, wrong=[ALL], **about)
