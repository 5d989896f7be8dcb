"""What stops a learner's code from outside: Ctrl-C, an alarm of whoever runs the check, and one for loops without end.

Signals reach Python in its main thread, where notebooks run their cells. In another thread no Ctrl-C arrives and no
alarm rings: there an endless loop goes on until somebody ends the process.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

SECONDS = 15.0
"""How long one call may take. A right answer takes milliseconds, unless it loads a library at its first call."""

CALLS = 2
"""After so many calls that took too long, no further one is tried."""


class TooLong(BaseException):
    """A call did not come to its end in time."""


class Interrupts:
    """Tells an interrupt from outside from a KeyboardInterrupt that a learner's own code raises.

    Args:
        raised: What a signal from outside raised, or None.
    """

    def __init__(self) -> None:
        self.raised: BaseException | None = None
        self.unknown = False  # whether Ctrl-C is handled in a way that cannot be noted
        self.alarm: Callable[[int, Any], None] | None = None  # ours, while nobody else uses the alarm clock
        self.running = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Note inside the block what the signal handlers raise that are there already, and take a free alarm clock."""
        with ExitStack() as stack:
            if _main_thread():
                self.unknown = signal.getsignal(signal.SIGINT) is None  # not set from Python
                for name in ("SIGINT", "SIGALRM"):
                    handler = signal.getsignal(getattr(signal, name)) if hasattr(signal, name) else None
                    if callable(handler):
                        stack.callback(signal.signal, getattr(signal, name), handler)
                        signal.signal(getattr(signal, name), self._noting(handler))
                if hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL:
                    if not signal.getitimer(signal.ITIMER_REAL)[0]:
                        stack.callback(signal.signal, signal.SIGALRM, signal.SIG_DFL)
                        self.alarm = self._ring
                        signal.signal(signal.SIGALRM, self.alarm)
            yield

    def _noting(self, handler: Callable[[int, Any], Any]) -> Callable[[int, Any], None]:
        def handle(number: int, frame: Any) -> None:
            try:
                handler(number, frame)
            except BaseException as error:
                self.raised = error
                raise

        return handle

    def _ring(self, number: int, frame: Any) -> None:
        if self.running:
            raise TooLong

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Raise `TooLong` inside the block after `SECONDS`, unless somebody else uses the alarm clock."""
        if self.alarm is None:
            yield
            return
        self.running = True
        # Again and again, for code that catches everything.
        signal.setitimer(signal.ITIMER_REAL, SECONDS, min(SECONDS, 1.0))
        try:
            try:
                yield
            finally:
                self.running = False
        finally:  # even if it rang in the line before
            self.running = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            if signal.getsignal(signal.SIGALRM) is not self.alarm:  # the block has set one of its own
                signal.signal(signal.SIGALRM, self.alarm)

    def raise_again(self) -> None:
        """Raise what came from outside, if a learner's code has caught it."""
        if self.raised is not None:
            raise self.raised

    def came_from_outside(self, error: BaseException) -> bool:
        """Whether an exception is an interrupt, and not the learner's own."""
        return error is self.raised or (self.unknown and isinstance(error, KeyboardInterrupt))


def _main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
