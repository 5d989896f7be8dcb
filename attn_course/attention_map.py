"""Attention maps that answer the reader: an inline element for the book's pages, complete without a script.

A map is a ``<attention-map>`` element. What it holds is a still of its first example (a heat map as inline SVG and a
table with the strongest source of each target token), for paper, for readers without scripts and for those who do not
see the picture, and the data of all examples as JSON. ``book/static/attention-map.js`` lets the reader choose an
example and step through its target tokens; it draws what this module draws, and a test compares the two.
"""

import html
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from attn_course.plots import text_alternative

__all__ = ["LABELS", "Example", "markup", "show"]

#: Every string that a map shows beside the examples' own. Words in braces are filled in; ``picture`` may name the
#: {head} too.
LABELS = {
    "source": "source",
    "target": "target",
    "hint": "point, tap, or use arrow keys",
    "example": "Example",
    "previous": "Previous example",
    "next": "Next example",
    "head": "Head",
    "picture": "Weights of the target tokens, in rows, over the source tokens, in columns. {name}",
    "summary": "{target} → {sources}",
    "gold": "gold: {sources}",
    "nothing": "no weight",
    "table": "The strongest weights as a table",
    "strongest": "strongest source",
    "weight": "weight",
    "link": "gold link",
}

# One unit is one CSS pixel where there is room; attention-map.js uses the same numbers.
_CELL = 22
_FONT = 13
_GAP = 6  # between a label and the cells
_SHRUNK = 0.77  # as far as a picture may be scaled down before it scrolls: labels are then 10 pixels high
_SHADES = 25  # steps of colour between weight 0 and the limit
_COLOUR = "#0065a3"


class Example(NamedTuple):
    """One map.

    Attributes:
        source: the tokens that are looked at, one for each column.
        target: the tokens that look, one for each row.
        weights: (target, source), or (heads, target, source); a tensor, an array or nested lists.
        links: the gold alignment as pairs (target index, source index), if there is one.
        name: how the example is called in the list to choose from; its source tokens by default.
        note: a line about it, such as what the model wrote.
    """

    source: Sequence[str]
    target: Sequence[str]
    weights: Any
    links: Sequence[Sequence[int]] | None = None
    name: str = ""
    note: str = ""


def show(
    examples: Sequence[Any],
    alt: str,
    labels: Mapping[str, str] | None = None,
    *,
    heads: Sequence[str] | None = None,
    limit: float | int = 1.0,
) -> None:
    """Display attention maps under a notebook cell, the first of them until the reader chooses another.

    Args:
        examples: :class:`Example` or tuples in its order; all with the same number of heads.
        alt: what the first map shows and what there is to choose from, in words. It may hold numbers computed by the page.
        labels: other words for some of :data:`LABELS`, such as ``{"source": "English", "target": "Korean"}``.
        heads: a name for each head, where weights have a head axis; their numbers by default.
        limit: the weight that gets the full colour.

    Raises:
        ValueError: no examples or alt, weights that are no probabilities or do not fit their tokens, links outside of
            the map, unknown labels.
    """
    from IPython.display import display

    element = markup(examples, alt, labels, heads=heads, limit=limit)
    display({"text/html": element, "text/plain": " ".join(alt.split())}, raw=True)


def markup(
    examples: Sequence[Any],
    alt: str,
    labels: Mapping[str, str] | None = None,
    *,
    heads: Sequence[str] | None = None,
    limit: float | int = 1.0,
) -> str:
    """Write the element that :func:`show` displays; same arguments, same errors."""
    alt = text_alternative(alt)
    unknown = sorted(set(labels or {}) - set(LABELS))
    if unknown:
        raise ValueError(f"an attention map has no labels {unknown}; it has {sorted(LABELS)}")
    if not limit > 0:
        raise ValueError(f"limit is the weight that gets the full colour, a positive number; it was given {limit!r}")
    words = {**LABELS, **(labels or {})}
    if isinstance(examples, Example) or not examples:
        raise ValueError(f"an attention map needs a list with at least one example; it was given {examples!r}")
    items = [_checked(index, _example(index, given), words) for index, given in enumerate(examples)]
    counts = sorted({len(item["weights"]) for item in items})
    if len(counts) > 1:
        raise ValueError(f"the examples of one attention map need the same number of heads; these have {counts}")
    names = [str(head) for head in (heads or range(1, counts[0] + 1))]
    if len(names) != counts[0]:
        raise ValueError(f"the weights have {counts[0]} heads, but there are {len(names)} names in heads")

    data = {"labels": words, "heads": names, "limit": limit, "examples": items}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    # Nothing in it may be read as markup, the end of the script least of all.
    text = text.replace("<", "\\u003c").replace("&", "\\u0026")
    first = items[0]
    note = f'<p class="map-note">{html.escape(first["note"])}</p>' if first["note"] else ""
    return (
        f'<attention-map>{note}<div class="map-body"><div class="map-box">{_picture(first, alt, words, limit)}</div></div>'
        f"<details><summary>{html.escape(words['table'])}</summary>{_table(first, words)}</details>"
        f'<script type="application/json">{text}</script></attention-map>'
    )


def _example(index: int, given: Any) -> Example:
    if not isinstance(given, tuple) or not 3 <= len(given) <= len(Example._fields):
        raise ValueError(
            f"example {index} must be an Example or a tuple of {', '.join(Example._fields)}; it is {given!r}"
        )
    return Example(*given)


def _checked(index: int, example: Example, words: Mapping[str, str]) -> dict:
    """What the element's data say of one example: weights in thousandths, and the room for its labels."""
    import numpy as np

    for name in ("source", "target"):
        tokens = getattr(example, name)
        if isinstance(tokens, str) or not len(tokens) or not all(isinstance(token, str) for token in tokens):
            raise ValueError(f"example {index}: {name} must be a list of strings, one for each token; it is {tokens!r}")
    weights = example.weights
    if hasattr(weights, "detach"):
        weights = weights.detach().cpu().double().numpy()
    weights = np.asarray(weights, dtype=float)
    shape = (len(example.target), len(example.source))
    if weights.ndim not in (2, 3) or weights.shape[-2:] != shape or not weights.size:
        raise ValueError(
            f"example {index}: {shape[0]} target and {shape[1]} source tokens need weights of shape (target, source) = "
            f"{shape}, or (heads, {shape[0]}, {shape[1]}); they have shape {weights.shape}"
        )
    bad = np.argwhere(~((weights >= -1e-4) & (weights <= 1 + 1e-4)))
    if len(bad):
        place = tuple(bad[0].tolist())
        raise ValueError(f"example {index}: weights must lie between 0 and 1; at {place} there is {weights[place]}")
    thousandths = np.rint(1000 * weights.clip(0, 1)).astype(int).reshape(-1, *shape)
    links = sorted({(int(row), int(column)) for row, column in example.links or ()})
    for row, column in links:
        if not (0 <= row < shape[0] and 0 <= column < shape[1]):
            raise ValueError(
                f"example {index}: the link {(row, column)}, target before source, lies outside of {shape[0]} target and "
                f"{shape[1]} source tokens"
            )
    # Labels of columns rise to the right at 45 degrees, 0.71 of their length upwards and sideways; above them their title.
    rise = [0.71 * _width(token) for token in example.source]
    columns = len(example.source)
    beyond = max(end + (column + 0.5) * _CELL for column, end in enumerate(rise)) - columns * _CELL
    titles = [1.2 * _width(words[name]) + 1.5 * _FONT for name in ("source", "target")]  # bold, with an arrow
    beyond = max(beyond, titles[0] - columns * _CELL)
    left = max(titles[1], *(_width(token) for token in example.target)) + _GAP + 2
    return {
        "name": example.name or " ".join(example.source),
        "note": example.note,
        "source": list(example.source),
        "target": list(example.target),
        "weights": thousandths.tolist(),
        "links": [list(link) for link in links],
        "room": [int(left) + 1, int(max(rise)) + 2 * (_FONT + _GAP), max(2, int(beyond + _FONT) + 1)],
        "linked": example.links is not None,
    }


def _width(text: str) -> float:
    """About how wide a text is drawn, rather too much than too little: Hangul and Chinese characters fill a square."""
    return _FONT * sum(1.0 if unicodedata.east_asian_width(c) in "WF" or c in "MWmw@%" else 0.6 for c in text)


def _picture(item: dict, alt: str, words: Mapping[str, str], limit: float) -> str:
    """The heat map of the first head. ``draw`` in attention-map.js says the same in JavaScript."""
    rows, columns = len(item["target"]), len(item["source"])
    left, top, right = item["room"]
    width, height = left + columns * _CELL + right, top + rows * _CELL + 2

    def square(row: int, column: int) -> str:
        return f"M{left + column * _CELL} {top + row * _CELL}h{_CELL}v{_CELL}h-{_CELL}z"

    shades: dict[int, str] = {}
    for row, weights in enumerate(item["weights"][0]):
        for column, weight in enumerate(weights):
            # As JavaScript rounds.
            shade = int(_SHADES * min(1.0, weight / 1000 / limit) + 0.5)
            if shade:
                shades[shade] = shades.get(shade, "") + square(row, column)
    cells = "".join(
        f'<path d="{path}" fill="{_COLOUR}" fill-opacity="{shade / _SHADES:.2f}"></path>'
        for shade, path in sorted(shades.items())
    )
    sources = "".join(
        f'<text transform="translate({left + column * _CELL + _CELL // 2 + 4} {top - _GAP})rotate(-45)">'
        f"{html.escape(token)}</text>"
        for column, token in enumerate(item["source"])
    )
    targets = "".join(
        f'<text x="{left - _GAP}" y="{top + row * _CELL + 16}">{html.escape(token)}</text>'
        for row, token in enumerate(item["target"])
    )
    gold = "".join(square(*link) for link in item["links"])
    titles = (
        f'<text x="{left}" y="{_FONT}">{html.escape(words["source"])} →</text>'
        f'<text x="{left - _GAP}" y="{top - _GAP}" text-anchor="end">{html.escape(words["target"])} ↓</text>'
    )
    frame = f"M{left} {top}h{columns * _CELL}v{rows * _CELL}h-{columns * _CELL}z"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(alt)}" viewBox="0 0 {width} {height}" '
        f'style="width:{width}px;min-width:{math.ceil(_SHRUNK * width)}px;max-width:100%" '
        f'font-size="{_FONT}" fill="currentColor">'
        f'{cells}<g font-weight="600">{titles}</g><g class="map-source">{sources}</g>'
        f'<g class="map-target" text-anchor="end">{targets}</g>'
        f'<path d="{frame}" fill="none" stroke="currentColor" stroke-opacity="0.4"></path>'
        f'<path d="{gold}" fill="none" stroke="currentColor" stroke-width="2"></path></svg>'
    )


def _table(item: dict, words: Mapping[str, str]) -> str:
    """Each target token with its strongest source. ``tabulate`` in attention-map.js says the same in JavaScript."""
    head = [words[name] for name in ("target", "strongest", "weight", *(["link"] if item["linked"] else []))]
    lines = []
    for index, weights in enumerate(item["weights"][0]):
        top = max(weights)
        strongest = item["source"][weights.index(top)] if top else words["nothing"]
        gold = ", ".join(item["source"][column] for row, column in item["links"] if row == index)
        lines.append([item["target"][index], strongest, f"{top / 1000:.3f}", gold][: len(head)])
    titles = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in head)
    body = "".join(
        f'<tr><th scope="row">{html.escape(first)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in lines
    )
    return f'<div class="attn-table"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'
