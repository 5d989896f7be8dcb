"""Text from anywhere, made fit to be shown."""

import re

# Control characters, and those that turn the direction of the text after them.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without control characters."""
    return UNPRINTABLE.sub("�", text)
