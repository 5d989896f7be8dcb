"""Wrong answers to `run_rnn`."""

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
STEP, LENGTHS = "recurrence-step", "recurrence-lengths"


def all_states(inputs, W_x, W_h, bias, squash=torch.tanh):
    """The state after every time step, padding read like anything else."""
    hidden = inputs.new_zeros(len(inputs), len(W_h))
    states = []
    for t in range(inputs.shape[1]):
        hidden = squash(inputs[:, t] @ W_x + hidden @ W_h + bias)
        states.append(hidden)
    return torch.stack(states, dim=1)  # (batch, time, d_hidden)


def running(inputs, lengths):
    """True where a time step belongs to a sequence: (batch, time, 1)."""
    return (torch.arange(inputs.shape[1], device=inputs.device) < lengths[:, None])[..., None]


def at(states, step):
    """The state of each sequence at its own `step`."""
    return states[torch.arange(len(states), device=states.device), step]


@mistakes.add(
    "run_rnn",
    "final-from-padding",
    "You take the state after the last time step for final: for a shorter sequence it has read padding. Take the state "
    "at lengths − 1.",
    LENGTHS,
)
def final_reads_padding(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    return states * running(inputs, lengths), states[:, -1]


@mistakes.add(
    "run_rnn",
    "final-is-zero",
    "You take states[:, -1] for final after setting padding to 0: for a shorter sequence that is a row of zeros. Take "
    "the state at lengths − 1.",
    LENGTHS,
)
def final_of_zeroed_states(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias) * running(inputs, lengths)
    return states, states[:, -1]


@mistakes.add(
    "run_rnn",
    "final-one-early",
    "Your final is one step early: steps count from 0, so a sequence of n steps ends with step n − 1.",
    LENGTHS,
)
def final_one_early(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    return states * running(inputs, lengths), at(states, (lengths - 2).clamp(min=0))


@mistakes.add(
    "run_rnn",
    "final-one-late",
    "Your final is one step late, at index lengths: steps count from 0, so a sequence of n steps ends with step n − 1.",
    LENGTHS,
)
def final_one_late(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    return states * running(inputs, lengths), at(states, lengths.clamp(max=inputs.shape[1] - 1))


@mistakes.add(
    "run_rnn",
    "final-at-the-longest",
    "You take final where the longest sequence ends, for all of them. Each sequence has its own last step.",
    LENGTHS,
)
def final_at_longest(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    return states * running(inputs, lengths), at(states, lengths.max().expand_as(lengths) - 1)


@mistakes.add(
    "run_rnn",
    "final-is-the-mean",
    "Your final is the mean of the states. Asked is the state after the last step.",
    LENGTHS,
)
def final_mean(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias) * running(inputs, lengths)
    return states, states.sum(dim=1) / lengths[:, None].to(states)


@mistakes.add(
    "run_rnn",
    "final-is-the-sum",
    "Your final is the sum of the states. Asked is the state after the last step.",
    LENGTHS,
)
def final_sum(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias) * running(inputs, lengths)
    return states, states.sum(dim=1)


@mistakes.add(
    "run_rnn",
    "final-is-the-maximum",
    "Your final is the largest value over time. Asked is the state after the last step.",
    LENGTHS,
)
def final_max(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias) * running(inputs, lengths)
    return states, states.amax(dim=1)


@mistakes.add(
    "run_rnn",
    "states-not-zeroed",
    "Your final is right, but states goes on through the padding: after a sequence's length it is 0.",
    LENGTHS,
)
def states_go_on(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    return states, at(states, lengths - 1)


@mistakes.add(
    "run_rnn",
    "states-held",
    "After its end a sequence keeps its last state in your states. There states is 0; only final holds the last state.",
    LENGTHS,
)
def states_held(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    final = at(states, lengths - 1)
    return torch.where(running(inputs, lengths), states, final[:, None]), final


@mistakes.add(
    "run_rnn",
    "zeros-one-late",
    "Your states keep one step too many: a sequence of n steps has the steps 0 to n − 1, so test t < lengths.",
    LENGTHS,
)
def zeros_one_late(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    return states * running(inputs, lengths + 1), at(states, lengths - 1)


@mistakes.add(
    "run_rnn",
    "zeros-one-early",
    "You set the last step of a sequence to 0: a sequence of n steps has the steps 0 to n − 1, so test t < lengths.",
    LENGTHS,
)
def zeros_one_early(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    return states * running(inputs, lengths - 1), at(states, lengths - 1)


@mistakes.add(
    "run_rnn",
    "no-lengths",
    "You never look at lengths: padding is read like input.",
    LENGTHS,
)
def without_lengths(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    return states, states[:, -1]


@mistakes.add(
    "run_rnn",
    "zeroed-inputs",
    "You set the padding of the inputs to 0 and run on. The state changes all the same, by W_h and the bias: hold it, or "
    "take it at lengths − 1.",
    LENGTHS,
)
def zeroed_inputs(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs * running(inputs, lengths), W_x, W_h, bias)
    return states * running(inputs, lengths), states[:, -1]


@mistakes.add(
    "run_rnn", "cut-to-the-longest", "Your states end with the longest sequence. They keep all time steps.", LENGTHS
)
def cut_to_longest(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    zeroed = states * running(inputs, lengths)
    return zeroed[:, : int(lengths.max())], at(states, lengths - 1)


@mistakes.add(
    "run_rnn",
    "no-recurrence",
    "You give every step a state of zeros. Each step goes on from the state before it.",
    STEP,
)
def without_recurrence(inputs, lengths, W_x, W_h, bias):
    states = torch.tanh(inputs @ W_x + bias)
    return states * running(inputs, lengths), at(states, lengths - 1)


@mistakes.add("run_rnn", "no-bias", "You leave out the bias: it is part of the sum inside the tanh.", STEP)
def without_bias(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, torch.zeros_like(bias))
    return states * running(inputs, lengths), at(states, lengths - 1)


@mistakes.add("run_rnn", "no-tanh", "You leave out the tanh: without it the network is one long linear map.", STEP)
def without_tanh(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias, squash=torch.clone)
    return states * running(inputs, lengths), at(states, lengths - 1)


@mistakes.add("run_rnn", "transposed-W_h", "You multiply by W_h transposed. Here it is hidden @ W_h, as it is.", STEP)
def transposed_state_weights(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h.mT, bias)
    return states * running(inputs, lengths), at(states, lengths - 1)


@mistakes.add(
    "run_rnn",
    "reversed",
    "You read each sequence from its end to its start. The first step reads inputs[:, 0].",
    STEP,
)
def read_backwards(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs.flip(1), W_x, W_h, bias).flip(1)
    return states * running(inputs, lengths), at(states, lengths - 1)


@mistakes.add(
    "run_rnn",
    "state-before-the-step",
    "You store each state before the step instead of after it: states[:, 0] is the state after reading inputs[:, 0].",
    STEP,
)
def stored_before(inputs, lengths, W_x, W_h, bias):
    states = all_states(inputs, W_x, W_h, bias)
    before = torch.cat((torch.zeros_like(states[:, :1]), states[:, :-1]), dim=1)
    return before * running(inputs, lengths), at(states, lengths - 1)


@mistakes.add(
    "run_rnn",
    "carried-over",
    "The state of one sequence goes on into the next sequence of the batch. Each starts from zeros.",
    STEP,
)
def carried_over(inputs, lengths, W_x, W_h, bias):
    hidden = inputs.new_zeros(len(W_h))
    states = inputs.new_zeros(*inputs.shape[:2], len(W_h))
    finals = []
    for row, length in enumerate(lengths.tolist()):
        for t in range(length):
            hidden = torch.tanh(inputs[row, t] @ W_x + hidden @ W_h + bias)
            states[row, t] = hidden
        finals.append(hidden)
    return states, torch.stack(finals)
