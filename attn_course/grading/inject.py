"""Write an object of the package, such as a registered mistake, as the text of a learner's answer cell."""

import ast
import copy
import inspect
import re
import sys
from types import FunctionType


def as_answer(implementation: FunctionType | type, name: str) -> str:
    """The source of `implementation` and of what it uses from its module, under the name of an exercise.

    Args:
        implementation: A function or class defined at the top of its module.
        name: What the exercise asks for.

    Raises:
        ValueError: The object is not defined by name at the top of its module.
    """
    text = inspect.getsource(sys.modules[implementation.__module__])
    tree = ast.parse(text)
    definitions = {known: node for node in tree.body for known in _defines(node)}
    if implementation.__name__ not in definitions:
        raise ValueError(f"{implementation.__name__} is not defined at the top of {implementation.__module__}")
    needed = {implementation.__name__}
    waiting = [implementation.__name__]
    while waiting:
        used = {node.id for node in ast.walk(_bare(definitions[waiting.pop()])) if isinstance(node, ast.Name)}
        new = (used & definitions.keys()) - needed
        needed |= new
        waiting += new
    nodes = {id(definitions[known]): definitions[known] for known in needed}
    ordered = sorted(nodes.values(), key=lambda node: node.lineno)
    source = "\n\n\n".join(_text(node, text.splitlines()) for node in ordered)
    # Not behind a dot: there the same word is a method of something else.
    return re.sub(rf"(?<![.\w]){re.escape(implementation.__name__)}\b", name, source)


def _kept(node: ast.stmt) -> list[ast.expr]:
    """The decorators that belong to the answer: all but the one that enters it in the registry."""
    decorators = getattr(node, "decorator_list", [])
    return [
        call
        for call in decorators
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "add")
    ]


def _bare(node: ast.stmt) -> ast.stmt:
    bare = copy.copy(node)
    if hasattr(node, "decorator_list"):
        bare.decorator_list = _kept(node)
    return bare


def _text(node: ast.stmt, lines: list[str]) -> str:
    decorators = [f"@{ast.unparse(call)}" for call in _kept(node)]
    return "\n".join([*decorators, *lines[node.lineno - 1 : node.end_lineno]])


def _defines(node: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module defines, imports left out: a notebook has its own."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []
