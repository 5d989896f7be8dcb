"""Pairs drawn for a terminal: one row for each Korean token, one column for each English token, ● at a link."""

import unicodedata
from collections.abc import Sequence

from attn_course.data.english_korean.corpus import Pair


def display_width(text: str) -> int:
    """Columns that a text takes in a terminal: two for each Hangul syllable."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def draw(pair: Pair) -> str:
    """A pair as lines of text: both sentences, then a grid of its links.

    The grid's rows are the Korean tokens from first to last, its columns the English ones; the words that a row is
    linked to stand at its right.
    """
    margin = max(map(display_width, pair.korean))
    rows = [pair.english_text, pair.korean_text, ""]
    for row, token in enumerate(pair.korean):
        columns = [column for linked, column in pair.links if linked == row]
        cells = "".join("●" if column in columns else "·" for column in range(len(pair.english)))
        label = ", ".join(pair.english[column] for column in columns)
        rows.append(f"{' ' * (margin - display_width(token))}{token} {cells} {label}".rstrip())
    return "\n".join(rows)


def draw_all(found: Sequence[Pair]) -> str:
    """Several pairs, with an empty line between them."""
    return "\n\n".join(map(draw, found))
