"""One style sheet and one script for the whole site, in place of the two megabytes that the themes bring.

The style sheet is made of the themes' own, less every rule whose class, id or element occurs in no page and in no
script (:func:`purge`), followed by ``book/static/site.css``. The script joins those of the themes that the pages use;
pages with attention maps load theirs beside it.
Pages with formulas load ``math.js`` first: the font of their formulas, cut down to the characters that the book uses.
A font that a script hands over is there before the page is first drawn, so nothing moves when it comes, and a page
opened from a file needs no permission to read it. Without scripts the reader's own mathematical font serves.
"""

import base64
import hashlib
import html
import io
import re
from logging import WARNING, getLogger
from pathlib import Path

import tinycss2
from fontTools import subset
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from course_site.equations import in_alphabet

logger = logging.getLogger(__name__)
getLogger("fontTools").setLevel(WARNING)  # it tells every table of every font

_STYLES = (
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "pygments.css",
    "copybutton.css",
    "mystnb.*.css",
    "site.css",
)
_SCRIPTS = (
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "clipboard.min.js",
    "copybutton.js",
    "scripts/sphinx-book-theme.js",
    "scripts/pydata-sphinx-theme.js",
    "site.js",
)
_MAP = "attention-map.js"
_SEARCH = ("language_data.js", "searchtools.js")
_KEPT = {"book.css", "book.js", "math.js", "favicon.svg"}
_FONT = Path("book", "fonts", "STIXTwoMath-Regular.woff")

_CSS_NOTICE = (
    "/* Made from Bootstrap (MIT), pydata-sphinx-theme, sphinx-book-theme, Pygments, MyST-NB (BSD-3-Clause), "
    "sphinx-copybutton (MIT) and this book's own rules (MIT). */\n"
)
_FONT_NOTICE = (
    "// STIX Two Math, cut down. Copyright 2001-2021 The STIX Fonts Project Authors "
    "(https://github.com/stipub/stixfonts), SIL Open Font License, Version 1.1.\n"
)

# What a browser adds to a page by itself.
_ALWAYS = {"html", "body", "*", "root", "mark", "rt", "tbody"}
_NESTING = {"media", "supports", "layer", "container"}


def names_in_pages(pages: list[str], scripts: list[str]) -> set[str]:
    """All classes, ids and elements of some pages, and every word of some scripts, which may add more."""
    names = set(_ALWAYS)
    for page in pages:
        for value in re.findall(r'\s(?:class|id)="([^"]*)"', page):
            names.update(value.split())
        names.update(tag.lower() for tag in re.findall(r"<([a-zA-Z][\w-]*)", page))
        names.update(re.findall(r"\s([a-z][\w-]*)=", page))
    for script in scripts:
        for text in re.findall(r'"[^"\n]*"|\'[^\'\n]*\'|`[^`]*`', script):
            names.update(re.findall(r"[A-Za-z][\w-]*", text))
    return names


def can_match(selector: str, names: set[str]) -> bool:
    """Whether every class, id and element that a selector asks for occurs somewhere."""
    plain = re.sub(r'"[^"]*"|\'[^\']*\'', "", selector)
    while True:
        # What :not, :is, :where and :has hold is not asked for.
        shorter = re.sub(r":[\w-]+\([^()]*\)", "", plain)
        if shorter == plain:
            break
        plain = shorter
    plain = re.sub(r"\[[^\]]*\]", "", plain)
    plain = re.sub(r"::?[\w-]+", "", plain)
    asked = re.findall(r"[.#]((?:[\w-]|\\.)+)", plain)
    elements = re.findall(r"(?:^|[\s>+~])([a-zA-Z][\w-]*)", plain)
    return all(name.replace("\\", "") in names for name in asked) and all(e.lower() in names for e in elements)


def purge(css: str, names: set[str]) -> str:
    """Drop the rules that no page can match, then the variables, animations and fonts that nothing uses."""
    text = _purge_rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), names)
    while (shorter := _purge_variables(text)) != text:
        text = shorter
    for name in set(re.findall(r"@keyframes ([\w-]+)", text)):
        if not re.search(rf"animation(-name)?:[^;}}]*\b{re.escape(name)}\b", text):
            text = re.sub(rf"@keyframes {re.escape(name)}\{{(?:[^{{}}]*\{{[^{{}}]*\}})*\}}", "", text)
    return text


def _purge_variables(css: str) -> str:
    used = set(re.findall(r"var\(\s*(--[\w-]+)", css))

    def keep(match: re.Match) -> str:
        return match[0] if match[1] in used else ""

    # A value may hold a quoted picture, and that semicolons.
    shorter = re.sub(r"""(--[\w-]+):(?:"[^"]*"|'[^']*'|[^;{}"'])*(;|(?=\}))""", keep, css)
    return re.sub(r"[^{}]*\{\s*\}", "", shorter)


def _purge_rules(rules: list, names: set[str]) -> str:
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = _split(tinycss2.serialize(rule.prelude))
            alive = [selector for selector in selectors if can_match(selector, names)]
            if alive:
                kept.append(f"{','.join(alive)}{{{_declarations(rule.content)}}}")
        elif rule.type == "at-rule" and rule.content is not None:
            prelude = tinycss2.serialize(rule.prelude).strip()
            head = f"@{rule.at_keyword} {prelude}".strip()
            if rule.at_keyword.lower() in _NESTING:
                inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                body = _purge_rules(inner, names)
                if body:
                    kept.append(f"{head}{{{body}}}")
            elif "keyframes" in rule.at_keyword:
                kept.append(f"{head}{{{_squeeze(tinycss2.serialize(rule.content))}}}")
            elif rule.at_keyword != "font-face" or "Font Awesome" not in tinycss2.serialize(rule.content):
                if "FontAwesome" not in tinycss2.serialize(rule.content):
                    kept.append(f"{head}{{{_declarations(rule.content)}}}")
    return "".join(kept)


def _split(selectors: str) -> list[str]:
    """Split at the commas that are not inside parentheses or brackets."""
    parts, depth = [""], 0
    for character in selectors:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [_squeeze(part) for part in parts]


def _declarations(content: list) -> str:
    return re.sub(r"\s*([;:])\s+", r"\1", _squeeze(tinycss2.serialize(content))).rstrip(";")


def _squeeze(css: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)).strip()


def characters_in_formulas(pages: list[str]) -> set[str]:
    """All characters of all formulas, and the slanted form that browsers give to a single letter."""
    found = set()
    for page in pages:
        for formula in re.findall(r"<math.*?</math>", page, flags=re.DOTALL):
            found.update(html.unescape(re.sub(r"<[^>]*>", "", formula)))
            if "<msqrt" in formula or "<mroot" in formula:
                found.add("√")  # written nowhere, but drawn
    return found | {in_alphabet(character, "italic") for character in found}


def cut_font(font: Path, characters: set[str]) -> bytes:
    """A font with these characters alone, and with the parts from which their larger forms are made."""
    options = subset.Options(
        flavor="woff", hinting=False, layout_features=["ssty", "dtls"], drop_tables=["GPOS", "GDEF"]
    )
    with subset.load_font(str(font), options) as whole:
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=[ord(character) for character in characters])
        cutter.subset(whole)
        buffer = io.BytesIO()
        subset.save_font(whole, buffer, options)
    return buffer.getvalue()


def math_script(font: bytes) -> str:
    return (
        f"{_FONT_NOTICE}"
        f'const font = Uint8Array.from(atob("{base64.b64encode(font).decode()}"), (c) => c.charCodeAt(0));\n'
        'document.fonts.add(new FontFace("STIX Two Math", font));\n'
    )


def bundle(app: Sphinx, exception: Exception | None) -> None:
    """Write ``book.css`` and ``book.js``, and delete what no page asks for any more."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    if not (static / _STYLES[0]).exists():
        return  # nothing was written, the bundle of the last build stands
    pages = [path.read_text("utf-8") for path in sorted(Path(app.outdir).rglob("*.html"))]
    scripts = [(static / name).read_text("utf-8") for name in _SCRIPTS]
    others = [*_SEARCH, *([_MAP] if any("<attention-map>" in page for page in pages) else [])]
    kept = {*_KEPT, *others}
    outside = [(static / name).read_text("utf-8") for name in others]
    styles = [path.read_text("utf-8") for pattern in _STYLES for path in sorted(static.glob(pattern))]
    css = purge("\n".join(styles), names_in_pages(pages, scripts + outside))
    js = "\n;\n".join(re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE) for script in scripts)
    for path in sorted(static.rglob("*"), reverse=True):
        relative = path.relative_to(static)
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif relative.as_posix() not in kept:
            path.unlink()
    (static / "book.css").write_text(_CSS_NOTICE + css, encoding="utf-8")
    (static / "book.js").write_text(js, encoding="utf-8")
    font = cut_font(Path(app.srcdir) / _FONT, characters_in_formulas(pages) | set(" "))
    (static / "math.js").write_text(math_script(font), encoding="utf-8")
    before = sum(len(style) for style in styles)
    logger.info(
        "styles: %d of %d KiB kept; font of the formulas: %d KiB", len(css) >> 10, before >> 10, len(font) >> 10
    )


def digest_of_sources(app: Sphinx, config: Config) -> None:
    """Write every page again when what surrounds the text has changed."""
    book = Path(app.srcdir, "book")
    total = hashlib.sha256()
    for folder in ("static", "templates", "extensions"):
        for path in sorted((book / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(path.read_bytes())
    config.course_assets = total.hexdigest()[:8]


def setup(app: Sphinx) -> None:
    app.add_config_value("course_assets", "", "html", [str])
    app.connect("config-inited", digest_of_sources)
    app.connect("build-finished", bundle, priority=950)
