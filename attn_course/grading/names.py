"""What the names in a learner's code stand for, as far as it can be read without running it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator

LONGEST = 100_000
"""Characters of a cell that are read; nobody writes more by hand."""

DEEPEST = 20
MAGIC = re.compile(r"^(\s*)(?:%|!|\?|[\w, ]+=\s*[%!])")
WHOLE_CELL = re.compile(r"^\s*%%(?!time\b|timeit\b|capture\b|prun\b)")
IMPORTERS = {"__import__", "importlib.import_module", "importlib.__import__"}


def parse(source: str) -> ast.Module | None:
    """The syntax tree of a cell, with IPython's magics left out; None where it is no Python."""
    if len(source) > LONGEST:
        return None
    if WHOLE_CELL.match(source):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Python thinks of their escapes, learners hear in their own notebook
        for text in (source, _without_magics(source)):
            try:
                return ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return None


def _without_magics(source: str) -> str:
    return "\n".join(f"{magic[1]}pass" if (magic := MAGIC.match(line)) else line for line in source.split("\n"))


def magics(source: str) -> list[str]:
    """The lines of a cell that are IPython's, and a whole cell that is."""
    if WHOLE_CELL.match(source):
        return [source.strip()]
    return [line.strip() for line in source.split("\n") if MAGIC.match(line)]


def text_of(node: ast.AST | None) -> str | None:
    """The text that an expression of constants stands for, put together or not; None for another expression."""
    parts: list[str] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            parts.append(part.value)
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            waiting += [part.right, part.left]
        elif isinstance(part, ast.JoinedStr):
            waiting += reversed(part.values)
        elif _joins(part) is not None:
            waiting += reversed(_joins(part) or [])
        else:
            return None
    return "".join(parts)


def _joins(node: ast.AST | None) -> list[ast.expr] | None:
    """The parts of `"".join([…])`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "join":
        return None
    if text_of(node.func.value) != "" or len(node.args) != 1 or not isinstance(node.args[0], ast.List | ast.Tuple):
        return None
    return node.args[0].elts


class Names:
    """Remembers what a notebook's names were bound to by imports and plain assignments.

    Args:
        trees: Of all cells and helper files.
    """

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self.paths: dict[str, str] = {}
        self.stars: set[str] = set()
        self.imported: set[str] = set()
        for tree in trees:
            for node in ast.walk(tree):
                self._bind(node)
        self.packages = {name.partition(".")[0] for name in self.imported}

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imported.add(alias.name)
                self.paths[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            self.imported.add(node.module)
            for alias in node.names:
                if alias.name == "*":
                    self.stars.add(node.module)
                else:
                    self.imported.add(f"{node.module}.{alias.name}")
                    self.paths[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            path = self.path(node.value)
            if ("." in path or path in self.imported) and path.count(".") < DEEPEST:
                self.paths[node.targets[0].id] = path
        elif isinstance(node, ast.Call) and (module := self._imports(node)):
            self.imported.add(module)

    def path(self, node: ast.AST) -> str:
        """The dotted path that an expression names, such as "torch.nn.LSTM"; "" where it names nothing."""
        parts: list[str] = []
        for _ in range(DEEPEST):
            if isinstance(node, ast.Name):
                return ".".join([self.paths.get(node.id, node.id), *reversed(parts)])
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Call):
                if module := self._imports(node):
                    return ".".join([module, *reversed(parts)])
                got = _got(node)
                if got is None:
                    return ""
                parts.append(got[1])
                node = got[0]
            elif isinstance(node, ast.Subscript) and (key := text_of(node.slice)):
                holder = node.value
                if isinstance(holder, ast.Attribute) and holder.attr == "__dict__":
                    parts.append(key)
                    node = holder.value
                elif self.path_of_name(holder) == "sys.modules":
                    return ".".join([key, *reversed(parts)])
                else:
                    return ""
            else:
                return ""
        return ""

    def path_of_name(self, node: ast.AST) -> str:
        """As `path`, for a name with at most one attribute."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return f"{self.paths.get(node.value.id, node.value.id)}.{node.attr}"
        return self.paths.get(node.id, node.id) if isinstance(node, ast.Name) else ""

    def _imports(self, call: ast.Call) -> str:
        """The module that a call such as `__import__("os")` gives."""
        return (text_of(call.args[0]) or "") if call.args and self.path_of_name(call.func) in IMPORTERS else ""


def _got(call: ast.Call) -> tuple[ast.expr, str] | None:
    """Object and name of `getattr(object, "name")`."""
    if isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) >= 2:
        name = text_of(call.args[1])
        return None if name is None else (call.args[0], name)
    return None


def definitions(trees: Iterable[ast.Module]) -> dict[str, list[ast.AST]]:
    """Name → the statements that bind it at the top of a cell or helper file, also inside of `if`, `try` and `with`."""
    found: dict[str, list[ast.AST]] = {}
    for tree in trees:
        for node in _statements(tree):
            for name in _bound(node):
                found.setdefault(name, []).append(node)
    return found


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        block = waiting.pop()
        for node in ast.iter_child_nodes(block):
            if isinstance(node, ast.stmt):
                yield node
            if isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While | ast.ExceptHandler):
                waiting.append(node)


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target for one in targets for target in ast.walk(one)]
        # Of `Answer.forward = …` and `table["a"] = …` it is the thing that is changed.
        return [name.id for name in names if isinstance(name, ast.Name)]
    return []


def reached(names: Iterable[str], defined: dict[str, list[ast.AST]], helpers: frozenset[str]) -> Iterator[ast.AST]:
    """Every node of the definitions of some names, and of all that these use.

    Args:
        names: Where to begin.
        defined: As `definitions` gives it.
        helpers: Modules whose definitions are among these.
    """
    waiting, seen = list(names), set(names)
    while waiting:
        for definition in defined.get(waiting.pop(), []):
            own = _locals(definition)
            for node in ast.walk(definition):
                yield node
                used = ""
                if isinstance(node, ast.Name) and node.id not in own:
                    used = node.id
                elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in helpers:
                    used = node.attr
                if used in defined and used not in seen:
                    seen.add(used)
                    waiting.append(used)


def _locals(definition: ast.AST) -> set[str]:
    """Names that a function or class binds for itself: they are not those of the notebook."""
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set()
    nodes = list(ast.walk(definition))
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    return bound - {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
