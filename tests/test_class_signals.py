"""`attn-course class signals`: answers that are nearly the same, and the table of all signals."""

import csv
import importlib
import random

import nbformat
import pytest

from attn_course import cli
from attn_course.checks.registry import chapters
from attn_course.grading.classroom import create_class
from attn_course.grading.demo import solve, with_answer
from attn_course.grading.inject import as_answer
from attn_course.grading.ledger import Entry, Ledger
from attn_course.grading.likeness import MOST_NAMED, Class
from attn_course.grading.release import solution_path
from tests.test_repository import CHAPTERS, PROJECT

CHAPTER = chapters()["scaled_dot_product"]
POINTS = {exercise.id: exercise.points for exercise in CHAPTER.exercises}
STUB = "def task(query, key, value):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
SOLUTION = "def task(query, key, value):\n    scores = query @ key.mT / math.sqrt(key.shape[-1])\n    return scores @ value"

MINE = '''
def task(query, key, value):
    """Row by row."""
    rows = []
    for i in range(query.shape[-2]):
        weight = [float((query[..., i, :] * key[..., j, :]).sum(-1)) / key.shape[-1] ** 0.5 for j in range(key.shape[-2])]
        biggest = max(weight)
        weight = [math.exp(w - biggest) for w in weight]
        total = sum(weight)
        rows.append(sum(w / total * value[..., j, :] for j, w in enumerate(weight)))
    return torch.stack(rows, dim=-2)
'''
RENAMED = '''
# all my own work
def task(q, k, v):
    out = []   # what comes out

    for row in range(q.shape[-2]):
        p = [float((q[..., row, :] * k[..., c, :]).sum(-1)) / k.shape[-1] ** 0.5 for c in range(k.shape[-2])]
        m = max(p)
        p = [math.exp(x - m) for x in p]
        n = sum(p)
        print("row")
        out.append(sum(x / n * v[..., c, :] for c, x in enumerate(p)))
    return torch.stack(out, dim=-2)
'''
OTHER = '''
def task(query, key, value):
    d = key.size(-1)
    logits = torch.einsum("...qd,...kd->...qk", query, key).mul_(d**-0.5)
    logits -= logits.amax(dim=-1, keepdim=True)
    e = logits.exp()
    attention = e / e.sum(dim=-1, keepdim=True)
    return torch.einsum("...qk,...kv->...qv", attention, value)
'''


def alike(answers, known=(STUB, SOLUTION)):
    """Student → those whose answers are like theirs."""
    whole = Class({"task": known})
    for student, source in answers.items():
        whole.add(student, "task", source)
    return {found.student: found.others for found in whole.alike("task")}


def varied(number, lines=8):
    """Made-up code, other for each number."""
    chance = random.Random(number)
    operators = ["+", "-", "*", "@", "/", "//", "**", "<", "|"]
    terms = ["a", "b.c", "f(x)", "g(x, 1)", "h[0]", "k[:, 1]", "2"]
    body = [
        "    x = " + " ".join(f"{chance.choice(terms)} {chance.choice(operators)}" for _ in range(5)) + " y"
        for _ in range(lines)
    ]
    return "\n".join(["def task(x):", *body, "    return x"])


def test_a_copy_is_found_whatever_its_names_and_comments():
    found = alike({"ada": MINE, "bob": RENAMED, "eve": OTHER})
    assert found == {"ada": ("bob",), "bob": ("ada",)}


def test_a_copy_word_by_word_is_found_with_its_share():
    whole = Class({"task": [STUB]})
    for student in ("ada", "bob", "eve"):
        whole.add(student, "task", MINE)
    first, *_ = whole.alike("task")
    assert (first.student, first.others, first.count, first.share) == ("ada", ("bob", "eve"), 2, 1.0)


def test_short_answers_are_alike_by_nature():
    short = "def task(query, key, value):\n    return torch.softmax(query @ key.mT, -1) @ value"
    assert alike({"ada": short, "bob": short, "eve": short}) == {}


def test_what_the_release_and_the_solution_have_counts_for_nothing():
    answers = {"ada": MINE, "bob": RENAMED}
    assert alike(answers, known=(STUB, MINE)) == {}
    assert alike({"ada": STUB, "bob": STUB}, known=(STUB,)) == {}


def test_what_much_of_the_class_has_counts_for_nothing():
    few = {f"copied-{n}": MINE for n in range(5)} | {f"own-{n}": varied(n) for n in range(45)}
    assert len(alike(few)) == 5
    many = few | {"copied-5": RENAMED}
    assert alike(many) == {}, "6 of 51 are more than a tenth"


def test_a_large_group_is_counted_and_named_in_part():
    whole = Class({"task": [STUB]})
    for number in range(300):
        whole.add(f"own-{number:03}", "task", varied(number))
    for number in range(30):
        whole.add(f"copied-{number:02}", "task", MINE)
    found = whole.alike("task")
    assert [one.student for one in found] == [f"copied-{n:02}" for n in range(30)]
    assert {one.count for one in found} == {29} and {len(one.others) for one in found} == {MOST_NAMED}
    assert found[0].others[0] == "copied-01" and found[1].others[0] == "copied-00"


def test_damaged_and_endless_answers_harm_nobody():
    odd = {"a": "def task(:\n  ''' never closed", "b": "\x00\x01\ud800 ☃", "c": "x" * 10**7, "d": "", "e": "(" * 9000}
    assert alike(odd | {"ada": MINE, "bob": RENAMED}) == {"ada": ("bob",), "bob": ("ada",)}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_right_answers_written_apart_are_not_alike(chapter):
    released = nbformat.read(PROJECT / "exercises" / chapter.name / f"{chapter.name}.ipynb", as_version=4)
    known = {exercise.id: [] for exercise in chapter.exercises}
    for cell in released.cells:
        if cell.id.removesuffix("-answer") in known:
            known[cell.id.removesuffix("-answer")].append(cell.source)
    whole, count = Class(known), 0
    for name, answer in vars(importlib.import_module(f"tests.answers.{chapter.slug}")).items():
        exercise, _, style = name.partition("__")
        if exercise in known and style and hasattr(answer, "__name__"):
            whole.add(style, exercise, as_answer(answer, exercise))
            count += 1
    assert count >= 4 * len(known)
    assert [found for exercise in known for found in whole.alike(exercise)] == []


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class that looks as it does after `attn-course grade`."""
    folder = tmp_path_factory.mktemp("signals") / "class"
    create_class(folder, [(solution_path(PROJECT, CHAPTER.name), POINTS)], 1)
    released, source = (
        nbformat.read(folder / step / CHAPTER.name / f"{CHAPTER.name}.ipynb", as_version=4)
        for step in ("release", "source")
    )
    solved = solve(released, source)
    ledger = Ledger(folder, CHAPTER.name)
    copy = "padding_mask"
    hand_ins = {
        "ada": (with_answer(solved, copy, MINE.replace("task", copy)), ["code: network", "forks"]),
        "bob": (with_answer(solved, copy, RENAMED.replace("task", copy)), []),
        "=cmd()\x1b[2J": (solved, ["ready-made answer"]),
        "eve": (solved, []),
    }
    for student, (notebook, told) in hand_ins.items():
        for step in ("submitted", "autograded"):
            path = folder / step / student / CHAPTER.name / f"{CHAPTER.name}.ipynb"
            path.parent.mkdir(parents=True)
            nbformat.write(notebook, path)
        ledger.write(student, Entry("graded", "key", 1, signals=told))
    # What was graded of bob is damaged, and of eve nothing can be read at all.
    (folder / "autograded" / "bob" / CHAPTER.name / f"{CHAPTER.name}.ipynb").write_bytes(b'{"cells": [')
    for step in ("submitted", "autograded"):
        (folder / step / "eve" / CHAPTER.name / f"{CHAPTER.name}.ipynb").unlink()
    (folder / "submitted" / "new" / CHAPTER.name).mkdir(parents=True)
    return folder


def test_the_table_and_the_file_say_the_same_and_are_safe_to_show(course, capsys):
    assert cli.main(["class", "signals", str(course)]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    lines = [line.split(maxsplit=1) for line in shown.splitlines()]
    assert lines[0] == ["04_scaled_dot_product:", "4 graded, 3 with something to look at."]
    assert lines[1] == ["=cmd()?[2J", "ready-made answer"]
    assert lines[2] == ["ada", "code: network"]
    assert lines[3] == ["forks"]
    # Neither the docstring nor the printed word is in both.
    assert " ".join(lines[4]) == "padding_mask: nearly the same as bob (90%)"
    assert " ".join(lines[5]) == "bob padding_mask: nearly the same as ada (90%)"
    path = course / "ledger" / CHAPTER.name / "signals.csv"
    assert lines[6] == ["Written:", str(path)]
    assert list(csv.reader(path.read_text(encoding="utf-8").splitlines())) == [
        ["learner", "signal", "exercise", "others", "alike"],
        ["'=cmd()?[2J", "ready-made answer", "", "", ""],
        ["ada", "code: network", "", "", ""],
        ["ada", "forks", "", "", ""],
        ["ada", "nearly the same", "padding_mask", "bob", "0.90"],
        ["bob", "nearly the same", "padding_mask", "ada", "0.90"],
    ]


def test_looking_changes_no_entry_and_looks_the_same_twice(course, capsys):
    before = {path: path.read_bytes() for path in (course / "ledger").rglob("*.json")}
    assert len(before) == 4
    said = set()
    for _ in range(2):
        assert cli.main(["class", "signals", str(course), "--assignment", CHAPTER.name]) == 0
        said.add(capsys.readouterr().out)
    assert len(said) == 1
    assert {path: path.read_bytes() for path in (course / "ledger").rglob("*.json")} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--assignment", "01_recurrence"], "'01_recurrence' was not graded here. First: attn-course grade"),
        (["--assignment", "../../etc"], "'../../etc' was not graded here"),
    ],
)
def test_what_was_not_graded_is_said_with_the_way_out(course, capsys, arguments, message):
    assert cli.main(["class", "signals", str(course), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_that_is_no_class_is_refused(tmp_path, capsys):
    assert cli.main(["class", "signals", str(tmp_path)]) == 2
    assert "is no course folder" in capsys.readouterr().err
