"""The wall: what is staged behind it, what its command line says, and what code inside can and cannot do."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest

from attn_course.checks.engine.judge import judge
from attn_course.checks.engine.wire import unpack
from attn_course.checks.registry import chapters
from attn_course.grading.release import exercise_path
from attn_course.grading.sandbox import bubblewrap, tree
from attn_course.grading.sandbox.inside import seccomp
from attn_course.grading.sandbox.inside.channel import BadFrame, Frames, frame
from attn_course.grading.sandbox.limits import MIB, Limits
from attn_course.grading.sandbox.zygote import Zygote

PROJECT = Path(__file__).parents[1]
CHAPTERS = [pytest.param(chapter, id=chapter.slug) for chapter in chapters().values()]
CHAPTER = chapters()["scaled_dot_product"]
TIGHT = Limits(cell_seconds=2, check_seconds=2, seconds=30, memory=512 * MIB, processes=24, disk=16 * MIB)
SEED = 17

SHARED_MEMORY = """
import mmap, time
maps = [mmap.mmap(-1, 10**7) for _ in range(90)]
for one in maps:
    one.write(bytes(10**7))
time.sleep(1)
"""


def imported(chapter):
    released = nbformat.read(exercise_path(PROJECT, chapter.name), as_version=4)
    return tree.imported_by(released)


@pytest.fixture(scope="module")
def zygote():
    with Zygote(CHAPTER.slug, imported(CHAPTER), TIGHT, [PROJECT]) as parent:
        yield parent


def run(zygote, *sources, files=None, seconds=30):
    """Run cells and give back the text of each, with how it ended."""
    ran = zygote.run([("code", source) for source in sources], files or {}, SEED, seconds)
    texts = []
    for cell in range(len(sources)):
        outputs = ran.outputs.get(cell, [])
        texts.append("".join(o.get("text") or o.get("evalue") or o.get("data", {}).get("text/plain", "") for o in outputs))
    return ran, texts


def python(code, path):
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, env={"PYTHONPATH": str(path)}, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_answer_is_staged(chapter, tmp_path):
    engine, learner, _ = tree.stage(tmp_path, chapter.slug, imported(chapter))
    staged = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")}
    for exercise in chapter.exercises:
        module = exercise.reference.partition(":")[0].replace(".", "/")
        assert not {f"{side}/{module}.py" for side in ("engine", "learner")} & staged
    assert not [path for path in staged if re.search(r"mistakes|judge|diagnose|answers|solutions", path)]
    assert f"engine/attn_course/checks/{chapter.slug}.py" in staged
    # The responding half is whole: it runs where nothing else of the course is.
    code = f"import attn_course.checks.{chapter.slug} as c, attn_course.grading.sandbox.inside.child; print(c.__file__)"
    assert str(engine) in python(code, engine)
    assert "checked when the class is graded" in python("from attn_course import check; check('x', 1)", learner)


def test_a_notebook_that_imports_an_answer_is_not_released_into_a_sandbox(tmp_path):
    with pytest.raises(tree.StagingError, match="holds answers"):
        tree.stage(tmp_path, CHAPTER.slug, ["attn_course.attend"])


def test_the_wall_binds_nothing_writable_and_nothing_of_the_caller(tmp_path):
    wall = bubblewrap.command(tmp_path, [PROJECT], TIGHT)
    assert "--bind" not in wall and "--dev-bind" not in wall and "--share-net" not in wall
    bound = {wall[i + 2] for i, word in enumerate(wall) if word.startswith("--ro-bind")}
    assert not [path for path in bound if Path(path) in (Path.home(), PROJECT, Path("/"), Path("/etc"))]
    assert {"--unshare-all", "--die-with-parent", "--new-session"} <= set(wall)
    assert wall[wall.index("--cap-drop") + 1] == "ALL"
    as_root = bubblewrap.command(tmp_path, [PROJECT], TIGHT, become=bubblewrap.NOBODY)
    kinds = {"--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"}
    assert kinds <= set(as_root)


def test_a_class_inside_of_the_environment_is_covered(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    inside = tmp_path / "class"
    wall = bubblewrap.command(tmp_path, [inside], TIGHT)
    assert wall.index(str(tmp_path)) < wall.index(str(inside))
    assert wall[wall.index(str(inside)) - 1] == "--tmpfs"


def test_the_filter_refuses_by_number_on_both_machines():
    for machine, column in (("x86_64", 0), ("aarch64", 1)):
        code = seccomp.program(machine)
        assert len(code) % 8 == 0
        asked = {int.from_bytes(code[i + 4 : i + 8], "little") for i in range(0, len(code), 8) if code[i] == 0x15}
        assert {numbers[column] for numbers in seccomp.REFUSED.values()} <= asked
        assert len({numbers[column] for numbers in seccomp.REFUSED.values()}) == len(seccomp.REFUSED)
    assert seccomp.program("riscv64") is None


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=1)", "Operation not permitted"),
        ("open('/etc/shadow').read()", "No such file"),
        (f"open({str(PROJECT / 'pyproject.toml')!r}).read()", "No such file"),
        ("import os\nprint(os.listdir('/course/engine'))", r"\[\]"),
        ("import attn_course.checks", "No module named"),
        ("import attn_course.attend", "No module named"),
        ("open('/usr/x', 'w')", "Read-only|Permission"),
        ("open('/x', 'w')", "Read-only|Permission"),
        ("import os\nprint(os.getpid(), os.getuid(), sorted(set(os.environ) & {'USER', 'SSH_AUTH_SOCK'}))", r"1 1000 \[\]"),
        ("import os\nprint(os.getppid())\nos.kill(-os.getpid(), 0)", "0"),
        ("import os\nos.kill(-1, 9)\nprint('there')", "there|No such process"),
        ("import ctypes\nl = ctypes.CDLL(None)\nprint(l.unshare(0x10000000), l.ptrace(0, 0, 0, 0), l.chroot(b'/'))",
         "-1 -1 -1"),
        ("import os\nprint([fd for fd in range(64) if os.path.exists(f'/dev/fd/{fd}')] or 'none')", "."),
        ("open('/tmp/big', 'wb').write(bytes(10**8))", "File too large|No space"),
        ("try:\n    x = bytearray(3 * 10**9)\nexcept MemoryError:\n    print('no memory')", "no memory"),
        ("open('/job/mine', 'w').write('x'); print(open('/job/mine').read())", "x"),
    ],
    ids=lambda value: None,
)  # fmt: skip
def test_what_code_inside_can_do(zygote, source, seen):
    ran, (text, after) = run(zygote, source, "print('after')")
    assert re.search(seen, text), text
    assert after == "after\n"
    assert ran.ended == "done"


def test_one_notebook_leaves_nothing_for_the_next(zygote):
    leave = "open('/tmp/left', 'w').write('x')\nbuiltins.left = torch.left = 1\nos.environ['L'] = '1'"
    imports = "import os, builtins, torch\n"
    run(zygote, imports + leave)
    look = "print('left' in os.listdir('/tmp'), hasattr(builtins, 'left'), hasattr(torch, 'left'), 'L' in os.environ)"
    assert run(zygote, imports + look)[1] == ["False False False False\n"]


@pytest.mark.parametrize(
    ("source", "ended"),
    [
        ("import os\nos._exit(0)", "died"),
        ("import ctypes\nctypes.string_at(0)", "died"),
        ("while True:\n  try:\n    while True: pass\n  except BaseException:\n    pass", "done|cell time"),
        ("import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ntime.sleep(60)", "cell time"),
        ("import os\nwhile True:\n    os.write(3, bytes(10**6))", "output"),
        (SHARED_MEMORY, "memory"),
    ],
    ids=["exit", "segfault", "catches everything", "deaf", "flood", "shared memory"],
)  # fmt: skip
def test_what_must_be_ended_is_ended(zygote, source, ended):
    ran, _ = run(zygote, source)
    assert re.fullmatch(ended, ran.ended)
    assert run(zygote, "print(1)")[1] == ["1\n"], "the next notebook is served"


def test_processes_are_counted_and_ended(zygote):
    before = len(psutil.Process(zygote.process.pid).children(recursive=True))
    source = "import os, time\nfor _ in range(100):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(60)\n"
    ran, (text,) = run(zygote, source)
    assert "Resource temporarily unavailable" in text or ran.ended == "processes"
    assert len(psutil.Process(zygote.process.pid).children(recursive=True)) == before


def test_checks_respond_and_the_judge_decides(zygote):
    answer = "def causal_mask(length, device=None):\n    return torch.ones(length, length, device=device).tril().bool()"
    setup = "import torch"
    cells = [("code", setup), ("code", answer), ("check", "causal_mask"), ("check", "self_attention")]
    ran = zygote.run(cells, {}, SEED, 30)
    exercise = next(exercise for exercise in CHAPTER.exercises if exercise.id == "causal_mask")
    report = judge(CHAPTER, exercise, unpack(ran.responses[2][1], exercise, SEED), [])
    assert report.score == exercise.points, report.text
    assert ran.responses[3] == ("missing", b"")


def test_helper_files_are_there_and_shadow_nothing(zygote):
    files = {"helpers.py": b"two = 2", "math.py": b"raise SystemExit", "data/n.csv": b"7"}
    code = "import helpers, math\nprint(helpers.two, math.pi > 3, open('data/n.csv').read())"
    assert run(zygote, code, files=files)[1] == ["2 True 7\n"]


def test_cells_run_as_in_a_notebook(zygote):
    cells = [
        "%time x = 1",
        "import asyncio\nawait asyncio.sleep(0)\nx + 1",
        "!echo from the shell",
        "from IPython.display import display, HTML\ndisplay(HTML('<b>b</b>'))",
        "exit()",
        "input('name? ')",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "print(__name__, type(get_ipython()).__name__)",
    ]
    ran, texts = run(zygote, *cells)
    assert ran.ended == "done"
    assert texts[1] == "2" and "from the shell" in texts[2] and texts[7].startswith("__main__ ")


def test_without_namespaces_inside_each_notebook_gets_a_wall_of_its_own():
    with Zygote(CHAPTER.slug, imported(CHAPTER), TIGHT, [PROJECT]) as parent:
        parent.isolation = "outer"
        look = "import os\nprint('left' in os.listdir('/tmp'))"
        assert run(parent, "open('/tmp/left', 'w').write('x')", look)[1][1] == "True\n"
        assert run(parent, look, "import os\nos.kill(-1, 9)")[1][0] == "False\n"
        assert run(parent, "print(1)")[1] == ["1\n"]


def test_nothing_is_left_when_it_is_closed():
    with Zygote(CHAPTER.slug, imported(CHAPTER), TIGHT, [PROJECT], trust=True) as parent:
        assert run(parent, "print(1)")[1] == ["1\n"]
        process, staged = psutil.Process(parent.process.pid), parent.staged
    assert not process.is_running()
    assert not staged.exists()


def test_without_bubblewrap_the_fix_is_named(monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(bubblewrap.NoSandbox, match=r"apt install bubblewrap.*--i-trust-the-learners"):
        bubblewrap.find()


def test_frames_are_cut_and_refused():
    frames = Frames(most=200)
    whole = frame("a", {"x": 1}, b"blob") + frame("b")
    found = [one for i in range(len(whole)) for one in frames.feed(whole[i : i + 1])]
    assert found == [("a", {"x": 1}, b"blob"), ("b", {}, b"")]
    for bad in (b"\xff" * 12, b"\x00" * 11 + b"\x00", (2).to_bytes(4, "big") + bytes(8) + b"{]"):
        with pytest.raises(BadFrame):
            list(Frames().feed(bad))
    with pytest.raises(BadFrame, match="more was written"):
        list(frames.feed(bytes(200)))
    read = Frames().feed(frame("good") + b"\xff" * 12)
    assert next(read) == ("good", {}, b"")
    with pytest.raises(BadFrame):
        next(read)
