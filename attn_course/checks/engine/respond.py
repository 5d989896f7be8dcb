"""Runs a learner's object on the cases of an exercise and writes down what it does.

Needs neither the reference nor the mistakes: in class grading this half runs where learners' code runs.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from attn_course.checks.engine.devices import Elsewhere, Mixing, default_device
from attn_course.checks.engine.exercise import Case, Exercise
from attn_course.checks.engine.interrupts import CALLS, Interrupts, TooLong
from attn_course.checks.engine.materials import Materials, Refusal, copied, equal
from attn_course.checks.engine.observe import (
    MAX_ENTRIES,
    Failure,
    Observation,
    Response,
    Responses,
    failure_of,
    value_of,
)
from attn_course.checks.engine.ready_made import Watch, watching


def respond(
    exercise: Exercise,
    learner: Any,
    seed: int,
    device: str = "cpu",
    precision: torch.dtype | None = None,
    watch: bool = True,
    only: Collection[int] | None = None,
) -> Responses:
    """Run `learner` on the cases of `seed`.

    Args:
        exercise: What is asked.
        learner: The learner's function or class.
        seed: Seed of the cases.
        device: Where the inputs lie.
        precision: If given, floating-point inputs are converted to it first (for expected values).
        watch: Whether to notice calls of ready-made answers.
        only: Positions of the cases to run; all by default. A case that is left out has no observation.

    Returns:
        What was seen, as plain data. Whatever the learner's code does ends here.

    Raises:
        KeyboardInterrupt: By Ctrl-C, and whatever else a signal handler raises that was set before.
    """
    problem = _wrong_kind(exercise, learner)
    if problem:
        return Responses(exercise.id, seed, refusal=problem)
    attempts = _Attempts(Watch(exercise.allowed, exercise.forbidden) if watch else None)
    if attempts.watch:
        attempts.watch.look_inside(learner)
    with _undisturbed(), attempts.interrupts.heard():
        cases = exercise.cases(seed)
        responses = tuple(
            _run(exercise, learner, case, Materials(device, precision, seed * 7919 + index), attempts)
            if (only is None or index in only) and not attempts.ready_made
            else Response(())
            for index, case in enumerate(cases)
        )
    return Responses(exercise.id, seed, responses, ready_made=attempts.ready_made)


def _wrong_kind(exercise: Exercise, learner: Any) -> str:
    name = exercise.id
    if exercise.kind == "class":
        if isinstance(learner, nn.Module):
            return f"{name} is an instance of a module. Pass the class itself: {name}, not {name}(...)."
        if not inspect.isclass(learner):
            return f"{name} is {_article(learner)}. A class is asked: class {name}(nn.Module)."
        if not issubclass(learner, nn.Module):
            return f"{name} is a class, but not a module. Derive it from nn.Module: class {name}(nn.Module)."
        return ""
    if learner is None:
        return f"{name} is None. Define it: def {exercise.signature}."
    if inspect.isclass(learner):
        return f"{name} is a class. A function is asked: def {exercise.signature}."
    if not callable(learner):
        return f"{name} is {_article(learner)}. A function is asked: def {exercise.signature}."
    return ""


def _article(thing: Any) -> str:
    if thing is None:
        return "None"
    if inspect.isfunction(thing) or inspect.isbuiltin(thing):
        return "a function"
    name = type(thing).__name__[:40]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


class _Discard(io.TextIOBase):
    """Takes any text and keeps none."""

    def write(self, text: str) -> int:
        return len(text)

    def writable(self) -> bool:
        return True


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the learner's prints and warnings off the report, and torch's global settings as they are at its start.

    A notebook may have changed them. The cases are the same for everybody; afterwards it has its settings back.
    """
    generator = torch.get_rng_state()
    dtype = torch.get_default_dtype()
    threads = torch.get_num_threads()
    grad = torch.is_grad_enabled()
    device = torch.get_default_device()
    sink = _Discard()
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    if device.type != "cpu":
        torch.set_default_device(None)
    torch.set_num_threads(1)  # the tensors are small: more threads only wait for each other
    try:
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if device.type != "cpu":
            torch.set_default_device(device)
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_rng_state(generator)
        torch.set_num_threads(threads)


class _Attempts:
    """Runs what is a learner's, watched, and for a limited time."""

    def __init__(self, watch: Watch | None) -> None:
        self.watch = watch
        self.interrupts = Interrupts()
        self.late = 0
        self.too_long: Failure | None = None
        self.signatures: dict[Any, tuple[str, frozenset[str]]] = {}

    @property
    def ready_made(self) -> str:
        return self.watch.seen if self.watch else ""

    def signature(self, exercise: Exercise, subject: Any, given: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
        """As `_signature`, looked up once for all cases that give the same arguments."""
        key = tuple(given)  # of a class, every case makes an instance, with the same method
        if key not in self.signatures:
            self.signatures[key] = _signature(exercise, subject, given)
        return self.signatures[key]

    def attempt(
        self, action: Callable[[], Any], where: str = "forward", graph: bool = True
    ) -> tuple[Any, Failure | None]:
        """Do something, with or without a graph for gradients: its result and None, or None and why there is none."""
        if self.late >= CALLS:
            return None, self.too_long
        watch = self.watch if where == "forward" else None
        try:
            with torch.set_grad_enabled(graph), watching(watch), self.interrupts.limited():
                result = action()
        except Refusal as refusal:
            return None, Failure(refusal.kind, str(refusal))
        except BaseException as error:  # SystemExit and the like: a learner's error ends in the report
            if self.interrupts.came_from_outside(error):
                raise
            self.interrupts.raise_again()
            failure = failure_of(error, where)
            if isinstance(error, TooLong):
                self.late, self.too_long = self.late + 1, failure
            return None, failure
        self.interrupts.raise_again()
        return result, None


def _run(exercise: Exercise, learner: Any, case: Case, materials: Materials, attempts: _Attempts) -> Response:
    if case.observe == "meta":
        materials = materials.on("meta")
    mode: Any = contextlib.nullcontext()
    if case.observe == "meta":
        mode = Mixing()
    elif case.observe == "default_device":
        mode = Elsewhere() if case.has_tensor else default_device()
    track = case.observe == "gradients"
    subject, failure = learner, None
    if exercise.kind == "class":
        subject, failure = attempts.attempt(lambda: _method(materials.module(exercise, learner, case, track), exercise))
    if failure is not None:
        return Response(tuple(Observation(failure=failure) for _ in case.calls))
    return Response(tuple(_call(exercise, subject, one, materials, mode, attempts) for one in case.calls))


def _method(module: nn.Module, exercise: Exercise) -> Any:
    """What is called: the module itself for `forward`, so that it runs as in training."""
    if exercise.method == "forward":
        return module
    if not callable(getattr(module, exercise.method, None)):
        raise Refusal("method", f"{exercise.id} has no method {exercise.method}. Asked is {exercise.signature}.")
    return getattr(module, exercise.method)


def _call(
    exercise: Exercise,
    subject: Any,
    case: Case,
    materials: Materials,
    mode: Any,
    attempts: _Attempts,
) -> Observation:
    track = case.observe == "gradients"
    given = materials.arguments(case, track)
    mismatch, by_name = attempts.signature(exercise, subject, given)
    if mismatch:
        return Observation(failure=Failure("signature", mismatch))
    before = {name: copied(value) for name, value in given.items()}

    def action() -> Any:
        with mode:
            positional = [value for name, value in given.items() if name not in by_name]
            made = subject(*positional, **{name: given[name] for name in by_name})
        if exercise.settle is None or case.observe in {"meta", "default_device"}:
            return made
        return exercise.settle(made, given, case)

    result, failure = attempts.attempt(action, graph=not exercise.forbidden)  # a gradient by hand needs no graph
    if failure is not None:
        return Observation(failure=failure)
    changed = tuple(name for name in given if not equal(before[name], given[name]))
    value, failure = attempts.attempt(lambda: value_of(result))  # reading it may run code of the learner's
    if failure is not None:
        return Observation(failure=failure, changed=changed)
    if not track:
        return Observation(value, changed=changed)
    gradients, failure = attempts.attempt(lambda: _backward(exercise, case, result, materials), "backward")
    return Observation(value, failure, gradients or {}, changed)


def _signature(exercise: Exercise, subject: Any, given: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    """Why the call cannot be made, or ""; and which arguments go by name, because they are keyword-only."""
    try:
        signature = inspect.signature(subject.forward if isinstance(subject, nn.Module) else subject)
    except Exception:  # a callable without a readable signature is tried as it is
        return "", frozenset()
    only = {name for name, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}
    by_name = frozenset(only & set(given))
    try:
        signature.bind(
            *(value for name, value in given.items() if name not in by_name), **{name: given[name] for name in by_name}
        )
    except TypeError:
        name = exercise.id if exercise.kind == "function" else exercise.method
        said = (
            f"{name}{_shown(signature)} cannot be called as {name}({', '.join(given)}). Asked is {exercise.signature}."
        )
        return said, frozenset()
    return "", by_name


def _shown(signature: inspect.Signature) -> str:
    try:
        return str(signature)
    except Exception:  # a default of the learner's may do anything when it is asked for its text
        return "(...)"


def _backward(exercise: Exercise, case: Case, result: Any, materials: Materials) -> dict[str, Any]:
    """Gradients of a weighted sum of the main results; the weights are the same for everybody."""
    several = len(exercise.returns) > 1
    tensors: list[Tensor] = []
    for position in exercise.main:
        part = result[position] if several else result
        tensors += [part] if isinstance(part, Tensor) else list(part) if isinstance(part, (list, tuple)) else []
    generator = torch.Generator().manual_seed(materials.salt % (2**63 - 1))
    total: Any = 0.0
    for tensor in tensors:
        if tensor.numel() > MAX_ENTRIES:
            raise Refusal("size", f"a result has {tensor.numel()} entries, far more than are asked for")
        weights = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        total = total + (tensor * weights.to(tensor)).sum()
    names = list(materials.leaves)
    leaves = [materials.leaves[name] for name in names]
    if not isinstance(total, Tensor) or not total.requires_grad:
        return dict.fromkeys(names)
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    return {name: None if gradient is None else value_of(gradient) for name, gradient in zip(names, found, strict=True)}
