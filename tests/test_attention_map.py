"""Attention maps: what Python writes, and what a reader can do with it in a browser."""

import json
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from attn_course import attention_map
from attn_course.attention_map import LABELS, Example, markup

ALT = "Weights of three target tokens over two source tokens; the rest can be chosen."
SMALL = Example(["the", "dog"], ["개", "가", "<b>"], [[0.0004, 0.9996], [0.5, 0.5], [0, 0]], [(0, 1)], note="a & b")


def parts(element: str) -> tuple[ET.Element, dict]:
    """The element as a tree, which it must be, and its data."""
    root = ET.fromstring(element)
    return root, json.loads(root.find("script").text)


def test_the_element_holds_a_still_a_table_and_the_data():
    root, data = parts(markup([SMALL], ALT))
    assert root.tag == "attention-map"
    svg = root.find(".//{http://www.w3.org/2000/svg}svg")
    assert svg.get("role") == "img" and svg.get("aria-label") == ALT
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["source →", "target ↓", "the", "dog", "개", "가", "<b>"]
    rows = [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]
    assert rows == [
        ["target", "strongest source", "weight", "gold link"],
        ["개", "dog", "1.000", "dog"],
        ["가", "the", "0.500", ""],
        ["<b>", "no weight", "0.000", ""],
    ]
    assert root.find("p").text == "a & b"
    assert data["examples"][0]["weights"] == [[[0, 1000], [500, 500], [0, 0]]], "in thousandths"
    assert data["examples"][0]["links"] == [[0, 1]]
    assert data["examples"][0]["name"] == "the dog"


def test_the_picture_shades_each_weight_and_outlines_the_gold_links():
    root, _ = parts(markup([Example(["a", "b"], ["x", "y"], [[0.24, 0.76], [0.01, 0.24]], [(1, 0), (0, 1)])], ALT))
    *cells, frame, gold = root.iter("{http://www.w3.org/2000/svg}path")
    left, top = (int(number) for number in re.match(r"M(\d+) (\d+)h44v44h-44z", frame.get("d")).groups())

    def places(path):
        found = re.findall(r"M(\d+) (\d+)h22v22h-22z", path.get("d"))
        return [((int(y) - top) / 22, (int(x) - left) / 22) for x, y in found]

    assert {path.get("fill-opacity"): places(path) for path in cells} == {"0.24": [(0, 0), (1, 1)], "0.76": [(0, 1)]}
    assert places(gold) == [(0, 1), (1, 0)]


def test_the_limit_is_the_weight_with_the_full_colour():
    root, data = parts(markup([Example(["a", "b"], ["x"], [[0.1, 0.2]])], ALT, limit=0.2))
    shades = [path.get("fill-opacity") for path in root.iter("{http://www.w3.org/2000/svg}path")][:2]
    assert [float(shade) for shade in shades] == [pytest.approx(0.5, abs=0.03), 1.0]
    assert data["limit"] == 0.2


def test_text_cannot_end_the_script_or_become_markup():
    evil = "</script><script>alert(1)</script><!--"
    element = markup(
        [Example([evil], [evil], [[1.0]], note=evil, name=evil)], f"{ALT} {evil}", {"source": evil, "table": evil}
    )
    assert element.count("</script>") == 1 and element.count("<script") == 1 and "<!--" not in element
    _, data = parts(element)
    assert data["examples"][0]["source"] == [evil] and data["labels"]["table"] == evil


def test_labels_replace_every_string_and_nothing_else_is_said():
    korean = {name: f"라벨 {name}" for name in LABELS}
    root, data = parts(markup([Example(["가"], ["나"], [[0.0]], [])], ALT, korean))
    assert data["labels"] == korean
    root.remove(root.find("script"))
    said = [text.strip() for text in root.itertext() if text.strip()]
    assert all(re.search("[가-힣]|^[0-9.]+$", text) for text in said), said


def test_tensors_with_gradients_and_a_head_axis_are_taken(device):
    weights = torch.full((3, 5, 7), 1 / 7, device=device, dtype=torch.float32, requires_grad=True)
    _, data = parts(markup([(list("abcdefg"), list("vwxyz"), weights)], ALT, heads=["one", "two", "three"]))
    assert np.array(data["examples"][0]["weights"]).shape == (3, 5, 7)
    assert data["heads"] == ["one", "two", "three"]


def test_softmax_that_sums_to_a_little_more_than_one_is_taken():
    _, data = parts(markup([Example(["a"], ["b"], np.float32([[1.0000001]]))], ALT))
    assert data["examples"][0]["weights"] == [[[1000]]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [[0.5, 0.5]]}, r"example 1: 3 target and 2 source tokens .*\(3, 2\).* have shape \(1, 2\)"),
        ({"weights": [[1.0, math.nan], [0, 0], [0, 0]]}, r"example 1: .*between 0 and 1; at \(0, 1\) there is nan"),
        ({"weights": [[1.0, 0], [0, math.inf], [0, 0]]}, r"at \(1, 1\) there is inf"),
        ({"weights": [[1.0, 0], [0, 0], [-0.2, 1.2]]}, r"at \(2, 0\) there is -0.2"),
        ({"source": "ab"}, "source must be a list of strings"),
        ({"target": [1, 2, 3]}, "target must be a list of strings"),
        ({"source": []}, "source must be a list of strings"),
        ({"links": [(1, 2)]}, r"link \(1, 2\), target before source, lies outside of 3 target and 2 source"),
        ({"links": [(-1, 0)]}, r"link \(-1, 0\)"),
        ({"weights": np.zeros((2, 3, 2))}, r"same number of heads; these have \[1, 2\]"),
    ],
)
def test_an_example_that_cannot_be_drawn_is_refused_by_its_number(change, message):
    with pytest.raises(ValueError, match=message):
        markup([SMALL, SMALL._replace(**change)], ALT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], ALT), "at least one example"),
        ((SMALL, ALT), "needs a list"),
        (([(["a"], ["b"])], ALT), "tuple of source, target, weights"),
        (([SMALL], ""), "needs alt"),
        (([SMALL], ALT, {"sauce": "x"}), r"no labels \['sauce'\]"),
    ],
)
def test_what_is_missing_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        markup(*arguments)


@pytest.mark.parametrize(
    ("options", "message"), [({"limit": 0}, "limit"), ({"heads": ["a", "b"]}, "1 heads, .*2 names")]
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        markup([SMALL], ALT, **options)


def test_show_displays_the_element_and_the_alternative_as_text(monkeypatch):
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
    attention_map.show([SMALL], alt=ALT)
    assert bundles == [{"text/html": markup([SMALL], ALT), "text/plain": ALT}]


def test_a_map_is_small():
    rng = np.random.default_rng(0)

    def size(rows, columns):
        weights = rng.dirichlet(np.full(columns, 0.3), rows)
        source, target = [f"word{i}" for i in range(columns)], [f"낱말{i}" for i in range(rows)]
        one, two = (len(markup([Example(source, target, weights)] * n, ALT).encode()) for n in (1, 2))
        return one, two - one

    whole, another = size(14, 15)
    assert whole < 10_000 and another < 2_000
    whole, another = size(40, 40)
    assert whole < 45_000 and another < 9_000
