"""Figures for the book: inline SVG that follows the page's colour theme and is read aloud by its text alternative.

Matplotlib draws; what it draws in black comes out as CSS ``currentColor``, so axes and text take the colour of the
page around them, light or dark. Nothing here touches ``matplotlib.pyplot`` or changes ``rcParams`` for others.

A figure of width 6.4 fills a column of text, and matplotlib's usual 10-point text is then about 10 CSS pixels on a
telephone 390 pixels wide and 15 on a desk.

Colours are those of Okabe and Ito (2008), "Color universal design", taken in the order in which they stand out
from white and from near-black alike; the blue and the green are a little lighter than theirs for that reason.
"""

import hashlib
import html
import io
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PALETTE", "figure", "heatmap", "show", "svg", "table"]

#: Seven colours that people with any common colour blindness tell apart, each at least 3 : 1 against both pages.
PALETTE = ["#0a84c6", "#d55e00", "#0c9a72", "#c2649a", "#a6761d", "#7a72c9", "#808080"]

_POINTS_PER_UNIT = 54  # of the printed SVG: keeps 10-point text at 10 pixels where a column is 345 pixels wide
_SCREEN_SCALE = 1.5  # CSS pixels per SVG unit where there is room
_INK = "#000000"  # matplotlib's black, which becomes the colour of the page's text
_DARK_CELL = 0.85  # a cell this strong is dark enough in both themes to need white digits
_ANNOTATED_CELLS = 100  # the most cells that get their value written in

_STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def figure(width: float | int = 6.4, height: float | int = 3.2, columns: int = 1) -> "tuple[Figure, Any]":
    """Start a figure with one row of axes.

    Args:
        width: 6.4 fills a column of text; a wider figure is shrunk to the column, its text with it.
        height: in the same unit.
        columns: how many axes stand side by side.

    Returns:
        The figure, and its axes: a single ``Axes`` for one column, a tuple of them for more.

    Raises:
        ValueError: a width, height or number of columns that is not positive.
    """
    if width <= 0 or height <= 0 or columns < 1:
        raise ValueError(
            f"figure needs a positive width and height and at least one column; "
            f"it was given width={width}, height={height}, columns={columns}"
        )
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**_STYLE, "axes.prop_cycle": matplotlib.cycler(color=PALETTE)}):
        fig = Figure(figsize=(width * _POINTS_PER_UNIT / 72, height * _POINTS_PER_UNIT / 72), layout="constrained")
        axes = fig.subplots(1, columns, squeeze=False)[0]
    return fig, (axes[0] if columns == 1 else tuple(axes))


def heatmap(
    ax: "Axes",
    matrix: Any,
    x_labels: Sequence[Any] | None = None,
    y_labels: Sequence[Any] | None = None,
    *,
    limit: float | int | None = None,
    annotate: bool | None = None,
    digits: int = 2,
) -> "Axes":
    """Draw a matrix as coloured cells: row 0 at the top, 0 as bare page, blue above 0 and orange below.

    Args:
        ax: where to draw.
        matrix: (rows, columns), a tensor, an array or nested lists; NaN cells stay empty.
        x_labels: one for each column; positions where it is None and the cells are few.
        y_labels: one for each row, likewise.
        limit: the absolute value that gets the full colour; by default the largest in the matrix.
        annotate: write each value into its cell. By default where there are at most 100 cells; otherwise a
            colour bar is drawn.
        digits: after the decimal point.

    Returns:
        ``ax``, for further labels and titles.

    Raises:
        ValueError: a matrix that has not two axes, or as many labels as it has not rows or columns.
    """
    import numpy as np
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb

    if hasattr(matrix, "detach"):
        matrix = matrix.detach().cpu().double().numpy()
    values = np.asarray(matrix, dtype=float)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"heatmap draws a matrix of shape (rows, columns); it was given shape {values.shape}")
    for name, labels, size in (("x_labels", x_labels, values.shape[1]), ("y_labels", y_labels, values.shape[0])):
        if labels is not None and len(labels) != size:
            raise ValueError(f"heatmap needs one label for each of {size} cells; {name} has {len(labels)}")

    finite = values[np.isfinite(values)]
    top = limit or float(np.abs(finite).max(initial=0)) or 1.0
    positive, negative = to_rgb("#0065a3"), to_rgb("#b84a00")
    signed = bool((finite < 0).any())
    stops = [(*negative, 1.0), (*negative, 0.0), (*positive, 0.0), (*positive, 1.0)]
    places = [0.0, 0.5, 0.5, 1.0]
    cmap = LinearSegmentedColormap.from_list("signed", list(zip(places, stops, strict=True)))
    if not signed:
        cmap = LinearSegmentedColormap.from_list("positive", stops[2:])
    norm = Normalize(-top if signed else 0.0, top)
    ax.imshow(np.ma.masked_invalid(values), cmap=cmap, norm=norm, interpolation="none", aspect="auto")

    few = values.size <= _ANNOTATED_CELLS
    for axis, labels, size in ((ax.xaxis, x_labels, values.shape[1]), (ax.yaxis, y_labels, values.shape[0])):
        if labels is not None:
            axis.set_ticks(range(size), [str(label) for label in labels])
        elif few:
            axis.set_ticks(range(size))
        axis.set_tick_params(length=0)
    ax.spines[:].set_visible(True)

    if few if annotate is None else annotate:
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                colour = "white" if abs(value) >= _DARK_CELL * top else "black"
                text = f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")
                ax.text(column, row, text, ha="center", va="center", color=colour, size=9)
    else:
        bar = ax.figure.colorbar(ScalarMappable(norm, cmap), ax=ax)
        # One small image in place of the bar's 256 rectangles, whose seams show where colours are transparent.
        bar.solids.remove()
        bar.ax.set_facecolor("none")
        extent = (0, 1, norm.vmin, norm.vmax)
        bar.ax.imshow(
            np.linspace(norm.vmin, norm.vmax, 64)[:, None],
            cmap=cmap,
            norm=norm,
            extent=extent,
            aspect="auto",
            origin="lower",
        )
        bar.outline.set_linewidth(0.5)
    return ax


def svg(fig: "Figure", alt: str) -> str:
    """Write a figure as one inline ``<svg>`` element; see :func:`show`, which also displays it.

    Args:
        fig: from :func:`figure`.
        alt: what the figure shows, in words.

    Returns:
        The element, byte for byte the same for the same drawing.

    Raises:
        ValueError: no alt, or an empty one.
    """
    alt = text_alternative(alt)
    return _tidy(*_draw(fig), alt)


def show(fig: "Figure", alt: str) -> None:
    """Display a figure under a notebook cell: as SVG in a page, as its text alternative elsewhere. Clears it afterwards.

    Args:
        fig: from :func:`figure`.
        alt: what the figure shows, in words, for readers who do not see it: the axes, the course of each line, and
            the numbers that matter. It may be an f-string with numbers computed by the page.

    Raises:
        ValueError: no alt, or an empty one.
    """
    from IPython.display import display

    markup = svg(fig, alt)
    display({"text/html": f'<div class="attn-figure">{markup}</div>', "text/plain": " ".join(alt.split())}, raw=True)
    fig.clear()


def table(header: Sequence[Any], rows: Sequence[Sequence[Any]], caption: str) -> None:
    """Display a table under a notebook cell. Floats are shown as they are given: format them first.

    Args:
        header: one title for each column; the first may be empty.
        rows: the cells; the first of each row is its heading.
        caption: what the table lists.

    Raises:
        ValueError: no caption, or a row that is longer or shorter than the header.
    """
    from IPython.display import display

    if not caption.strip():
        raise ValueError("a table needs a caption that says what it lists; it was given an empty one")
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"the header has {len(header)} columns, this row {len(row)}: {list(row)}")
    head = "".join(
        f'<th scope="col">{html.escape(str(cell))}</th>' if str(cell).strip() else "<td></td>" for cell in header
    )
    body = "".join(
        f'<tr><th scope="row">{html.escape(str(first))}</th>'
        + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    markup = (
        f'<div class="attn-table"><table><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    plain = "\n".join([caption, *("\t".join(map(str, row)) for row in (header, *rows))])
    display({"text/html": markup, "text/plain": plain}, raw=True)


def text_alternative(alt: Any) -> str:
    """The words for readers who do not see a figure, on one line; ValueError if there are none."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            f"a figure needs alt, a sentence or two that say what it shows to a reader who cannot see it; "
            f"it was given {alt!r}"
        )
    return " ".join(alt.split())


def _draw(fig: "Figure") -> tuple[str, tuple[float, float, float, float]]:
    """The SVG document as matplotlib writes it, and its view box. Formulas are outlines, all other text is text.

    Text stays text because the reader's browser has fonts that the builder's machine may not have (Korean labels),
    formulas become outlines because their parts are placed for one font.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import RendererSVG

    class Renderer(RendererSVG):
        def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
            with matplotlib.rc_context({"svg.fonttype": "path" if ismath else "none"}):
                super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)

    for ax in fig.axes:
        if ax.get_legend() is not None:
            ax.get_legend().get_frame().set_visible(False)
    fig.set_dpi(72)
    fig.patch.set_visible(False)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "attn_course"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        renderer = Renderer(fig.bbox.width, fig.bbox.height, buffer, metadata=metadata)
        fig.draw(renderer)
        renderer.finalize()
        drawn = fig.get_tightbbox(renderer)
    # What reaches over the edge, such as a broad legend, widens the picture and is not cut off.
    height = fig.bbox.height
    left, right = min(0.0, 72 * drawn.x0 - 1), max(fig.bbox.width, 72 * drawn.x1 + 1)
    top, bottom = min(0.0, height - 72 * drawn.y1 - 1), max(height, height - 72 * drawn.y0 + 1)
    return buffer.getvalue(), (left, top, right - left, bottom - top)


def _tidy(document: str, view: tuple[float, float, float, float], alt: str) -> str:
    """Turn matplotlib's SVG document into a small element that lives inside a page."""
    body = document[document.index("<defs>", document.index("<svg")) : document.rindex("</svg>")]
    body = re.sub(r"<!--.*?-->|<style.*?</style>|<defs>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = body.replace("xlink:href=", "href=").replace(_INK, "currentColor")
    body = body.replace(' transform="rotate(-0 ', ' data-level="').replace("<image ", '<image class="pixels" ')
    body = re.sub(r' data-level="[^"]*"', "", body)
    # A hundredth of a point is finer than any screen; scales keep their digits.
    body = re.sub(r"(\d+\.\d{2})\d+(?![\d)])", r"\1", body)
    body = re.sub(r"\s*\n\s*", " ", body).replace("> <", "><")

    # Ids must differ between the figures of one page: they begin with a digest of the drawing itself.
    digest = hashlib.sha256((body + alt).encode()).hexdigest()[:8]
    referenced = dict.fromkeys(re.findall(r'(?:href="#|url\(#)([^")]+)', body))
    names = {old: f"f{digest}-{index}" for index, old in enumerate(referenced)}
    body = re.sub(r' id="([^"]*)"', lambda match: f' id="{names[match[1]]}"' if match[1] in names else "", body)
    body = re.sub(r'(href="#|url\(#)([^")]+)', lambda match: match[1] + names[match[2]], body)
    while (flatter := re.sub(r"<g>((?:(?!</?g[ >]).)*)</g>", r"\1", body)) != body:  # groups that say nothing
        body = flatter
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(alt)}" '
        f'viewBox="{" ".join(f"{number:.5g}" for number in view)}" width="{view[2] * _SCREEN_SCALE:.0f}" '
        f'style="max-width:100%;height:auto;font-family:inherit;stroke-linejoin:round" fill="currentColor">'
        f"<style>.pixels{{image-rendering:pixelated}}</style>{body}</svg>"
    )
