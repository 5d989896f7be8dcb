"""Read what a learner handed in, from a folder that may hold anything, into plain cells and a few helper files.

Nothing is followed, executed or believed: links, devices and pipes are not opened, sizes are limited, and of a damaged
notebook is taken what is in it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pkgutil
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

MIB = 2**20
MAX_NOTEBOOK = 32 * MIB
MAX_HELPER = 2 * MIB
MAX_HELPERS = 8 * MIB
MAX_FILES = 200
MAX_DEPTH = 4
MAX_CELLS = 5000
MAX_SOURCE = 2 * 10**6  # characters
HELPERS = (".py", ".csv", ".tsv", ".txt", ".json", ".npy", ".npz", ".png", ".jpg")
# Written by other tools beside a notebook; neither handed in nor worth a word.
IGNORED = frozenset({".ipynb_checkpoints", "__pycache__", ".git", "__MACOSX", "feedback"})
TIMESTAMP = "timestamp.txt"
SURROGATES = re.compile(r"[\ud800-\udfff]")


class Ungradable(Exception):
    """A submission that nobody could grade as it is; the message says why and what would help."""


@dataclass(frozen=True)
class Submission:
    """What was found in a submission's folder.

    Args:
        notebook: Name and content of the notebook.
        helpers: Relative path → content of the files that its cells may use.
        notes: What was left out or taken in spite of its name, in sentences.
        handed_in: Content of the timestamp that nbgrader keeps beside a submission, "" where there is none.
    """

    notebook: tuple[str, bytes]
    helpers: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    handed_in: str = ""

    @property
    def digest(self) -> str:
        """Changes with every byte that is graded."""
        digest = hashlib.sha256()
        for name, content in [self.notebook, *sorted(self.helpers.items())]:
            digest.update(f"{len(name)} {len(content)} {name}".encode("utf-8", "surrogateescape"))
            digest.update(content)
        return digest.hexdigest()


def read_submission(folder: Path, assignment: str) -> Submission:
    """Read a submission's folder.

    Args:
        folder: `submitted/STUDENT/NN_slug`.
        assignment: Name that the notebook should have.

    Raises:
        Ungradable: There is no notebook that could be meant, or it cannot be read.
    """
    notebooks: dict[str, bytes | str] = {}
    helpers: dict[str, bytes] = {}
    notes: list[str] = []
    handed_in = ""
    for name, content in _files(folder):
        if name == TIMESTAMP:
            handed_in = content[:100].decode("ascii", "replace").strip() if isinstance(content, bytes) else ""
        elif name.lower().endswith(".ipynb"):
            notebooks[name] = content
        elif isinstance(content, str):
            notes.append(f"{_shown(name)} was left out: {content}.")
        elif reason := _why_not(name, content, sum(map(len, helpers.values()))):
            notes.append(f"{_shown(name)} was left out: {reason}.")
        else:
            helpers[name] = content
    name, note = _choose(notebooks, f"{assignment}.ipynb")
    content = notebooks[name]
    if isinstance(content, str):
        raise Ungradable(f"{_shown(name)} cannot be read: {content}.")
    return Submission((name, content), helpers, (*note, *notes), handed_in)


def _choose(notebooks: Mapping[str, bytes | str], wanted: str) -> tuple[str, tuple[str, ...]]:
    if wanted in notebooks:
        others = sorted(set(notebooks) - {wanted})
        return wanted, tuple(f"{_shown(name)} was left out: {wanted} is graded." for name in others)
    if not notebooks:
        raise Ungradable(f"there is no notebook. Wanted is {wanted}.")
    if len(notebooks) > 1:
        names = ", ".join(_shown(name) for name in sorted(notebooks)[:5])
        raise Ungradable(f"there are {len(notebooks)} notebooks: {names}. Name the one that counts {wanted}.")
    name = next(iter(notebooks))
    return name, (f"{_shown(name)} was graded as {wanted}.",)


def _shown(name: str) -> str:
    """A file's name as it may be printed."""
    return repr(name)[1:-1][:120]


def _files(folder: Path) -> Iterator[tuple[str, bytes | str]]:
    """Relative path and content of each file, or in place of the content why it is not read.

    Raises:
        Ungradable: The folder is none, or holds too much.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        what = "a link" if os.path.islink(folder) else f"no folder that can be read ({error.strerror})"
        raise Ungradable(f"{_shown(folder.name)} is {what}; a folder with the notebook is wanted.") from error
    try:
        for number, found in enumerate(_walk(descriptor, "", 0)):
            if number == MAX_FILES:
                raise Ungradable(f"there are more than {MAX_FILES} files. Hand in the notebook and what it needs.")
            yield found
    finally:
        os.close(descriptor)


def _walk(descriptor: int, prefix: str, depth: int) -> Iterator[tuple[str, bytes | str]]:
    for name in sorted(os.listdir(descriptor)):
        if name in IGNORED or (name.startswith(".") and not name.lower().endswith(".ipynb")):
            continue
        path = prefix + name
        try:
            kind = os.lstat(name, dir_fd=descriptor)
        except OSError as error:
            yield path, f"{error.strerror}"
            continue
        if stat.S_ISDIR(kind.st_mode) and not name.lower().endswith(".ipynb"):
            if depth == MAX_DEPTH:
                yield path, "it lies too deep"
                continue
            try:
                below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            except OSError as error:
                yield path, f"{error.strerror}"
                continue
            try:
                yield from _walk(below, f"{path}/", depth + 1)
            finally:
                os.close(below)
        else:
            yield path, _content(name, kind, descriptor)


def _content(name: str, kind: os.stat_result, descriptor: int) -> bytes | str:
    if not stat.S_ISREG(kind.st_mode):
        kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        return f"it is {kinds.get(stat.S_IFMT(kind.st_mode), 'a device')}, not a file"
    most = MAX_NOTEBOOK if name.lower().endswith(".ipynb") else MAX_HELPER
    try:
        # It may have become something else since it was looked at: do not follow, do not wait.
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
    except OSError as error:
        return f"{error.strerror}"
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return "it is not a file"
        content = file.read(most + 1)
    return content if len(content) <= most else f"it is larger than {most // MIB} MiB"


def _why_not(name: str, content: bytes, before: int) -> str:
    """Why a file beside the notebook is not given to its cells; "" if it is."""
    if not name.lower().endswith(HELPERS):
        return f"only {', '.join(HELPERS)} are given to a notebook"
    if len(content) + before > MAX_HELPERS:
        return f"all files together are larger than {MAX_HELPERS // MIB} MiB"
    first = name.partition("/")[0].removesuffix(".py")
    if name.endswith(".py") and first in installed_modules():
        return f"it has the name of an installed module, {first}"
    return ""


@functools.cache
def installed_modules() -> frozenset[str]:
    """Names that `import` finds without a learner's files, and those that Python looks for at its start."""
    found = {module.name for module in pkgutil.iter_modules()}
    return frozenset(found | set(sys.stdlib_module_names) | {"attn_course", "sitecustomize", "usercustomize", "conftest"})


def read_cells(content: bytes) -> NotebookNode:
    """The cells of a notebook file, each with type, source, id and `grade_id`, from any version of the format.

    Raises:
        Ungradable: It is no notebook.
    """
    tree = _parse(content)
    cells = tree.get("cells")
    if not isinstance(cells, list):  # format 3 and older: cells lie in worksheets
        sheets = tree.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        cells = [c for s in sheets if isinstance(s, dict) and isinstance(s.get("cells"), list) for c in s["cells"]]
    plain = [_cell(cell) for cell in cells[:MAX_CELLS] if isinstance(cell, dict)]
    if not plain:
        raise Ungradable("the notebook has no cells. Was the right file handed in?")
    if len(cells) > MAX_CELLS:
        raise Ungradable(f"the notebook has more than {MAX_CELLS} cells.")
    size = sum(len(cell.source) for cell in plain)
    if size > MAX_SOURCE:
        raise Ungradable(f"the notebook's cells are too large: {size} characters, at most {MAX_SOURCE} are graded.")
    return NotebookNode(cells=plain)


def _parse(content: bytes) -> dict[str, Any]:
    text = _decode(content)
    if not text.strip():
        raise Ungradable("the notebook is an empty file.")
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        at = f" after line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Ungradable(f"the notebook is damaged: it stops being JSON{at}.") from error
    if not isinstance(tree, dict):
        raise Ungradable("the file is JSON, but no notebook.")
    return tree


def _decode(content: bytes) -> str:
    """Text in whatever encoding editors write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 reads every byte")


def _cell(cell: dict[str, Any]) -> NotebookNode:
    metadata = cell.get("metadata")
    grading = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = grading.get("grade_id") if isinstance(grading, dict) else None
    kept = {"nbgrader": NotebookNode(grade_id=grade_id)} if isinstance(grade_id, str) else {}
    kind = cell.get("cell_type") if isinstance(cell.get("cell_type"), str) else "raw"
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    plain = NotebookNode(cell_type=kind, source=_lines(source), metadata=NotebookNode(kept))
    if isinstance(cell.get("id"), str):
        plain.id = cell["id"]
    return plain


def _lines(source: Any) -> str:
    text = source if isinstance(source, str) else ""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "�")
    return SURROGATES.sub("�", text)  # half a character, which no file can hold
