"""Outputs that would do something in the browser of whoever reads the feedback or grades by hand.

The texts that must not come through are put together by the code, because the page also shows the code itself.
"""

from pathlib import Path

from tests.hostile.entry import everything
from tests.hostile.writing import attack, learner

PROJECT = str(Path(__file__).parents[2])

TAGS = """
TAGS = [
    "<scr" + "ipt>document.title = 'hostile'</scr" + "ipt>",
    "<img src=x oner" + "ror=\\"document.title='hostile'\\">",
    "<svg onlo" + "ad=\\"document.title='hostile'\\"><scr" + "ipt>document.title = 'hostile'</scr" + "ipt></svg>",
    "<ifr" + "ame srcdoc=\\"<scr" + "ipt>parent.document.title='hostile'</scr" + "ipt>\\"></ifr" + "ame>",
    "<a href=\\"java" + "script:document.title='hostile'\\">more</a>",
    "<details open onto" + "ggle=\\"document.title='hostile'\\">x</details>",
    "<math><mtext><table><mglyph><style><!--</style><img src onerr" + "or=\\"document.title='hostile'\\">",
    "<sty" + "le>body { display: none }</sty" + "le>",
    "<lin" + "k rel=stylesheet href=http://127.0.0.1:«port»/x.css>",
    "<me" + "ta http-equiv=refresh content='0; url=http://127.0.0.1:«port»/'>",
    "<ba" + "se href=http://127.0.0.1:«port»/>",
    "<for" + "m action=http://127.0.0.1:«port»/><input name=password></for" + "m>",
    "<obj" + "ect data=http://127.0.0.1:«port»/></obj" + "ect><emb" + "ed src=http://127.0.0.1:«port»/>",
    "<div style='pos" + "ition:fixed; top:0; left:0'>Score: 20 / 20</div>",
    "<img src=http://127.0.0.1:«port»/pixel.png>",
    "</pre></div></bo" + "dy></ht" + "ml><scr" + "ipt>document.title = 'hostile'</scr" + "ipt>",
]
ALL_TAGS = "\\n".join(TAGS)
"""

# With the bracket: what stands behind an escaped one is text.
TAGS_ABSENT = (
    "<script>document.title",
    "<img src=x onerror",
    '<img src="x" onerror',
    "<img src onerror",
    "<svg onload",
    '<svg xmlns="http://www.w3.org/2000/svg" onload',
    "<iframe srcdoc=",
    '<a href="javascript:document',
    "<a href='javascript:document",
    "<details open ontoggle",
    "<math><mtext>",
    "<style>body { display",
    "<link rel=stylesheet href=http",
    "<meta http-equiv=refresh",
    "<base href=http",
    "<form action=http",
    "<object data=http",
    "<embed src=http",
    "<div style='position:fixed",
    '<div style="position:fixed',
    "<img src=http:",
    '<img src="http:',
)


def shows(name, trick, absent=TAGS_ABSENT, **about):
    """Right answers, and a cell that shows something."""
    about.setdefault("scores", everything)
    return learner(name, first=TAGS + trick, absent=absent, **about)


def shows_as(name, mime, content="ALL_TAGS", absent=TAGS_ABSENT):
    trick = f"from IPython.display import display\ndisplay({{{mime!r}: {content}, 'text/plain': ALL_TAGS}}, raw=True)"
    return shows(name, trick, absent)


ENTRIES = [
    shows("feedback-tags-printed", "import sys\nprint(ALL_TAGS)\nprint(ALL_TAGS, file=sys.stderr)"),
    shows_as("feedback-tags-in-html", "text/html"),
    shows_as("feedback-tags-in-markdown", "text/markdown", "ALL_TAGS + '[x](java' + 'script:document.title=1)'"),
    shows_as(
        "feedback-tags-in-svg",
        "image/svg+xml",
        "'<svg xmlns=\"http://www.w3.org/2000/svg\" onlo' + 'ad=\"document.title=1\">' + TAGS[0] + TAGS[1] + '</svg>'",
    ),
    shows_as(
        "feedback-tags-in-latex",
        "text/latex",
        "'$\\\\href{java' + 'script:document.title=1}{x}$ \\\\unicode{x3c} ' + ALL_TAGS",
    ),
    shows_as(
        "feedback-javascript",
        "application/javascript",
        "'document.title = ' + '\"hostile\"; /' + '/ ran'",
        (*TAGS_ABSENT, 'document.title = "hostile"; // ran', "document.title = &#34;hostile&#34;; // ran</script>"),
    ),
    shows_as("feedback-an-image-that-is-none", "image/png", "'x\" oner' + 'ror=\"document.title=1' + TAGS[0]"),
    shows_as("feedback-a-pdf", "application/pdf", "'x\"></obj' + 'ect>' + ALL_TAGS"),
    shows_as(
        "feedback-widgets",
        "application/vnd.jupyter.widget-view+json",
        "{'model_id': '</scr' + 'ipt>' + ALL_TAGS, 'version_major': 2}",
    ),
    shows_as("feedback-a-type-with-tags", 'text/html\\"><script>document.title=1</script>'),
    shows(
        "feedback-objects-with-rich-views",
        """
class Rich:
    def _repr_html_(self):
        return ALL_TAGS

    _repr_markdown_ = _repr_latex_ = _repr_svg_ = _repr_javascript_ = __repr__ = _repr_html_

    def _repr_mimebundle_(self, **_):
        return {"text/html": ALL_TAGS, "application/json": ALL_TAGS, "text/vnd.mermaid": ALL_TAGS}


Rich()
""",
    ),
    shows(
        "feedback-output-that-is-updated",
        """
from IPython.display import HTML, clear_output, display

handle = display(HTML("fine"), display_id="one")
handle.update(HTML(ALL_TAGS))
clear_output(wait=True)
display(HTML(ALL_TAGS), metadata={"isolated": True, "text/html": {"isolated": True}})
""",
    ),
    attack(
        "feedback-tags-in-exceptions",
        TAGS
        + """
Named = type(TAGS[0], (Exception,), {})


def attention_backward(grad_context, query, key, value, mask=None):
    raise Named(ALL_TAGS) if mask is None else Named(TAGS[1] + "`" + TAGS[0] + "`")


raise Named(ALL_TAGS)
""",
        absent=TAGS_ABSENT,
    ),
    attack(
        "feedback-tags-in-names",
        TAGS
        + """
def attention_backward(grad_context, query, key, value, mask=None):
    kind = type(TAGS[0], (), {"__repr__": lambda self: ALL_TAGS})
    return type(TAGS[1], (list,), {})([kind()]) if mask is None else kind()


attention_backward.__name__ = attention_backward.__qualname__ = TAGS[0]
attention_backward
""",
        absent=TAGS_ABSENT,
    ),
    attack(
        "feedback-tags-in-a-signature",
        TAGS
        + """
import inspect

attention_backward.__signature__ = inspect.Signature(
    [inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY, annotation=type(TAGS[0], (), {}))]
)
""",
        absent=TAGS_ABSENT,
    ),
    learner(
        "feedback-tags-in-the-source",
        everything,
        first="# </pre></div><script>document.title = 'hostile'</script>\n"
        "'''</textarea><img src=x onerror=\"document.x\">'''",
        absent=TAGS_ABSENT,
    ),
    shows(
        "feedback-control-characters",
        """
import sys

escapes = "\\x1b[2J\\x1b[H\\x1b]0;hostile\\x07\\x1b]8;;java" + "script:document.title=1\\x07click\\x1b]8;;\\x07"
escapes += "\\x1b[31mred\\x1b[0m \\x1b[8mhidden \\x1bP1$r\\x1b\\\\ \\x9b31m \\x00\\x01\\x02\\x08\\x08\\x7f\\x85 a\\rb \\x0c"
print(escapes)
print(escapes, file=sys.stderr)
print("\\x1b[" + "1;" * 5000 + "m" + "\\x1b[" * 2000)
raise ValueError(escapes)
""",
        ("\x1b", "\x07", "\x00", "\x08", "\x9b"),
    ),
    shows(
        "feedback-text-that-turns-around",
        """
print("right \\u202egnorw \\u2066x\\u2069 \\u200f \\u061c ok")
print("\\ufeff\\u200b\\u2028\\u2029 \\U000e0041\\U000e0042 Z" + "\\u0335" * 3000)
raise ValueError("\\u202egnorw")
""",
        ("\u202e", "\u2066", "\u2069"),
    ),
    learner(
        "feedback-source-that-turns-around",
        everything,
        first="level = 'user'  # \u202e \u2066 if admin\u2069 \u2066 begin\nprint('plain')",
        absent=("\u202e", "\u2066", "\u2069"),
    ),
    learner(
        "feedback-surrogates-printed",
        everything,
        first="import sys\nprint('\\ud800 \\udfff')\nsys.stdout.write('\\udcff')\nraise ValueError('\\ud800')",
    ),
    learner(
        "feedback-notes-in-many-scripts",
        everything,
        first="# 마스크는 참이면 볼 수 있다. הערה עם עברית, ملاحظة, 注意力, Überblick 🧮 ℝᵈ\nprint('점수: ✓ שלום مرحبا 🧮')",
        present=("점수: ✓ שלום مرحبا 🧮", "마스크는 참이면"),
        honest=True,
    ),
    learner(
        "feedback-a-long-traceback",
        everything,
        first="""
        def down(n):
            return down(n - 1) if n else 1 / 0


        import sys
        sys.setrecursionlimit(5000)
        down(2000)
        """,
        honest=True,
    ),
    attack(
        "feedback-a-traceback-through-a-library",
        """
        def attention_backward(grad_context, query, key, value, mask=None):
            return F.cross_entropy(query, key.to(torch.bool), weight=F.softmax(value, dim=77))


        F.cross_entropy(torch.ones(2, 3), torch.ones(2, 7, 5))
        """,
        absent=(PROJECT,),
    ),
    attack(
        "feedback-links-to-a-hidden-place",
        """
        print("(file:///etc/passwd) http://127.0.0.1:«port»/x [x](java" + "script:document.title=1)")
        print(f"<a href='java{'script'}:document.title=1'>")
        """,
        absent=("<a href='javascript:", '<a href="javascript:'),
    ),
]
