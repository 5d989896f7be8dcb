"""Frames over a pipe or socket: a JSON header and bytes, each with its length before it. No pickle, no objects.

The same file serves both sides of the wall. The side outside takes nothing for granted: `Frames` refuses what is too
long or malformed before it is held in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

HEAD = 12
MAX_HEADER = 16 * 2**20
MAX_BLOB = 96 * 2**20


class BadFrame(ValueError):
    """Bytes that are no frame, or one that is too long."""


def frame(kind: str, header: dict[str, Any] | None = None, blob: bytes = b"") -> bytes:
    """The bytes of one frame."""
    head = json.dumps([kind, header or {}]).encode("ascii")
    return len(head).to_bytes(4, "big") + len(blob).to_bytes(8, "big") + head + blob


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[: 1 << 20]) :]


class Frames:
    """Cuts a stream of bytes into frames.

    Args:
        most: Bytes that the stream may hold altogether.
    """

    def __init__(self, most: int = 2**62) -> None:
        self.left = most
        self.buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[str, dict[str, Any], bytes]]:
        """Take in some bytes and give back the frames that are complete, one by one: those before a bad one count.

        Raises:
            BadFrame: The stream is longer than allowed, or goes on as no stream of frames.
        """
        self.left -= len(data)
        if self.left < 0:
            raise BadFrame("more was written than is read")
        self.buffer += data
        while len(self.buffer) >= HEAD:
            head, blob = int.from_bytes(self.buffer[:4], "big"), int.from_bytes(self.buffer[4:HEAD], "big")
            if head > MAX_HEADER or blob > MAX_BLOB:
                raise BadFrame("a message is too long")
            end = HEAD + head + blob
            if len(self.buffer) < end:
                break
            one = *_header(bytes(self.buffer[HEAD : HEAD + head])), bytes(self.buffer[HEAD + head : end])
            del self.buffer[:end]
            yield one


def _header(head: bytes) -> tuple[str, dict[str, Any]]:
    try:
        kind, header = json.loads(head.decode("ascii"))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadFrame("a message has no header") from error
    if not isinstance(kind, str) or not isinstance(header, dict):
        raise BadFrame("a message has no header")
    return kind, header


def receive(descriptor: int, frames: Frames) -> list[tuple[str, dict[str, Any], bytes]] | None:
    """Read what is there, at least one byte; None at the end of the stream."""
    data = os.read(descriptor, 1 << 18)
    return list(frames.feed(data)) if data else None
