"""Right answers to chapter 03, each in another style. `<exercise>__<style>` is tried as an answer to `<exercise>`."""

import functools
import math
import warnings
from collections import namedtuple

import torch
import torch.nn.functional as F
from einops import einsum, rearrange, reduce, repeat
from torch import nn

# --- dot_scores


def dot_scores__plain(query, key):
    return query @ key.transpose(-2, -1)


def dot_scores__einsum(query, key):
    return torch.einsum("...qd,...kd->...qk", query, key)


def dot_scores__broadcast_and_sum(query, key):
    return (query.unsqueeze(-2) * key.unsqueeze(-3)).sum(dim=-1)


def dot_scores__loops(query, key):
    columns = [(query * key[..., j : j + 1, :]).sum(dim=-1) for j in range(key.shape[-2])]
    return torch.stack(columns, dim=-1)


def dot_scores__float64_inside(query, key):
    return torch.matmul(query.double(), key.double().mT).to(query.dtype)


def dot_scores__flat_batches(query, key):
    flat = torch.bmm(query.reshape(-1, *query.shape[-2:]), key.reshape(-1, *key.shape[-2:]).permute(0, 2, 1))
    return flat.view(*query.shape[:-1], key.shape[-2])


def dot_scores__talkative(query, key, scale=None, *, verbose=True):
    if verbose:
        print("shapes", query.shape, key.shape)
    warnings.warn("slow", stacklevel=1)
    return einsum(query, key, "... q d, ... k d -> ... q k")


# --- general_scores


def general_scores__plain(query, key, W):
    return query @ W @ key.transpose(-2, -1)


def general_scores__keys_first(query, key, W):
    return query @ (key @ W.T).transpose(-2, -1)


def general_scores__einsum(query, key, W):
    return torch.einsum("...qi,ij,...kj->...qk", query, W, key)


def general_scores__linear(query, key, W):
    return torch.matmul(F.linear(query, W.t()), key.swapaxes(-1, -2))


def general_scores__loops(query, key, W):
    total = 0
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            total = total + W[i, j] * query[..., :, None, i] * key[..., None, :, j]
    return total


def general_scores__float64_inside(query, key, W):
    return (query.double() @ W.double() @ key.double().mT).to(W.dtype)


class _General:
    def __call__(self, query, key, W):
        return einsum(query, W, key, "... q i, i j, ... k j -> ... q k")


general_scores__callable = _General()


# --- concat_scores


def concat_scores__plain(query, key, W, v):
    d_query = query.shape[-1]
    summed = (query @ W[:d_query]).unsqueeze(-2) + (key @ W[d_query:]).unsqueeze(-3)
    return torch.tanh(summed) @ v


def concat_scores__really_concatenated(query, key, W, v):
    queries, keys = query.shape[-2], key.shape[-2]
    left = query.unsqueeze(-2).expand(*query.shape[:-1], keys, query.shape[-1])
    right = key.unsqueeze(-3).expand(*key.shape[:-2], queries, *key.shape[-2:])
    return torch.tanh(torch.cat([left, right], dim=-1) @ W) @ v


def concat_scores__einsum(query, key, W, v):
    of_query, of_key = torch.split(W, [query.shape[-1], key.shape[-1]])
    hidden = torch.einsum("...qi,ia->...qa", query, of_query)[..., :, None, :]
    hidden = (hidden + torch.einsum("...kj,ja->...ka", key, of_key)[..., None, :, :]).tanh()
    return torch.einsum("...qka,a->...qk", hidden, v)


def concat_scores__query_by_query(query, key, W, v):
    rows = []
    for i in range(query.shape[-2]):
        one = query[..., i : i + 1, :].expand(*key.shape[:-1], query.shape[-1])
        rows.append((torch.cat((one, key), -1) @ W).tanh() @ v)
    return torch.stack(rows, dim=-2)


def concat_scores__unit_by_unit(query, key, W, v):
    scores = 0
    for a in range(v.shape[0]):
        of_query = query @ W[: query.shape[-1], a]
        of_key = key @ W[query.shape[-1] :, a]
        scores = scores + v[a] * torch.tanh(of_query[..., :, None] + of_key[..., None, :])
    return scores


def concat_scores__tanh_as_sigmoid(query, key, W, v):
    wide = [t.double() for t in (query, key, W, v)]
    summed = wide[0] @ wide[2][: query.shape[-1]]
    summed = rearrange(summed, "... q a -> ... q 1 a") + rearrange(
        wide[1] @ wide[2][query.shape[-1] :], "... k a -> ... 1 k a"
    )
    return ((2 * torch.sigmoid(2 * summed) - 1) @ wide[3]).to(v.dtype)


def concat_scores__in_place_on_its_own(query, key, W, v):
    made = query.new_zeros(*query.shape[:-1], key.shape[-2], v.shape[0])
    made = made + (key @ W[query.shape[-1] :]).unsqueeze(-3)
    made += (query @ W[: query.shape[-1]]).unsqueeze(-2)
    return made.tanh_().mul(v).sum(-1)


# --- location_scores


def location_scores__plain(query, W):
    return query @ W


def location_scores__einsum(query, W):
    return torch.einsum("...qd,dk->...qk", query, W)


def location_scores__linear(query, W):
    return F.linear(query, W.T)


def location_scores__loops(query, W):
    return torch.stack([(query * column).sum(dim=-1) for column in W.T], dim=-1)


def location_scores__flat(query, W):
    return torch.mm(query.reshape(-1, query.shape[-1]), W).reshape(*query.shape[:-1], -1)


location_scores__partial = functools.partial(
    lambda query, W, extra: query.double().matmul(W.double()).to(W), extra=None
)


# --- local_weights


def _positions(scores):
    return torch.arange(scores.shape[-1], dtype=scores.dtype, device=scores.device)


def local_weights__plain(scores, centre, window, mask=None):
    distance = _positions(scores) - centre.unsqueeze(-1)
    visible = distance.abs() <= window
    if mask is not None:
        visible = visible & mask
    some = visible.any(dim=-1, keepdim=True)
    weights = torch.softmax(scores.masked_fill(~visible, -math.inf).masked_fill(~some, 0.0), dim=-1)
    return weights.masked_fill(~visible, 0.0) * torch.exp(-2 * (distance / window) ** 2)


def local_weights__filled_with_a_billion(scores, centre, window, mask=None):
    s = _positions(scores)
    inside = (s >= centre[..., None] - window) & (s <= centre[..., None] + window)
    if mask is not None:
        inside = inside.logical_and(mask)
    weights = F.softmax(torch.where(inside, scores, -1e9), -1) * inside
    sigma = window / 2
    return weights * (-((s - centre[..., None]) ** 2) / (2 * sigma**2)).exp()


def local_weights__exp_by_hand(scores, centre, window, mask=None):
    away = _positions(scores) - centre[..., None]
    keep = (away.abs() <= window) & (True if mask is None else mask)
    top = scores.masked_fill(~keep, -torch.inf).amax(-1, keepdim=True)
    top = torch.where(torch.isinf(top), 0.0, top).detach()
    terms = torch.where(keep, scores - top, 0.0).exp() * keep
    total = terms.sum(-1, keepdim=True)
    sigma_squared = window * window / 4
    return terms / torch.where(total > 0, total, 1.0) * torch.exp(-0.5 * away**2 / sigma_squared)


def local_weights__gaussian_through_the_exponent(scores, centre, window, mask=None):
    """The logarithm of the Gaussian is added to that of the softmax."""
    away = _positions(scores) - centre[..., None]
    keep = away.abs() <= window
    if mask is not None:
        keep = keep & mask
    empty = ~keep.any(-1, keepdim=True)
    logs = torch.log_softmax(scores.masked_fill(~keep & ~empty, -torch.inf), -1)
    return (logs.masked_fill(~keep, 0.0) - away**2 / (2 * (window / 2) ** 2)).exp() * keep


def local_weights__float64_and_permuted(scores, centre, window, mask=None):
    wide, middle = scores.double().movedim(-1, 0), centre.double()
    s = torch.arange(len(wide), device=scores.device, dtype=torch.float64).reshape(-1, *[1] * middle.ndim)
    keep = (s - middle).abs() <= window
    if mask is not None:
        keep = keep & mask.expand(scores.shape).movedim(-1, 0)
    filled = wide.masked_fill(~keep, torch.finfo(torch.float64).min / 4)
    weights = torch.softmax(filled, dim=0) * keep * torch.exp(-(((s - middle) / window) ** 2) * 2)
    return weights.movedim(0, -1).to(scores.dtype)


def local_weights__query_by_query(scores, centre, window, mask=None):
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand(scores.shape)
    rows = []
    for i in range(scores.shape[-2]):
        away = _positions(scores) - centre[..., i, None]
        keep = mask[..., i, :] & (away.abs() <= window)
        filled = scores[..., i, :].masked_fill(~keep, -1e30)
        rows.append(filled.softmax(-1) * keep * torch.exp(-(away**2) * 2 / window**2))
    return torch.stack(rows, dim=-2)


# --- LuongDecoder


class LuongDecoder__plain(nn.Module):
    def __init__(self, vocab, d_embed, d_hidden, d_memory):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.rnn = nn.GRUCell(d_embed + d_hidden, d_hidden)
        self.W_score = nn.Parameter(torch.randn(d_hidden, d_memory) / d_memory**0.5)
        self.W_attentional = nn.Parameter(torch.randn(d_memory + d_hidden, d_hidden) / d_hidden**0.5)
        self.output = nn.Linear(d_hidden, vocab)

    def look(self, hidden, memory, mask):
        scores = ((hidden @ self.W_score).unsqueeze(1) @ memory.mT).squeeze(1)
        some = mask.any(dim=-1, keepdim=True)
        weights = scores.masked_fill(~mask, -math.inf).masked_fill(~some, 0.0).softmax(dim=-1).masked_fill(~mask, 0.0)
        return (weights.unsqueeze(1) @ memory).squeeze(1), weights

    def step(self, token, hidden, attentional, memory, mask):
        hidden = self.rnn(torch.cat([self.embed(token), attentional], dim=-1), hidden)
        context, weights = self.look(hidden, memory, mask)
        attentional = torch.tanh(torch.cat([context, hidden], dim=-1) @ self.W_attentional)
        return self.output(attentional), hidden, attentional, weights


class LuongDecoder__einsum(LuongDecoder__plain):
    def look(self, hidden, memory, mask):
        scores = torch.einsum("bh,hm,bsm->bs", hidden, self.W_score, memory)
        weights = torch.where(mask, scores, -1e9).softmax(-1) * mask
        return torch.einsum("bs,bsm->bm", weights, memory), weights


class LuongDecoder__gates_by_hand(LuongDecoder__plain):
    def step(self, token, hidden, attentional, memory, mask):
        rnn = self.rnn
        x = torch.cat((F.embedding(token, self.embed.weight), attentional), 1)
        reset, update, new = (x @ rnn.weight_ih.T + rnn.bias_ih).chunk(3, -1)
        h_reset, h_update, h_new = (hidden @ rnn.weight_hh.T + rnn.bias_hh).chunk(3, -1)
        reset, update = torch.sigmoid(reset + h_reset), torch.sigmoid(update + h_update)
        hidden = (1 - update) * torch.tanh(new + reset * h_new) + update * hidden
        context, weights = self.look(hidden, memory, mask)
        d_memory = memory.shape[-1]
        mixed = context @ self.W_attentional[:d_memory] + hidden @ self.W_attentional[d_memory:]
        attentional = mixed.tanh()
        return F.linear(attentional, self.output.weight, self.output.bias), hidden, attentional, weights


Step = namedtuple("Step", "logits hidden attentional weights")


class LuongDecoder__one_sequence_at_a_time(LuongDecoder__plain):
    """A named tuple, a buffer, more methods and more arguments than are asked."""

    def __init__(self, vocab, d_embed, d_hidden, d_memory, dropout=0.0, *, name="luong"):
        super().__init__(vocab, d_embed, d_hidden, d_memory)
        self.register_buffer("steps", torch.zeros(3))
        self.name = name

    def forward(self, *inputs):
        return self.step(*inputs)

    def step(self, token, hidden, attentional, memory, mask):
        rows = [
            super(type(self), self).step(*(t[i : i + 1] for t in (token, hidden, attentional, memory, mask)))
            for i in range(len(token))
        ]
        return Step(*(torch.cat(parts) for parts in zip(*rows, strict=True)))


class LuongDecoder__whole_rnn(LuongDecoder__plain):
    """torch.gru on a sequence of one token, and a list for the results."""

    def step(self, token, hidden, attentional, memory, mask):
        read = torch.cat([self.embed(token), attentional], dim=-1)[:, None]
        parts = [self.rnn.weight_ih, self.rnn.weight_hh, self.rnn.bias_ih, self.rnn.bias_hh]
        _, hidden = torch.gru(read, hidden[None].contiguous(), parts, True, 1, 0.0, False, False, True)
        hidden = hidden[0]
        context, weights = self.look(hidden, memory, mask)
        attentional = torch.tanh(torch.hstack([context, hidden]).matmul(self.W_attentional))
        return [self.output(attentional), hidden, attentional, weights]


# --- hard_attention


def _log_weights(scores, mask):
    if mask is None:
        return torch.log_softmax(scores, dim=-1), scores.new_zeros(scores.shape[:-1], dtype=torch.bool)
    nothing = ~mask.expand(scores.shape).any(dim=-1)
    filled = scores.masked_fill(~mask, -math.inf).masked_fill(nothing.unsqueeze(-1), 0.0)
    return torch.log_softmax(filled, dim=-1), nothing


def hard_attention__multinomial(scores, value, mask, generator):
    logs, nothing = _log_weights(scores, mask)
    rows = logs.detach().exp().reshape(-1, scores.shape[-1])
    row = torch.multinomial(rows, 1, generator=generator).view(*scores.shape[:-1], 1)
    log_prob = logs.gather(-1, row).squeeze(-1).masked_fill(nothing, 0.0)
    drawn = torch.gather(value, -2, row.expand(*row.shape[:-1], value.shape[-1]))
    return drawn.masked_fill(nothing.unsqueeze(-1), 0.0), log_prob


def hard_attention__gumbel_max(scores, value, mask, generator):
    logs, nothing = _log_weights(scores, mask)
    noise = -torch.log(
        torch.empty_like(scores, memory_format=torch.contiguous_format).exponential_(generator=generator)
    )
    row = (logs.detach() + noise).argmax(dim=-1, keepdim=True)
    one_hot = torch.zeros_like(logs).scatter(-1, row, 1.0) * ~nothing[..., None]
    log_prob = torch.where(one_hot > 0, logs, 0.0).sum(-1)
    return one_hot.detach() @ value, log_prob


def hard_attention__inverse_cdf(scores, value, mask, generator):
    logs, nothing = _log_weights(scores, mask)
    cumulative = logs.detach().double().exp().cumsum(-1)
    u = torch.rand(*scores.shape[:-1], 1, generator=generator, dtype=torch.float64, device=scores.device)
    row = (cumulative <= u * cumulative[..., -1:]).sum(-1).clamp(max=scores.shape[-1] - 1)
    drawn = torch.take_along_dim(value.unsqueeze(-3), row[..., None, None], dim=-2).squeeze(-2)
    log_prob = torch.take_along_dim(logs, row[..., None], dim=-1)[..., 0]
    return torch.where(nothing[..., None], 0.0, drawn), torch.where(nothing, 0.0, log_prob)


def hard_attention__searchsorted(scores, value, mask, generator):
    """Draws one number for each query with a NumPy-like call, and returns a list."""
    logs, nothing = _log_weights(scores, mask)
    steps = logs.detach().exp().cumsum(-1).contiguous()
    u = torch.empty(scores.shape[:-1], dtype=scores.dtype, device=scores.device).uniform_(generator=generator)
    row = torch.searchsorted(steps, (u * steps[..., -1])[..., None], right=True).clamp(max=scores.shape[-1] - 1)
    chosen = F.one_hot(row[..., 0], scores.shape[-1]).to(scores.dtype) * ~nothing[..., None]
    return [torch.einsum("...qk,...kd->...qd", chosen, value), (chosen * logs.masked_fill(chosen == 0, 0.0)).sum(-1)]


Drawn = namedtuple("Drawn", "value log_prob")


def hard_attention__query_by_query(scores, value, mask, generator):
    logs, nothing = _log_weights(scores, mask)
    keys = scores.shape[-1]
    flat, empty = logs.reshape(-1, keys), nothing.reshape(-1)
    values = value.reshape(-1, keys, value.shape[-1])
    drawn, log_prob = [], []
    for i in range(len(flat)):
        row = torch.multinomial(flat[i].detach().exp(), 1, generator=generator)[0]
        keep = (~empty[i]).to(flat.dtype)
        drawn.append(values[i // scores.shape[-2]].index_select(0, row.reshape(1))[0] * keep)
        log_prob.append(flat[i].index_select(0, row.reshape(1))[0] * keep)
    shape = scores.shape[:-1]
    return Drawn(torch.stack(drawn).reshape(*shape, -1), torch.stack(log_prob).reshape(shape))


def hard_attention__permuted_keys(scores, value, mask, generator):
    """The keys are shuffled first: another draw from the same distribution."""
    order = torch.empty(scores.shape[-1], device=scores.device).uniform_(generator=generator).argsort()
    mask = None if mask is None else mask.expand(scores.shape)[..., order]
    return hard_attention__multinomial(scores[..., order], value[..., order, :], mask, generator)


# --- reinforce_loss


def reinforce_loss__plain(reward, log_prob, baseline):
    return -((reward - baseline).detach() * log_prob).mean()


def reinforce_loss__no_grad(reward, log_prob, baseline):
    with torch.no_grad():
        advantage = reward - baseline
    return (-advantage * log_prob).sum() / len(log_prob)


def reinforce_loss__dot(reward, log_prob, baseline):
    return torch.dot(baseline.detach() - reward.detach(), log_prob) / log_prob.numel()


def reinforce_loss__loop(reward, log_prob, baseline):
    total = 0
    for r, p, b in zip(reward, log_prob, baseline, strict=True):
        total = total + (b.detach() - r.detach()) * p / reward.shape[0]
    return total


def reinforce_loss__another_value(reward, log_prob, baseline):
    """The gradient is the same, the value is minus the mean advantage."""
    ratio = torch.exp(log_prob - log_prob.detach())
    return -torch.mean(ratio * (reward - baseline).detach())


def reinforce_loss__two_terms(reward, log_prob, baseline):
    return (baseline.detach() * log_prob).mean() - (reward.detach() * log_prob).mean()


# --- hierarchical_attention


def _softmax(scores, mask):
    some = mask.any(dim=-1, keepdim=True)
    return scores.masked_fill(~mask, -math.inf).masked_fill(~some, 0.0).softmax(-1).masked_fill(~mask, 0.0)


def hierarchical_attention__plain(words, word_mask, word_query, sentence_query):
    word_weights = _softmax(words @ word_query, word_mask)
    sentences = (word_weights.unsqueeze(-2) @ words).squeeze(-2)
    sentence_weights = _softmax(sentences @ sentence_query, word_mask.any(dim=-1))
    return (sentence_weights.unsqueeze(-2) @ sentences).squeeze(-2), word_weights, sentence_weights


def hierarchical_attention__einsum(words, word_mask, word_query, sentence_query):
    word_scores = torch.einsum("...swd,d->...sw", words, word_query)
    word_weights = torch.where(word_mask, word_scores, -1e9).softmax(-1) * word_mask
    sentences = torch.einsum("...sw,...swd->...sd", word_weights, words)
    written = word_mask.any(-1)
    sentence_weights = torch.where(written, sentences @ sentence_query, -1e9).softmax(-1) * written
    return torch.einsum("...s,...sd->...d", sentence_weights, sentences), word_weights, sentence_weights


def hierarchical_attention__exp_by_hand(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        top = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).amax(-1, keepdim=True).detach()
        terms = (scores - top).masked_fill(~mask, -torch.inf).exp()
        return terms / terms.sum(-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).tiny)

    word_weights = softmax((words * word_query).sum(-1), word_mask)
    sentences = (word_weights[..., None] * words).sum(-2)
    sentence_weights = softmax((sentences * sentence_query).sum(-1), word_mask.sum(-1) > 0)
    return [(sentence_weights[..., None] * sentences).sum(-2), word_weights, sentence_weights]


def hierarchical_attention__sentence_by_sentence(words, word_mask, word_query, sentence_query):
    sentences, word_weights = [], []
    for s in range(words.shape[-3]):
        weights = _softmax(words[..., s, :, :] @ word_query, word_mask[..., s, :])
        word_weights.append(weights)
        sentences.append(torch.einsum("...w,...wd->...d", weights, words[..., s, :, :]))
    sentences = torch.stack(sentences, dim=-2)
    sentence_weights = _softmax(torch.matmul(sentences, sentence_query), word_mask.any(-1))
    return (
        torch.einsum("...s,...sd->...d", sentence_weights, sentences),
        torch.stack(word_weights, -2),
        sentence_weights,
    )


def hierarchical_attention__einops(words, word_mask, word_query, sentence_query):
    wide = words.double()
    scores = einsum(wide, word_query.double(), "... s w d, d -> ... s w")
    word_weights = _softmax(scores, word_mask)
    sentences = reduce(
        wide * repeat(word_weights, "... s w -> ... s w d", d=words.shape[-1]), "... s w d -> ... s d", "sum"
    )
    sentence_weights = _softmax(sentences @ sentence_query.double(), reduce(word_mask, "... s w -> ... s", "max"))
    document = einsum(sentence_weights, sentences, "... s, ... s d -> ... d")
    return tuple(t.to(words.dtype) for t in (document, word_weights, sentence_weights))
