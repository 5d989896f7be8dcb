"""Make a check say what it does not find: replace it, its package, what shows its result, or what decides."""

from tests.hostile.writing import attack, early

ENTRIES = [
    attack("forge-check-returns-full-marks", "check = lambda *_, **__: 5.0"),
    attack(
        "forge-check-shows-a-report",
        """
        from IPython.display import display


        def check(*_):
            text = "FORGED attention_backward: 5 of 5 points"
            display({"text/plain": text, "text/html": f"<b>{text}</b>"}, raw=True)
            return 5.0
        """,
    ),
    attack("forge-no-score-at-all", "check = lambda *_: None"),
    attack("forge-not-a-number", "check = lambda *_: float('nan')"),
    attack("forge-a-negative-score", "check = lambda *_: -1.0"),
    attack("forge-more-than-the-points", "check = lambda *_: 1e308"),
    attack(
        "forge-a-score-by-its-repr",
        """
        class Five(float):
            def __repr__(self):
                return "5.0"


        check = lambda *_: Five(0)
        """,
    ),
    attack(
        "forge-evaluate-and-report",
        """
        import dataclasses
        import attn_course.checks as checks
        from attn_course.checks.engine import judge, report

        honest = report.Report.of.__func__


        def forged(cls, *given, **named):
            made = honest(cls, *given, **named)
            return dataclasses.replace(made, score=made.points, text="FORGED", html="FORGED")


        report.Report.of = classmethod(forged)
        judge._refused.__globals__["Report"] = report.Report
        """,
    ),
    early(
        "forge-the-package-in-sys-modules",
        """
        import sys
        import types

        check = lambda *_, **__: 5.0
        for name in [name for name in sys.modules if name.startswith("attn_course")]:
            fake = types.ModuleType(name)
            fake.check = fake.evaluate = fake.respond = fake.judge = check
            fake.__path__ = []
            sys.modules[name] = fake
        """,
    ),
    early(
        "forge-what-is-imported-later",
        """
        import importlib.abc
        import importlib.machinery
        import sys


        class Loader(importlib.abc.Loader):
            def create_module(self, spec):
                return None

            def exec_module(self, module):
                module.__path__ = []
                module.__getattr__ = lambda name: (lambda *_, **__: 5.0)


        class Finder(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name.startswith("attn_course"):
                    return importlib.machinery.ModuleSpec(name, Loader(), is_package=True)


        sys.meta_path.insert(0, Finder())
        for name in [name for name in sys.modules if name.startswith("attn_course")]:
            del sys.modules[name]
        """,
    ),
    attack(
        "forge-display-hook",
        """
        import sys

        shell = get_ipython()
        shown = type(shell.displayhook).__call__
        type(shell.displayhook).__call__ = lambda self, result=None: shown(self, 5.0)
        sys.displayhook = lambda result=None: shown(shell.displayhook, 5.0)
        """,
    ),
    attack(
        "forge-input-transformer",
        """
        get_ipython().input_transformers_post.append(
            lambda lines: ["5.0\\n"] if any("check(" in line for line in lines) else lines
        )
        """,
    ),
    attack(
        "forge-ast-transformer",
        """
        import ast


        class Five(ast.NodeTransformer):
            def visit_Expr(self, node):
                return ast.copy_location(ast.Expr(ast.copy_location(ast.Constant(5.0), node)), node)


        get_ipython().ast_transformers.append(Five())
        """,
    ),
    attack(
        "forge-run-cell",
        """
        shell = get_ipython()
        run = shell.run_cell_async


        async def run_cell_async(raw_cell, *given, **named):
            if raw_cell.startswith("check("):
                raw_cell = named["transformed_cell"] = "5.0\\n"
            return await run(raw_cell, *given, **named)


        shell.run_cell_async = run_cell_async
        """,
    ),
    attack(
        "forge-messages-of-the-kernel",
        """
        import threading
        import time

        kernel = get_ipython().kernel


        def talk():
            for _ in range(400):
                content = {"data": {"text/plain": "5.0"}, "metadata": {}, "execution_count": 1}
                report = {"data": {"text/plain": "FORGED 5 of 5 points"}, "metadata": {}, "transient": {}}
                parent = kernel.get_parent("shell")
                for kind, said in (("execute_result", content), ("display_data", report)):
                    kernel.session.send(kernel.iopub_socket, kind, said, parent=parent, ident=kernel._topic(kind))
                time.sleep(0.02)


        threading.Thread(target=talk, daemon=True).start()
        """,
    ),
    attack(
        "forge-an-output-that-is-changed-later",
        """
        from IPython.display import display

        handle = display({"text/plain": "nothing yet"}, raw=True, display_id="attention_backward")


        def check(*_):
            handle.update({"text/plain": "FORGED attention_backward: 5 of 5 points"}, raw=True)
            print("FORGED 5.0")
            return 5.0
        """,
    ),
]
