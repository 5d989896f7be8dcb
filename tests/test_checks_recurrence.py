"""What is special about the checks of chapter 01: subtle wrong answers, partial credit, decoding, examples by hand."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attn_course import recurrence
from attn_course.checks import evaluate
from attn_course.checks.cases.recurrence_seq2seq import compare_tokens
from attn_course.checks.engine import Case
from attn_course.checks.registry import mistakes
from tests.answers import recurrence as right

SEEDS = range(3)
SUBTLE = []


def loses(*aspects, recognised=None):
    """Enter a wrong answer that is in no registry, `<exercise>__<what is wrong>`, with the aspects that it must lose.

    `recognised` is the mistake of the registry whose results it shares, if there is one.
    """

    def enter(answer):
        exercise, _, what = answer.__name__.partition("__")
        SUBTLE.append(pytest.param(exercise, answer, set(aspects), recognised, id=f"{exercise}-{what}"))
        return answer

    return enter


def lost(report):
    return {aspect.id for aspect in report.aspects if not aspect.passed}


# --- rnn_step


@loses("batch")
def rnn_step__views_only(x, hidden, W_x, W_h, bias):
    return right.rnn_step__plain(x.view(-1, x.shape[-1]), hidden.reshape(-1, len(bias)), W_x, W_h, bias).view(
        hidden.shape
    )


@loses("batch")
def rnn_step__drops_an_axis_of_one(*given):
    return right.rnn_step__plain(*given).squeeze()


@loses("batch")
def rnn_step__matrices_only(x, hidden, W_x, W_h, bias):
    return torch.tanh(torch.mm(x, W_x) + torch.mm(hidden, W_h) + bias)


@loses("gradients")
def rnn_step__cuts_the_old_state(x, hidden, W_x, W_h, bias):
    return right.rnn_step__plain(x, hidden.detach(), W_x, W_h, bias)


@loses("unchanged", "gradients")
def rnn_step__writes_into_the_old_state(x, hidden, W_x, W_h, bias):
    with torch.no_grad():
        hidden.copy_(right.rnn_step__plain(x, hidden, W_x, W_h, bias))
    return hidden


@loses("extremes")
def rnn_step__flattened_by_clamp(x, hidden, W_x, W_h, bias):
    return torch.tanh((x @ W_x + hidden @ W_h + bias).clamp(-6, 6))


# --- lstm_step


@loses("gradients")
def lstm_step__cuts_the_cell(*given):
    hidden, cell = right.lstm_step__chunk(*given)
    return hidden, cell.detach()


@loses("gradients")
def lstm_step__cuts_what_is_shown(x, hidden, cell, W_x, W_h, bias):
    _, new = right.lstm_step__chunk(x, hidden, cell, W_x, W_h, bias)
    gate = (x @ W_x + hidden @ W_h + bias).chunk(4, dim=-1)[3]
    return torch.sigmoid(gate) * torch.tanh(new.detach()), new


@loses("batch")
def lstm_step__second_axis(x, hidden, cell, W_x, W_h, bias):
    i, f, g, o = (x @ W_x + hidden @ W_h + bias).chunk(4, dim=1)
    cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


@loses("dtype")
def lstm_step__wide_cell(*given):
    hidden, cell = right.lstm_step__chunk(*given)
    return hidden, cell.double()


@loses("cell", "bias", "batch", "gradients")
def lstm_step__forget_bias_of_one(x, hidden, cell, W_x, W_h, bias):
    d = hidden.shape[-1]
    return right.lstm_step__chunk(x, hidden, cell, W_x, W_h, bias + F.pad(bias.new_ones(d), (d, 2 * d)))


@loses("cell")
def lstm_step__returns_a_clamped_cell(*given):
    hidden, cell = right.lstm_step__chunk(*given)
    return hidden, cell.clamp(-3, 3)


# --- run_rnn


@loses("gradients")
def run_rnn__cut_between_steps(inputs, lengths, W_x, W_h, bias):
    hidden, states = inputs.new_zeros(len(inputs), len(bias)), []
    for t in range(inputs.shape[1]):
        on = (t < lengths)[:, None]
        new = torch.tanh(inputs[:, t] @ W_x + hidden.detach() @ W_h + bias)
        hidden = torch.where(on, new, hidden)
        states.append(new * on)
    return torch.stack(states, 1), hidden


@loses("unchanged")
def run_rnn__counts_lengths_down(inputs, lengths, W_x, W_h, bias):
    result = right.run_rnn__gather(inputs, lengths, W_x, W_h, bias)
    lengths -= 1
    return result


@loses("zeros")
def run_rnn__nearly_zero(inputs, lengths, W_x, W_h, bias):
    states, final = right.run_rnn__gather(inputs, lengths, W_x, W_h, bias)
    return torch.where(states == 0, 1e-7, states), final


@loses("zeros", "final", "gradients")
def run_rnn__needs_sorted_lengths(inputs, lengths, W_x, W_h, bias):
    if (lengths.diff() > 0).any():
        raise ValueError("sort the batch by length first")
    return right.run_rnn__gather(inputs, lengths, W_x, W_h, bias)


@loses("final")
def run_rnn__final_in_sorted_order(inputs, lengths, W_x, W_h, bias):
    states, final = right.run_rnn__gather(inputs, lengths, W_x, W_h, bias)
    return states, final[lengths.argsort(descending=True)]


@loses("extremes")
def run_rnn__nan_in_the_padding(inputs, lengths, W_x, W_h, bias):
    hidden, states = inputs.new_zeros(len(inputs), len(bias)), []
    for t in range(inputs.shape[1]):
        total = inputs[:, t] @ W_x + hidden @ W_h + bias
        hidden = (torch.exp(2 * total) - 1) / (torch.exp(2 * total) + 1)
        states.append(hidden)
    states = torch.stack(states, dim=1)
    on = torch.arange(inputs.shape[1], device=inputs.device) < lengths[:, None]
    return states * on[..., None], states[torch.arange(len(lengths), device=inputs.device), lengths - 1]


@loses("device")
def run_rnn__starts_on_the_cpu(inputs, lengths, W_x, W_h, bias):
    start = torch.zeros(len(inputs), len(bias), dtype=inputs.dtype)
    return right.run_rnn__einsum(inputs, lengths, W_x, W_h, bias, initial=start)


# --- state_jacobian_norms


@loses("edges")
def state_jacobian_norms__by_inverses(states, W_h):
    product, products = torch.eye(len(W_h)).to(W_h), [torch.eye(len(W_h)).to(W_h)]
    for h in states[1:]:
        product = torch.diag(1 - h**2) @ W_h.T @ product
        products.append(product)
    rest = [products[-1] @ torch.linalg.pinv(earlier) for earlier in products]
    return torch.linalg.matrix_norm(torch.stack(rest), ord=2)


@loses("step", "product", "edges")
def state_jacobian_norms__few_iterations(states, W_h):
    product = torch.eye(len(W_h)).to(W_h)
    norms = [torch.ones_like(W_h[0, 0])]
    for h in states[1:].flip(0):
        product = product @ torch.diag(1 - h**2) @ W_h.T
        v = torch.ones_like(W_h[0])
        for _ in range(3):
            v = F.normalize(product.T @ (product @ v), dim=0)
        norms.append((product @ v).norm())
    return torch.stack(norms[::-1])


@loses("edges")
def state_jacobian_norms__20_iterations(states, W_h):
    product = torch.eye(len(W_h)).to(W_h)
    norms = [torch.ones_like(W_h[0, 0])]
    for h in states[1:].flip(0):
        product = product @ torch.diag(1 - h**2) @ W_h.T
        v = torch.ones_like(W_h[0])
        for _ in range(20):
            v = F.normalize(product.T @ (product @ v), dim=0)
        norms.append((product @ v).norm())
    return torch.stack(norms[::-1])


@loses("unchanged")
def state_jacobian_norms__squares_in_place(states, W_h):
    result = right.state_jacobian_norms__backwards(states, W_h)
    states.square_()
    return result


@loses("dtype")
def state_jacobian_norms__always_wide(states, W_h):
    return right.state_jacobian_norms__backwards(states, W_h).double()


# --- clip_gradients


@loses("small")
def clip_gradients__compares_the_square(gradients, max_norm):
    norm = torch.sqrt(sum((g**2).sum() for g in gradients))
    return [g * (max_norm / norm) if norm**2 > max_norm else g for g in gradients], norm


@loses("clip", "norm")
def clip_gradients__matrices_only(gradients, max_norm):
    matrices = [g for g in gradients if g.dim() > 1]
    norm = torch.sqrt(sum((g**2).sum() for g in matrices))
    return [g * min(1.0, max_norm / (float(norm) + 1e-12)) for g in gradients], norm


@loses("unchanged", recognised="in-place")
def clip_gradients__empties_the_list(gradients, max_norm):
    result = right.clip_gradients__flat(gradients, max_norm)
    gradients.clear()
    return result


@loses("norm")
def clip_gradients__needs_contiguous_tensors(gradients, max_norm):
    return right.clip_gradients__flat([g.view(-1).view(g.shape) for g in gradients], max_norm)


@loses("norm")
def clip_gradients__norm_of_one_entry(gradients, max_norm):
    clipped, norm = right.clip_gradients__flat(gradients, max_norm)
    return clipped, norm.reshape(1)


@loses("clip")
def clip_gradients__with_a_margin(gradients, max_norm):
    norm = torch.sqrt(sum((g**2).sum() for g in gradients))
    return [g * (max_norm / norm) if norm > 1.01 * max_norm else g for g in gradients], norm


# --- Seq2Seq


@loses("gradients")
class Seq2Seq__cuts_the_summary(right.Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        return super().summary(source, source_lengths).detach()


@loses("gradients")
class Seq2Seq__never_learns_token_0(right.Seq2Seq__indexed):
    def __init__(self, vocab_source, vocab_target, d_embed, d_hidden):
        super().__init__(vocab_source, vocab_target, d_embed, d_hidden)
        self.embed_source = nn.Embedding(vocab_source, d_embed, padding_idx=0)


@loses("padding")
class Seq2Seq__guesses_the_lengths(right.Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        return super().summary(source, (source != 0).sum(dim=1).clamp(min=1))


@loses("unchanged")
class Seq2Seq__empties_the_padding(right.Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        source[torch.arange(source.shape[1], device=source.device) >= source_lengths[:, None]] = 0
        return super().summary(source, source_lengths)


@loses("state")
class Seq2Seq__goes_on_from_the_last_call(right.Seq2Seq__indexed):
    last = None

    def summary(self, source, source_lengths):
        summary = super().summary(source, source_lengths)
        if self.last is not None and self.last.shape == summary.shape:
            summary = summary + self.last
        self.last = summary.detach()
        return summary


@loses("summary")
class Seq2Seq__drops_axes_of_one(right.Seq2Seq__indexed):
    def forward(self, source, source_lengths, target_in):
        return super().forward(source, source_lengths, target_in).squeeze()


@loses("padding")
class Seq2Seq__needs_sorted_sources(right.Seq2Seq__indexed):
    def summary(self, source, source_lengths):
        embedded = self.embed_source(source)
        packed = right.pack_padded_sequence(embedded, source_lengths.cpu(), batch_first=True)
        return self.encoder(packed)[1][0]


# --- greedy_decode


@loses("dtype")
def greedy_decode__int32(*given):
    return right.greedy_decode__masked(*given).int()


@loses("own")
def greedy_decode__ends_with_minus_one(step, state, start, end, max_len):
    tokens = right.greedy_decode__filled(step, state, start, end, max_len)
    is_end = (tokens == end).long()
    return tokens.masked_fill(is_end.cumsum(1) - is_end > 0, -1)


@loses("unchanged")
def greedy_decode__writes_into_start(step, state, start, end, max_len):
    tokens = right.greedy_decode__masked(step, state, start, end, max_len)
    start.copy_(tokens[:, -1])
    return tokens


@loses("tokens", "thread", recognised="forces-the-end")
def greedy_decode__always_ends(step, state, start, end, max_len):
    tokens = right.greedy_decode__masked(step, state, start, end, max_len)
    tokens[:, -1] = end
    return tokens


@loses("tokens", "thread")
def greedy_decode__no_limit(step, state, start, end, max_len):
    return right.greedy_decode__masked(step, state, start, end, max_len + 3)


@loses("thread")
def greedy_decode__looks_into_the_state(step, state, start, end, max_len):
    return right.greedy_decode__masked(step, state.clone(), start, end, max_len)


@loses("thread")
def greedy_decode__needs_a_state(step, state, start, end, max_len):
    if state is None:
        state = torch.zeros(len(start), 2)
    return right.greedy_decode__masked(step, state, start, end, max_len)


@loses("thread")
def greedy_decode__takes_the_state_for_tensors(step, state, start, end, max_len):
    if not isinstance(state, dict):
        state = state.clone() if isinstance(state, torch.Tensor) else tuple(part.clone() for part in state)
    return right.greedy_decode__masked(step, state, start, end, max_len)


@pytest.mark.parametrize(("exercise", "answer", "aspects", "recognised"), SUBTLE)
def test_subtle_mistakes_lose_what_they_get_wrong(exercise, answer, aspects, recognised):
    known = {mistake.id for mistake in mistakes("recurrence")}
    for seed in SEEDS:
        report = evaluate(exercise, answer, seed)
        assert report.score < report.points
        assert aspects <= lost(report), report.text
        assert report.diagnosis == recognised or report.diagnosis not in known, report.text


# --- partial credit


@pytest.mark.parametrize(
    ("exercise", "mistake", "kept"),
    [
        ("rnn_step", "no-bias", {"sum"}),
        ("lstm_step", "forget-input-swapped", {"hidden"}),
        ("lstm_step", "tanh-of-the-old-cell", {"cell"}),
        ("run_rnn", "final-from-padding", {"steps", "zeros"}),
        ("run_rnn", "states-not-zeroed", {"steps", "final"}),
        ("state_jacobian_norms", "reversed-product", {"step"}),
        ("clip_gradients", "norm-after", {"clip", "small"}),
        ("clip_gradients", "scales-up", {"clip", "norm"}),
        ("Seq2Seq", "reads-padding", {"target", "summary"}),
        ("Seq2Seq", "starts-from-zeros", {"target"}),
        ("greedy_decode", "stops-with-the-first", {"tokens", "end", "thread"}),
        ("greedy_decode", "pads-with-zero", {"tokens", "end", "thread"}),
    ],
)
def test_one_mistake_does_not_cost_what_it_does_not_touch(exercise, mistake, kept):
    wrong = next(m for m in mistakes("recurrence") if (m.exercise, m.id) == (exercise, mistake))
    report = evaluate(exercise, wrong.implementation, 3)
    assert kept & lost(report) == set(), report.text


# --- ready-made answers


def by_lstm_cell(x, hidden, cell, W_x, W_h, bias):
    ready = nn.LSTMCell(x.shape[-1], hidden.shape[-1]).to(x.dtype)
    return ready(x, (hidden, cell))


def by_rnn(inputs, lengths, W_x, W_h, bias):
    states, _ = nn.RNN(inputs.shape[-1], len(bias), batch_first=True).to(inputs.dtype)(inputs)
    return states, states[:, -1]


def by_clip_grad_norm(gradients, max_norm):
    parameters = [nn.Parameter(gradient) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    return [parameter.grad for parameter in parameters], nn.utils.clip_grad_norm_(parameters, max_norm)


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("rnn_step", lambda x, h, W_x, W_h, b: torch.rnn_tanh_cell(x, h, W_x.T, W_h.T, b, 0 * b)),
        ("lstm_step", by_lstm_cell),
        ("run_rnn", by_rnn),
        ("clip_gradients", by_clip_grad_norm),
    ],
)
def test_ready_made_answers_are_refused(exercise, answer):
    report = evaluate(exercise, answer, 0)
    assert report.score == 0
    assert report.diagnosis == "ready-made-answer"


# --- decoding


def decoded(tokens, end=9, max_len=5):
    """What `compare_tokens` says of `tokens` where 1 2 9 and 3 9 9 are asked."""
    case = Case("own", "", {"end": end, "max_len": max_len})
    return compare_tokens(np.array(tokens), np.array([[1, 2, 9], [3, 9, 9]]), case)


def test_any_width_from_the_longest_sequence_to_max_len_is_right():
    for width in (3, 4, 5):
        assert decoded([[1, 2, 9, 9, 9][:width], [3, 9, 9, 9, 9][:width]]) is None


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ([[1, 2], [3, 9]], "batch item 0 is [1, 2]"),
        ([[1, 2, 9, 9, 9, 9], [3, 9, 9, 9, 9, 9]], "though max_len is 5"),
        ([[1, 2, 9, 0], [3, 9, 9, 9]], "expected [1, 2, 9, 9]"),
        ([[1, 2, 9], [3, 9, 4]], "batch item 1 is [3, 9, 4], expected [3, 9, 9]"),
        ([[1, 2, 9]], "asked is (batch, length) with batch = 2"),
        ([1, 2, 9], "asked is (batch, length)"),
        ([[1.5, 2, 9], [3, 9, 9]], "[1.5, 2, 9]"),
    ],
)
def test_wrong_tokens_are_named(tokens, said):
    assert said in decoded(tokens)


def endless(step, state, start, end, max_len):
    token = start
    while True:
        logits, state = step(token, state)
        token = logits.argmax(dim=-1)


def test_an_endless_loop_ends_in_a_report():
    report = evaluate("greedy_decode", endless, 0)
    assert report.score == 0
    assert "the loop must end" in " ".join(report.text.split())


def feeds(make, step, state, start, end, max_len):
    step(make(start), state)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda start: start[:, None], "step takes tokens of shape"),
        (lambda start: start.tolist(), "step takes a tensor of tokens (batch,), not a list"),
        (lambda start: start.double(), "step takes tokens of dtype int64"),
        (lambda start: start + 100, "token outside 0 to"),
    ],
)
def test_a_wrong_call_of_step_is_explained(make, said):
    report = evaluate("greedy_decode", partial(feeds, make), 0)
    assert report.score == 0
    assert said in " ".join(report.text.split())


# --- the notebook's examples by hand


def test_the_numbers_in_the_notebook_are_right():
    close = partial(torch.testing.assert_close, atol=6e-5, rtol=0)
    one = torch.ones(1)
    W_h = torch.tensor([[1.0, 0.0], [2.0, 1.0]])
    state = recurrence.rnn_step(
        one, torch.tensor([0.5, -0.5]), torch.tensor([[0.5, -1.0]]), W_h, torch.tensor([0.1, 0.2])
    )
    close(state, torch.tensor([0.0997, -0.8617]))

    W_x = torch.tensor([[0.0, 1.0986, 0.5493, 0.0]])
    hidden, cell = recurrence.lstm_step(one, 0 * one, 2 * one, W_x, torch.zeros(1, 4), torch.zeros(4))
    close(torch.cat((hidden, cell)), torch.tensor([0.4707, 1.75]))

    inputs = torch.tensor([[[1.0], [2.0]], [[3.0], [99.0]]])
    states, final = recurrence.run_rnn(inputs, torch.tensor([2, 1]), 0.5 * one[None], one[None], 0 * one)
    close(states[..., 0], torch.tensor([[0.4621, 0.8981], [0.9051, 0.0]]))
    close(final[:, 0], torch.tensor([0.8981, 0.9051]))

    states, W_h = torch.tensor([[0.3, 0.3], [0.0, 0.5], [0.5, 0.0]]), torch.tensor([[0.0, 2.0], [1.0, 0.0]])
    close(recurrence.state_jacobian_norms(states, W_h), torch.tensor([2.0, 2.0, 1.0]))

    clipped, norm = recurrence.clip_gradients([torch.tensor([3.0, 0.0]), torch.tensor([4.0])], 1.0)
    close(torch.cat(clipped), torch.tensor([0.6, 0.0, 0.8]))
    assert norm == 5

    table = torch.eye(4)[[2, 2, 3, 0]]
    tokens = recurrence.greedy_decode(lambda token, state: (table[token], state), None, torch.tensor([1, 3]), 0, 5)
    assert tokens.tolist() == [[2, 3, 0], [0, 0, 0]]
