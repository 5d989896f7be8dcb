"""What a learner's object is given: its own copies of a case's arguments, and a module with the check's weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from attn_course.checks.engine.exercise import Case, Exercise, Fresh, Seeded


class Refusal(Exception):
    """A fault of a learner's object that is not an exception of theirs."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Materials:
    """Turns the arguments of a case into what one call gets: copies on the right device, laid out as asked.

    Args:
        device: Where they go.
        precision: If given, floating-point tensors are converted to it.
        salt: Of the weights in the sum whose gradient is taken.
    """

    def __init__(self, device: str, precision: torch.dtype | None, salt: int) -> None:
        self.device = device
        self.precision = precision
        self.salt = salt
        self.leaves: dict[str, Tensor] = {}

    def on(self, device: str) -> Materials:
        return Materials(device, self.precision, self.salt)

    def tensor(self, tensor: Tensor, layout: str = "") -> Tensor:
        if self.precision is not None and tensor.is_floating_point():
            tensor = tensor.to(self.precision)
        return _lay_out(tensor.to(self.device).clone(), layout)

    def argument(self, name: str, argument: Any, layout: str, track: bool) -> Any:
        if isinstance(argument, Fresh):
            return argument.make()
        if isinstance(argument, Seeded):
            return torch.Generator("cpu" if self.device == "meta" else self.device).manual_seed(argument.seed)
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


def _map(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    """The same lists, tuples and dicts, made anew, with other tensors in them."""
    if isinstance(value, Tensor):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_map(change, item) for item in value)
    if type(value) is dict:
        return {key: _map(change, item) for key, item in value.items()}
    return value


def copied(value: Any) -> Any:
    """An argument with its tensors copied, to look later whether it was changed; of a generator, state and seed."""
    if isinstance(value, torch.Generator):
        return value.get_state(), value.initial_seed()
    return _map(lambda tensor: tensor.detach().clone(), value)


def equal(before: Any, after: Any) -> bool:
    """Whether an argument is as it was when it was `copied`; so is a generator from which nothing was drawn.

    One that was seeded anew counts as that: what it gave then came from another seed than its own.
    """
    if isinstance(after, torch.Generator):
        return torch.equal(before[0], after.get_state()) or before[1] != after.initial_seed()
    if isinstance(before, Tensor):
        if not isinstance(after, Tensor) or before.shape != after.shape or before.dtype != after.dtype:
            return False
        return before.device.type == "meta" or torch.equal(before, after.detach())
    if type(before) in (list, tuple):
        same = type(after) is type(before) and len(before) == len(after)
        return same and all(equal(b, a) for b, a in zip(before, after, strict=True))
    if type(before) is dict:
        same = type(after) is dict and before.keys() == after.keys()
        return same and all(equal(value, after[key]) for key, value in before.items())
    if type(before) in (int, float, str, type(None)):
        return type(after) is type(before) and before == after
    return True
