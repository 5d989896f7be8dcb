"""Inputs for `Seq2Seq` and `greedy_decode` (chapter 01)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attn_course.checks.cases.recurrence_steps import shuffled
from attn_course.checks.engine import Case, Draw, Fresh

F64, F32 = torch.float64, torch.float32


def _parameters(
    d: Draw, vocab_source: int, vocab_target: int, d_embed: int, d_hidden: int, dtype: torch.dtype = F64
) -> dict[str, Tensor]:
    """Every parameter of a `Seq2Seq`, by name."""
    shapes: dict[str, tuple[int, ...]] = {
        "embed_source.weight": (vocab_source, d_embed),
        "embed_target.weight": (vocab_target, d_embed),
    }
    for part in ("encoder", "decoder"):
        shapes |= {
            f"{part}.weight_ih_l0": (3 * d_hidden, d_embed),
            f"{part}.weight_hh_l0": (3 * d_hidden, d_hidden),
            f"{part}.bias_ih_l0": (3 * d_hidden,),
            f"{part}.bias_hh_l0": (3 * d_hidden,),
        }
    shapes |= {"output.weight": (vocab_target, d_hidden), "output.bias": (vocab_target,)}
    return {name: d.normal(*shape, scale=shape[-1] ** -0.5 * 1.5, dtype=dtype) for name, shape in shapes.items()}


def _silent_source(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """With these the encoder's state stays 0, so that only the decoder is seen."""
    silent = ("embed_source.weight", "encoder.bias_ih_l0", "encoder.bias_hh_l0")
    return {name: torch.zeros_like(w) if name in silent else w for name, w in weights.items()}


def _silent_target(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """With these every target token reads alike, so that only the summary is seen."""
    return weights | {"embed_target.weight": torch.zeros_like(weights["embed_target.weight"])}


def _batch(d: Draw, lengths: Tensor, source: int, target: int, vocab: tuple[int, int]) -> dict[str, Tensor]:
    """Random tokens; those after a source's length are as good as any, and must not matter.

    Token 0 is a token like the others: it begins a source and a target.
    """
    batch = len(lengths)
    tokens = d.integers(batch, source, low=0, high=vocab[0])
    target_in = d.integers(batch, target, low=0, high=vocab[1])
    tokens[lengths.argmax(), 0] = target_in[0, 0] = 0
    return {"source": tokens, "source_lengths": lengths, "target_in": target_in}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def Seq2Seq(seed: int) -> list[Case]:
    d = Draw(seed, "Seq2Seq")
    sizes = [(11, 13, 5, 7), (13, 11, 3, 5), (17, 7, 4, 4)]
    weights = [_parameters(d, *size) for size in sizes]
    single = _parameters(d, *sizes[0], dtype=F32)

    def batch(which: int, lengths: Tensor, source: int, target: int) -> dict[str, Tensor]:
        vocab = sizes[which][:2]
        # Tokens that both vocabularies have: an exchanged embedding gives wrong numbers, not an error.
        return _batch(d, lengths, source, target, (min(vocab), min(vocab)))

    def full(which: int, rows: int, source: int, target: int) -> dict[str, Tensor]:
        return batch(which, torch.full((rows,), source), source, target)

    def case(aspect: str, name: str, which: int, tokens: Mapping[str, Any], **more: Any) -> Case:
        return Case(aspect, name, tokens, **{"init": sizes[which], "weights": weights[which], **more})

    padded = batch(0, shuffled(d, 6, 1, 3, 4), 6, 2)
    short = batch(1, shuffled(d, 2, 5, 4), 8, 3)
    alike = batch(1, torch.full((4,), 3), 5, 2)
    lone = batch(1, torch.tensor([2]), 5, 2)
    long = batch(0, shuffled(d, 17, 9, 13), 17, 2)
    tiny = batch(2, shuffled(d, 2, 1, 2), 2, 1)  # on `meta` every operation is slow
    names = tuple(weights[0])
    return [
        case("target", "a source that says nothing", 0, full(0, 3, 2, 6), weights=_silent_source(weights[0])),
        case("target", "14 target tokens", 0, full(0, 2, 2, 14), weights=_silent_source(weights[0])),
        case("target", "another vocabulary", 1, full(1, 2, 3, 5), weights=_silent_source(weights[1])),
        case("summary", "no padding, 4 source tokens", 0, full(0, 3, 4, 2)),
        case("summary", "one source token, one target token", 1, full(1, 2, 1, 1)),
        case("summary", "d_embed = d_hidden, a batch of one", 2, full(2, 1, 5, 3)),
        case("summary", "every token of both vocabularies", 0, _batch(d, torch.full((7,), 5), 5, 9, (11, 13))),
        case("padding", "sources of 1 to 6 tokens", 0, padded, weights=_silent_target(weights[0])),
        case("padding", "no source fills its 8 columns", 1, short, weights=_silent_target(weights[1])),
        case("padding", "sources of 1 to 6 tokens, float32", 0, padded, weights=single),
        case("padding", "sources of 3 tokens in 5 columns", 1, alike, weights=_silent_target(weights[1])),
        case("padding", "one source of 2 tokens in 5 columns", 1, lone, weights=_silent_target(weights[1])),
        case("padding", "sources of up to 17 tokens", 0, long, weights=_silent_target(weights[0])),
        case("gradients", "sources of 1 to 6 tokens", 0, padded, observe="gradients", gradients=names),
        case("gradients", "float32", 0, padded, weights=single, observe="gradients", gradients=names),
        case("device", "inputs on another device", 2, tiny, observe="meta"),
        case("device", "another default device", 2, tiny, observe="default_device"),
        case(
            "state",
            "several calls in a row",
            0,
            padded,
            observe="repeat",
            then=(batch(0, shuffled(d, 2, 6, 5, 3), 6, 2), batch(0, shuffled(d, 9, 2, 7), 9, 4)),
        ),
    ]


class ScriptedStep:
    """A `step` that writes a script as long as it is given the token that it wrote last, and nonsense otherwise.

    Args:
        script: The tokens (batch, steps) that are likeliest.
        previous: The token (batch, steps) after which each of them is written.
        nonsense: The likeliest token (batch, steps, vocab) after any other token.
        noise: Added to the logits (batch, steps, vocab), between −0.5 and 0.5.
        max_len: What the learner was given.

    The state says which row of the batch a sequence is and how far it has come: as a tensor (batch, 2), as a pair of
    tensors, or as a dict.
    """

    def __init__(self, script: Tensor, previous: Tensor, nonsense: Tensor, noise: Tensor, max_len: int) -> None:
        self.tables = script, previous, nonsense, noise
        self.max_len = max_len
        self.calls = 0

    def __call__(self, token: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Logits (batch, vocab) for the next token, and the next state."""
        self.calls += 1
        _must_end(self.calls, self.max_len)
        row, position = self._read(state)
        _require_tokens(token, len(row), self.tables[2].shape[-1])
        script, previous, nonsense, noise = (table.to(token.device) for table in self.tables)
        right = token == previous[row, position]
        likeliest = torch.where(right, script[row, position], nonsense[row, position, token.long()])
        vocab = torch.arange(noise.shape[-1], device=token.device)
        logits = noise[row, position] + 1.5 * (vocab == likeliest[:, None])
        return logits, self._write(state, row, position + 1)

    def _read(self, state: Any) -> tuple[Tensor, Tensor]:
        if isinstance(state, dict) and set(state) == {"row", "position"}:
            row, position = state["row"], state["position"]
        elif isinstance(state, (list, tuple)) and len(state) == 2 and all(isinstance(part, Tensor) for part in state):
            row, position = state
        elif isinstance(state, Tensor) and state.dim() == 2 and state.shape[1] == 2:
            row, position = state.unbind(1)
        else:
            shape = f" of shape {tuple(state.shape)}" if isinstance(state, Tensor) else ""
            raise TypeError(f"step takes the state that it returned, not a {type(state).__name__}{shape}")
        return row.long(), position.long()

    def _write(self, state: Any, row: Tensor, position: Tensor) -> Any:
        if isinstance(state, dict):
            return {"row": row, "position": position}
        if isinstance(state, Tensor):
            return torch.stack((row, position), dim=1).to(state.dtype)
        return row, position


class MemorylessStep:
    """A `step` that looks at the token alone: its state is always the same thing, such as None.

    Args:
        logits: After each token (vocab, vocab).
        state: The only state that it takes.
        batch: How many sequences there are.
        max_len: What the learner was given.
    """

    def __init__(self, logits: Tensor, state: Any, batch: int, max_len: int) -> None:
        self.logits = logits
        self.state = state
        self.batch = batch
        self.max_len = max_len
        self.calls = 0

    def __call__(self, token: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Logits (batch, vocab) for the next token, and the state."""
        self.calls += 1
        _must_end(self.calls, self.max_len)
        if type(state) is not type(self.state) or state != self.state:
            raise TypeError(f"step takes the state that it returned, {self.state!r}, not a {type(state).__name__}")
        _require_tokens(token, self.batch, len(self.logits))
        return self.logits.to(token.device)[token.long()], state


def _must_end(calls: int, max_len: int) -> None:
    if calls > 2 * max_len + 8:
        raise RuntimeError(f"step was called {calls} times, with max_len = {max_len}: the loop must end")


def _require_tokens(token: Any, batch: int, size: int) -> None:
    if not isinstance(token, Tensor):
        raise TypeError(f"step takes a tensor of tokens (batch,), not a {type(token).__name__}")
    if token.shape != (batch,):
        raise ValueError(f"step takes tokens of shape ({batch},), it was given {tuple(token.shape)}")
    if token.is_floating_point() or token.dtype == torch.bool:
        raise TypeError(f"step takes tokens of dtype int64, it was given {token.dtype}")
    if not token.is_meta and not bool(((token >= 0) & (token < size)).all()):
        raise IndexError(f"step was given a token outside 0 to {size - 1}: {token.tolist()}")


def _script(
    d: Draw,
    ends: tuple[int | None, ...],
    max_len: int,
    vocab: int = 11,
    end: int = 2,
    form: str = "tensor",
    begin: int | None = None,
    lift: float = 0.0,
) -> dict[str, Any]:
    """Sequence i ends with its token number `ends[i]`, counted from 1, or never.

    All begin with the token `begin`, or with random ones. `lift` is added to all logits.
    """
    batch, steps = len(ends), 2 * max_len + 9  # as many as `ScriptedStep` allows

    def words(*shape: int) -> Tensor:
        """Tokens other than `end`."""
        token = d.integers(*shape, low=0, high=vocab - 1)
        return token + (token >= end)

    start = words(batch) if begin is None else torch.full((batch,), begin)
    script = words(batch, steps)
    # A token written is never the start token, so that feeding `start` again is seen; and neighbours differ.
    for t in range(steps):
        before = start if t == 0 else script[:, t - 1]
        while bool((clash := (script[:, t] == start) | (script[:, t] == before)).any()):
            script[:, t] = torch.where(clash, words(batch), script[:, t])
    for row, stop in enumerate(ends):
        if stop is not None:
            script[row, stop - 1] = end
    previous = torch.cat((start[:, None], script[:, :-1]), dim=1)
    nonsense = words(batch, steps, vocab)
    while bool((clash := nonsense == script[:, :, None]).any()):
        nonsense = torch.where(clash, words(batch, steps, vocab), nonsense)
    row, position = torch.arange(batch), torch.zeros(batch, dtype=torch.int64)
    # Every second row has negative logits only; in the others the largest size is now the largest, now the smallest.
    noise = d.uniform(batch, steps, vocab, low=-0.5, high=0.5) - torch.where(row % 2 == 1, 3.0, 0.5)[:, None, None]
    noise = noise + lift
    states: dict[str, Any] = {
        "tensor": torch.stack((row, position), dim=1).to(F64),
        "pair": (row, position),
        "dict": {"row": row, "position": position},
    }
    return {
        "step": Fresh(partial(ScriptedStep, script, previous, nonsense, noise, max_len)),
        "state": states[form],
        "start": start,
        "end": end,
        "max_len": max_len,
    }


def _memoryless(d: Draw, batch: int, max_len: int, state: Any, vocab: int = 11, end: int = 2) -> dict[str, Any]:
    """Sequences that never end: after each token comes the next one in a circle of all but `end`."""
    circle = d.order(vocab - 1)
    circle = circle + (circle >= end)
    logits = d.uniform(vocab, vocab, low=-0.5, high=0.5)
    logits[circle, circle.roll(-1)] += 1.5
    return {
        "step": Fresh(partial(MemorylessStep, logits, state, batch, max_len)),
        "state": state,
        "start": circle[d.order(vocab - 1)[:batch]],
        "end": end,
        "max_len": max_len,
    }


def compare_tokens(got: np.ndarray | None, expected: np.ndarray, case: Case) -> str | None:
    """What is wrong with decoded tokens; any width from the longest sequence to `max_len` is right."""
    max_len, end = case.arguments["max_len"], case.arguments["end"]
    if got is None or expected.ndim != 2 or got.ndim != 2 or len(got) != len(expected):
        shape = None if got is None else got.shape
        same = got is not None and got.shape == expected.shape and np.array_equal(got, expected)
        batch = f" with batch = {len(expected)}" if expected.ndim else ""
        return None if same else f"shape {shape}, asked is (batch, length){batch}"
    width, longest = got.shape[1], expected.shape[1]
    if width > max(max_len, longest):
        return f"shape {got.shape}: {width} tokens a sequence, though max_len is {max_len}"
    wide = np.full((len(got), max(width, longest)), end)
    wide[:, :longest] = expected
    for row, (tokens, target) in enumerate(zip(got, wide, strict=True)):
        if not np.array_equal(tokens, target[:width]) or (width < longest and (target[width - 1 :] != end).any()):
            shown = [int(token) if float(token).is_integer() else float(token) for token in tokens]
            return f"batch item {row} is {shown}, expected {target.tolist()} (end = {end}, max_len = {max_len})"
    return f"shape {got.shape}: the longest sequence has {longest} tokens" if width < longest else None


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def greedy_decode(seed: int) -> list[Case]:
    d = Draw(seed, "greedy_decode")
    never = None
    mixed = (3, 5, 1, never)
    return [
        Case("tokens", "3 sequences that never end", _script(d, (never,) * 3, 5)),
        Case("tokens", "one sequence that never ends", _script(d, (never,), 7, vocab=5, end=4)),
        Case("tokens", "max_len = 1", _script(d, (never,) * 4, 1)),
        Case("tokens", "end = 0", _script(d, (never,) * 2, 6, vocab=7, end=0)),
        Case("tokens", "21 tokens", _script(d, (never, never), 21)),
        Case("tokens", "logits near 1000", _script(d, (never,) * 3, 4, lift=1000.0)),
        Case("end", "one sequence that ends with its token 3", _script(d, (3,), 6)),
        Case("end", "sequences that begin with the token `end`", _script(d, (3, 3), 6, end=3, begin=3)),
        Case("end", "two sequences that end with their first token", _script(d, (1, 1), 4)),
        Case("end", "three sequences that end with their token 5, max_len = 5", _script(d, (5, 5, 5), 5)),
        Case("end", "end = 0", _script(d, (2, 2), 5, vocab=7, end=0)),
        Case("own", "sequences of 2, 5 and 3 tokens", _script(d, (2, 5, 3), 7)),
        Case("own", "sequences of 3, 5 and 1 tokens and one that never ends", _script(d, mixed, 8, end=5)),
        Case("own", "sequences of 4 and 1 tokens, end = 0", _script(d, (4, 1), 5, vocab=7, end=0)),
        Case("thread", "the state is a pair of tensors", _script(d, (never,) * 3, 4, form="pair")),
        Case("thread", "the state is a dict", _script(d, (never,) * 2, 5, form="dict")),
        Case("thread", "the state is None", _memoryless(d, 3, 5, None)),
        Case("thread", "the state is a word", _memoryless(d, 4, 3, "state")),
        Case("device", "inputs on another device", _script(d, (2, 5, 3), 6), observe="meta"),
        Case("device", "another default device", _script(d, (2, 5, 3), 6), observe="default_device"),
        Case(
            "state",
            "several calls in a row",
            _script(d, (2, 5, 3), 9),
            observe="repeat",
            then=(_script(d, (4, 1, 3), 9), _script(d, (2, 8, 6, 5), 9, vocab=13)),
        ),
    ]
