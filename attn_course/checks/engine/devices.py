"""Shows on a machine without a GPU that code would mix devices there.

Tensors on the `meta` device have a shape and a device and no data. An operation that mixes them with tensors on the
CPU fails as it would between a GPU and the CPU, except for a few products, which `Mixing` watches.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors
from torch.utils._pytree import tree_leaves

PRODUCTS = frozenset(
    [
        "matmul",
        "mm",
        "bmm",
        "mv",
        "dot",
        "inner",
        "tensordot",
        "einsum",
        "linear",
        "addmm",
        "baddbmm",
        "bilinear",
        "chain_matmul",
        "__matmul__",
        "__rmatmul__",
    ]
)
"""Products that let a `meta` tensor and a CPU tensor mix, where a GPU would not."""

ANOTHER_DEVICE = re.compile(r"expected device|same device|two devices|different devices", re.IGNORECASE)
INDEX = "indices should be either on"


class DeviceError(RuntimeError):
    """Tensors of two devices met."""


def load() -> None:
    """Load what torch loads at the first use of `meta`, for about a second, so that no check waits for it."""
    torch.empty(1, device="meta").div(2.0)


class Mixing(TorchFunctionMode):
    """Raises `DeviceError` where a product would mix devices, and lets a `meta` tensor be moved to the CPU, as zeros."""

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in {"cpu", "to"} and args[0].device.type == "meta":
            like = _asked_of_cpu(func.__name__, args, kwargs)
            if like is not None:
                return torch.zeros(args[0].shape, dtype=like, device="cpu")
        if getattr(func, "__name__", "") in PRODUCTS:
            leaves = tree_leaves((args, kwargs))
            devices = {leaf.device.type for leaf in leaves if isinstance(leaf, Tensor) and leaf.dim()}
            if len(devices) > 1:
                raise DeviceError(f"tensors of two devices meet in {func.__name__}")
        return func(*args, **kwargs)


def _asked_of_cpu(name: str, args: tuple, kwargs: dict) -> torch.dtype | None:
    """The dtype in which `tensor.cpu()` or `tensor.to(…)` asks for a tensor on the CPU; None where it does not."""
    given = (*args[1:], *kwargs.values())
    others = [thing for thing in given if isinstance(thing, Tensor)]
    places = [torch.device(thing) for thing in given if isinstance(thing, (str, torch.device))]
    places += [other.device for other in others]
    if name == "to" and "cpu" not in [place.type for place in places]:
        return None
    dtypes = [thing for thing in given if isinstance(thing, torch.dtype)] + [other.dtype for other in others]
    return dtypes[0] if dtypes else args[0].dtype


class Elsewhere(Mixing):
    """Makes every new tensor on `meta`, as if that were the default device, unless its device is named.

    A 0-dim tensor stays on the CPU: torch lets it meet tensors of any device.
    """

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        made = super().__torch_function__(func, types, args, kwargs)
        if func in _device_constructors() and kwargs.get("device") is None and isinstance(made, Tensor) and made.dim():
            return made.to("meta")
        return made


@contextlib.contextmanager
def default_device() -> Iterator[None]:
    """Make `meta` torch's default device, for a call without a tensor to follow: 0-dim tensors go there as well."""
    with torch.device("meta"), Mixing():
        yield


def mixes_devices(message: str) -> bool:
    """Whether an error of torch says that tensors of two devices met.

    An index on the CPU may select from a tensor on any device, so a complaint about indices says nothing: it comes
    from the trick of this module and would not come on a GPU.
    """
    return bool(ANOTHER_DEVICE.search(message)) and INDEX not in message


def is_meta(device: str) -> bool:
    """Whether a device's name is that of `meta`."""
    return torch.device(device).type == "meta"
