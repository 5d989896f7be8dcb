"""Figures: accessible, themed, deterministic, and free of side effects."""

import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from attn_course import plots

ALT = 'The norm falls from 1 to 0.01 & the "clipped" one < 1 stays.'


def line_figure(factor: float = 1.0):
    fig, ax = plots.figure()
    ax.plot([1, 2, 3], [factor, 0.1 * factor, 0.01 * factor], marker="o", label="한국어")
    ax.set(xlabel="distance", ylabel=r"norm of $\partial h_T / \partial h_t$", yscale="log")
    ax.legend()
    return fig


def displayed(monkeypatch, call) -> dict:
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
    call()
    assert len(bundles) == 1
    return bundles[0]


def test_show_displays_accessible_svg_and_the_alternative_as_text(monkeypatch):
    fig = line_figure()
    bundle = displayed(monkeypatch, lambda: plots.show(fig, alt=ALT))
    assert bundle["text/plain"] == ALT
    element = ET.fromstring(bundle["text/html"])[0]
    assert element.attrib["role"] == "img"
    assert element.attrib["aria-label"] == ALT
    assert "viewBox" in element.attrib and "height" not in element.attrib
    assert "max-width:100%" in element.attrib["style"]
    assert not fig.axes, "the figure is cleared after it was shown"


@pytest.mark.parametrize("alt", ["", "  \n", None, 3])
def test_a_figure_without_alternative_is_refused(alt, own_errors):
    with pytest.raises(ValueError, match="needs alt"):
        plots.show(line_figure(), alt=alt)


def test_black_becomes_the_colour_of_the_page_and_the_background_is_bare():
    svg = plots.svg(line_figure(), ALT)
    assert "currentColor" in svg
    assert "#000000" not in svg
    assert "#ffffff" not in svg, "neither figure, axes nor legend may paint a background"


def test_what_reaches_over_the_edge_is_not_cut_off():
    def view_box(label):
        fig, ax = plots.figure()
        ax.plot([1, 2], label=label)
        fig.legend(loc="outside upper center")
        return [float(number) for number in re.search(r'viewBox="([^"]*)"', plots.svg(fig, ALT))[1].split()]

    assert view_box("short")[::2] == [0, 345.6]
    left, _, width, _ = view_box("a label that is wider than the whole figure " * 3)
    assert left < 0 and left + width > 345.6


def test_plain_text_stays_text_and_formulas_need_no_font():
    svg = plots.svg(line_figure(), ALT)
    texts = [element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "한국어" in texts and "distance" in texts
    assert "DejaVu" not in svg and "STIX" not in svg


def test_the_same_drawing_gives_the_same_bytes_and_another_one_other_ids():
    first, again, other = (plots.svg(line_figure(factor), ALT) for factor in (1.0, 1.0, 2.0))
    assert first == again
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, other)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]


def test_every_reference_inside_the_svg_resolves():
    fig, axes = plots.figure(columns=2)
    plots.heatmap(axes[0], np.eye(3), ["a", "b", "c"])
    axes[1].plot([0, 1], marker="o", label="$x_1$")
    svg = plots.svg(fig, ALT)
    references = set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg))
    assert references
    assert references == set(re.findall(r' id="([^"]+)"', svg))


def test_one_column_gives_axes_and_more_give_a_tuple():
    _, ax = plots.figure()
    assert hasattr(ax, "plot")
    _, axes = plots.figure(columns=3)
    assert len(axes) == 3 and isinstance(axes, tuple)


@pytest.mark.parametrize("arguments", [{"width": 0}, {"height": -1}, {"columns": 0}])
def test_figure_refuses_sizes_that_are_not_positive(arguments, own_errors):
    with pytest.raises(ValueError, match="positive"):
        plots.figure(**arguments)


def test_no_global_matplotlib_state_is_touched():
    import matplotlib

    before = dict(matplotlib.rcParams)
    had_pyplot = "matplotlib.pyplot" in sys.modules
    fig, ax = plots.figure()
    plots.heatmap(ax, np.eye(2))
    plots.svg(fig, ALT)
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == had_pyplot


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", ["#ffffff", "#14181e"])
def test_palette_stands_out_from_both_pages(page):
    for colour in plots.PALETTE:
        lighter, darker = sorted((luminance(colour), luminance(page)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 3.0, colour


def cell_texts(matrix, **options):
    fig, ax = plots.figure()
    plots.heatmap(ax, matrix, **options)
    plots.svg(fig, ALT)
    return [text.get_text() for text in ax.texts]


def test_heatmap_writes_values_into_few_cells_and_a_colour_bar_beside_many():
    assert cell_texts([[0.5, -0.25], [float("nan"), -0.001]]) == ["0.50", "\N{MINUS SIGN}0.25", "0.00"]
    fig, ax = plots.figure()
    plots.heatmap(ax, np.random.default_rng(0).normal(size=(13, 17)))
    assert not ax.texts
    assert len(fig.axes) == 2
    assert len(plots.svg(fig, ALT)) < 20_000


def test_heatmap_takes_tensors_that_require_grad():
    assert cell_texts(torch.tensor([[0.25, 0.75]], requires_grad=True), digits=1) == ["0.2", "0.8"]


def test_heatmap_of_zeros_is_drawn():
    assert cell_texts(np.zeros((2, 3))) == ["0.00"] * 6


def test_heatmap_refuses_what_is_not_a_matrix_and_labels_that_do_not_fit():
    _, ax = plots.figure()
    with pytest.raises(ValueError, match=r"\(rows, columns\).*\(3,\)"):
        plots.heatmap(ax, [1, 2, 3])
    with pytest.raises(ValueError, match="2 cells; x_labels has 3"):
        plots.heatmap(ax, [[1, 2]], x_labels="abc")


def test_table_escapes_and_carries_caption_and_headings(monkeypatch):
    bundle = displayed(monkeypatch, lambda: plots.table(["seed", "a < b"], [[0, "0.5"], [1, "<i>"]], caption="Runs"))
    root = ET.fromstring(bundle["text/html"])
    assert root.find(".//caption").text == "Runs"
    assert [cell.text for cell in root.iter("th")] == ["seed", "a < b", "0", "1"]
    assert [cell.text for cell in root.iter("td")] == ["0.5", "<i>"]
    assert bundle["text/plain"].splitlines() == ["Runs", "seed\ta < b", "0\t0.5", "1\t<i>"]


def test_a_column_without_title_has_no_empty_heading(monkeypatch):
    bundle = displayed(monkeypatch, lambda: plots.table(["", "score"], [["mean", 1]], caption="Scores"))
    root = ET.fromstring(bundle["text/html"])
    assert [cell.text for cell in root.iter("th")] == ["score", "mean"]


def test_table_refuses_ragged_rows_and_an_empty_caption():
    with pytest.raises(ValueError, match="2 columns, this row 1"):
        plots.table(["a", "b"], [[1]], caption="x")
    with pytest.raises(ValueError, match="caption"):
        plots.table(["a"], [[1]], caption=" ")
