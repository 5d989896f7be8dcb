"""Right answers to chapter 04, each in another style. `<exercise>__<style>` is tried as an answer to `<exercise>`."""

import functools
import math
import warnings
from collections import namedtuple

import numpy as np
import torch
import torch.nn.functional as F

Attention = namedtuple("Attention", ["context", "weights"])


def full(mask, scores):
    """The mask at the size of the scores, True everywhere where there is none."""
    if mask is None:
        return torch.ones_like(scores, dtype=torch.bool)
    return mask.expand(scores.shape)


# --- scaled_dot_scores


def scaled_dot_scores__plain(query, key):
    return query @ key.mT / math.sqrt(key.size(-1))


def scaled_dot_scores__einsum(query, key):
    return torch.einsum("...qd,...kd->...qk", query, key) * query.shape[-1] ** -0.5


def scaled_dot_scores__scales_first(query, key):
    return torch.matmul(query / query.shape[-1] ** 0.5, key.transpose(-1, -2))


def scaled_dot_scores__both_by_fourth_root(query, key):
    root = query.shape[-1] ** 0.25
    return (query / root) @ (key / root).mT


def scaled_dot_scores__broadcast(query, key):
    products = query.unsqueeze(-2) * key.unsqueeze(-3)  # (*batch, queries, keys, d_k)
    return products.sum(-1) / np.sqrt(query.shape[-1])


def scaled_dot_scores__loops(query, key):
    *batch, queries, d_k = query.shape
    q, k = query.reshape(-1, queries, d_k), key.reshape(-1, key.shape[-2], d_k)
    rows = []
    for b in range(q.shape[0]):
        rows.append(torch.stack([torch.stack([(x * y).sum() for y in k[b]]) for x in q[b]]))
    return torch.stack(rows).reshape(*batch, queries, -1) / math.sqrt(d_k)


def scaled_dot_scores__in_place_on_its_own(query, key):
    scores = torch.zeros(*query.shape[:-1], key.shape[-2], dtype=query.dtype, device=query.device)
    for d in range(query.shape[-1]):
        scores += query[..., :, None, d] * key[..., None, :, d]
    scores /= math.sqrt(query.shape[-1])
    return scores


def scaled_dot_scores__float64_inside(query, key):
    d_k = torch.tensor(query.shape[-1], dtype=torch.float64)
    return (query.double() @ key.double().mT / torch.sqrt(d_k)).to(query.dtype)


def scaled_dot_scores__float32_root(query, key):
    return query @ key.mT / torch.sqrt(torch.tensor(query.shape[-1]))


def scaled_dot_scores__talks(query, key, scale=None, *, verbose=True):
    """Prints and warns, and takes more than is asked."""
    if verbose:
        print("scores of", query.shape, key.shape)
        warnings.warn("this is a warning", stacklevel=1)
    return query @ key.mT / (scale or math.sqrt(query.shape[-1]))


class Scores:
    """An object that can be called."""

    def __call__(self, query, key):
        return F.linear(query, key) / math.sqrt(query.shape[-1]) if query.ndim == 2 else query @ key.mT / self.root(key)

    def root(self, key):
        return key.shape[-1] ** 0.5


scaled_dot_scores__object = Scores()
scaled_dot_scores__partial = functools.partial(scaled_dot_scores__talks, verbose=False)


def scaled_dot_scores__flattened(query, key):
    batch = query.shape[:-2]
    q, k = query.flatten(0, -3) if batch else query[None], key.flatten(0, -3) if batch else key[None]
    return torch.bmm(q, k.permute(0, 2, 1)).reshape(*batch, q.shape[1], k.shape[1]) / math.sqrt(q.shape[-1])


# --- causal_mask


def causal_mask__tril(length):
    return torch.tril(torch.ones(length, length, dtype=torch.bool))


def causal_mask__not_triu(length):
    return ~torch.ones((length, length)).triu(diagonal=1).bool()


def causal_mask__compared(length):
    return torch.arange(length) <= torch.arange(length).unsqueeze(1)


def causal_mask__loops(length):
    mask = torch.zeros(length, length, dtype=torch.bool)
    for i in range(length):
        for j in range(i + 1):
            mask[i, j] = True
    return mask


def causal_mask__rows(length):
    mask = torch.full((length, length), False)
    for i in range(length):
        mask[i, : i + 1] = True
    return mask


def causal_mask__list(length):
    return torch.tensor([[j <= i for j in range(length)] for i in range(length)])


def causal_mask__float_compared(length):
    return torch.tril(torch.ones(length, length)) == 1


def causal_mask__cumsum(length):
    return torch.eye(length).cumsum(dim=0) > 0


def causal_mask__nested(length, *, diagonal=0):
    idx = torch.tril_indices(length, length, diagonal)
    mask = torch.zeros(length, length, dtype=torch.bool)
    mask[idx[0], idx[1]] = True
    return mask


def causal_mask__one_by_one(length):
    return torch.stack([torch.stack([torch.tensor(j <= i) for j in range(length)]) for i in range(length)])


def causal_mask__asks_for_the_default_device(length):
    rows = [[j <= i for j in range(length)] for i in range(length)]
    return torch.from_numpy(np.array(rows)).to(torch.get_default_device())


def causal_mask__outer(length):
    i = torch.arange(length)
    rows, columns = torch.meshgrid(i, i, indexing="ij")
    return rows.ge(columns)


# --- padding_mask


def padding_mask__compared(lengths, max_len):
    return torch.arange(max_len, device=lengths.device) < lengths[:, None, None]


def padding_mask__two_steps(lengths, max_len):
    positions = torch.arange(max_len, device=lengths.device).unsqueeze(0)
    return (positions < lengths.unsqueeze(1)).unsqueeze(1)


def padding_mask__loops(lengths, max_len):
    mask = torch.zeros(len(lengths), 1, max_len, dtype=torch.bool, device=lengths.device)
    for b, length in enumerate(lengths.tolist()):
        mask[b, 0, :length] = True
    return mask


def padding_mask__item(lengths, max_len):
    rows = [[[p < lengths[b].item() for p in range(max_len)]] for b in range(lengths.shape[0])]
    return torch.tensor(rows, dtype=torch.bool, device=lengths.device)


def padding_mask__counts_from_one(lengths, max_len):
    return torch.arange(1, max_len + 1, device=lengths.device).view(1, 1, -1) <= lengths.view(-1, 1, 1)


def padding_mask__hidden_first(lengths, max_len):
    hidden = torch.arange(max_len).to(lengths.device)[None, None, :] >= lengths[:, None, None]
    return ~hidden


def padding_mask__table(lengths, max_len):
    table = torch.ones(max_len + 1, max_len, dtype=torch.bool, device=lengths.device).tril(-1)
    return table[lengths].unsqueeze(-2)


def padding_mask__cumsum(lengths, max_len):
    ends = F.one_hot(lengths, max_len + 1)  # 1 at the first padding position
    return (ends.cumsum(-1) == 0)[:, None, :max_len]


def padding_mask__numpy(lengths, max_len):
    positions = np.arange(max_len)[None, None]
    mask = positions < lengths.cpu().numpy()[:, None, None]
    return torch.from_numpy(mask).to(lengths.device)


# --- scaled_dot_product_attention


def scaled_dot_product_attention__plain(query, key, value, mask=None):
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    seen = mask.any(-1, keepdim=True)
    weights = scores.masked_fill(~mask, -torch.inf).masked_fill(~seen, 0).softmax(-1) * mask
    return weights @ value, weights


def scaled_dot_product_attention__einsum(query, key, value, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", query, key) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = torch.where(mask, scores, torch.finfo(scores.dtype).min)
    weights = F.softmax(scores, dim=-1)
    if mask is not None:
        weights = torch.where(mask, weights, 0.0)
    return torch.einsum("...qk,...kv->...qv", weights, value), weights


def scaled_dot_product_attention__fill_1e9_in_float32(query, key, value, mask=None):
    """-1e9, in a dtype that has it, and zeros afterwards."""
    wide = torch.promote_types(query.dtype, torch.float32)
    scores = query.to(wide) @ key.to(wide).transpose(-2, -1) / math.sqrt(query.size(-1))
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return [(weights @ value.to(wide)).to(query.dtype), weights.to(query.dtype)]


def scaled_dot_product_attention__fill_1e4(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.size(-1))
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        weights = torch.softmax(scores.masked_fill(mask.logical_not(), -1e4), dim=-1)
        weights = weights.masked_fill(mask.logical_not(), 0)
    return Attention(weights @ value, weights)


def scaled_dot_product_attention__float64_inside(query, key, value, mask=None):
    q, k, v = query.double(), key.double(), value.double()
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    mask = full(mask, scores)
    largest = scores.masked_fill(~mask, -math.inf).amax(-1, keepdim=True).clamp(min=-1e300)
    terms = torch.exp(scores.masked_fill(~mask, -math.inf) - largest.detach())
    weights = terms / terms.sum(-1, keepdim=True).clamp(min=1e-300)
    return (weights @ v).to(query.dtype), weights.to(query.dtype)


def scaled_dot_product_attention__exp_by_hand(query, key, value, mask=None):
    scores = query @ key.mT * query.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    top = scores.max(dim=-1, keepdim=True).values
    top = torch.where(torch.isinf(top), torch.zeros_like(top), top)
    terms = (scores - top).exp()
    total = terms.sum(dim=-1, keepdim=True)
    weights = terms / torch.where(total == 0, torch.ones_like(total), total)
    return weights @ value, weights


def scaled_dot_product_attention__loops(query, key, value, mask=None):
    """One query after the other, on the visible keys alone."""
    *batch, queries, d_k = query.shape
    keys, d_v = value.shape[-2:]
    shape = (*batch, queries, keys)
    mask = torch.ones(shape, dtype=torch.bool, device=query.device) if mask is None else mask.expand(shape)
    q, k, v = query.reshape(-1, queries, d_k), key.reshape(-1, keys, d_k), value.reshape(-1, keys, d_v)
    mask = mask.reshape(-1, queries, keys)
    contexts, rows = [], []
    for b in range(q.shape[0]):
        for i in range(queries):
            seen = mask[b, i].nonzero().squeeze(-1)
            row = v.new_zeros(keys)
            if len(seen):
                row = row.index_put((seen,), torch.softmax(k[b, seen] @ q[b, i] / math.sqrt(d_k), dim=0))
            rows.append(row)
            contexts.append(row @ v[b])
    return torch.stack(contexts).reshape(*batch, queries, d_v), torch.stack(rows).reshape(shape)


def scaled_dot_product_attention__in_place_on_its_own(query, key, value, mask=None):
    scores = torch.matmul(query, key.transpose(-2, -1))
    scores /= query.shape[-1] ** 0.5
    if mask is not None:
        scores.masked_fill_(~mask, float("-inf"))
        scores.masked_fill_(~mask.any(-1, keepdim=True), 0)
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights * mask
    return weights @ value, weights


def scaled_dot_product_attention__nan_to_num(query, key, value, mask=None):
    """Lets NaN arise, but where masked_fill takes its gradient away again."""
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.nan_to_num(torch.softmax(scores, -1))
    return weights @ value, weights


def scaled_dot_product_attention__log_space(query, key, value, mask=None):
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min / 2)
    weights = torch.exp(scores - torch.logsumexp(scores, -1, keepdim=True))
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weights @ value, weights


class Attend(torch.nn.Module):
    """A module with a buffer, called as a function."""

    def __init__(self):
        super().__init__()
        self.register_buffer("fill", torch.tensor(-math.inf))

    def forward(self, query, key, value, mask=None, *, dropout=0.0):
        scores = query.matmul(key.movedim(-1, -2)) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = torch.where(mask, scores, self.fill.to(scores.dtype))
            scores = torch.where(mask.any(dim=-1, keepdim=True), scores, 0)
        weights = F.dropout(scores.softmax(dim=-1), dropout)
        if mask is not None:
            weights = torch.where(mask, weights, 0)
        return weights.matmul(value), weights


scaled_dot_product_attention__module = Attend()


def keeps_its_name(function):
    """A decorator of the learner's."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@keeps_its_name
def scaled_dot_product_attention__decorated(query, key, value, mask=None):
    return scaled_dot_product_attention__plain(query, key, value, mask)


# --- self_attention and cross_attention


def self_attention__plain(x, W_query, W_key, W_value, mask=None):
    return scaled_dot_product_attention__plain(x @ W_query, x @ W_key, x @ W_value, mask)


def self_attention__one_product(x, W_query, W_key, W_value, mask=None):
    widths = [W.shape[1] for W in (W_query, W_key, W_value)]
    query, key, value = (x @ torch.cat([W_query, W_key, W_value], dim=1)).split(widths, dim=-1)
    return scaled_dot_product_attention__einsum(query, key, value, mask)


def self_attention__linear(x, W_query, W_key, W_value, mask=None):
    query, key, value = (F.linear(x, W.T) for W in (W_query, W_key, W_value))
    return scaled_dot_product_attention__exp_by_hand(query, key, value, mask)


def self_attention__scaled_matrix(x, W_query, W_key, W_value, mask=None):
    """The scale in the matrix, and the two matrices of the scores multiplied first."""
    scores = x @ (W_query @ W_key.mT / math.sqrt(W_key.shape[1])) @ x.mT
    if mask is not None:
        seen = mask.any(-1, keepdim=True)
        scores = torch.where(mask, scores, -math.inf)
        scores = torch.where(seen, scores, 0.0)
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights * mask.to(weights.dtype)
    return weights @ x @ W_value, weights


def self_attention__einsum(x, W_query, W_key, W_value, mask=None):
    query, key, value = (torch.einsum("...td,dk->...tk", x, W) for W in (W_query, W_key, W_value))
    return scaled_dot_product_attention__nan_to_num(query, key, value, mask)


def self_attention__loops(x, W_query, W_key, W_value, mask=None):
    return scaled_dot_product_attention__loops(x @ W_query, x @ W_key, x @ W_value, mask)


def self_attention__float64_inside(x, W_query, W_key, W_value, mask=None):
    wide = [t.double() for t in (x, W_query, W_key, W_value)]
    context, weights = self_attention__plain(*wide, mask)
    return [context.to(x.dtype), weights.to(x.dtype)]


def cross_attention__plain(x, memory, W_query, W_key, W_value, mask=None):
    return scaled_dot_product_attention__plain(x @ W_query, memory @ W_key, memory @ W_value, mask)


def cross_attention__keys_and_values_together(x, memory, W_query, W_key, W_value, mask=None):
    key, value = (memory @ torch.cat([W_key, W_value], dim=1)).split([W_key.shape[1], W_value.shape[1]], dim=-1)
    return scaled_dot_product_attention__einsum(x @ W_query, key, value, mask)


def cross_attention__linear(x, memory, W_query, W_key, W_value, mask=None):
    query, key, value = F.linear(x, W_query.T), F.linear(memory, W_key.T), F.linear(memory, W_value.T)
    return Attention(*scaled_dot_product_attention__exp_by_hand(query, key, value, mask))


def cross_attention__einsum(x, memory, W_query, W_key, W_value, mask=None):
    scores = torch.einsum("...qa,ad,...kb,bd->...qk", x, W_query, memory, W_key) / math.sqrt(W_key.shape[1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return torch.einsum("...qk,...kb,bv->...qv", weights, memory, W_value), weights


def cross_attention__loops(x, memory, W_query, W_key, W_value, mask=None):
    return scaled_dot_product_attention__loops(x @ W_query, memory @ W_key, memory @ W_value, mask)


def cross_attention__float64_inside(x, memory, W_query, W_key, W_value, mask=None):
    wide = [t.to(torch.float64) for t in (x, memory, W_query, W_key, W_value)]
    context, weights = cross_attention__plain(*wide, mask)
    return context.type_as(x), weights.type_as(x)


# --- attention_backward


def attention_backward__plain(grad_context, query, key, value, mask=None):
    _, weights = scaled_dot_product_attention__plain(query, key, value, mask)
    grad_weights = grad_context @ value.mT
    grad_scores = weights * (grad_weights - (weights * grad_weights).sum(-1, keepdim=True)) / math.sqrt(key.shape[-1])
    return grad_scores @ key, grad_scores.mT @ query, weights.mT @ grad_context


@torch.no_grad()
def attention_backward__jacobian(grad_context, query, key, value, mask=None):
    """Builds the Jacobian of the softmax, row by row."""
    _, p = scaled_dot_product_attention__einsum(query, key, value, mask)
    jacobian = torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2)  # (*batch, queries, keys, keys)
    grad_weights = torch.einsum("...qv,...kv->...qk", grad_context, value)
    grad_scores = torch.einsum("...qkj,...qj->...qk", jacobian, grad_weights) / query.shape[-1] ** 0.5
    grad_query = torch.einsum("...qk,...kd->...qd", grad_scores, key)
    grad_key = torch.einsum("...qk,...qd->...kd", grad_scores, query)
    return [grad_query, grad_key, torch.einsum("...qk,...qv->...kv", p, grad_context)]


def attention_backward__from_the_context(grad_context, query, key, value, mask=None):
    """The mean of grad_weights is the row's context times grad_context, as in FlashAttention."""
    context, weights = scaled_dot_product_attention__exp_by_hand(query, key, value, mask)
    delta = (grad_context * context).sum(-1, keepdim=True)
    grad_scores = weights * (grad_context @ value.mT - delta)
    scale = query.shape[-1] ** -0.5
    Gradients = namedtuple("Gradients", "grad_query grad_key grad_value")
    return Gradients(scale * grad_scores @ key, scale * grad_scores.mT @ query, weights.mT @ grad_context)


def attention_backward__loops(grad_context, query, key, value, mask=None):
    """One query after the other, one sum after the other."""
    queries, d_k = query.shape[-2:]
    keys = key.shape[-2]
    _, weights = scaled_dot_product_attention__loops(query, key, value, mask)
    flat = [t.reshape(-1, *t.shape[-2:]) for t in (grad_context, query, key, value, weights)]
    grads = [torch.zeros_like(t) for t in flat[1:4]]
    for b, (g, q, k, v, p) in enumerate(zip(*flat, strict=True)):
        for i in range(queries):
            grad_p = torch.stack([torch.dot(g[i], v[j]) for j in range(keys)])
            mean = torch.dot(p[i], grad_p)
            for j in range(keys):
                grads[2][b, j] += p[i, j] * g[i]
                grad_s = p[i, j] * (grad_p[j] - mean) / math.sqrt(d_k)
                grads[0][b, i] += grad_s * k[j]
                grads[1][b, j] += grad_s * q[i]
    return tuple(g.reshape(t.shape) for g, t in zip(grads, (query, key, value), strict=True))


def attention_backward__float64_inside(grad_context, query, key, value, mask=None):
    wide = [t.double() for t in (grad_context, query, key, value)]
    return tuple(g.to(query.dtype) for g in attention_backward__plain(*wide, mask))


def attention_backward__numpy(grad_context, query, key, value, mask=None):
    """No gradient is asked through the result, so numpy will do, on the CPU."""
    g, q, k, v = (t.detach().cpu().numpy().astype(np.float64) for t in (grad_context, query, key, value))
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    seen = np.ones_like(scores, dtype=bool) if mask is None else np.broadcast_to(mask.cpu().numpy(), scores.shape)
    top = np.where(seen, scores, -np.inf).max(-1, keepdims=True)
    terms = np.exp(np.where(seen, scores - np.where(np.isinf(top), 0, top), -np.inf))
    total = terms.sum(-1, keepdims=True)
    p = terms / np.where(total == 0, 1, total)
    dp = g @ np.swapaxes(v, -1, -2)
    ds = p * (dp - (p * dp).sum(-1, keepdims=True)) / np.sqrt(q.shape[-1])
    grads = ds @ k, np.swapaxes(ds, -1, -2) @ q, np.swapaxes(p, -1, -2) @ g
    return tuple(torch.from_numpy(grad).to(query) for grad in grads)


def attention_backward__vmap(grad_context, query, key, value, mask=None):
    """Written for one item, mapped over the flattened batch."""
    batch = query.shape[:-2]
    shape = (*batch, query.shape[-2], key.shape[-2])
    seen = torch.ones(shape, dtype=torch.bool, device=query.device) if mask is None else mask.expand(shape)
    flat = [t.reshape(-1, *t.shape[-2:]) for t in (grad_context, query, key, value, seen)]
    grads = torch.vmap(attention_backward__plain)(*flat)
    return tuple(g.reshape(*batch, *g.shape[-2:]) for g in grads)


def attention_backward__in_place_on_its_own(grad_context, query, key, value, mask=None):
    _, weights = scaled_dot_product_attention__fill_1e4(query, key, value, mask)
    grad_scores = grad_context @ value.mT
    grad_scores -= (weights * grad_scores).sum(-1, keepdim=True)
    grad_scores *= weights
    grad_scores /= math.sqrt(query.shape[-1])
    return grad_scores @ key, grad_scores.mT @ query, weights.mT @ grad_context
