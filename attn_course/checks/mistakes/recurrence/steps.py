"""Wrong answers to `rnn_step` and `lstm_step`."""

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
STEP, LSTM = "recurrence-step", "recurrence-lstm"


@mistakes.add("rnn_step", "no-bias", "You leave out the bias: it is part of the sum inside the tanh.", STEP)
def rnn_without_bias(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_x + hidden @ W_h)


@mistakes.add("rnn_step", "no-tanh", "You return the sum itself: the new state is the tanh of it.", STEP)
def rnn_without_tanh(x, hidden, W_x, W_h, bias):
    return x @ W_x + hidden @ W_h + bias


@mistakes.add(
    "rnn_step",
    "swapped-weights",
    "You multiply the input by W_h and the state by W_x. It runs only where both have the same width: "
    "W_x belongs to x, W_h to hidden.",
    STEP,
)
def rnn_with_swapped_weights(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_h + hidden @ W_x + bias)


@mistakes.add(
    "rnn_step",
    "transposed-W_h",
    "You multiply by W_h transposed. It is square, so nothing complains; here weights stand to the right as they "
    "are: hidden @ W_h.",
    STEP,
)
def rnn_with_transposed_state_weights(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_x + hidden @ W_h.mT + bias)


@mistakes.add(
    "rnn_step",
    "transposed-weights",
    "You transpose both weights, as torch.nn stores them. Here they multiply as they are: x @ W_x.",
    STEP,
)
def rnn_with_transposed_weights(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_x.mT + hidden @ W_h.mT + bias)


@mistakes.add("rnn_step", "sigmoid", "You squash by the sigmoid, to (0, 1). This step uses tanh, to (−1, 1).", STEP)
def rnn_with_sigmoid(x, hidden, W_x, W_h, bias):
    return torch.sigmoid(x @ W_x + hidden @ W_h + bias)


@mistakes.add("rnn_step", "relu", "You squash by ReLU. This step uses tanh, which keeps the state in (−1, 1).", STEP)
def rnn_with_relu(x, hidden, W_x, W_h, bias):
    return torch.relu(x @ W_x + hidden @ W_h + bias)


@mistakes.add(
    "rnn_step", "no-recurrence", "You never use hidden: without the old state the step remembers nothing.", STEP
)
def rnn_without_hidden(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_x + bias)


@mistakes.add("rnn_step", "no-input", "You never use x: the new state has to hear of the new input.", STEP)
def rnn_without_input(x, hidden, W_x, W_h, bias):
    return torch.tanh(hidden @ W_h + bias)


@mistakes.add("rnn_step", "no-W_h", "You add the old state as it is. It is multiplied by W_h first.", STEP)
def rnn_without_state_weights(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_x + hidden + bias)


@mistakes.add("rnn_step", "bias-outside", "You add the bias after the tanh. It is part of the sum inside.", STEP)
def rnn_with_bias_outside(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_x + hidden @ W_h) + bias


@mistakes.add(
    "rnn_step", "tanh-of-each", "You take the tanh of each part and add then. Add first: one tanh of the sum.", STEP
)
def rnn_with_two_tanhs(x, hidden, W_x, W_h, bias):
    return torch.tanh(x @ W_x + bias) + torch.tanh(hidden @ W_h)


@mistakes.add(
    "rnn_step",
    "bias-twice",
    "You add the bias twice. torch.nn has two biases, one for each product; here is one.",
    STEP,
)
def rnn_with_bias_twice(x, hidden, W_x, W_h, bias):
    return torch.tanh((x @ W_x + bias) + (hidden @ W_h + bias))


@mistakes.add(
    "rnn_step",
    "adds-old-state",
    "You add the old state to the result. This step replaces it: what is kept passes through W_h.",
    STEP,
)
def rnn_with_residual(x, hidden, W_x, W_h, bias):
    return hidden + torch.tanh(x @ W_x + hidden @ W_h + bias)


@mistakes.add("rnn_step", "product", "You multiply the two parts with each other. They are added.", STEP)
def rnn_with_product(x, hidden, W_x, W_h, bias):
    return torch.tanh((x @ W_x) * (hidden @ W_h) + bias)


@mistakes.add(
    "rnn_step",
    "tanh-by-exp",
    "You compute the tanh by exponentials. exp(1000) is infinite and infinity / infinity is NaN: use torch.tanh.",
    STEP,
)
def rnn_with_exponentials(x, hidden, W_x, W_h, bias):
    total = x @ W_x + hidden @ W_h + bias
    return (total.exp() - (-total).exp()) / (total.exp() + (-total).exp())


def gates_of(x, hidden, W_x, W_h, bias):
    """The four gates before they are squashed, in the order of the columns."""
    return (x @ W_x + hidden @ W_h + bias).chunk(4, dim=-1)


def finish(cell, i, f, g, o):
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


@mistakes.add(
    "lstm_step",
    "forget-input-swapped",
    "You take the first block of columns for the forget gate and the second for the input gate. The input gate "
    "comes first.",
    LSTM,
)
def lstm_forget_first(x, hidden, cell, W_x, W_h, bias):
    f, i, g, o = gates_of(x, hidden, W_x, W_h, bias)
    return finish(cell, i, f, g, o)


@mistakes.add(
    "lstm_step",
    "output-before-candidate",
    "You take the third block for the output gate and the fourth for the candidate. The candidate comes third.",
    LSTM,
)
def lstm_output_third(x, hidden, cell, W_x, W_h, bias):
    i, f, o, g = gates_of(x, hidden, W_x, W_h, bias)
    return finish(cell, i, f, g, o)


@mistakes.add(
    "lstm_step",
    "candidate-second",
    "You read the blocks as input, candidate, forget, output. The order here is input, forget, candidate, output.",
    LSTM,
)
def lstm_candidate_second(x, hidden, cell, W_x, W_h, bias):
    i, g, f, o = gates_of(x, hidden, W_x, W_h, bias)
    return finish(cell, i, f, g, o)


@mistakes.add(
    "lstm_step",
    "candidate-first",
    "You read the blocks as candidate, input, forget, output. The order here is input, forget, candidate, output.",
    LSTM,
)
def lstm_candidate_first(x, hidden, cell, W_x, W_h, bias):
    g, i, f, o = gates_of(x, hidden, W_x, W_h, bias)
    return finish(cell, i, f, g, o)


@mistakes.add(
    "lstm_step",
    "candidate-last",
    "You read the blocks as forget, input, output, candidate. The order here is input, forget, candidate, output.",
    LSTM,
)
def lstm_candidate_last(x, hidden, cell, W_x, W_h, bias):
    f, i, o, g = gates_of(x, hidden, W_x, W_h, bias)
    return finish(cell, i, f, g, o)


@mistakes.add(
    "lstm_step",
    "interleaved-gates",
    "You take every fourth column for a gate. The columns of one gate stand together, d_hidden of them.",
    LSTM,
)
def lstm_interleaved(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = (x @ W_x + hidden @ W_h + bias).unflatten(-1, (-1, 4)).unbind(-1)
    return finish(cell, i, f, g, o)


@mistakes.add(
    "lstm_step",
    "tanh-of-the-old-cell",
    "You show part of the old cell: hidden is the output gate times tanh of the new cell.",
    LSTM,
)
def lstm_shows_old_cell(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = gates_of(x, hidden, W_x, W_h, bias)
    return torch.sigmoid(o) * torch.tanh(cell), finish(cell, i, f, g, o)[1]


@mistakes.add("lstm_step", "no-tanh-of-the-cell", "You show the cell itself: hidden needs the tanh of it.", LSTM)
def lstm_without_second_tanh(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = gates_of(x, hidden, W_x, W_h, bias)
    cell = finish(cell, i, f, g, o)[1]
    return torch.sigmoid(o) * cell, cell


@mistakes.add(
    "lstm_step",
    "squashed-cell",
    "You squash the new cell by tanh and keep that. The cell itself is not squashed, only what is shown of it.",
    LSTM,
)
def lstm_squashed_cell(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = gates_of(x, hidden, W_x, W_h, bias)
    cell = torch.tanh(finish(cell, i, f, g, o)[1])
    return torch.sigmoid(o) * cell, cell


@mistakes.add(
    "lstm_step", "sigmoid-candidate", "You squash the candidate by the sigmoid. It may be negative: use tanh.", LSTM
)
def lstm_sigmoid_candidate(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = gates_of(x, hidden, W_x, W_h, bias)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.sigmoid(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


@mistakes.add("lstm_step", "raw-candidate", "You add the candidate without its tanh.", LSTM)
def lstm_raw_candidate(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = gates_of(x, hidden, W_x, W_h, bias)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * g
    return torch.sigmoid(o) * torch.tanh(cell), cell


@mistakes.add(
    "lstm_step",
    "tanh-gates",
    "You exchange the squashing functions: gates say how much, from 0 to 1, by the sigmoid; the candidate takes tanh.",
    LSTM,
)
def lstm_exchanged_functions(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = gates_of(x, hidden, W_x, W_h, bias)
    cell = torch.tanh(f) * cell + torch.tanh(i) * torch.sigmoid(g)
    return torch.tanh(o) * torch.tanh(cell), cell


@mistakes.add(
    "lstm_step", "no-bias", "You leave out the bias: it is added to the gates before they are squashed.", LSTM
)
def lstm_without_bias(x, hidden, cell, W_x, W_h, bias):
    return finish(cell, *(x @ W_x + hidden @ W_h).chunk(4, dim=-1))


@mistakes.add(
    "lstm_step",
    "bias-twice",
    "You add the bias twice. torch.nn has two biases, one for each product; here is one.",
    LSTM,
)
def lstm_with_bias_twice(x, hidden, cell, W_x, W_h, bias):
    return finish(cell, *gates_of(x, hidden, W_x, W_h, 2 * bias))


@mistakes.add("lstm_step", "swapped-results", "You return (cell, hidden). Asked is (hidden, cell).", LSTM)
def lstm_swapped_results(x, hidden, cell, W_x, W_h, bias):
    hidden, cell = finish(cell, *gates_of(x, hidden, W_x, W_h, bias))
    return cell, hidden


@mistakes.add("lstm_step", "no-forget-gate", "You keep all of the old cell: the forget gate says how much stays.", LSTM)
def lstm_without_forget_gate(x, hidden, cell, W_x, W_h, bias):
    i, _, g, o = gates_of(x, hidden, W_x, W_h, bias)
    cell = cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


@mistakes.add("lstm_step", "no-input-gate", "You add all of the candidate: the input gate says how much enters.", LSTM)
def lstm_without_input_gate(x, hidden, cell, W_x, W_h, bias):
    _, f, g, o = gates_of(x, hidden, W_x, W_h, bias)
    cell = torch.sigmoid(f) * cell + torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


@mistakes.add(
    "lstm_step", "no-output-gate", "You show all of tanh(cell): the output gate says how much is shown.", LSTM
)
def lstm_without_output_gate(x, hidden, cell, W_x, W_h, bias):
    cell = finish(cell, *gates_of(x, hidden, W_x, W_h, bias))[1]
    return torch.tanh(cell), cell


@mistakes.add(
    "lstm_step",
    "coupled-gates",
    "You forget 1 − input, as the GRU does. In the LSTM the forget gate is a gate of its own, the second block.",
    LSTM,
)
def lstm_coupled_gates(x, hidden, cell, W_x, W_h, bias):
    i, _, g, o = gates_of(x, hidden, W_x, W_h, bias)
    cell = (1 - torch.sigmoid(i)) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


@mistakes.add(
    "lstm_step",
    "cell-in-the-gates",
    "You compute the gates from the old cell. They look at x and at hidden; the cell is only kept and added to.",
    LSTM,
)
def lstm_gates_from_cell(x, hidden, cell, W_x, W_h, bias):
    return finish(cell, *gates_of(x, cell, W_x, W_h, bias))


@mistakes.add(
    "lstm_step", "no-hidden", "You compute the gates from x alone. They look at the old hidden state too.", LSTM
)
def lstm_without_hidden(x, hidden, cell, W_x, W_h, bias):
    return finish(cell, *(x @ W_x + bias).chunk(4, dim=-1))


@mistakes.add(
    "lstm_step",
    "sigmoid-by-exp",
    "You compute the sigmoid as exp(z) / (1 + exp(z)). exp(1000) is infinite and infinity / infinity is NaN: use "
    "torch.sigmoid.",
    LSTM,
)
def lstm_with_exponentials(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = gates_of(x, hidden, W_x, W_h, bias)
    i, f, o = (gate.exp() / (1 + gate.exp()) for gate in (i, f, o))
    cell = f * cell + i * torch.tanh(g)
    return o * torch.tanh(cell), cell
