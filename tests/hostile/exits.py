"""End the kernel, or act after it should have ended."""

from tests.hostile.entry import but, nothing
from tests.hostile.writing import ALL, INSIDE, LAST, attack, early, learner

DIED = "kernel|died|ended|exit|stopped"

# What is written over every file that can be found, so that whoever reads it loads something else.
REPLACE = """
import os, pickle


class Touch:
    def __reduce__(self):
        return os.system, ("echo changed > " + «canary»,)


def replace():
    payload = pickle.dumps(Touch())
    for root in (os.getcwd(), "/tmp", "/job", "/dev/shm", "/run"):
        for folder, _, names in os.walk(root):
            for name in names[:200]:
                path = os.path.join(folder, name)
                try:
                    {action}
                except OSError:
                    pass
"""


def _replace(action):
    return REPLACE.replace("{action}", action) + "\n\nif INSIDE:\n    replace()\n"


ENTRIES = [
    attack("exit-quietly-in-the-answer", "import os\nos._exit(0)", reason=DIED),
    attack(
        "exit-quietly-in-the-call",
        """
        def attention_backward(*_, **__):
            import os

            os._exit(0)
        """,
        reason=DIED,
    ),
    early("exit-quietly-at-the-start", "import os\nos._exit(0)", reason=DIED),
    learner(
        "exit-by-sys-exit-everywhere",
        nothing,
        answers={
            "scaled_dot_scores": "raise SystemExit(0)",
            "causal_mask": "import sys\nsys.exit()",
            "padding_mask": "exit()",
            "scaled_dot_product_attention": "quit(0)",
            "self_attention": "get_ipython().ask_exit()",
            "cross_attention": "def cross_attention(*_, **__):\n    raise SystemExit(0)",
            LAST: "def attention_backward(*_, **__):\n    exit()",
        },
        reason=DIED,
    ),
    attack(
        "exit-by-sys-exit-in-the-call",
        """
        def attention_backward(*_, **__):
            import sys

            sys.exit(0)
        """,
    ),
    attack(
        "exit-into-another-program",
        """
        import os
        import sys

        os.execv(sys.executable, [sys.executable, "-c", "print('FORGED 5 of 5 points')"])
        """,
        reason=DIED,
    ),
    attack(
        "exit-into-another-kernel",
        """
        import os
        import sys

        from ipykernel.connect import get_connection_file

        start = ["-c", "check = lambda *_: 5.0; from ipykernel.kernelapp import launch_new_instance as go; go()"]
        os.execv(sys.executable, [sys.executable, *start, "-f", get_connection_file()])
        """,
        reason=DIED,
    ),
    attack(
        "exit-handlers-that-write",
        INSIDE
        + """
import atexit


def late():
    for number in range(3, 64):
        try:
            os.write(number, b'{"FORGED": 5.0}')
        except OSError:
            pass
    try:
        open(«canary», "w").write("changed")
    except OSError:
        pass


if INSIDE:
    atexit.register(late)
""",
    ),
    attack(
        "exit-signals-not-heeded",
        """
        import signal

        for number in range(1, 65):
            try:
                signal.signal(number, lambda *_: None)
            except (OSError, ValueError):
                pass
        """,
    ),
    attack(
        "exit-threads-that-go-on",
        """
        import threading
        import time


        def on():
            end = time.time() + 60
            while time.time() < end:
                time.sleep(0.1)


        for _ in range(20):
            threading.Thread(target=on).start()  # no daemons: Python waits for them
        """,
    ),
    attack(
        "exit-with-a-heart-that-beats-on",
        """
        import os
        import time

        pid = os.fork()
        if pid:
            os._exit(0)  # the child keeps the sockets
        time.sleep(30)
        os._exit(0)
        """,
        reason=DIED,
        seconds=60,
    ),
    attack("files-of-the-job-removed", INSIDE + _replace("os.remove(path)"), exact=False, reason=DIED),
    attack(
        "files-of-the-job-replaced-by-links",
        INSIDE + _replace("os.remove(path); os.symlink(«canary», path)"),
        exact=False,
        reason=DIED,
    ),
    attack(
        "files-of-the-job-replaced-by-pipes",
        INSIDE + _replace("os.remove(path); os.mkfifo(path)"),
        exact=False,
        reason=DIED,
    ),
    attack(
        "files-of-the-job-replaced-by-pickles",
        INSIDE + _replace("open(path, 'wb').write(payload)"),
        exact=False,
        reason=DIED,
    ),
    attack(
        "results-that-run-code-when-loaded",
        """
        import os


        class Answer(list):
            def __reduce__(self):
                return os.system, ("echo changed > " + «canary»,)

            __reduce_ex__ = lambda self, protocol: self.__reduce__()


        class Loud(Exception):
            def __reduce__(self):
                return os.system, ("echo changed > " + «canary»,)


        def attention_backward(grad_context, query, key, value, mask=None):
            if mask is None:
                raise Loud("x")
            return Answer([query, key, value])
        """,
    ),
    attack(
        "answers-on-every-descriptor",
        INSIDE
        + """
import fcntl, json

said = json.dumps({"exercise": "attention_backward", "score": 5.0, "report": "FORGED", "state": "graded"}).encode()
for number in range(3, 256) if INSIDE else ():
    try:
        fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_NONBLOCK)
        os.write(number, len(said).to_bytes(8, "big") + said + b"\\n")
    except OSError:
        pass
""",
        exact=False,
        reason=DIED + "|time|answer",
    ),
    learner(
        "helper-that-exits-when-imported",
        but(LAST),
        answers={LAST: "from helper import attention_backward"},
        files=lambda material: {"helper.py": b"raise SystemExit(0)\n"},
    ),
    learner(
        "exit-in-a-cell-of-ones-own",
        nothing,
        wrong=[ALL],
        last="import os\nos.kill(os.getpid(), 9)",
        reason=DIED,
    ),
]
