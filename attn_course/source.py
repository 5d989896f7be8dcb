"""Show the source of a function on a page of the book, without its docstring, which repeats what the page says."""

import ast
import inspect
import textwrap
from typing import Any

__all__ = ["show_source", "source_without_docstring"]


def source_without_docstring(thing: Any) -> str:
    """Read the source of a function or class and leave out its own docstring and those of its methods.

    Args:
        thing: A function or class that was written in a file.

    Returns:
        The source, comments included, without indentation before its first line.
    """
    lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
    hidden: set[int] = set()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            text = node.body[0]
            hidden.update(range(text.lineno, text.end_lineno + 1))
    return "\n".join(line for number, line in enumerate(lines, start=1) if number not in hidden)


def show_source(*things: Any) -> None:
    """Display the source of functions or classes under a notebook cell, in the order given.

    Args:
        *things: Functions or classes that were written in a file.
    """
    from IPython.display import display

    code = "\n\n\n".join(source_without_docstring(thing) for thing in things)
    display({"text/markdown": f"```python\n{code}\n```", "text/plain": code}, raw=True)
