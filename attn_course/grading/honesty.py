"""What a learner's code says of itself without being run: ready-made answers, and attempts to leave the sandbox.

Signals are for a person to look at, beside the grade and never instead of it. Honest code can raise one, and whoever wants
to hide from them can.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from nbformat import NotebookNode

from attn_course.checks.engine.exercise import Chapter, Exercise
from attn_course.checks.engine.ready_made import LIBRARY, known_as
from attn_course.grading.cells import is_locked, is_solution
from attn_course.grading.names import IMPORTERS, LONGEST, Names, definitions, magics, parse, reached, text_of
from attn_course.grading.sandbox.inside.signals import ELSEWHERE, WATCHED

IN_CODE = "code: "
MOST = 10 * LONGEST
"""Characters of all cells together that are read."""
FORGED = "forged signals"
SEEN = frozenset({*WATCHED.values(), ELSEWHERE})
"""What the sandbox reports of code that ran."""

# Classes and older names of torch → the function of LIBRARY that they call.
READY = {name: name for name in LIBRARY} | {
    "LSTM": "lstm",
    "GRU": "gru",
    "RNN": "rnn_tanh",
    "LSTMCell": "lstm_cell",
    "GRUCell": "gru_cell",
    "RNNCell": "rnn_tanh_cell",
    "MultiheadAttention": "multi_head_attention_forward",
    "TransformerEncoderLayer": "_transformer_encoder_layer_fwd",
    "TransformerDecoderLayer": "_transformer_encoder_layer_fwd",
    "TransformerEncoder": "_transformer_encoder_layer_fwd",
    "TransformerDecoder": "_transformer_encoder_layer_fwd",
    "Transformer": "_transformer_encoder_layer_fwd",
    "clip_grad_norm": "clip_grad_norm_",
}
NETWORK, PROGRAMS, NATIVE, GRADER = "network", "starts programs", "native code", "names the grader"
HIDDEN, MEMORY, FRAMES, SHELL = "hidden code", "searches memory", "reads other frames", "changes IPython"
IMPORTING = "changes imports"
MODULES = {
    **dict.fromkeys(("socket", "_socket", "ssl", "urllib.request", "http.client", "http.server", "requests"), NETWORK),
    **dict.fromkeys(("httpx", "aiohttp", "ftplib", "smtplib", "socketserver", "websockets", "paramiko"), NETWORK),
    **dict.fromkeys(("subprocess", "_posixsubprocess", "pty", "pexpect"), PROGRAMS),
    **dict.fromkeys(("ctypes", "_ctypes", "cffi", "torch.utils.cpp_extension"), NATIVE),
    **dict.fromkeys(("nbgrader", "attn_course.checks", "attn_course.grading"), GRADER),
    "marshal": HIDDEN,
}
CALLS = (
    (re.compile(r"(os|posix)\.(system|popen|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?)"), PROGRAMS),
    (re.compile(r"asyncio\.create_subprocess_\w+"), PROGRAMS),
    (re.compile(r"(os|posix)\.(fork|forkpty)"), "forks"),
    (re.compile(r"(os|posix)\.(kill|killpg)|signal\.(pthread_kill|raise_signal)"), "signals processes"),
    (re.compile(r"signal\.(signal|alarm|setitimer|pthread_sigmask|siginterrupt)"), "changes time limits"),
    (re.compile(r"(os|posix)\._exit"), "ends Python"),
    (re.compile(r"gc\.get_(objects|referrers|referents)"), MEMORY),
    (re.compile(r"(sys|threading)\.(set|get)(profile|trace)(_all_threads)?|sys\.monitoring\b.*"), "profiler"),
    (re.compile(r"sys\.(_getframe|_current_frames)|inspect\.(stack|currentframe|trace|getouterframes)"), FRAMES),
    (re.compile(r"sys\.(meta_path|path_hooks|path_importer_cache)(\..*)?"), IMPORTING),
    (re.compile(r"torch\.ops\.load_library|torch\.classes\.load_library"), NATIVE),
)
ATTRIBUTES = {
    **dict.fromkeys(("f_back", "f_globals", "f_locals", "f_builtins", "tb_frame", "gi_frame", "cr_frame"), FRAMES),
    **dict.fromkeys(("__subclasses__", "__globals__", "__closure__", "__code__"), "reaches into Python"),
    **dict.fromkeys(("input_transformers_post", "input_transformers_cleanup", "ast_transformers"), SHELL),
    **dict.fromkeys(("displayhook", "display_pub", "run_cell", "run_code", "register_checker"), SHELL),
}
PLACES = re.compile(
    r"/proc/|/course/(engine|learner)|/etc/(passwd|shadow|hosts)|\.ssh\b|gradebook\.db|nbgrader_config"
    r"|attn_course[./](checks|grading)"
)
MAGIC_CALLS = {"run_line_magic", "run_cell_magic", "magic", "user_ns"}
SETTINGS = ("torch.backends.", "torch._dynamo.config.", "torch._inductor.config.")
RUNS = {"exec", "eval", "compile", "builtins.exec", "builtins.eval", "builtins.compile"}
UNPACKS = re.compile(r"\b([ab]\d\ddecode|decodebytes|unhexlify|fromhex|decompress|decode|chr)$")
PIP = re.compile(r"^[!%]\s*(\S*python\S*\s+-m\s+|\{sys\.executable\}\s+-m\s+)?(pip|conda|uv)\b")
STARTS = re.compile(r"^(\w[\w, ]*=\s*)?(!|%(sx|sc|system)\b|%%(!|bash|sh\b|script|system|sx|perl|ruby|python\d?|pypy|js\b))")


def reported(said: Iterable[str]) -> set[str]:
    """What the sandbox said of a run, which a learner's process can forge: known phrases alone."""
    return {one if one in SEEN else FORGED for one in said}


def signals(
    seen: Iterable[str], notebook: NotebookNode, released: NotebookNode, helpers: Mapping[str, bytes], chapter: Chapter
) -> tuple[str, ...]:
    """All signals of a submission.

    Args:
        seen: Of the run itself.
        notebook: As it was rebuilt from the release.
        released: As it was given out.
        helpers: Relative path → content of the learner's helper files.
        chapter: Whose exercises it has.

    Returns:
        Short phrases in order. Those that begin with "code: " were read, not seen; what was seen is not said twice.
    """
    seen = set(seen)
    return tuple(sorted(seen | {f"{IN_CODE}{one}" for one in in_code(notebook, released, helpers, chapter) - seen}))


def in_code(
    notebook: NotebookNode, released: NotebookNode, helpers: Mapping[str, bytes], chapter: Chapter
) -> set[str]:
    """What a learner's cells and helper files name that no exercise needs."""
    given = {cell.get("id"): cell.source for cell in released.cells}
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    answers, others = [], []
    for cell in cells:
        if not is_locked(cell) and cell.source != given.get(cell.get("id")):
            (answers if is_solution(cell) else others).append(cell.source)
    modules = {name: text.decode("utf-8", "replace") for name, text in helpers.items() if name.endswith(".py")}
    written = [*answers, *others, *modules.values()]
    if sum(map(len, written)) > MOST or max(map(len, written), default=0) > LONGEST:
        return {"too much to read"}
    found = {PROGRAMS for source in written for line in magics(source) if STARTS.match(line) and not PIP.match(line)}
    trees = _trees(written)
    names = Names([*_trees(cell.source for cell in cells if is_locked(cell)), *trees])
    found |= {word for name in Names(trees).imported for word in _of_module(name)}
    for tree in trees:
        for node in ast.walk(tree):
            found |= set(_reaches_out(node, names))
    ready = ReadyMade(names, chapter)
    files = frozenset(name.removesuffix(".py") for name in modules)
    return found | set(ready.in_answers(trees, files)) | set(ready.beside_answers(_trees(answers)))


def _trees(sources: Iterable[str]) -> list[ast.Module]:
    return [tree for source in sources if (tree := parse(source)) is not None]


def _of_module(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        if word := MODULES.get(".".join(parts[:length])):
            yield word


def _reaches_out(node: ast.AST, names: Names) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and PLACES.search(node.value):
            yield "names files of the system"
    elif isinstance(node, ast.BinOp):
        text = text_of(node)
        if text and PLACES.search(text):
            yield "names files of the system"
    elif isinstance(node, ast.Assign | ast.Delete):
        for target in node.targets:
            path = names.path(target) if isinstance(target, ast.Attribute) else ""
            if path.startswith(("torch.", "builtins.")) and not path.startswith(SETTINGS):
                yield f"changes {path.partition('.')[0]}"
            if isinstance(target, ast.Subscript) and names.path(target.value) == "sys.modules":
                yield IMPORTING
    elif _is_name(node):
        path = names.path(node)
        if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
            yield ATTRIBUTES[node.attr]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            if names.path(node.value.func).endswith("get_ipython") and node.attr not in MAGIC_CALLS:
                yield SHELL
        elif path and (last := path.rpartition(".")[2]) in ATTRIBUTES and "." in path:
            yield ATTRIBUTES[last]
        if path.partition(".")[0] in names.packages:
            yield from _of_module(path)
        for pattern, word in CALLS:
            if path and pattern.fullmatch(path):
                yield word
        if isinstance(node, ast.Call) and names.path(node.func) in RUNS and _unpacks(node, names):
            yield HIDDEN
        if isinstance(node, ast.Call) and names.path(node.func) in IMPORTERS and node.args:
            if text_of(node.args[0]) is None:
                yield "imports by a computed name"


def _unpacks(call: ast.Call, names: Names) -> bool:
    """Whether what is run is made of something that nobody can read."""
    calls = [node for part in call.args for node in ast.walk(part) if isinstance(node, ast.Call)]
    return any(UNPACKS.search(_name(node.func, names)) for node in calls)


def _name(function: ast.expr, names: Names) -> str:
    return names.path(function) or (function.attr if isinstance(function, ast.Attribute) else "")


class ReadyMade:
    """Looks for ready-made answers. A learner who compares with the library's in a cell of their own uses none.

    Args:
        names: Of the notebook.
        chapter: Whose exercises are answered.
    """

    def __init__(self, names: Names, chapter: Chapter) -> None:
        self.names, self.chapter = names, chapter
        self.references = {exercise.reference.partition(":")[0] for exercise in chapter.exercises}
        self.told: set[str] = set()

    def in_answers(self, trees: list[ast.Module], helpers: frozenset[str]) -> Iterator[str]:
        """Those in what an exercise's name stands for, and in all that this uses."""
        for module in self.names.stars & self.references:
            yield f"library answer {module}"
        defined = definitions(trees)
        for exercise in self.chapter.exercises:
            paths = {self.names.paths.get(exercise.id, "")}
            paths |= {self.names.path(node) for node in reached([exercise.id], defined, helpers) if _is_name(node)}
            for answer in {self._answer(path, exercise) for path in paths} - {""}:
                self.told.add(answer)
                yield f"library answer {answer} in {exercise.id}"

    def beside_answers(self, answers: list[ast.Module]) -> Iterator[str]:
        """Those that only stand in the same cell as an answer: a comparison, or the end of a longer way."""
        for exercise in self.chapter.exercises:
            for tree in answers:
                if exercise.id not in definitions([tree]):
                    continue
                paths = {self.names.path(node) for node in ast.walk(tree) if _is_name(node)}
                for answer in {self._answer(path, exercise) for path in paths} - self.told - {""}:
                    yield f"library answer {answer} beside {exercise.id}"

    def _answer(self, path: str, exercise: Exercise) -> str:
        """What a learner calls the ready-made answer at a dotted path; "" where there is none."""
        module, _, name = path.rpartition(".")
        if module in self.references:
            return path
        if not module and name[:1].isupper() and any(star.partition(".")[0] == "torch" for star in self.names.stars):
            module = "torch"
        if module.partition(".")[0] != "torch":
            return ""
        if name in READY and READY[name] not in exercise.allowed:
            return known_as(name) if name in LIBRARY else known_as(READY[name]) if name.islower() else f"torch.nn.{name}"
        banned = {entry.partition(":")[2] for entry in exercise.forbidden}
        return path if name in banned and module.startswith(("torch.autograd", "torch.func")) else ""


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
