"""The ledger: one entry for each submission, whole or not there."""

import json

import pytest

from attn_course.grading.ledger import Entry, InUse, Ledger, alone, write_durably

ENTRY = Entry("graded", "key", 7, scores={"x": 1.5}, signals=["forks"], notes=["a note — here"], seconds=0.25)


@pytest.mark.parametrize("student", ["ann", "한국어", "a b\nc", "x" * 255, "é" * 127, "-n", "..x"])
def test_an_entry_comes_back(tmp_path, student):
    ledger = Ledger(tmp_path, "04_demo")
    assert ledger.entry(student) is None
    ledger.write(student, ENTRY)
    assert ledger.entry(student) == ENTRY
    assert ledger.entry(student + "y") is None


def test_long_names_do_not_meet(tmp_path):
    ledger = Ledger(tmp_path, "04_demo")
    ledger.write("x" * 254, ENTRY)
    assert ledger.entry("x" * 253 + "y") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "graded"}', "\udcff"])
def test_a_damaged_entry_counts_as_none(tmp_path, content):
    ledger = Ledger(tmp_path, "04_demo")
    ledger.write("ann", ENTRY)
    path = tmp_path / "ledger" / "04_demo" / "ann.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert ledger.entry("ann") is None


def test_a_write_leaves_the_old_content_or_the_new(tmp_path, monkeypatch):
    path = tmp_path / "a" / "file"
    write_durably(path, b"old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"


def test_one_grader_at_a_time(tmp_path):
    with alone(tmp_path), pytest.raises(InUse, match="another process"), alone(tmp_path):
        pass
    with alone(tmp_path):
        assert json.dumps("free again")
