"""One notebook, in a process of its own: runs its cells, and at each check what the learner has defined."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, replace
from typing import Any

from attn_course.checks.engine import interrupts
from attn_course.checks.engine.exercise import Exercise
from attn_course.checks.engine.respond import respond
from attn_course.checks.engine.wire import Unreadable, pack
from attn_course.grading.sandbox.inside import signals
from attn_course.grading.sandbox.inside.channel import frame, write_all
from attn_course.grading.sandbox.inside.shell import Shell, job_folder, run_cell
from attn_course.grading.sandbox.inside.unavailable import unavailable

MISSING = object()


def rehearse(exercise: Exercise) -> None:
    """Make the cases once and call something on them, so that the first notebook waits for nothing."""

    def stub(*_: Any) -> None:
        raise NotImplementedError

    respond(exercise, stub, 0)


@dataclass
class Start:
    """What every notebook starts with.

    Args:
        shell: Before its first cell.
        exercises: Id → exercise, of the chapter.
    """

    shell: Shell
    exercises: dict[str, Exercise]

    def notebook(self, job: dict[str, Any], files: dict[str, bytes], output: int) -> None:
        """Run the cells of a notebook, and write a frame before and after each.

        Args:
            job: `cells` is a list of [kind, text]: ["code", source], ["check", exercise id] or ["skip", ""].
            files: The learner's helper files.
            output: Descriptor of the pipe.
        """
        _seed(job["seed"])
        job_folder(job["folder"], files)
        seen = signals.listen(job["folder"])
        for position, (kind, text) in enumerate(job["cells"]):
            if kind == "skip":
                continue
            write_all(output, frame("start", {"cell": position}))
            if kind == "code":
                shown = run_cell(self.shell, text, job["cell_seconds"])
                write_all(output, frame("cell", {"cell": position, "outputs": shown}))
            else:
                said, packed = self._check(text, job["seed"], job["check_seconds"])
                write_all(output, frame("check", {"cell": position, "said": said}, packed))
        write_all(output, frame("done", {"signals": sorted(seen)}))

    def _check(self, exercise: str, seed: int, seconds: float) -> tuple[str, bytes]:
        learner = self.shell.user_ns.get(exercise, MISSING)
        if learner is MISSING:
            return "missing", b""
        interrupts.SECONDS = seconds / interrupts.CALLS
        try:
            task = self.exercises[exercise]
            with unavailable(task.allowed) as called:
                responses = respond(task, learner, seed)
            return "", pack(replace(responses, ready_made=responses.ready_made or next(iter(called), "")))
        except Unreadable as error:
            return str(error), b""
        except KeyboardInterrupt:
            return "interrupted", b""


def _seed(seed: int) -> None:
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    sys.setrecursionlimit(1000)
