"""The bidirectional encoder, against a loop over single sentences without padding."""

import re

import pytest
import torch

from attn_course.bidirectional import BidirectionalEncoder
from tests.recurrence_oracle import loop_gru_step

VOCAB, D_EMBED, D_HIDDEN = 11, 3, 5
LENGTHS = [4, 1, 6]
SOURCE = 7  # no source fills it


def encoder(device="cpu"):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        made = BidirectionalEncoder(VOCAB, D_EMBED, D_HIDDEN).to(device, torch.float64)
    with torch.no_grad():  # so that one bias says it all
        made.rnn.bias_hh_l0.zero_()
        made.rnn.bias_hh_l0_reverse.zero_()
    return made


def example(device="cpu"):
    source = torch.randint(VOCAB, (len(LENGTHS), SOURCE), generator=torch.Generator().manual_seed(1))
    return source.to(device), torch.tensor(LENGTHS, device=device)


def test_has_the_submodules_that_the_chapter_names():
    made = encoder()
    assert [name for name, _ in made.named_children()] == ["embed", "rnn"]
    assert made.rnn.bidirectional and made.rnn.batch_first and made.rnn.hidden_size == D_HIDDEN


def test_annotations_equal_a_loop_over_single_sentences(device):
    made = encoder(device)
    source, lengths = example(device)
    memory, first = made(source, lengths)
    assert memory.shape == (len(LENGTHS), SOURCE, 2 * D_HIDDEN) and first.shape == (len(LENGTHS), D_HIDDEN)
    table = made.embed.weight.tolist()

    def run(tokens, suffix):
        gru = [getattr(made.rnn, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih")]
        weights = gru[0].T.tolist(), gru[1].T.tolist(), gru[2].tolist()
        states = [[0.0] * D_HIDDEN]
        for token in tokens:
            states.append(loop_gru_step(table[token], states[-1], *weights))
        return states[1:]

    for row, length in enumerate(LENGTHS):
        tokens = source[row, :length].tolist()
        forward, backward = run(tokens, ""), run(tokens[::-1], "_reverse")[::-1]
        expected = torch.tensor([f + b for f, b in zip(forward, backward, strict=True)], dtype=torch.float64)
        torch.testing.assert_close(memory[row, :length].cpu(), expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(first[row].cpu(), expected[0, D_HIDDEN:], rtol=0, atol=1e-12)
        assert (memory[row, length:] == 0).all()


def test_padding_is_not_read(device):
    made = encoder(device)
    source, lengths = example(device)
    before = source.clone()
    memory, first = made(source, lengths)
    assert torch.equal(source, before)
    padding = torch.arange(SOURCE, device=device) >= lengths[:, None]
    other_memory, other_first = made(torch.where(padding, (source + 1) % VOCAB, source), lengths)
    assert torch.equal(memory, other_memory) and torch.equal(first, other_first)


def test_every_annotation_depends_on_every_token_of_its_own_sentence_alone(device):
    made = encoder(device)
    source, lengths = example(device)
    memory, _ = made(source, lengths)
    for position in (0, LENGTHS[0] - 1):
        changed = source.clone()
        changed[0, position] = (changed[0, position] + 1) % VOCAB
        other, _ = made(changed, lengths)
        assert (other[0, : LENGTHS[0]] != memory[0, : LENGTHS[0]]).any(dim=-1).all()
        assert torch.equal(other[1:], memory[1:])


def test_gradients_reach_the_embeddings_of_read_tokens_alone(device):
    made = encoder(device)
    source = torch.tensor([[1, 2, 9], [3, 9, 9]], device=device)
    memory, first = made(source, torch.tensor([2, 1], device=device))
    ((memory**2).sum() + first.sum()).backward()
    read = (made.embed.weight.grad != 0).any(dim=1)
    assert read.nonzero().flatten().tolist() == [1, 2, 3]


S, L = example()
ERRORS = {
    "real tokens": (lambda: encoder()(S.double(), L), TypeError, "source must hold integers"),
    "real lengths": (lambda: encoder()(S, L.double()), TypeError, "lengths must hold integers"),
    "long source": (lambda: encoder()(S, L + 2), ValueError, "between 1 and the 7 time steps"),
    "empty source": (lambda: encoder()(S, L - 1), ValueError, "go from 0 to 5"),
    "other batch": (lambda: encoder()(S, L[:2]), ValueError, "lengths has shape (2,)"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
