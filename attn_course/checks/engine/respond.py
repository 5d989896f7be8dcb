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
from attn_course.checks.engine.exercise import Case, Exercise, Fresh
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


class Refusal(Exception):
    """A fault of a learner's object that is not an exception of theirs."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


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
        What was seen, as plain data. Whatever the learner's code does ends here, except KeyboardInterrupt.
    """
    problem = _wrong_kind(exercise, learner)
    if problem:
        return Responses(exercise.id, seed, refusal=problem)
    watcher = Watch(exercise.allowed, exercise.forbidden) if watch else None
    if watcher:
        watcher.look_inside(learner)
    cases = exercise.cases(seed)
    with _undisturbed():
        responses = tuple(
            _run(exercise, learner, case, _Materials(device, precision, seed * 7919 + index), watcher)
            if (only is None or index in only) and not (watcher and watcher.seen)
            else Response(())
            for index, case in enumerate(cases)
        )
    return Responses(exercise.id, seed, responses, ready_made=watcher.seen if watcher else "")


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
    """Keep the learner's prints and warnings off the report, and give torch's global settings back afterwards."""
    generator = torch.get_rng_state()
    dtype = torch.get_default_dtype()
    threads = torch.get_num_threads()
    grad = torch.is_grad_enabled()
    sink = _Discard()
    torch.set_num_threads(1)  # the tensors are small: more threads only wait for each other
    try:
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_rng_state(generator)
        torch.set_num_threads(threads)


class _Materials:
    """Turns the arguments of a case into what one call gets: copies on the right device, laid out as asked."""

    def __init__(self, device: str, precision: torch.dtype | None, salt: int) -> None:
        self.device = device
        self.precision = precision
        self.salt = salt
        self.leaves: dict[str, Tensor] = {}

    def on(self, device: str) -> _Materials:
        return _Materials(device, self.precision, self.salt)

    def tensor(self, tensor: Tensor, layout: str = "") -> Tensor:
        if self.precision is not None and tensor.is_floating_point():
            tensor = tensor.to(self.precision)
        return _lay_out(tensor.to(self.device).clone(), layout)

    def argument(self, name: str, argument: Any, layout: str, track: bool) -> Any:
        if isinstance(argument, Fresh):
            return argument.make()
        if isinstance(argument, Tensor):
            made = self.tensor(argument)
            if track:
                self.leaves[name] = made.requires_grad_()
                made = made.clone()  # not a leaf: a change in place shows as one, not as an error of torch
            return _lay_out(made, layout)
        return _map(self.tensor, argument)

    def arguments(self, case: Case, track: bool) -> dict[str, Any]:
        return {
            name: self.argument(name, argument, case.layouts.get(name, ""), track and name in case.gradients)
            for name, argument in case.arguments.items()
        }

    def module(self, exercise: Exercise, learner: type[nn.Module], case: Case, track: bool) -> nn.Module:
        module = learner(*case.init)
        found = dict(module.named_parameters())
        asked = case.weights or {}
        faults = [f"parameter {name} is missing" for name in asked if name not in found]
        faults += [f"parameter {name} is not asked for" for name in found if name not in asked]
        faults += [
            f"parameter {name} has shape {tuple(found[name].shape)}, asked is {tuple(asked[name].shape)}"
            for name in asked
            if name in found and found[name].shape != asked[name].shape
        ]
        if faults:
            raise Refusal("parameters", "; ".join(faults[:4]) + ".")
        dtype = next(iter(asked.values())).dtype if asked else torch.float32
        module = module.to(device=self.device, dtype=self.precision or dtype)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.copy_(self.tensor(asked[name]))
                parameter.requires_grad_(True)
        if track:
            self.leaves |= {name: p for name, p in module.named_parameters() if name in case.gradients}
        return module


def _lay_out(tensor: Tensor, layout: str) -> Tensor:
    if layout == "transposed":
        return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)
    if layout == "permuted":
        return tensor.transpose(0, -2).contiguous().transpose(0, -2)
    if layout == "strided":
        return torch.stack([tensor, tensor], dim=-1)[..., 0]
    if layout == "expanded":
        return tensor[:1].expand_as(tensor)  # the case gives equal entries along its first axis
    return tensor


def _run(exercise: Exercise, learner: Any, case: Case, materials: _Materials, watch: Watch | None) -> Response:
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
        subject, failure = _attempt(lambda: _method(materials.module(exercise, learner, case, track), exercise), watch)
    if failure is not None:
        return Response(tuple(Observation(failure=failure) for _ in case.calls))
    return Response(tuple(_call(exercise, subject, one, materials, mode, watch) for one in case.calls))


def _method(module: nn.Module, exercise: Exercise) -> Any:
    """What is called: the module itself for `forward`, so that it runs as in training."""
    if exercise.method == "forward":
        return module
    if not callable(getattr(module, exercise.method, None)):
        raise Refusal("method", f"{exercise.id} has no method {exercise.method}. Asked is {exercise.signature}.")
    return getattr(module, exercise.method)


def _attempt(
    action: Any, watch: Watch | None, where: str = "forward", graph: bool = True
) -> tuple[Any, Failure | None]:
    """Do something of the learner's, with or without a graph for gradients: its result and None, or None and why."""
    try:
        with torch.set_grad_enabled(graph), watching(watch):
            return action(), None
    except KeyboardInterrupt:
        raise
    except Refusal as refusal:
        return None, Failure(refusal.kind, str(refusal))
    except BaseException as error:  # SystemExit and the like: a learner's error ends in the report
        return None, failure_of(error, where)


def _call(
    exercise: Exercise,
    subject: Any,
    case: Case,
    materials: _Materials,
    mode: Any,
    watch: Watch | None,
) -> Observation:
    track = case.observe == "gradients"
    given = materials.arguments(case, track)
    mismatch, by_name = _signature(exercise, subject, given)
    if mismatch:
        return Observation(failure=Failure("signature", mismatch))
    before = {name: _copy(value) for name, value in given.items()}

    def action() -> Any:
        with mode:
            positional = [value for name, value in given.items() if name not in by_name]
            return subject(*positional, **{name: given[name] for name in by_name})

    result, failure = _attempt(action, watch, graph=not exercise.forbidden)  # a gradient by hand needs no graph
    if failure is not None:
        return Observation(failure=failure)
    changed = tuple(name for name in given if not _equal(before[name], given[name]))
    gradients: dict[str, Any] = {}
    if track:
        _, failure = _attempt(lambda: gradients.update(_backward(exercise, case, result, materials)), None, "backward")
        if failure is not None:
            return Observation(value_of(result), failure, changed=changed)
    return Observation(value_of(result), None, gradients, changed)


def _signature(exercise: Exercise, subject: Any, given: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    """Why the call cannot be made, or ""; and which arguments go by name, because they are keyword-only."""
    try:
        signature = inspect.signature(subject.forward if isinstance(subject, nn.Module) else subject)
        shown = str(signature)
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
        said = f"{name}{shown} cannot be called as {name}({', '.join(given)}). Asked is {exercise.signature}."
        return said, frozenset()
    return "", by_name


def _backward(exercise: Exercise, case: Case, result: Any, materials: _Materials) -> dict[str, Any]:
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


def _map(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    """The same lists, tuples and dicts, made anew, with other tensors in them."""
    if isinstance(value, Tensor):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_map(change, item) for item in value)
    if type(value) is dict:
        return {key: _map(change, item) for key, item in value.items()}
    return value


def _copy(value: Any) -> Any:
    return _map(lambda tensor: tensor.detach().clone(), value)


def _equal(before: Any, after: Any) -> bool:
    if isinstance(before, Tensor):
        if not isinstance(after, Tensor) or before.shape != after.shape or before.dtype != after.dtype:
            return False
        return before.device.type == "meta" or torch.equal(before, after.detach())
    if type(before) in (list, tuple):
        same = type(after) is type(before) and len(before) == len(after)
        return same and all(_equal(b, a) for b, a in zip(before, after, strict=True))
    if type(before) is dict:
        same = type(after) is dict and before.keys() == after.keys()
        return same and all(_equal(value, after[key]) for key, value in before.items())
    if type(before) in (int, float, str, type(None)):
        return type(after) is type(before) and before == after
    return True
