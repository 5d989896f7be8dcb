"""Right answers to chapter 02, each in another style. `<exercise>__<style>` is tried as an answer to `<exercise>`."""

import functools
import math
import warnings
from collections import namedtuple

import numpy as np
import torch
import torch.nn.functional as F
from einops import einsum, rearrange
from torch import nn

Attention = namedtuple("Attention", ["context", "weights"])
Step = namedtuple("Step", ["logits", "hidden", "weights"])

# --- masked_softmax


def masked_softmax__infinity(scores, mask=None):
    if mask is None:
        return scores.softmax(-1)
    sees = mask.any(-1, keepdim=True)
    filled = scores.masked_fill(~mask, float("-inf")).masked_fill(~sees, 0.0)
    return filled.softmax(-1).masked_fill(~mask, 0.0)


def masked_softmax__lowest_then_zero(scores, mask=None):
    if mask is not None:
        scores = torch.where(mask, scores, torch.finfo(scores.dtype).min)
    weights = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    weights = weights / weights.sum(dim=-1, keepdim=True)
    return weights if mask is None else weights * mask


def masked_softmax__large_negative_in_float32(scores, mask=None):
    wide = scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores
    if mask is None:
        return torch.softmax(wide, dim=-1).to(scores.dtype)
    hidden = torch.logical_not(mask).expand(scores.shape)
    weights = torch.softmax(wide.masked_fill(hidden, -1e9), dim=-1)
    return torch.where(hidden, torch.zeros_like(weights), weights).to(scores.dtype)


def masked_softmax__by_hand(scores, mask=None):
    """exp of visible scores alone, over their own maximum."""
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand_as(scores)
    shown = torch.where(mask, scores, -torch.inf)
    top = shown.amax(dim=-1, keepdim=True)
    top = torch.where(torch.isinf(top), torch.zeros_like(top), top).detach()  # a constant of each row changes nothing
    terms = torch.where(mask, torch.where(mask, scores - top, 0).exp(), 0)
    total = terms.sum(dim=-1, keepdim=True)
    return terms / torch.where(total == 0, 1, total)


def masked_softmax__loops(scores, mask=None):
    flat = scores.reshape(-1, scores.shape[-1])
    shown = None if mask is None else mask.broadcast_to(scores.shape).reshape(flat.shape)
    rows = []
    for i in range(len(flat)):
        if shown is None:
            rows.append(torch.softmax(flat[i], 0))
            continue
        row = torch.zeros_like(flat[i])
        picked = torch.nonzero(shown[i]).flatten()
        if len(picked) > 0:
            row = row.index_put((picked,), torch.softmax(flat[i][picked], 0))
        rows.append(row)
    return torch.stack(rows).view(scores.shape)


def masked_softmax__log_space(scores, mask=None):
    if mask is not None:
        scores = scores.masked_fill(mask.logical_not(), -1e4 if scores.dtype == torch.float16 else -1e8)
    weights = torch.exp(scores - torch.logsumexp(scores, dim=-1, keepdim=True))
    return weights if mask is None else weights.masked_fill(mask.logical_not(), 0)


def masked_softmax__float64_inside(scores, mask=None):
    wide = scores.double()
    if mask is not None:
        wide = wide.masked_fill(~mask, -1e300)
    weights = F.softmax(wide, dim=wide.ndim - 1)
    if mask is not None:
        weights = weights * mask.to(weights.dtype)
    return weights.to(scores.dtype)


def masked_softmax__in_place_on_its_own(scores, mask=None, *, verbose=True):
    if verbose:
        print("softmax of", tuple(scores.shape))
        warnings.warn("this is a warning", stacklevel=1)
    own = scores.clone()
    if mask is not None:
        own.masked_fill_(~mask, float("-inf"))
        own.masked_fill_((~mask).all(dim=-1, keepdim=True), 0)
    own = torch.softmax(own, dim=-1)
    if mask is not None:
        own = own.clone()
        own.masked_fill_(~mask, 0)
    return own


masked_softmax__partial = functools.partial(masked_softmax__in_place_on_its_own, verbose=False)

# --- additive_scores


def additive_scores__broadcast(query, key, W_query, W_key, v):
    q = (query @ W_query).unsqueeze(-2)
    k = (key @ W_key).unsqueeze(-3)
    return torch.tanh(q + k) @ v


def additive_scores__einsum(query, key, W_query, W_key, v):
    q = torch.einsum("...qi,ia->...qa", query, W_query)
    k = torch.einsum("...kj,ja->...ka", key, W_key)
    hidden = torch.tanh(q[..., :, None, :] + k[..., None, :, :])
    return torch.einsum("...qka,a->...qk", hidden, v)


def additive_scores__einops(query, key, W_query, W_key, v):
    q = rearrange(query @ W_query, "... q a -> ... q 1 a")
    k = rearrange(key @ W_key, "... k a -> ... 1 k a")
    return einsum((q + k).tanh(), v, "... q k a, a -> ... q k")


def additive_scores__one_query_at_a_time(query, key, W_query, W_key, v):
    """Needs memory for one row of pairs only."""
    keys = torch.matmul(key, W_key)
    rows = [torch.matmul(torch.tanh(one.unsqueeze(-2) @ W_query + keys), v) for one in query.unbind(-2)]
    return torch.stack(rows, dim=-2)


def additive_scores__loops(query, key, W_query, W_key, v):
    batch, queries, keys = query.shape[:-2], query.shape[-2], key.shape[-2]
    q, k = query.reshape(-1, queries, query.shape[-1]), key.reshape(-1, keys, key.shape[-1])
    pairs = [
        (v * torch.tanh(q[b, i] @ W_query + k[b, j] @ W_key)).sum()
        for b in range(len(q))
        for i in range(queries)
        for j in range(keys)
    ]
    return torch.stack(pairs).reshape(*batch, queries, keys)


def additive_scores__concatenated(query, key, W_query, W_key, v):
    """The same as one matrix over the pair of query and key side by side."""
    queries, keys = query.shape[-2], key.shape[-2]
    q = query.unsqueeze(-2).expand(*query.shape[:-1], keys, query.shape[-1])
    k = key.unsqueeze(-3).expand(*key.shape[:-2], queries, *key.shape[-2:])
    hidden = torch.cat([q, k], dim=-1) @ torch.cat([W_query, W_key], dim=0)
    return F.linear(torch.tanh(hidden), v[None]).squeeze(-1)


def additive_scores__units(query, key, W_query, W_key, v):
    """Hidden unit by hidden unit, added up in place on its own tensor."""
    scores = query.new_zeros(*query.shape[:-1], key.shape[-2])
    for a in range(v.shape[0]):
        scores += v[a] * torch.tanh((query @ W_query[:, a])[..., :, None] + (key @ W_key[:, a])[..., None, :])
    return scores


def additive_scores__sigmoid(query, key, W_query, W_key, v, temperature=1.0, **options):
    """tanh(x) = 2 sigmoid(2 x) − 1, in float64."""
    sums = (query.double() @ W_query.double())[..., :, None, :] + (key.double() @ W_key.double())[..., None, :, :]
    return ((2 * torch.sigmoid(2 * sums) - 1) @ v.double() / temperature).to(query.dtype)


def additive_scores__formula(query, key, W_query, W_key, v):
    """(1 − e) / (1 + e) with e = exp(−2 |x|), which does not overflow."""
    x = (query @ W_query)[..., None, :] + (key @ W_key)[..., None, :, :]
    e = torch.exp(-2 * x.abs())
    return (torch.sign(x) * (1 - e) / (1 + e)).matmul(v)


# --- attend


def attend__plain(scores, value, mask=None):
    weights = masked_softmax__infinity(scores, mask)
    return weights @ value, weights


def attend__einsum_list(scores, value, mask=None):
    weights = masked_softmax__by_hand(scores, mask)
    return [torch.einsum("...qk,...kd->...qd", weights, value), weights]


def attend__named(scores, value, mask=None):
    weights = masked_softmax__lowest_then_zero(scores, mask)
    return Attention(weights=weights, context=einsum(weights, value, "... q k, ... k d -> ... q d"))


def attend__sum_of_products(scores, value, mask=None):
    weights = masked_softmax__log_space(scores, mask)
    return (weights[..., None] * value[..., None, :, :]).sum(dim=-2), weights


def attend__key_by_key(scores, value, mask=None):
    weights = masked_softmax__loops(scores, mask)
    context = scores.new_zeros(*scores.shape[:-1], value.shape[-1])
    for j in range(value.shape[-2]):
        context += weights[..., :, j : j + 1] * value[..., j : j + 1, :]
    return context, weights


class Attend:
    """An object that can be called."""

    def __call__(self, scores, value, mask=None, **unused):
        visible = torch.ones((), dtype=torch.bool, device=scores.device) if mask is None else mask
        seen = visible.expand(scores.shape)
        terms = torch.where(seen, scores, -torch.inf)
        terms = terms - terms.amax(-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).min).detach()
        terms = torch.where(seen, terms, 0).exp() * seen
        total = terms.sum(-1, keepdim=True)
        total = total + (total == 0)
        return torch.matmul(terms, value) / total, terms / total  # divides once, after the product


attend__object = Attend()


def attend__flattened(scores, value, mask=None):
    weights = masked_softmax__float64_inside(scores, mask)
    queries, keys = scores.shape[-2:]
    context = torch.bmm(weights.reshape(-1, queries, keys), value.reshape(-1, keys, value.shape[-1]))
    return context.reshape(*scores.shape[:-1], value.shape[-1]), weights


# --- AdditiveAttention


class AdditiveAttention__plain(nn.Module):
    def __init__(self, d_query, d_key, d_attn):
        super().__init__()
        self.W_query = nn.Parameter(torch.randn(d_query, d_attn) / math.sqrt(d_query))
        self.W_key = nn.Parameter(torch.randn(d_key, d_attn) / math.sqrt(d_key))
        self.v = nn.Parameter(torch.randn(d_attn) / math.sqrt(d_attn))

    def forward(self, query, key, value, mask=None):
        return attend__plain(additive_scores__broadcast(query, key, self.W_query, self.W_key, self.v), value, mask)


class AdditiveAttention__einsum(AdditiveAttention__plain):
    def forward(self, query, key, value, mask=None):
        scores = additive_scores__einsum(query, key, self.W_query, self.W_key, self.v)
        return attend__einsum_list(scores, value, mask)


class AdditiveAttention__one_query_at_a_time(AdditiveAttention__plain):
    def forward(self, query, key, value, mask=None):
        keys = key @ self.W_key
        mask = None if mask is None else mask.expand(*query.shape[:-1], key.shape[-2])
        results = []
        for i, one in enumerate((query @ self.W_query).unbind(dim=-2)):
            scores = (one.unsqueeze(-2) + keys).tanh() @ self.v
            row = None if mask is None else mask[..., i : i + 1, :]
            results.append(attend__plain(scores.unsqueeze(-2), value, row))
        contexts, weights = zip(*results, strict=True)
        return torch.cat(contexts, dim=-2), torch.cat(weights, dim=-2)


class AdditiveAttention__other_constructor(nn.Module):
    """Parameters made in another order and another way, a buffer, a module without parameters, and more arguments."""

    def __init__(self, d_query, d_key, d_attn, dropout=0.0, *, name="attention"):
        super().__init__()
        self.v = nn.Parameter(torch.empty(d_attn))
        self.register_parameter("W_key", nn.Parameter(torch.empty(d_key, d_attn)))
        self.W_query = nn.Parameter(torch.empty([d_query, d_attn]))
        nn.init.xavier_uniform_(self.W_key)
        nn.init.xavier_uniform_(self.W_query)
        nn.init.zeros_(self.v)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, query, key, value, mask=None, *, verbose=True):
        q = F.linear(query, self.W_query.T)
        k = F.linear(key, self.W_key.mT)
        scores = (self.v * torch.tanh(q[..., :, None, :] + k[..., None, :, :])).sum(-1)
        if verbose:
            print("scores", scores.shape)
        return attend__named(scores, self.dropout(value), mask)


class AdditiveAttention__helper_methods(AdditiveAttention__plain):
    """Keeps what it computed for drawing, and never reads it again."""

    def score(self, query, key):
        return additive_scores__einops(query, key, self.W_query, self.W_key, self.v)

    def forward(self, query, key, value, mask=None):
        self.last_scores = self.score(query, key)
        context, self.last_weights = attend__sum_of_products(self.last_scores, value, mask)
        return context, self.last_weights


# --- AttentionDecoder


class AttentionDecoder__plain(nn.Module):
    def __init__(self, vocab, d_embed, d_hidden, d_memory, d_attn):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.W_query = nn.Parameter(torch.randn(d_hidden, d_attn) / math.sqrt(d_hidden))
        self.W_key = nn.Parameter(torch.randn(d_memory, d_attn) / math.sqrt(d_memory))
        self.v = nn.Parameter(torch.randn(d_attn) / math.sqrt(d_attn))
        self.rnn = nn.GRUCell(d_embed + d_memory, d_hidden)
        self.output = nn.Linear(d_embed + d_hidden + d_memory, vocab)

    def weights(self, hidden, memory, mask):
        scores = torch.tanh((hidden @ self.W_query)[:, None] + memory @ self.W_key) @ self.v
        return masked_softmax__infinity(scores, mask)

    def step(self, token, hidden, memory, mask):
        weights = self.weights(hidden, memory, mask)
        context = (weights[:, None] @ memory).squeeze(1)
        embedded = self.embed(token)
        hidden = self.rnn(torch.cat((embedded, context), dim=1), hidden)
        return self.output(torch.cat((embedded, hidden, context), dim=1)), hidden, weights


class AttentionDecoder__functions(AttentionDecoder__plain):
    """From the functions of the other exercises, with one query."""

    def step(self, token, hidden, memory, mask):
        scores = additive_scores__broadcast(hidden.unsqueeze(1), memory, self.W_query, self.W_key, self.v)
        context, weights = attend__plain(scores, memory, mask.unsqueeze(1))
        context, weights = context[:, 0], weights[:, 0]
        embedded = F.embedding(token, self.embed.weight)
        hidden = self.rnn(torch.hstack([embedded, context]), hidden)
        return Step(self.output(torch.hstack([embedded, hidden, context])), hidden, weights)


class AttentionDecoder__gates_by_hand(AttentionDecoder__plain):
    def step(self, token, hidden, memory, mask):
        weights = self.weights(hidden, memory, mask)
        context = torch.einsum("bs,bsd->bd", weights, memory)
        embedded = self.embed.weight[token]
        x = torch.cat([embedded, context], -1)
        xr, xz, xn = (x @ self.rnn.weight_ih.T + self.rnn.bias_ih).chunk(3, -1)
        hr, hz, hn = (hidden @ self.rnn.weight_hh.T + self.rnn.bias_hh).chunk(3, -1)
        z = torch.sigmoid(xz + hz)
        new = (1 - z) * torch.tanh(xn + torch.sigmoid(xr + hr) * hn) + z * hidden
        return [self.output(torch.cat([embedded, new, context], -1)), new, weights]


class AttentionDecoder__split_output(AttentionDecoder__plain):
    """The layers' columns taken apart, so that nothing is concatenated."""

    def step(self, token, hidden, memory, mask):
        weights = masked_softmax__by_hand(
            torch.einsum(
                "bsa,a->bs", torch.tanh(rearrange(hidden @ self.W_query, "b a -> b 1 a") + memory @ self.W_key), self.v
            ),
            mask,
        )
        context = (weights.unsqueeze(-1) * memory).sum(1)
        embedded = self.embed(token)
        hidden = torch.gru_cell(
            torch.cat([embedded, context], 1),
            hidden,
            self.rnn.weight_ih,
            self.rnn.weight_hh,
            self.rnn.bias_ih,
            self.rnn.bias_hh,
        )
        parts, total = (embedded, hidden, context), self.output.bias
        for part, columns in zip(parts, self.output.weight.split([p.shape[1] for p in parts], dim=1), strict=True):
            total = total + part @ columns.T
        return total, hidden, weights


class AttentionDecoder__one_sentence_at_a_time(AttentionDecoder__plain):
    def step(self, token, hidden, memory, mask):
        results = []
        for t, h, m, seen in zip(token, hidden, memory, mask, strict=True):
            scores = torch.tanh(h @ self.W_query + m @ self.W_key) @ self.v
            weights = masked_softmax__infinity(scores[None], seen[None])[0]
            context, embedded = weights @ m, self.embed(t)
            new = self.rnn(torch.cat([embedded, context])[None], h[None])[0]
            results.append((self.output(torch.cat([embedded, new, context])), new, weights))
        return tuple(torch.stack(parts) for parts in zip(*results, strict=True))


class AttentionDecoder__other_constructor(AttentionDecoder__plain):
    """More arguments than are asked, a buffer and layers without parameters; talks."""

    def __init__(self, vocab, d_embed, d_hidden, d_memory, d_attn, dropout=0.0, *, name="decoder"):
        super().__init__(vocab, d_embed, d_hidden, d_memory, d_attn)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("zero", torch.zeros(1))
        nn.init.orthogonal_(self.rnn.weight_hh)

    def step(self, token, hidden, memory, mask, *, verbose=True):
        if verbose:
            print("step", token.tolist() if token.device.type == "cpu" else token.shape)
        logits, hidden, weights = super().step(token, hidden, self.dropout(memory), mask)
        return logits + self.zero.to(logits.dtype), hidden, weights


# --- alignment_error_rate


def alignment_error_rate__gather(weights, gold):
    hits = gold.gather(1, weights.argmax(dim=1, keepdim=True)).sum()
    return 1 - 2 * hits / (gold.shape[0] + gold.sum())


def alignment_error_rate__float(weights, gold):
    rows = torch.arange(len(weights), device=weights.device)
    hits = int(gold[rows, weights.argmax(-1)].sum())
    return 1.0 - 2.0 * hits / (len(weights) + int(gold.sum()))


def alignment_error_rate__sets(weights, gold):
    links = {(i, max(range(len(row)), key=row.__getitem__)) for i, row in enumerate(weights.tolist())}
    sure = {(i, j) for i, row in enumerate(gold.tolist()) for j, linked in enumerate(row) if linked}
    return 1 - (len(links & sure) + len(links & sure)) / (len(links) + len(sure))


def alignment_error_rate__numpy(weights, gold):
    w, g = weights.detach().cpu().double().numpy(), gold.cpu().numpy()
    links = np.zeros_like(g)
    links[np.arange(len(w)), w.argmax(axis=1)] = True
    return float(1 - 2 * (links & g).sum() / (links.sum() + g.sum()))


def alignment_error_rate__one_hot(weights, gold):
    links = F.one_hot(weights.max(dim=1).indices, num_classes=weights.size(1))
    agreed = (links * gold).sum()
    return (links.sum() + gold.sum() - 2 * agreed).double() / (links.sum() + gold.sum())


def alignment_error_rate__loops(weights, gold):
    hits = 0
    for row, linked in zip(weights, gold, strict=True):
        best = 0
        for j in range(len(row)):
            if row[j] > row[best]:
                best = j
        hits += bool(linked[best])
    return 1 - 2 * hits / (gold.size(0) + gold.sum().item())


def alignment_error_rate__precision_and_recall(weights, gold):
    """1 − F1, with a care for what is 0."""
    hits = gold[torch.arange(len(gold)).to(gold.device), weights.argmax(1)].sum().item()
    if hits == 0:
        return 1.0
    precision, recall = hits / len(gold), hits / gold.sum().item()
    return 1 - 2 * precision * recall / (precision + recall)


def alignment_error_rate__first_of_the_largest(weights, gold):
    largest = weights == weights.amax(dim=1, keepdim=True)
    first = largest & (largest.cumsum(dim=1) == 1)
    return torch.tensor(1.0, dtype=torch.float64) - 2 * (first & gold).sum().cpu() / (len(gold) + gold.sum().cpu())
