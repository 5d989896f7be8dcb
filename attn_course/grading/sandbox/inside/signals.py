"""Notes what a notebook's code asks the operating system for that no exercise needs. Tells, never forbids or grades."""

from __future__ import annotations

import os
import sys
from typing import Any

WATCHED = {
    "socket.connect": "network",
    "socket.getaddrinfo": "network",
    "socket.bind": "network",
    "os.system": "starts programs",
    "os.exec": "starts programs",
    "os.posix_spawn": "starts programs",
    "subprocess.Popen": "starts programs",
    "pty.spawn": "starts programs",
    "os.kill": "signals processes",
    "os.killpg": "signals processes",
    "os.fork": "forks",
    "os.forkpty": "forks",
    "sys.setprofile": "profiler",
    "gc.get_objects": "searches memory",
    "gc.get_referrers": "searches memory",
    "ctypes.dlopen": "native code",
    "ctypes.dlsym": "native code",
}
ELSEWHERE = "opens files elsewhere"
# What Python and its libraries open on their own.
OUTSIDE_IS_FINE = (
    *("/usr/", "/lib", "/etc/ld.so", "/etc/localtime", "/etc/mime.types", "/sys/devices/system/cpu"),
    *("/dev/null", "/dev/urandom", "/dev/tty", "/dev/shm/", "/tmp/", "/proc/self/", "/proc/cpuinfo", "/proc/meminfo"),
)
OWN = ("attn_course.grading.sandbox", "attn_course.checks.engine")
ENGINE = __file__.removesuffix(__name__.replace(".", "/") + ".py")


def listen(folder: str) -> set[str]:
    """From now on note what happens; returns the set that fills.

    Args:
        folder: Where the notebook may read and write.
    """
    seen: set[str] = set()
    allowed = (*OUTSIDE_IS_FINE, folder, sys.prefix, sys.base_prefix, *(path for path in sys.path if path))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path = arguments[0]
            if isinstance(path, bytes):
                path = os.fsdecode(path)
            if isinstance(path, str) and path.startswith("/") and not os.path.normpath(path).startswith(allowed):
                if not (path.startswith(ENGINE) and _for_a_traceback()):
                    seen.add(ELSEWHERE)
        elif event in WATCHED and WATCHED[event] not in seen:
            caller = sys._getframe(1).f_globals.get("__name__", "")
            if not str(caller).startswith(OWN) and not _from_library():
                seen.add(WATCHED[event])

    sys.addaudithook(hook)
    return seen


def _for_a_traceback() -> bool:
    """Whether Python looks up the lines of a stack, as it does for every warning and error: ours are on it."""
    frame = sys._getframe(2)
    for _ in range(6):
        if frame is None:
            return False
        if frame.f_globals.get("__name__") == "linecache":
            return True
        frame = frame.f_back
    return False


def _from_library() -> bool:
    """Whether the call was made while a library was importing or working on its own, with no learner's frame near."""
    frame = sys._getframe(2)
    near = 0
    while frame is not None and near < 12:
        if frame.f_globals.get("__name__") == "__main__":
            return False
        frame, near = frame.f_back, near + 1
    return True
