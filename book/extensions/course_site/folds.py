"""Folds: an admonition of class ``dropdown`` becomes a native ``<details>``.

The keyboard, find-in-page and screen readers know it, no script moves the page while it loads, and
``:class: dropdown toggle-shown`` starts it open. The theme's own way hides the text by script.
"""

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class fold(nodes.General, nodes.Element):
    """A title and what unfolds below it."""


class FoldAdmonitions(SphinxPostTransform):
    """Replace admonitions of class ``dropdown``."""

    default_priority = 200
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for node in list(self.document.findall(nodes.Admonition)):
            if "dropdown" not in node.get("classes", ()):
                continue
            title = node[0] if node.children and isinstance(node[0], nodes.title) else None
            new = fold(ids=node["ids"], names=node["names"], kind=node.tagname, classes=node["classes"])
            new["title"] = title.deepcopy() if title is not None else nodes.title("", node.tagname.capitalize())
            new.extend(node.children[1 if title is not None else 0 :])
            node.replace_self(new)


def visit_fold(translator, node: fold) -> None:
    classes = [name for name in node["classes"] if name not in ("dropdown", "toggle-shown")]
    shown = {"open": "open"} if "toggle-shown" in node["classes"] else {}
    attributes = {"CLASS": " ".join(["admonition", "fold", *classes]), "ids": node["ids"]}
    translator.body.append(translator.starttag({}, "details", **attributes, **shown))
    translator.body.append('<summary class="admonition-title">')
    for child in node["title"].children:
        child.walkabout(translator)
    translator.body.append("</summary>\n")


def depart_fold(translator, node: fold) -> None:
    translator.body.append("</details>\n")


def visit_hidden_cell(translator, node: HideCodeCellNode) -> None:
    """As myst-nb writes it, but named by the text that is seen."""
    classes = " ".join(node["classes"])
    show, hide = (translator.encode(node[key]) for key in ("prompt_show", "prompt_hide"))
    translator.body.append(f'<details class="admonition hide {classes}">\n<summary>')
    translator.body.append(f'<span class="collapsed admonition-title">{show}</span>')
    translator.body.append(f'<span class="expanded admonition-title">{hide}</span></summary>\n')


def setup(app: Sphinx) -> None:
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_cell, depart_HideCellInput))
    app.add_post_transform(FoldAdmonitions)
