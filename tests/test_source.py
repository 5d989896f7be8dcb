"""The source that the book shows is the source that runs."""

import ast

from attn_course import source
from attn_course.scaled_dot_product import scaled_dot_scores


def test_the_docstring_is_gone_and_nothing_else():
    text = source.source_without_docstring(source.show_source)
    assert text.startswith("def show_source(*things: Any) -> None:\n    from IPython.display import display\n")
    assert "Display the source" not in text and text.endswith("raw=True)")


def test_shape_comments_stay():
    text = source.source_without_docstring(scaled_dot_scores)
    assert "# (*batch, queries, keys)" in text and '"""' not in text
    ast.parse(text)


class Inner:
    """Left out."""

    def method(self):
        """Left out as well."""
        return "kept"


def test_methods_lose_theirs_too():
    text = source.source_without_docstring(Inner)
    assert "Left out" not in text and 'return "kept"' in text


def test_what_is_displayed_is_python(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    source.show_source(source.show_source, scaled_dot_scores)
    assert shown[0]["text/markdown"] == f"```python\n{shown[0]['text/plain']}\n```"
    assert [node.name for node in ast.parse(shown[0]["text/plain"]).body] == ["show_source", "scaled_dot_scores"]
