"""Kill a grader at random moments, run it again, and see that nothing is lost: the same grades, every submission in a state.

    python benchmarks/killed.py [--rounds 20] [--seed S]

Each round grades a fresh copy of one class. The moment is drawn over the time that an undisturbed run takes; SIGKILL
goes to the coordinator, and its workers and sandboxes must end with it.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from attn_course.checks.registry import chapters
from attn_course.grading.classroom import create_class
from attn_course.grading.demo import fill_class
from attn_course.grading.kinds import HONEST
from attn_course.grading.release import solution_path
from attn_course.grading.truth import compare

PROJECT = Path(__file__).parents[1]
CHAPTER = chapters()["scaled_dot_product"]
LEARNERS = len(HONEST) + 3


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "attn_course.cli", "grade", str(folder), "--workers", "2"]


def grades(folder: Path) -> dict[str, tuple]:
    entries = {path.stem: json.loads(path.read_text()) for path in (folder / "ledger" / CHAPTER.name).glob("*.json")}
    return {name: (entry["state"], entry["seed"], tuple(entry["scores"].items())) for name, entry in entries.items()}


def kill_after(folder: Path, seconds: float) -> tuple[int, int]:
    """Start a run and kill it; how many submissions were graded by then, and how many processes outlived it."""
    with subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        running = process.poll() is None
        family = psutil.Process(process.pid).children(recursive=True) if running else []
        process.kill()
    _, left = psutil.wait_procs(family, timeout=30)
    return len(grades(folder)), len(left)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="killed-") as temporary:
        fresh = Path(temporary) / "fresh"
        points = {exercise.id: exercise.points for exercise in CHAPTER.exercises}
        create_class(fresh, [(solution_path(PROJECT, CHAPTER.name), points)], options.seed)
        fill_class(fresh, [CHAPTER], LEARNERS, options.seed)
        whole = shutil.copytree(fresh, Path(temporary) / "whole")
        began = time.monotonic()
        subprocess.run(command(whole), check=True, capture_output=True)
        takes = time.monotonic() - began
        wanted = grades(whole)
        print(f"seed {options.seed}; undisturbed: {len(wanted)} submissions graded in {takes:.1f} s")
        failed = 0
        for turn in range(1, options.rounds + 1):
            folder = shutil.copytree(fresh, Path(temporary) / f"round-{turn}")
            moment = chance.uniform(0, takes)
            done, left = kill_after(folder, moment)
            again = subprocess.run(command(folder), capture_output=True, text=True)
            same, true = grades(folder) == wanted, compare(folder)[1]
            well = same and true and not left and not again.returncode
            failed += not well
            print(
                f"{turn:3}: killed after {moment:5.1f} s with {done:2} graded, {left} processes left; "
                f"afterwards {'the same grades' if same else 'OTHER GRADES'}, {'all true' if true else 'NOT ALL TRUE'}",
                flush=True,
            )
            shutil.rmtree(folder)
    print(f"{options.rounds - failed} of {options.rounds} runs lost nothing.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
