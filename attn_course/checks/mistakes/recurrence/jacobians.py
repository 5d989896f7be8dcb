"""Wrong answers to `state_jacobian_norms`."""

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
GRADIENTS = "recurrence-gradients"


def one_step(states, W_h):
    """d h_t / d h_(t−1) for every t after the first: (time − 1, d_hidden, d_hidden)."""
    return (1 - states[1:] ** 2)[:, :, None] * W_h.mT


def products(jacobians, like):
    """d h_T / d h_t for every t, by multiplying from the end."""
    product = torch.eye(len(like), dtype=like.dtype, device=like.device)
    found = [product]
    for jacobian in reversed(list(jacobians)):
        product = product @ jacobian
        found.append(product)
    return torch.stack(found[::-1])


def largest(matrices):
    """The largest singular value of each matrix."""
    return torch.linalg.matrix_norm(matrices, ord=2)


def norms(jacobians, like):
    return largest(products(jacobians, like))


@mistakes.add(
    "state_jacobian_norms",
    "reversed-product",
    "You multiply the steps in the wrong order. By the chain rule the latest step stands leftmost: "
    "J_T J_(T−1) … J_(t+1), with J_k = d h_k / d h_(k−1).",
    GRADIENTS,
)
def reversed_product(states, W_h):
    product = torch.eye(len(W_h), dtype=W_h.dtype, device=W_h.device)
    found = [product]
    for jacobian in reversed(list(one_step(states, W_h))):
        product = jacobian @ product
        found.append(product)
    return largest(torch.stack(found[::-1]))


@mistakes.add(
    "state_jacobian_norms",
    "no-slope",
    "You multiply the weights alone. Every step also multiplies by the slope of its tanh, 1 − h².",
    GRADIENTS,
)
def without_slope(states, W_h):
    return norms([W_h.mT] * (len(states) - 1), W_h)


@mistakes.add(
    "state_jacobian_norms",
    "slope-of-the-step-before",
    "You take the slope at h_(t−1) for the step from h_(t−1) to h_t. The tanh of that step gave h_t: its slope is "
    "1 − h_t².",
    GRADIENTS,
)
def slope_one_early(states, W_h):
    return norms((1 - states[:-1] ** 2)[:, :, None] * W_h.mT, W_h)


@mistakes.add(
    "state_jacobian_norms",
    "frobenius",
    "You take the Frobenius norm, the root of the sum of squares. The spectral norm is the largest singular value: "
    "torch.linalg.matrix_norm(…, ord=2).",
    GRADIENTS,
)
def frobenius(states, W_h):
    result = torch.linalg.matrix_norm(products(one_step(states, W_h), W_h))
    return torch.cat((result[:-1], torch.ones_like(result[:1])))


@mistakes.add(
    "state_jacobian_norms",
    "frobenius-throughout",
    "You take the Frobenius norm, the root of the sum of squares: that of the identity is √d_hidden, where 1 is asked. "
    "The spectral norm is the largest singular value: torch.linalg.matrix_norm(…, ord=2).",
    GRADIENTS,
)
def frobenius_throughout(states, W_h):
    return torch.linalg.matrix_norm(products(one_step(states, W_h), W_h))


@mistakes.add(
    "state_jacobian_norms",
    "spectral-radius",
    "You take the largest eigenvalue. The spectral norm is the largest singular value; the two differ for a matrix that "
    "is not symmetric.",
    GRADIENTS,
)
def spectral_radius(states, W_h):
    return torch.linalg.eigvals(products(one_step(states, W_h), W_h)).abs().amax(dim=-1)


@mistakes.add(
    "state_jacobian_norms",
    "product-of-norms",
    "You multiply the norms of the steps. That is only an upper bound: multiply the matrices and take one norm.",
    GRADIENTS,
)
def product_of_norms(states, W_h):
    factors = torch.cat((W_h.new_ones(1), largest(one_step(states, W_h)).flip(0)))
    return factors.cumprod(0).flip(0)


@mistakes.add(
    "state_jacobian_norms",
    "squared",
    "You return the square of each norm, the largest eigenvalue of J Jᵀ. Take its root.",
    GRADIENTS,
)
def squared(states, W_h):
    return norms(one_step(states, W_h), W_h) ** 2


@mistakes.add(
    "state_jacobian_norms",
    "slope-on-the-wrong-side",
    "You multiply the slope into the wrong side of the weights. With h_t = tanh(… + h_(t−1) W_h), the slope belongs to "
    "the entries of h_t: the Jacobian is diag(1 − h_t²) W_hᵀ.",
    GRADIENTS,
)
def slope_on_the_wrong_side(states, W_h):
    return norms((1 - states[1:] ** 2)[:, None, :] * W_h.mT, W_h)


@mistakes.add(
    "state_jacobian_norms",
    "no-transpose",
    "You multiply by W_h, not by its transpose. The states are rows, h_t = tanh(… + h_(t−1) W_h), so the Jacobian of a "
    "step, with a row for each entry of h_t, is diag(1 − h_t²) W_hᵀ.",
    GRADIENTS,
)
def no_transpose(states, W_h):
    return norms((1 - states[1:] ** 2)[:, :, None] * W_h, W_h)


@mistakes.add(
    "state_jacobian_norms",
    "from-the-first",
    "You measure how the first state moves each later one. Asked is how each state moves the last one: d h_T / d h_t.",
    GRADIENTS,
)
def from_the_first(states, W_h):
    product = torch.eye(len(W_h), dtype=W_h.dtype, device=W_h.device)
    found = [product]
    for jacobian in one_step(states, W_h):
        product = jacobian @ product
        found.append(product)
    return largest(torch.stack(found))


@mistakes.add(
    "state_jacobian_norms",
    "backwards",
    "Your norms are right, but in the wrong order: entry t belongs to h_t, so the 1 comes last.",
    GRADIENTS,
)
def backwards(states, W_h):
    return norms(one_step(states, W_h), W_h).flip(0)


@mistakes.add(
    "state_jacobian_norms",
    "one-step-too-many",
    "Each entry has one step too many: the last one is d h_T / d h_T, the identity, and has norm 1.",
    GRADIENTS,
)
def one_step_too_many(states, W_h):
    jacobians = (1 - states**2)[:, :, None] * W_h.mT
    return norms(jacobians, W_h)[:-1]


@mistakes.add(
    "state_jacobian_norms",
    "single-steps",
    "You give the norm of each single step. From h_t to h_T all the steps between them multiply.",
    GRADIENTS,
)
def single_steps(states, W_h):
    return torch.cat((largest(one_step(states, W_h)), W_h.new_ones(1)))


@mistakes.add(
    "state_jacobian_norms",
    "slope-not-squared",
    "Your slope is 1 − h. The slope of tanh is 1 − tanh², so 1 − h².",
    GRADIENTS,
)
def slope_not_squared(states, W_h):
    return norms((1 - states[1:])[:, :, None] * W_h.mT, W_h)


@mistakes.add(
    "state_jacobian_norms",
    "tanh-twice",
    "You take 1 − tanh(h)². The states are already the result of the tanh: the slope is 1 − h².",
    GRADIENTS,
)
def tanh_twice(states, W_h):
    return norms((1 - torch.tanh(states[1:]) ** 2)[:, :, None] * W_h.mT, W_h)


@mistakes.add(
    "state_jacobian_norms",
    "sigmoid-slope",
    "Your slope is h (1 − h), that of the sigmoid. The slope of tanh is 1 − h².",
    GRADIENTS,
)
def sigmoid_slope(states, W_h):
    return norms((states[1:] * (1 - states[1:]))[:, :, None] * W_h.mT, W_h)


@mistakes.add(
    "state_jacobian_norms",
    "smallest-singular-value",
    "You take the smallest singular value. The spectral norm is the largest.",
    GRADIENTS,
)
def smallest(states, W_h):
    return torch.linalg.svdvals(products(one_step(states, W_h), W_h))[:, -1]


@mistakes.add(
    "state_jacobian_norms",
    "largest-entry",
    "You take the largest entry of the matrix. The spectral norm is the largest singular value.",
    GRADIENTS,
)
def largest_entry(states, W_h):
    return products(one_step(states, W_h), W_h).abs().amax(dim=(1, 2))
