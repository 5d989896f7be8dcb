"""The built site as files: nothing from other hosts, no broken formula, link or label, and what readers hear."""

import gzip
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from built_site import PAGES, ROOT, documents, site  # noqa: F401

from attn_course.checks.registry import chapters, mistakes

LARGEST_PAGE = 350 * 1024
LOADING = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "object": "data",
    "use": "href",
}


class Page(HTMLParser):
    """The elements of a page, in order, as (tag, attributes)."""

    def __init__(self, path: Path):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.text = path.read_text("utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def ids_of(path: Path) -> frozenset[str | None]:
    return frozenset(attributes.get("id") for _, attributes in Page(path).elements)


@pytest.fixture(params=PAGES)
def page(request, site) -> Page:  # noqa: F811
    page = Page(site / request.param)
    page.path = site / request.param
    return page


def test_pages_of_the_contents_are_all_that_is_built(site):  # noqa: F811
    built = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert built == {*PAGES, "index.html"}


def test_nothing_is_loaded_from_another_host(page):
    asked = [attributes.get(LOADING[tag]) or "" for tag, attributes in page.elements if tag in LOADING]
    assert asked
    assert [url for url in asked if re.match(r"([a-z]+:)?//", url)] == []


def test_styles_load_nothing_from_another_host(site):  # noqa: F811
    css = (site / "_static" / "book.css").read_text("utf-8")
    urls = re.findall(r"url\(\s*[\"']?([^\"')]{0,60})", css)
    assert all(url.startswith("data:") for url in urls), urls
    assert "@import" not in css


def test_no_formula_is_broken(page):
    assert "katex-error" not in page.text
    assert "#cc0000" not in page.text
    assert "merror" not in page.text


def test_formulas_are_mathml(site):  # noqa: F811
    assert "<math" in (site / "book" / "notation.html").read_text("utf-8")


def test_every_picture_has_a_text_alternative_of_its_own(page):
    for attributes in page.all("img"):
        alt = attributes.get("alt") or ""
        assert len(alt) > 10, attributes
        assert not re.search(r"_images/|\.(png|svg|jpe?g)$", alt), "the default text alternative"
    for attributes in page.all("svg"):
        if attributes.get("aria-hidden") != "true":
            assert attributes.get("role") == "img", attributes
            assert len(attributes.get("aria-label") or "") > 20, attributes


def test_a_page_says_what_it_is(page):
    assert page.all("html")[0].get("lang") == "en"
    assert len(page.all("main")) == 1
    assert len(page.all("title")) == 1 + len([1 for tag, _ in page.elements if tag == "svg:title"])
    descriptions = [a.get("content") for a in page.all("meta") if a.get("name") == "description"]
    assert len(descriptions) == 1
    assert descriptions[0].strip()


def test_every_page_names_its_icon(site):  # noqa: F811
    """A browser asks for /favicon.ico otherwise, which is not there: one error more on a reader's console."""
    for name in PAGES:
        icons = [link["href"] for link in Page(site / name).all("link") if link.get("rel") == "icon"]
        assert len(icons) == 1, name
        assert (site / name).parent.joinpath(icons[0]).is_file(), name


def test_the_entry_page_brings_its_icon(site):  # noqa: F811
    """It is left at once, before another file could come."""
    icons = [link["href"] for link in Page(site / "index.html").all("link") if link.get("rel") == "icon"]
    assert [unquote(icon.partition(",")[2]) for icon in icons] == [(ROOT / "book" / "favicon.svg").read_text().strip()]


def test_ids_are_unique(page):
    ids = Counter(attributes["id"] for _, attributes in page.elements if attributes.get("id"))
    assert [name for name, count in ids.items() if count > 1] == []


def test_links_within_the_site_lead_somewhere(page):
    for attributes in page.all("a"):
        href = attributes.get("href") or ""
        if not href or re.match(r"[a-z]+:", href):
            continue
        path, fragment = urldefrag(href)
        target = (page.path.parent / unquote(path)).resolve() if path else page.path
        assert target.is_file(), href
        if fragment:
            assert unquote(fragment) in ids_of(target), href


def test_a_page_is_light(page, site):  # noqa: F811
    parts = [page.path, *(page.path.parent / a["src"] for a in page.all("script") if "src" in a)]
    parts += [page.path.parent / a["href"] for a in page.all("link") if a.get("rel") == "stylesheet"]
    assert sum(len(gzip.compress(path.read_bytes())) for path in parts) <= LARGEST_PAGE


@pytest.mark.parametrize("name", documents())
def test_every_section_has_a_label(name):
    """A translation keeps the labels, so links and reports survive it."""
    text = (ROOT / f"{name}.md").read_text("utf-8")
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    # What lies in a fence is no heading: a comment in code begins with # too.
    text = re.sub(r"^(`{3,}|~{3,}).*?^\1`*$", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line.strip() for line in text.splitlines()]
    headings = [(index, line) for index, line in enumerate(lines) if re.match(r"#{1,6} ", line)]
    assert headings
    for index, heading in headings:
        before = next((line for line in reversed(lines[:index]) if line), "")
        assert re.fullmatch(r"\([a-z0-9-]+\)=", before), f"{name}.md: {heading!r} has no label above it"


def test_labels_are_not_used_twice():
    labels = [
        label
        for name in documents()
        for label in re.findall(r"^\(([a-z0-9-]+)\)=$", (ROOT / f"{name}.md").read_text("utf-8"), flags=re.MULTILINE)
    ]
    assert [label for label, count in Counter(labels).items() if count > 1] == []


def test_sections_that_reports_name_are_in_the_book(site):  # noqa: F811
    assert chapters()
    for chapter in chapters().values():
        page = (site / "book" / f"{chapter.number}_{chapter.slug}.html").read_text("utf-8")
        for label in chapter.sections:
            assert f'id="{label}"' in page, label
        for mistake in mistakes(chapter.slug):
            assert mistake.reread in chapter.sections, mistake.id


def test_labelled_equations_are_numbered_by_chapter(site):  # noqa: F811
    page = (site / "book" / "04_scaled_dot_product.html").read_text("utf-8")
    numbers = re.findall(r'<span class="eqno">\(([\d.]+)\)', page)
    assert numbers == [f"4.{index}" for index in range(1, len(numbers) + 1)]
    assert len(numbers) >= 3
    assert re.search(r'href="#equation-[^"]+">\(4\.1\)</a>', page), "a reference shows the same number"


def test_the_site_holds_no_sources_and_no_unused_files(site):  # noqa: F811
    assert not (site / "_sources").exists()
    names = {path.name for path in (site / "_static").rglob("*") if path.is_file()}
    wanted = {"book.css", "book.js", "math.js", "attention-map.js", "favicon.svg", "language_data.js", "searchtools.js"}
    assert names == wanted


def test_pages_with_attention_maps_load_their_script_and_others_do_not(page):
    loaded = [a["src"] for a in page.all("script") if a.get("src", "").endswith("attention-map.js")]
    assert len(loaded) == bool(page.all("attention-map"))
