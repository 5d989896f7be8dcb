"""Notices calls of ready-made answers: the library's own attention and recurrences, and the course's references."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import torch

LIBRARY = frozenset(
    {
        "scaled_dot_product_attention",
        "multi_head_attention_forward",
        "_native_multi_head_attention",
        "_transformer_encoder_layer_fwd",
        "flex_attention",
        "lstm",
        "gru",
        "rnn_tanh",
        "rnn_relu",
        "lstm_cell",
        "gru_cell",
        "rnn_tanh_cell",
        "rnn_relu_cell",
        "clip_grad_norm_",
        "clip_grads_with_norm_",
        "_clip_grads_with_norm_",
        "_softmax_backward_data",
        "_log_softmax_backward_data",
    }
)
"""Functions of torch that are the answer to an exercise of this course."""

DENSE = "_scaled_dot_product"
"""How the names of all forms of dense attention inside torch begin."""

SWITCHED_OFF = "sys.setprofile"
"""Seen where a learner's code switches off what looks for ready-made answers."""

CLIP = "torch.nn.utils.clip_grad_norm_"
KNOWN_AS = {
    "scaled_dot_product_attention": "torch.nn.functional.scaled_dot_product_attention",
    "multi_head_attention_forward": "torch.nn.MultiheadAttention",
    "_native_multi_head_attention": "torch.nn.MultiheadAttention",
    "_transformer_encoder_layer_fwd": "torch.nn.TransformerEncoderLayer",
    "flex_attention": "torch.nn.attention.flex_attention",
    "lstm": "torch.nn.LSTM",
    "gru": "torch.nn.GRU",
    "rnn_tanh": "torch.nn.RNN",
    "rnn_relu": "torch.nn.RNN",
    "lstm_cell": "torch.nn.LSTMCell (torch.lstm_cell)",
    "gru_cell": "torch.nn.GRUCell (torch.gru_cell)",
    "rnn_tanh_cell": "torch.nn.RNNCell (torch.rnn_tanh_cell)",
    "rnn_relu_cell": "torch.nn.RNNCell (torch.rnn_relu_cell)",
    "clip_grad_norm_": CLIP,
    "clip_grads_with_norm_": CLIP,
    "_clip_grads_with_norm_": CLIP,
    "_engine_run_backward": "torch.autograd",
    "run_backward": "torch.autograd",
}
"""Name of a function inside torch → what a learner calls it."""


def known_as(name: str) -> str:
    """What a learner calls the ready-made answer that a `Watch` saw under `name`."""
    module, _, function = name.rpartition(".")
    if function.startswith(DENSE):
        function = "scaled_dot_product_attention"
    if function in KNOWN_AS:
        return KNOWN_AS[function]
    if module == "torch._tensor":
        return f"Tensor.{function}"
    if module.startswith("torch._functorch"):
        return f"torch.func.{function.removesuffix('_impl')}"
    return name.removesuffix(".__init__")


class Watch:
    """Remembers the first ready-made answer that was called.

    Args:
        allowed: Names of `LIBRARY` that may be used.
        forbidden: Further Python functions, as "module:function"; the module may be a prefix of the real one and
            the function "*".
    """

    def __init__(self, allowed: frozenset[str], forbidden: frozenset[str]) -> None:
        self.names = LIBRARY - allowed
        self.forbidden = [tuple(entry.split(":")) for entry in forbidden]
        self.seen = ""
        self.hook = self._hook()

    def look_inside(self, learner: Any) -> None:
        """A compiled function makes its calls out of the interpreter's sight: read them from its graph."""
        if isinstance(learner, torch.jit.ScriptFunction):
            graph = str(learner.inlined_graph)
            for name in sorted(self.names):
                if f"aten::{name}(" in graph:
                    self.seen = name

    def _hook(self) -> Callable[[FrameType, str, Any], None]:
        """What the interpreter calls at each call (sys.setprofile), of Python functions and of built-in ones.

        It runs thousands of times in a check: most calls are told by their name alone, or by code that was seen before.
        """
        telling = self.names | {function for _, function in self.forbidden}
        harmless: dict[int, CodeType] = {}  # kept by the object, so that its number stays its own

        def hook(frame: FrameType, event: str, arg: Any) -> None:
            if event == "call":
                code = frame.f_code
                if id(code) not in harmless and not self._look_at(frame):
                    harmless[id(code)] = code
            elif event == "c_call":
                name = getattr(arg, "__name__", "")
                if name in telling or name.startswith(DENSE):
                    self._look_at_built_in(name, arg)

        return hook

    def _look_at_built_in(self, name: str, function: Any) -> None:
        owner = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
        if self.seen or not str(owner).startswith("torch"):
            return
        known = name in self.names or name.startswith(DENSE)
        if known or any(name == wanted and owner.startswith(prefix) for prefix, wanted in self.forbidden):
            self.seen = name

    def _look_at(self, frame: FrameType) -> bool:
        """Look at a call of a Python function; whether the next call of the same code must be looked at, too."""
        module = frame.f_globals.get("__name__", "") or ""
        name = frame.f_code.co_name
        root = module.partition(".")[0]
        found = ""
        if root == "attn_course":
            if not module.startswith("attn_course.checks") and module != "attn_course":
                found = f"{module}.{frame.f_code.co_qualname}"
        elif root == "torch":
            if name in self.names:
                found = f"{module}.{name}"
            elif name == "__call__" and module == "torch._ops":
                operator = str(frame.f_locals.get("self")).split(".")[1:2]  # "aten.lstm.input"
                if operator and (operator[0] in self.names or operator[0].startswith(DENSE)):
                    found = operator[0]
                self.seen = self.seen or found
                return True  # every operator of torch comes through here
            elif any(module.startswith(prefix) and wanted in ("*", name) for prefix, wanted in self.forbidden):
                found = f"{module}.{name}"
        self.seen = self.seen or found
        return bool(found)


@contextmanager
def watching(watch: Watch | None) -> Iterator[None]:
    """Let `watch` see every call of this thread inside the block."""
    if watch is None:
        yield
        return
    before = sys.getprofile()
    if before is not None and not callable(before):  # a profiler written in C: it could not be set again
        yield
        return
    threads_before = threading.getprofile()
    sys.setprofile(watch.hook)
    threading.setprofile(watch.hook)
    try:
        yield
        if sys.getprofile() is not watch.hook and not watch.seen:
            watch.seen = SWITCHED_OFF
    finally:
        sys.setprofile(before)
        threading.setprofile(threads_before)
