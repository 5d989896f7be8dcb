"""Recurrent networks: one step, a run over a sequence, and what a gradient passes through (chapter 01).

Vectors are rows and weights multiply from the right, `x @ W`, where the papers write columns and
`W x`; so our `W_x` is the transpose of theirs, and of `torch.nn`'s `weight_ih_l0`. Gates are stacked
along the last axis in the order of `torch.nn`: input, forget, candidate, output in the LSTM; reset,
update, candidate in the GRU. `torch.nn` adds two biases, `bias_ih_l0 + bias_hh_l0`; here there is one.

| here           | source                                                                           |
|----------------|----------------------------------------------------------------------------------|
| `rnn_step`     | Elman 1990: the simple recurrent network, here with tanh                         |
| `lstm_step`    | Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000          |
| `gru_step`     | Cho et al. 2014a, equations 5 to 8, in the variant of cuDNN and `torch.nn.GRU`   |
| `state_jacobian_norms` | Pascanu et al. 2013, equation 5: a product of Jacobians                  |
| `clip_gradients` | Pascanu et al. 2013, algorithm 1                                               |

`Seq2Seq` and `greedy_decode`, the chapter's two other exercises, live in `attn_course.seq2seq`.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attn_course.arguments import (
    require_lengths,
    require_same_device,
    require_same_kind,
    require_shapes,
    require_tensor,
)
from attn_course.seq2seq import Seq2Seq, greedy_decode

__all__ = [
    "Seq2Seq",
    "clip_gradients",
    "greedy_decode",
    "gru_step",
    "lstm_step",
    "rnn_step",
    "run_gru",
    "run_lstm",
    "run_rnn",
    "state_jacobian_norms",
    "unroll",
]


def rnn_step(
    x: Float[Tensor, "*batch d_in"],
    hidden: Float[Tensor, "*batch d_hidden"],
    W_x: Float[Tensor, "d_in d_hidden"],
    W_h: Float[Tensor, "d_hidden d_hidden"],
    bias: Float[Tensor, " d_hidden"],
) -> Float[Tensor, "*batch d_hidden"]:
    """Mix one input into the state: `tanh(x W_x + hidden W_h + bias)` (Elman 1990).

    Args:
        x: the input of this step.
        hidden: the state after the previous step; zeros before the first.
        W_x: weights from input to state.
        W_h: weights from state to state.
        bias: added before the tanh.

    Returns:
        The state after this step, every entry between -1 and 1.

    Raises:
        TypeError: an argument is no tensor, or the dtypes are not one floating dtype.
        ValueError: shapes or devices do not fit together.
    """
    require_shapes(
        x=(x, "*batch d_in"),
        hidden=(hidden, "*batch d_hidden"),
        W_x=(W_x, "d_in d_hidden"),
        W_h=(W_h, "d_hidden d_hidden"),
        bias=(bias, "d_hidden"),
    )
    require_same_kind(x=x, hidden=hidden, W_x=W_x, W_h=W_h, bias=bias)
    return torch.tanh(x @ W_x + hidden @ W_h + bias)


def lstm_step(
    x: Float[Tensor, "*batch d_in"],
    hidden: Float[Tensor, "*batch d_hidden"],
    cell: Float[Tensor, "*batch d_hidden"],
    W_x: Float[Tensor, "d_in 4*d_hidden"],
    W_h: Float[Tensor, "d_hidden 4*d_hidden"],
    bias: Float[Tensor, " 4*d_hidden"],
) -> tuple[Float[Tensor, "*batch d_hidden"], Float[Tensor, "*batch d_hidden"]]:
    """Keep part of the cell, add part of a candidate, show part of the result.

    With the gates stacked as input, forget, candidate, output:
    `cell' = forget * cell + input * candidate` and `hidden' = output * tanh(cell')`. Hochreiter &
    Schmidhuber 1997 have no forget gate (theirs is 1 throughout); it is from Gers et al. 2000.

    Args:
        x: the input of this step.
        hidden: what the cell showed after the previous step; zeros before the first.
        cell: the cell after the previous step; zeros before the first.
        W_x: weights from input to the four gates, transposed `torch.nn.LSTM.weight_ih_l0`.
        W_h: weights from hidden to the four gates, transposed `torch.nn.LSTM.weight_hh_l0`.
        bias: added before the gates' squashing functions, torch's `bias_ih_l0 + bias_hh_l0`.

    Returns:
        The new hidden state and the new cell.

    Raises:
        TypeError: an argument is no tensor, or the dtypes are not one floating dtype.
        ValueError: shapes or devices do not fit together.
    """
    require_shapes(
        x=(x, "*batch d_in"),
        hidden=(hidden, "*batch d_hidden"),
        cell=(cell, "*batch d_hidden"),
        W_x=(W_x, "d_in 4*d_hidden"),
        W_h=(W_h, "d_hidden 4*d_hidden"),
        bias=(bias, "4*d_hidden"),
    )
    require_same_kind(x=x, hidden=hidden, cell=cell, W_x=W_x, W_h=W_h, bias=bias)
    gates = x @ W_x + hidden @ W_h + bias  # (*batch, 4 * d_hidden)
    input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=-1)
    cell = forget_gate.sigmoid() * cell + input_gate.sigmoid() * candidate.tanh()
    hidden = output_gate.sigmoid() * cell.tanh()
    return hidden, cell


def gru_step(
    x: Float[Tensor, "*batch d_in"],
    hidden: Float[Tensor, "*batch d_hidden"],
    W_x: Float[Tensor, "d_in 3*d_hidden"],
    W_h: Float[Tensor, "d_hidden 3*d_hidden"],
    bias: Float[Tensor, " 3*d_hidden"],
) -> Float[Tensor, "*batch d_hidden"]:
    """Move each entry of the state part of the way to a candidate.

    With the gates stacked as reset, update, candidate: `hidden' = update * hidden +
    (1 - update) * candidate`. The candidate is `tanh(x W_x + reset * (hidden W_h) + bias)`: the reset
    gate acts *after* the product with the weights, as in `torch.nn.GRU`. Cho et al. 2014a, equation 8,
    apply it before: `(reset * hidden) W_h`. The two differ, and neither contains the other.

    Args:
        x: the input of this step.
        hidden: the state after the previous step; zeros before the first.
        W_x: weights from input to the three gates, transposed `torch.nn.GRU.weight_ih_l0`.
        W_h: weights from hidden to the three gates, transposed `torch.nn.GRU.weight_hh_l0`.
        bias: added before the gates' squashing functions. `torch.nn.GRU` has in addition a bias inside
            the reset of the candidate (the last third of `bias_hh_l0`); here that one is 0.

    Returns:
        The state after this step.

    Raises:
        TypeError: an argument is no tensor, or the dtypes are not one floating dtype.
        ValueError: shapes or devices do not fit together.
    """
    require_shapes(
        x=(x, "*batch d_in"),
        hidden=(hidden, "*batch d_hidden"),
        W_x=(W_x, "d_in 3*d_hidden"),
        W_h=(W_h, "d_hidden 3*d_hidden"),
        bias=(bias, "3*d_hidden"),
    )
    require_same_kind(x=x, hidden=hidden, W_x=W_x, W_h=W_h, bias=bias)
    x_reset, x_update, x_candidate = (x @ W_x + bias).chunk(3, dim=-1)
    h_reset, h_update, h_candidate = (hidden @ W_h).chunk(3, dim=-1)
    reset = (x_reset + h_reset).sigmoid()
    update = (x_update + h_update).sigmoid()
    candidate = (x_candidate + reset * h_candidate).tanh()
    return update * hidden + (1 - update) * candidate


def unroll(
    step: Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]],
    inputs: Float[Tensor, "batch time d_in"],
    lengths: Int[Tensor, " batch"],
    d_hidden: int,
    num_states: int,
) -> tuple[Float[Tensor, "batch time d_hidden"], tuple[Tensor, ...]]:
    """Apply `step` along the time axis, from states of zeros; a sequence that has ended keeps its states.

    Args:
        step: takes the inputs (batch, d_in) of one step and the tuple of states, returns the new states.
        inputs: as in `run_rnn`.
        lengths: as in `run_rnn`.
        d_hidden: width of each state.
        num_states: how many states `step` keeps: 2 for an LSTM, otherwise 1.

    Returns:
        The first state after every step, zero after each sequence's end, and all final states.

    Raises: as `run_rnn`.
    """
    require_shapes(inputs=(inputs, "batch time d_in"), lengths=(lengths, "batch"))
    require_same_device(inputs=inputs, lengths=lengths)
    batch, time, _ = inputs.shape
    if time == 0:
        raise ValueError(f"inputs has shape {tuple(inputs.shape)}: it needs at least one time step.")
    require_lengths(lengths, time)
    state = tuple(inputs.new_zeros(batch, d_hidden) for _ in range(num_states))
    states = []
    for t in range(time):
        running = (t < lengths).unsqueeze(-1)  # (batch, 1)
        # where, not a product: what padding holds must not reach the result, NaN and inf included.
        x = torch.where(running, inputs[:, t], 0)
        state = tuple(torch.where(running, *pair) for pair in zip(step(x, state), state, strict=True))
        states.append(torch.where(running, state[0], 0))
    return torch.stack(states, dim=1), state


def run_rnn(
    inputs: Float[Tensor, "batch time d_in"],
    lengths: Int[Tensor, " batch"],
    W_x: Float[Tensor, "d_in d_hidden"],
    W_h: Float[Tensor, "d_hidden d_hidden"],
    bias: Float[Tensor, " d_hidden"],
) -> tuple[Float[Tensor, "batch time d_hidden"], Float[Tensor, "batch d_hidden"]]:
    """Run `rnn_step` over padded sequences, from a state of zeros.

    Args:
        inputs: the sequences, padded at the end to one number of time steps.
        lengths: the true number of steps of each sequence, from 1 to `time`.
        W_x: as in `rnn_step`.
        W_h: as in `rnn_step`.
        bias: as in `rnn_step`.

    Returns:
        The state after every step, 0 where a sequence has ended, and for each sequence the state after
        its own last step.

    Raises:
        TypeError: an argument is no tensor or of the wrong dtype.
        ValueError: shapes or devices do not fit together, or a length lies outside 1 to `time`.
    """
    d_hidden = require_shapes(W_h=(W_h, "d_hidden d_hidden"))["d_hidden"]
    states, (final,) = unroll(lambda x, state: (rnn_step(x, *state, W_x, W_h, bias),), inputs, lengths, d_hidden, 1)
    return states, final


def run_lstm(
    inputs: Float[Tensor, "batch time d_in"],
    lengths: Int[Tensor, " batch"],
    W_x: Float[Tensor, "d_in gates"],
    W_h: Float[Tensor, "d_hidden gates"],
    bias: Float[Tensor, " gates"],
) -> tuple[Float[Tensor, "batch time d_hidden"], Float[Tensor, "batch d_hidden"], Float[Tensor, "batch d_hidden"]]:
    """Run `lstm_step` over padded sequences, from a hidden state and a cell of zeros.

    Args:
        inputs: the sequences, padded at the end to one number of time steps.
        lengths: the true number of steps of each sequence, from 1 to `time`.
        W_x: as in `lstm_step`.
        W_h: as in `lstm_step`.
        bias: as in `lstm_step`.

    Returns:
        The hidden state after every step, 0 where a sequence has ended, and the hidden state and the
        cell of each sequence after its own last step.

    Raises:
        TypeError: an argument is no tensor or of the wrong dtype.
        ValueError: shapes or devices do not fit together, or a length lies outside 1 to `time`.
    """
    d_hidden = require_shapes(W_h=(W_h, "d_hidden gates"))["d_hidden"]
    states, (hidden, cell) = unroll(lambda x, state: lstm_step(x, *state, W_x, W_h, bias), inputs, lengths, d_hidden, 2)
    return states, hidden, cell


def run_gru(
    inputs: Float[Tensor, "batch time d_in"],
    lengths: Int[Tensor, " batch"],
    W_x: Float[Tensor, "d_in gates"],
    W_h: Float[Tensor, "d_hidden gates"],
    bias: Float[Tensor, " gates"],
) -> tuple[Float[Tensor, "batch time d_hidden"], Float[Tensor, "batch d_hidden"]]:
    """Run `gru_step` over padded sequences, from a state of zeros.

    Args, returns and errors are those of `run_rnn`, with the shapes of `gru_step`.
    """
    d_hidden = require_shapes(W_h=(W_h, "d_hidden gates"))["d_hidden"]
    states, (final,) = unroll(lambda x, state: (gru_step(x, *state, W_x, W_h, bias),), inputs, lengths, d_hidden, 1)
    return states, final


def state_jacobian_norms(
    states: Float[Tensor, "time d_hidden"], W_h: Float[Tensor, "d_hidden d_hidden"]
) -> Float[Tensor, " time"]:
    """Measure how strongly each state of an RNN still moves the last one.

    One step has the Jacobian `d h_k / d h_(k-1) = diag(1 - h_k^2) W_h^T`, the slope of the tanh times
    the weights; from step t to the end these multiply (Pascanu et al. 2013, equation 5).

    Args:
        states: the states of `rnn_step` along one sequence.
        W_h: the weights from state to state that made them.

    Returns:
        For every t the spectral norm (largest singular value) of `d h_T / d h_t`: how much a small
        change of h_t can at most be stretched on its way to h_T. The last entry is 1.

    Raises:
        TypeError: an argument is no tensor, or the dtypes are not one floating dtype.
        ValueError: shapes or devices do not fit together, or there is no time step.
    """
    time = require_shapes(states=(states, "time d_hidden"), W_h=(W_h, "d_hidden d_hidden"))["time"]
    require_same_kind(states=states, W_h=W_h)
    if time == 0:
        raise ValueError(f"states has shape {tuple(states.shape)}: it needs at least one time step.")
    jacobian = torch.eye(len(W_h), dtype=W_h.dtype, device=W_h.device)
    norms = [jacobian.new_ones(())]
    for t in range(time - 1, 0, -1):
        slope = 1 - states[t] ** 2  # (d_hidden,), of the tanh that made states[t]
        jacobian = (jacobian * slope) @ W_h.T  # d h_T / d h_t @ diag(slope) @ W_h^T
        norms.append(torch.linalg.matrix_norm(jacobian, ord=2))
    return torch.stack(norms[::-1])


def clip_gradients(
    gradients: Sequence[Float[Tensor, "..."]], max_norm: float
) -> tuple[list[Float[Tensor, "..."]], Float[Tensor, ""]]:
    """Shorten a gradient that is too long, without turning it (Pascanu et al. 2013, algorithm 1).

    All tensors together are one vector. If its length is above `max_norm`, every tensor is multiplied
    by `max_norm / length`; a shorter gradient stays as it is.

    Args:
        gradients: the gradient of each parameter, of any shapes.
        max_norm: the greatest length allowed, above 0.

    Returns:
        New tensors in the same order, and the length before clipping as a 0-dim tensor.

    Raises:
        TypeError: `gradients` is no sequence of tensors.
        ValueError: `gradients` is empty or `max_norm` is not above 0.
    """
    if isinstance(gradients, Tensor) or not isinstance(gradients, Sequence):
        raise TypeError(
            f"gradients must be a list of tensors, but is a {type(gradients).__name__}: "
            "write [p.grad for p in parameters]."
        )
    if not gradients:
        raise ValueError("gradients is empty: give at least one tensor.")
    for position, gradient in enumerate(gradients):
        require_tensor(f"gradients[{position}]", gradient)
    if not max_norm > 0:
        raise ValueError(f"max_norm must be above 0, but is {max_norm}.")
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
    scale = (max_norm / norm).clamp(max=1)  # a norm of 0 gives inf, clamped to 1
    return [gradient * scale for gradient in gradients], norm
