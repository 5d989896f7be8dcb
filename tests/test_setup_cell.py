"""The first cell of every notebook, where the course is installed and where it is not."""

import importlib.util
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import attn_course.grading

SOURCE = (Path(attn_course.grading.__file__).parent / "setup_cell.py").read_text(encoding="utf-8")
WHEEL = "attn_course-0.1.0-py3-none-any.whl"


@pytest.fixture
def hosted(monkeypatch, tmp_path):
    """A hosted service without the course: `missing` says what else is not there, `calls` what pip was asked for."""
    service = SimpleNamespace(folder=tmp_path, missing={"attn_course"}, calls=[], returncode=0)
    find_spec = importlib.util.find_spec

    def run(command):
        assert command[1:5] == ["-m", "pip", "install", "--quiet"]
        service.calls.append(command[5:])
        return SimpleNamespace(returncode=service.returncode)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in service.missing else find_spec(name))
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.chdir(tmp_path)
    return service


def run_cell(source=SOURCE):
    names = {}
    exec(compile(source, "<setup>", "exec"), names)
    return names


def test_where_the_course_is_installed_it_only_imports(hosted):
    hosted.missing = set()
    assert {"math", "torch", "F", "nn", "check"} <= run_cell().keys()
    assert hosted.calls == []


def test_a_course_file_beside_the_notebook_is_installed_without_replacing_the_services_libraries(hosted):
    (hosted.folder / WHEEL).touch()
    run_cell()
    assert hosted.calls == [["--no-deps", WHEEL]]


def test_what_the_service_lacks_is_installed_too(hosted):
    (hosted.folder / WHEEL).touch()
    hosted.missing.add("jaxtyping")
    run_cell()
    assert hosted.calls == [["--no-deps", WHEEL], ["jaxtyping"]]


def test_the_variable_goes_before_the_file(hosted):
    (hosted.folder / WHEEL).touch()
    source = SOURCE.replace('COURSE_PACKAGE = ""', 'COURSE_PACKAGE = "course.zip"')
    assert source != SOURCE
    run_cell(source)
    assert hosted.calls == [["--no-deps", "course.zip"]]


def test_without_a_course_file_it_says_what_to_do(hosted):
    with pytest.raises(ModuleNotFoundError, match=r"Upload the course file \(attn_course-….whl.*make lab"):
        run_cell()
    assert hosted.calls == []


def test_where_pip_fails_it_asks_for_the_network(hosted):
    (hosted.folder / WHEEL).touch()
    hosted.returncode = 1
    with pytest.raises(RuntimeError, match=f"could not install {WHEEL}.*network"):
        run_cell()
