"""Wrong answers to `AdditiveAttention`. A wrong name or shape of a parameter needs no entry: the check says so itself."""

import math

import torch
from torch import nn

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
ID = "AdditiveAttention"
SCORES, SOFTMAX, ATTEND = "additive-scores", "additive-softmax", "additive-attend"


class Right(nn.Module):
    """The constructor, and the right parts from which the wrong answers are made."""

    def __init__(self, d_query, d_key, d_attn):
        super().__init__()
        self.W_query = nn.Parameter(torch.randn(d_query, d_attn) / d_query**0.5)
        self.W_key = nn.Parameter(torch.randn(d_key, d_attn) / d_key**0.5)
        self.v = nn.Parameter(torch.randn(d_attn) / d_attn**0.5)

    def projected(self, query, key):
        return (query @ self.W_query).unsqueeze(-2), (key @ self.W_key).unsqueeze(-3)

    def scores(self, query, key):
        q, k = self.projected(query, key)
        return torch.tanh(q + k) @ self.v

    def weights(self, scores, mask):
        if mask is None:
            return torch.softmax(scores, dim=-1)
        scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0)
        return torch.softmax(scores, dim=-1).masked_fill(~mask, 0)

    def mean(self, weights, value):
        return weights @ value, weights

    def forward(self, query, key, value, mask=None):
        return self.mean(self.weights(self.scores(query, key), mask), value)


@mistakes.add(
    ID,
    "tanh-before-sum",
    "The query drops out of your weights. Either its projection is missing, or you take the tanh of each projection and "
    "add afterwards: then it adds the same number to every score of its row, which the softmax takes away. Add first.",
    SCORES,
)
class TanhBeforeSum(Right):
    def scores(self, query, key):
        q, k = self.projected(query, key)
        return (torch.tanh(q) + torch.tanh(k)) @ self.v


@mistakes.add(
    ID,
    "no-tanh",
    "There is no tanh around the sum of the projections: the query then adds the same number to every score of its row, "
    "which the softmax takes away.",
    SCORES,
)
class WithoutTanh(Right):
    def scores(self, query, key):
        q, k = self.projected(query, key)
        return (q + k) @ self.v


@mistakes.add(
    ID,
    "tanh-after-v",
    "Your tanh comes after the product with v. It belongs inside: tanh(query W_query + key W_key) @ v.",
    SCORES,
)
class TanhAfterV(Right):
    def scores(self, query, key):
        q, k = self.projected(query, key)
        return torch.tanh((q + k) @ self.v)


@mistakes.add(ID, "no-v", "You add up the hidden units. v says how much each of them counts: tanh(…) @ v.", SCORES)
class WithoutV(Right):
    def scores(self, query, key):
        q, k = self.projected(query, key)
        return torch.tanh(q + k).sum(dim=-1)


@mistakes.add(
    ID,
    "dot-product",
    "You take the dot product of the projections. Additive scores add them, take the tanh and multiply by v.",
    SCORES,
)
class DotProduct(Right):
    def scores(self, query, key):
        return (query @ self.W_query) @ (key @ self.W_key).transpose(-2, -1)


@mistakes.add(ID, "product", "You multiply the two projections. Additive scores add them.", SCORES)
class Product(Right):
    def scores(self, query, key):
        q, k = self.projected(query, key)
        return torch.tanh(q * k) @ self.v


@mistakes.add(
    ID, "scaled", "You divide by √d_attn. Additive scores have no scale: the tanh keeps them in bounds.", SCORES
)
class Scaled(Right):
    def scores(self, query, key):
        return super().scores(query, key) / math.sqrt(len(self.v))


@mistakes.add(
    ID,
    "own-weights",
    "You compute with parameters that you make in forward, not with self.W_query, self.W_key and self.v: nothing could "
    "be learned.",
    SCORES,
)
class OwnWeights(Right):
    def scores(self, query, key):
        def ones(*shape):
            return query.new_ones(*shape)

        q = query @ ones(*self.W_query.shape)
        k = key @ ones(*self.W_key.shape)
        return torch.tanh(q.unsqueeze(-2) + k.unsqueeze(-3)) @ ones(*self.v.shape)


@mistakes.add(
    ID,
    "compares-values",
    "You compare the queries with the values, where their width allows it. Keys are compared, values are averaged.",
    ATTEND,
)
class ComparesValues(Right):
    def forward(self, query, key, value, mask=None):
        return super().forward(query, value if value.shape == key.shape else key, value, mask)


@mistakes.add(
    ID,
    "averages-keys",
    "You average the keys. Keys are compared, values are averaged: weights @ value.",
    ATTEND,
)
class AveragesKeys(Right):
    def forward(self, query, key, value, mask=None):
        return super().forward(query, key, key, mask)


@mistakes.add(
    ID,
    "exchanged-weights",
    "Where the widths allow it you multiply the query by W_key and the key by W_query.",
    SCORES,
)
class ExchangedWeights(Right):
    def scores(self, query, key):
        if query.shape[-1] != key.shape[-1]:
            return super().scores(query, key)
        return torch.tanh((query @ self.W_key).unsqueeze(-2) + (key @ self.W_query).unsqueeze(-3)) @ self.v


@mistakes.add(ID, "swapped-pair", "You return (weights, context). Asked is (context, weights).", ATTEND)
class SwappedPair(Right):
    def forward(self, query, key, value, mask=None):
        return super().forward(query, key, value, mask)[::-1]


@mistakes.add(
    ID,
    "scores-for-weights",
    "You return the scores in place of the weights. The weights are what the softmax gives.",
    ATTEND,
)
class ScoresForWeights(Right):
    def forward(self, query, key, value, mask=None):
        context, _ = super().forward(query, key, value, mask)
        return context, self.scores(query, key)


@mistakes.add(
    ID,
    "fixed-axes",
    "unsqueeze(2) and unsqueeze(1) are right with one batch axis only. Count from the end: unsqueeze(-2), unsqueeze(-3).",
    SCORES,
)
class FixedAxes(Right):
    def projected(self, query, key):
        return (query @ self.W_query).unsqueeze(2), (key @ self.W_key).unsqueeze(1)


@mistakes.add(
    ID,
    "softmax-over-queries",
    "Your softmax runs over the queries: columns sum to 1. Each query shares out its weight over the keys, dim=-1.",
    SOFTMAX,
)
class OverQueries(Right):
    def weights(self, scores, mask):
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        return torch.nan_to_num(torch.softmax(scores, dim=-2))


@mistakes.add(ID, "ignores-mask", "You never use the mask: hidden keys still get weight.", SOFTMAX)
class IgnoresMask(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores, dim=-1)


@mistakes.add(
    ID,
    "inverted-mask",
    "You hide what is visible. In this course True means: may attend. So fill where ~mask is True.",
    SOFTMAX,
)
class InvertedMask(Right):
    def weights(self, scores, mask):
        return super().weights(scores, None if mask is None else ~mask)


@mistakes.add(
    ID,
    "mask-after-softmax",
    "You hide keys after the softmax: what is left of a row no longer sums to 1. Hide the scores before it.",
    SOFTMAX,
)
class MaskAfterSoftmax(Right):
    def weights(self, scores, mask):
        weights = torch.softmax(scores, dim=-1)
        return weights if mask is None else weights.masked_fill(~mask, 0)


@mistakes.add(
    ID,
    "hides-inside-the-tanh",
    "You hide the projected keys, before the tanh: a hidden key still has the score v · tanh(query W_query). Hide the "
    "scores.",
    SOFTMAX,
)
class HidesInsideTheTanh(Right):
    def forward(self, query, key, value, mask=None):
        if mask is None:
            return super().forward(query, key, value)
        q, k = self.projected(query, key)
        scores = torch.tanh(q + k * mask.unsqueeze(-1)) @ self.v
        return self.mean(torch.softmax(scores, dim=-1), value)


@mistakes.add(
    ID,
    "nan-rows",
    "A query that may see nothing gets NaN: the softmax of a row of −inf is 0 / 0. Its context and weights must be 0.",
    SOFTMAX,
)
class NanRows(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores if mask is None else scores.masked_fill(~mask, -math.inf), dim=-1)


@mistakes.add(
    ID,
    "uniform-rows",
    "A query that may see nothing gets the mean of all values: a row filled with one large negative number has a "
    "uniform softmax. Its context and weights must be 0.",
    SOFTMAX,
)
class UniformRows(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores if mask is None else scores.masked_fill(~mask, -1e9), dim=-1)


@mistakes.add(
    ID,
    "nan-gradients",
    "Your results are right, but where a query may see nothing the gradient is NaN: adding −inf and replacing the NaN "
    "afterwards repairs the forward pass alone.",
    SOFTMAX,
)
class NanGradients(Right):
    def weights(self, scores, mask):
        if mask is not None:
            scores = scores + torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, -math.inf)
        return torch.nan_to_num(torch.softmax(scores, dim=-1))


@mistakes.add(
    ID,
    "overflow",
    "exp of a score of 1000 is infinite. Subtract the largest score of each row first: the weights stay the same.",
    SOFTMAX,
)
class Overflow(Right):
    def weights(self, scores, mask):
        terms = torch.exp(scores if mask is None else scores.masked_fill(~mask, -math.inf))
        total = terms.sum(dim=-1, keepdim=True)
        return terms / total.masked_fill(total == 0, 1)


@mistakes.add(ID, "value-detached", "You detach the values: what makes them would never learn.", ATTEND)
class ValueDetached(Right):
    def mean(self, weights, value):
        return weights @ value.detach(), weights


@mistakes.add(
    ID,
    "weights-detached",
    "You detach the weights before you average: W_query, W_key and v would never learn.",
    ATTEND,
)
class WeightsDetached(Right):
    def mean(self, weights, value):
        return weights.detach() @ value, weights


@mistakes.add(
    ID,
    "keeps-keys",
    "You project the keys at the first call and keep them on self: the next call attends to keys of an earlier one. "
    "Project the keys that you are given.",
    SCORES,
)
class KeepsKeys(Right):
    def projected(self, query, key):
        if getattr(self, "kept", None) is None or self.kept.shape[:-1] != key.shape[:-1]:
            self.kept = key @ self.W_key
        return (query @ self.W_query).unsqueeze(-2), self.kept.unsqueeze(-3)


@mistakes.add(
    ID,
    "wrong-device",
    "You make a tensor on the default device: on a GPU it would not meet the inputs. Use new_zeros or device=… .",
    SOFTMAX,
)
class WrongDevice(Right):
    def weights(self, scores, mask):
        if mask is None:
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool)
        return super().weights(scores, mask)


@mistakes.add(
    ID,
    "zero-fill",
    "You set hidden scores to 0 (or multiply them by the mask). exp(0) is 1: hidden keys still get weight. Use −inf.",
    SOFTMAX,
)
class ZeroFill(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores if mask is None else scores * mask, dim=-1)


@mistakes.add(
    ID,
    "counts-hidden-scores",
    "Your exponentials count hidden scores: the largest of all is subtracted, or a softmax over all is divided again. "
    "Where a hidden score is far above the visible ones, these all become 0. Hide first.",
    SOFTMAX,
)
class CountsHiddenScores(Right):
    def weights(self, scores, mask):
        if mask is None:
            return super().weights(scores, mask)
        terms = torch.exp(scores - scores.amax(dim=-1, keepdim=True)) * mask
        total = terms.sum(dim=-1, keepdim=True)
        return terms / total.masked_fill(total == 0, 1)
