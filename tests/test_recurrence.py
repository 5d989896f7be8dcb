"""The references of chapter 01, against loops in Python floats, against torch.nn, and by numerical gradients."""

import re

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from attn_course.recurrence import (
    clip_gradients,
    gru_step,
    lstm_step,
    rnn_step,
    run_gru,
    run_lstm,
    run_rnn,
    state_jacobian_norms,
)
from tests.recurrence_oracle import loop_gru_step, loop_lstm_step, loop_rnn_step, random

D_IN, D_HIDDEN, TIME, BATCH = 3, 5, 7, 4
LENGTHS = [7, 1, 4, 6]
BATCHES = [(), (2,), (2, 3)]
DTYPES = [torch.float32, torch.float64]
STEPS = {"rnn": (rnn_step, 1, 1), "lstm": (lstm_step, 4, 2), "gru": (gru_step, 3, 1)}
LOOPS = {"rnn": loop_rnn_step, "lstm": loop_lstm_step, "gru": loop_gru_step}
RUNS = {"rnn": (run_rnn, nn.RNN), "lstm": (run_lstm, nn.LSTM), "gru": (run_gru, nn.GRU)}


def close(given, expected):
    tolerance = 1e-5 if given.dtype == torch.float32 else 1e-12
    torch.testing.assert_close(given.detach().cpu().double(), expected.detach().cpu().double(), rtol=0, atol=tolerance)


def weights(gates, **kind):
    shapes = (D_IN, gates * D_HIDDEN), (D_HIDDEN, gates * D_HIDDEN), (gates * D_HIDDEN,)
    return [0.7 * random(*shape, seed=seed, **kind) for seed, shape in enumerate(shapes, start=10)]


def states(count, *batch, **kind):
    return [random(*batch, D_HIDDEN, seed=20 + k, **kind) for k in range(count)]


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", STEPS)
def test_step_equals_the_loop(name, batch, dtype, device):
    step, gates, count = STEPS[name]
    kind = {"dtype": dtype, "device": device}
    x, state, parameters = random(*batch, D_IN, **kind), states(count, *batch, **kind), weights(gates, **kind)
    result = as_tuple(step(x, *state, *parameters))
    lists = [p.double().tolist() for p in parameters]
    rows = zip(*[t.double().reshape(-1, t.shape[-1]).tolist() for t in (x, *state)], strict=True)
    expected = [LOOPS[name](*row, *lists) for row in rows]
    expected = [as_tuple(row) for row in expected] if count > 1 else [(row,) for row in expected]
    for k, tensor in enumerate(result):
        assert tensor.shape == (*batch, D_HIDDEN)
        assert tensor.dtype == dtype
        assert tensor.device == x.device
        close(tensor.reshape(-1, D_HIDDEN), torch.tensor([row[k] for row in expected], dtype=torch.float64))


@pytest.mark.parametrize("name", RUNS)
def test_run_equals_torch_with_the_same_weights(name, device):
    run, module = RUNS[name]
    torch_run = module(D_IN, D_HIDDEN, batch_first=True, dtype=torch.float64, device=device)
    W_x, W_h = torch_run.weight_ih_l0.T, torch_run.weight_hh_l0.T
    if name == "gru":  # the bias inside the reset, which ours does not have
        with torch.no_grad():
            torch_run.bias_hh_l0[2 * D_HIDDEN :] = 0
    bias = torch_run.bias_ih_l0 + torch_run.bias_hh_l0
    inputs = random(BATCH, TIME, D_IN, device=device)
    lengths = torch.tensor(LENGTHS, device=device)
    result, *final = run(inputs, lengths, W_x, W_h, bias)

    packed = nn.utils.rnn.pack_padded_sequence(inputs, LENGTHS, batch_first=True, enforce_sorted=False)
    expected, expected_final = torch_run(packed)
    expected, _ = nn.utils.rnn.pad_packed_sequence(expected, batch_first=True, total_length=TIME)
    close(result, expected)
    assert len(final) == len(as_tuple(expected_final))
    for given, wanted in zip(final, as_tuple(expected_final), strict=True):
        close(given, wanted[0])
    for row, length in enumerate(LENGTHS):
        assert (result[row, length:] == 0).all()


def test_the_bias_inside_the_reset_is_the_difference_to_torch():
    """The docstring says that one bias of nn.GRU has no place here: with it, the results differ."""
    torch_step = nn.GRUCell(D_IN, D_HIDDEN, dtype=torch.float64)
    x, hidden = random(D_IN), random(D_HIDDEN, seed=2)
    bias = torch_step.bias_ih + torch_step.bias_hh
    ours = gru_step(x, hidden, torch_step.weight_ih.T, torch_step.weight_hh.T, bias)
    assert (ours - torch_step(x, hidden)).abs().max() > 1e-3


def test_resetting_before_the_product_is_another_network():
    """Equation 8 of Cho et al. 2014 is not the candidate of torch."""
    x, hidden, (W_x, W_h, bias) = random(D_IN), random(D_HIDDEN, seed=2), weights(3)
    reset, update = torch.sigmoid(x @ W_x + hidden @ W_h + bias)[: 2 * D_HIDDEN].chunk(2)
    part = slice(2 * D_HIDDEN, None)
    candidate = torch.tanh(x @ W_x[:, part] + (reset * hidden) @ W_h[:, part] + bias[part])
    paper = update * hidden + (1 - update) * candidate
    assert (gru_step(x, hidden, W_x, W_h, bias) - paper).abs().max() > 1e-3


@pytest.mark.parametrize("name", STEPS)
def test_step_has_the_gradients_of_numerical_differences(name, device):
    step, gates, count = STEPS[name]
    arguments = [random(2, D_IN, device=device), *states(count, 2, device=device), *weights(gates, device=device)]
    assert gradcheck(step, [argument.requires_grad_() for argument in arguments])


@pytest.mark.parametrize("name", RUNS)
def test_run_has_the_gradients_of_numerical_differences(name, device):
    run, _ = RUNS[name]
    inputs, lengths = random(2, 3, D_IN, device=device), torch.tensor([3, 2], device=device)
    arguments = [inputs, *weights(STEPS[name][1], device=device)]
    [argument.requires_grad_() for argument in arguments]
    assert gradcheck(lambda x, *parameters: run(x, lengths, *parameters), arguments)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("junk", [1e6, float("inf"), float("nan")])
def test_padding_changes_neither_results_nor_gradients(name, junk, device):
    run, _ = RUNS[name]
    parameters = [p.requires_grad_() for p in weights(STEPS[name][1], device=device)]
    lengths = torch.tensor(LENGTHS, device=device)
    padding = torch.arange(TIME, device=device) >= lengths[:, None]
    clean = random(BATCH, TIME, D_IN, device=device).masked_fill(padding[..., None], 0)
    dirty = clean.masked_fill(padding[..., None], junk)
    results = []
    for inputs in (clean, dirty):
        inputs.requires_grad_()
        outputs = run(inputs, lengths, *parameters)
        total = sum(output.sum() for output in outputs)
        results.append([*outputs, *torch.autograd.grad(total, [inputs, *parameters])])
    for first, second in zip(*results, strict=True):
        assert torch.equal(first, second)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("size", [-1000.0, 1000.0])
def test_saturated_gates_stay_finite(name, size, device):
    step, gates, count = STEPS[name]
    arguments = [random(2, D_IN, device=device), *states(count, 2, device=device), *weights(gates, device=device)]
    arguments[-1] = torch.full_like(arguments[-1], size)
    [argument.requires_grad_() for argument in arguments]
    outputs = as_tuple(step(*arguments))
    gradients = torch.autograd.grad(sum(output.sum() for output in outputs), arguments)
    assert all(tensor.isfinite().all() for tensor in (*outputs, *gradients))


def test_the_example_worked_by_hand():
    W_x = torch.tensor([[2.0, 3.0]], dtype=torch.float64).log()
    W_h = torch.tensor([[0.0, 1.0], [0.5, 0.0]], dtype=torch.float64)
    bias = torch.zeros(2, dtype=torch.float64)
    inputs = torch.tensor([[[1.0], [0.0], [0.0]]], dtype=torch.float64)
    result, final = run_rnn(inputs, torch.tensor([3]), W_x, W_h, bias)
    expected = torch.tensor([[0.6, 0.8], [0.38, 0.54], [0.26, 0.36]], dtype=torch.float64)
    torch.testing.assert_close(result[0], expected, rtol=0, atol=0.005)
    assert torch.equal(final, result[:, -1])


class TestStateJacobianNorms:
    def test_equals_autograd(self, device):
        W_x, W_h, bias = weights(1, device=device)
        inputs, first = random(TIME, D_IN, device=device), random(D_HIDDEN, seed=3, device=device)

        def last(hidden, t):
            for x in inputs[t + 1 :]:
                hidden = rnn_step(x, hidden, W_x, W_h, bias)
            return hidden

        chain = [rnn_step(inputs[0], first, W_x, W_h, bias)]
        for x in inputs[1:]:
            chain.append(rnn_step(x, chain[-1], W_x, W_h, bias))
        expected = []
        for t, hidden in enumerate(chain):
            jacobian = torch.autograd.functional.jacobian(lambda h, t=t: last(h, t), hidden)
            expected.append(torch.linalg.svdvals(jacobian.cpu())[0])
        norms = state_jacobian_norms(torch.stack(chain), W_h)
        assert norms.shape == (TIME,)
        assert norms[-1] == 1
        close(norms, torch.stack(expected))

    def test_without_saturation_the_norms_are_those_of_powers(self, device):
        W_h = random(D_HIDDEN, D_HIDDEN, device=device)
        norms = state_jacobian_norms(torch.zeros(4, D_HIDDEN, dtype=torch.float64, device=device), W_h)
        powers = [torch.linalg.matrix_power(W_h.T.cpu(), k) for k in (3, 2, 1, 0)]
        torch.testing.assert_close(norms.cpu(), torch.stack([torch.linalg.svdvals(p)[0] for p in powers]))

    def test_has_the_gradients_of_numerical_differences(self, device):
        arguments = [random(4, 3, device=device).tanh(), random(3, 3, seed=2, device=device)]
        assert gradcheck(state_jacobian_norms, [argument.requires_grad_() for argument in arguments])

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_keeps_dtype_and_device(self, dtype, device):
        norms = state_jacobian_norms(
            random(TIME, D_HIDDEN, dtype=dtype, device=device), random(D_HIDDEN, D_HIDDEN, dtype=dtype, device=device)
        )
        assert norms.dtype == dtype
        assert norms.device.type == device.type


class TestClipGradients:
    def gradients(self, scale, device):
        return [scale * random(*shape, seed=k, device=device) for k, shape in enumerate([(3, 5), (7,), ()])]

    @pytest.mark.parametrize("scale", [0.01, 1.0, 1e4])
    def test_equals_torch(self, scale, device):
        given = self.gradients(scale, device)
        parameters = [nn.Parameter(torch.zeros_like(g)) for g in given]
        for parameter, gradient in zip(parameters, given, strict=True):
            parameter.grad = gradient.clone()
        expected_norm = nn.utils.clip_grad_norm_(parameters, 2.0)
        clipped, norm = clip_gradients(given, 2.0)
        torch.testing.assert_close(norm, expected_norm)
        for ours, parameter in zip(clipped, parameters, strict=True):
            torch.testing.assert_close(ours, parameter.grad, rtol=1e-5, atol=0)  # torch adds 1e-6 to the norm

    def test_keeps_the_direction_and_shortens_to_the_limit(self, device):
        given = [torch.tensor([3.0], device=device), torch.tensor([[4.0]], device=device)]
        clipped, norm = clip_gradients(given, 1.0)
        assert norm == 5
        torch.testing.assert_close(torch.cat([g.flatten() for g in clipped]).cpu(), torch.tensor([0.6, 0.8]))

    def test_leaves_short_gradients_and_its_input_alone(self, device):
        given = self.gradients(1.0, device)
        before = [g.clone() for g in given]
        clipped, _ = clip_gradients(given, 1e3)
        assert all(map(torch.equal, clipped, before))
        clip_gradients(given, 1e-3)
        assert all(map(torch.equal, given, before))

    def test_a_gradient_of_zero_stays_zero(self, device):
        clipped, norm = clip_gradients([torch.zeros(3, device=device)], 1.0)
        assert norm == 0
        assert (clipped[0] == 0).all()

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_keeps_the_dtype(self, dtype, device):
        clipped, norm = clip_gradients([torch.ones(3, dtype=dtype, device=device)], 0.5)
        assert clipped[0].dtype == norm.dtype == dtype


def meta(*tensors):
    return [tensor.to("meta") for tensor in tensors]


@pytest.mark.parametrize("name", STEPS)
def test_works_where_no_value_can_be_read(name):
    """The meta device has shapes alone: anything made on another device, or read, raises an error there."""
    step, gates, count = STEPS[name]
    parameters = meta(*weights(gates))
    for tensor in as_tuple(step(*meta(random(2, D_IN), *states(count, 2)), *parameters)):
        assert tensor.is_meta
    outputs = RUNS[name][0](*meta(random(BATCH, TIME, D_IN), torch.tensor(LENGTHS)), *parameters)
    assert all(tensor.is_meta for tensor in outputs)
    assert state_jacobian_norms(*meta(random(TIME, D_HIDDEN), random(D_HIDDEN, D_HIDDEN))).is_meta
    clipped, norm = clip_gradients(meta(random(3)), 1.0)
    assert norm.is_meta
    assert clipped[0].is_meta


X, H, C = random(2, D_IN), random(2, D_HIDDEN), random(2, D_HIDDEN)
SEQUENCES, L = random(BATCH, TIME, D_IN), torch.tensor(LENGTHS)
RNN, LSTM, GRU = weights(1), weights(4), weights(3)
ERRORS = {
    "a list": (rnn_step, (X.tolist(), H, *RNN), TypeError, "x must be a tensor, but is a list"),
    "None": (rnn_step, (X, None, *RNN), TypeError, "hidden must be a tensor, but is a NoneType"),
    "transposed weights": (rnn_step, (X, H, RNN[0].T, *RNN[1:]), ValueError, "W_x has shape (5, 3), but (d_in, d_hidd"),
    "no axis": (rnn_step, (X, torch.tensor(1.0), *RNN), ValueError, "hidden needs 1 or more axes"),
    "other batch": (rnn_step, (X, H[:1], *RNN), ValueError, "hidden has the batch axes (1,), but x has (2,)"),
    "mixed dtypes": (rnn_step, (X.float(), H, *RNN), TypeError, "use hidden.to(x.dtype)"),
    "whole numbers": (rnn_step, (X.long(), H, *RNN), TypeError, "use x.float()"),
    "other device": (rnn_step, (X, H.to("meta"), *RNN), ValueError, "use hidden.to(x.device)"),
    "too few gates": (lstm_step, (X, H, C, *GRU), ValueError, "its axis 4*d_hidden must have size 20, not 15"),
    "too many gates": (gru_step, (X, H, *LSTM), ValueError, "its axis 3*d_hidden must have size 15, not 20"),
    "no batch": (run_rnn, (SEQUENCES[0], L, *RNN), ValueError, "inputs needs 3 axes, (batch, time, d_in), but has"),
    "other count": (run_rnn, (SEQUENCES, L[:3], *RNN), ValueError, "lengths has shape (3,)"),
    "length 0": (run_rnn, (SEQUENCES, L - 1, *RNN), ValueError, "go from 0 to 6"),
    "too long": (run_lstm, (SEQUENCES, L + 1, *LSTM), ValueError, "between 1 and the 7 time steps"),
    "real lengths": (run_gru, (SEQUENCES, L.float(), *GRU), TypeError, "use lengths.long()"),
    "no step": (run_rnn, (SEQUENCES[:, :0], L, *RNN), ValueError, "at least one time step"),
    "no state": (state_jacobian_norms, (H[:0], RNN[1]), ValueError, "at least one time step"),
    "a batch of states": (state_jacobian_norms, (H[None], RNN[1]), ValueError, "states needs 2 axes"),
    "one tensor": (clip_gradients, (H, 1.0), TypeError, "gradients must be a list of tensors, but is a Tensor"),
    "no gradients": (clip_gradients, ([], 1.0), ValueError, "gradients is empty"),
    "None in the list": (clip_gradients, ([H, None], 1.0), TypeError, "gradients[1] must be a tensor"),
    "no room": (clip_gradients, ([H], 0.0), ValueError, "max_norm must be above 0, but is 0.0"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given_and_what_to_do(case, own_errors):
    function, arguments, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        function(*arguments)
