"""Additive scores, additive attention and the decoder that looks back, against loops in float64 and against torch."""

import re

import pytest
import torch
from torch import nn

from attn_course.additive import AdditiveAttention, AttentionDecoder, additive_scores
from attn_course.attend import attend
from attn_course.seq2seq import greedy_decode
from tests.additive_oracle import loop_additive_scores, loop_decoder_step
from tests.attention_oracle import close, loop_mean, loop_softmax, random, random_mask

QUERIES, KEYS, D_QUERY, D_KEY, D_ATTN, D_V = 3, 5, 7, 11, 13, 2
BATCHES = [(), (3,), (2, 3)]

VOCAB, D_EMBED, D_HIDDEN, D_MEMORY = 17, 3, 5, 7
BATCH, SOURCE, TARGET = 3, 6, 4
LENGTHS = [4, 6, 1]


def inputs(*batch, device="cpu", dtype=torch.float64):
    """query, key, W_query, W_key and v."""
    shapes = (*batch, QUERIES, D_QUERY), (*batch, KEYS, D_KEY), (D_QUERY, D_ATTN), (D_KEY, D_ATTN), (D_ATTN,)
    return [random(*shape, seed=seed, dtype=dtype, device=device) for seed, shape in enumerate(shapes)]


def attention(device="cpu"):
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return AdditiveAttention(D_QUERY, D_KEY, D_ATTN).to(device, torch.float64)


def decoder(device="cpu", one_bias=False):
    with torch.random.fork_rng():
        torch.manual_seed(7)
        made = AttentionDecoder(VOCAB, D_EMBED, D_HIDDEN, D_MEMORY, D_ATTN).to(device, torch.float64)
    with torch.no_grad():
        if one_bias:  # so that one bias says it all
            made.rnn.bias_hh.zero_()
        made.v.mul_(4)  # weights far from uniform
    return made


def example(device="cpu"):
    """target_in, hidden, memory and mask."""
    generator = torch.Generator().manual_seed(3)
    target_in = torch.randint(VOCAB, (BATCH, TARGET), generator=generator).to(device)
    mask = torch.arange(SOURCE, device=device) < torch.tensor(LENGTHS, device=device)[:, None]
    return (
        target_in,
        random(BATCH, D_HIDDEN, device=device),
        random(BATCH, SOURCE, D_MEMORY, seed=1, device=device),
        mask,
    )


# --- scores


@pytest.mark.parametrize("batch", BATCHES)
def test_scores_equal_the_loop(batch, device):
    given = inputs(*batch, device=device)
    before = [tensor.clone() for tensor in given]
    scores = additive_scores(*given)
    assert scores.dtype == torch.float64 and scores.device.type == device.type
    close(scores, loop_additive_scores(*given))
    assert all(torch.equal(a, b) for a, b in zip(before, given, strict=True))


def test_scores_equal_those_of_torchs_linear_layers(device):
    """Beside the loop: the same network put together of torch's modules."""
    query, key, W_query, W_key, v = inputs(2, device=device)
    from_query = nn.Linear(D_QUERY, D_ATTN, bias=False, device=device, dtype=torch.float64)
    from_key = nn.Linear(D_KEY, D_ATTN, bias=False, device=device, dtype=torch.float64)
    to_score = nn.Linear(D_ATTN, 1, bias=False, device=device, dtype=torch.float64)
    with torch.no_grad():
        from_query.weight.copy_(W_query.T)
        from_key.weight.copy_(W_key.T)
        to_score.weight.copy_(v[None])
    for i in range(QUERIES):
        column = to_score(torch.tanh(from_query(query[:, i : i + 1]) + from_key(key))).squeeze(-1)  # (batch, keys)
        close(additive_scores(query, key, W_query, W_key, v)[:, i], column.detach().cpu())


def test_scores_stay_between_plus_and_minus_the_sum_of_v(device):
    query, key, W_query, W_key, v = inputs(2, device=device)
    scores = additive_scores(query * 1000, key * 1000, W_query, W_key, v)
    assert torch.isfinite(scores).all()
    assert (scores.abs() <= v.abs().sum() + 1e-12).all()
    assert scores.abs().max() > v.abs().max()


def test_gradients_of_scores_equal_numerical_differences():
    given = [tensor.requires_grad_() for tensor in inputs(2)]
    assert torch.autograd.gradcheck(additive_scores, given)


def test_views_give_the_same_scores(device):
    query, key, W_query, W_key, v = inputs(3, 4, device=device)
    expected = additive_scores(query, key, W_query, W_key, v)
    apart = [tensor.mT.contiguous().mT for tensor in (query, key, W_query, W_key)]
    assert not apart[0].is_contiguous()
    close(additive_scores(*apart, v), expected.cpu())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_scores_keep_the_dtype(dtype, device):
    given = inputs(2, dtype=dtype, device=device)
    scores = additive_scores(*given)
    assert scores.dtype == dtype
    close(scores, loop_additive_scores(*given), {torch.float32: 1e-5, torch.float16: 0.03, torch.bfloat16: 0.3}[dtype])


# --- attention


def test_attention_has_exactly_the_parameters_of_the_exercise():
    shapes = {name: tuple(p.shape) for name, p in attention().named_parameters()}
    assert shapes == {"W_query": (D_QUERY, D_ATTN), "W_key": (D_KEY, D_ATTN), "v": (D_ATTN,)}


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("masked", [False, True])
def test_attention_equals_the_loop(batch, masked, device):
    module = attention(device)
    query, key, *_ = inputs(*batch, device=device)
    value = random(*batch, KEYS, D_V, seed=9, device=device)
    mask = random_mask(*batch, QUERIES, KEYS, device=device) if masked else None
    context, weights = module(query, key, value, mask)
    expected = loop_softmax(loop_additive_scores(query, key, *module.parameters()), mask)
    close(weights, expected)
    close(context, loop_mean(expected, value))


def test_gradients_reach_all_parameters_and_none_comes_from_hidden_keys(device):
    module = attention(device)
    query, key, *_ = (tensor.requires_grad_() for tensor in inputs(2, device=device))
    value = random(2, KEYS, D_V, seed=9, device=device).requires_grad_()
    mask = torch.tensor([True, False, True, True, False], device=device).expand(2, QUERIES, KEYS).clone()
    mask[1] = False  # nothing to see
    context, _ = module(query, key, value, mask)
    assert (context[1] == 0).all()
    (context**2).sum().backward()
    assert all((p.grad != 0).any() for p in module.parameters())
    assert all(torch.isfinite(p.grad).all() for p in module.parameters())
    assert (key.grad[0, [1, 4]] == 0).all() and (value.grad[0, [1, 4]] == 0).all() and (key.grad[0, 0] != 0).any()
    assert (key.grad[1] == 0).all() and (query.grad[1] == 0).all()


# --- decoder


def test_the_decoder_has_the_parameters_of_the_exercise():
    shapes = {name: tuple(p.shape) for name, p in decoder().named_parameters()}
    assert shapes == {
        "W_query": (D_HIDDEN, D_ATTN),
        "W_key": (D_MEMORY, D_ATTN),
        "v": (D_ATTN,),
        "embed.weight": (VOCAB, D_EMBED),
        "rnn.weight_ih": (3 * D_HIDDEN, D_EMBED + D_MEMORY),
        "rnn.weight_hh": (3 * D_HIDDEN, D_HIDDEN),
        "rnn.bias_ih": (3 * D_HIDDEN,),
        "rnn.bias_hh": (3 * D_HIDDEN,),
        "output.weight": (VOCAB, D_EMBED + D_HIDDEN + D_MEMORY),
        "output.bias": (VOCAB,),
    }


def test_steps_equal_a_loop_over_single_sentences(device):
    """Python floats, one sentence at a time, from the equations of the paper."""
    made = decoder(device, one_bias=True)
    target_in, hidden, memory, mask = example(device)
    logits, weights = made(target_in, hidden, memory, mask)
    parameters = {name: p.detach().cpu() for name, p in made.named_parameters()}
    for row in range(BATCH):
        state = hidden[row].tolist()
        for t, token in enumerate(target_in[row].tolist()):
            expected, state, alpha = loop_decoder_step(
                parameters, token, state, memory[row].tolist(), mask[row].tolist()
            )
            close(logits[row, t], torch.tensor(expected, dtype=torch.float64))
            close(weights[row, t], torch.tensor(alpha, dtype=torch.float64))


def test_a_step_is_what_forward_and_decoding_take(device):
    made = decoder(device)
    target_in, hidden, memory, mask = example(device)
    logits, weights = made(target_in, hidden, memory, mask)
    decode, state = made.decoding(hidden, memory, mask)
    for t, token in enumerate(target_in.T):
        stepped, hidden, alpha = made.step(token, hidden, memory, mask)
        close(stepped, logits[:, t].detach().cpu())
        close(alpha, weights[:, t].detach().cpu())
        decoded, state = decode(token, state)
        close(decoded, stepped.detach().cpu())
        close(state, hidden.detach().cpu())


def test_a_step_equals_torchs_own_parts(device):
    """Once more with torch's cell, both of its biases, and this course's `attend`."""
    made = decoder(device)
    target_in, hidden, memory, mask = example(device)
    token = target_in[:, 0]
    scores = additive_scores(hidden[:, None], memory, made.W_query, made.W_key, made.v)
    context, expected = attend(scores, memory, mask[:, None])
    embedded = made.embed.weight[token]
    state = made.rnn(torch.cat((embedded, context[:, 0]), dim=1), hidden)
    logits, after, weights = made.step(token, hidden, memory, mask)
    close(weights, expected[:, 0].detach().cpu())
    close(after, state.detach().cpu())
    seen = torch.cat((embedded, state, context[:, 0]), dim=1)
    close(logits, (seen @ made.output.weight.T + made.output.bias).detach().cpu())


def test_padding_of_the_source_is_not_read(device):
    made = decoder(device)
    target_in, hidden, memory, mask = example(device)
    logits, weights = made(target_in, hidden, memory, mask)
    other = torch.where(mask[..., None], memory, 1e6)
    again, same = made(target_in, hidden, other, mask)
    assert torch.equal(logits, again) and torch.equal(weights, same)
    assert (weights[~mask[:, None].expand_as(weights)] == 0).all()
    close(weights.sum(dim=-1), torch.ones(BATCH, TARGET, dtype=torch.float64))


def test_a_hidden_source_gives_a_context_of_zero(device):
    made = decoder(device)
    target_in, hidden, memory, mask = example(device)
    mask[0] = False
    logits, weights = made(target_in, hidden, memory, mask)
    without, _ = made(target_in, hidden, torch.zeros_like(memory), mask)
    assert (weights[0] == 0).all()
    assert torch.equal(logits[0], without[0])
    logits.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in made.parameters())


def test_a_position_sees_no_later_target_and_other_sentences_do_not_matter(device):
    made = decoder(device)
    target_in, hidden, memory, mask = example(device)
    before, _ = made(target_in, hidden, memory, mask)
    changed = target_in.clone()
    changed[:, 2] = (changed[:, 2] + 1) % VOCAB
    after, _ = made(changed, hidden, memory, mask)
    assert torch.equal(before[:, :2], after[:, :2])
    assert (before[:, 2] != after[:, 2]).any()
    alone, _ = made(target_in[1:2], hidden[1:2], memory[1:2], mask[1:2])
    close(alone[0], before[1].detach().cpu())


def test_gradients_of_a_step_equal_numerical_differences():
    made = decoder()
    target_in, hidden, memory, mask = example()
    given = hidden.requires_grad_(), memory.requires_grad_()
    assert torch.autograd.gradcheck(lambda h, m: made.step(target_in[:, 0], h, m, mask)[:2], given)


def test_the_decoder_leaves_its_inputs_as_they_were(device):
    made = decoder(device)
    given = example(device)
    before = [tensor.clone() for tensor in given]
    made(*given)
    made.step(given[0][:, 0], *given[1:])
    assert all(torch.equal(a, b) for a, b in zip(before, given, strict=True))


def test_greedy_decoding_feeds_back_what_it_wrote(device):
    made = decoder(device)
    _, hidden, memory, mask = example(device)
    start = torch.ones(BATCH, dtype=torch.int64, device=device)
    step, state = made.decoding(hidden, memory, mask)
    written = greedy_decode(step, state, start, end=VOCAB, max_len=TARGET)
    prefix = start[:, None]
    for _ in range(TARGET):
        chosen = made(prefix, hidden, memory, mask)[0][:, -1].argmax(dim=-1)
        prefix = torch.cat([prefix, chosen[:, None]], dim=1)
    assert torch.equal(written, prefix[:, 1:])


def test_nothing_is_read_where_no_value_can_be():
    made = decoder().to("meta")
    target_in, hidden, memory, mask = (tensor.to("meta") for tensor in example())
    logits, weights = made(target_in, hidden, memory, mask)
    assert logits.shape == (BATCH, TARGET, VOCAB) and weights.shape == (BATCH, TARGET, SOURCE)
    assert logits.is_meta and weights.is_meta


# --- errors

Q, K, W_Q, W_K, V = inputs(2)
T, H, M, SEEN = example()
ERRORS = {
    "a list": (lambda: additive_scores([[1.0]], K, W_Q, W_K, V), TypeError, "query must be a tensor"),
    "whole numbers": (lambda: additive_scores(Q.long(), K, W_Q, W_K, V), TypeError, "query must be floating point"),
    "two dtypes": (lambda: additive_scores(Q, K, W_Q, W_K, V.float()), TypeError, "v is torch.float32, but query"),
    "exchanged": (lambda: additive_scores(K, Q, W_Q, W_K, V), ValueError, "W_query has shape (7, 13)"),
    "other batch": (lambda: additive_scores(Q, K[:1], W_Q, W_K, V), ValueError, "key has the batch axes (1,)"),
    "long v": (lambda: additive_scores(Q, K, W_Q, W_K, V[1:]), ValueError, "d_attn is 13 in W_query"),
    "float mask": (lambda: attention()(Q, K, K, torch.ones(3, 5)), TypeError, "mask must be boolean"),
    "narrow query": (lambda: attention()(Q[..., 1:], K, K), ValueError, "axis d_query must have size 6, not 7"),
    "real token": (lambda: decoder().step(H[:, 0], H, M, SEEN), TypeError, "token must hold integers"),
    "token with time": (lambda: decoder().step(T, H, M, SEEN), ValueError, "token needs 1 axes, (batch,)"),
    "wide hidden": (lambda: decoder().step(T[:, 0], M[:, 0], M, SEEN), ValueError, "d_hidden is 5 in W_query"),
    "narrow memory": (lambda: decoder()(T, H, M[..., 1:], SEEN), ValueError, "d_memory is 7 in W_key"),
    "number mask": (lambda: decoder()(T, H, M, SEEN.double()), TypeError, "mask must be boolean"),
    "mask of queries": (lambda: decoder()(T, H, M, SEEN[:, None]), ValueError, "mask needs 2 axes, (batch, source)"),
    "single precision": (lambda: decoder()(T, H.float(), M, SEEN), TypeError, "hidden is torch.float32"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
