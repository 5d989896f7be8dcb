"""Time the build of the book, in one run on one machine: cold, with its cache, and with nothing to do.

    python benchmarks/site.py

"Cold" executes every page. "Cached" writes every page again and executes none. "Unchanged" finds nothing to do.
Builds into a folder of its own; _build is left alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def build(folder: Path) -> float:
    """Seconds that one build took; ends the program with Sphinx's words if it failed."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "-W", "-n", "--keep-going"]
    command += ["--path-output", str(folder)]
    start = time.perf_counter()
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if result.returncode:
        sys.exit(result.stdout[-3000:] + result.stderr[-3000:])
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where to build; a temporary folder by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        output = folder / "_build"
        times = {"cold": build(folder)}
        for name in ("html", ".doctrees"):
            shutil.rmtree(output / name, ignore_errors=True)
        times["cached"] = build(folder)
        times["unchanged"] = build(folder)
        pages = len(list((output / "html" / "book").glob("*.html")))
        size = sum(path.stat().st_size for path in (output / "html").rglob("*") if path.is_file())
    print(f"{pages} pages, {size / 1024:.0f} KiB, {os.cpu_count()} cores")
    print(f"{'build':<12}{'seconds':>9}{'of cold':>9}")
    for name, seconds in times.items():
        print(f"{name:<12}{seconds:>9.1f}{seconds / times['cold']:>8.0%}")


if __name__ == "__main__":
    main()
