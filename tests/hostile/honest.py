"""Odd, but honest: right answers in notebooks that a grader might trip over. All of them get full marks."""

from tests.hostile.entry import RECURRENCE, everything
from tests.hostile.writing import LAST, cell, code_cell, learner

TALKS = '''
from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
from tqdm import tqdm

np.random.seed(0)
torch.manual_seed(0)


def {name}(*given: Any, **named: Any) -> torch.Tensor | tuple[torch.Tensor, ...]:
    """Delegates, and talks a lot."""
    print("computing …", file=sys.stderr)
    print("computing …")
    warnings.warn("nearly done")
    for _ in tqdm(range(3), desc="counting"):
        pass
    return _{name}(*given, **named)
'''


def _talks(notebook, material):
    """Every answer prints, warns and shows a progress bar when it is called."""
    for name in material.points:
        answer = cell(notebook, f"{name}-answer")
        head, future = TALKS.format(name=name).strip().split("\n", 1)
        answer.source = f"{head}\n\n\n{answer.source.replace(f'def {name}(', f'def _{name}(')}\n\n{future}"


def _magics(notebook, material):
    answer = cell(notebook, "scaled_dot_scores-answer")
    answer.source = "%%time\n" + answer.source
    notebook.cells[2:2] = [
        code_cell("%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%xmode Minimal"),
        code_cell("!echo from the shell\nfiles = !ls\n%timeit -n 1 -r 1 1 + 1\n%env MINE=1\n%pwd\n?torch.softmax"),
        code_cell("%%bash\necho from bash"),
        code_cell("%%capture out\nprint('kept')"),
        code_cell("%nosuchmagic"),
    ]


def _in_a_class(notebook, material):
    """Answers that are methods, lambdas, partials and callables with state of their own."""
    cell(
        notebook, "causal_mask-answer"
    ).source = "causal_mask = lambda length: torch.ones(length, length).tril().bool()"
    cell(notebook, "padding_mask-answer").source = """
import functools


def padding(offset, lengths, max_len):
    return torch.arange(max_len, device=lengths.device) + offset < lengths[:, None, None]


padding_mask = functools.partial(padding, 0)
"""
    cell(notebook, "scaled_dot_scores-answer").source = """
class Scores:
    def __call__(self, query, key):
        return torch.einsum("...qd,...kd->...qk", query, key) / math.sqrt(key.shape[-1])


scaled_dot_scores = Scores()
"""


ENTRIES = [
    learner("honest-talks", everything, change=_talks, honest=True, seconds=60),
    learner("honest-magics", everything, change=_magics, honest=True),
    learner("honest-other-callables", everything, change=_in_a_class, honest=True),
    learner(
        "honest-asks-for-input",
        everything,
        first="name = input('Your name? ')",
        last="import getpass\ngetpass.getpass()",
        honest=True,
    ),
    learner(
        "honest-debugs",
        everything,
        first="%pdb on\n1 / 0",
        last="breakpoint()\n%debug",
        honest=True,
    ),
    learner(
        "honest-awaits",
        everything,
        first="""
        import asyncio


        async def later():
            await asyncio.sleep(0.01)
            return 7


        seven = await later()
        task = asyncio.create_task(asyncio.sleep(3600))
        """,
        honest=True,
    ),
    learner(
        "honest-draws",
        everything,
        first="""
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots()
        axes.imshow(torch.rand(8, 8))
        plt.show()
        """,
        honest=True,
    ),
    learner(
        "honest-starts-programs",
        everything,
        first="""
        import os
        import subprocess
        import sys

        subprocess.run(["echo", "hello"], check=True)
        os.system("echo hello to you")
        print(subprocess.check_output([sys.executable, "-c", "print(6 * 7)"]))
        """,
        honest=True,
    ),
    learner(
        "honest-uses-names-twice",
        everything,
        first="check = 3\ninput = [1, 2]\nlist = 7\nid, type, max = 1, 2, 3\nfloat = None\nprint = None\nlen = 4",
        honest=True,
    ),
    learner(
        "honest-changes-settings",
        everything,
        first="""
        import logging
        import warnings

        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.set_printoptions(precision=2)
        torch.autograd.set_detect_anomaly(True)
        torch.use_deterministic_algorithms(True)
        warnings.simplefilter("error")
        logging.basicConfig(level=logging.DEBUG, force=True)
        """,
        honest=True,
    ),
    learner(
        "honest-installs-what-it-lacks",
        everything,
        first="try:\n    import no_such_tool\nexcept ImportError:\n"
        "    !pip install --quiet --index-url http://127.0.0.1:«port»/ no-such-tool\n",
        honest=True,
        seconds=90,
    ),
    learner(
        "honest-fails-between-the-exercises",
        everything,
        change=lambda notebook, material: (
            [
                notebook.cells.insert(notebook.cells.index(cell(notebook, name)), code_cell("def half(:\n    1 / 0"))
                for name in material.points
            ]
            and None
        ),
        honest=True,
    ),
    learner(
        "honest-leaves-threads-and-files-open",
        everything,
        first="""
        import threading
        import time

        threading.Thread(target=time.sleep, args=(30,)).start()
        log = open("log.txt", "w")
        print("open", file=log)
        """,
        last="import multiprocessing\nqueue = multiprocessing.Queue()\nqueue.put(1)",
        honest=True,
    ),
    learner(
        "honest-clears-and-resets",
        everything,
        change=lambda notebook, material: notebook.cells.append(code_cell("%reset -f\n%clear")),
        first="from IPython.display import clear_output\nprint('x')\nclear_output()",
        honest=True,
    ),
    learner(
        "honest-compiles",
        everything,
        answers={
            "scaled_dot_scores": """
            @torch.jit.script
            def scaled_dot_scores(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
                return query @ key.transpose(-2, -1) / (key.shape[-1] ** 0.5)
            """
        },
        honest=True,
    ),
    learner(
        "honest-plays-with-other-answers",
        everything,
        first="""
        import attn_course
        from attn_course import check

        check("causal_mask", lambda length: torch.ones(length, length))
        check("no_such_exercise", print)
        """,
        last=f'check("{LAST}", None)\nhelp(check)',
        honest=True,
    ),
    learner("honest-chapter-01", everything, assignment=RECURRENCE, honest=True),
    learner(
        "honest-chapter-01-with-an-own-base-class",
        everything,
        change=lambda notebook, material: cell(notebook, "Seq2Seq-answer").update(
            source="class Base(nn.Module):\n    def __repr__(self):\n        return 'mine'\n\n\n"
            + cell(notebook, "Seq2Seq-answer").source.replace("(nn.Module)", "(Base)")
        ),
        assignment=RECURRENCE,
        honest=True,
    ),
]
