"""Encoder, bridge and decoder together."""

import torch

from attn_course.additive import AttentionDecoder, BidirectionalEncoder, Translator
from attn_course.training import masked_cross_entropy

VOCAB_SOURCE, VOCAB_TARGET, D_EMBED, D_ENCODER, D_DECODER, D_ATTN = 11, 13, 3, 5, 7, 2
LENGTHS = [4, 1, 6]
SOURCE, TARGET = 6, 5


def translator(device="cpu"):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        encoder = BidirectionalEncoder(VOCAB_SOURCE, D_EMBED, D_ENCODER)
        decoder = AttentionDecoder(VOCAB_TARGET, D_EMBED, D_DECODER, 2 * D_ENCODER, D_ATTN)
        return Translator(encoder, decoder).to(device, torch.float64)


def example(device="cpu"):
    generator = torch.Generator().manual_seed(1)
    source = torch.randint(VOCAB_SOURCE, (len(LENGTHS), SOURCE), generator=generator).to(device)
    target_in = torch.randint(VOCAB_TARGET, (len(LENGTHS), TARGET), generator=generator).to(device)
    return source, torch.tensor(LENGTHS, device=device), target_in


def test_is_the_encoder_then_the_bridge_then_the_decoder(device):
    model = translator(device)
    source, lengths, target_in = example(device)
    memory, first = model.encoder(source, lengths)
    hidden = torch.tanh(first @ model.bridge.weight.T)
    mask = torch.tensor([[j < length for j in range(SOURCE)] for length in LENGTHS], device=device)
    logits, weights = model(source, lengths, target_in)
    expected, where = model.decoder(target_in, hidden, memory, mask)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(weights, where, rtol=0, atol=1e-12)
    assert [name for name, _ in model.bridge.named_parameters()] == ["weight"]  # the paper has no bias here


def test_padding_of_the_source_does_not_matter(device):
    model = translator(device)
    source, lengths, target_in = example(device)
    padding = torch.arange(SOURCE, device=device) >= lengths[:, None]
    other = torch.where(padding, (source + 1) % VOCAB_SOURCE, source)
    assert torch.equal(model(source, lengths, target_in)[0], model(other, lengths, target_in)[0])
    alone, _ = model(source[:1, : LENGTHS[0]], lengths[:1], target_in[:1])
    torch.testing.assert_close(alone[0], model(source, lengths, target_in)[0][0], rtol=0, atol=1e-12)


def test_translating_feeds_back_what_was_written(device):
    model = translator(device)
    source, lengths, _ = example(device)
    written = model.translate(source, lengths, start=1, end=VOCAB_TARGET, max_len=TARGET)
    prefix = torch.ones_like(lengths)[:, None]
    for _ in range(TARGET):
        chosen = model(source, lengths, prefix)[0][:, -1].argmax(dim=-1)
        prefix = torch.cat([prefix, chosen[:, None]], dim=1)
    assert torch.equal(written, prefix[:, 1:])
    assert not written.requires_grad


def test_learns_to_say_a_sentence_backwards(device):
    """Gradients reach every part: the loss on ten fixed pairs falls to almost nothing."""
    torch.manual_seed(0)
    encoder = BidirectionalEncoder(9, 8, 16)
    model = Translator(encoder, AttentionDecoder(9, 8, 16, 32, 16)).to(device)
    source = torch.randint(2, 9, (10, 5), generator=torch.Generator().manual_seed(2)).to(device)
    lengths = torch.full((10,), 5, device=device)
    target_in = torch.cat([torch.ones_like(source[:, :1]), source.flip(1)[:, :-1]], dim=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(80):
        optimizer.zero_grad()
        logits, _ = model(source, lengths, target_in)
        loss = masked_cross_entropy(logits, source.flip(1), torch.ones_like(source).bool())
        loss.backward()
        if not losses:
            assert all((p.grad != 0).any() for p in model.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.02 < losses[0]
    assert torch.equal(model.translate(source, lengths, start=1, end=0, max_len=5), source.flip(1))
