"""An IPython shell without a front end: runs the cells of a notebook and writes down what they show."""

from __future__ import annotations

import base64
import io
import os
import signal
import sys
import types
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

MAX_TEXT = 200_000
"""Characters of printed text that are kept of a cell."""

MAX_DATA = 4 * 2**20
"""Bytes of shown pictures and the like that are kept of a cell."""


class CellStopped(KeyboardInterrupt):
    """A cell took longer than it may."""


class Record:
    """The outputs of the cell that is running, capped."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self.text_left, self.data_left = MAX_TEXT, MAX_DATA

    def stream(self, name: str, text: str) -> None:
        kept = text[: self.text_left]
        if kept != text and self.text_left:
            kept += "\n… (more was printed than is kept)\n"
        self.text_left -= len(text[: self.text_left])
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["parts"].append(kept)
        elif kept:
            self.outputs.append({"output_type": "stream", "name": name, "parts": [kept]})

    def show(self, kind: str, data: dict[str, Any], count: int | None = None) -> None:
        plain = {str(mime): _as_text(value) for mime, value in data.items()}
        size = sum(map(len, plain.values()))
        if size > self.data_left or len(self.outputs) > 1000:
            self.stream("stderr", "… (more was shown than is kept)\n")
            return
        self.data_left -= size
        output = {"output_type": kind, "data": plain}
        if kind == "execute_result":
            output["execution_count"] = count
        self.outputs.append(output)

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        kept = [line[:4000] for line in traceback[-60:]]
        error = {"output_type": "error", "ename": name[:200], "evalue": value[:4000], "traceback": kept}
        self.outputs.append(error)

    def taken(self) -> list[dict[str, Any]]:
        """The outputs so far, each stream in one piece; the record is empty afterwards."""
        done = []
        for output in self.outputs:
            if output["output_type"] == "stream":
                output = {"output_type": "stream", "name": output["name"], "text": "".join(output["parts"])}
            done.append(output)
        self.clear()
        return done


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value if isinstance(value, str) else str(value)


class _Stream(io.TextIOBase):
    """What `print` writes to."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, name: str, record: Record) -> None:
        super().__init__()
        self.name, self.record = name, record

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.record.stream(self.name, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return {"stdout": 1, "stderr": 2}[self.name]


class _Publisher(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, **_: Any) -> None:
        self.shell.record.show("display_data", data)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.record.clear()


class _Hook(DisplayHook):
    def start_displayhook(self) -> None:
        pass

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.record.show("execute_result", format_dict, self.prompt_count)

    def finish_displayhook(self) -> None:
        pass


class Shell(InteractiveShell):
    """The shell; `record` has what the running cell showed."""

    displayhook_class = _Hook
    display_pub_class = _Publisher

    def __init__(self, **options: Any) -> None:
        self.record = Record()
        super().__init__(**options)

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.record.error(str(getattr(etype, "__name__", etype)), _text_of(evalue), list(map(str, stb)))

    def ask_exit(self) -> None:
        """`exit` in a cell ends nothing."""

    def enable_gui(self, gui: Any = None) -> None:
        """There is no window to open."""

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """There is no next cell to fill in."""


def _text_of(error: Any) -> str:
    try:
        return str(error)
    except BaseException:  # an exception of the learner's may do anything when it is asked for its text
        return ""


def make_shell() -> Shell:
    """The shell of a notebook, with `__main__` as its namespace and nothing kept on disk."""
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Context"
    config.InteractiveShell.autocall = 0
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    shell = Shell.instance(config=config, user_module=main, user_ns=main.__dict__)
    shell.display_formatter.ipython_display_formatter.enabled = True
    return shell


def run_cell(shell: Shell, source: str, seconds: float) -> list[dict[str, Any]]:
    """Run one cell and return what it showed. An endless cell is interrupted, again and again.

    Whatever the cell does is part of its outputs, but for what ends the process.
    """
    streams = _Stream("stdout", shell.record), _Stream("stderr", shell.record)
    shell.record.clear()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = streams
    try:
        with alarm(seconds):
            shell.run_cell(source, store_history=True)
    except BaseException as error:  # it came out of the shell itself
        shell.record.error(type(error).__name__, _text_of(error), [])
    finally:
        sys.stdout, sys.stderr = before
    return shell.record.taken()


class alarm:
    """Interrupt the block after some seconds, and again every second until it ends."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, 1.0)

    def __exit__(self, *_: Any) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # free for the checks, which stop endless loops themselves


def _stop(number: int, frame: Any) -> None:
    raise CellStopped("it took too long and was stopped")


def job_folder(path: str, files: dict[str, bytes]) -> None:
    """Write the learner's helper files and make their folder the place where cells run."""
    for name, content in files.items():
        target = os.path.join(path, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
    os.chdir(path)
    sys.path.append(path)  # last: nothing here takes the place of a library
