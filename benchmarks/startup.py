"""How long a learner waits: importing the course, the command line's help, and the check of every exercise.

    python benchmarks/startup.py [--repeats 5]

Every figure is the median. The checks run the solutions' answers in one process: the first call, then calls with
other seeds.
"""

import argparse
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jupytext

ROOT = Path(__file__).resolve().parents[1]
COMMAND = Path(sys.executable).with_name("attn-course")


def median(action: Callable[[int], object], repeats: int) -> float:
    """Median seconds of an action that gets the number of its repetition."""
    times = []
    for repetition in range(repeats):
        start = time.perf_counter()
        action(repetition)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def python(code: str) -> Callable[[int], object]:
    return lambda _: subprocess.run([sys.executable, "-c", code], check=True)


def solved(solution: Path) -> dict[str, object]:
    """What a learner's notebook defines once every answer is the right one."""
    import torch

    names = {"math": math, "torch": torch, "nn": torch.nn, "F": torch.nn.functional, "__name__": "__main__"}
    for cell in jupytext.read(solution, fmt="py:percent").cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            exec(compile(cell.source, f"<{cell.metadata.nbgrader.grade_id}>", "exec"), names)
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats

    empty = median(python(""), repeats)
    print(f"{'new process':<42}{'seconds':>9}{'× python':>10}")
    rows = {
        "python, nothing imported": empty,
        "attn-course --help": median(
            lambda _: subprocess.run([COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL), repeats
        ),
        "import attn_course": median(python("import attn_course"), repeats),
        "import torch": median(python("import torch"), repeats),
        "from attn_course import check": median(python("from attn_course import check"), repeats),
    }
    for name, seconds in rows.items():
        print(f"{name:<42}{seconds:>9.2f}{seconds / empty:>10.1f}")

    from attn_course.checks import evaluate
    from attn_course.checks.registry import chapters

    print(f"\n{'check of the right answer':<42}{'first':>9}{'later':>9}")
    total = 0.0
    for chapter in chapters().values():
        answers = solved(ROOT / "solutions" / chapter.name / f"{chapter.name}.py")
        for exercise in chapter.exercises:
            answer = answers[exercise.id]
            first = median(lambda _, e=exercise, a=answer: evaluate(e.id, a, seed=0), 1)
            later = median(lambda seed, e=exercise, a=answer: evaluate(e.id, a, seed=seed + 1), repeats)
            total += later
            print(f"{chapter.number} {exercise.id:<39}{first:>9.3f}{later:>9.3f}")
    print(f"{'all':<42}{'':>9}{total:>9.3f}")


if __name__ == "__main__":
    main()
