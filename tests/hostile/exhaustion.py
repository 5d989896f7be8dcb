"""Take all the processes, disk and output that there are, and stop others. Each is bounded, should no wall stop it."""

import nbformat

from tests.hostile.entry import everything
from tests.hostile.resources import STOPPED, hog
from tests.hostile.writing import attack, learner

ENTRIES = [
    hog(
        "processes-a-fork-bomb",
        """
import time

until = time.time() + 30
made = 1
while INSIDE and time.time() < until and made < 256:  # each child goes on: at most 2 ** 8
    try:
        pid = os.fork()
    except OSError:
        time.sleep(0.5)
        continue
    made *= 2
    if pid == 0:
        mine = True
        while made < 256 and time.time() < until:
            try:
                child = os.fork()
                made *= 2
            except OSError:
                time.sleep(0.5)
        time.sleep(max(0, until - time.time()))
        os._exit(0)
""",
    ),
    hog(
        "processes-a-thread-bomb",
        """
import threading
import time

try:
    for _ in range(3000 if INSIDE else 50):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
except RuntimeError as error:
    print(error)
""",
    ),
    hog(
        "processes-a-swarm-of-zombies",
        """
for _ in range(300 if INSIDE else 10):
    try:
        if os.fork() == 0:
            os._exit(0)
    except OSError as error:
        print(error)
        break
""",
    ),
    hog(
        "processes-a-daemon-that-stays",
        """
import subprocess, sys, time

program = '''
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
time.sleep(90)
try:
    open(sys.argv[1], "w").write("changed")
except OSError:
    pass
'''
subprocess.Popen([sys.executable, "-c", program, «canary»], start_new_session=True)
""",
        reason="",
    ),
    hog(
        "disk-filled",
        """
block = b"x" * 10_000_000
for folder in (os.getcwd(), "/tmp", "/dev/shm", "/run", os.path.expanduser("~")):
    try:
        with open(os.path.join(folder, "hostile-filling"), "wb") as file:
            for _ in range(40 if INSIDE else 1):  # 2 GB in all
                file.write(block)
    except OSError as error:
        print(folder, error)
""",
    ),
    hog(
        "disk-many-files",
        """
for number in range(20_000 if INSIDE else 10):
    try:
        open(f"{number}.hostile", "w").close()
    except OSError as error:
        print(error)
        break
""",
    ),
    hog(
        "disk-a-sparse-terabyte",
        """
for folder in (os.getcwd(), "/tmp"):
    try:
        with open(os.path.join(folder, "hostile-sparse"), "wb") as file:
            file.truncate(2**40 if INSIDE else 2**20)
    except OSError as error:
        print(error)
""",
    ),
    hog(
        "output-of-a-call-by-print",
        """
def attention_backward(*_, **__):
    for _ in range(100):
        print("x" * 2_000_000)
""",
        reason=STOPPED,
    ),
    hog(
        "output-of-a-cell-by-print",
        """
import sys

for _ in range(100):
    print("x" * 1_000_000)
    print("x" * 1_000_000, file=sys.stderr)
""",
    ),
    hog(
        "output-in-many-small-messages",
        """
import sys

for number in range(60_000):
    sys.stdout.write(f"{number}\\n")
    if number % 10 == 0:
        sys.stdout.flush()
""",
    ),
    hog(
        "output-on-the-descriptors",
        """
for _ in range(200):
    for number in (1, 2):
        try:
            os.write(number, b"x" * 500_000)
        except OSError:
            pass
""",
    ),
    hog(
        "output-of-many-displays",
        """
from IPython.display import display

for number in range(3000):
    display({"text/plain": "x" * 20_000, "image/png": "iVBORw0KGgo" * 100}, raw=True)
""",
    ),
    attack(
        "recursion-without-end",
        """
        def attention_backward(*given, **named):
            import sys

            sys.setrecursionlimit(10**9)
            return attention_backward(*given, **named)
        """,
        reason=STOPPED,
    ),
    attack(
        "crash-by-a-null-pointer",
        """
        import ctypes


        def attention_backward(*_, **__):
            ctypes.string_at(0)
        """,
        reason=STOPPED,
    ),
    hog(
        "signals-to-everybody",
        """
import signal

if INSIDE:
    for pid in (1, os.getppid(), 2, 3, 4, 5):
        for one in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
            try:
                if pid != os.getpid():
                    os.kill(pid, one)
            except OSError as error:
                print(pid, one, error)
    try:
        os.kill(-1, signal.SIGSTOP)
    except OSError as error:
        print(error)
""",
        seconds=120,
    ),
    hog(
        "signals-that-stop-the-kernel",
        """
import signal

if INSIDE:
    os.kill(os.getpid(), signal.SIGSTOP)
""",
        seconds=120,
    ),
    learner(
        "cells-three-thousand-of-them",
        everything,
        change=lambda notebook, material: notebook.cells.extend(
            nbformat.v4.new_code_cell("1", id=f"c{number}") for number in range(3000)
        ),
        reason="cells|many|time|long",
        seconds=120,
        honest=True,
    ),
]
