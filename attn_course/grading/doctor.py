"""`attn-course doctor`: what this machine has for the course, and how to get what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable

from attn_course.grading.sandbox import bubblewrap

GIB = 2**30
OLDEST = (3, 11)
DISK = 5  # GiB


class Missing(Exception):
    """Something is not there; the message says how to get it."""


def look() -> tuple[str, bool]:
    """Look at everything that the course can use.

    Returns:
        The report, and whether a class can be graded here.
    """
    lines, able = [], True
    for name, needed, see in LOOKED_AT:
        try:
            mark, said = "✓", see()
        except Missing as error:
            mark, said = "✗" if needed else "–", str(error)
            able = able and not needed
        lines.append(f"  {mark} {name:<12} {said}")
    verdict = "A class can be graded here." if able else "A class cannot be graded here: see the lines with ✗."
    return "\n".join([*lines, verdict]), able


def _python() -> str:
    if sys.version_info < OLDEST:
        raise Missing(f"{platform.python_version()}, the course needs 3.11 or newer")
    return f"{platform.python_version()} in {sys.prefix}"


def _torch() -> str:
    try:
        import torch
    except ImportError as error:
        raise Missing("not installed. In a clone of the course: make environment") from error
    return f"{torch.__version__}, {torch.get_num_threads()} threads"


def _device() -> str:
    try:
        import torch
    except ImportError as error:
        raise Missing("unknown without torch") from error
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}; grading itself uses the processor"
    raise Missing("no GPU that torch can use. Nothing needs one")


def _bubblewrap() -> str:
    try:
        become = bubblewrap.find()
    except bubblewrap.NoSandbox as error:
        raise Missing(str(error)) from error
    version = subprocess.run([bubblewrap.program(), "--version"], capture_output=True, text=True).stdout.split()[-1]
    return f"{version}, works here" + (", for root by becoming nobody" if become is not None else "")


def _nbgrader() -> str:
    try:
        return importlib.metadata.version("nbgrader")
    except importlib.metadata.PackageNotFoundError as error:
        raise Missing("not installed: pip install 'attn-course[notebooks,grading]'") from error


def _dask() -> str:
    try:
        return importlib.metadata.version("distributed")
    except importlib.metadata.PackageNotFoundError as error:
        raise Missing("not installed; only --dask needs it: pip install 'attn-course[cluster]'") from error


def _node() -> str:
    beside = os.path.join(os.path.dirname(sys.executable), "node")
    found = beside if os.path.exists(beside) else shutil.which("node")
    if found is None:
        raise Missing("not found; the book's formulas need it: make environment brings one along")
    done = subprocess.run([found, "--version"], capture_output=True, text=True)
    return f"{done.stdout.strip()} at {found}"


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise Missing("not found; only the tests of the site need it: apt install chromium")
    return found


def _disk() -> str:
    free = shutil.disk_usage(os.getcwd()).free / GIB
    if free < DISK:
        raise Missing(f"{free:.1f} GiB free here; the environment, the book and a class take up to {DISK} GiB")
    return f"{free:.1f} GiB free here"


LOOKED_AT: tuple[tuple[str, bool, Callable[[], str]], ...] = (
    ("Python", True, _python),
    ("torch", True, _torch),
    ("device", False, _device),
    ("bubblewrap", True, _bubblewrap),
    ("nbgrader", True, _nbgrader),
    ("Dask", False, _dask),
    ("node", False, _node),
    ("chromium", False, _chromium),
    ("disk", False, _disk),
)
