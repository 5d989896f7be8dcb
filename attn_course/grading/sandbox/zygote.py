"""The side outside: starts a warm parent behind the wall, gives it notebooks, and collects what they write.

What comes back was written by learners' code. It is cut into frames with limits and looked at field by field; nothing in
it is believed, and nothing but plain data is made of it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attn_course.grading.sandbox import bubblewrap, tree
from attn_course.grading.sandbox.inside.channel import BadFrame, Frames, frame, receive, write_all
from attn_course.grading.sandbox.limits import Limits

START_SECONDS = 120
STAGED = "attn-course-staged-"
GRACE = 6.0  # seconds after a cell's time before its processes are ended

log = logging.getLogger(__name__)


class Broken(RuntimeError):
    """The sandbox itself failed: nothing that a notebook is to blame for."""


@dataclass
class Ran:
    """What a notebook's process wrote before it ended.

    Args:
        outputs: Cell → its outputs, as they came.
        responses: Cell → what a check said of itself ("" where all is well), and the packed responses.
        started: The last cell that began, -1 for none.
        ended: "done", or why not: "died", "time", "cell time", "memory", "processes", "output".
        signals: What the code did that no exercise needs.
    """

    outputs: dict[int, list[Any]] = field(default_factory=dict)
    responses: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    started: int = -1
    ended: str = "died"
    signals: list[str] = field(default_factory=list)


class Zygote:
    """A warm parent for the notebooks of one chapter.

    Args:
        slug: The chapter.
        imported: Modules that the released notebook imports.
        limits: Of each notebook.
        masks: Folders that must not be seen.
        trust: Run without a sandbox, as the person who calls this.

    Raises:
        attn_course.grading.sandbox.bubblewrap.NoSandbox: bubblewrap is missing or not allowed.
        Broken: It could not be started for another reason.
    """

    def __init__(
        self, slug: str, imported: Sequence[str], limits: Limits, masks: Sequence[Path] = (), trust: bool = False
    ) -> None:
        self.slug, self.limits, self.masks, self.trust = slug, limits, tuple(masks), trust
        self.become = None if trust else bubblewrap.find()
        _clear_away()
        self.staged = Path(tempfile.mkdtemp(prefix=f"{STAGED}{os.getpid()}-"))
        self.staged.chmod(0o755)  # what is staged is no secret, and nobody must read it
        self.engine, self.learner, self.own = tree.stage(self.staged, slug, imported)
        bubblewrap.write_etc(self.staged)
        for path in self.staged.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)  # whatever the umask
        self.modules = tuple(name for name in imported if not name.startswith("attn_course"))
        self.isolation = "trust" if trust else "namespaces"
        self.process: subprocess.Popen[bytes] | None = None
        self.channel: socket.socket | None = None
        self._waiting: list[tuple[str, dict[str, Any], bytes]] = []

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything and remove what was staged."""
        self._stop()
        shutil.rmtree(self.staged, ignore_errors=True)

    def _stop(self) -> None:
        self._waiting = []
        if self.channel is not None:
            self.channel.close()
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()
            if self.process.stderr is not None:
                self.process.stderr.close()
        self.process = self.channel = None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        engine, learner = ("/course/engine", "/course/learner")
        if self.trust:
            engine, learner = str(self.engine), str(self.learner)
        settings = {
            "isolation": self.isolation,
            "become": self.become,
            "slug": self.slug,
            "engine": engine,
            "learner": learner,
            "modules": self.modules,
            "own_modules": self.own,
        }
        program = f"import sys; sys.path.insert(0, {engine!r}); from {tree.ENGINE_ROOT} import main; main()"
        python = [sys.executable, "-s", "-P", "-B", "-c", program, str(theirs.fileno()), json.dumps(settings)]
        wall = [] if self.trust else bubblewrap.command(self.staged, self.masks, self.limits, self.become)
        environment = dict(bubblewrap.ENVIRONMENT)
        if self.trust:
            environment |= {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.staged)}
        try:
            self.process = subprocess.Popen(
                [*wall, *python],
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        except OSError as error:
            raise Broken(f"the sandbox could not be started: {error}") from error
        finally:
            theirs.close()
        self.channel, self.frames = ours, Frames()
        kind, header = self._next(time.monotonic() + START_SECONDS)[:2]
        if kind != "ready":
            raise Broken(f"the sandbox did not start: {self._last_words()}")
        if self.isolation == "namespaces" and header["refused"]:
            log.warning("Each notebook gets a cold start: no namespaces inside of the sandbox (%s).", header["refused"])
            # No namespaces inside of namespaces here: each notebook gets a wall, and a start, of its own.
            self.isolation = "outer"
            self._stop()
            self._start()

    def _last_words(self) -> str:
        if self.process is None or self.process.stderr is None:
            return ""
        self.process.kill()
        said = self.process.stderr.read()[-2000:].decode("utf-8", "replace").strip()
        return said.splitlines()[-1] if said else "it ended without a word"

    def _next(self, ends: float) -> tuple[str, dict[str, Any], bytes]:
        """The next frame of the warm parent itself."""
        assert self.channel is not None
        waiting = self._waiting
        while not waiting:
            left = ends - time.monotonic()
            if left <= 0 or not select.select([self.channel], [], [], left)[0]:
                return "late", {}, b""
            found = receive(self.channel.fileno(), self.frames)
            if found is None:
                return "gone", {}, b""
            waiting = found
        self._waiting = waiting[1:]
        return waiting[0]

    def run(self, cells: Sequence[tuple[str, str]], files: Mapping[str, bytes], seed: int, seconds: float) -> Ran:
        """Run one notebook.

        Args:
            cells: Kind and text of each: ("code", source), ("check", exercise) or ("skip", "").
            files: The learner's helper files, by relative path.
            seed: Of the checks.
            seconds: That it may take altogether.

        Raises:
            Broken: The sandbox failed; the notebook can be tried again.
        """
        if self.process is None or self.process.poll() is not None:
            self._stop()
            self._start()
        assert self.channel is not None
        with contextlib.ExitStack() as stack:
            folder = bubblewrap.JOB
            if self.trust:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="attn-course-job-"))
            job = {
                "cells": list(cells),
                "files": [[name, len(content)] for name, content in files.items()],
                "seed": seed,
                "folder": folder,
                "cell_seconds": self.limits.cell_seconds,
                "check_seconds": self.limits.check_seconds,
                "seconds": max(1, int(seconds)),
                "memory": self.limits.memory,
                "processes": self.limits.processes,
                "disk": self.limits.disk,
            }
            try:
                write_all(self.channel.fileno(), frame("run", job, b"".join(files.values())))
                ran = self._collect(seconds)
            except OSError as error:
                self._stop()
                raise Broken(f"the sandbox is gone: {error}") from error
            except BaseException:
                # What is still on its way belongs to this notebook, and must not be taken for the next one's.
                self._stop()
                raise
            if self.isolation == "outer":
                self._stop()
            return ran

    def _collect(self, seconds: float) -> Ran:
        ran = Ran()
        written = Frames(self.limits.output)
        ends = time.monotonic() + seconds + GRACE
        cell_ends = ends
        reason = ""
        while True:
            kind, header, blob = self._next(min(ends, cell_ends))
            if kind == "data" and not reason:
                try:
                    for one in written.feed(blob):
                        cell_ends = self._take(ran, *one, cell_ends)
                except BadFrame:
                    reason = "output"
                    self._tell("stop")
                    ends = cell_ends = time.monotonic() + START_SECONDS
                if ran.ended == "done" and not reason:
                    self._tell("stop")  # a process that was left behind would keep the pipe open
                    reason, ends, cell_ends = "done", *[time.monotonic() + START_SECONDS] * 2
            elif kind == "end":
                if header.get("left"):
                    self._stop()
                if ran.ended != "done":
                    ran.ended = reason or header["reason"] or "died"
                return ran
            elif kind == "late" and not reason:
                reason = "cell time" if cell_ends < ends else "time"
                self._tell("stop")
                ends = cell_ends = time.monotonic() + START_SECONDS
            elif kind in {"late", "gone"}:
                self._stop()
                raise Broken("the sandbox does not answer" if kind == "late" else "the sandbox ended")

    def _tell(self, kind: str) -> None:
        assert self.channel is not None
        write_all(self.channel.fileno(), frame(kind))

    def _take(self, ran: Ran, kind: str, header: dict[str, Any], blob: bytes, cell_ends: float) -> float:
        """Write down one frame of a notebook; returns until when the cell that runs may take."""
        if kind == "broken" and ran.started < 0:  # no code of the learner's has run yet: it can be believed
            raise Broken(f"the inner wall could not be built: {str(header.get('error'))[:300]}")
        if kind == "done":
            said = header.get("signals")
            ran.signals = [str(one)[:40] for one in said[:30]] if isinstance(said, list) else []
            ran.ended = "done"
            return cell_ends
        cell = header.get("cell")
        if type(cell) is not int or cell < 0:
            raise BadFrame("a message belongs to no cell")
        if kind == "start":
            ran.started = cell
            return time.monotonic() + self.limits.cell_seconds + GRACE
        if kind == "cell" and isinstance(header.get("outputs"), list):
            ran.outputs[cell] = header["outputs"]
        elif kind == "check" and isinstance(header.get("said"), str):
            ran.responses[cell] = (header["said"], blob)
        else:
            raise BadFrame("a message of no known kind")
        return cell_ends


def _clear_away() -> None:
    """Remove what processes that were killed have left staged."""
    for path in Path(tempfile.gettempdir()).glob(f"{STAGED}*"):
        owner = path.name.removeprefix(STAGED).partition("-")[0]
        if owner.isdecimal() and not _alive(int(owner)):
            shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
