"""Wrong answers to `LuongDecoder`."""

import math

import torch
from torch import nn

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
SCORES, DECODER, FEEDING = "multiplicative-scores", "multiplicative-decoder", "multiplicative-feeding"


class Right(nn.Module):
    """The constructor, and the right parts from which the wrong answers are made."""

    def __init__(self, vocab, d_embed, d_hidden, d_memory):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.rnn = nn.GRUCell(d_embed + d_hidden, d_hidden)
        self.W_score = nn.Parameter(torch.zeros(d_hidden, d_memory))
        self.W_attentional = nn.Parameter(torch.zeros(d_memory + d_hidden, d_hidden))
        self.output = nn.Linear(d_hidden, vocab)

    def read(self, embedded, attentional):
        return torch.cat((embedded, attentional), dim=-1)

    def query(self, before, after):
        return after

    def scores(self, query, memory):
        return torch.einsum("bh,hm,bsm->bs", query, self.W_score, memory)

    def weights(self, scores, mask):
        filled = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)
        return torch.softmax(filled, dim=-1).masked_fill(~mask, 0.0)

    def context(self, weights, memory):
        return torch.einsum("bs,bsm->bm", weights, memory)

    def vector(self, context, hidden):
        return torch.tanh(torch.cat((context, hidden), dim=-1) @ self.W_attentional)

    def logits(self, attentional, context, hidden):
        return self.output(attentional)

    def results(self, logits, hidden, attentional, weights):
        return logits, hidden, attentional, weights

    def step(self, token, hidden, attentional, memory, mask):
        before = hidden
        hidden = self.rnn(self.read(self.embed(token), attentional), before)
        weights = self.weights(self.scores(self.query(before, hidden), memory), mask)
        context = self.context(weights, memory)
        attentional = self.vector(context, hidden)
        return self.results(self.logits(attentional, context, hidden), hidden, attentional, weights)


@mistakes.add(
    "LuongDecoder",
    "attends-with-the-state-before",
    "You look with the state before the step, as Bahdanau does. Luong's decoder takes its recurrent step first and looks "
    "with the new state.",
    DECODER,
)
class AttendsBefore(Right):
    def query(self, before, after):
        return before


@mistakes.add(
    "LuongDecoder",
    "no-input-feeding",
    "The recurrence does not read the last attentional vector: you give it zeros. That is the decoder "
    "without input feeding.",
    FEEDING,
)
class NoFeeding(Right):
    def read(self, embedded, attentional):
        return torch.cat((embedded, torch.zeros_like(attentional)), dim=-1)


@mistakes.add(
    "LuongDecoder",
    "feeds-the-state",
    "You give the recurrence the last state in place of the last attentional vector. It has its own state already.",
    FEEDING,
)
class FeedsTheState(Right):
    def step(self, token, hidden, attentional, memory, mask):
        return super().step(token, hidden, hidden, memory, mask)


@mistakes.add(
    "LuongDecoder",
    "attentional-first",
    "You put the attentional vector before the embedded token. The order is [embedded; attentional].",
    FEEDING,
)
class AttentionalFirst(Right):
    def read(self, embedded, attentional):
        return torch.cat((attentional, embedded), dim=-1)


@mistakes.add(
    "LuongDecoder",
    "hidden-first",
    "You put the state before the context. The attentional vector is tanh([context; hidden] W_attentional).",
    DECODER,
)
class HiddenFirst(Right):
    def vector(self, context, hidden):
        return torch.tanh(torch.cat((hidden, context), dim=-1) @ self.W_attentional)


@mistakes.add("LuongDecoder", "no-tanh", "The tanh of the attentional vector is missing (equation 5).", DECODER)
class NoTanh(Right):
    def vector(self, context, hidden):
        return torch.cat((context, hidden), dim=-1) @ self.W_attentional


@mistakes.add(
    "LuongDecoder",
    "returns-the-context",
    "You return the context where the attentional vector is asked: the context would be fed to the next step.",
    FEEDING,
)
class ReturnsTheContext(Right):
    def step(self, token, hidden, attentional, memory, mask):
        hidden = self.rnn(self.read(self.embed(token), attentional), hidden)
        weights = self.weights(self.scores(hidden, memory), mask)
        context = self.context(weights, memory)
        return self.output(self.vector(context, hidden)), hidden, context, weights


@mistakes.add(
    "LuongDecoder",
    "returns-the-old-vector",
    "You return the attentional vector that you were given. The new one is asked: the next step reads it.",
    FEEDING,
)
class ReturnsTheOldVector(Right):
    def step(self, token, hidden, attentional, memory, mask):
        logits, hidden, _, weights = super().step(token, hidden, attentional, memory, mask)
        return logits, hidden, attentional, weights


@mistakes.add(
    "LuongDecoder",
    "returns-the-old-state",
    "You return the state that you were given. The new one is asked.",
    DECODER,
)
class ReturnsTheOldState(Right):
    def step(self, token, hidden, attentional, memory, mask):
        logits, _, attentional, weights = super().step(token, hidden, attentional, memory, mask)
        return logits, hidden, attentional, weights


@mistakes.add(
    "LuongDecoder",
    "returns-the-vector-as-state",
    "You return the attentional vector as the state too. The recurrence goes on from its own state; the attentional vector "
    "is its input.",
    FEEDING,
)
class VectorAsState(Right):
    def results(self, logits, hidden, attentional, weights):
        return logits, attentional, attentional, weights


@mistakes.add(
    "LuongDecoder",
    "logits-from-the-state",
    "You make the logits from the recurrent state, which has not seen this step's context. They come from the attentional "
    "vector.",
    DECODER,
)
class LogitsFromTheState(Right):
    def logits(self, attentional, context, hidden):
        return self.output(hidden)


@mistakes.add(
    "LuongDecoder",
    "probabilities",
    "You return probabilities. Logits are asked, before the softmax.",
    DECODER,
)
class Probabilities(Right):
    def logits(self, attentional, context, hidden):
        return torch.softmax(self.output(attentional), dim=-1)


@mistakes.add(
    "LuongDecoder",
    "log-probabilities",
    "You return logarithms of probabilities. Logits are asked, before the softmax.",
    DECODER,
)
class LogProbabilities(Right):
    def logits(self, attentional, context, hidden):
        return torch.log_softmax(self.output(attentional), dim=-1)


@mistakes.add(
    "LuongDecoder",
    "W_score-transposed",
    "You multiply by the transposed W_score. The state stands to its left, the memory to its right.",
    SCORES,
)
class TransposedScore(Right):
    def scores(self, query, memory):
        return torch.einsum("bs,bms->bm", query @ self.W_score.T, memory)


@mistakes.add(
    "LuongDecoder",
    "dot-score",
    "W_score is missing from your scores: this is the dot score.",
    SCORES,
)
class DotScore(Right):
    def scores(self, query, memory):
        return torch.einsum("bs,bms->bm", query, memory)


@mistakes.add(
    "LuongDecoder",
    "scaled",
    "You divide the scores by a square root. Luong's scores have no scale; that comes with chapter 04.",
    SCORES,
)
class Scaled(Right):
    def scores(self, query, memory):
        return super().scores(query, memory) / memory.shape[-1] ** 0.5


@mistakes.add("LuongDecoder", "mask-ignored", "You leave out the mask: padding gets weight.", SCORES)
class MaskIgnored(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores, dim=-1)


@mistakes.add(
    "LuongDecoder", "mask-inverted", "Your mask is the wrong way round: True means that there is a token.", SCORES
)
class MaskInverted(Right):
    def weights(self, scores, mask):
        return super().weights(scores, ~mask)


@mistakes.add(
    "LuongDecoder",
    "mask-after-the-softmax",
    "You multiply by the mask after the softmax. Padding has taken its share then: hide it before.",
    SCORES,
)
class MaskAfterTheSoftmax(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores, dim=-1) * mask


@mistakes.add(
    "LuongDecoder",
    "nan-where-all-is-padding",
    "Where the whole source is padding you take the softmax of −∞ alone, which is NaN. Weights and context are 0 there.",
    SCORES,
)
class NaNWhereAllIsPadding(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)


@mistakes.add(
    "LuongDecoder",
    "uniform-where-all-is-padding",
    "Where the whole source is padding your fills are all equal, and their softmax is uniform. Weights "
    "and context are 0 there.",
    SCORES,
)
class UniformWhereAllIsPadding(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -1e9), dim=-1)


@mistakes.add(
    "LuongDecoder",
    "softmax-over-the-batch",
    "Your softmax runs over the batch. Each sequence's weights sum to 1 over its own source: the last axis.",
    SCORES,
)
class SoftmaxOverTheBatch(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -1e9), dim=0) * mask


@mistakes.add(
    "LuongDecoder",
    "largest-weight-only",
    "You look at the one place with the largest score. The context is the mean of all, by their weights.",
    DECODER,
)
class LargestOnly(Right):
    def context(self, weights, memory):
        return memory[torch.arange(len(memory), device=memory.device), weights.argmax(dim=-1)]


@mistakes.add(
    "LuongDecoder",
    "vector-of-the-old-state",
    "Your attentional vector mixes the context with the state before the step. It takes the new state.",
    DECODER,
)
class VectorOfTheOldState(Right):
    def step(self, token, hidden, attentional, memory, mask):
        new = self.rnn(self.read(self.embed(token), attentional), hidden)
        weights = self.weights(self.scores(new, memory), mask)
        attentional = self.vector(self.context(weights, memory), hidden)
        return self.output(attentional), new, attentional, weights


@mistakes.add(
    "LuongDecoder",
    "state-detached",
    "You cut the new state off from its gradient. Training runs through all steps.",
    DECODER,
)
class StateDetached(Right):
    def results(self, logits, hidden, attentional, weights):
        return logits, hidden.detach(), attentional, weights


@mistakes.add(
    "LuongDecoder",
    "feeding-detached",
    "You cut the attentional vector that you return off from its gradient. Training runs through all steps.",
    FEEDING,
)
class FeedingDetached(Right):
    def results(self, logits, hidden, attentional, weights):
        return logits, hidden, attentional.detach(), weights


@mistakes.add(
    "LuongDecoder",
    "another-order",
    "You return the results in another order. Asked is (logits, hidden, attentional, weights).",
    DECODER,
)
class AnotherOrder(Right):
    def results(self, logits, hidden, attentional, weights):
        return logits, attentional, hidden, weights


@mistakes.add(
    "LuongDecoder",
    "tanh-twice",
    "You apply tanh to the state once more before you look. The recurrence has bounded it already.",
    DECODER,
)
class TanhTwice(Right):
    def query(self, before, after):
        return torch.tanh(after)


@mistakes.add(
    "LuongDecoder",
    "zero-fill",
    "You set the scores of the padding to 0 (or multiply them by the mask). e⁰ is 1, so it still gets weight: use −∞.",
    SCORES,
)
class ZeroFill(Right):
    def weights(self, scores, mask):
        return torch.softmax(scores * mask, dim=-1)


@mistakes.add(
    "LuongDecoder",
    "counts-hidden-scores",
    "Your exponentials count hidden scores: the largest of all is subtracted, or a softmax over all is divided again. "
    "Where a hidden score is far above the visible ones, these all become 0. Hide first.",
    SCORES,
)
class CountsHiddenScores(Right):
    def weights(self, scores, mask):
        terms = torch.exp(scores - scores.amax(dim=-1, keepdim=True)) * mask
        total = terms.sum(dim=-1, keepdim=True)
        return terms / total.masked_fill(total == 0, 1)
