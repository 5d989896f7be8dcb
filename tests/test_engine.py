"""The engine on an exercise of its own: what it says of each way in which a learner's object can be wrong."""

import contextlib
import functools
import math
import re
import signal
import subprocess
import sys
import threading
import warnings
from collections import namedtuple

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attn_course import attend, seq2seq
from attn_course.checks import check, evaluate
from attn_course.checks.engine import Aspect, Case, Chapter, Draw, Exercise, Fresh, Mistakes, Output
from attn_course.checks.engine.diagnose import Diagnosis
from attn_course.checks.engine.judge import judge
from attn_course.checks.engine.manners import manner
from attn_course.checks.engine.report import AspectResult, Report
from attn_course.checks.engine.respond import respond
from attn_course.checks.registry import UnknownExercise

SEEDS = range(5)
mistakes = Mistakes()


def scaled_mean(x, scale=2.0):
    """The reference: (x times scale, mean of x over the last axis)."""
    return x * scale, x.mean(dim=-1)


@mistakes.add("scaled_mean", "no-scale", "You forgot the scale.", "first")
def without_scale(x, scale=2.0):
    return x, x.mean(dim=-1)


@mistakes.add("scaled_mean", "sum", "You take the sum, not the mean.", "second")
def with_sum(x, scale=2.0):
    return x * scale, x.sum(dim=-1)


def cases(seed):
    draw = Draw(seed, "scaled_mean")
    return [
        Case("scaled", "5 rows", {"x": draw.normal(5, 7)}),
        Case("scaled", "float32", {"x": draw.normal(3, 11, dtype=torch.float32), "scale": 3.0}),
        Case("batch", "two batch axes", {"x": draw.normal(2, 3, 5)}, layouts={"x": "transposed"}),
        Case("gradients", "a random loss", {"x": draw.normal(5, 3)}, observe="gradients", gradients=("x",)),
        Case("device", "tensors without data", {"x": draw.normal(5, 3)}, observe="meta"),
        Case("device", "another default device", {"x": draw.normal(5, 3)}, observe="default_device"),
        Case(
            "state",
            "three calls",
            {"x": draw.normal(11, 3)},
            observe="repeat",
            then=({"x": draw.normal(11, 3)}, {"x": draw.normal(13, 2)}),
        ),
    ]


EXERCISE = Exercise(
    id="scaled_mean",
    points=4,
    signature="scaled_mean(x, scale=2.0)",
    returns=(Output("scaled", ("rows", "columns")), Output("mean", ("rows",))),
    main=(0, 1),
    cases=cases,
    aspects=(
        Aspect("scaled", "x is scaled and averaged", 1.0, "multiply", "first"),
        Aspect("batch", "any batch axes", 0.5),
        manner("gradients", 0.5),
        manner("dtype", 0.5),
        manner("device", 0.5),
        manner("unchanged", 0.5),
        manner("state", 0.5),
    ),
    reference=f"{__name__}:scaled_mean",
)
CHAPTER = Chapter("99", "engine", "Engine", (EXERCISE,), {"first": "First things", "second": "Second things"})


def verdict(learner, seed=0):
    return judge(CHAPTER, EXERCISE, respond(EXERCISE, learner, seed), mistakes)


def failed(report):
    return {aspect.id for aspect in report.aspects if not aspect.passed}


Pair = namedtuple("Pair", "scaled mean")


class Callable:
    def __call__(self, x, scale=2.0):
        return scaled_mean(x, scale)


def noisy(x, scale=2.0):
    print("here", file=sys.stderr)
    warnings.warn("careful", stacklevel=1)
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    return scaled_mean(x, scale)


RIGHT = {
    "reference": scaled_mean,
    "list": lambda x, scale=2.0: list(scaled_mean(x, scale)),
    "named tuple": lambda x, scale=2.0: Pair(*scaled_mean(x, scale)),
    "partial": functools.partial(scaled_mean),
    "callable object": Callable(),
    "further defaults": lambda x, scale=2.0, extra=1, *, more=2: scaled_mean(x, scale),
    "prints, warns and sets globals": noisy,
    "scalar tensor": lambda x, scale=2.0: (x * torch.tensor(scale, dtype=x.dtype), x.sum(-1) / x.shape[-1]),
    "float64 inside": lambda x, scale=2.0: ((x.double() * scale).to(x.dtype), x.double().mean(-1).to(x.dtype)),
    "reads values": lambda x, scale=2.0: scaled_mean(x, scale) if x.sum().item() < 1e9 else None,
    "keyword-only": lambda x, *, scale=2.0: scaled_mean(x, scale),
    "own index tensor": lambda x, scale=2.0: (x[torch.arange(x.shape[0])] * scale, x.mean(-1)),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_get_all_points(name, seed, capsys):
    report = verdict(RIGHT[name], seed)
    assert report.score == 4, report.text
    assert report.diagnosis is None
    assert capsys.readouterr() == ("", "")


def test_global_settings_of_torch_are_given_back():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    verdict(noisy)
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(before, torch.get_rng_state())


def in_place(x, scale=2.0):
    mean = x.mean(-1)
    return x.mul_(scale), mean


class Cache:
    """Remembers the first result of each shape."""

    def __init__(self):
        self.results = {}

    def __call__(self, x, scale=2.0):
        return self.results.setdefault((x.shape, x.dtype, x.device), scaled_mean(x, scale))


class Counter:
    """Gives another result at each call."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x, scale=2.0):
        self.calls += 1
        return x * (scale + self.calls), x.mean(-1)


WRONG = {
    "in place": (lambda: in_place, {"unchanged"}, "changes-inputs"),
    "cache": (Cache, {"state"}, "keeps-state"),
    "detached": (lambda: lambda x, scale=2.0: (x.detach() * scale, x.mean(-1)), {"gradients"}, "cuts-autograd"),
    "float32": (lambda: lambda x, scale=2.0: tuple(t.float() for t in scaled_mean(x, scale)), {"dtype"}, "wrong-dtype"),
    "zeros on the default device": (
        lambda: lambda x, scale=2.0: (x * scale + torch.zeros(x.shape), x.mean(-1)),
        {"device"},
        "wrong-device",
    ),
    "product with the default device": (
        lambda: lambda x, scale=2.0: (x @ (torch.eye(x.shape[-1], dtype=x.dtype) * scale), x.mean(-1)),
        {"device"},
        "wrong-device",
    ),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", SEEDS)
def test_general_mistakes_are_named_and_cost_their_aspect_alone(name, seed):
    make, aspects, diagnosis = WRONG[name]
    report = verdict(make(), seed)
    assert failed(report) == aspects, report.text
    assert report.diagnosis == diagnosis


def test_a_result_that_differs_from_call_to_call_loses_the_state_aspect():
    assert "state" in failed(verdict(Counter()))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mistake", mistakes, ids=lambda mistake: mistake.id)
def test_mistakes_of_the_registry_are_named_with_their_section(mistake, seed):
    report = verdict(mistake.implementation, seed)
    assert report.diagnosis == mistake.id
    assert report.score < report.points
    assert mistake.sentence in report.text
    assert CHAPTER.sections[mistake.reread] in report.text


def test_a_hint_is_left_out_where_the_mistake_that_was_named_accounts_for_the_aspect():
    assert "Hint: multiply." in verdict(lambda x, scale=2.0: (x.round(), x.mean(-1))).text
    named = verdict(without_scale)
    assert named.diagnosis == "no-scale"
    assert "Hint" not in named.text
    assert next(aspect for aspect in named.aspects if aspect.id == "scaled").hint == "multiply"


def test_a_hint_stays_where_the_mistake_that_was_named_does_not_account_for_the_aspect():
    report = verdict(lambda x, scale=2.0: (x, x.mean(-1).detach()))
    assert report.diagnosis == "no-scale"
    text = " ".join(report.text.split())
    assert "Hint: multiply" not in text
    assert "Hint: do not detach" in text


def test_two_mistakes_at_once_still_lose_both_aspects():
    report = verdict(lambda x, scale=2.0: (x, x.sum(-1).detach()))
    assert {"scaled", "gradients"} <= failed(report)


STRUCTURE = {
    "None": (lambda x, scale=2.0: None, "None (is there a `return`?)"),
    "one tensor": (lambda x, scale=2.0: x, "one tensor, asked is a tuple (scaled, mean)"),
    "three": (lambda x, scale=2.0: (x, x, x), "a tuple of 3, asked is a tuple of 2"),
    "numpy": (lambda x, scale=2.0: (x.numpy(), x.mean(-1)), "a ndarray, asked is a tensor"),
    "list of floats": (lambda x, scale=2.0: (x.tolist(), x.mean(-1)), "a list of"),
    "float": (lambda x, scale=2.0: (1.0, x.mean(-1)), "a float, asked is a tensor"),
    "stub": (lambda x, scale=2.0: (_ for _ in ()).throw(NotImplementedError()), "still the stub"),
    "signature": (lambda: None, "cannot be called as scaled_mean(x)"),
    "exit": (lambda x, scale=2.0: sys.exit("bye"), "SystemExit: bye"),
    "recursion": (lambda x, scale=2.0: STRUCTURE["recursion"][0](x, scale), "RecursionError"),
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_results_of_the_wrong_kind_score_nothing_and_are_said(name):
    learner, sentence = STRUCTURE[name]
    report = verdict(learner)
    assert report.score == 0
    assert sentence in " ".join(report.text.split())


def test_an_axis_of_the_wrong_size_is_named():
    report = verdict(lambda x, scale=2.0: (x[..., :-1] * scale, x.mean(-1)))
    assert "axis -1 (columns) is 6, should be 7" in " ".join(report.text.split())
    report = verdict(lambda x, scale=2.0: (x.mT * scale, x.mean(-1)))
    assert "the axes are in another order" in " ".join(report.text.split())
    report = verdict(lambda x, scale=2.0: (x * scale, x.mean(-1, keepdim=True)))
    assert "2 axes instead of 1 (rows)" in " ".join(report.text.split())


def test_nan_is_said_with_its_place():
    def learner(x, scale=2.0):
        scaled, mean = scaled_mean(x, scale)
        scaled[..., 1, 2] = math.nan
        return scaled, mean

    assert "scaled at row 1, column 2: NaN (1 of 35 entries)" in " ".join(verdict(learner).text.split())


def test_negative_zero_is_zero_to_a_reader():
    text = " ".join(verdict(lambda x, scale=2.0: (x * -0.0, x.mean(-1))).text.split())
    assert "[0, 0, 0, 0, 0], expected [" in text
    assert "-0," not in text


def test_the_sentence_about_numbers_suits_one_result_and_many():
    """The names of results are singular or plural: no verb is bent to them."""
    text = " ".join(verdict(lambda x, scale=2.0: (x * scale, x.sum(dim=-1))).text.split())
    assert "your mean: [" in text


@pytest.mark.parametrize(
    ("matched", "shown", "said"),
    [(1, 1, "in the one case where"), (3, 3, "in all 3 cases where"), (2, 3, "in 2 of 3 cases where")],
)
def test_the_cases_of_a_mistake_are_counted_in_english(matched, shown, said):
    diagnosis = Diagnosis("m", "A mistake.", "", matched, shown)
    results = [AspectResult("a", "an aspect", 0.0, 1.0, "wrong")]
    assert said in Report.of(CHAPTER, EXERCISE, 0, results, diagnosis).text


def test_an_exception_shows_the_line_of_the_learner():
    def learner(x, scale=2.0):
        return x.reshape(3, 1000), x.mean(-1)

    text = " ".join(verdict(learner).text.split())
    assert "RuntimeError: shape" in text
    assert "`return x.reshape(3, 1000), x.mean(-1)`" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("learner", "sentence"),
    [
        (None, "scaled_mean is None"),
        (3, "scaled_mean is an int"),
        ("x", "scaled_mean is a str"),
        (Cache, "scaled_mean is a class. A function is asked"),
    ],
)
def test_an_object_of_the_wrong_kind_is_refused_in_words(learner, sentence):
    report = verdict(learner)
    assert report.score == 0
    assert sentence in report.text


def test_a_wrong_result_earns_nothing_for_its_manners():
    report = verdict(lambda x, scale=2.0: (torch.zeros_like(x), torch.zeros_like(x[..., 0])))
    assert report.score == 0
    assert "this counts once a result is right" in report.text


SDPA = "torch.nn.functional.scaled_dot_product_attention"
READY_MADE = {
    "sdpa": (lambda x: F.scaled_dot_product_attention(x, x, x), SDPA),
    "sdpa through ops": (lambda x: torch.ops.aten.scaled_dot_product_attention(x, x, x), SDPA),
    "sdpa overload": (lambda x: torch.ops.aten.scaled_dot_product_attention.default(x, x, x), SDPA),
    "multi-head": (
        lambda x: nn.MultiheadAttention(x.shape[-1], 1, dtype=x.dtype, batch_first=True)(x, x, x),
        "torch.nn.MultiheadAttention",
    ),
    "lstm": (lambda x: nn.LSTM(x.shape[-1], 3, dtype=x.dtype)(x), "torch.nn.LSTM"),
    "rnn": (lambda x: nn.RNN(x.shape[-1], 3, dtype=x.dtype)(x), "torch.nn.RNN"),
    "gru cell": (lambda x: nn.GRUCell(x.shape[-1], 3, dtype=x.dtype)(x), "torch.nn.GRUCell"),
    "rnn cell": (lambda x: nn.RNNCell(x.shape[-1], 3, dtype=x.dtype)(x), "torch.nn.RNNCell"),
    "clip": (lambda x: nn.utils.clip_grad_norm_([nn.Parameter(x)], 1.0), "torch.nn.utils.clip_grad_norm_"),
    "course": (lambda x: attend.masked_softmax(x), "attn_course.attend.masked_softmax"),
    "course's class": (lambda x: seq2seq.Seq2Seq(3, 3, 3, 3), "attn_course.seq2seq.Seq2Seq"),
}


@pytest.mark.parametrize("name", READY_MADE)
def test_ready_made_answers_are_refused_by_the_name_a_learner_knows(name):
    ready, known = READY_MADE[name]

    def learner(x, scale=2.0):
        if x.dim() == 2 and x.device.type != "meta":
            ready(x)
        return scaled_mean(x, scale)

    report = verdict(learner)
    assert report.score == 0
    assert report.diagnosis == "ready-made-answer"
    assert re.search(rf"This calls {re.escape(known)}( \(torch\.\w+\))?, a ready-made", " ".join(report.text.split()))


def test_a_ready_made_answer_in_a_thread_or_behind_a_switched_off_watch_is_seen():
    def threaded(x, scale=2.0):
        thread = threading.Thread(target=lambda: F.scaled_dot_product_attention(x, x, x))
        thread.start()
        thread.join()
        return scaled_mean(x, scale)

    def unwatched(x, scale=2.0):
        sys.setprofile(None)
        return scaled_mean(x, scale)

    for learner in (threaded, unwatched):
        assert verdict(learner).diagnosis == "ready-made-answer"
    assert "This calls sys.setprofile, by which the check looks" in " ".join(verdict(unwatched).text.split())


def test_an_own_function_that_is_called_lstm_is_no_ready_made_answer():
    def lstm(x, scale):
        return scaled_mean(x, scale)

    assert verdict(lambda x, scale=2.0: lstm(x, scale)).score == 4


def test_the_same_seed_gives_the_same_report_and_another_seed_another():
    wrong = mistakes[0].implementation
    assert verdict(wrong, 7).text == verdict(wrong, 7).text
    assert verdict(wrong, 7).text != verdict(wrong, 8).text


def test_an_interrupt_ends_in_a_sentence_and_no_points(monkeypatch, capsys):
    monkeypatch.setattr("attn_course.checks.place", lambda name: (CHAPTER, EXERCISE))
    monkeypatch.setattr("attn_course.checks.mistakes_of", lambda slug: tuple(mistakes))

    def waits(x, scale=2.0):
        signal.raise_signal(signal.SIGINT)  # what Ctrl-C does

    assert check("scaled_mean", waits) == 0.0
    assert "interrupted" in capsys.readouterr().out


@pytest.mark.parametrize("swallowed", [None, ValueError, KeyboardInterrupt])
def test_ctrl_c_stops_a_check_whatever_the_learner_makes_of_it(swallowed):
    def waits(x, scale=2.0):
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException as error:
            if swallowed is not None:
                raise swallowed from error
        return scaled_mean(x, scale)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        verdict(waits)
    assert signal.getsignal(signal.SIGINT) is before


class OwnInterrupt(KeyboardInterrupt):
    pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, KeyboardInterrupt("stop"), OwnInterrupt])
def test_a_keyboard_interrupt_of_the_learner_ends_in_a_report(error):
    report = verdict(raises(error))
    assert report.score == 0
    assert "Your code raises " in report.text
    assert "Interrupt" in report.text


def test_a_keyboard_interrupt_of_the_learner_ends_in_a_report_in_any_thread():
    reports = []
    thread = threading.Thread(target=lambda: reports.append(verdict(raises(KeyboardInterrupt))))
    thread.start()
    thread.join()
    assert reports[0].score == 0


class Alarm(KeyboardInterrupt):
    """What somebody who runs checks may raise by a clock of their own."""


def ring(number, frame):
    raise Alarm


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no alarm clock")
def test_an_alarm_of_somebody_else_passes():
    before = signal.signal(signal.SIGALRM, ring)
    try:
        with pytest.raises(Alarm):
            verdict(lambda x, scale=2.0: signal.raise_signal(signal.SIGALRM))
        assert signal.getsignal(signal.SIGALRM) is ring
    finally:
        signal.signal(signal.SIGALRM, before)


def never_ends(x, scale=2.0):
    while True:
        pass


def never_ends_and_catches(x, scale=2.0):
    with contextlib.suppress(BaseException):
        never_ends(x)
    return never_ends(x)


def never_ends_where_there_is_a_batch(x, scale=2.0):
    return never_ends(x) if x.dim() > 2 else scaled_mean(x, scale)


class Endless(list):
    def __iter__(self):
        return endless_items()


class Stuck(list):
    def __iter__(self):
        return never_ends(self)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm clock")
@pytest.mark.parametrize("learner", [never_ends, never_ends_and_catches, lambda x, scale=2.0: Stuck()])
def test_a_loop_without_end_ends_in_a_report(learner, monkeypatch):
    monkeypatch.setattr("attn_course.checks.engine.interrupts.SECONDS", 0.05)
    report = verdict(learner)
    assert report.score == 0
    text = " ".join(report.text.split())
    assert "Your code did not come to an end and was stopped in line" in text
    assert "Does a loop never stop?" in text
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm clock")
def test_a_loop_without_end_in_one_case_costs_what_that_case_shows(monkeypatch):
    monkeypatch.setattr("attn_course.checks.engine.interrupts.SECONDS", 0.05)
    report = verdict(never_ends_where_there_is_a_batch)
    assert "batch" in failed(report)
    assert report.score == 3.5, report.text


def test_a_sequence_without_end_is_read_in_part():
    assert verdict(lambda x, scale=2.0: Endless()).score == 0


def test_check_prints_the_report_and_returns_a_plain_float(monkeypatch, capsys):
    monkeypatch.setattr("attn_course.checks.place", lambda name: (CHAPTER, EXERCISE))
    monkeypatch.setattr("attn_course.checks.mistakes_of", lambda slug: tuple(mistakes))
    score = check("scaled_mean", scaled_mean)
    assert type(score) is float
    assert score == 4.0
    assert "scaled_mean: 4 of 4 points" in capsys.readouterr().out


def test_an_unknown_exercise_gives_the_closest_names():
    with pytest.raises(UnknownExercise, match="causal_mask"):
        evaluate("casual_mask", None)


@pytest.mark.parametrize("seed", [-1, 1.5, "3", True])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(ValueError, match="whole number"):
        evaluate("causal_mask", None, seed=seed)


def test_the_seed_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("ATTN_COURSE_SEED", "41")
    assert evaluate("causal_mask", None).seed == 41
    monkeypatch.setenv("ATTN_COURSE_SEED", "forty")
    with pytest.raises(ValueError, match="ATTN_COURSE_SEED"):
        evaluate("causal_mask", None)


class Net(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.W = nn.Parameter(torch.zeros(d_in, d_out))

    def forward(self, x):
        return x @ self.W


def module_cases(seed):
    draw = Draw(seed, "Net")
    weights = {"W": draw.normal(5, 3)}
    common = {"init": (5, 3), "weights": weights}
    return [
        Case("product", "7 rows", {"x": draw.normal(7, 5)}, **common),
        Case("gradients", "loss", {"x": draw.normal(7, 5)}, observe="gradients", gradients=("W", "x"), **common),
    ]


MODULE = Exercise(
    id="Net",
    points=2,
    signature="Net(d_in, d_out).forward(x)",
    returns=(Output("y", ("rows", "columns")),),
    cases=module_cases,
    aspects=(Aspect("product", "x @ W", 1.0), manner("gradients", 1.0)),
    reference=f"{__name__}:Net",
    kind="class",
)


def module_verdict(learner):
    return judge(CHAPTER, MODULE, respond(MODULE, learner, 0), ())


class Extra(Net):
    def __init__(self, d_in, d_out):
        super().__init__(d_in, d_out)
        self.bias = nn.Parameter(torch.zeros(d_out))


class Buffered(Net):
    def __init__(self, d_in, d_out):
        super().__init__(d_in, d_out)
        self.register_buffer("scale", torch.ones(()))


class Renamed(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(d_in, d_out))


class Transposed(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.W = nn.Parameter(torch.zeros(d_out, d_in))


class NoInit(nn.Module):
    def __init__(self):
        super().__init__()


class NoForward(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.W = nn.Parameter(torch.zeros(d_in, d_out))


def test_modules_get_the_weights_of_the_check_and_buffers_are_fine():
    assert module_verdict(Net).score == 2
    assert module_verdict(Buffered).score == 2


@pytest.mark.parametrize(
    ("learner", "sentence"),
    [
        (Extra, "parameter bias is not asked for"),
        (Renamed, "parameter W is missing; parameter weight is not asked for"),
        (Transposed, "parameter W has shape (3, 5), asked is (5, 3)"),
        (Net(5, 3), "an instance of a module"),
        (scaled_mean, "Net is a function. A class is asked"),
        (Cache, "not a module"),
        (NoInit, "TypeError"),
        (NoForward, "NotImplementedError"),
    ],
)
def test_modules_of_the_wrong_kind_are_refused_in_words(learner, sentence):
    report = module_verdict(learner)
    assert report.score == 0
    assert sentence in " ".join(report.text.split())


def test_a_fresh_argument_is_made_anew_for_each_call():
    made = []

    def make():
        made.append(0)
        return iter([1, 2])

    exercise = Exercise(
        id="first",
        points=1,
        signature="first(items)",
        returns=(Output("item", kind="number"),),
        cases=lambda seed: [
            Case("only", "twice", {"items": Fresh(make)}, observe="repeat", then=({"items": Fresh(make)},))
        ],
        aspects=(Aspect("only", "the first item", 1.0),),
        reference="builtins:next",
    )
    assert judge(CHAPTER, exercise, respond(exercise, lambda items: next(items), 0), ()).score == 1
    assert len(made) == 8  # four calls of the learner's, four of the reference


ONE, TWO = torch.arange(3.0), torch.arange(5.0)


def containers(state):
    """Judge of a function of a `state`, which the reference leaves alone."""
    exercise = Exercise(
        id="count",
        points=2,
        signature="count(state)",
        returns=(Output("count", kind="number"),),
        cases=lambda seed: [Case("only", "once", {"state": state})],
        aspects=(Aspect("only", "the number of things", 1.0), manner("unchanged", 1.0)),
        reference="builtins:len",
    )
    return lambda learner: judge(CHAPTER, exercise, respond(exercise, learner, 0), ())


@pytest.mark.parametrize(
    "state", [[ONE, TWO], (ONE, TWO), {"a": ONE, "b": TWO}, (ONE, {"a": [TWO]}), [1, 2], {}], ids=repr
)
def test_containers_arrive_as_they_are_given(state):
    seen = []
    report = containers(state)(lambda state: seen.append(state) or len(state))
    assert report.score == 2, report.text
    assert repr(seen) == repr([state])
    assert seen[0] is not state


def put(state):
    state["c"] = 1


@pytest.mark.parametrize(
    ("state", "change"),
    [
        ([ONE, TWO], lambda state: state.reverse()),
        ([1, 2], lambda state: state.pop()),
        ([1, 2], lambda state: state.__setitem__(0, 3)),
        ([1, [2]], lambda state: state.__setitem__(1, 2)),
        ({"a": (1,)}, lambda state: state.update(a=None)),
        ((ONE, TWO), lambda state: state[0].add_(1)),
        ({"a": ONE}, put),
        ({"a": ONE}, lambda state: state["a"].add_(1)),
        ({"a": ONE}, lambda state: state.clear()),
        ((ONE, {"a": [TWO]}), lambda state: state[1]["a"][0].zero_()),
    ],
)
def test_a_change_inside_a_container_is_seen(state, change):
    def learner(state):
        count = len(state)
        change(state)
        return count

    report = containers(state)(learner)
    assert failed(report) == {"unchanged"}
    assert "changes state in place" in report.text


def test_responding_needs_neither_the_reference_nor_the_mistakes():
    code = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        package, _, module = name.partition(".")
        ours = package == "attn_course" and module.partition(".")[0] not in ("", "checks", "text")
        if ours or name.startswith("attn_course.checks.mistakes."):
            raise ImportError(name + " is out of reach")
sys.meta_path.insert(0, Block())
from attn_course.checks.engine.respond import respond
from attn_course.checks.registry import chapters
for chapter in chapters().values():
    for exercise in chapter.exercises:
        learner = type(exercise.id, (__import__("torch").nn.Module,), {}) if exercise.kind == "class" else print
        assert respond(exercise, learner, 0).cases
print("responded")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip().endswith("responded"), done.stderr


class Hostile:
    """Fails whatever is asked of it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None

    def __len__(self):
        raise RuntimeError("len")

    def __repr__(self):
        raise RuntimeError("repr")


class BadError(Exception):
    def __str__(self):
        raise RuntimeError("str")


class BadTensor(torch.Tensor):
    pass


def raises(error):
    def learner(x, scale=2.0):
        raise error

    return learner


def endless_items():
    while True:
        yield 1


X = torch.zeros(5, 7)
ODD_RETURNS = {
    "a dict": {"scaled": X, "mean": X},
    "a generator": endless_items(),
    "a string": "no",
    "bytes": b"no",
    "an object that fails": Hostile(),
    "a pair of objects that fail": (Hostile(), Hostile()),
    "a sparse tensor": (X.to_sparse(), X[0]),
    "a complex tensor": (X.to(torch.complex64), X.mean(-1)),
    "a subclass": (X.as_subclass(BadTensor), X.mean(-1)),
    "integers": (X.long(), X.long().sum(-1)),
    "booleans": (X.bool(), X.bool()[..., 0]),
    "an empty tuple": (),
    "nested lists": [[[[[[1]]]]]],
    "a list that contains itself": (loop := []) or loop,
    "a huge expanded tensor": (torch.zeros(1).expand(10**9), X.mean(-1)),
    "infinities": (X / 0 + math.inf, X.mean(-1)),
    "a tensor on meta": (X.to("meta"), X.mean(-1)),
    "a module": nn.Linear(2, 2),
    "a class": Hostile,
    "a huge integer": 10**5000,
    "a very long list": [0] * 10**6,
}


@pytest.mark.parametrize("name", ODD_RETURNS)
def test_whatever_is_returned_ends_in_a_report_without_points(name):
    report = verdict(lambda x, scale=2.0: ODD_RETURNS[name])
    assert report.score == 0
    assert len(report.text) < 5000


ERRORS = [SystemExit(3), GeneratorExit(), MemoryError(), BadError(), StopIteration(), RecursionError("x" * 10**6)]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_is_raised_ends_in_a_report_without_points(error):
    report = verdict(raises(error))
    assert report.score == 0
    assert type(error).__name__ in report.text
    assert len(report.text) < 5000


@pytest.mark.parametrize(
    "learner", [Hostile(), Hostile, BadTensor, X, nn.Linear(7, 7)], ids=lambda thing: f"a {type(thing).__name__}"
)
def test_whatever_is_passed_ends_in_a_report_without_points(learner):
    assert verdict(learner).score == 0
    assert module_verdict(learner).score == 0


def test_markup_of_the_learner_does_not_reach_the_page():
    report = verdict(raises(ValueError("<script>alert(1)</script>")))
    assert "<script>" not in report.html
    assert "&lt;script&gt;" in report.html
