"""Written by somebody who has read this grader: its messages, its frames, and the code that reads a submission outside."""

import nbformat

from tests.hostile.blinding import BY_AUTOGRAD
from tests.hostile.entry import RECURRENCE, but, everything, nothing
from tests.hostile.writing import LAST, attack, cell, code_cell, learner

# The pipe on which a notebook's process tells what it saw, and one message of it.
SEND = """
import json, os


def send(kind, header, blob=b""):
    head = header if isinstance(header, bytes) else json.dumps([kind, header]).encode()
    data = len(head).to_bytes(4, "big") + len(blob).to_bytes(8, "big") + head + blob
    try:
        while data:
            data = data[os.write(3, data[:65536]):]
    except OSError as error:
        print("no:", error)


"""
# The exercises of the process that asks, found in the frames below the cell.
FIND = """
import sys


def find(name):
    frame = sys._getframe()
    while frame:
        for known in (frame.f_locals, frame.f_globals):
            if name in known:
                return known[name]
        frame = frame.f_back


"""
STOPPED = "died|ended|output|stopped|read"


def says(name, trick, **about):
    return attack(name, SEND + trick, **about)


def _deep_sources(notebook, material):
    """Expressions that are too deep for whoever takes a cell's syntax tree apart by recursion."""
    deep = ["-" * 60_000 + "1", "x" + ".y" * 20_000, "1" + "+1" * 20_000, "[" * 150 + "]" * 150, "f(" * 90 + ")" * 90]
    deep += [
        "lambda: " * 5000 + "1",
        "x" + "[0]" * 15_000,
        "a = " * 15_000 + "1",
        "not " * 40_000 + "1",
        "x" + "()" * 15_000,
    ]
    deep += ["\n".join(f"{' ' * n}if 1:" for n in range(99)) + "\n" + " " * 99 + "1"]
    notebook.cells += [code_cell(source) for source in deep]


def _deep_sources_and_a_missing_answer(notebook, material):
    """As above, where the sources are searched for a missing answer."""
    notebook.cells.remove(cell(notebook, f"{LAST}-answer"))
    _deep_sources(notebook, material)


ENTRIES = [
    says(
        "inner-says-what-checks-saw",
        """
said = {"exercise": "attention_backward", "seed": 0, "refusal": "", "ready_made": "", "cases": []}
head = json.dumps(said).encode()
for number in range(80):
    send("check", {"cell": number, "said": ""}, len(head).to_bytes(8, "big") + head)
""",
        exact=False,
    ),
    says("inner-says-it-is-done", """send("done", {"signals": []})"""),
    says("inner-says-that-the-sandbox-broke", """send("broken", {"error": "FORGED: no room left"})""", reason=STOPPED),
    says(
        "inner-says-it-in-the-last-call",
        """
def attention_backward(*_, **__):
    send("broken", {"error": "FORGED: no room left"})
    os._exit(70)
""",
        reason=STOPPED,
    ),
    says("inner-ends-like-a-broken-sandbox", "os._exit(70)", reason=STOPPED),
    says("inner-message-without-end", """os.write(3, b"\\xff" * 4096)""", reason=STOPPED),
    says(
        "inner-message-of-deep-json", """send("", b'["start", {"cell": ' + b"[" * 200_000 + b"]" * 200_000 + b"}]")"""
    ),
    says("inner-message-of-a-long-number", """send("", b'["start", {"cell": ' + b"9" * 10_000 + b"}]")"""),
    says(
        "inner-messages-of-odd-cells",
        """
for number in (-1, True, 1.5, None, "3", 2**70, [], float("nan")):
    send("start", {"cell": number})
    send("cell", {"cell": number, "outputs": [1, None, {"output_type": []}, {"output_type": "stream", "text": 7}]})
""",
        reason=STOPPED,
    ),
    says(
        "inner-outputs-of-others",
        """
shown = [{"output_type": "display_data", "data": {"text/html": "<script>document.title=1</script>", "text/plain": "FORGED"}}]
for number in range(60):
    send("cell", {"cell": number, "outputs": shown * 5})
""",
        absent=("<script>document.title",),
    ),
    says(
        "inner-outputs-of-150-megabytes",
        """
shown = [{"output_type": "stream", "name": "stdout", "text": "x" * 99_000}] * 100
for number in range(15):
    send("cell", {"cell": number, "outputs": shown})
""",
        reason=STOPPED,
    ),
    says(
        "inner-signals-made-up",
        """
def attention_backward(*_, **__):
    send("done", {"signals": ["<script>document.title=1</script>", 7, None, "x" * 9999, "\\x1b[2J"]})
""",
        absent=("<script>document.title",),
    ),
    says("inner-closes-the-pipe", "os.close(3)", reason=STOPPED),
    says(
        "inner-another-pipe-in-its-place",
        """
read, write = os.pipe()
os.dup2(write, 3)
""",
        reason=STOPPED,
    ),
    says(
        "inner-a-child-that-talks-on",
        """
import time

if os.fork() == 0:
    until = time.time() + 40
    while time.time() < until:
        send("start", {"cell": 0})
        time.sleep(0.01)
    os._exit(0)
""",
        reason=STOPPED,
    ),
    attack(
        "inner-json-that-lies",
        """
        import json

        json.dumps = lambda *_, **__: '["check", {"cell": 0, "said": ""}]'
        """,
        reason=STOPPED,
    ),
    attack(
        "inner-cases-in-which-zero-is-right",
        FIND
        + """
import dataclasses

exercises = getattr(find("self"), "exercises", None) or find("exercises") or {}
for frame_name in ("self", "start"):
    exercises = exercises or getattr(find(frame_name), "exercises", {})
frame = sys._getframe()
while frame:
    exercises = exercises or getattr(frame.f_locals.get("self"), "exercises", {})
    frame = frame.f_back
exercise = exercises.get("attention_backward")
print("found" if exercise else "not found")
if exercise:
    made = exercise.cases


    def cases(seed):
        zero = lambda x: torch.zeros_like(x) if isinstance(x, torch.Tensor) and x.is_floating_point() else x
        changed = lambda given: {name: zero(x) for name, x in given.items()}
        return [
            dataclasses.replace(one, arguments=changed(one.arguments), then=tuple(changed(x) for x in one.then))
            for one in made(seed)
        ]


    object.__setattr__(exercise, "cases", cases)


def attention_backward(grad_context, query, key, value, mask=None):
    return torch.zeros_like(query), torch.zeros_like(key), torch.zeros_like(value)
""",
    ),
    attack(
        "inner-no-watch",
        BY_AUTOGRAD
        + """

import sys

frame = sys._getframe()
while frame:
    if "respond" in frame.f_globals and "pack" in frame.f_globals:
        asked = frame.f_globals["respond"]
        frame.f_globals["respond"] = lambda *given, **named: asked(*given, **{**named, "watch": False})
        print("found")
        break
    frame = frame.f_back
""",
        unless_signalled=frozenset({LAST}),
        signals=("ready|library|frames|watch",),
    ),
    learner("inner-sources-too-deep", everything, change=_deep_sources),
    learner("inner-sources-too-deep-to-search", but(LAST), change=_deep_sources_and_a_missing_answer),
    learner("inner-a-source-of-20-megabytes", everything, last="# " + "x" * 20_000_000, reason="large|MiB|MB"),
    learner(
        "inner-many-long-lines",
        everything,
        change=lambda notebook, material: notebook.cells.extend(
            code_cell("\x1b[" * 20_000 + "# " + "a,=" * 10_000 + "!" + " " * 20_000) for _ in range(5)
        ),
    ),
    attack(
        "inner-answers-of-every-kind",
        """
        calls = iter(range(10**6))


        def attention_backward(*given, **named):
            import numpy as np

            t = torch.ones(3)
            kinds = [
                None, True, -(2**80), 1j, float("nan"), "x", b"x", [], [[]], {}, t.to_sparse(), t.to(torch.complex64),
                torch.empty(0, 3), torch.ones([1] * 14), torch.tensor([-(2**63)]), t.to("meta"), [t] * 300,
                torch.full((3, 3), float("nan")), np.array([object()]), range(3), torch.float32, ..., type, lambda: 1,
            ]
            number = next(calls)
            kind = kinds[number // 2 % len(kinds)]
            return (kind,) * 3 if number % 2 else kind
        """,
    ),
    attack(
        "inner-a-number-in-place-of-tokens",
        """
        def greedy_decode(step, state, start, end, max_len):
            return float("nan")
        """,
        target="greedy_decode",
        assignment=RECURRENCE,
    ),
    *(
        learner(
            f"inner-handed-in-{name}",
            everything,
            files=lambda material, content=content: {"timestamp.txt": content},
        )
        for name, content in {
            "at-no-time": b"\xff\xfe never",
            "in-the-year-9999": b"9999-12-31 23:59:59.999999 UTC",
            "in-the-year-0": b"0000-00-00 00:00:00 UTC",
            "on-time": b"2026-01-05 10:00:00 UTC\n",
            "often": b"2026-01-05 10:00:00 UTC\n" * 50_000,
        }.items()
    ),
    learner(
        "inner-only-text-cells",
        nothing,
        reason="cell|no code",
        change=lambda notebook, material: (
            notebook.cells.clear() or notebook.cells.append(nbformat.v4.new_markdown_cell("I was ill."))
        ),
    ),
]
