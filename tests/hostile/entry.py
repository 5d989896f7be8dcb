"""What one submission of the hostile class is, and what a sound grader reports about it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

ATTENTION = "04_scaled_dot_product"
RECURRENCE = "01_recurrence"


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Fifo:
    """A named pipe that nobody ever writes to."""


@dataclass(frozen=True)
class Device:
    """A character device, like /dev/zero, that never ends. Becomes an empty FIFO where only root may make one."""

    major: int = 1
    minor: int = 5


@dataclass(frozen=True)
class Folder:
    """An empty folder."""


@dataclass(frozen=True)
class Sparse:
    """A file of zeros that takes no room on the disk."""

    size: int


Content = bytes | Link | Fifo | Device | Folder | Sparse
Points = Mapping[str, float]


@dataclass(frozen=True)
class Material:
    """What a submission can be made of.

    Args:
        name: The assignment.
        released: The notebook as learners get it.
        solved: The same with right answers.
        points: The points of each exercise, in order.
        folder: The class folder.
        outside: A folder outside of the class, full of things that no submission may read or change.
        port: A TCP and UDP port of 127.0.0.1 on which somebody listens.
    """

    name: str
    released: NotebookNode
    solved: NotebookNode
    points: Points
    folder: Path
    outside: Path
    port: int

    @property
    def filename(self) -> str:
        return f"{self.name}.ipynb"

    @property
    def home(self) -> Path:
        """The home folder of whoever grades."""
        return self.outside / "home"

    @property
    def canary(self) -> Path:
        """A file that must stay as it is."""
        return self.outside / "canary.txt"

    @property
    def socket(self) -> str:
        """Name of the abstract and path of the plain Unix socket on which somebody listens."""
        return str(self.outside / "s")


@dataclass(frozen=True)
class Entry:
    """One submission.

    A grader must give `scores` where there is no `reason`, refuse for the `reason` where there are no `scores`, and may do
    either where there are both: a kernel that the learner's code brings down may cost the whole notebook, if the
    learner is told why.

    Args:
        name: Of the learner; unique.
        build: Makes the files, by their path in the submission's folder.
        scores: True points from the exercises' full points.
        reason: What the reason of an ungradable one must match, as a regular expression without regard to case.
        exact: Whether the scores are the very ones, or what each exercise earns at most: who wrecks the kernel
            before the honest answers have run may lose them.
        signals: One of these words (regular expressions) must occur in each honesty signal that is asked for.
        unless_signalled: The scores are forgiven in these exercises where a signal is raised: no watch inside a
            process can be relied upon to see what that process hides.
        absent: Texts that must occur neither in its feedback page nor in an output of its graded notebook that
            a browser would interpret.
        present: Texts that its feedback page must show.
        assignment: The assignment that is handed in.
        valid: Whether the notebook is well-formed for nbformat.
        honest: Whether it means well.
        seconds: How long grading it alone takes at most, roughly.
    """

    name: str
    build: Callable[[Material], Mapping[str, Content]]
    scores: Callable[[Points], Points] | None
    reason: str = ""
    exact: bool = True
    signals: tuple[str, ...] = ()
    unless_signalled: frozenset[str] = frozenset()
    absent: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    assignment: str = ATTENTION
    valid: bool = True
    honest: bool = False
    seconds: float = 15

    def true_scores(self, points: Points) -> Points | None:
        """The true points of each exercise; None where only a refusal is right."""
        return None if self.scores is None else self.scores(points)


def everything(points: Points) -> Points:
    """Full marks."""
    return dict(points)


def nothing(points: Points) -> Points:
    """0 points."""
    return dict.fromkeys(points, 0.0)


def only(*exercises: str) -> Callable[[Points], Points]:
    """Full marks in these exercises alone."""
    return lambda points: {name: float(worth) if name in exercises else 0.0 for name, worth in points.items()}


def but(*exercises: str) -> Callable[[Points], Points]:
    """Full marks in all but these exercises."""
    return lambda points: {name: 0.0 if name in exercises else float(worth) for name, worth in points.items()}


def place(content: Content, path: Path) -> None:
    """Write one file of a submission."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, Link):
        path.symlink_to(content.target)
    elif isinstance(content, Fifo):
        os.mkfifo(path)
    elif isinstance(content, Device):
        try:
            os.mknod(path, 0o20666, os.makedev(content.major, content.minor))
        except PermissionError:
            os.mkfifo(path)
    elif isinstance(content, Sparse):
        with path.open("wb") as file:
            file.truncate(content.size)
    else:
        path.mkdir()


@dataclass
class Listener:
    """Listens on the loopback interface and on Unix sockets, and writes down who calls."""

    folder: Path
    calls: list[str] = field(default_factory=list)
    port: int = 0
    sockets: list[Any] = field(default_factory=list)

    def __enter__(self) -> Listener:
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", self.port))
        plain, abstract = (socket.socket(socket.AF_UNIX) for _ in range(2))
        plain.bind(str(self.folder / "s"))
        abstract.bind("\0" + str(self.folder / "s"))
        plain.listen()
        abstract.listen()
        self.sockets = [tcp, udp, plain, abstract]
        for name, one in zip(["TCP", "UDP", "Unix", "abstract"], self.sockets, strict=True):
            threading.Thread(target=self._listen, args=(name, one), daemon=True).start()
        return self

    def _listen(self, name: str, one: socket.socket) -> None:
        try:
            while True:
                if one.type == socket.SOCK_DGRAM:
                    one.recvfrom(64)
                else:
                    one.accept()[0].close()
                self.calls.append(name)
        except OSError:  # closed
            return

    def heard(self, least: int = 0, patience: float = 5.0) -> set[str]:
        """Who has called, once so many have or nobody has for a while."""
        end = time.monotonic() + patience
        while len(self.calls) < least and time.monotonic() < end:
            time.sleep(0.01)
        return set(self.calls)

    def __exit__(self, *_: object) -> None:
        for one in self.sockets:
            with contextlib.suppress(OSError):  # "not connected", after it has woken up the thread
                one.shutdown(socket.SHUT_RDWR)
            one.close()
