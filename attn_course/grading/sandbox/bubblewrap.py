"""The outer wall: the command line of bubblewrap, and whether it works on this machine.

What is behind it sees the Python environment, the system's libraries and the staged course, all read-only, and nothing
else: no home, no class, no network, no process of the host, no setting of the caller's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from attn_course.grading.sandbox.limits import Limits

JOB = "/job"
NOBODY = 65534
# What the warm parent needs where it is root: to make its children nobody, to end them, to see what memory they use.
TO_BECOME_NOBODY = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_SYS_PTRACE")
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
PASSWD = "learner:x:1000:1000::/job:/bin/sh\n"
ENVIRONMENT = {
    "HOME": JOB,
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "IPYTHONDIR": "/tmp/ipython",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
}
FIX = (
    "Install it (Debian, Ubuntu: apt install bubblewrap) or allow it (Ubuntu 24.04: sysctl "
    "kernel.apparmor_restrict_unprivileged_userns=0; in a container: see the page for instructors). Only where you "
    "trust every learner as yourself: --i-trust-the-learners."
)


class NoSandbox(RuntimeError):
    """bubblewrap is missing or not allowed to work here; the message says how to change that."""


def program() -> str:
    """The path of bubblewrap.

    Raises:
        NoSandbox: There is none.
    """
    found = shutil.which("bwrap")
    if found is None:
        raise NoSandbox(f"Grading needs bubblewrap, and there is no program bwrap here. {FIX}")
    return found


def command(staged: Path, masks: Sequence[Path], limits: Limits, become: int | None = None) -> list[str]:
    """The command line of the wall; a program and its arguments are to follow.

    Args:
        staged: Has the trees `engine` and `learner`, and `etc`.
        masks: Folders that must not be seen even where they lie inside the environment: the class, the project.
        limits: Of the writable folders. Where a further wall is inside, it puts new ones over them.
        become: The user that each notebook's process becomes before it reads a line of the learner's; root alone can
            ask for that, and the kernel then limits its processes as any user's.
    """
    wall = [program(), "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if become is None:
        wall += ["--unshare-all", "--uid", "1000", "--gid", "1000"]
    else:
        for kind in ("pid", "net", "ipc", "uts", "cgroup-try"):
            wall += [f"--unshare-{kind}"]
        for capability in TO_BECOME_NOBODY:
            wall += ["--cap-add", capability]
    wall += ["--hostname", "grading"]
    for path in SYSTEM:
        if os.path.islink(path):
            wall += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            wall += ["--ro-bind", path, path]
    wall += ["--proc", "/proc", "--dev", "/dev"]
    for path in ("/etc", "/sys", "/sys/devices", "/sys/devices/system", "/course"):
        wall += _passable(Path(path))
    for path in ETC:
        wall += ["--ro-bind-try", path, path]
    wall += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    for path in (JOB, "/tmp", "/dev/shm"):
        wall += ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", path]
    wall += _environment(masks)
    for name in ("passwd", "group"):
        wall += ["--ro-bind", str(staged / "etc" / name), f"/etc/{name}"]
    wall += ["--ro-bind", str(staged / "engine"), "/course/engine", "--ro-bind", str(staged / "learner"), "/course/learner"]
    return [*wall, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]


def _environment(masks: Sequence[Path]) -> list[str]:
    """The folders of this Python, outermost first; the course itself and what must not be seen are covered."""
    prefixes = {Path(sys.base_prefix), Path(sys.prefix), Path(sys.base_exec_prefix)}
    system = [Path(path) for path in SYSTEM]
    packages = {Path(folder) / "attn_course" for folder in sys.path if folder}
    hidden = {Path(path).resolve() for path in masks} | {path for path in packages if path.is_dir()}
    hidden = {path for path in hidden if _within(path, [*system, *prefixes])}
    steps = {path: ["--tmpfs", str(path)] for path in hidden}
    # An environment inside of a covered folder is put on top of the cover.
    bound = [path for path in prefixes if _within(path, hidden) or not _within(path, system)]
    steps |= {path: ["--ro-bind", str(path), str(path)] for path in bound}
    ordered = sorted(steps, key=lambda path: len(path.parts))
    # bubblewrap makes the folders above them for the owner alone; a notebook of another user must get through.
    there = [*system, *hidden, Path("/tmp")]
    above = {parent for path in bound for parent in path.parents if parent not in there and not _within(parent, system)}
    open_ways = [_passable(path) for path in sorted(above - {Path("/")}, key=lambda path: len(path.parts))]
    locks = [part for path in hidden - set(bound) for part in ("--remount-ro", str(path))]
    return [part for way in open_ways for part in way] + [part for path in ordered for part in steps[path]] + locks


def _passable(path: Path) -> list[str]:
    return ["--perms", "0755", "--dir", str(path)]


def _within(path: Path, places: Iterable[Path]) -> bool:
    return any(place in path.parents for place in places)


def write_etc(staged: Path) -> None:
    """The sandbox's own list of users: one."""
    (staged / "etc").mkdir()
    (staged / "etc" / "passwd").write_text(PASSWD, encoding="ascii")
    (staged / "etc" / "group").write_text("learner:x:1000:\n", encoding="ascii")


def find() -> int | None:
    """See that bubblewrap works here.

    Returns:
        The user that notebooks must become: nobody, for root, else None.

    Raises:
        NoSandbox: It is missing or not allowed; the message says how to change that.
    """
    try:
        done = subprocess.run(_probe(), capture_output=True, text=True, timeout=30, env={})
    except (OSError, subprocess.SubprocessError) as error:
        raise NoSandbox(f"bubblewrap cannot be run here: {error}. {FIX}") from error
    if done.returncode or done.stdout.strip() != "inside":
        said = done.stderr.strip() or f"it ended with code {done.returncode}"
        raise NoSandbox(f"bubblewrap is not allowed to make a sandbox here: {said}. {FIX}")
    return NOBODY if os.geteuid() == 0 else None


def _probe() -> list[str]:
    wall = [program(), "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    return [*wall, "--", sys.executable, "-I", "-S", "-c", "print('inside')"]
