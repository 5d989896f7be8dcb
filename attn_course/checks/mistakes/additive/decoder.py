"""Wrong answers to `AttentionDecoder`. A wrong name or shape of a parameter needs no entry: the check says so itself."""

import math

import torch
from torch import nn

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
ID = "AttentionDecoder"
SCORES, SOFTMAX, DECODER = "additive-scores", "additive-softmax", "additive-decoder"


class Right(nn.Module):
    """The constructor, and the right parts from which the wrong answers are made."""

    def __init__(self, vocab, d_embed, d_hidden, d_memory, d_attn):
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.W_query = nn.Parameter(torch.randn(d_hidden, d_attn) / d_hidden**0.5)
        self.W_key = nn.Parameter(torch.randn(d_memory, d_attn) / d_memory**0.5)
        self.v = nn.Parameter(torch.randn(d_attn) / d_attn**0.5)
        self.rnn = nn.GRUCell(d_embed + d_memory, d_hidden)
        self.output = nn.Linear(d_embed + d_hidden + d_memory, vocab)

    def scores(self, hidden, memory):
        query = (hidden @ self.W_query).unsqueeze(1)  # (batch, 1, d_attn)
        return torch.tanh(query + memory @ self.W_key) @ self.v  # (batch, source)

    def softmax(self, scores, mask):
        scores = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0)
        return torch.softmax(scores, dim=-1).masked_fill(~mask, 0)

    def mean(self, weights, memory):
        return torch.einsum("bs,bsd->bd", weights, memory)

    def attend(self, hidden, memory, mask):
        weights = self.softmax(self.scores(hidden, memory), mask)
        return self.mean(weights, memory), weights

    def advance(self, embedded, context, hidden):
        return self.rnn(torch.cat([embedded, context], dim=-1), hidden)

    def predict(self, embedded, hidden, context):
        return self.output(torch.cat([embedded, hidden, context], dim=-1))

    def step(self, token, hidden, memory, mask):
        embedded = self.embed(token)
        context, weights = self.attend(hidden, memory, mask)
        hidden = self.advance(embedded, context, hidden)
        return self.predict(embedded, hidden, context), hidden, weights


@mistakes.add(
    ID,
    "attends-with-the-new-state",
    "You attend again with the state after the GRU, and predict from that context. That is Luong's order (chapter 03). "
    "Here there is one look, with the state before the step.",
    DECODER,
)
class AttendsWithTheNewState(Right):
    def step(self, token, hidden, memory, mask):
        embedded = self.embed(token)
        context, _ = self.attend(hidden, memory, mask)
        hidden = self.advance(embedded, context, hidden)
        context, weights = self.attend(hidden, memory, mask)
        return self.predict(embedded, hidden, context), hidden, weights


@mistakes.add(
    ID,
    "gru-before-attention",
    "You run the GRU first, with no context in its input, and attend with the state that it gives. Attend first, with "
    "the state before the step.",
    DECODER,
)
class GruBeforeAttention(Right):
    def step(self, token, hidden, memory, mask):
        embedded = self.embed(token)
        hidden = self.advance(embedded, memory.new_zeros(len(memory), memory.shape[-1]), hidden)
        context, weights = self.attend(hidden, memory, mask)
        return self.predict(embedded, hidden, context), hidden, weights


@mistakes.add(
    ID,
    "new-weights-returned",
    "You return weights that are computed with the new state. Return those under which the context was taken.",
    DECODER,
)
class NewWeightsReturned(Right):
    def step(self, token, hidden, memory, mask):
        logits, hidden, _ = super().step(token, hidden, memory, mask)
        return logits, hidden, self.attend(hidden, memory, mask)[1]


@mistakes.add(
    ID,
    "no-context-in-the-output",
    "Your logits do not depend on the context directly: the output layer takes the embedded token, the new state and "
    "the context.",
    DECODER,
)
class NoContextInTheOutput(Right):
    def predict(self, embedded, hidden, context):
        return super().predict(embedded, hidden, torch.zeros_like(context))


@mistakes.add(
    ID,
    "no-context-in-the-gru",
    "Your GRU does not read the context: its input is the embedded token and the context.",
    DECODER,
)
class NoContextInTheGru(Right):
    def advance(self, embedded, context, hidden):
        return super().advance(embedded, torch.zeros_like(context), hidden)


@mistakes.add(
    ID,
    "no-token-in-the-output",
    "Your logits do not depend on the embedded token directly: the output layer takes it, the new state and the context.",
    DECODER,
)
class NoTokenInTheOutput(Right):
    def predict(self, embedded, hidden, context):
        return super().predict(torch.zeros_like(embedded), hidden, context)


@mistakes.add(
    ID,
    "gru-order",
    "You put the context before the embedded token. The columns of the GRU's weights are for [embedded; context].",
    DECODER,
)
class GruOrder(Right):
    def advance(self, embedded, context, hidden):
        return self.rnn(torch.cat([context, embedded], dim=-1), hidden)


@mistakes.add(
    ID,
    "output-order",
    "You put the parts of the output layer's input in another order. It is [embedded; new hidden; context].",
    DECODER,
)
class OutputOrder(Right):
    def predict(self, embedded, hidden, context):
        return self.output(torch.cat([hidden, context, embedded], dim=-1))


@mistakes.add(
    ID,
    "output-order-context-first",
    "You put the context before the new state in the output layer's input. It is [embedded; new hidden; context].",
    DECODER,
)
class ContextFirst(Right):
    def predict(self, embedded, hidden, context):
        return self.output(torch.cat([embedded, context, hidden], dim=-1))


@mistakes.add(
    ID,
    "predicts-from-the-old-state",
    "You predict from the state before the step. The logits come from the new one.",
    DECODER,
)
class PredictsFromTheOldState(Right):
    def step(self, token, hidden, memory, mask):
        embedded = self.embed(token)
        context, weights = self.attend(hidden, memory, mask)
        return self.predict(embedded, hidden, context), self.advance(embedded, context, hidden), weights


@mistakes.add(
    ID,
    "returns-the-old-state",
    "You return the state that you were given. The next step needs the new one.",
    DECODER,
)
class ReturnsTheOldState(Right):
    def step(self, token, hidden, memory, mask):
        logits, _, weights = super().step(token, hidden, memory, mask)
        return logits, hidden, weights


@mistakes.add(
    ID,
    "starts-from-zeros",
    "Your GRU starts from zeros at every step: give it the state as its second argument.",
    DECODER,
)
class StartsFromZeros(Right):
    def advance(self, embedded, context, hidden):
        return self.rnn(torch.cat([embedded, context], dim=-1))


@mistakes.add(
    ID,
    "mean-of-the-memory",
    "Your context is the plain mean of the annotations: the weights take no part in it.",
    DECODER,
)
class MeanOfTheMemory(Right):
    def mean(self, weights, memory):
        return memory.mean(dim=1)


@mistakes.add(
    ID,
    "hard-choice",
    "Your context is the annotation with the largest weight alone. It is the mean of all, under the weights.",
    DECODER,
)
class HardChoice(Right):
    def mean(self, weights, memory):
        return memory[torch.arange(len(memory), device=memory.device), weights.argmax(dim=1)]


@mistakes.add(
    ID,
    "tanh-before-sum",
    "The state drops out of your weights. Either its projection is missing, or you take the tanh of each projection and "
    "add afterwards: then it adds the same number to every score, which the softmax takes away. Add first.",
    SCORES,
)
class TanhBeforeSum(Right):
    def scores(self, hidden, memory):
        query = (hidden @ self.W_query).unsqueeze(1)
        return (torch.tanh(query) + torch.tanh(memory @ self.W_key)) @ self.v


@mistakes.add(
    ID,
    "no-tanh",
    "There is no tanh around the sum of the projections: the state then adds the same number to every score, which the "
    "softmax takes away.",
    SCORES,
)
class WithoutTanh(Right):
    def scores(self, hidden, memory):
        return ((hidden @ self.W_query).unsqueeze(1) + memory @ self.W_key) @ self.v


@mistakes.add(ID, "no-v", "You add up the hidden units. v says how much each of them counts: tanh(…) @ v.", SCORES)
class WithoutV(Right):
    def scores(self, hidden, memory):
        return torch.tanh((hidden @ self.W_query).unsqueeze(1) + memory @ self.W_key).sum(dim=-1)


@mistakes.add(
    ID,
    "softmax-over-the-batch",
    "Your softmax runs over the batch: each sentence shares out its weight over its own source, dim=-1.",
    SOFTMAX,
)
class SoftmaxOverTheBatch(Right):
    def softmax(self, scores, mask):
        return torch.nan_to_num(torch.softmax(scores.masked_fill(~mask, -math.inf), dim=0))


@mistakes.add(ID, "ignores-mask", "You never use the mask: padding still gets weight.", SOFTMAX)
class IgnoresMask(Right):
    def softmax(self, scores, mask):
        return torch.softmax(scores, dim=-1)


@mistakes.add(
    ID,
    "inverted-mask",
    "You hide the source and look at the padding. True means: may attend. So fill where ~mask is True.",
    SOFTMAX,
)
class InvertedMask(Right):
    def softmax(self, scores, mask):
        return super().softmax(scores, ~mask)


@mistakes.add(
    ID,
    "mask-after-softmax",
    "You hide the padding after the softmax: what is left of a row no longer sums to 1. Hide the scores before it.",
    SOFTMAX,
)
class MaskAfterSoftmax(Right):
    def softmax(self, scores, mask):
        return torch.softmax(scores, dim=-1).masked_fill(~mask, 0)


@mistakes.add(
    ID,
    "zeroed-memory",
    "You set the annotations of the padding to 0 and give them weight all the same. Hide their scores.",
    SOFTMAX,
)
class ZeroedMemory(Right):
    def attend(self, hidden, memory, mask):
        memory = memory.masked_fill(~mask.unsqueeze(-1), 0)
        weights = torch.softmax(self.scores(hidden, memory), dim=-1)
        return self.mean(weights, memory), weights


@mistakes.add(
    ID,
    "nan-rows",
    "Where the whole source is hidden the weights are NaN: the softmax of a row of −inf is 0 / 0. They must be 0.",
    SOFTMAX,
)
class NanRows(Right):
    def softmax(self, scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)


@mistakes.add(
    ID,
    "uniform-rows",
    "Where the whole source is hidden the weights are uniform: a row filled with one large negative number has equal "
    "weights. They must be 0.",
    SOFTMAX,
)
class UniformRows(Right):
    def softmax(self, scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -1e9), dim=-1)


@mistakes.add(
    ID,
    "nan-gradients",
    "Your results are right, but where the whole source is hidden the gradient is NaN: adding −inf and replacing the NaN "
    "afterwards repairs the forward pass alone.",
    SOFTMAX,
)
class NanGradients(Right):
    def softmax(self, scores, mask):
        hide = torch.zeros_like(scores).masked_fill(~mask, -math.inf)
        return torch.nan_to_num(torch.softmax(scores + hide, dim=-1))


@mistakes.add(ID, "softmax", "You return probabilities. Logits are asked: leave out the softmax.", DECODER)
class Probabilities(Right):
    def predict(self, embedded, hidden, context):
        return super().predict(embedded, hidden, context).softmax(dim=-1)


@mistakes.add(ID, "log-softmax", "You return log-probabilities. Logits are asked: leave out the log_softmax.", DECODER)
class LogProbabilities(Right):
    def predict(self, embedded, hidden, context):
        return super().predict(embedded, hidden, context).log_softmax(dim=-1)


@mistakes.add(
    ID,
    "weights-with-a-query-axis",
    "Your weights are (batch, 1, source). There is one query for each sentence: squeeze its axis away.",
    DECODER,
)
class WeightsWithAQueryAxis(Right):
    def step(self, token, hidden, memory, mask):
        logits, hidden, weights = super().step(token, hidden, memory, mask)
        return logits, hidden, weights.unsqueeze(1)


@mistakes.add(
    ID,
    "triple-in-another-order",
    "You return (hidden, logits, weights). Asked is (logits, hidden, weights).",
    DECODER,
)
class TripleInAnotherOrder(Right):
    def step(self, token, hidden, memory, mask):
        logits, hidden, weights = super().step(token, hidden, memory, mask)
        return hidden, logits, weights


@mistakes.add(
    ID,
    "context-detached",
    "You detach the context: attention and encoder would never learn.",
    DECODER,
)
class ContextDetached(Right):
    def mean(self, weights, memory):
        return super().mean(weights, memory).detach()


@mistakes.add(
    ID,
    "weights-detached",
    "You detach the weights before you average: W_query, W_key and v would never learn where to look.",
    DECODER,
)
class WeightsDetached(Right):
    def mean(self, weights, memory):
        return super().mean(weights.detach(), memory)


@mistakes.add(
    ID,
    "state-detached",
    "You detach the state: what an earlier step did would never be learned from.",
    DECODER,
)
class StateDetached(Right):
    def step(self, token, hidden, memory, mask):
        return super().step(token, hidden.detach(), memory, mask)


@mistakes.add(
    ID,
    "keeps-keys",
    "You project the memory at the first call and keep it on self: the next sentences are read with the keys of the "
    "first. Project the memory that you are given.",
    DECODER,
)
class KeepsKeys(Right):
    def scores(self, hidden, memory):
        if getattr(self, "kept", None) is None or self.kept.shape[:2] != memory.shape[:2]:
            self.kept = memory @ self.W_key
        return torch.tanh((hidden @ self.W_query).unsqueeze(1) + self.kept) @ self.v


@mistakes.add(
    ID,
    "wrong-device",
    "You make a tensor on the default device: on a GPU it would not meet the inputs. Use zeros_like, new_zeros or "
    "device=… .",
    DECODER,
)
class WrongDevice(Right):
    def mean(self, weights, memory):
        context = torch.zeros(memory.shape[0], memory.shape[2], dtype=memory.dtype)
        for j in range(memory.shape[1]):
            context = context + weights[:, j : j + 1] * memory[:, j]
        return context


@mistakes.add(
    ID,
    "zero-fill",
    "You set the scores of the padding to 0 (or multiply them by the mask). exp(0) is 1: it still gets weight. Use −inf.",
    SOFTMAX,
)
class ZeroFill(Right):
    def softmax(self, scores, mask):
        return torch.softmax(scores * mask, dim=-1)


@mistakes.add(
    ID,
    "counts-hidden-scores",
    "Your exponentials count hidden scores: the largest of all is subtracted, or a softmax over all is divided again. "
    "Where a hidden score is far above the visible ones, these all become 0. Hide first.",
    SOFTMAX,
)
class CountsHiddenScores(Right):
    def softmax(self, scores, mask):
        terms = torch.exp(scores - scores.amax(dim=-1, keepdim=True)) * mask
        total = terms.sum(dim=-1, keepdim=True)
        return terms / total.masked_fill(total == 0, 1)


@mistakes.add(
    ID,
    "output-order-state-first",
    "You put the new state before the embedded token in the output layer's input. It is [embedded; new hidden; context].",
    DECODER,
)
class StateFirst(Right):
    def predict(self, embedded, hidden, context):
        return self.output(torch.cat([hidden, embedded, context], dim=-1))


@mistakes.add(
    ID,
    "scaled",
    "You divide by √d_attn. Additive scores have no scale: the tanh keeps them in bounds.",
    SCORES,
)
class Scaled(Right):
    def scores(self, hidden, memory):
        return super().scores(hidden, memory) / math.sqrt(len(self.v))
