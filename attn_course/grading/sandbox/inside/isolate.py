"""Shuts one forked process in: fresh namespaces, a file system of its own, no capabilities, limits, a call filter.

bubblewrap has already taken away the network, the host's processes and all files but the environment's. What is added
here keeps one notebook from the next: they share a parent, and nothing else.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from collections.abc import Iterable, Mapping

from attn_course.grading.sandbox.inside import seccomp

libc = ctypes.CDLL(None, use_errno=True)

O_PATH = 0x200000
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 28, 38
SECURE_ALL_LOCKED = 0xEF  # root's number gives no privilege, and that stays so
INSIDE_ID = 1000


def _must(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def become(user: int) -> None:
    """From root, become another user, in no group but one, for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def new_namespaces() -> None:
    """Leave this process's namespaces for new ones; processes that it forks are in a PID namespace of their own.

    Raises:
        OSError: The kernel refused.
    """
    user, group = os.geteuid(), os.getegid()
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # or the files of /proc/self would not be ours
    flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS
    _must(libc.unshare(flags), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{INSIDE_ID} {user} 1")
    _write("/proc/self/gid_map", f"{INSIDE_ID} {group} 1")
    _must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def new_file_system(folders: Mapping[str, int], hidden: str, kept: Iterable[str]) -> None:
    """Give the first process of the new namespaces empty folders and its own view of processes.

    Args:
        folders: Path → size in bytes of the memory that its files may take.
        hidden: A folder that is covered.
        kept: Folders that stay where they are, even inside of the empty ones: an environment may lie in /tmp.
    """
    for path, size in folders.items():
        below = {one: os.open(one, O_PATH) for one in kept if one.startswith(f"{path}/")}
        _tmpfs(path, f"size={size},mode=1777,nr_inodes=20000", MS_NOSUID | MS_NODEV)
        for one, descriptor in below.items():
            os.makedirs(one, exist_ok=True)
            source = f"/proc/self/fd/{descriptor}".encode()
            _must(libc.mount(source, one.encode(), None, MS_BIND | MS_REC, None), f"keep {one}")
            os.close(descriptor)
    _tmpfs(hidden, "size=4096,mode=555", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    if libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None):
        # The kernel shows a new /proc only where the old one is whole. Then there is none.
        _tmpfs("/proc", "size=4096,mode=555", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)


def _tmpfs(path: str, options: str, flags: int) -> None:
    _must(libc.mount(b"tmpfs", path.encode(), b"tmpfs", flags, options.encode()), f"mount {path}")


def cap_processes(most: int) -> None:
    """Where the kernel counts PIDs by namespace (Linux 6.14), let it refuse more than `most`; root needs this."""
    with contextlib.suppress(OSError):
        _write("/proc/sys/kernel/pid_max", str(max(most, 301)))  # the kernel reserves the first 300


def end_with_parent() -> None:
    """Die when the parent does."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def unreadable_to_others() -> None:
    """Keep processes of the same user from this one's memory and descriptors."""
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def drop_privileges() -> bool:
    """Give up every capability for good and filter system calls; True where there is a filter for this machine."""
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # the parent reads how much memory is used
    libc.prctl(PR_SET_SECUREBITS, SECURE_ALL_LOCKED, 0, 0, 0)
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
            break
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _must(libc.capset(header, (ctypes.c_uint32 * 6)()), "drop capabilities")
    _must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    return seccomp.install(libc)


def memory_in_use() -> dict[str, int]:
    """Bytes of data and of addresses that this process has; a guess where the system does not say."""
    used = {"VmData": 2**31, "VmSize": 2**33}
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            name, _, value = line.partition(":")
            if name in used:
                used[name] = int(value.split()[0]) << 10
    return used


def set_limits(used: Mapping[str, int], memory: int, processes: int | None, file_size: int, seconds: int) -> None:
    """Limits of the kernel on this process and on each that it starts.

    Args:
        used: What `memory_in_use` said while there was a /proc.
        memory: Bytes of writable memory beyond that.
        processes: Of this user in these namespaces, threads included; None where the user has others.
        file_size: Bytes of a file.
        seconds: Of processor time.
    """
    limits = {
        resource.RLIMIT_DATA: used["VmData"] + memory,
        resource.RLIMIT_AS: used["VmSize"] + 3 * memory,  # shared memory too; threads reserve more than they use
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_NOFILE: 512,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_STACK: 8 << 20,
        resource.RLIMIT_MEMLOCK: 1 << 20,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if processes is not None:
        limits[resource.RLIMIT_NPROC] = processes
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def keep_only(descriptor: int) -> int:
    """Close every descriptor but `descriptor`, which becomes number 3; 0, 1 and 2 lead nowhere."""
    nowhere = os.open("/dev/null", os.O_RDWR)
    kept = os.dup(descriptor) if descriptor <= 3 else descriptor
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    if kept != 3:
        os.dup2(kept, 3)
    os.closerange(4, 65536)
    os.set_inheritable(3, False)
    return 3
