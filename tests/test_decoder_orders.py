"""Scores and windows as modules, and the four orders of looking and reading."""

import re

import pytest
import torch

from attn_course.additive import BidirectionalEncoder, Translator
from attn_course.decoder_orders import LookAfter, LookAfterFed, LookBefore, LookBeforeFed
from attn_course.luong_attention import (
    ConcatScore,
    DotScore,
    GeneralScore,
    GlobalAttention,
    LocationScore,
    MonotonicAttention,
    PredictiveAttention,
)
from attn_course.multiplicative import (
    LuongDecoder,
    concat_scores,
    dot_scores,
    general_scores,
    local_weights,
    location_scores,
    predicted_centres,
)
from attn_course.seq2seq import greedy_decode
from tests.attention_oracle import close, loop_mean, loop_softmax, random

VOCAB, D_EMBED, D_HIDDEN, D_MEMORY, BATCH, SOURCE, TARGET = 11, 5, 7, 3, 4, 6, 9
D_ATTN = 13
LENGTHS = torch.tensor([6, 1, 4, 3])


def seeded(make, device="cpu"):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return make().to(device, torch.float64)


def example(device="cpu"):
    mask = torch.arange(SOURCE) < LENGTHS[:, None]
    return (
        random(BATCH, D_HIDDEN, device=device),
        random(BATCH, SOURCE, D_MEMORY, seed=1, device=device),
        mask.to(device),
    )


def tokens(*shape, device="cpu"):
    return torch.randint(VOCAB, shape, generator=torch.Generator().manual_seed(3)).to(device)


# --- scores and windows

SCORES = {
    "dot": (DotScore, lambda q, k, m: dot_scores(q, k), D_HIDDEN),
    "general": (lambda: GeneralScore(D_HIDDEN, D_MEMORY), lambda q, k, m: general_scores(q, k, m.W), D_MEMORY),
    "concat": (
        lambda: ConcatScore(D_HIDDEN, D_MEMORY, D_ATTN),
        lambda q, k, m: concat_scores(q, k, m.W, m.v),
        D_MEMORY,
    ),
    "location": (
        lambda: LocationScore(D_HIDDEN, SOURCE + 2),
        lambda q, k, m: location_scores(q, m.W[:, :SOURCE]),
        D_MEMORY,
    ),
}


@pytest.mark.parametrize("name", SCORES)
def test_a_score_module_computes_its_function(name, device):
    make, function, d_key = SCORES[name]
    module = seeded(make, device)
    query, key = random(BATCH, TARGET, D_HIDDEN, device=device), random(BATCH, SOURCE, d_key, seed=1, device=device)
    close(module(query, module.prepare(key)), function(query, key, module).detach().cpu())


def test_global_attention_is_the_masked_mean(device):
    _, memory, mask = example(device)
    query = random(BATCH, TARGET, D_HIDDEN, seed=2, device=device)
    attention = seeded(lambda: GlobalAttention(GeneralScore(D_HIDDEN, D_MEMORY)), device)
    context, weights = attention(query, attention.prepare(memory), memory, mask)
    expected = loop_softmax(general_scores(query, memory, attention.score.W), mask.unsqueeze(1))
    close(weights, expected)
    close(context, loop_mean(expected, memory))


@pytest.mark.parametrize("first", [0, 3])
def test_monotonic_attention_sees_its_window_alone(first, device):
    _, memory, mask = example(device)
    query = random(BATCH, 2, D_HIDDEN, seed=2, device=device)
    attention = seeded(lambda: MonotonicAttention(GeneralScore(D_HIDDEN, D_MEMORY), window=1), device)
    context, weights = attention(query, attention.prepare(memory), memory, mask, first)
    near = [[abs(s - (first + t)) <= 1 for s in range(SOURCE)] for t in range(2)]
    expected = loop_softmax(
        general_scores(query, memory, attention.score.W), torch.tensor(near) & mask.cpu().unsqueeze(1)
    )
    close(weights, expected)
    close(context, loop_mean(expected, memory))


def test_predictive_attention_is_local_p(device):
    _, memory, mask = example(device)
    query = random(BATCH, TARGET, D_HIDDEN, seed=2, device=device)
    attention = seeded(lambda: PredictiveAttention(DotScore(), 1.5, D_HIDDEN, D_ATTN), device)
    wide = random(BATCH, SOURCE, D_HIDDEN, seed=4, device=device)
    context, weights = attention(query, attention.prepare(wide), memory, mask)
    centre = predicted_centres(query, LENGTHS.to(device), attention.W_centre, attention.v_centre)
    expected = local_weights(query @ wide.mT, centre, 1.5, mask.unsqueeze(1)).detach().cpu()
    close(weights, expected)
    close(context, loop_mean(expected, memory))
    context.sum().backward()
    assert (attention.v_centre.grad != 0).all(), "the centres learn"


# --- decoders

ORDERS = [LookAfter, LookAfterFed, LookBefore, LookBeforeFed]
ATTENTIONS = {
    "global": lambda: GlobalAttention(GeneralScore(D_HIDDEN, D_MEMORY)),
    "local-m": lambda: MonotonicAttention(ConcatScore(D_HIDDEN, D_MEMORY, D_ATTN), 2),
    "local-p": lambda: PredictiveAttention(LocationScore(D_HIDDEN, SOURCE), 2.5, D_HIDDEN, D_ATTN),
}


def decoder(order, attention="global", device="cpu"):
    return seeded(lambda: order(VOCAB, D_EMBED, D_HIDDEN, D_MEMORY, ATTENTIONS[attention]()), device)


def test_look_after_fed_with_a_general_score_is_luongs_decoder(device):
    composed = decoder(LookAfterFed, device=device)
    flat = seeded(lambda: LuongDecoder(VOCAB, D_EMBED, D_HIDDEN, D_MEMORY), device)
    weights = composed.state_dict()
    weights["W_score"] = weights.pop("attention.score.W")
    flat.load_state_dict(weights)
    inputs = tokens(BATCH, TARGET, device=device), *example(device)
    for got, expected in zip(composed(*inputs), flat(*inputs), strict=True):
        close(got, expected.detach().cpu())


@pytest.mark.parametrize("order", ORDERS)
def test_each_order_reads_what_its_table_says(order, device):
    """Written out once more, with the whole sequence of one step after the other."""
    module = decoder(order, device=device)
    hidden, memory, mask = example(device)
    target_in = tokens(BATCH, TARGET, device=device)
    logits, weights = module(target_in, hidden, memory, mask)
    attentional = torch.zeros_like(hidden)
    W, W_attentional = module.attention.score.W, module.W_attentional

    def look(state):
        scores = torch.einsum("bh,hm,bsm->bs", state, W, memory).masked_fill(~mask, -torch.inf)
        weights = scores.softmax(dim=-1)
        return torch.einsum("bs,bsm->bm", weights, memory), weights

    for t in range(TARGET):
        embedded = module.embed.weight[target_in[:, t]]
        before = look(hidden)
        read = {
            LookAfter: [embedded],
            LookAfterFed: [embedded, attentional],
            LookBefore: [embedded, before[0]],
            LookBeforeFed: [embedded, before[0], attentional],
        }[order]
        hidden = module.rnn(torch.cat(read, dim=-1), hidden)
        context, expected = look(hidden) if order in (LookAfter, LookAfterFed) else before
        attentional = torch.tanh(context @ W_attentional[:D_MEMORY] + hidden @ W_attentional[D_MEMORY:])
        close(weights[:, t], expected.detach().cpu())
        close(logits[:, t], module.output(attentional).detach().cpu())


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("order", ORDERS)
def test_greedy_decoding_follows_the_model(order, attention, device):
    """It equals feeding the decoder its own likeliest token, one whole forward pass each time."""
    module = decoder(order, attention, device)
    hidden, memory, mask = example(device)
    start = tokens(BATCH, device=device)
    step, state = module.decoding(hidden, memory, mask)
    written = greedy_decode(step, state, start, end=VOCAB, max_len=5)
    prefix = start[:, None]
    for _ in range(5):
        chosen = module(prefix, hidden, memory, mask)[0][:, -1].argmax(dim=-1)
        prefix = torch.cat([prefix, chosen[:, None]], dim=1)
    assert torch.equal(written, prefix[:, 1:])


@pytest.mark.parametrize("order", ORDERS)
def test_every_parameter_learns(order, device):
    module = decoder(order, device=device)
    logits, _ = module(tokens(BATCH, TARGET, device=device), *example(device))
    logits.square().sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None and (parameter.grad != 0).any(), name


DECODERS = {
    order.__name__: lambda order=order: order(VOCAB, 8, 8, 16, GlobalAttention(GeneralScore(8, 16))) for order in ORDERS
}
DECODERS["LuongDecoder"] = lambda: LuongDecoder(VOCAB, 8, 8, 16)


@pytest.mark.parametrize("name", DECODERS)
def test_in_a_translator_it_learns_a_batch_by_heart(name):
    model = seeded(lambda: Translator(BidirectionalEncoder(VOCAB, 8, 8), DECODERS[name]())).float()
    source, target = tokens(BATCH, SOURCE), torch.cat([tokens(BATCH, 4), torch.zeros(BATCH, 1).long()], dim=1)
    target_in = torch.cat([torch.ones(BATCH, 1).long(), target[:, :-1]], dim=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(60):
        logits, _ = model(source, LENGTHS, target_in)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
    written = model.translate(source, LENGTHS, start=1, end=VOCAB, max_len=5)
    assert torch.equal(written, target)


H, M, MASK = example()
ERRORS = {
    "long source": (
        lambda: seeded(lambda: LocationScore(D_HIDDEN, 3)).prepare(M),
        ValueError,
        "there are 6 keys, but this score has columns for 3",
    ),
    "one token": (lambda: decoder(LookAfter)(tokens(BATCH), H, M, MASK), ValueError, "target_in needs 2 axes"),
    "other mask": (lambda: decoder(LookBefore)(tokens(BATCH, 2), H, M, MASK[:2]), ValueError, "mask has shape (2, 6)"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
