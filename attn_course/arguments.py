"""Errors for wrong arguments: which one, what was asked, what was given, how to fix it.

A pattern names the axes of a tensor, as the signatures do: `"*batch d_in"` is any number of leading
axes and then `d_in`; `"4*d_hidden"` is four times the size that `d_hidden` has elsewhere. A name has
one size in one call. Only shapes, dtypes and devices are looked at, never values, so that the checks
also run on the `meta` device.
"""

from functools import cache

import torch
from torch import Tensor

INTEGER_DTYPES = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def require_shapes(**arguments: tuple[object, str]) -> dict[str, int]:
    """Refuse tensors whose axes do not fit together.

    Args:
        **arguments: for each argument's name, the value given and the pattern of its axes. An axis
            that is written as a multiple (`4*d_hidden`) comes after the axis that it multiplies.

    Returns:
        The size of every named axis; `*batch` is left out.

    Raises:
        TypeError: a value is no tensor.
        ValueError: a tensor has too few axes, or an axis of another size than its pattern says.
    """
    sizes: dict[str, int] = {}
    source: dict[str, str] = {}  # which argument gave an axis its size
    batch: tuple[int, ...] | None = None
    batch_source = ""
    for name, (value, pattern) in arguments.items():
        require_tensor(name, value)
        axes, any_batch, asked = _axes(pattern)
        given = tuple(value.shape)
        if len(given) < len(axes) or (len(given) > len(axes) and not any_batch):
            count = f"{len(axes)} or more axes" if any_batch else f"{len(axes)} axes"
            raise ValueError(f"{name} needs {count}, {asked}, but has shape {given}.")
        for (axis, factor, base), size in zip(axes, given[len(given) - len(axes) :], strict=True):
            known = sizes.setdefault(base, size) if not factor else sizes[base]
            if not factor:
                source.setdefault(base, name)
            expected = (factor or 1) * known
            if size != expected:
                because = f"{base} is {known} in {source[base]}"
                raise ValueError(
                    f"{name} has shape {given}, but {asked} is asked and {because}: its axis {axis} "
                    f"must have size {expected}, not {size}."
                )
        if any_batch:
            leading = given[: len(given) - len(axes)]
            if batch is None:
                batch, batch_source = leading, name
            elif leading != batch:
                raise ValueError(
                    f"{name} has the batch axes {leading}, but {batch_source} has {batch}: give both the "
                    "same leading axes, for example with expand."
                )
    return sizes


@cache  # a pattern is a literal of a reference
def _axes(pattern: str) -> tuple[list[tuple[str, int, str]], bool, str]:
    """The axes of a pattern as (text, factor or 0, name), whether it begins with `*batch`, and how errors show it."""
    texts = pattern.split()
    any_batch = texts[0] == "*batch"
    axes = []
    for text in texts[1:] if any_batch else texts:
        factor, _, base = text.rpartition("*")
        axes.append((text, int(factor or 0), base))
    return axes, any_batch, "(" + ", ".join(texts) + ("," if len(texts) == 1 else "") + ")"


def require_tensor(name: str, value: object) -> None:
    """Refuse everything but a tensor.

    Raises:
        TypeError: `value` is no tensor.
    """
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{name} must be a tensor, but is a {type(value).__name__}: build one with torch.tensor or torch.stack."
        )


def require_same_kind(**tensors: Tensor) -> None:
    """Refuse tensors that are not all of one floating dtype on one device.

    Raises:
        TypeError: a tensor is not floating point, or two have different dtypes.
        ValueError: two tensors are on different devices.
    """
    (first_name, first), *_ = tensors.items()
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise TypeError(f"{name} must be floating point, but is {tensor.dtype}: use {name}.float().")
        if tensor.dtype != first.dtype:
            raise TypeError(
                f"{name} is {tensor.dtype}, but {first_name} is {first.dtype}: use {name}.to({first_name}.dtype)."
            )
        require_same_device(**{first_name: first, name: tensor})


def require_same_device(**tensors: Tensor) -> None:
    """Refuse tensors on different devices.

    Raises:
        ValueError: two tensors are on different devices.
    """
    (first_name, first), *rest = tensors.items()
    for name, tensor in rest:
        if tensor.device != first.device:
            raise ValueError(
                f"{name} is on {tensor.device}, but {first_name} is on {first.device}: "
                f"use {name}.to({first_name}.device)."
            )


def require_integers(**tensors: Tensor) -> None:
    """Refuse tensors that hold anything but whole numbers.

    Raises:
        TypeError: a tensor has a floating or boolean dtype.
    """
    for name, tensor in tensors.items():
        if tensor.dtype not in INTEGER_DTYPES:
            raise TypeError(f"{name} must hold integers, but is {tensor.dtype}: use {name}.long().")


def require_lengths(lengths: Tensor, time: int) -> None:
    """Refuse lengths that are no whole numbers from 1 to `time`; on `meta` only the dtype can be seen.

    Raises:
        TypeError: `lengths` does not hold integers.
        ValueError: a length lies outside 1 to `time`.
    """
    require_integers(lengths=lengths)
    if lengths.is_meta or lengths.numel() == 0:
        return
    low, high = int(lengths.min()), int(lengths.max())
    if low < 1 or high > time:
        raise ValueError(
            f"lengths must lie between 1 and the {time} time steps of the inputs, but go from {low} to "
            f"{high}: count the true steps of each sequence, without its padding."
        )
