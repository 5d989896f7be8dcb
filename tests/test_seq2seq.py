"""Encoder and decoder without attention, and greedy decoding."""

import re

import pytest
import torch
from torch import nn

from attn_course.recurrence import Seq2Seq, greedy_decode, run_gru
from tests.recurrence_oracle import loop_gru_step

VOCAB_SOURCE, VOCAB_TARGET, D_EMBED, D_HIDDEN = 11, 13, 5, 7
LENGTHS = [3, 1, 2]
SOURCE, TARGET = 3, 4


def model(device="cpu", dtype=torch.float64):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Seq2Seq(VOCAB_SOURCE, VOCAB_TARGET, D_EMBED, D_HIDDEN).to(device, dtype)


def tokens(vocab, *shape, seed=1, device="cpu"):
    return torch.randint(vocab, shape, generator=torch.Generator().manual_seed(seed)).to(device)


def example(device="cpu"):
    batch = len(LENGTHS)
    source = tokens(VOCAB_SOURCE, batch, SOURCE, device=device)
    target_in = tokens(VOCAB_TARGET, batch, TARGET, seed=2, device=device)
    return source, torch.tensor(LENGTHS, device=device), target_in


def test_has_the_submodules_of_the_exercise():
    children = {
        name: (type(child), tuple(p.shape for p in child.parameters())) for name, child in model().named_children()
    }
    gru = (3 * D_HIDDEN, D_EMBED), (3 * D_HIDDEN, D_HIDDEN), (3 * D_HIDDEN,), (3 * D_HIDDEN,)
    assert children == {
        "embed_source": (nn.Embedding, ((VOCAB_SOURCE, D_EMBED),)),
        "embed_target": (nn.Embedding, ((VOCAB_TARGET, D_EMBED),)),
        "encoder": (nn.GRU, gru),
        "decoder": (nn.GRU, gru),
        "output": (nn.Linear, ((VOCAB_TARGET, D_HIDDEN), (VOCAB_TARGET,))),
    }


def test_logits_equal_a_loop_over_single_sequences():
    """Python floats, one sequence at a time and cut to its length, so that no padding exists."""
    seq2seq = model()
    with torch.no_grad():  # so that one bias says it all
        seq2seq.encoder.bias_hh_l0.zero_()
        seq2seq.decoder.bias_hh_l0.zero_()
    source, lengths, target_in = example()
    logits = seq2seq(source, lengths, target_in)
    assert logits.shape == (len(LENGTHS), TARGET, VOCAB_TARGET)

    def weights(gru):
        return gru.weight_ih_l0.T.tolist(), gru.weight_hh_l0.T.tolist(), gru.bias_ih_l0.tolist()

    for row, length in enumerate(LENGTHS):
        state = [0.0] * D_HIDDEN
        for token in source[row, :length]:
            state = loop_gru_step(seq2seq.embed_source.weight[token].tolist(), state, *weights(seq2seq.encoder))
        for t, token in enumerate(target_in[row]):
            state = loop_gru_step(seq2seq.embed_target.weight[token].tolist(), state, *weights(seq2seq.decoder))
            expected = seq2seq.output(torch.tensor(state, dtype=torch.float64))
            torch.testing.assert_close(logits[row, t], expected, rtol=0, atol=1e-12)


def test_the_summary_is_what_run_gru_ends_with(device):
    seq2seq = model(device)
    source, lengths, _ = example(device)
    with torch.no_grad():
        seq2seq.encoder.bias_hh_l0.zero_()
    gru = seq2seq.encoder
    _, final = run_gru(
        seq2seq.embed_source(source), lengths, gru.weight_ih_l0.T, gru.weight_hh_l0.T, gru.bias_ih_l0 + gru.bias_hh_l0
    )
    torch.testing.assert_close(seq2seq.encode(source, lengths), final, rtol=0, atol=1e-12)


def test_padding_is_not_read(device):
    seq2seq = model(device)
    source, lengths, target_in = example(device)
    padding = torch.arange(SOURCE, device=device) >= lengths[:, None]
    other = source.masked_fill(padding, 7)
    assert not torch.equal(source, other)
    assert torch.equal(seq2seq(source, lengths, target_in), seq2seq(other, lengths, target_in))


def test_a_position_sees_no_later_target(device):
    seq2seq = model(device)
    source, lengths, target_in = example(device)
    changed = target_in.clone()
    changed[:, 2] = (changed[:, 2] + 1) % VOCAB_TARGET
    before, after = seq2seq(source, lengths, target_in), seq2seq(source, lengths, changed)
    assert torch.equal(before[:, :2], after[:, :2])
    assert (before[:, 2] != after[:, 2]).any()


def test_stepping_gives_the_logits_of_the_whole(device):
    seq2seq = model(device)
    source, lengths, target_in = example(device)
    state = seq2seq.encode(source, lengths)
    stepped = []
    for token in target_in.T:
        logits, state = seq2seq.step(token, state)
        stepped.append(logits)
    torch.testing.assert_close(torch.stack(stepped, dim=1), seq2seq(source, lengths, target_in), rtol=0, atol=1e-12)


def scripted(rows, vocab=6):
    """A step that writes the given rows whatever it reads, and checks what it is given."""
    written = []

    def step(token, state):
        position, last = state
        assert token.shape == (len(rows),)
        written.append(token.tolist())
        choice = torch.tensor([row[min(position, len(row) - 1)] for row in rows])
        logits = torch.nn.functional.one_hot(choice, vocab).double().to(token.device)
        return logits, (position + 1, last)

    return step, written


def test_each_sequence_ends_for_itself(device):
    step, fed = scripted([[4, 2, 5, 5], [4, 3, 4, 2], [2, 4, 4, 4]])
    start = torch.tensor([1, 1, 0], device=device)
    result = greedy_decode(step, (0, None), start, end=2, max_len=9)
    assert result.tolist() == [[4, 2, 2, 2], [4, 3, 4, 2], [2, 2, 2, 2]]
    assert result.dtype == torch.int64
    assert result.device == start.device
    assert fed == [[1, 1, 0], [4, 4, 2], [2, 3, 2], [2, 4, 2]]  # start, then what was written


def test_stops_at_max_len(device):
    step, _ = scripted([[4, 5, 3]])
    result = greedy_decode(step, (0, None), torch.tensor([1], device=device), end=2, max_len=2)
    assert result.tolist() == [[4, 5]]


def test_decoding_follows_the_model(device):
    """Greedy decoding of a model equals feeding its own argmax back, one whole forward pass each time."""
    seq2seq = model(device)
    source, lengths, _ = example(device)
    start = torch.ones_like(lengths)
    written = greedy_decode(seq2seq.step, seq2seq.encode(source, lengths), start, end=VOCAB_TARGET, max_len=TARGET)
    prefix = start[:, None]
    for _ in range(TARGET):
        chosen = seq2seq(source, lengths, prefix)[:, -1].argmax(dim=-1)
        prefix = torch.cat([prefix, chosen[:, None]], dim=1)
    assert torch.equal(written, prefix[:, 1:])


def test_works_where_no_value_can_be_read():
    seq2seq = model().to("meta")
    source, lengths, target_in = (tensor.to("meta") for tensor in example())
    assert seq2seq(source, lengths, target_in).is_meta
    assert greedy_decode(seq2seq.step, seq2seq.encode(source, lengths), lengths, end=2, max_len=3).shape == (3, 3)


S, L, T = example()
ERRORS = {
    "real tokens": (lambda: model()(S.double(), L, T), TypeError, "source must hold integers"),
    "real targets": (lambda: model()(S, L, T.double()), TypeError, "target_in must hold integers"),
    "long source": (lambda: model()(S, L + 1, T), ValueError, "between 1 and the 3 time steps"),
    "other batch": (lambda: model()(S, L, T[:2]), ValueError, "target_in has shape (2, 4)"),
    "two starts": (lambda: greedy_decode(None, None, S, 2, 5), ValueError, "start needs 1 axes, (batch,)"),
    "real start": (lambda: greedy_decode(None, None, L.double(), 2, 5), TypeError, "start must hold integers"),
    "nothing to write": (lambda: greedy_decode(None, None, L, 2, 0), ValueError, "max_len must be at least 1"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
