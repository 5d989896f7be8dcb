"""How gradients shrink and grow on their way back through a recurrent network (chapter 01).

Nothing is trained here. Networks are drawn from a seed, driven by random inputs, and the Jacobian of
their last state with respect to each earlier one is measured, in float64.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from attn_course.recurrence import lstm_step, run_rnn, state_jacobian_norms

WASHOUT = 40  # steps run before measuring, so that the start from zeros has been forgotten


def orthogonal(size: int, generator: torch.Generator) -> Float[Tensor, "size size"]:
    """Draw a matrix that turns vectors without stretching any: all its singular values are 1."""
    return torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]


def rnn_norms(
    gain: float, seed: int, time: int = 60, d_hidden: int = 32, input_scale: float = 0.5
) -> dict[str, Float[Tensor, " time"]]:
    """Measure `||d h_T / d h_t||` in an RNN whose weights stretch every vector by `gain`.

    Args:
        gain: all singular values of `W_h`.
        seed: of weights and inputs.
        time: number of states.
        d_hidden: width of the state.
        input_scale: standard deviation of what the inputs add to each entry before the tanh.

    Returns:
        The norms by distance T - t, once "with slope" (the RNN's own) and once "without slope" (the
        weights alone, as if tanh were the identity).
    """
    generator = torch.Generator().manual_seed(seed)
    W_h = gain * orthogonal(d_hidden, generator)
    steps = WASHOUT + time
    inputs = input_scale * torch.randn(1, steps, d_hidden, generator=generator, dtype=torch.float64)
    W_x = torch.eye(d_hidden, dtype=torch.float64)
    states, _ = run_rnn(inputs, torch.tensor([steps]), W_x, W_h, torch.zeros(d_hidden, dtype=torch.float64))
    states = states[0, WASHOUT:]  # (time, d_hidden)
    # Where a state is 0 the tanh has slope 1: zeros in place of the states leave the weights alone.
    return {
        "with slope": state_jacobian_norms(states, W_h).flip(0),
        "without slope": state_jacobian_norms(torch.zeros_like(states), W_h).flip(0),
    }


def matrix_product_norms(
    gain: float, seed: int, time: int = 60, d_hidden: int = 32
) -> dict[str, Float[Tensor, " time"]]:
    """Compare the powers of one random matrix with products of as many different ones.

    Args:
        gain: standard deviation of the entries, times the square root of `d_hidden`.
        seed: of the matrices.
        time: number of norms; the first is that of the empty product, 1.
        d_hidden: width of the matrices.

    Returns:
        Spectral norms by the number of factors, for "one matrix" and for "fresh matrices".
    """
    generator = torch.Generator().manual_seed(seed)
    scale = gain / d_hidden**0.5
    factors = scale * torch.randn(time, d_hidden, d_hidden, generator=generator, dtype=torch.float64)
    norms = {}
    for name, matrices in {"one matrix": factors[:1].expand_as(factors), "fresh matrices": factors}.items():
        product = torch.eye(d_hidden, dtype=torch.float64)
        products = [product]
        for matrix in matrices[1:]:
            product = product @ matrix
            products.append(product)
        norms[name] = torch.linalg.matrix_norm(torch.stack(products), ord=2)
    return norms


def default_weights(
    gates: int, d_hidden: int, generator: torch.Generator
) -> tuple[
    Float[Tensor, "d_hidden gates*d_hidden"], Float[Tensor, "d_hidden gates*d_hidden"], Float[Tensor, " gates*d_hidden"]
]:
    """Draw `W_x`, `W_h` and `bias` as `torch.nn` does: evenly from -1/sqrt(d_hidden) to 1/sqrt(d_hidden)."""

    def draw(*shape: int) -> Tensor:
        return (2 * torch.rand(*shape, generator=generator, dtype=torch.float64) - 1) / d_hidden**0.5

    width = gates * d_hidden
    return draw(d_hidden, width), draw(d_hidden, width), draw(width)


def default_rnn_norms(seed: int, time: int = 60, d_hidden: int = 32) -> Float[Tensor, " time"]:
    """Measure `||d h_T / d h_t||` by distance in an RNN with torch's own first weights and unit inputs."""
    generator = torch.Generator().manual_seed(seed)
    W_x, W_h, bias = default_weights(1, d_hidden, generator)
    inputs = torch.randn(1, WASHOUT + time, d_hidden, generator=generator, dtype=torch.float64)
    states, _ = run_rnn(inputs, torch.tensor([WASHOUT + time]), W_x, W_h, bias)
    return state_jacobian_norms(states[0, WASHOUT:], W_h).flip(0)


def lstm_norms(
    forget_bias: float, seed: int, time: int = 60, d_hidden: int = 32
) -> tuple[Float[Tensor, " time"], Float[Tensor, " time"]]:
    """Measure how strongly the state of an LSTM at each step still moves the state at the end.

    Args:
        forget_bias: added to the bias of the forget gate, above torch's own first weights.
        seed: of weights and inputs.
        time: number of states.
        d_hidden: width of the hidden state, and of the cell.

    Returns:
        By distance T - t: the spectral norm of the Jacobian of (hidden, cell) at T with respect to
        (hidden, cell) at t; and the mean over the entries of the product of the forget gates between,
        which is the part of the cell that is carried over unchanged.
    """
    generator = torch.Generator().manual_seed(seed)
    W_x, W_h, bias = default_weights(4, d_hidden, generator)
    forget = slice(d_hidden, 2 * d_hidden)
    bias[forget] += forget_bias
    inputs = torch.randn(WASHOUT + time, d_hidden, generator=generator, dtype=torch.float64)

    def step(state: Tensor, x: Tensor) -> Tensor:
        return torch.cat(lstm_step(x, *state.chunk(2), W_x, W_h, bias))

    state = torch.zeros(2 * d_hidden, dtype=torch.float64)
    jacobians, gates = [], []
    for t, x in enumerate(inputs):
        if t > WASHOUT:  # from the first measured state onwards
            jacobians.append(torch.func.jacrev(step)(state, x))
            gates.append(torch.sigmoid((x @ W_x + state[:d_hidden] @ W_h + bias)[forget]))
        state = step(state, x)
    jacobian, kept = torch.eye(2 * d_hidden, dtype=torch.float64), torch.ones(d_hidden, dtype=torch.float64)
    norms, shares = [torch.ones((), dtype=torch.float64)], [kept.mean()]
    for one_step, gate in zip(jacobians[::-1], gates[::-1], strict=True):
        jacobian, kept = jacobian @ one_step, kept * gate
        norms.append(torch.linalg.matrix_norm(jacobian, ord=2))
        shares.append(kept.mean())
    return torch.stack(norms), torch.stack(shares)
