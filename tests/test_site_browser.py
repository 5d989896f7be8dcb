"""The built site in a browser: every page, small and large, in both colour themes, with the network unplugged."""

from collections.abc import Iterator

import pytest
from built_site import PAGES, site  # noqa: F401
from chromium import browser, needs_chromium, violations  # noqa: F401
from course_site.serve import served

pytestmark = needs_chromium

CHAPTER = "book/04_scaled_dot_product.html"

# What a reader cannot see: a formula that reaches out of its page or out of a box that does not scroll.
CLIPPED = """() => {
  const bad = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width + 1) bad.push("the page scrolls sideways");
  for (const math of document.querySelectorAll("article math")) {
    if (math.closest("details:not([open])")) continue;
    let rect = math.getBoundingClientRect();
    if (rect.width === 0) { bad.push("no size: " + math.textContent); continue; }
    for (let box = math.parentElement; box && box.tagName !== "ARTICLE"; box = box.parentElement) {
      const style = getComputedStyle(box), outer = box.getBoundingClientRect();
      if (style.overflowY !== "visible" && (rect.top < outer.top - 1 || rect.bottom > outer.bottom + 1))
        bad.push("cut above or below: " + math.textContent);
      if (["auto", "scroll"].includes(style.overflowX)) rect = outer;  // what is wider can be scrolled to
      else if (style.overflowX !== "visible" && (rect.left < outer.left - 1 || rect.right > outer.right + 1))
        bad.push("cut at the side: " + math.textContent);
    }
    if (rect.left < -1 || rect.right > width + 1) bad.push("outside the page: " + math.textContent);
  }
  return bad;
}"""


@pytest.fixture(scope="module")
def address(site) -> Iterator[str]:  # noqa: F811
    with served(site) as url:
        yield url


def settle(view) -> None:
    """Wait until the page's script has measured what is too wide, which it does when the browser is idle."""
    view.wait_for_timeout(100)  # for the events of what was just opened
    if view.locator("article math, .attn-table, .attn-figure").count():
        view.wait_for_selector("html[data-measured]", state="attached")


def unfold(view) -> None:
    view.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    settle(view)


@pytest.fixture
def tab(browser, address):  # noqa: F811
    """Opens pages; at the end there must have been no error and no request to another host."""
    contexts, complaints = [], []

    def open_page(page: str, width: int = 1280, theme: str = "light", start: str = address):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme)
        contexts.append(context)
        view = context.new_page()
        view.on("console", lambda told: told.type in ("error", "warning") and complaints.append(told.text))
        view.on("pageerror", lambda error: complaints.append(str(error)))
        view.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
        allowed = (start, "data:", "blob:")
        view.on("request", lambda r: r.url.startswith(allowed) or complaints.append(f"asks for {r.url}"))
        view.on("response", lambda r: r.status < 400 or complaints.append(f"{r.status}: {r.url}"))
        view.goto(f"{start}/{page}")
        settle(view)
        return view

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_and_accessible(tab, page, width, theme):
    view = tab(page, width, theme)
    assert view.evaluate("document.documentElement.dataset.theme") == theme
    assert view.evaluate(CLIPPED) == []
    # Folds are read open: what they hold must be as accessible as the rest.
    unfold(view)
    assert violations(view) == []
    assert view.evaluate(CLIPPED) == []


@pytest.mark.parametrize("width", [320, 768])
@pytest.mark.parametrize("page", PAGES)
def test_no_formula_is_clipped_on_narrow_and_middling_screens(tab, page, width):
    view = tab(page, width)
    unfold(view)
    assert view.evaluate(CLIPPED) == []


def test_what_scrolls_sideways_can_be_reached_by_keyboard(tab):
    view = tab(CHAPTER, 320)
    unfold(view)
    boxes = view.evaluate(
        "[...document.querySelectorAll('.math-scroll')].map(b => [b.scrollWidth > b.clientWidth + 1, b.tabIndex])"
    )
    assert any(wide for wide, _ in boxes), "at 320 pixels some equation is too wide"
    assert [(wide, index) for wide, index in boxes if wide != (index == 0)] == []


def test_formulas_are_drawn_in_the_font_that_comes_with_the_page(tab):
    view = tab(CHAPTER)
    assert view.evaluate("[...document.fonts].map(f => [f.family, f.status])") == [["STIX Two Math", "loaded"]]
    measure = """family => {
      const math = document.querySelector("div.math math");
      math.style.fontFamily = family;
      return math.getBoundingClientRect().width;
    }"""
    assert view.evaluate(measure, "'STIX Two Math'") != view.evaluate(measure, "monospace")


def test_nothing_moves_while_a_page_loads(tab):
    view = tab(CHAPTER, 390)
    shift = view.evaluate(
        """() => new Promise(done => {
          let sum = 0;
          new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value; })
            .observe({type: "layout-shift", buffered: true});
          setTimeout(() => done(sum), 300);
        })"""
    )
    assert shift < 0.01


def test_the_theme_switch_goes_through_its_modes_and_is_remembered(tab, address):
    view = tab(CHAPTER, theme="light")
    seen = []
    for _ in range(3):
        view.locator(".theme-switch-button:visible").first.click()
        seen.append(view.evaluate("document.documentElement.dataset.theme"))
    assert seen == ["dark", "light", "light"], "after automatic: dark, light, automatic again"
    view.locator(".theme-switch-button:visible").first.click()
    view.goto(f"{address}/{PAGES[0]}")
    assert view.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_fold_opens_by_keyboard(tab):
    view = tab(CHAPTER)
    fold = view.locator("details.fold").first
    assert fold.evaluate("f => f.open") is False
    fold.locator("summary").focus()
    view.keyboard.press("Enter")
    assert fold.evaluate("f => f.open") is True
    view.keyboard.press("Space")
    assert fold.evaluate("f => f.open") is False


def test_folds_are_open_on_paper(tab):
    view = tab(CHAPTER)
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert view.locator("article details:not([open])").count() == 0
    view.evaluate("dispatchEvent(new Event('afterprint'))")
    assert view.locator("article details:not([open])").count() > 0


def test_the_chapters_are_within_reach_on_a_telephone(tab):
    view = tab(PAGES[0], 390)
    assert view.locator(".bd-docs-nav a:visible").count() == 0
    view.locator(".primary-toggle").click()
    link = view.locator(".bd-docs-nav a:visible", has_text="Scaled dot-product").first
    link.click()
    view.wait_for_url("**/04_scaled_dot_product.html")
    view.locator(".secondary-toggle:visible").click()
    assert view.locator("#pst-page-toc-nav a:visible, .page-toc a:visible").count() > 5


def test_code_can_be_copied(tab):
    view = tab(CHAPTER)
    view.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell = view.locator("div.highlight:has(> pre):visible").first
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = view.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip()


@pytest.mark.parametrize("how", ["served", "files"])
def test_search_finds_a_chapter(tab, address, site, how):  # noqa: F811
    start = address if how == "served" else site.as_uri()
    view = tab(PAGES[0], start=start)
    view.locator(".search-button__button:visible").first.click()
    view.keyboard.type("softmax")
    view.keyboard.press("Enter")
    view.wait_for_url("**/search.html?q=softmax*")
    view.wait_for_selector("#search-results li a")
    view.wait_for_timeout(1000)
    links = view.locator("#search-results li a").evaluate_all("links => links.map(link => link.href)")
    assert any("04_scaled_dot_product.html" in link for link in links), links


def test_a_page_opened_from_its_file_is_whole(tab, site):  # noqa: F811
    view = tab(CHAPTER, 390, start=site.as_uri())
    assert view.evaluate(CLIPPED) == []
    assert view.evaluate("[...document.fonts].map(f => f.status)") == ["loaded"]
    assert view.evaluate("getComputedStyle(document.querySelector('.bd-article-container')).display") != "inline"
    link = view.locator(".prev-next-area a").first
    link.click()
    view.wait_for_load_state()
    assert view.locator("article h1").count() == 1


def test_the_entry_page_leads_to_the_first_page(tab):
    view = tab("index.html")
    view.wait_for_url(f"**/{PAGES[0]}")
