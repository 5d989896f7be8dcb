"""The corpus of hostile notebooks is what it says: its files can be built, its code runs, its true scores are true."""

import ast
import contextlib
import io
import math
import re
import socket
import stat

import nbformat
import pytest
import torch
import torch.nn.functional as F
from IPython.core.inputtransformer2 import TransformerManager
from torch import nn

from attn_course.checks import check, evaluate
from attn_course.grading.cells import answer_id
from tests.hostile import ENTRIES
from tests.hostile.classroom import new_classroom
from tests.hostile.entry import Device, Fifo, Folder, Link, Listener, Sparse, place
from tests.hostile.stealing import EASY, table_of_answers
from tests.hostile.writing import cell, worthless

NO_PYTHON = {
    "honest-fails-between-the-exercises",
    "honest-magics",  # of %%bash
    "damage-null-characters",
    "damage-surrogates",
    "damage-sources-of-other-types",
    "damage-another-chapter",
    "inner-sources-too-deep",
    "inner-sources-too-deep-to-search",
    "inner-many-long-lines",
}


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    outside = folder / "outside"
    outside.mkdir()
    return new_classroom(folder / "class", outside)


def notebook_of(entry, classroom):
    """The notebook that is handed in; None where it is no well-formed one under the name of the assignment."""
    material = classroom.materials[entry.assignment]
    content = entry.build(material).get(material.filename)
    if not entry.valid or not isinstance(content, bytes):
        return None
    return nbformat.reads(content.decode(), as_version=4)


def test_there_are_many_and_each_has_a_name_of_its_own():
    assert len(ENTRIES) >= 66
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    assert all(re.fullmatch(r"[a-z0-9-]{5,60}", entry.name) for entry in ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_well_formed(entry, classroom):
    material = classroom.materials[entry.assignment]
    files = entry.build(material)
    assert files
    assert entry.scores or entry.reason, "says what is to become of it"
    re.compile(entry.reason)
    true = entry.true_scores(material.points)
    if true is not None:
        assert true.keys() == material.points.keys()
        assert all(0 <= true[name] <= worth for name, worth in material.points.items())
        assert entry.unless_signalled <= {name for name, score in true.items() if score == 0}
    for content in files.values():
        if isinstance(content, bytes):
            assert str(material.folder).encode() not in content, (
                "paths would be found in the page that shows the source"
            )
            assert classroom.secret.encode() not in content
    notebook = notebook_of(entry, classroom)
    if notebook is not None and entry.name not in {"cells-metadata-of-other-types"}:
        nbformat.validate(notebook)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_code_of_an_entry_is_python(entry, classroom):
    """An attack that fails by a slip of its own shows nothing about a grader."""
    notebook = notebook_of(entry, classroom)
    if notebook is None or entry.name in NO_PYTHON:
        return
    for one in notebook.cells:
        if one.cell_type == "code":
            source = TransformerManager().transform_cell(one.source)
            compile(source, entry.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def ran(source: str, name: str):
    """What an answer cell defines after the setup cell."""
    known = {"math": math, "torch": torch, "nn": nn, "F": F, "check": check, "__name__": "__main__"}
    lines = [line for line in source.splitlines() if not line.startswith(("%", f'check("{name}"'))]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        exec(compile("\n".join(lines), "<answer>", "exec"), known)
    return known[name]


def test_worthless_answers_earn_nothing(classroom):
    for material in classroom.materials.values():
        for name in material.points:
            answer = ran(worthless(name), name)
            assert [evaluate(name, answer, seed=seed).score for seed in range(3)] == [0.0] * 3


def honest_answers(classroom):
    """Every text of an answer in an honest notebook that earns full marks, once."""
    found = set()
    for entry in ENTRIES:
        notebook = notebook_of(entry, classroom) if entry.honest else None
        if notebook is None or entry.name.startswith(("damage", "cells", "host", "honest-compiles")):
            continue
        true = entry.true_scores(classroom.materials[entry.assignment].points)
        found |= {(name, cell(notebook, answer_id(name)).source) for name, score in true.items() if score}
    return sorted(found)


def test_honest_answers_earn_full_marks(classroom):
    answers = honest_answers(classroom)
    assert len(answers) > 20
    points = {name: worth for material in classroom.materials.values() for name, worth in material.points.items()}
    with contextlib.redirect_stderr(io.StringIO()):
        wrong = [name for name, source in answers if evaluate(name, ran(source, name), seed=5).score != points[name]]
    assert not wrong


def test_the_answers_for_a_known_seed_are_right_for_no_other():
    answer = ran(table_of_answers(), EASY)
    assert evaluate(EASY, answer, seed=0).score > 1
    assert [evaluate(EASY, answer, seed=seed).score for seed in range(1, 9)] == [0.0] * 8


def test_a_listener_hears_of_every_call(tmp_path):
    with Listener(tmp_path) as listener:
        for family, kind, address in (
            (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", listener.port)),
            (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", listener.port)),
            (socket.AF_UNIX, socket.SOCK_STREAM, str(tmp_path / "s")),
            (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{tmp_path / 's'}"),
        ):
            with socket.socket(family, kind) as caller:
                caller.connect(address)
                if kind == socket.SOCK_DGRAM:
                    caller.send(b"hello")
        assert listener.heard(4) == {"TCP", "UDP", "Unix", "abstract"}


def test_files_of_every_kind_are_made(tmp_path):
    kinds = {"l": Link("x"), "p": Fifo(), "d": Folder(), "s": Sparse(2**30), "f": b"x"}
    for name, content in kinds.items():
        place(content, tmp_path / name)
    modes = {name: (tmp_path / name).lstat().st_mode for name in kinds}
    checks = (stat.S_ISLNK, stat.S_ISFIFO, stat.S_ISDIR, stat.S_ISREG, stat.S_ISREG)
    assert all(is_kind(modes[name]) for name, is_kind in zip(kinds, checks, strict=True))
    assert (tmp_path / "s").stat().st_blocks == 0
    place(Device(), tmp_path / "zero")
    assert not (tmp_path / "zero").is_file()
