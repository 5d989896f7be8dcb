"""What every page needs beside its text: a description, no network, and names that readers hear as they are seen."""

import html
import re
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx

_DESCRIPTION_LENGTH = 155
# Names, punctuation and space have the colour of plain code in both themes: more than half of all elements of a page.
_PLAIN_CODE = re.compile(r'<span class="(?:n|nn|p|w)">([^<]*)</span>')
# A comma after a formula stays on its line.
_CLOSING_MARKS = re.compile(r"</math></span>([.,;:!?)\]”’…]+)")


def description(doctree: nodes.document | None) -> str:
    """The first paragraph of a page, cut at a word."""
    if doctree is None:
        return ""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section) and paragraph.astext().strip():
            text = " ".join(paragraph.astext().split())
            if len(text) > _DESCRIPTION_LENGTH:
                text = text[:_DESCRIPTION_LENGTH].rsplit(" ", 1)[0] + " …"
            return text
    return ""


def complete(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Fill in what ``templates/layout.html`` shows."""
    if 'name="description"' not in context.get("metatags", ""):
        title = context.get("title", "")
        text = description(doctree) or f"{title}: {app.config.html_title}"
        context["course_description"] = html.escape(" ".join(text.split()))
    body = context.get("body", "")
    context["has_math"] = "<math" in body
    context["has_attention_map"] = "<attention-map>" in body
    # Docutils gives bibliographies a role that is deprecated, in a list that has no list items.
    body = body.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    body = body.replace(' role="doc-biblioentry"', "")
    body = _CLOSING_MARKS.sub(r"</math>\1</span>", body)
    context["body"] = _PLAIN_CODE.sub(r"\1", body)


def remove_old_pages(app: Sphinx, exception: Exception | None) -> None:
    """Pages of an earlier build that the book no longer has."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for path in out.rglob("*.html"):
        name = path.relative_to(out).with_suffix("").as_posix()
        if name not in app.env.all_docs and name not in ("index", "search"):
            path.unlink()


def write_entry(app: Sphinx, exception: Exception | None) -> None:
    """``index.html`` at the top of the site leads to the first page, as a page of its own right."""
    if exception or app.builder.format != "html":
        return
    root = app.config.root_doc
    if root == "index":
        return
    title = html.escape(app.config.html_title)
    # Without an icon browsers ask for /favicon.ico, which is not there; asked for by itself it comes too late.
    icon = quote(Path(app.srcdir, app.config.html_favicon).read_text("utf-8").strip())
    Path(app.outdir, "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="{app.config.language}"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="description" content="{title}">\n'
        f'<link rel="icon" href="data:image/svg+xml,{icon}">\n'
        f'<meta http-equiv="refresh" content="0; url={root}.html"></head>\n'
        f'<body><main><h1>{title}</h1><p><a href="{root}.html">{title}</a></p></main></body></html>\n',
        encoding="utf-8",
    )


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", complete, priority=900)
    app.connect("build-finished", remove_old_pages)
    app.connect("build-finished", write_entry, priority=900)
