"""Recurrent networks once more, in plain Python floats: what the references of chapter 01 are compared with."""

import math

import torch


def random(*shape, seed=1, dtype=torch.float64, device="cpu"):
    """Draw a tensor on the CPU, so that every device gets the same numbers."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype).to(device)


def affine(x, hidden, W_x, W_h, bias, column):
    """One entry of `x W_x + hidden W_h + bias`."""
    total = bias[column]
    for i, value in enumerate(x):
        total += value * W_x[i][column]
    for i, value in enumerate(hidden):
        total += value * W_h[i][column]
    return total


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def loop_rnn_step(x, hidden, W_x, W_h, bias):
    return [math.tanh(affine(x, hidden, W_x, W_h, bias, j)) for j in range(len(hidden))]


def loop_lstm_step(x, hidden, cell, W_x, W_h, bias):
    size = len(hidden)
    new_hidden, new_cell = [], []
    for j in range(size):
        write, keep, candidate, show = (affine(x, hidden, W_x, W_h, bias, j + k * size) for k in range(4))
        value = sigmoid(keep) * cell[j] + sigmoid(write) * math.tanh(candidate)
        new_cell.append(value)
        new_hidden.append(sigmoid(show) * math.tanh(value))
    return new_hidden, new_cell


def loop_gru_step(x, hidden, W_x, W_h, bias):
    size = len(hidden)
    nothing = [0.0] * size
    result = []
    for j in range(size):
        reset = sigmoid(affine(x, hidden, W_x, W_h, bias, j))
        update = sigmoid(affine(x, hidden, W_x, W_h, bias, j + size))
        from_input = affine(x, nothing, W_x, W_h, bias, j + 2 * size)
        from_hidden = affine([0.0] * len(x), hidden, W_x, W_h, [0.0] * 3 * size, j + 2 * size)
        result.append(update * hidden[j] + (1 - update) * math.tanh(from_input + reset * from_hidden))
    return result
