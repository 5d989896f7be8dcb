"""Take the right answers, the seed or other secrets from wherever they lie."""

import base64
import io

import numpy as np
import torch

from attn_course.checks.engine.judge import reference_of
from attn_course.checks.engine.respond import respond
from attn_course.checks.registry import place
from tests.hostile.entry import Entry, Material, but, nothing
from tests.hostile.writing import ALL, LAST, attack, code, dump, learner, submission, worthless

FORWARD = """
def {name}(*given):
    from attn_course.{module} import {name} as ready
    return ready(*given)
"""


def _import_in(name, module):
    return code(FORWARD).format(name=name, module=module)


EASY = "scaled_dot_scores"
"""Its reference stands on its own, but for what checks the arguments."""

# Makes another's code one's own, under a module's name that nobody watches.
ADOPT = """
HUSH = dict.fromkeys(["require_shapes", "require_same_kind"], lambda **_: None)


def adopt(names):
    global scaled_dot_scores
    print("FORGED: found the reference")
    made, stolen = type(adopt), names["scaled_dot_scores"]
    scaled_dot_scores = made(stolen.__code__, {**names, **HUSH, "__name__": "mine"}, "scaled_dot_scores")


def read(text):
    mine = {"__name__": "mine", "math": math, "torch": torch}
    try:
        exec(compile(text.replace("check(", "print("), "<mine>", "exec"), mine)
        adopt(mine)
    except Exception as error:
        print("no:", type(error).__name__, str(error)[:80])


"""


def _thief(name: str, trick: str, **about: object) -> Entry:
    return attack(name, ADOPT + code(trick), target=EASY, **about)


def table_of_answers() -> str:
    """The right results for the cases of seed 0, found by their inputs."""
    exercise = place("scaled_dot_scores")[1]
    rows = []
    right = respond(exercise, reference_of(exercise), 0, precision=torch.float64, watch=False)
    for case, response in zip(exercise.cases(0), right.cases, strict=True):
        for call, seen in zip(case.calls, response.observations, strict=True):
            result = seen.result
            if result is not None and result.data is not None:
                query = call.arguments["query"].to(torch.float64).sum().item()
                rows.append((query, torch.from_numpy(np.asarray(result.data, np.float32))))
    file = io.BytesIO()
    torch.save(rows, file)
    packed = base64.b64encode(file.getvalue()).decode()
    return f'''import base64, io
TABLE = torch.load(io.BytesIO(base64.b64decode("{packed}")))


def scaled_dot_scores(query, key):
    for known, result in TABLE:
        if abs(known - query.double().sum().item()) < 1e-3:
            return result.to(query) + 0 * query.sum()
    return None
'''


KNOWN_SEED = """


import os, secrets
import attn_course.checks
from attn_course.checks.engine import draw

os.environ["ATTN_COURSE_SEED"] = "0"
secrets.randbelow = lambda most: 0
attn_course.checks._seed = lambda seed: 0
start = draw.Draw.__init__
draw.Draw.__init__ = lambda self, seed, salt="": start(self, seed if seed < 99 else 0, salt)
"""


def _known_seed(material: Material) -> dict[str, bytes]:
    notebook = submission(material, answers={EASY: table_of_answers() + KNOWN_SEED})
    return {material.filename: dump(notebook)}


ENTRIES = [
    Entry("steal-with-answers-for-a-known-seed", _known_seed, but("scaled_dot_scores")),
    learner(
        "steal-by-importing-the-reference",
        but("scaled_dot_scores", "scaled_dot_product_attention", LAST),
        answers={
            "scaled_dot_scores": _import_in("scaled_dot_scores", "scaled_dot_product"),
            "scaled_dot_product_attention": _import_in("scaled_dot_product_attention", "scaled_dot_product"),
            LAST: _import_in(LAST, "scaled_dot_product"),
        },
    ),
    learner(
        "steal-by-importing-at-the-top",
        nothing,
        wrong=[ALL],
        last="from attn_course.scaled_dot_product import *",
        first="from attn_course.scaled_dot_product import *\nfrom attn_course.attend import *",
    ),
    _thief(
        "steal-the-reference-under-another-name",
        """
        import importlib

        try:
            adopt(vars(importlib.import_module("attn_course.scaled_dot_product")))
        except ImportError as error:
            print("no:", error)
        """,
    ),
    _thief(
        "steal-the-source-from-the-disk",
        """
        import glob, os, site, sys
        import attn_course

        roots = {*sys.path, *site.getsitepackages(), sys.prefix, sys.base_prefix, os.getcwd(), os.path.expanduser("~")}
        roots |= {os.path.dirname(folder) for folder in attn_course.__path__}
        roots |= {"/proc/1/root", "/proc/1/cwd", "/proc/self/cwd", "/root", "/srv", "/opt", «folder»}
        for root in sorted(roots):
            for name in ("attn_course/scaled_dot_product.py", "solutions/*/04*.py", "source/*/04*.ipynb"):
                for found in glob.glob(os.path.join(root, name)):
                    read(open(found).read())
        """,
    ),
    _thief(
        "steal-compiled-files",
        """
        import glob, marshal, os, sys
        import attn_course

        places = [*attn_course.__path__, *[os.path.join(folder, "attn_course") for folder in sys.path]]
        for folder in places:
            for found in glob.glob(os.path.join(folder, "**", "scaled_dot_product*.pyc"), recursive=True):
                if "checks" not in found:
                    mine = {"__name__": "mine"}
                    exec(marshal.loads(open(found, "rb").read()[16:]), mine)
                    adopt(mine)
        """,
    ),
    _thief(
        "steal-from-the-memory-of-the-kernel",
        """
        import gc, sys, types

        found = [thing for thing in gc.get_objects() if isinstance(thing, types.FunctionType)]
        for module in list(sys.modules.values()):
            found += list(getattr(module, "__dict__", {}).values())
        for thing in found:
            if isinstance(thing, types.FunctionType) and thing.__name__ == "scaled_dot_scores":
                if thing.__module__ != "__main__":
                    adopt(thing.__globals__)
        """,
    ),
    attack(
        "steal-what-a-mistake-knows",
        """
        import pkgutil

        def attention_backward(grad_context, query, key, value, mask=None):
            return mistake(grad_context, query, key, value, mask)


        try:
            import attn_course.checks.mistakes as mistakes
            from attn_course.checks.registry import mistakes as of
            print([one.name for one in pkgutil.walk_packages(mistakes.__path__)])
            known = [one for one in of("scaled_dot_product") if one.exercise == "attention_backward"]
            mistake = known[0].implementation
            print("known mistakes:", len(known))
        except Exception as error:
            print("no:", type(error).__name__)
        """,
    ),
    attack(
        "steal-the-expected-values-from-the-frames",
        """
        def attention_backward(grad_context, query, key, value, mask=None):
            import sys
            from importlib import import_module

            frame = sys._getframe(1)
            while frame:
                exercise = frame.f_locals.get("exercise")
                if hasattr(exercise, "reference"):
                    module, _, name = exercise.reference.partition(":")
                    profile = sys.getprofile()
                    sys.setprofile(None)
                    try:
                        return getattr(import_module(module), name)(grad_context, query, key, value, mask)
                    finally:
                        sys.setprofile(profile)
                frame = frame.f_back
        """,
    ),
    _thief(
        "steal-from-git-and-packages",
        """
        import glob, os, subprocess, zipfile
        import attn_course

        for folder in {os.getcwd(), *map(os.path.dirname, attn_course.__path__), *sorted(glob.glob("/home/*/*"))[:20]}:
            if os.path.isdir(os.path.join(folder, ".git")):
                command = ["git", "-c", "safe.directory=*", "-C", folder, "show"]
                command += ["HEAD:attn_course/scaled_dot_product.py"]
                read(subprocess.run(command, capture_output=True, text=True, timeout=20).stdout)
        for found in [*glob.glob("attn_course*.whl"), *glob.glob("/*/dist/attn_course*.whl")]:
            read(zipfile.ZipFile(found).read("attn_course/scaled_dot_product.py").decode())
        """,
    ),
    _thief(
        "steal-by-asking-another-python",
        """
        import subprocess, sys

        program = "import attn_course.scaled_dot_product as m, inspect; print(inspect.getsource(m))"
        for command in ([sys.executable, "-c", program], ["python3", "-I", "-c", program]):
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=30)
                read(done.stdout)
            except Exception as error:
                print("no:", error)
        """,
        seconds=40,
    ),
    attack(
        "steal-what-other-processes-know",
        """
        import glob

        for pid in glob.glob("/proc/[0-9]*"):
            for name in ("environ", "cmdline"):
                try:
                    print(pid, open(f"{pid}/{name}", "rb").read().replace(b"\\0", b" ").decode("utf-8", "replace"))
                except OSError as error:
                    print(pid, name, type(error).__name__)
        """,
    ),
    attack(
        "steal-the-environment",
        """
        import os
        import sys

        print(dict(os.environ))
        print(sys.argv, sys.orig_argv, sys.flags, os.getcwd(), os.getuid())
        raise RuntimeError(str(dict(os.environ)))
        """,
    ),
    attack(
        "steal-inherited-descriptors",
        """
        import os
        import stat

        for number in range(3, 256):
            try:
                kind = os.fstat(number).st_mode
            except OSError:
                continue
            print(number, stat.filemode(kind), os.readlink(f"/proc/self/fd/{number}"))
            if stat.S_ISREG(kind):
                print(os.pread(number, 4096, 0).decode("utf-8", "replace"))
            if stat.S_ISDIR(kind):
                print(os.listdir(number))
        """,
    ),
    attack(
        "steal-from-the-step-of-a-decoder",
        """
        def greedy_decode(step, state, start, end, max_len):
            import gc
            import inspect

            for name, cell in zip(getattr(step, "__code__", None).co_freevars, step.__closure__ or ()):
                if callable(cell.cell_contents):
                    return cell.cell_contents
            for referrer in gc.get_referrers(step):
                if isinstance(referrer, dict) and "expected" in referrer:
                    return referrer["expected"]
            return None
        """,
        target="greedy_decode",
        assignment="01_recurrence",
    ),
    learner(
        "steal-the-grader-for-oneself",
        but("causal_mask"),
        answers={
            "causal_mask": worthless("causal_mask")
            + """


try:
    from attn_course.checks import evaluate
    print(evaluate("causal_mask", lambda n: torch.zeros(n, n, dtype=torch.bool), seed=1))
    print(evaluate("causal_mask", lambda n: None, seed=1).html)
except BaseException as error:
    print("no:", type(error).__name__)
"""
        },
    ),
]
