"""Signals: what a learner's code names that no exercise needs, said to a person and to nobody's grade."""

import importlib

import nbformat
import pytest
from nbformat import NotebookNode

from attn_course.checks.registry import chapters, mistakes
from attn_course.grading.cells import answer_id
from attn_course.grading.demo import with_answer
from attn_course.grading.honesty import in_code, reported, signals
from attn_course.grading.inject import as_answer
from attn_course.grading.release import exercise_path
from attn_course.grading.restore import restore
from attn_course.grading.sandbox.limits import Limits
from attn_course.grading.sandbox.tree import imported_by
from attn_course.grading.sandbox.zygote import Zygote
from attn_course.grading.verdict import grade
from tests.test_repository import PROJECT

CHAPTERS = [pytest.param(chapter, id=chapter.slug) for chapter in chapters().values()]
ATTENTION, RECURRENCE = chapters()["scaled_dot_product"], chapters()["recurrence"]
SCORES = "def scaled_dot_scores(query, key):\n    {}\n    return query @ key.mT / math.sqrt(key.shape[-1])"
READY = "library answer torch.nn.functional.scaled_dot_product_attention in scaled_dot_product_attention"


def release(chapter):
    return nbformat.read(exercise_path(PROJECT, chapter.name), as_version=4)


def found(chapter, answers=None, cells=(), helpers=None):
    """The signals of a notebook with these answers and these cells of the learner's own before all others."""
    released = release(chapter)
    submitted = released
    for exercise, answer in (answers or {}).items():
        submitted = with_answer(submitted, exercise, answer)
    own = [nbformat.v4.new_code_cell(source, id=f"mine-{number}") for number, source in enumerate(cells)]
    submitted = NotebookNode(submitted | {"cells": [submitted.cells[0], *own, *submitted.cells[1:]]})
    return in_code(restore(released, submitted), released, helpers or {}, chapter)


def attention(body, before=""):
    head = "def scaled_dot_product_attention(query, key, value, mask=None):"
    return {"scaled_dot_product_attention": f"{before}\n{head}\n{body}"}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_release_gives_no_signal(chapter):
    assert found(chapter) == set()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_right_answer_and_no_mistake_gives_a_signal(chapter):
    module = importlib.import_module(f"tests.answers.{chapter.slug}")
    known = {exercise.id for exercise in chapter.exercises}
    tried = [(m.exercise, m.implementation) for m in mistakes(chapter.slug)]
    for name, answer in vars(module).items():
        if "__" in name.strip("_") and name.partition("__")[0] in known and hasattr(answer, "__name__"):
            tried.append((name.partition("__")[0], answer))
    assert len(tried) > 100
    for exercise, answer in tried:
        assert found(chapter, {exercise: as_answer(answer, exercise)}) == set(), answer.__name__


@pytest.mark.parametrize(
    ("body", "before"),
    [
        ("    return F.scaled_dot_product_attention(query, key, value), None", ""),
        ("    return mine(query, key, value), None", "from torch.nn.functional import scaled_dot_product_attention as mine"),
        ("    return mine(query, key, value), None", "mine = getattr(F, 'scaled_dot' + '_product_attention')"),
        ("    return F.__dict__[''.join(['scaled_dot', '_product_attention'])](query, key, value), None", ""),
        ("    return torch.ops.aten.scaled_dot_product_attention(query, key, value), None", ""),
        ("    return a(query, key, value)", "def a(*qkv):\n    return b(*qkv)\nb = F.scaled_dot_product_attention"),
    ],
)
def test_a_ready_made_answer_is_seen_under_any_plain_name(body, before):
    assert found(ATTENTION, attention(body, before)) == {READY}


def test_a_ready_made_answer_is_seen_in_another_cell_and_in_a_helper_file():
    answer = attention("    return helped(query, key, value), None")
    assert found(ATTENTION, answer, ["def helped(*qkv):\n    return F.scaled_dot_product_attention(*qkv)"]) == {READY}
    answer = attention("    return aid.helped(query, key, value), None", "import aid")
    helper = b"import torch\n\ndef helped(*qkv):\n    return torch.nn.functional.scaled_dot_product_attention(*qkv)"
    assert found(ATTENTION, answer, helpers={"aid.py": helper}) == {READY}


def test_a_cell_that_redefines_an_exercise_counts_as_an_answer():
    cell = "import torch\nclass Mine(torch.nn.LSTMCell):\n    pass\n\ndef lstm_step(*given):\n    return Mine(1, 2)(given)"
    assert found(RECURRENCE, cells=[cell]) == {"library answer torch.nn.LSTMCell in lstm_step"}
    assert found(RECURRENCE, cells=["from torch.nn import *\ndef run_rnn(x):\n    return RNN(1, 2)(x)"]) == {
        "library answer torch.nn.RNN in run_rnn"
    }


def test_comparing_with_the_library_in_a_cell_of_ones_own_is_no_signal():
    compare = (
        "out = F.scaled_dot_product_attention(torch.ones(1, 2, 3), torch.ones(1, 2, 3), torch.ones(1, 2, 3))\n"
        "lstm, gru, rnn = nn.LSTM(3, 4), nn.GRU(3, 4), nn.MultiheadAttention(4, 2)\n"
        "nn.utils.clip_grad_norm_(lstm.parameters(), 1.0)"
    )
    honest = attention("    out = torch.softmax(query @ key.mT, -1)\n    lstm = out @ value\n    return lstm, out")
    assert found(ATTENTION, honest, [compare]) == set()


def test_comparing_in_the_answer_cell_is_told_apart_from_answering():
    answer = attention("    return query, key")["scaled_dot_product_attention"]
    answer += "\n\nassert F.scaled_dot_product_attention(torch.ones(2, 2), torch.ones(2, 2), torch.ones(2, 2)).sum()"
    assert found(ATTENTION, {"scaled_dot_product_attention": answer}) == {READY.replace(" in ", " beside ")}


def test_names_of_ones_own_are_no_library():
    own = "class LSTM:\n    def lstm(self, x):\n        return x\n\ndef gru(x):\n    return LSTM().lstm(x)\n"
    step = "def lstm_step(x, hidden, cell, W_x, W_h, bias):\n    return gru(x), LSTM().lstm(cell)"
    assert found(RECURRENCE, {"lstm_step": own + step}) == set()


def test_what_an_exercise_allows_is_no_signal():
    model = "class Seq2Seq(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.net = nn.{}(3, 4)"
    assert found(RECURRENCE, {"Seq2Seq": model.format("GRU")}) == set()
    assert found(RECURRENCE, {"Seq2Seq": model.format("LSTM")}) == {"library answer torch.nn.LSTM in Seq2Seq"}


def test_gradients_made_by_torch_are_a_signal_where_they_are_to_be_made_by_hand():
    answer = "def attention_backward(query, key, value, mask, upstream):\n    return torch.autograd.grad(value, query)"
    assert found(ATTENTION, {"attention_backward": answer}) == {
        "library answer torch.autograd.grad in attention_backward"
    }


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("import socket", "network"),
        ("from urllib.request import urlopen", "network"),
        ("__import__('sock' + 'et').create_connection(('127.0.0.1', 9))", "network"),
        ("import os\nos.system('true')", "starts programs"),
        ("import os as o\nrun = o.popen\nrun('true')", "starts programs"),
        ("getattr(__import__('os'), 'sys' + 'tem')('true')", "starts programs"),
        ("import subprocess", "starts programs"),
        ("!cat /etc/hostname", "starts programs"),
        ("%%bash\ncat /etc/hostname", "starts programs"),
        ("%%time\nimport subprocess", "starts programs"),
        ("import ctypes", "native code"),
        ("import os\nos.fork()", "forks"),
        ("import os\nos.kill(1, 9)", "signals processes"),
        ("import gc\ngc.get_objects()", "searches memory"),
        ("from gc import get_referrers as who\nwho(1)", "searches memory"),
        ("import sys\nsys.setprofile(None)", "profiler"),
        ("import sys\nsys._getframe(1)", "reads other frames"),
        ("try:\n    1 / 0\nexcept Exception as error:\n    error.__traceback__.tb_frame", "reads other frames"),
        ("().__class__.__base__.__subclasses__()", "reaches into Python"),
        ("from attn_course.checks.engine import judge", "names the grader"),
        ("import importlib\nimportlib.import_module('attn_course.' + 'grading.work')", "names the grader"),
        ("import importlib\nfor name in ['a', 'b']:\n    importlib.import_module(name)", "imports by a computed name"),
        ("open('/pro' + 'c/1/environ').read()", "names files of the system"),
        ("import base64\nexec(base64.b64decode('cHJpbnQoMSk='))", "hidden code"),
        ("exec(bytes.fromhex('7072696e74283129').decode())", "hidden code"),
        ("torch.Tensor.__eq__ = lambda *_: True", "changes torch"),
        ("import builtins\nbuiltins.abs = max", "changes builtins"),
        ("import sys\nsys.modules['attn_course'] = None", "changes imports"),
        ("get_ipython().ast_transformers.append(print)", "changes IPython"),
    ],
)
def test_attempts_to_leave_the_sandbox_are_named(source, word):
    assert word in found(ATTENTION, cells=[source])
    assert word in found(ATTENTION, {"scaled_dot_scores": f"{source}\n{SCORES.format('pass')}"})


@pytest.mark.parametrize(
    "source",
    [
        "import os, sys, gc\ngc.collect()\nprint(os.getcwd(), sys.version, os.path.join('a', 'b'))",
        "requests, socket = [], 3\nrequests.append(socket)",
        "torch.backends.cudnn.deterministic = True\ntorch.manual_seed(0)\ntorch.set_default_dtype(torch.float64)",
        "%matplotlib inline\n%timeit -n 1 1 + 1\n!pip install einops\n%pip install einops",
        "import math, random, time, json, warnings, functools, itertools\nimport numpy as np\nx = np.ones(3)",
        "note = 'the kernel, base64 and exec are words'\nexec('x = 1')\neval('1 + 1')",
        "def broken(:\n    import socket",
        "class Net(nn.Module):\n    def forward(self, x):\n        self.kernel = x\n        return x\nNet.eval(Net())",
    ],
)
def test_everyday_code_gives_no_signal(source):
    assert found(ATTENTION, cells=[source]) == set()


@pytest.mark.parametrize(
    "source",
    [
        "(" * 3000 + ")" * 3000,
        "-" * 90_000 + "1",
        "a" + ".a" * 40_000,
        "'x'" + " + 'x'" * 15_000,
        "x = x.a\n" * 10_000,
        "x = '\\d'\nx is 1\n\0",
    ],
    ids=["parentheses", "signs", "attributes", "sums", "aliases", "null"],
)
def test_code_that_is_hard_to_read_harms_nobody(source):
    assert found(ATTENTION, cells=[source, "import socket"]) == {"network"}


def test_more_code_than_anybody_writes_is_not_read_but_told():
    assert found(ATTENTION, cells=["x = 1\n" * 20_000]) == {"too much to read"}
    assert found(ATTENTION, cells=["x = 1\n" * 15_000 + f"# {n}" for n in range(12)]) == {"too much to read"}


def test_what_was_seen_and_what_was_read_are_said_once_and_told_apart():
    released = release(ATTENTION)
    submitted = with_answer(released, "causal_mask", "import socket, ctypes\ncausal_mask = 1")
    told = signals({"network", "forged results"}, submitted, released, {}, ATTENTION)
    assert told == ("code: native code", "forged results", "network")
    assert answer_id("causal_mask") in {cell.id for cell in submitted.cells}


def test_a_learners_process_cannot_write_a_signal_of_its_own():
    assert reported(["network", "all is well\x1b[2J"]) == {"network", "forged signals"}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_honest_notebooks_give_no_signal_when_they_run(chapter):
    """Errors, warnings and torch itself make Python look for the source of what is on the stack: that is no attempt."""
    released = release(chapter)
    cells = ["import warnings\nwarnings.warn('mine')\ntorch.manual_seed(0)", "1 / 0", "print(open('/etc/hostname').read())"]
    own = [nbformat.v4.new_code_cell(source) for source in cells]
    imported = imported_by(released)
    with Zygote(chapter.slug, imported, Limits()) as zygote:
        for extra, told in ((own[:2], []), (own, ["opens files elsewhere"])):
            notebook = NotebookNode(released | {"cells": [*released.cells, *extra]})
            assert grade(notebook, chapter, {}, 7, zygote).signals == told
