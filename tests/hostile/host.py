"""Reach what lies outside of the submission: files, other learners, the gradebook, the network, the system."""

from tests.hostile.writing import INSIDE, attack, early

LEAVES_A_NOTE = """
import os, tempfile

for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", tempfile.gettempdir(), os.path.expanduser("~"), "."):
    note = os.path.join(folder, "hostile-note")
    if os.path.exists(note):
        print("FORGED: found a note of", open(note).read())
    try:
        open(note, "w").write("another submission")
    except OSError:
        pass
"""

ENTRIES = [
    attack(
        "host-reads-what-is-not-meant-for-it",
        """
        import glob, itertools, os

        places = [«folder», «outside», «home», os.path.expanduser("~"), "/root", "/home", "..", "../..", "/proc/1/root"]
        for place in places:
            for path in itertools.islice(glob.iglob(os.path.join(place, "**"), recursive=True), 2000):
                try:
                    print(path[-40:], open(path, "rb").read(100_000)[:20_000])
                except OSError as error:
                    pass
        """,
    ),
    attack(
        "host-reads-the-gradebook",
        """
        import sqlite3

        for path in («folder» + "/gradebook.db", "gradebook.db", "../gradebook.db"):
            try:
                known = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
                print(known.execute("select * from grade").fetchall())
                print(known.execute("select source from source_cell").fetchall())
            except sqlite3.Error as error:
                print("no:", error)
        """,
    ),
    attack(
        "host-rewrites-the-gradebook",
        """
        import glob, os, sqlite3

        for path in {«folder» + "/gradebook.db", *glob.glob("/tmp/**/gradebook.db", recursive=True)}:
            try:
                with sqlite3.connect(f"file:{path}?mode=rw", uri=True) as known:
                    known.execute("update grade set auto_score = 5, manual_score = 5")
            except sqlite3.Error as error:
                print("no:", error)
        """,
    ),
    attack(
        "host-writes-where-it-can",
        """
        import os

        for root in («folder», «outside», «home», "/proc/1/root" + «outside»):
            for name in ("canary.txt", "new.txt", ".bashrc", "ledger/new.json", "nbgrader_config.py", "release/new.txt"):
                try:
                    with open(os.path.join(root, name), "w") as file:
                        file.write("changed")
                except OSError:
                    pass
        """,
    ),
    attack(
        "host-writes-to-libraries",
        """
        import attn_course, os, site, sys, torch

        planted = "hostile_planted_by_a_submission"
        for folder in {*attn_course.__path__, *torch.__path__, *site.getsitepackages(), "/usr/local/lib", "/etc"}:
            path = os.path.join(folder, planted)
            try:
                open(path, "w").write("changed")
                print("FORGED: wrote a file")
                os.remove(path)
            except OSError:
                pass
        """,
    ),
    attack(
        "host-rewrites-the-kernel-that-all-others-come-from",
        """
        import sys
        import torch.nn.functional

        # What is patched in a process that others are forked from would be found in theirs.
        for name in ("softmax", "arange"):
            function = getattr(torch, name)
            print(name, getattr(function, "hostile", "untouched"))
        sys.modules["hostile_was_here"] = sys
        """,
    ),
    attack(
        "host-calls-over-the-network",
        """
        import socket

        targets = [
            (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", «port»)),
            (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", «port»)),
            (socket.AF_UNIX, socket.SOCK_STREAM, «socket»),
            (socket.AF_UNIX, socket.SOCK_STREAM, "\\0" + «socket»),
        ]
        for family, kind, address in targets:
            try:
                with socket.socket(family, kind) as caller:
                    caller.settimeout(2)
                    caller.connect(address)
                    caller.send(b"hello")
                    print("FORGED: connected")
            except OSError as error:
                print("no:", type(error).__name__)
        """,
    ),
    attack(
        "host-looks-into-other-processes",
        INSIDE
        + """
import ctypes, glob

libc = ctypes.CDLL(None, use_errno=True)
me = os.getpid()
for path in glob.glob("/proc/[0-9]*") if INSIDE else ():
    pid = int(path.rsplit("/", 1)[1])
    if pid == me:
        continue
    for name in ("mem", "environ", "maps", "root", "cwd"):
        try:
            target = os.readlink(f"{path}/{name}") if name in {"root", "cwd"} else open(f"{path}/{name}", "rb").read(64)
            print(pid, name, target)
        except OSError as error:
            print(pid, name, type(error).__name__)
    print(pid, "ptrace", libc.ptrace(16, pid, 0, 0))  # attach
    libc.ptrace(17, pid, 0, 0)  # and let go again
""",
        reason="kernel|died|time|stopped",
    ),
    attack(
        "host-asks-the-kernel-for-more",
        INSIDE
        + """
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
tries = {
    "unshare user and mount": lambda: libc.unshare(0x10000000 | 0x00020000),
    "mount tmpfs": lambda: libc.mount(b"none", b"/mnt", b"tmpfs", 0, None),
    "mount proc": lambda: libc.mount(b"proc", b"/tmp", b"proc", 0, None),
    "remount root": lambda: libc.mount(None, b"/", None, 32, None),
    "unmount": lambda: libc.umount2(b"/proc", 2),
    "setns": lambda: libc.setns(os.open("/proc/1/ns/mnt", os.O_RDONLY), 0),
    "chroot": lambda: libc.chroot(b"/proc/1/root"),
    "pivot_root": lambda: libc.syscall(155, b"/tmp", b"/tmp"),
    "keyctl": lambda: libc.syscall(250, 0, -3, 1),
    "setuid": lambda: libc.setuid(0),
    "mknod": lambda: libc.mknod(b"disk", 0o60666, 0xFE00),
    "sethostname": lambda: libc.sethostname(b"forged", 6),
}
for name, call in tries.items() if INSIDE else ():
    try:
        print(name, call(), ctypes.get_errno())
    except OSError as error:
        print(name, error)
try:
    open(«canary», "w").write("changed")
except OSError as error:
    print(type(error).__name__)
""",
        reason="kernel|died",
    ),
    attack(
        "host-types-into-the-terminal",
        """
        import fcntl, os, termios

        for place in ("/dev/tty", "/dev/console", 0, 1, 2):
            try:
                number = place if isinstance(place, int) else os.open(place, os.O_RDWR)
                for letter in "#hostile":
                    fcntl.ioctl(number, termios.TIOCSTI, letter.encode())
                print("FORGED: typed")
            except OSError as error:
                print("no:", type(error).__name__)
        """,
    ),
    early(
        "host-leaves-messages-for-the-next",
        LEAVES_A_NOTE,
    ),
    early(
        "host-leaves-messages-for-the-next-too",
        LEAVES_A_NOTE,
    ),
]
