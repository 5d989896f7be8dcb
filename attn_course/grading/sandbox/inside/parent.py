"""The warm parent: imports what notebooks need once, and forks for each of them.

    python -m attn_course.grading.sandbox.inside.parent DESCRIPTOR

It has one thread and runs no learner's code. It speaks frames over one socket: it is told the chapter, then one notebook
after another; it sends on what a notebook's process writes, and says how that ended.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from attn_course.grading.sandbox.inside import isolate
from attn_course.grading.sandbox.inside.channel import Frames, frame, receive, write_all

WATCHED_EVERY = 0.05  # seconds


class Parent:
    """Forks a process for each notebook and watches it.

    Args:
        channel: To the side outside.
        settings: Level of isolation, chapter, folders and modules, as `zygote` sends them.
    """

    def __init__(self, channel: socket.socket, settings: dict[str, Any]) -> None:
        self.channel = channel
        self.frames = Frames()
        self.settings = settings
        self.own: set[int] = set()

    def warm_up(self) -> None:
        """Import everything that the first notebook would wait for."""
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(0)
        # The engine of the checks is imported here and then forgotten by name: a notebook that imports the course
        # gets the learners' tree, and what it does to that touches no check.
        from attn_course.checks.engine import devices
        from attn_course.grading.sandbox.inside import child, shell

        devices.load()
        chapter = importlib.import_module(f"attn_course.checks.{self.settings['slug']}").CHAPTER
        self.start = child.Start(shell.make_shell(), {exercise.id: exercise for exercise in chapter.exercises})
        for exercise in chapter.exercises:
            child.rehearse(exercise)
        for name in self.settings["modules"]:
            with contextlib.suppress(Exception):  # the notebook will say so itself
                importlib.import_module(name)
        for name in [name for name in sys.modules if name.partition(".")[0] == "attn_course"]:
            del sys.modules[name]
        engine, learner = self.settings["engine"], self.settings["learner"]
        sys.path[:] = [learner, *(folder for folder in sys.path if folder not in {engine, "", os.getcwd()})]
        importlib.invalidate_caches()
        for name in self.settings["own_modules"]:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        gc.collect()
        gc.freeze()

    def serve(self) -> None:
        """Run notebooks until the channel ends."""
        isolate.unreadable_to_others()
        self.own = _processes()
        self.send("ready", {"refused": self._refused()})
        while (found := receive(self.channel.fileno(), self.frames)) is not None:
            for kind, header, blob in found:
                if kind == "run":
                    self.run(header, blob)

    def send(self, kind: str, header: dict[str, Any] | None = None, blob: bytes = b"") -> None:
        write_all(self.channel.fileno(), frame(kind, header, blob))

    def _refused(self) -> str:
        """Why a forked process cannot have namespaces of its own here; "" where it can."""
        if self.settings["isolation"] != "namespaces":
            return ""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self._give_up_root()
                isolate.new_namespaces()
                os._exit(0)
            except BaseException as error:
                os.write(write, str(error).encode()[:500] or b"refused")
                os._exit(1)
        os.close(write)
        os.waitpid(pid, 0)
        with os.fdopen(read, "rb") as said:
            return said.read().decode("utf-8", "replace")

    def run(self, job: dict[str, Any], files: bytes) -> None:
        """Fork for one notebook, pass on what it writes, and end all its processes."""
        read, write = os.pipe()
        told_read, told_write = os.pipe()
        forked = os.fork()
        if forked == 0:
            self._in_fork(job, files, write, told_write)
        os.close(write)
        os.close(told_write)
        told = os.read(told_read, 32)  # the number of the notebook's first process, as seen from here
        os.close(told_read)
        first = int(told) if told else forked
        reason = self._watch(read, first, job)
        os.close(read)
        status = self._end(first, forked)
        left = bool(self._theirs(first))
        self.send("end", {"reason": reason, "status": status, "left": left})

    def _end(self, first: int, forked: int) -> int:
        """End every process of a notebook. The first of a PID namespace takes all others along."""
        kill = os.killpg if self.settings["isolation"] == "trust" else os.kill
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(first, signal.SIGKILL)
        status, ends = None, time.monotonic() + 10
        while status is None or (self._theirs(first) and time.monotonic() < ends):
            if status is None:
                done, how = os.waitpid(forked, os.WNOHANG)
                status = how if done else None
            if time.monotonic() > ends:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(forked, signal.SIGKILL)
            for pid in self._theirs(first) - {forked} if self.settings["isolation"] == "outer" else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)
        return status

    def _in_fork(self, job: dict[str, Any], files: bytes, write: int, told: int) -> None:
        """In the forked process: go behind the inner wall, and there run the notebook."""
        try:
            used = isolate.memory_in_use()
            self._give_up_root()
            isolate.end_with_parent()
            if self.settings["isolation"] == "namespaces":
                isolate.new_namespaces()
                inner = os.fork()
                if inner:
                    os.write(told, str(inner).encode())
                    os.close(told)
                    os.close(write)
                    self.channel.close()
                    _, status = os.waitpid(inner, 0)
                    os._exit(os.waitstatus_to_exitcode(status) & 0x7F)
                isolate.end_with_parent()
                # A process group reaches across PID namespaces: a signal to one's own must find nobody else.
                os.setsid()
                isolate.new_file_system(
                    dict.fromkeys([job["folder"], "/tmp", "/dev/shm"], job["disk"]),
                    self.settings["engine"],
                    {sys.prefix, sys.base_prefix},
                )
                isolate.cap_processes(job["processes"])
            else:
                os.setsid()
                os.write(told, str(os.getpid()).encode())
            output = isolate.keep_only(write)
            isolate.set_limits(
                used,
                job["memory"],
                None if self.settings["isolation"] == "trust" else job["processes"],
                job["disk"],
                job["seconds"],
            )
            if self.settings["isolation"] != "trust":
                isolate.drop_privileges()
            self.start.notebook(job, _cut(job["files"], files), output)
            os._exit(0)
        except BaseException as error:
            with contextlib.suppress(BaseException):
                write_all(3, frame("broken", {"error": f"{type(error).__name__}: {error}"[:2000]}))
            os._exit(70)

    def _give_up_root(self) -> None:
        """Where the warm parent is root, become the user that notebooks run as.

        Raises:
            PermissionError: That user could not read the environment.
        """
        if self.settings["become"] is not None:
            isolate.become(self.settings["become"])
            if not os.access(sys.prefix, os.R_OK | os.X_OK) or not os.access(os.__file__, os.R_OK):
                raise PermissionError(f"{sys.prefix} is not readable for other users")

    def _watch(self, read: int, first: int, job: dict[str, Any]) -> str:
        """Pass on what the notebook writes until it ends or must be ended; the reason if it must."""
        ends = time.monotonic() + job["seconds"]
        baseline = _memory(os.getpid())
        while True:
            ready, _, _ = select.select([read, self.channel], [], [], WATCHED_EVERY)
            if read in ready:
                data = os.read(read, 1 << 18)
                if not data:
                    return ""
                self.send("data", {}, data)
            if self.channel in ready:
                found = receive(self.channel.fileno(), self.frames)
                if found is None:
                    return "stopped"
                if any(kind == "stop" for kind, _, _ in found):
                    return "stopped"
            if time.monotonic() > ends:
                return "time"
            if reason := self._excess(first, job, baseline):
                return reason

    def _excess(self, first: int, job: dict[str, Any], baseline: int) -> str:
        theirs = self._theirs(first)
        if len(theirs) > job["processes"]:
            return "processes"
        memory = sum(_memory(pid) for pid in theirs)
        # Forks share pages, which the quick sum counts for each: only a sum that is too high is looked at closely.
        if memory > job["memory"] + baseline and sum(_own_memory(pid) for pid in theirs) > job["memory"] + baseline:
            return "memory"
        return ""

    def _theirs(self, first: int) -> set[int]:
        if self.settings["isolation"] == "trust":
            return {pid for pid in _processes() if _session(pid) == first}
        return _processes() - self.own


def _processes() -> set[int]:
    with contextlib.suppress(OSError):
        return {int(name) for name in os.listdir("/proc") if name.isdigit()}
    return set()


def _session(pid: int) -> int:
    with contextlib.suppress(OSError):
        return os.getsid(pid)
    return -1


def _memory(pid: int) -> int:
    """Bytes that a process holds, without those of files."""
    return _sum(f"/proc/{pid}/status", ("RssAnon:", "RssShmem:"))


def _own_memory(pid: int) -> int:
    """The same, with shared pages divided among those that share them. Slower."""
    return _sum(f"/proc/{pid}/smaps_rollup", ("Pss_Anon:", "Pss_Shmem:")) or _memory(pid)


def _sum(path: str, fields: tuple[str, ...]) -> int:
    try:
        with open(path) as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.startswith(fields))
    except OSError:  # it has ended
        return 0


def _cut(sizes: list[list[Any]], joined: bytes) -> dict[str, bytes]:
    files, start = {}, 0
    for name, size in sizes:
        files[name] = joined[start : start + size]
        start += size
    return files


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the side outside's to handle
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    settings = json.loads(sys.argv[2])
    parent = Parent(channel, settings)
    parent.warm_up()
    parent.serve()


if __name__ == "__main__":
    main()
