"""Wrong answers to `additive_scores`."""

import math

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
ID, SCORES = "additive_scores", "additive-scores"


def pairs(query, key):
    """Every projected query beside every projected key: two tensors that broadcast to (*batch, queries, keys, d)."""
    return query.unsqueeze(-2), key.unsqueeze(-3)


def projected(query, key, W_query, W_key):
    """The projections, one beside the other."""
    return pairs(query @ W_query, key @ W_key)


@mistakes.add(
    ID,
    "tanh-before-sum",
    "You take the tanh of each projection and add afterwards. Then query and key never meet inside the tanh: the score "
    "is one number of the query plus one of the key. Add first.",
    SCORES,
)
def tanh_before_sum(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return (torch.tanh(q) + torch.tanh(k)) @ v


@mistakes.add(
    ID,
    "no-tanh",
    "The tanh is missing: the score is then one number of the query plus one of the key, and the softmax over the keys "
    "forgets the query.",
    SCORES,
)
def without_tanh(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return (q + k) @ v


@mistakes.add(ID, "tanh-after-v", "Your tanh comes after the product with v. It belongs inside: v · tanh(…).", SCORES)
def tanh_after_v(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh((q + k) @ v)


@mistakes.add(ID, "sigmoid", "You use the sigmoid. The equation has a tanh.", SCORES)
def sigmoid(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.sigmoid(q + k) @ v


@mistakes.add(ID, "relu", "You use relu. The equation has a tanh.", SCORES)
def relu(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.relu(q + k) @ v


@mistakes.add(ID, "product", "You multiply the two projections. Additive scores add them.", SCORES)
def product(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q * k) @ v


@mistakes.add(
    ID,
    "dot-product",
    "You take the dot product of the projections. Additive scores add them, take the tanh and multiply by v.",
    SCORES,
)
def dot_product(query, key, W_query, W_key, v):
    return (query @ W_query) @ (key @ W_key).transpose(-2, -1)


@mistakes.add(ID, "difference", "You subtract the projected key. Additive scores add it.", SCORES)
def difference(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q - k) @ v


@mistakes.add(ID, "no-query", "Your scores do not depend on the query: its projection is missing in the sum.", SCORES)
def without_query(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(0 * q + k) @ v


@mistakes.add(ID, "no-key", "Your scores do not depend on the key: its projection is missing in the sum.", SCORES)
def without_key(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q + 0 * k) @ v


@mistakes.add(
    ID,
    "no-v",
    "You add up the hidden units. v says how much each of them counts, and with which sign: tanh(…) @ v.",
    SCORES,
)
def without_v(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q + k).sum(dim=-1)


@mistakes.add(
    ID, "scaled", "You divide by √d_attn. Additive scores have no scale: the tanh keeps them in bounds.", SCORES
)
def scaled(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q + k) @ v / math.sqrt(len(v))


@mistakes.add(ID, "mean", "You take the mean over the hidden units. The product with v is their sum: @ v.", SCORES)
def mean(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return (torch.tanh(q + k) * v).mean(dim=-1)


@mistakes.add(
    ID,
    "unit-v",
    "You divide v by its length. That is a variant of the score (weight normalisation), not the one that is asked.",
    SCORES,
)
def unit_v(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q + k) @ (v / v.norm())


@mistakes.add(
    ID,
    "keys-by-queries",
    "Your scores are (keys, queries). Rows are queries, columns are keys.",
    SCORES,
)
def keys_by_queries(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return (torch.tanh(q + k) @ v).transpose(-2, -1)


@mistakes.add(
    ID,
    "exchanged-weights",
    "Where the widths allow it you multiply the query by W_key and the key by W_query.",
    SCORES,
)
def exchanged_weights(query, key, W_query, W_key, v):
    if W_query.shape == W_key.shape:
        W_query, W_key = W_key, W_query
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q + k) @ v


@mistakes.add(
    ID,
    "transposed-weights",
    "You multiply by the transposed matrices where their shapes allow it. Here they are (d_in, d_attn): query @ W_query.",
    SCORES,
)
def transposed_weights(query, key, W_query, W_key, v):
    W_query, W_key = (W.T if W.shape[0] == W.shape[1] else W for W in (W_query, W_key))
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q + k) @ v


@mistakes.add(
    ID,
    "softmax",
    "You return weights. Scores are asked: the softmax comes later.",
    SCORES,
)
def softmax(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.softmax(torch.tanh(q + k) @ v, dim=-1)


@mistakes.add(
    ID,
    "axis-left-over",
    "Your scores have an axis of size 1 at their end. v is a vector: tanh(…) @ v has none, and squeeze(-1) removes it.",
    SCORES,
)
def axis_left_over(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q + k) @ v.unsqueeze(-1)


@mistakes.add(
    ID,
    "fixed-axes",
    "unsqueeze(2) and unsqueeze(1) are right with one batch axis only. Count from the end: unsqueeze(-2), unsqueeze(-3).",
    SCORES,
)
def fixed_axes(query, key, W_query, W_key, v):
    return torch.tanh((query @ W_query).unsqueeze(2) + (key @ W_key).unsqueeze(1)) @ v


@mistakes.add(
    ID,
    "no-pairs",
    "You add query i to key i: that works where there are as many of both, and compares no other pair. Every query "
    "meets every key: give each an axis of size 1.",
    SCORES,
)
def without_pairs(query, key, W_query, W_key, v):
    return torch.tanh(query @ W_query + key @ W_key) @ v


@mistakes.add(
    ID,
    "mixes-batch",
    "Your batch items mix: queries meet the keys of other items. Keep the batch axes apart.",
    SCORES,
)
def mixes_batch(query, key, W_query, W_key, v):
    if key.ndim > 2:
        key = key.roll(1, dims=0)
    q, k = projected(query, key, W_query, W_key)
    return torch.tanh(q + k) @ v


@mistakes.add(
    ID,
    "overflow",
    "You write the tanh with exp, which is infinite for a sum of 1000: inf / inf is NaN. Use torch.tanh.",
    SCORES,
)
def overflow(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    up, down = torch.exp(q + k), torch.exp(-q - k)
    return ((up - down) / (up + down)) @ v


@mistakes.add(ID, "key-detached", "You detach the keys: what makes them would never learn.", SCORES)
def key_detached(query, key, W_query, W_key, v):
    q, k = projected(query, key.detach(), W_query, W_key)
    return torch.tanh(q + k) @ v


@mistakes.add(
    ID, "parameters-detached", "You detach the parameters (.data does so too): they would never learn.", SCORES
)
def parameters_detached(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query.data, W_key.data)
    return torch.tanh(q + k) @ v.data


@mistakes.add(
    ID,
    "wrong-device",
    "You make a tensor on the default device: on a GPU it would not meet the inputs. Use new_zeros or device=… .",
    SCORES,
)
def wrong_device(query, key, W_query, W_key, v):
    q, k = projected(query, key, W_query, W_key)
    sums = torch.zeros(*q.shape[:-2], k.shape[-2], k.shape[-1], dtype=query.dtype)
    return torch.tanh(sums + q + k) @ v
