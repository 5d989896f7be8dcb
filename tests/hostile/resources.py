"""Take all the time or memory that there is. Each is bounded, should no wall stop it."""

from tests.hostile.entry import RECURRENCE, everything
from tests.hostile.writing import INSIDE, attack, early, learner

STOPPED = "kernel|died|killed|memory|process|output|disk|space|time|long|limit|stopped|ended"

PATIENCE = 100  # seconds that an endless thing lasts: more than a cell may take, and less than for ever


def hog(name, trick, **about):
    """Something at the last exercise's cell that may cost the kernel its life, and then says so."""
    about.setdefault("reason", STOPPED)
    about.setdefault("seconds", 60)
    return attack(name, INSIDE + trick, **about)


ENTRIES = [
    attack(
        "time-an-endless-loop",
        f"""
        import time


        def attention_backward(*_, **__):
            end = time.monotonic() + {PATIENCE * 4}
            while time.monotonic() < end:
                pass
        """,
        seconds=120,
    ),
    attack(
        "time-a-loop-that-heeds-no-interrupt",
        f"""
        import time


        def attention_backward(*_, **__):
            end = time.monotonic() + {PATIENCE * 4}
            while time.monotonic() < end:
                try:
                    while time.monotonic() < end:
                        pass
                except BaseException:
                    pass
        """,
        reason=STOPPED,
        seconds=120,
    ),
    early(
        "time-sleeping-in-every-cell",
        f"import time\ntime.sleep({PATIENCE * 4})",
        reason=STOPPED,
        seconds=200,
    ),
    attack(
        "time-inside-of-torch",
        """
        def attention_backward(*_, **__):
            x = torch.ones(3000, 3000)
            for _ in range(400):
                x = torch.linalg.matrix_exp(x / x.norm())
        """,
        reason=STOPPED,
        seconds=120,
    ),
    learner(
        "time-an-endless-cell-of-ones-own",
        everything,
        last=f"import time\nend = time.monotonic() + {PATIENCE * 4}\nwhile time.monotonic() < end:\n    pass",
        reason=STOPPED,
        seconds=120,
        honest=True,
    ),
    attack(
        "time-a-result-that-never-ends",
        f"""
        import time


        class Rows(list):
            def __iter__(self):
                end = time.monotonic() + {PATIENCE * 4}
                while time.monotonic() < end:
                    yield torch.zeros(1)

            def __len__(self):
                return 3


        def attention_backward(*_, **__):
            return Rows([1, 2, 3])
        """,
        reason=STOPPED,
        seconds=120,
    ),
    attack(
        "time-a-decoder-that-never-ends",
        f"""
        import time


        def greedy_decode(step, state, start, end, max_len):
            until = time.monotonic() + {PATIENCE * 4}
            while time.monotonic() < until:
                logits, state = step(start, state)
        """,
        target="greedy_decode",
        assignment=RECURRENCE,
        seconds=120,
    ),
    attack(
        "memory-a-terabyte-at-once",
        """
        def attention_backward(*_, **__):
            return torch.ones(2**37), bytearray(2**40), None
        """,
    ),
    hog(
        "memory-that-grows",
        """
def attention_backward(*_, **__):
    kept = []
    for _ in range(300 if INSIDE else 20):  # 6 GB
        kept.append(bytearray(b"x") * 20_000_000)
    raise ValueError(len(kept))
""",
    ),
    hog(
        "memory-in-many-children",
        """
import time

for number in range(30 if INSIDE else 2):  # 6 GB in all
    try:
        if os.fork() == 0:
            kept = bytearray(b"x") * 200_000_000
            time.sleep(20)
            os._exit(0)
    except OSError as error:
        print(error)
        break
time.sleep(8)
""",
    ),
    hog(
        "memory-in-files-without-a-name",
        """
block = b"x" * 10_000_000
for name in range(4):
    try:
        file = os.memfd_create(str(name))
        for _ in range(50 if INSIDE else 1):  # 2 GB in all
            os.write(file, block)
    except OSError as error:
        print(error)
""",
    ),
    attack(
        "memory-a-huge-result",
        """
        def attention_backward(grad_context, query, key, value, mask=None):
            huge = torch.ones(1).expand(2**30, 2**10)
            return huge, [huge] * 1000, {"x": "y" * 10_000_000}
        """,
    ),
    attack(
        "memory-a-huge-message",
        """
        def attention_backward(*_, **__):
            raise ValueError("x" * 20_000_000)
        """,
    ),
]
