"""Make the outputs of learners' cells fit to be shown to others: text and pictures, and nothing that acts."""

from __future__ import annotations

import base64
import binascii
import re
import sys
from typing import Any

import nbformat
from nbformat import NotebookNode

from attn_course.text import printable

MAX_LINES = 500
MAX_TEXT = 100_000
MAX_PICTURE = 3 * 2**20
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b.")
# Where the grader's Python lies is nobody's business.
PLACES = sorted({sys.prefix, sys.base_prefix} - {"/usr", "/usr/local"}, key=len, reverse=True)
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def clean(outputs: list[Any]) -> list[NotebookNode]:
    """The outputs of one cell as a notebook may hold and a page may show them.

    Kept are printed text, the plain text of what was shown, PNG and JPEG pictures, and errors. HTML, SVG, scripts and
    other formats are not.
    """
    return [made for output in outputs[:1000] if isinstance(output, dict) and (made := _one(output)) is not None]


def text_of(text: Any) -> str:
    """Text without escape sequences and control characters, at most as long as anybody reads."""
    if not isinstance(text, str):
        return ""
    text = without_places(printable(ESCAPES.sub("", text[: 2 * MAX_TEXT])))[:MAX_TEXT]
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        text = "\n".join([*lines[:MAX_LINES], f"… ({len(lines) - MAX_LINES} more lines)"])
    return text


def without_places(text: str) -> str:
    """The text without the folders of the grader's Python."""
    for place in PLACES:
        text = text.replace(place, "/python")
    return text


def source_of(source: str) -> str:
    """A cell's source as it may be shown; what was executed is not changed by it."""
    return printable(source)


def _one(output: dict[str, Any]) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return nbformat.v4.new_output("stream", name=name, text=text_of(output.get("text")))
    if kind in ("display_data", "execute_result"):
        data = _data(output.get("data"))
        if not data:
            return None
        if kind == "display_data":
            return nbformat.v4.new_output(kind, data)
        count = output.get("execution_count")
        return nbformat.v4.new_output(kind, data, execution_count=count if type(count) is int else None)
    if kind == "error":
        return error_output(text_of(output.get("ename"))[:200], text_of(output.get("evalue")), output.get("traceback"))
    return None


def error_output(name: str, value: str, traceback: Any = None) -> NotebookNode:
    """An error as a cell shows it."""
    lines = [text_of(line) for line in traceback[:100]] if isinstance(traceback, list) else []
    lines = lines or [f"{name}: {value}" if value else name]
    return nbformat.v4.new_output("error", ename=name, evalue=value, traceback=lines)


def _data(data: Any) -> dict[str, str]:
    if not isinstance(data, dict):
        return {}
    kept = {}
    if isinstance(data.get("text/plain"), str):
        kept["text/plain"] = text_of(data["text/plain"])
    for mime, beginning in PICTURES.items():
        if picture := _picture(data.get(mime), beginning):
            kept[mime] = picture
    return kept


def _picture(text: Any, beginning: bytes) -> str:
    """A picture written anew in base 64, so that nothing else can hide in it; "" where it is none."""
    if not isinstance(text, str) or len(text) > MAX_PICTURE:
        return ""
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(raw).decode("ascii") if raw.startswith(beginning) else ""
