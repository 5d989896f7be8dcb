"""A filter of system calls for learners' code: nothing that namespaces, other processes or the kernel are changed by.

The namespaces are the wall; this takes away the tools with which walls have been broken. A call that is refused gives
"operation not permitted", so that honest code which probes for it goes on.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

X86_64, AARCH64 = 0xC000003E, 0xC00000B7
# Names are those of the kernel; numbers for x86_64 and aarch64.
REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),  # memory that belongs to no process
    "memfd_secret": (447, 447),
    "shmget": (29, 194),  # as is this, once nobody is attached to it
    "msgget": (68, 186),
    "semget": (64, 190),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "fanotify_init": (300, 262),
    "move_pages": (279, 239),
    "personality": (135, 92),
}
CLONE, CLONE3, SOCKET = (56, 220), (435, 435), (41, 198)
# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NAMESPACES = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
AF_UNIX = 1  # other families are refused: some, as AF_VSOCK, belong to no network namespace

LOAD, EQUAL, ANY_BIT, AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, little-endian

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def program(machine: str) -> bytes | None:
    """The filter as instructions of the kernel's packet filter; None for a machine whose numbers are not known."""
    column = {"x86_64": 0, "aarch64": 1}.get(machine)
    if column is None:
        return None
    refuse, absent = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
    code = [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, (X86_64, AARCH64)[column], 1, 0),
        _step(RETURN, KILL),  # a call in another architecture's numbers
        _step(LOAD, NUMBER),
    ]
    if column == 0:
        code += [_step(AT_LEAST, 0x40000000, 0, 1), _step(RETURN, refuse)]  # x32
    for numbers in REFUSED.values():
        code += [_step(EQUAL, numbers[column], 0, 1), _step(RETURN, refuse)]
    # The C library falls back to clone, whose flags can be read here.
    code += [_step(EQUAL, CLONE3[column], 0, 1), _step(RETURN, absent)]
    code += [
        _step(EQUAL, CLONE[column], 0, 4),
        _step(LOAD, FIRST_ARGUMENT),
        _step(ANY_BIT, NAMESPACES, 0, 1),
        _step(RETURN, refuse),
        _step(RETURN, ALLOW),
        _step(EQUAL, SOCKET[column], 0, 4),
        _step(LOAD, FIRST_ARGUMENT),
        _step(EQUAL, AF_UNIX, 1, 0),
        _step(RETURN, refuse),
        _step(RETURN, ALLOW),
        _step(RETURN, ALLOW),
    ]
    return b"".join(code)


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


def install(libc: ctypes.CDLL) -> bool:
    """Put the filter on this process and all that it will start. It cannot be taken off.

    Returns:
        Whether there is a filter for this machine.

    Raises:
        OSError: The kernel refused.
    """
    code = program(platform.machine())
    if code is None:
        return False
    wanted = _Program(len(code) // 8, code)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0):
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")
    return True
