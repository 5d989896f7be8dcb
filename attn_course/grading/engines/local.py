"""Grade on this machine, with some processes of our own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Iterator
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

from attn_course.grading.engines import EngineError
from attn_course.grading.item import RETRY, Item, Outcome

ATTEMPTS = 3
PATIENCE = 300  # seconds beyond a notebook's own before a worker counts as stuck

PATIENCE_AT_THE_END = 10


class _Worker:
    """A process that grades one item at a time."""

    def __init__(self, context: Any) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.item: Item | None = None
        self.attempts = 0
        self.ends = 0.0
        self.lost = False  # the system may take a moment to say so

    def give(self, item: Item, attempts: int) -> None:
        self.item, self.attempts = item, attempts
        self.ends = time.monotonic() + item.limits.seconds + PATIENCE
        with contextlib.suppress(BrokenPipeError):  # it is dead, and will be noticed
            self.pipe.send(item)

    def dismiss(self) -> None:
        """Let an idle worker end its sandbox and itself."""
        self.pipe.close()
        self.process.join(PATIENCE_AT_THE_END)
        self.end()

    def end(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


def _work(pipe: Connection) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    from attn_course.grading import work
    from attn_course.grading.sandbox.bubblewrap import NoSandbox

    try:
        while True:
            item = pipe.recv()
            try:
                pipe.send(work.grade_item(item))
            except NoSandbox as error:
                pipe.send(EngineError(str(error)))
            except Exception as error:  # a fault of the grader: said, and tried again
                pipe.send(Outcome(RETRY, f"{type(error).__name__}: {error}"))
    except (EOFError, BrokenPipeError):
        work.cool()


def prepare() -> None:
    """Begin to load what workers are forked from, while the caller does something else."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["attn_course.grading.work"])
    forkserver.ensure_running()  # torch is imported once, and forked


def run(items: Iterable[Item], workers: int) -> Iterator[tuple[Item, Outcome]]:
    """Grade items with some processes. A worker that dies is replaced, and what it had is tried again.

    Args:
        items: Taken one by one, as workers are free.
        workers: How many processes.

    Raises:
        EngineError: There is no sandbox on this machine.
    """
    context = multiprocessing.get_context("forkserver")
    prepare()
    source = iter(items)
    again: list[tuple[Item, int]] = []
    crew: list[_Worker] = []
    try:
        while True:
            while len(crew) < workers and (following := _next(again, source)):
                crew.append(_Worker(context))
                crew[-1].give(*following)
            if not crew:
                return
            wait([w.pipe for w in crew] + [w.process.sentinel for w in crew], timeout=5)
            for worker in list(crew):
                item, attempts = worker.item, worker.attempts
                assert item is not None
                outcome = _outcome(worker)
                if outcome is None:
                    continue
                if outcome.state == RETRY and attempts < ATTEMPTS:
                    again.append((item, attempts + 1))
                else:
                    yield item, outcome
                following = None if worker.lost else _next(again, source)
                if following:
                    worker.give(*following)
                elif worker.lost:
                    crew.remove(worker)
                    worker.end()
                else:
                    crew.remove(worker)
                    worker.dismiss()
    finally:
        for worker in crew:
            worker.end()


def _next(again: list[tuple[Item, int]], source: Iterator[Item]) -> tuple[Item, int] | None:
    if again:
        return again.pop(0)
    item = next(source, None)
    return None if item is None else (item, 1)


def _outcome(worker: _Worker) -> Outcome | None:
    """What a worker has to say; None if it is still at work."""
    try:
        if worker.pipe.poll():
            said = worker.pipe.recv()
            if isinstance(said, EngineError):
                raise said
            return said
    except (EOFError, ConnectionResetError):
        worker.lost = True
        return Outcome(RETRY, "the worker ended in the middle")
    if not worker.process.is_alive():
        worker.lost = True
        return Outcome(RETRY, "the worker ended in the middle")
    if time.monotonic() > worker.ends:
        worker.lost = True
        return Outcome(RETRY, "the worker did not answer")
    return None
