"""The decoder without attention that chapter 02 compares with."""

import pytest
import torch

from attn_course.additive import AttentionDecoder, BidirectionalEncoder, Translator
from attn_course.experiments.fixed_context import CONTEXTS, FixedContextDecoder

VOCAB, D_EMBED, D_HIDDEN, D_MEMORY = 11, 3, 5, 4
LENGTHS = [6, 2, 3]


@pytest.fixture
def given(device):
    generator = torch.Generator().manual_seed(1)
    mask = torch.tensor([[j < n for j in range(6)] for n in LENGTHS])
    memory = torch.randn(3, 6, D_MEMORY, generator=generator, dtype=torch.float64) * mask[..., None]
    hidden = torch.randn(3, D_HIDDEN, generator=generator, dtype=torch.float64)
    tokens = torch.randint(VOCAB, (3, 7), generator=generator)
    return tuple(tensor.to(device) for tensor in (tokens, hidden, memory, mask))


def decoder(context, device):
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return FixedContextDecoder(VOCAB, D_EMBED, D_HIDDEN, D_MEMORY, context).to(device, torch.float64)


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_step_reads_the_same_vector(context, given, device):
    """Against a loop with torch's cell, over a vector taken by hand."""
    tokens, hidden, memory, mask = given
    model = decoder(context, device)
    cell = torch.nn.GRUCell(D_EMBED + D_MEMORY, D_HIDDEN).to(device, torch.float64)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in model.rnn.state_dict().items()})
    logits, weights = model(tokens, hidden, memory, mask)
    for item, length in enumerate(LENGTHS):
        own = memory[item, :length]
        if context == "mean":
            fixed = sum(own) / length
        else:
            fixed = torch.tensor([*own[length - 1, :2], *own[0, 2:]], dtype=torch.float64, device=device)
        state = hidden[item]
        for position in range(7):
            embedded = model.embed.weight[tokens[item, position]]
            state = cell(torch.cat([embedded, fixed]), state)
            expected = model.output(torch.cat([embedded, state, fixed]))
            torch.testing.assert_close(logits[item, position], expected, rtol=0, atol=1e-12)
    assert weights.shape == (3, 7, 6)
    assert not weights.any()


@pytest.mark.parametrize("context", CONTEXTS)
def test_decoding_takes_the_same_steps(context, given, device):
    tokens, hidden, memory, mask = given
    model = decoder(context, device)
    step, state = model.decoding(hidden, memory, mask)
    expected, _ = model(tokens, hidden, memory, mask)
    for position in range(7):
        logits, state = step(tokens[:, position], state)
        torch.testing.assert_close(logits, expected[:, position], rtol=0, atol=1e-12)


def test_it_has_the_parameters_of_the_attention_decoder_without_the_attention():
    attention = AttentionDecoder(VOCAB, D_EMBED, D_HIDDEN, D_MEMORY, 7)
    fixed = FixedContextDecoder(VOCAB, D_EMBED, D_HIDDEN, D_MEMORY)

    def shapes(model):
        return {name.removesuffix("_l0"): tuple(p.shape) for name, p in model.named_parameters()}

    assert shapes(fixed) == {n: s for n, s in shapes(attention).items() if n not in ("W_query", "W_key", "v")}


def test_it_translates():
    torch.manual_seed(0)
    model = Translator(BidirectionalEncoder(9, 3, 2), FixedContextDecoder(VOCAB, D_EMBED, D_HIDDEN, 4))
    source, lengths = torch.randint(9, (3, 6)), torch.tensor(LENGTHS)
    written = model.translate(source, lengths, 1, 2, 8)
    logits, _ = model(source, lengths, torch.cat([torch.ones(3, 1).long(), written[:, :-1]], dim=1))
    assert torch.equal(logits[:, 0].argmax(-1), written[:, 0])


def test_an_unknown_context_is_refused():
    with pytest.raises(ValueError, match="'ends', 'mean'"):
        FixedContextDecoder(VOCAB, D_EMBED, D_HIDDEN, D_MEMORY, "median")
