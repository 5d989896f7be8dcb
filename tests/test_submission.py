"""Reading what was handed in: damaged notebooks are graded for what is in them, and nothing is followed."""

import json
import os
import socket

import nbformat
import pytest

from attn_course.grading.submission import MAX_NOTEBOOK, Ungradable, installed_modules, read_cells, read_submission

NAME = "04_demo"
WANTED = f"{NAME}.ipynb"


def notebook(*sources, **changes):
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    return {**nbformat.v4.new_notebook(cells=cells), **changes}


def dump(tree):
    return json.dumps(tree).encode()


def sources(content):
    return [cell.source for cell in read_cells(content).cells]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / WANTED).write_bytes(dump(notebook("x = 1")))
    return tmp_path / NAME


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("latin-1"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"  \n" + text.encode() + b"\n\n",
    ],
    ids=["BOM", "UTF-16", "Latin-1", "CRLF", "blank lines"],
)
def test_any_encoding_is_read(encode):
    text = json.dumps(notebook("s = 'é'"), ensure_ascii=False, indent=1)
    assert sources(encode(text)) == ["s = 'é'"]


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        ({"source": ["a\n", "b"]}, "a\nb"),
        ({"source": "a\r\nb\rc"}, "a\nb\nc"),
        ({"source": ["a", 3, None]}, "a"),
        ({"source": 5}, ""),
        ({"source": None, "metadata": None}, ""),
        ({"source": "'\ud800'"}, "'�'"),
        ({"source": "a\x00b"}, "a�b"),
        ({"input": "a", "prompt_number": 2}, "a"),
    ],
)
def test_a_cell_of_any_shape_is_read(cell, source):
    assert sources(dump({"cells": [{"cell_type": "code", **cell}]})) == [source]


def test_format_3_is_read():
    old = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1"], "outputs": []}]}]}
    assert sources(dump(old)) == ["a = 1"]


def test_ids_and_grade_ids_are_kept_where_they_are_texts():
    cells = [
        {"cell_type": "code", "id": "a", "metadata": {"nbgrader": {"grade_id": "x-answer", "points": 9}}, "source": ""},
        {"cell_type": "code", "id": 3, "metadata": {"nbgrader": {"grade_id": ["x"]}}, "source": ""},
        {"cell_type": 7, "source": "z"},
        "no cell",
    ]
    read = read_cells(dump({"cells": cells})).cells
    assert [cell.get("id") for cell in read] == ["a", None, None]
    assert read[0].metadata.nbgrader == {"grade_id": "x-answer"}
    assert "nbgrader" not in read[1].metadata
    assert read[2].cell_type == "raw"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<html></html>", "not? ?being JSON|stops being JSON"),
        (b"[1, 2]", "no notebook"),
        (b'{"cells": [{"cell_type": "code"', "after line 1"),
        (b"[" * 100_000, "stops being JSON"),
        (b'{"cells": ' + b"1" * 10_000 + b"}", "stops being JSON"),
        (b'{"cells": []}', "no cells"),
        (b'{"cells": {}}', "no cells"),
        (b'{"worksheets": 4}', "no cells"),
        (dump({"cells": [{"cell_type": "code", "source": ""}] * 5001}), "more than 5000 cells"),
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(content, message):
    with pytest.raises(Ungradable, match=message):
        read_cells(content)


def test_helper_files_come_along(folder):
    (folder / "helpers.py").write_text("y = 2")
    (folder / "pack").mkdir()
    (folder / "pack" / "__init__.py").write_text("")
    (folder / "numbers.csv").write_text("1,2")
    (folder / "tool.exe").write_bytes(b"MZ")
    (folder / ".hidden.py").write_text("")
    read = read_submission(folder, NAME)
    assert set(read.helpers) == {"helpers.py", "pack/__init__.py", "numbers.csv"}
    assert read.notes == (read.notes[0],) and read.notes[0].startswith("tool.exe was left out: only .py")


@pytest.mark.parametrize("name", ["torch.py", "numpy/__init__.py", "sitecustomize.py", "attn_course.py", "json.py"])
def test_nothing_takes_the_place_of_a_library(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("raise SystemExit")
    read = read_submission(folder, NAME)
    assert read.helpers == {}
    assert "the name of an installed module" in read.notes[0]


def test_installed_modules_are_those_of_this_environment():
    assert {"torch", "IPython", "ipykernel_launcher", "os", "nbgrader"} <= installed_modules()
    assert "helpers" not in installed_modules()


def test_a_renamed_notebook_is_taken_where_there_is_one_alone(folder):
    (folder / WANTED).rename(folder / "my solution (1).IPYNB")
    read = read_submission(folder, NAME)
    assert read.notebook[0] == "my solution (1).IPYNB"
    assert read.notes == (f"my solution (1).IPYNB was graded as {WANTED}.",)
    (folder / "other.ipynb").write_bytes(b"{}")
    with pytest.raises(Ungradable, match=r"2 notebooks: my solution .1..IPYNB, other.ipynb. Name the one"):
        read_submission(folder, NAME)
    (folder / WANTED).write_bytes(dump(notebook("right")))
    assert read_submission(folder, NAME).notebook[0] == WANTED


def test_a_notebook_one_folder_deeper_is_found(folder):
    (folder / "unpacked").mkdir()
    (folder / WANTED).rename(folder / "unpacked" / WANTED)
    assert read_submission(folder, NAME).notebook[0] == f"unpacked/{WANTED}"


def test_without_a_notebook_it_says_what_is_wanted(folder):
    (folder / WANTED).unlink()
    with pytest.raises(Ungradable, match=f"no notebook. Wanted is {WANTED}"):
        read_submission(folder, NAME)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "socket", "large"])
def test_what_is_no_plain_file_is_not_opened(folder, kind, monkeypatch):
    path = folder / WANTED
    monkeypatch.chdir(folder)  # the path of a socket must be short
    path.unlink()
    if kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(WANTED)
    else:
        with path.open("wb") as file:
            file.truncate(MAX_NOTEBOOK + 1)
    said = "larger than 32 MiB" if kind == "large" else f"it is a {kind}, not a file"
    with pytest.raises(Ungradable, match=said):
        read_submission(folder, NAME)


def test_links_beside_the_notebook_are_left_out(folder, tmp_path):
    (tmp_path / "secret.py").write_text("secret = 1")
    (folder / "secret.py").symlink_to(tmp_path / "secret.py")
    (folder / "away").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.py")
    read = read_submission(folder, NAME)
    assert read.helpers == {}
    assert sorted(note.split(":")[1].strip() for note in read.notes) == [
        "it is a link, not a file.",
        "it is a link, not a file.",
        "it is a pipe, not a file.",
    ]


def test_a_folder_that_is_a_link_is_refused(folder, tmp_path):
    (tmp_path / "other").symlink_to(folder)
    with pytest.raises(Ungradable, match="other is a link"):
        read_submission(tmp_path / "other", NAME)
    with pytest.raises(Ungradable, match="is no folder"):
        read_submission(folder / WANTED, NAME)


def test_too_many_files_are_refused(folder):
    for number in range(201):
        (folder / f"f{number}.txt").touch()
    with pytest.raises(Ungradable, match="more than 200 files"):
        read_submission(folder, NAME)


def test_the_timestamp_is_read_like_everything_else(folder):
    (folder / "timestamp.txt").write_text("2026-11-21 10:00:00 UTC\n")
    assert read_submission(folder, NAME).handed_in == "2026-11-21 10:00:00 UTC"
    (folder / "timestamp.txt").unlink()
    (folder / "timestamp.txt").symlink_to("/etc/hostname")
    assert read_submission(folder, NAME).handed_in == ""


def test_the_digest_changes_with_what_is_graded(folder):
    before = read_submission(folder, NAME).digest
    assert read_submission(folder, NAME).digest == before
    (folder / "tool.exe").write_bytes(b"MZ")
    assert read_submission(folder, NAME).digest == before
    (folder / "helpers.py").write_text("y = 2")
    after = read_submission(folder, NAME).digest
    (folder / WANTED).write_bytes(dump(notebook("x = 2")))
    assert len({before, after, read_submission(folder, NAME).digest}) == 3
