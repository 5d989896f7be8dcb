"""Responses cross the wall as plain data: what was packed comes back, and nothing else is read."""

import json
import random

import numpy as np
import pytest
import torch

from attn_course.checks.engine.judge import judge, reference_of
from attn_course.checks.engine.observe import Failure, Observation, Response, Responses, Value
from attn_course.checks.engine.respond import respond
from attn_course.checks.engine.wire import MAX_BYTES, Unreadable, pack, unpack
from attn_course.checks.registry import chapters, mistakes
from attn_course.text import printable

TASKS = [
    pytest.param(chapter, exercise, id=exercise.id) for chapter in chapters().values() for exercise in chapter.exercises
]
SEED = 31


def known(chapter, exercise):
    return [mistake for mistake in mistakes(chapter.slug) if mistake.exercise == exercise.id]


@pytest.fixture(scope="module")
def task():
    """An exercise with its packed right responses."""
    exercise = chapters()["scaled_dot_product"].exercises[0]
    return exercise, pack(respond(exercise, reference_of(exercise), SEED, precision=torch.float64, watch=False))


def tree_of(packed):
    length = int.from_bytes(packed[:8], "big")
    return json.loads(packed[8 : 8 + length]), packed[8 + length :]


def packed_again(tree, rest):
    head = json.dumps(tree).encode()
    return len(head).to_bytes(8, "big") + head + rest


@pytest.mark.parametrize(("chapter", "exercise"), TASKS)
def test_the_verdict_is_the_same_on_both_sides(chapter, exercise):
    for mistake in known(chapter, exercise)[:3]:
        near = respond(exercise, mistake.implementation, SEED)
        far = unpack(pack(near), exercise, SEED)
        here, there = (judge(chapter, exercise, side, known(chapter, exercise)) for side in (near, far))
        assert there.text == here.text
        assert there.score == here.score < exercise.points


def test_failures_refusals_and_names_come_back(task):
    exercise, _ = task

    def raises(*_):
        raise ValueError("no\x1b[31m \u202e way")

    far = unpack(pack(respond(exercise, raises, SEED)), exercise, SEED)
    assert far.cases[0].observations[0].failure.message == "no�[31m � way"
    far = unpack(pack(respond(exercise, None, SEED)), exercise, SEED)
    assert "is None" in far.refusal
    far = unpack(pack(respond(exercise, torch.nn.functional.scaled_dot_product_attention, SEED)), exercise, SEED)
    assert far.ready_made


@pytest.mark.parametrize("value", [2.5, 7, True, 1 + 2j, np.float32(1.5), np.array(3, dtype=object)], ids=repr)
def test_numbers_come_back(task, value):
    exercise, _ = task
    cases = exercise.cases(SEED)
    data = np.asarray(value)
    seen = Observation(Value("number", type(value).__name__, data=data))
    responses = Responses(exercise.id, SEED, tuple(Response((seen,) * len(case.calls)) for case in cases))
    found = unpack(pack(responses), exercise, SEED).cases[0].observations[0].result
    if data.dtype == object:
        assert found.kind == "other"
    else:
        assert found.kind == "number" and found.data == data


def change(path, value):
    def changed(tree):
        at = tree
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        return tree

    return changed


FIRST = ("cases", 0, 0)
RESULT = (*FIRST, "result")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (change(("seed",), SEED + 1), "another seed"),
        (change(("seed",), True), "another seed"),
        (change(("exercise",), "rnn_step"), "another exercise"),
        (change(("extra",), 1), "other fields"),
        (change(("cases",), []), "answer 0 cases"),
        (change(("cases",), {}), "a list is missing"),
        (change(("cases", 0), []), "answer 0 calls"),
        (change(RESULT, None), "neither a result nor a failure"),
        (change((*RESULT, "kind"), "module"), "no known kind"),
        (change((*RESULT, "kind"), ["tensor"]), "no known kind"),
        (change((*RESULT, "device"), "cpu; rm"), "no known device"),
        (change((*RESULT, "shape"), [-1]), "a count is none"),
        (change((*RESULT, "shape"), [2**80]), "a count is none"),
        (change((*RESULT, "shape"), [1.0]), "a count is none"),
        (change((*RESULT, "shape"), [3]), "do not have its shape"),
        (change((*RESULT, "data"), ["object", [1]]), "a dtype that is not read"),
        (change((*RESULT, "data"), ["float64", [10**6, 10**6, 10**6]]), "cut short"),
        (change((*RESULT, "data"), ["float64", [1] * 40]), "too long"),
        (change((*FIRST, "gradients"), {"nobody": None}), "gradients that were not asked for"),
        (change((*FIRST, "gradients"), []), "gradients that were not asked for"),
        (change((*FIRST, "changed"), ["nobody"]), "that was not given"),
        (change((*FIRST, "failure"), ["E", "m", "l", 1, "elsewhere"]), "has no place"),
        (change((*FIRST, "failure"), ["E", "m", "l", 1, ["forward"]]), "has no place"),
        (change((*RESULT, "data"), [["float64"], [1]]), "a dtype that is not read"),
        (change((*FIRST, "changed"), [["x"]]), "a text is none"),
        (change((*FIRST, "failure"), ["E"]), "missing or too long"),
        (change(("refusal",), 5), "a text is none"),
    ],
)
def test_what_does_not_fit_is_refused(task, changed, message):
    exercise, packed = task
    tree, rest = tree_of(packed)
    with pytest.raises(Unreadable, match=message):
        unpack(packed_again(changed(tree), rest), exercise, SEED)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x00" * 7,
        b"\xff" * 64,
        (2).to_bytes(8, "big") + b"{]",
        (3).to_bytes(8, "big") + b"NaN",
        (200_000).to_bytes(8, "big") + b"[" * 200_000,
        (5000).to_bytes(8, "big") + b"1" * 5000,
        b"\x00" * (MAX_BYTES + 1),
    ],
    ids=["empty", "short", "long", "no JSON", "NaN", "deep", "digits", "large"],
)
def test_bytes_that_are_no_responses_are_refused(task, packed):
    with pytest.raises(Unreadable):
        unpack(packed, task[0], SEED)


def test_leftovers_are_refused(task):
    with pytest.raises(Unreadable, match="left over"):
        unpack(task[1] + b"x", task[0], SEED)


def test_damaged_bytes_never_do_more_than_be_refused(task):
    """Any bytes end in responses that can be judged or in a refusal, and never in full marks for other numbers."""
    exercise, packed = task
    chapter = chapters()["scaled_dot_product"]
    chance = random.Random(SEED)
    judged = 0
    for _ in range(150):
        damaged = bytearray(packed)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            responses = unpack(bytes(damaged), exercise, SEED)
        except Unreadable:
            continue
        judge(chapter, exercise, responses, [])
        judged += 1
    assert judged > 10


def test_a_forged_value_of_another_kind_is_judged_and_wrong(task):
    exercise, _ = task
    chapter = chapters()["scaled_dot_product"]
    for value in (
        Value("sequence", "list"),
        Value("tensor", "Tensor", "nonsense", "meta", (2**62,)),
        Value("tensor", "Tensor", "float32", "cpu", (1,), np.array([np.nan])),
        Value("none", "None"),
        Value("other", "Evil", items=(Value("none", "None"),)),
    ):
        cases = exercise.cases(SEED)
        forged = tuple(Response((Observation(value),) * len(case.calls)) for case in cases)
        far = unpack(pack(Responses(exercise.id, SEED, forged)), exercise, SEED)
        assert judge(chapter, exercise, far, []).score == 0


def test_results_that_are_too_large_are_said_to_be(task):
    exercise, _ = task
    cases = exercise.cases(SEED)
    value = Value("tensor", "Tensor", "float64", "cpu", (4_000_000,), np.zeros(4_000_000))
    huge = tuple(Response((Observation(value),) * len(case.calls)) for case in cases)
    with pytest.raises(Unreadable, match="far more than are asked for"):
        pack(Responses(exercise.id, SEED, huge))


def test_printable_keeps_what_people_write():
    assert printable("naïve — 한국어 ✓\n\ttab") == "naïve — 한국어 ✓\n\ttab"
    assert printable("\x1b[0m\x00\u2066\u200f") == "�[0m���"


def test_a_failure_keeps_its_words(task):
    exercise, _ = task
    cases = exercise.cases(SEED)
    failed = Observation(failure=Failure("E" * 900, "m" * 900, "line", 3, "backward"))
    far = unpack(
        pack(Responses(exercise.id, SEED, tuple(Response((failed,) * len(case.calls)) for case in cases))), exercise, SEED
    )
    assert len(far.cases[0].observations[0].failure.message) == 400
    assert far.cases[0].observations[0].failure.where == "backward"
