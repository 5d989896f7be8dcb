"""Sentence pairs from a file of your own: one pair a line, English, tab, Korean, and perhaps tab and who wrote them.

This is the form in which sentence pairs of the Tatoeba project are passed on (English TAB Korean TAB attribution).
Such pairs have no links: nobody has said which word translates which. Nothing is downloaded.
"""

from pathlib import Path
from typing import NamedTuple

EXPECTED = "English, a tab, Korean, and perhaps a tab and an attribution"


class SentencePair(NamedTuple):
    """One line of a file.

    Attributes:
        english: the sentence as it stands there.
        korean: the same.
        attribution: who wrote them; "" where the file does not say.
    """

    english: str
    korean: str
    attribution: str


def read_sentence_pairs(path: str | Path) -> list[SentencePair]:
    """Read a tab-separated file of sentence pairs in UTF-8, with or without a byte order mark, LF or CRLF.

    Args:
        path: the file.

    Returns:
        The pairs in the order of the file; spaces around a sentence are removed.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is malformed; the message gives file, line number, what was expected and what was found.
    """
    content = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf")
    lines = content.split(b"\n")
    if lines[-1] == b"":  # what follows the last line's end
        lines.pop()
    if not lines:
        raise ValueError(f"{path}: expected at least one line with {EXPECTED}, but the file is empty.")
    return [_pair(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]


def _pair(line: bytes, where: str) -> SentencePair:
    try:
        text = line.decode("utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{where}: expected UTF-8, but byte {error.start + 1} of the line is 0x{line[error.start]:02x}: "
            "save the file as UTF-8."
        ) from None
    fields = [field.strip() for field in text.split("\t")]
    if len(fields) not in (2, 3):
        raise ValueError(f"{where}: expected {EXPECTED}, but found {_count(len(fields))}: {_short(text)}.")
    for name, field in zip(("English", "Korean"), fields, strict=False):
        if not field:
            raise ValueError(f"{where}: expected {EXPECTED}, but the {name} sentence is empty: {_short(text)}.")
    return SentencePair(fields[0], fields[1], fields[2] if len(fields) == 3 else "")


def _count(fields: int) -> str:
    return "1 field and no tab" if fields == 1 else f"{fields} fields"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
