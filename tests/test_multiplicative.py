"""The four scores and Luong's decoder, against loops in Python's own float64 and torch's own cell."""

import math
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attn_course.multiplicative import (
    LuongDecoder,
    attentional_vector,
    concat_scores,
    dot_scores,
    general_scores,
    location_scores,
)
from attn_course.seq2seq import greedy_decode
from tests.attention_oracle import close, loop_softmax, random
from tests.recurrence_oracle import loop_gru_step

QUERIES, KEYS, D, D_KEY, D_ATTN = 5, 7, 3, 11, 13
BATCHES = [(), (2,), (2, 3)]


def each_pair(query, key, score):
    """`score(q, k)` of lists, for every query and key of every batch item."""
    queries = query.cpu().reshape(-1, *query.shape[-2:]).tolist()
    keys = key.cpu().reshape(-1, *key.shape[-2:]).tolist()
    found = [[[score(q, k) for k in ks] for q in qs] for qs, ks in zip(queries, keys, strict=True)]
    return torch.tensor(found, dtype=torch.float64).reshape(*query.shape[:-1], key.shape[-2])


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("batch", BATCHES)
def test_dot_scores_equal_the_loop(batch, device):
    query, key = random(*batch, QUERIES, D, device=device), random(*batch, KEYS, D, seed=1, device=device)
    close(dot_scores(query, key), each_pair(query, key, dot))


@pytest.mark.parametrize("batch", BATCHES)
def test_general_scores_equal_the_loop_and_torchs_bilinear_form(batch, device):
    query, key = random(*batch, QUERIES, D, device=device), random(*batch, KEYS, D_KEY, seed=1, device=device)
    W = random(D, D_KEY, seed=2, device=device)
    rows = W.tolist()
    scores = general_scores(query, key, W)
    close(scores, each_pair(query, key, lambda q, k: sum(a * dot(row, k) for a, row in zip(q, rows, strict=True))))
    pairs = query.unsqueeze(-2).expand(*batch, QUERIES, KEYS, D), key.unsqueeze(-3).expand(*batch, QUERIES, KEYS, D_KEY)
    close(scores, F.bilinear(*pairs, W[None]).squeeze(-1).cpu())


@pytest.mark.parametrize("batch", BATCHES)
def test_concat_scores_equal_the_loop(batch, device):
    query, key = random(*batch, QUERIES, D, device=device), random(*batch, KEYS, D_KEY, seed=1, device=device)
    W, v = random(D + D_KEY, D_ATTN, seed=2, device=device), random(D_ATTN, seed=3, device=device)
    columns, weights = W.T.tolist(), v.tolist()

    def score(q, k):
        return dot(weights, [math.tanh(dot(column, [*q, *k])) for column in columns])

    close(concat_scores(query, key, W, v), each_pair(query, key, score))


@pytest.mark.parametrize("batch", BATCHES)
def test_location_scores_equal_the_loop(batch, device):
    query, W = random(*batch, QUERIES, D, device=device), random(D, KEYS, seed=1, device=device)
    columns = W.T.expand(*batch, KEYS, D)
    close(location_scores(query, W), each_pair(query, columns, dot))


SCORES = {
    "dot": (dot_scores, [(2, QUERIES, D), (2, KEYS, D)]),
    "general": (general_scores, [(2, QUERIES, D), (2, KEYS, D_KEY), (D, D_KEY)]),
    "concat": (concat_scores, [(2, QUERIES, D), (2, KEYS, D_KEY), (D + D_KEY, D_ATTN), (D_ATTN,)]),
    "location": (location_scores, [(2, QUERIES, D), (D, KEYS)]),
}


@pytest.mark.parametrize("name", SCORES)
def test_gradients_of_the_scores_are_right_and_inputs_stay(name, device):
    function, shapes = SCORES[name]
    inputs = [random(*shape, seed=i, device=device).requires_grad_() for i, shape in enumerate(shapes)]
    before = [tensor.detach().clone() for tensor in inputs]
    assert torch.autograd.gradcheck(function, inputs)
    assert all(torch.equal(a, b) for a, b in zip(before, inputs, strict=True))


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_scores_keep_dtype_and_device(name, dtype, device):
    function, shapes = SCORES[name]
    scores = function(*(random(*shape, seed=i, dtype=dtype, device=device) for i, shape in enumerate(shapes)))
    assert scores.dtype == dtype and scores.device.type == device.type and scores.shape == (2, QUERIES, KEYS)
    assert function(*(torch.empty(shape, device="meta") for shape in shapes)).is_meta


# --- the decoder

VOCAB, D_EMBED, D_HIDDEN, D_MEMORY, BATCH, SOURCE, TARGET = 11, 5, 7, 3, 4, 6, 9


def decoder(device="cpu"):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return LuongDecoder(VOCAB, D_EMBED, D_HIDDEN, D_MEMORY).to(device, torch.float64)


def example(device="cpu"):
    """Hidden state, memory and mask; the last source is hidden completely."""
    lengths = torch.tensor([6, 1, 4, 0])
    mask = torch.arange(SOURCE) < lengths[:, None]
    return (
        random(BATCH, D_HIDDEN, device=device),
        random(BATCH, SOURCE, D_MEMORY, seed=1, device=device),
        mask.to(device),
    )


def tokens(*shape, seed=3, device="cpu"):
    return torch.randint(VOCAB, shape, generator=torch.Generator().manual_seed(seed)).to(device)


def test_the_decoder_has_the_parameters_of_the_exercise():
    assert {name: tuple(p.shape) for name, p in decoder().named_parameters()} == {
        "embed.weight": (VOCAB, D_EMBED),
        "rnn.weight_ih": (3 * D_HIDDEN, D_EMBED + D_HIDDEN),
        "rnn.weight_hh": (3 * D_HIDDEN, D_HIDDEN),
        "rnn.bias_ih": (3 * D_HIDDEN,),
        "rnn.bias_hh": (3 * D_HIDDEN,),
        "W_score": (D_HIDDEN, D_MEMORY),
        "W_attentional": (D_MEMORY + D_HIDDEN, D_HIDDEN),
        "output.weight": (VOCAB, D_HIDDEN),
        "output.bias": (VOCAB,),
    }


def loop_step(module, token, hidden, attentional, memory, visible):
    """One step for one sequence, in Python floats, with the padding cut off."""
    rnn = module.rnn
    read = module.embed.weight[token].tolist() + attentional
    hidden = loop_gru_step(read, hidden, rnn.weight_ih.T.tolist(), rnn.weight_hh.T.tolist(), rnn.bias_ih.tolist())
    rows = memory[:visible].tolist()
    W_score, W = module.W_score.tolist(), module.W_attentional.T.tolist()
    scores = [sum(h * dot(row, m) for h, row in zip(hidden, W_score, strict=True)) for m in rows]
    weights = loop_softmax(torch.tensor([scores], dtype=torch.float64), None)[0].tolist() if scores else []
    context = [sum(w * m[c] for w, m in zip(weights, rows, strict=True)) for c in range(D_MEMORY)]
    attentional = [math.tanh(dot(column, context + hidden)) for column in W]
    weight, bias = module.output.weight.tolist(), module.output.bias.tolist()
    logits = [dot(row, attentional) + b for row, b in zip(weight, bias, strict=True)]
    return logits, hidden, attentional, weights + [0.0] * (SOURCE - visible)


def test_steps_equal_the_loop(device):
    module = decoder(device)
    with torch.no_grad():
        module.rnn.bias_hh.zero_()  # so that one bias says it all
    hidden, memory, mask = example(device)
    attentional = random(BATCH, D_HIDDEN, seed=2, device=device)
    loops = [(hidden[row].tolist(), attentional[row].tolist()) for row in range(BATCH)]
    for step in range(3):
        token = tokens(BATCH, seed=step, device=device)
        logits, hidden, attentional, weights = module.step(token, hidden, attentional, memory, mask)
        for row, state in enumerate(loops):
            expected = loop_step(module, token[row], *state, memory[row].cpu(), int(mask[row].sum()))
            loops[row] = expected[1:3]
            for got, wanted in zip((logits, hidden, attentional, weights), expected, strict=True):
                close(got[row], torch.tensor(wanted, dtype=torch.float64))


def test_teacher_forcing_gives_what_the_steps_give(device):
    module = decoder(device)
    hidden, memory, mask = example(device)
    target_in = tokens(BATCH, TARGET, device=device)
    logits, weights = module(target_in, hidden, memory, mask)
    assert logits.shape == (BATCH, TARGET, VOCAB) and weights.shape == (BATCH, TARGET, SOURCE)
    attentional = torch.zeros_like(hidden)
    for t in range(TARGET):
        one, hidden, attentional, look = module.step(target_in[:, t], hidden, attentional, memory, mask)
        close(logits[:, t], one.detach().cpu())
        close(weights[:, t], look.detach().cpu())


def test_padding_is_never_read_and_rows_do_not_mix(device):
    module = decoder(device)
    hidden, memory, mask = example(device)
    target_in = tokens(BATCH, TARGET, device=device)
    logits, weights = module(target_in, hidden, memory, mask)
    assert (weights[~mask[:, None].expand_as(weights)] == 0).all()
    other, _ = module(target_in, hidden, memory.masked_fill(~mask[..., None], 1e6), mask)
    assert torch.equal(logits, other)
    for row in range(BATCH):
        alone, _ = module(target_in[row : row + 1], hidden[row : row + 1], memory[row : row + 1], mask[row : row + 1])
        close(alone[0], logits[row].detach().cpu())


def test_greedy_decoding_follows_the_model(device):
    """It equals feeding the decoder its own likeliest token, one whole forward pass each time."""
    module = decoder(device)
    hidden, memory, mask = example(device)
    start = tokens(BATCH, device=device)
    step, state = module.decoding(hidden, memory, mask)
    written = greedy_decode(step, state, start, end=VOCAB, max_len=TARGET)
    prefix = start[:, None]
    for _ in range(TARGET):
        chosen = module(prefix, hidden, memory, mask)[0][:, -1].argmax(dim=-1)
        prefix = torch.cat([prefix, chosen[:, None]], dim=1)
    assert torch.equal(written, prefix[:, 1:])


def test_every_parameter_and_input_is_reached_by_a_right_gradient():
    module = decoder()
    hidden, memory, mask = (t.clone() for t in example())
    target_in = tokens(BATCH, 3)
    names = list(dict(module.named_parameters()))

    def logits(hidden, memory, *weights):
        named = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(module, named, (target_in, hidden, memory, mask))[0]

    inputs = [t.requires_grad_() for t in (hidden, memory)] + list(module.parameters())
    assert torch.autograd.gradcheck(logits, inputs, fast_mode=True)


def test_the_attentional_vector_is_a_linear_layer_with_tanh(device):
    """The context comes first, as in equation 5."""
    context, hidden = random(2, D_MEMORY, device=device), random(2, D_HIDDEN, seed=1, device=device)
    layer = nn.Linear(D_MEMORY + D_HIDDEN, D_HIDDEN, bias=False, dtype=torch.float64, device=device)
    expected = torch.tanh(layer(torch.cat([context, hidden], dim=1)))
    close(attentional_vector(context, hidden, layer.weight.T), expected.detach().cpu())


def test_the_decoder_works_where_no_value_can_be_read():
    module = decoder().to("meta")
    hidden, memory, mask = (tensor.to("meta") for tensor in example())
    assert module(tokens(BATCH, TARGET).to("meta"), hidden, memory, mask)[0].is_meta


Q, K = random(2, QUERIES, D), random(2, KEYS, D)
H, M, MASK = example()
T = tokens(BATCH)
ERRORS = {
    "other width": (lambda: dot_scores(Q, random(2, KEYS, 4)), ValueError, "key has shape (2, 7, 4)"),
    "other batch": (lambda: dot_scores(Q, K[0]), ValueError, "key has the batch axes ()"),
    "other dtype": (lambda: dot_scores(Q, K.float()), TypeError, "use key.to(query.dtype)"),
    "transposed W": (lambda: general_scores(Q, random(2, KEYS, 4), random(4, D)), ValueError, "W has shape (4, 3)"),
    "half a W": (
        lambda: concat_scores(Q, K, random(D, 5), random(5)),
        ValueError,
        "of a query and of a key: 3 + 3 = 6",
    ),
    "long v": (lambda: concat_scores(Q, K, random(6, 5), random(4)), ValueError, "v has shape (4,)"),
    "list": (lambda: location_scores([1.0], random(D, KEYS)), TypeError, "query must be a tensor"),
    "W of rows": (lambda: location_scores(Q, random(KEYS, D)), ValueError, "W has shape (7, 3)"),
    "real token": (lambda: decoder().step(T.double(), H, H, M, MASK), TypeError, "token must hold integers"),
    "real mask": (lambda: decoder().step(T, H, H, M, MASK.double()), TypeError, "mask must be boolean"),
    "other hidden": (lambda: decoder().step(T, H[:, :5], H[:, :5], M, MASK), ValueError, "hidden is 5 wide"),
    "other memory": (lambda: decoder().step(T, H, H, M[..., :2], MASK), ValueError, "memory is 2 wide"),
    "other vector": (lambda: decoder().step(T, H, M[:, 0], M, MASK), ValueError, "attentional has shape (4, 3)"),
    "single": (lambda: decoder().step(T, H.float(), H.float(), M, MASK), TypeError, "use memory.to(hidden.dtype)"),
    "one token": (lambda: decoder()(T, H, M, MASK), ValueError, "target_in needs 2 axes"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
