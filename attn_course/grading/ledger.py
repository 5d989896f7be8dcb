"""The ledger of a class: one small file for each submission, which says what became of it.

An entry is written last, after everything that it speaks of, by write, sync and rename. So it is either there and true, or
not there, and then the submission is graded again, to the same grades.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

LONGEST_NAME = 200  # bytes


class InUse(RuntimeError):
    """Somebody else is grading this class."""


@dataclass(frozen=True)
class Entry:
    """What became of one submission.

    Args:
        state: "graded", "ungradable" or "retry".
        key: Of everything that the grades depend on; another key means: grade again.
        seed: Of the checks, for grading by hand.
        reason: Why it was not graded.
        scores: Exercise → points.
        signals: What a person may want to look at, beside the grade.
        notes: What was left out of the submission, in sentences.
        trusted: Whether it ran without a sandbox.
        seconds: That it took.
    """

    state: str
    key: str
    seed: int
    reason: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    signals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trusted: bool = False
    seconds: float = 0.0


class Ledger:
    """The entries of one assignment.

    Args:
        folder: Of the class.
        assignment: Name of the assignment.
    """

    def __init__(self, folder: Path, assignment: str) -> None:
        self.folder = folder / "ledger" / assignment

    def entry(self, student: str) -> Entry | None:
        """The entry of a learner; None where there is none that can be read."""
        try:
            known = json.loads(self._path(student).read_text(encoding="utf-8"))
            return Entry(**{one.name: known[one.name] for one in fields(Entry)})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, student: str, entry: Entry) -> None:
        """Write a learner's entry; on disk when this returns."""
        text = json.dumps(asdict(entry), indent=1, ensure_ascii=True) + "\n"
        write_durably(self._path(student), text.encode("ascii"))

    def _path(self, student: str) -> Path:
        raw = os.fsencode(student)
        if len(raw) > LONGEST_NAME:  # with its ending, no file could have it
            student = f"{student[:40]}-{hashlib.sha256(raw).hexdigest()[:16]}"
        return self.folder / f"{student}.json"


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a crash it holds either the old content or the new, and never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    with open(new, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second grader out of a class. The system gives the lock back however this process ends.

    Raises:
        InUse: There is one already.
    """
    path = folder / "ledger" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"{folder} is being graded by another process. Wait for it, or stop it, and try again.") from None
        yield
