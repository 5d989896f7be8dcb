"""`attn-course grade` from end to end: true grades, one state each, and the same whatever happens on the way."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from attn_course.checks.registry import chapters
from attn_course.grading.classroom import create_class
from attn_course.grading.demo import TRUTH, fill_class
from attn_course.grading.kinds import HONEST
from attn_course.grading.release import solution_path
from attn_course.grading.truth import compare

PROJECT = Path(__file__).parents[1]
CHAPTER = chapters()["scaled_dot_product"]
NAME = CHAPTER.name
SEED = 23
LEARNERS = len(HONEST) + 12  # three rounds of mistakes, each with a hostile one; the third cannot be graded
DAMAGED = f"learner-{LEARNERS}"
KILLED = 3  # runs; benchmarks/killed.py does more


def command(folder, *options):
    return [sys.executable, "-m", "attn_course.cli", "grade", str(folder), *options]


def environment(**changes):
    return {**os.environ, "PYTHONPATH": str(PROJECT), **changes}


def grade(folder, *options, code=0, **changes):
    """Run the command as an instructor does, and return what it says."""
    done = subprocess.run(
        command(folder, *options), env=environment(**changes), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A class that nobody has graded."""
    folder = tmp_path_factory.mktemp("fresh") / "class"
    points = {exercise.id: exercise.points for exercise in CHAPTER.exercises}
    create_class(folder, [(solution_path(PROJECT, NAME), points)], SEED)
    fill_class(folder, [CHAPTER], LEARNERS, SEED)
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("c.Sandbox.check_seconds = 2\nc.Sandbox.cell_seconds = 4\n")  # one of them never ends
    return folder


@pytest.fixture(scope="module")
def graded(fresh, tmp_path_factory):
    """The same, graded by two processes."""
    folder = tmp_path_factory.mktemp("graded") / "class"
    shutil.copytree(fresh, folder)
    said = grade(folder, "--workers", "2", code=1)
    assert f"{DAMAGED}: ungradable: the notebook is damaged" in said
    assert f"{LEARNERS} submissions: {LEARNERS - 1} graded, 1 ungradable." in said
    return folder


def ledger(folder):
    """What the ledger says, without what depends on the clock."""
    entries = {path.stem: json.loads(path.read_text()) for path in (folder / "ledger" / NAME).glob("*.json")}
    for entry in entries.values():
        del entry["seconds"]
    return entries


def some(fresh, folder, which):
    """A copy of the class with some of its learners alone."""
    shutil.copytree(fresh, folder)
    truth = json.loads((folder / TRUTH).read_text())
    kept = list(truth)[which]
    for path in (folder / "submitted").iterdir():
        if path.name not in kept:
            shutil.rmtree(path)
    (folder / TRUTH).write_text(json.dumps({name: truth[name] for name in kept}))
    return folder


EVERY_SECOND = slice(3, 16, 2)


def same_as(folder, graded):
    """Whether the learners of a smaller class have the same entries as in the whole class."""
    found, wanted = ledger(folder), ledger(graded)
    assert len(found) > 5
    return found == {name: wanted[name] for name in found}


def test_every_grade_is_the_true_one(graded):
    table, equal = compare(graded)
    assert equal, table


def test_every_submission_has_one_state(graded):
    entries = ledger(graded)
    assert sorted(entries) == sorted(path.name for path in (graded / "submitted").iterdir())
    assert {name for name, entry in entries.items() if entry["state"] != "graded"} == {DAMAGED}
    assert entries[DAMAGED]["scores"] == {}
    assert all(entry["reason"] == "" for name, entry in entries.items() if name != DAMAGED)
    assert len({entry["seed"] for entry in entries.values()}) == LEARNERS, "every submission has a seed of its own"
    assert not [entry for entry in entries.values() if entry["trusted"]]


def test_what_has_not_changed_is_left_alone(graded):
    before = {path: path.stat().st_mtime_ns for path in (graded / "autograded").rglob("*.ipynb")}
    said = grade(graded, code=1)
    assert f"{LEARNERS - 1} unchanged, 1 ungradable." in said
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_new_submission_is_graded_and_replaces_the_old_grade(fresh, tmp_path):
    folder = some(fresh, tmp_path / "class", slice(3))
    solution, untouched, _ = sorted((folder / "submitted").iterdir())
    grade(folder, "--workers", "1")
    path = untouched / NAME / f"{NAME}.ipynb"
    path.write_bytes((solution / NAME / f"{NAME}.ipynb").read_bytes())
    assert "3 submissions: 1 graded, 2 unchanged." in grade(folder)
    assert sum(ledger(folder)[untouched.name]["scores"].values()) == 20
    path.write_text("<html>Please log in</html>")
    grade(folder, code=1)
    assert "by hand" in compare(folder)[0], "neither the old grade nor 0"
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert "is a link" in grade(folder, "--student", untouched.name, code=1)


def test_one_learner_can_be_graded_again(graded):
    before = ledger(graded)
    said = grade(graded, "--student", "learner-09", "--regrade", "--workers", "1")
    assert "1 submissions: 1 graded." in said
    assert ledger(graded) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--student", "nobody"], "'nobody' has handed in nothing"),
        (["--assignment", "99_none"], "there is no assignment '99_none'; released are " + NAME),
        (["--dask", "tcp://127.0.0.1:9"], "there is no Dask scheduler at tcp://127.0.0.1:9"),
        (["--workers", "0"], "'0' is no whole number of at least 1"),
    ],
)
def test_what_is_not_there_is_named(graded, options, message):
    assert message in grade(graded, *options, code=2)


def test_what_was_handed_in_under_a_wrong_name_is_named(graded, tmp_path):
    """No command would ever look at it."""
    folder = tmp_path / "class"
    shutil.copytree(graded, folder)
    (folder / "submitted" / DAMAGED / NAME).rename(folder / "submitted" / DAMAGED / f"{NAME}s")
    (folder / "submitted" / "learner-new" / "homework").mkdir(parents=True)
    (folder / "submitted" / "learner-new" / ".cache").mkdir()
    said = grade(folder, code=1)
    assert f"{DAMAGED}: not graded: no assignment is called {NAME}s. Is it {NAME}?" in said
    assert "learner-new: not graded: no assignment is called homework.\n" in said
    assert ".cache" not in said
    assert "homework" not in grade(folder, "--assignment", NAME)


def test_a_learner_without_one_assignment_is_graded_in_the_others(fresh, tmp_path):
    folder = tmp_path / "class"
    shutil.copytree(fresh, folder)
    (folder / "release" / "00_other").mkdir()
    said = grade(folder, "--student", "learner-09", "--workers", "1")
    assert f"{NAME}: 1 submissions: 1 graded." in said
    assert "00_other" not in said
    assert "'nobody' has handed in nothing for 00_other, " + NAME in grade(folder, "--student", "nobody", code=2)


def test_a_folder_that_is_no_class_is_named(tmp_path):
    assert "it has no nbgrader_config.py" in grade(tmp_path, code=2)


def test_without_bubblewrap_it_refuses_and_says_what_to_do(fresh, tmp_path):
    folder = some(fresh, tmp_path / "class", slice(1))
    said = grade(folder, code=2, PATH=str(tmp_path))
    assert "apt install bubblewrap" in said
    assert "--i-trust-the-learners" in said
    assert not (folder / "ledger").exists()


def test_trust_is_explicit_and_recorded(fresh, tmp_path):
    folder = some(fresh, tmp_path / "class", slice(4))
    said = grade(folder, "--i-trust-the-learners", "--workers", "1", PATH=str(tmp_path))
    assert "ran without a sandbox" in said
    assert all(entry["trusted"] for entry in ledger(folder).values())
    assert compare(folder)[1]


def test_one_worker_gives_the_same(fresh, graded, tmp_path):
    folder = some(fresh, tmp_path / "class", EVERY_SECOND)
    grade(folder, "--workers", "1")
    assert same_as(folder, graded)


def test_four_workers_of_which_some_are_killed_give_the_same(fresh, graded, tmp_path):
    folder = some(fresh, tmp_path / "class", EVERY_SECOND)
    with subprocess.Popen(
        command(folder, "--workers", "4"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        killed = kill_workers(process, 2)
        said = process.communicate(timeout=600)[0]
    assert killed == 2
    assert process.returncode == 0, said
    assert same_as(folder, graded)


def kill_workers(process, count):
    """Kill some of the processes that have a sandbox as their child."""
    killed, ends = 0, time.monotonic() + 120
    while killed < count and process.poll() is None and time.monotonic() < ends:
        time.sleep(0.3)
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if child.name() == "bwrap" and child.parent().pid != process.pid and killed < count:
                    worker = child.parent()
                    if worker.name() != "bwrap":
                        worker.kill()
                        killed += 1
            except psutil.NoSuchProcess:
                pass
    return killed


def test_a_cluster_of_which_a_worker_is_killed_gives_the_same(fresh, graded, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the cluster's extra is not installed")
    folder = some(fresh, tmp_path / "class", EVERY_SECOND)
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )
    with cluster, subprocess.Popen(
        command(folder, "--dask", cluster.scheduler_address),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while not list((folder / "ledger").rglob("learner-*.json")) and process.poll() is None:
            time.sleep(0.2)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        said = process.communicate(timeout=600)[0]
    assert process.returncode == 0, said
    assert same_as(folder, graded)


def test_a_second_grader_is_kept_out(fresh, tmp_path):
    folder = some(fresh, tmp_path / "class", slice(2))
    with subprocess.Popen(command(folder, "--workers", "1"), env=environment(), stderr=subprocess.PIPE) as first:
        while not (folder / "ledger" / "lock").exists() and first.poll() is None:
            time.sleep(0.02)
        assert "is being graded by another process" in grade(folder, code=2)
        first.communicate(timeout=300)
    assert first.returncode == 0


@pytest.mark.parametrize("turn", range(KILLED))
def test_a_run_that_is_killed_goes_on_where_it_was(fresh, tmp_path, turn):
    folder = some(fresh, tmp_path / "class", slice(4, 11))
    chance = random.Random()
    with subprocess.Popen(command(folder, "--workers", "2"), env=environment(), stderr=subprocess.DEVNULL) as process:
        # Before, during and after the first grades.
        wanted = chance.randrange(7)
        while len(list((folder / "ledger").rglob("learner-*.json"))) < wanted and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.5)
        left = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
    assert not psutil.wait_procs(left, timeout=30)[1], "workers and sandboxes end with it"
    done = len(list((folder / "ledger").rglob("learner-*.json")))
    said = grade(folder, "--workers", "2")
    assert "7 submissions: " in said
    assert done == 0 or f"{done} unchanged" in said
    table, equal = compare(folder)
    assert equal, table


def test_interrupting_ends_it_with_a_word(fresh, tmp_path):
    folder = some(fresh, tmp_path / "class", slice(6))
    with subprocess.Popen(
        command(folder, "--workers", "2"), env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        while not list((folder / "ledger").rglob("learner-*.json")):
            time.sleep(0.05)
        left = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert said.rstrip().endswith("attn-course: stopped.")
    assert not psutil.wait_procs(left, timeout=30)[1]


def test_nothing_that_was_handed_in_is_changed(fresh, graded):
    for path in (fresh / "submitted").rglob("*.ipynb"):
        assert (graded / path.relative_to(fresh)).read_bytes() == path.read_bytes()


def test_graded_notebooks_are_valid_and_hold_the_reports(graded):
    paths = sorted((graded / "autograded").rglob("*.ipynb"))
    assert len(paths) == LEARNERS
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    checks = [cell for cell in nbformat.read(paths[0], as_version=4).cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert all(f"{cell.metadata.nbgrader.grade_id}:" in cell.outputs[0].data["text/plain"] for cell in checks)
