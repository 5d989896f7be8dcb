"""The extension that builds the site: formulas, folds, style sheets, and when pages are executed again."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from built_site import EXTENSIONS, ROOT, documents
from course_site import assets, equations, freshness


def tags(markup: str) -> list[str]:
    return [element.tag for element in ET.fromstring(markup).iter()]


def test_a_formula_becomes_one_math_element_without_its_source():
    markup = equations.render(r"\frac{q \cdot k}{\sqrt{d_k}}", display=True)
    root = ET.fromstring(markup)
    assert root.tag == "math" and root.get("display") == "block"
    assert "mfrac" in tags(markup) and "msqrt" in tags(markup)
    assert "annotation" not in tags(markup)


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\mathbb{R}", "ℝ"),
        (r"\mathbb{E}", "𝔼"),
        (r"\mathbf{W}", "𝐖"),
        (r"\mathcal{L}", "ℒ"),
        (r"\boldsymbol{\alpha}", "𝜶"),
    ],
)
def test_alphabets_are_written_in_letters_that_browsers_draw(tex, text):
    root = ET.fromstring(equations.render(tex, display=False))
    assert "".join(root.itertext()) == text
    assert all("mathvariant" not in element.attrib for element in root.iter())


def test_an_upright_name_is_one_word():
    root = ET.fromstring(equations.render(r"\mathrm{Var}", display=False))
    assert [element.text for element in root.iter("mi")] == ["Var"]


def test_bars_around_something_stretch_or_hug_and_a_relation_keeps_its_space():
    def bars(tex):
        return list(ET.fromstring(equations.render(tex, display=False)).iter("mo"))

    for bar in bars(r"\left\lVert x \right\rVert"):
        assert bar.text == "‖" and bar.get("stretchy") == "true"
    for bar in bars(r"\lVert x \rVert"):
        assert bar.text == "‖" and bar.get("lspace") == bar.get("rspace") == "0"
    for bar in bars(r"|x|"):
        assert bar.text == "|" and bar.get("lspace") == "0"
    (given,) = bars(r"a \mid b")
    assert "lspace" not in given.attrib


def test_a_function_keeps_a_thin_space_from_what_is_not_in_brackets():
    def spaces(tex):
        root = ET.fromstring(equations.render(tex, display=False))
        after = [element.get("rspace") for element in root.iter("mo") if element.text == "\u2061"]
        return after, [element.get("width") for element in root.iter("mspace")]

    assert spaces(r"\tanh 0.4") == (["0.1667em"], [])
    assert spaces(r"\tanh(0.4)") == ([None], [])
    assert spaces(r"\operatorname{softmax}\left(x\right)") == ([None], [])
    assert spaces(r"0.5 \ln 2") == (["0.1667em"], ["0.1667em"])
    assert spaces(r"= \tanh x") == (["0.1667em"], [])


def test_only_a_low_root_is_marked():
    for tex, low in [(r"\sqrt{d_k}", "low"), (r"\sqrt{\frac{1}{2}}", None), (r"\sqrt{1 + \sqrt{2}}", None)]:
        assert ET.fromstring(equations.render(tex, display=False)).find(".//msqrt").get("class") == low


def test_columns_of_aligned_equations_meet_at_the_relation():
    root = ET.fromstring(equations.render(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", display=True))
    styles = [cell.get("style") for cell in root.iter("mtd")]
    assert styles[0].startswith("text-align:right") and styles[1].startswith("text-align:left")
    assert "columnalign" not in root.find(".//mtable").attrib


@pytest.mark.parametrize("tex", [r"\frac{1}", r"\unknown", r"\boxed{x}", r"x \tag{3}"])
def test_what_cannot_be_drawn_is_refused(tex):
    with pytest.raises(equations.FormulaError):
        equations.render(tex, display=True)


def sphinx_build(folder, text: str) -> subprocess.CompletedProcess:
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.append({str(EXTENSIONS)!r})\n"
        "extensions = ['myst_parser', 'course_site.equations', 'course_site.folds']\n"
        "myst_enable_extensions = ['dollarmath', 'colon_fence']\n"
    )
    (folder / "index.md").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(folder), str(folder / "out")]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_formula_that_katex_refuses_fails_the_build_and_names_the_line(tmp_path):
    result = sphinx_build(tmp_path, "# Title\n\nFine: $x$.\n\nBroken: $\\frac{1}$.\n")
    assert result.returncode != 0
    assert "index.md:5" in result.stderr and "KaTeX parse error" in result.stderr


def test_folds_are_details_and_equations_carry_numbers(tmp_path):
    text = (
        "# Title\n\n:::{admonition} Answer $x$\n:class: dropdown tip\nHidden {eq}`one`.\n:::\n\n"
        "```{math}\n:label: one\nx = 1\n```\n\n:::{note}\n:class: dropdown toggle-shown\nShown.\n:::\n"
    )
    result = sphinx_build(tmp_path, text)
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert '<details class="admonition fold tip">' in page
    assert '<summary class="admonition-title">Answer <span class="math"><math>' in page
    assert page.count("<details") == 2 and page.count('open="open"') == 1
    assert '<span class="eqno">(1)' in page
    assert 'href="#equation-one">(1)</a>' in page


NAMES = assets.names_in_pages(
    ['<html><body class="a b"><p id="one">x</p><div class="c">y</div></body></html>'], ['open("later"); notaword']
)


@pytest.mark.parametrize(
    ("selector", "kept"),
    [
        (".a", True),
        (".a .missing", False),
        ("#one > .b:hover", True),
        (".c:not(.missing)", True),
        (".later", True),
        (".notaword", False),
        ("table.a", False),
        ("p::before", True),
        (":is(.a, .missing) p", True),
        ('html[data-theme="dark"] .a', True),
        ("*", True),
    ],
)
def test_a_selector_survives_if_a_page_or_script_can_match_it(selector, kept):
    assert assets.can_match(selector, NAMES) is kept


def test_purging_keeps_what_is_used_and_drops_the_rest():
    css = """
    :root { --used: 1px; --unused: 2px; --picture: url("data:a;b") }
    .a, .missing { margin: var(--used) ; padding: 0 }
    .missing { color: red }
    @media (max-width: 10px) { .missing { color: red } .b { color: blue; } }
    @media print { .missing { color: red } }
    @keyframes turn { from { opacity: 0 } to { opacity: 1 } }
    @keyframes unused { from { opacity: 0 } }
    .c { animation: turn 1s; background: url("data:image/svg+xml,%3Csvg%3E") }
    @font-face { font-family: "Font Awesome 6 Free"; src: url(x.woff2) }
    """
    kept = assets.purge(css, NAMES)
    assert ":root{--used:1px;}" in kept, "a variable goes as a whole, also one that holds a semicolon"
    assert ".a{margin:var(--used)" in kept and "missing" not in kept
    assert "@media (max-width: 10px){.b{color:blue}}" in kept and "print" not in kept
    assert "@keyframes turn" in kept and "unused" not in kept
    assert "data:image/svg+xml,%3Csvg%3E" in kept
    assert "Awesome" not in kept


def test_the_font_keeps_the_characters_of_formulas_alone():
    from io import BytesIO

    from fontTools.ttLib import TTFont

    characters = assets.characters_in_formulas(["<p>Ω</p><math><mi>x</mi><mo>&amp;</mo><mo>√</mo></math>"])
    assert characters == {"x", "&", "√", "𝑥"}
    font = TTFont(BytesIO(assets.cut_font(ROOT / "book" / "fonts" / "STIXTwoMath-Regular.woff", characters)))
    assert {chr(code) for code in font.getBestCmap()} == characters
    assert "MATH" in font, "without it roots and brackets do not grow"


def test_pages_are_executed_again_when_the_package_changes(tmp_path):
    (tmp_path / "grading").mkdir()
    (tmp_path / "model.py").write_text("x = 1\n")
    (tmp_path / "cli.py").write_text("pass\n")
    first = freshness.digest(tmp_path)
    assert freshness.digest(tmp_path) == first
    (tmp_path / "cli.py").write_text("print()\n")
    (tmp_path / "grading" / "ledger.py").write_text("pass\n")
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "attend.py").write_text("pass\n")
    assert freshness.digest(tmp_path) == first, "no page imports these"
    (tmp_path / "model.py").write_text("x = 2\n")
    assert freshness.digest(tmp_path) != first


@pytest.mark.parametrize("name", documents())
def test_no_page_imports_what_its_freshness_ignores(name):
    text = (ROOT / f"{name}.md").read_text("utf-8")
    ignored = "|".join(part.removesuffix(".py") for part in freshness.NOT_IN_PAGES)
    assert not re.search(rf"^\s*(?:from|import) attn_course\.(?:{ignored})\b", text, flags=re.MULTILINE)
    assert not re.search(r"^\s*(?:from attn_course import|import attn_course\s*$)", text, flags=re.MULTILINE)
