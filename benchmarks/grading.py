"""How fast a class is graded, beside stock nbgrader, where the time goes, and what memory it takes.

    python benchmarks/grading.py [--learners 100] [--assignment NN_slug] [--workers 2]
    python benchmarks/grading.py --memory 2000

The first makes one class of honest learners and of learners with mistakes, and grades it twice, in turn: with
`attn-course grade`, sandbox and judge on, and, on a copy of the folder, with `nbgrader autograde` under nbgrader's own
settings. Ours comes first, so that stock nbgrader finds the files in memory. The second grades three classes, the largest of
that size, made of copies of a few honest notebooks: the memory should not grow with the class.

Memory is the resident memory of a process and all that it started, added up, at its highest. Pages that processes share are
counted for each of them.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import nbformat
import psutil

from attn_course.checks.registry import chapters
from attn_course.grading import coordinator, verdict, work
from attn_course.grading.classroom import create_class
from attn_course.grading.demo import fill_class, solve
from attn_course.grading.gradebook import ClassGradebook
from attn_course.grading.kinds import HONEST
from attn_course.grading.ledger import Ledger
from attn_course.grading.release import solution_path
from attn_course.grading.sandbox.zygote import Zygote

ROOT = Path(__file__).resolve().parents[1]
MIB = 2**20
SEED = 1
EVERY = 0.1  # seconds between two looks at the memory
SAMPLE = 20  # submissions of which the time is broken down
STOCK = '''"""nbgrader as it comes: its own preprocessors, a kernel without walls."""

c = get_config()
c.CourseDirectory.course_id = "attn_course"
c.CourseDirectory.root = {root!r}
'''


@dataclass
class Measured:
    """What a command took.

    Args:
        seconds: From start to end.
        root: Highest memory of its first process, in bytes.
        tree: Highest memory of all its processes together.
        code: Its exit code.
        log: Where what it said was written.
    """

    seconds: float = 0.0
    root: int = 0
    tree: int = 0
    code: int = 0
    log: Path = field(default_factory=Path)


def measure(command: Sequence[str], folder: Path, log: Path) -> Measured:
    """Run a command to its end and watch its memory."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    measured, start = Measured(log=log), time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        watch = threading.Thread(target=_watch, args=(process.pid, measured))
        watch.start()
        measured.code = process.wait()
        measured.seconds = time.perf_counter() - start
        watch.join()
    return measured


def _watch(pid: int, measured: Measured) -> None:
    try:
        root = psutil.Process(pid)
        while root.status() != psutil.STATUS_ZOMBIE:
            own = root.memory_info().rss
            below = sum(map(_memory, root.children(recursive=True)))
            measured.root, measured.tree = max(measured.root, own), max(measured.tree, own + below)
            time.sleep(EVERY)
    except psutil.NoSuchProcess:
        return


def _memory(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def new_class(folder: Path, names: Sequence[str]) -> None:
    """A class with these assignments and no learners."""
    known = {chapter.name: chapter for chapter in chapters().values()}
    points = {name: {exercise.id: exercise.points for exercise in known[name].exercises} for name in names}
    create_class(folder, [(solution_path(ROOT, name), points[name]) for name in names], SEED)


def ours(folder: Path, workers: int, log: Path) -> Measured:
    return measure([sys.executable, "-m", "attn_course.cli", "grade", str(folder), "--workers", str(workers)], ROOT, log)


def _spare_stock(folder: Path, names: Sequence[str]) -> None:
    """Hand in the solution for the learners at whose notebooks stock nbgrader ends the run for everybody after them."""
    learners = sorted(path.name for path in (folder / "submitted").iterdir())
    by_kind = dict(zip(HONEST, learners, strict=False))
    one = by_kind["solution"]
    odd = [by_kind[kind] for kind in ("checks deleted and doubled", "saved by another tool") if kind in by_kind]
    for learner in odd:
        for name in names:
            file = Path(name) / f"{name}.ipynb"
            shutil.copyfile(folder / "submitted" / one / file, folder / "submitted" / learner / file)


def compare(learners: int, names: Sequence[str], workers: int, place: Path) -> None:
    """Grade one class with both, and print what each took."""
    folder, copy = place / "class", place / "stock"
    new_class(folder, names)
    fill_class(folder, [chapter for chapter in chapters().values() if chapter.name in names], learners, SEED, hostile=0)
    _spare_stock(folder, names)
    for other in (copy, place / "parts"):
        shutil.copytree(folder, other)
    (copy / "nbgrader_config.py").write_text(STOCK.format(root=str(copy)), encoding="utf-8")
    count = learners * len(names)
    print(f"{count} submissions: {learners} learners, {', '.join(names)}\n")

    mine = ours(folder, workers, place / "ours.log")
    stock = Measured(log=place / "stock.log")
    for name in names:
        one = measure([sys.executable, "-m", "nbgrader", "autograde", name], copy, stock.log)
        stock.seconds, stock.tree = stock.seconds + one.seconds, max(stock.tree, one.tree)
    rows = {f"attn-course grade --workers {workers}": (mine, folder), "nbgrader autograde": (stock, copy)}
    print(f"{'':<32}{'seconds':>9}{'per minute':>12}{'graded':>8}{'peak MiB':>10}")
    rates: list[float] = []
    for title, (measured, where) in rows.items():
        graded = len(list((where / "autograded").glob("*/*/*.ipynb")))
        rates.append(graded / measured.seconds * 60)
        print(f"{title:<32}{measured.seconds:>9.1f}{rates[-1]:>12.1f}{graded:>8}{measured.tree / MIB:>10.0f}")
    print(f"{'ratio of the rates':<32}{'':>9}{rates[0] / rates[1]:>12.1f}\n")
    if mine.code > 1:
        raise SystemExit(mine.log.read_text("utf-8", "replace"))
    break_down(place / "parts", names, min(SAMPLE, count))


PARTS = {
    "read and rebuild": [(coordinator, "read_submission"), (work, "read_cells"), (work, "restore")],
    "sandbox": [(Zygote, "run")],
    "judge": [(verdict, "_judge")],
    "signals": [(work, "signals")],
    "gradebook": [(ClassGradebook, "record")],
    "files and ledger": [(coordinator.Grading, "_write_notebook"), (Ledger, "write")],
}


@contextmanager
def timed(seconds: Counter[str]) -> Iterator[None]:
    """Let the parts of grading write down how long they take."""

    def watched(part: str, function: Callable) -> Callable:
        def call(*arguments: object, **named: object) -> object:
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                seconds[part] += time.perf_counter() - start

        return call

    with ExitStack() as stack:
        for part, functions in PARTS.items():
            for owner, name in functions:
                stack.enter_context(mock.patch.object(owner, name, watched(part, getattr(owner, name))))
        yield


def break_down(folder: Path, names: Sequence[str], count: int) -> None:
    """Grade some submissions in this process, one after another, and print where the time goes."""
    seconds: Counter[str] = Counter()
    done = 0
    course = coordinator.open_course(folder)
    for name in names:
        grading = coordinator.Grading(course, name)
        items = grading.items(course.submissions(name)[: count // len(names) + 1], False, lambda *_: None)
        # The first one waits for the warm parent, which a class does once for each worker.
        first = next(items)
        grading.settle(first, work.grade_item(first))
        start = time.perf_counter()
        with timed(seconds):
            for item in items:
                grading.settle(item, work.grade_item(item))
                done += 1
        seconds["all"] += time.perf_counter() - start
    work.cool()
    if not done:
        return
    print(f"where the time goes: {done} submissions, one process, without its start")
    print(f"{'':<32}{'ms each':>9}{'share':>8}")
    total = seconds.pop("all")
    for part, spent in [*seconds.most_common(), ("everything else", total - seconds.total()), ("all", total)]:
        print(f"{part:<32}{spent / done * 1000:>9.1f}{spent / total:>8.0%}")


def memory(most: int, name: str, workers: int, place: Path) -> None:
    """Grade classes of growing size and print the memory that each took."""
    print(f"{'learners':>9}{'seconds':>9}{'coordinator MiB':>17}{'all processes MiB':>19}")
    for learners in sorted({max(1, most // 4), max(1, most // 2), most}):
        folder = place / str(learners)
        new_class(folder, [name])
        copies = honest_notebooks(folder, name)
        for number in range(learners):
            target = folder / "submitted" / f"learner-{number:05}" / name
            target.mkdir(parents=True)
            (target / f"{name}.ipynb").write_text(copies[number % len(copies)], encoding="utf-8")
        took = ours(folder, workers, place / f"{learners}.log")
        if took.code:
            raise SystemExit(took.log.read_text("utf-8", "replace"))
        print(f"{learners:>9}{took.seconds:>9.1f}{took.root / MIB:>17.0f}{took.tree / MIB:>19.0f}", flush=True)
        shutil.rmtree(folder)


def honest_notebooks(folder: Path, name: str) -> list[str]:
    """The released notebook, the solved one, and the solved one with a note of the learner's."""
    released, source = (
        nbformat.read(folder / step / name / f"{name}.ipynb", as_version=4) for step in ("release", "source")
    )
    solved, noted = solve(released, source), solve(released, source)
    noted.cells.append(nbformat.v4.new_code_cell("print('done')"))
    return [nbformat.writes(notebook) for notebook in (released, solved, noted)]


def main() -> None:
    names = [chapter.name for chapter in chapters().values()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", type=int, default=100)
    parser.add_argument("--assignment", choices=names, help="default: all of them (for --memory: the first)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", type=int, metavar="N", help="grade classes of up to N learners, and watch the memory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attn-course-benchmark-") as folder:
        if options.memory:
            memory(options.memory, options.assignment or names[0], options.workers, Path(folder))
        else:
            asked = [options.assignment] if options.assignment else names
            compare(options.learners, asked, options.workers, Path(folder))


if __name__ == "__main__":
    main()
