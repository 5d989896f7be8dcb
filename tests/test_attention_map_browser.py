"""Attention maps in a browser: keyboard, finger, pointer, no script, paper, from a file, in both themes."""

import html
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from built_site import ROOT
from chromium import browser, needs_chromium, violations  # noqa: F401
from course_site import assets

from attn_course.attention_map import Example, markup

pytestmark = needs_chromium

STATIC = ROOT / "book" / "static"
RNG = np.random.default_rng(0)


def example(source: str, target: str, **options) -> Example:
    source, target = source.split(), target.split()
    return Example(source, target, RNG.dirichlet(np.full(len(source), 0.2), len(target)), **options)


SHORT = example(
    "the cat chases the dog .",
    "고양이 가 개 를 쫓 는다 .",
    links=[(0, 1), (2, 4), (4, 2)],
    note="고양이가 개를 쫓는다.",
)
ODD = example("a </script><b>", "x & <i>y</i>", name="<u>&amp;</u>", links=[])
LONG = example(
    "she ate an apple and went to school " * 5, "그녀 는 사과 를 먹 고 학교 에 " * 5, links=[(i, i) for i in range(40)]
)
EXAMPLES = [SHORT, ODD, LONG]
HEADS = example("one two three", "하나 둘 셋")._replace(weights=RNG.dirichlet(np.full(3, 0.3), (2, 3)))
ALT = "Weights of seven Korean tokens over six English ones; two other sentences can be chosen."
LABELS = {"source": "English, read", "target": "Korean, written"}


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """A page with the site's own style sheets and scripts, and three maps."""
    folder = tmp_path_factory.mktemp("map")
    maps = [
        markup(EXAMPLES, ALT, LABELS),
        markup([HEADS], f"Two heads. {ALT}"),
        markup([SHORT], f"Alone. {ALT}", limit=0.5),
    ]
    outputs = "".join(
        f'<div class="cell"><div class="cell_output"><div class="output text_html">{element}</div></div></div>'
        for element in maps
    )
    text = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Maps</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="book.css">'
        "<script>const DOCUMENTATION_OPTIONS = {};"
        'document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"'
        '</script><script defer src="site.js"></script><script defer src="attention-map.js"></script></head>'
        f'<body><main class="bd-content"><article class="bd-article" style="width:100%;max-width:44rem"><h1>Maps</h1>'
        f"{outputs}</article></main></body></html>"
    )
    themes = [("pydata_sphinx_theme", "pydata-sphinx-theme.css"), ("sphinx_book_theme", "sphinx-book-theme.css")]
    styles = [
        Path(find_spec(name).origin).parent / "theme" / name / "static" / "styles" / file for name, file in themes
    ]
    scripts = [STATIC / "attention-map.js", STATIC / "site.js"]
    names = assets.names_in_pages([text], [script.read_text("utf-8") for script in scripts])
    rules = "\n".join(path.read_text("utf-8") for path in [*styles, STATIC / "site.css"])
    (folder / "book.css").write_text(assets.purge(rules, names), "utf-8")
    for script in scripts:
        (folder / script.name).write_text(script.read_text("utf-8"), "utf-8")
    (folder / "page.html").write_text(text, "utf-8")
    return folder / "page.html"


@pytest.fixture
def tab(browser, page) -> Iterator:  # noqa: F811
    """Opens the page from its file; at the end there must have been no error and no request to elsewhere."""
    contexts, complaints = [], []

    def open_page(width: int = 1280, theme: str = "light", **options):
        viewport = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, color_scheme=theme, **options)
        contexts.append(context)
        view = context.new_page()
        view.set_default_timeout(5000)
        view.on("console", lambda told: told.type in ("error", "warning") and complaints.append(told.text))
        view.on("pageerror", lambda error: complaints.append(str(error)))
        allowed = page.parent.as_uri()
        view.on("request", lambda r: r.url.startswith(allowed) or complaints.append(f"asks for {r.url}"))
        view.goto(page.as_uri())
        return view

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def the(view, index: int = 0):
    return view.locator("attention-map").nth(index)


def shown(element) -> dict:
    """What a map shows now."""
    return element.evaluate(
        """map => ({
          chosen: [...map.querySelectorAll("[role=option]")].findIndex(o => o.getAttribute("aria-selected") === "true"),
          focused: [...map.querySelectorAll("[role=option]")].indexOf(document.activeElement),
          stops: [...map.querySelectorAll("[role=option]")].map(o => o.tabIndex),
          weights: [...map.querySelectorAll(".map-weights small")].map(w => Number(w.textContent)),
          gold: [...map.querySelectorAll(".map-weights > *")].map(t => t.classList.contains("map-gold")),
          summary: map.querySelector(".map-summary").textContent,
          source: [...map.querySelectorAll(".map-weights b")].map(t => t.textContent),
        })"""
    )


def assert_shows(element, example: Example, row: int, head: int = 0) -> None:
    now = shown(element)
    weights = np.asarray(example.weights).reshape(-1, len(example.target), len(example.source))[head, row]
    assert now["source"] == list(example.source)
    assert now["weights"] == pytest.approx(weights, abs=0.0056), "two decimals of three"
    assert now["gold"] == [(row, column) in set(example.links or ()) for column in range(len(example.source))]
    strongest = example.source[int(weights.argmax())]
    assert now["summary"].startswith(f"{example.target[row]} → {strongest} ({weights.max():.2f}"[:-1])


OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_example_fits_the_page_and_is_accessible(tab, width, theme):
    view = tab(width, theme)
    assert view.evaluate("document.documentElement.dataset.theme") == theme
    view.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    for index in range(len(EXAMPLES)):
        the(view).locator("select").select_option(index=index)
        assert view.evaluate(OVERFLOW) <= 0
    the(view).locator("select").select_option(index=0)
    assert violations(view) == []


def test_the_keyboard_reaches_everything(tab):
    view = tab()
    stops = []
    for _ in range(5):
        view.keyboard.press("Tab")
        stops.append(view.evaluate("document.activeElement.getAttribute('role') ?? document.activeElement.localName"))
    assert stops == ["select", "button", "button", "option", "summary"], "a single stop for all target tokens"


def test_arrow_keys_home_and_end_step_through_the_target_tokens(tab):
    view = tab()
    element, last = the(view), len(SHORT.target) - 1
    assert_shows(element, SHORT, 0)
    element.locator("[role=option]").first.focus()
    keys = "ArrowRight ArrowDown ArrowLeft ArrowUp ArrowUp End ArrowRight Home a".split()
    rows = []
    for key in keys:
        view.keyboard.press(key)
        now = shown(element)
        assert now["chosen"] == now["focused"]
        assert now["stops"] == [0 if row == now["chosen"] else -1 for row in range(last + 1)]
        assert_shows(element, SHORT, now["chosen"])
        rows.append(now["chosen"])
    assert rows == [1, 2, 1, 0, 0, last, last, 0, 0]
    assert shown(the(view, 2))["chosen"] == 0, "another map on the page stays as it is"


def test_a_summary_is_read_aloud_when_it_changes(tab):
    element = the(tab())
    assert element.locator(".map-summary").get_attribute("aria-live") == "polite"
    element.locator("[role=option]").nth(2).click()
    assert shown(element)["summary"].endswith("; gold: dog")
    element.locator("[role=option]").nth(1).click()
    assert shown(element)["summary"].endswith("; gold: –")
    assert "gold" not in shown(the(element.page, 1))["summary"], "there are no links to speak of"


def test_the_map_says_what_it_is_and_its_list_what_to_do(tab):
    view = tab()
    assert the(view).get_attribute("role") == "group" and the(view).get_attribute("aria-label") == ALT
    for index, example in enumerate(EXAMPLES):
        the(view).locator("select").select_option(index=index)
        assert (
            the(view).get_by_role("img").get_attribute("aria-label").endswith(example.name or " ".join(example.source))
        )
    the(view).locator("select").select_option(index=0)
    options = view.get_by_role("listbox", name="Korean, written").first.get_by_role("option")
    assert options.all_inner_texts() == list(SHORT.target)


def cell(element, row: int, column: int, example: Example) -> tuple[float, float]:
    """The middle of a cell of the picture, in pixels of the page."""
    picture, (left, top, _) = element.evaluate(
        "map => [map.querySelector('svg').getBoundingClientRect().toJSON(), map.item.room]"
    )
    scale = picture["height"] / (top + len(example.target) * 22 + 2)
    return picture["x"] + (left + 22 * column + 11) * scale, picture["y"] + (top + 22 * row + 11) * scale


def test_pointing_at_a_row_shows_it_and_clicking_keeps_it(tab):
    view = tab()
    element = the(view)
    view.mouse.move(*cell(element, 4, 1, SHORT))
    assert_shows(element, SHORT, 4)
    assert shown(element)["chosen"] == 0
    view.mouse.move(1, 1)
    assert_shows(element, SHORT, 0)
    view.mouse.click(*cell(element, 6, 5, SHORT))
    view.mouse.move(1, 1)
    assert_shows(element, SHORT, 6)
    assert shown(element)["chosen"] == 6
    element.locator("[role=option]").nth(3).hover()
    assert_shows(element, SHORT, 3)


def test_nothing_moves_while_rows_are_pointed_at(tab):
    view = tab(390)
    element = the(view)
    heights = set()
    for option in element.locator("[role=option]").all():
        option.hover()
        heights.add(element.evaluate("map => map.querySelector('.map-reading').getBoundingClientRect().height"))
    assert len(heights) == 1


def test_a_finger_chooses_rows_and_sentences(tab):
    view = tab(390, has_touch=True, is_mobile=True)
    element = the(view)
    element.locator("[role=option]").nth(4).tap()
    assert_shows(element, SHORT, 4)
    view.touchscreen.tap(*cell(element, 2, 3, SHORT))
    assert_shows(element, SHORT, 2)
    assert shown(element)["chosen"] == 2
    element.get_by_role("button", name="Next example").tap()
    assert_shows(element, ODD, 0)


def test_what_a_finger_must_hit_is_large_enough(tab):
    sizes = the(tab(390, has_touch=True, is_mobile=True)).evaluate(
        "map => [...map.querySelectorAll('[role=option], button, select, summary')].map(e => e.getBoundingClientRect())"
        ".map(r => Math.min(r.width, r.height))"
    )
    assert min(sizes) >= 24


def test_a_finger_that_scrolls_over_a_map_points_at_nothing(tab):
    element = the(tab())
    x, y = cell(element, 4, 1, SHORT)
    for kind, row in (("touch", 0), ("pen", 4)):
        event = {"pointerType": kind, "clientX": x, "clientY": y, "bubbles": True}
        element.locator("svg").dispatch_event("pointermove", event)
        assert_shows(element, SHORT, row)


def test_sentences_are_chosen_by_list_and_buttons(tab):
    view = tab()
    element = the(view)
    assert element.locator("select option").all_inner_texts() == [e.name or " ".join(e.source) for e in EXAMPLES]
    element.locator("select").select_option(index=2)
    assert_shows(element, LONG, 0)
    assert not element.locator(".map-note").is_visible()
    element.get_by_role("button", name="Next").click()
    assert_shows(element, SHORT, 0)
    assert element.locator(".map-note").inner_text() == SHORT.note
    element.get_by_role("button", name="Previous").press("Enter")
    assert_shows(element, LONG, 0)
    assert element.locator("select").evaluate("list => list.selectedIndex") == 2


@pytest.mark.parametrize("index", range(len(EXAMPLES)))
def test_the_script_draws_what_python_draws(tab, index):
    view = tab()
    for step in (1, -1):  # away from the still, so that the script draws the first one too
        the(view).locator("select").select_option(index=(index + step) % len(EXAMPLES))
        the(view).locator("select").select_option(index=index)
    alike = the(view).evaluate(
        """(map, markup) => {
          const still = new DOMParser().parseFromString(markup, "text/html");
          return ["svg", "table"].map(name => {
            const [one, other] = [still, map].map(place => place.querySelector(name).cloneNode(true));
            for (const copy of [one, other]) {
              for (const attribute of ["xmlns", "aria-label"]) copy.removeAttribute(attribute);
              copy.querySelector(".map-band")?.remove();
            }
            return one.outerHTML === other.outerHTML || [one.outerHTML, other.outerHTML];
          });
        }""",
        markup([EXAMPLES[index]], ALT, LABELS),
    )
    assert alike == [True, True]


def test_a_head_is_chosen_and_the_row_stays(tab):
    view = tab()
    element = the(view, 1)
    element.locator("[role=option]").nth(2).click()
    assert_shows(element, HEADS, 2, head=0)
    first = element.locator("table").text_content()
    element.get_by_role("combobox", name="Head").select_option("2")
    assert_shows(element, HEADS, 2, head=1)
    assert element.locator("table").text_content() != first
    assert element.get_by_role("button").count() == 0, "one example leaves nothing to step through"


@pytest.mark.parametrize(
    "titles", [("English", "Korean"), ("WWW, mmm, WWW", "WWWMMM"), ("영어로 읽은 낱말", "한국어로 쓴 낱말")]
)
def test_no_label_is_cut_off(browser, tmp_path, titles):  # noqa: F811
    wide = ["WWWMMM", "mmmwww", "미끄럼틀놀이터", "illi"]
    few = [Example(wide[:1], wide[:1], [[1.0]]), Example(wide, wide[::-1], np.eye(4))]
    for index, example in enumerate(few):
        element = markup([example], ALT, dict(zip(("source", "target"), titles, strict=True)))
        (tmp_path / "page.html").write_text(
            f'<meta charset="utf-8"><body style="font-family:sans-serif">{element}', "utf-8"
        )
        view = browser.new_page()
        view.goto((tmp_path / "page.html").as_uri())
        cut = view.evaluate(
            """() => {
              const outer = document.querySelector("svg").getBoundingClientRect();
              return [...document.querySelectorAll("svg text")].filter(text => {
                const box = text.getBoundingClientRect();
                return box.left < outer.left || box.right > outer.right || box.top < outer.top || box.bottom > outer.bottom;
              }).map(text => text.textContent);
            }"""
        )
        view.close()
        assert cut == [], index


def test_a_long_sentence_scrolls_in_its_own_box_and_stays_readable(tab):
    view = tab(390)
    element = the(view)
    element.locator("select").select_option(index=2)
    box = element.locator(".map-box")
    view.wait_for_function("document.querySelector('.map-box').tabIndex === 0")
    assert box.evaluate("b => b.scrollWidth > 1.5 * b.clientWidth")
    assert element.locator("svg").evaluate("s => 13 * s.getBoundingClientRect().width / s.viewBox.baseVal.width") >= 10
    element.locator("select").select_option(index=1)
    view.wait_for_function("!document.querySelector('.map-box').hasAttribute('tabindex')")


@pytest.mark.parametrize("width", [320, 1280])
def test_without_scripts_the_still_and_its_table_are_there(tab, width):
    view = tab(width, java_script_enabled=False)
    element = the(view)
    assert element.get_by_role("img", name=ALT).is_visible()
    assert element.locator("select, button, [role=option]").count() == 0
    element.locator("summary").click()
    assert element.locator("tbody tr").count() == len(SHORT.target)
    assert element.locator("table").is_visible()
    box, picture = element.bounding_box(), element.locator("svg").bounding_box()
    assert box["x"] + box["width"] <= width and picture["height"] > 100


def test_on_paper_there_is_the_picture_and_the_table_and_nothing_to_press(tab):
    view = tab()
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    view.emulate_media(media="print")
    element = the(view)
    assert element.locator("svg").is_visible() and element.locator("table").is_visible()
    for part in ("select", "button", ".map-reading", ".map-summary", ".map-band"):
        assert not any(found.is_visible() for found in element.locator(part).all()), part
    assert element.evaluate("map => getComputedStyle(map).printColorAdjust") == "exact"


def luminance(colour: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(*colours: list[float]) -> float:
    lighter, darker = sorted(map(luminance, colours), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_gold_link_stands_out_from_the_darkest_cell_and_the_cell_from_the_page(tab, theme):
    ink, fill, paper, opacity = the(tab(theme=theme)).evaluate(
        """map => {
          const rgb = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(c => c / 255);
          const cell = getComputedStyle(map.querySelector("path[fill-opacity]"));
          const page = getComputedStyle(document.body).backgroundColor;
          return [rgb(getComputedStyle(map).color), rgb(cell.fill), rgb(page), Number(cell.opacity)];
        }"""
    )
    cell = [opacity * c + (1 - opacity) * p for c, p in zip(fill, paper, strict=True)]
    assert contrast(ink, cell) >= 3
    assert contrast(cell, paper) >= 3


def test_what_looks_like_markup_is_shown_as_text(tab):
    view = tab()
    element = the(view)
    element.locator("select").select_option(index=1)
    assert element.locator("[role=option]").all_inner_texts() == ["x", "&", "<i>y</i>"]
    assert html.escape("</script><b>", quote=False) in element.locator(".map-weights").inner_html()
