"""What is special about the checks of chapter 02: subtle wrong answers, partial credit, parameters, examples by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attn_course import additive
from attn_course.checks import evaluate
from tests.answers import additive as right

SUBTLE = []


def loses(*aspects, recognised=None):
    """Enter a wrong answer that is in no registry, `<exercise>__<what is wrong>`, with the aspects that it must lose.

    `recognised` is the mistake of the registry whose results it shares, if there is one, or a general one.
    """

    def enter(answer):
        exercise, _, what = answer.__name__.partition("__")
        SUBTLE.append(pytest.param(exercise, answer, set(aspects), recognised, id=f"{exercise}-{what}"))
        return answer

    return enter


def lost(report):
    return {aspect.id for aspect in report.aspects if not aspect.passed}


# --- masked_softmax

softmax = right.masked_softmax__infinity


@loses("extremes", "hidden_gradients")
def masked_softmax__clamped(scores, mask=None):
    return softmax(scores.clamp(-500, 500), mask)


@loses("extremes", "hidden_gradients")
def masked_softmax__fill_of_a_thousand(scores, mask=None):
    return softmax(scores) if mask is None else softmax(scores.masked_fill(~mask, -1000)).masked_fill(~mask, 0)


@loses("hidden", "rows", "extremes", "half", "hidden_gradients")
def masked_softmax__one_mask_for_the_batch(scores, mask=None):
    return softmax(scores, mask if mask is None or mask.ndim < 3 else mask.any(dim=0))


@loses("rows", "half", recognised="nan-rows")
def masked_softmax__looks_for_hidden_rows_in_the_whole(scores, mask=None):
    if mask is None or not mask.any():
        return torch.zeros_like(scores) if mask is not None else softmax(scores)
    return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)


@loses("rows", "half")
def masked_softmax__looks_at_the_first_key(scores, mask=None):
    if mask is None:
        return softmax(scores)
    seen = torch.cat([mask[..., :1] | ~mask.any(dim=-1, keepdim=True), mask[..., 1:]], dim=-1)
    return softmax(scores, seen)


@loses("hidden", "rows", "extremes", "half")
def masked_softmax__nearly_zero(scores, mask=None):
    weights = softmax(scores, mask)
    return weights if mask is None else torch.where(mask, weights, 1e-12)


@loses("gradients", "hidden_gradients", recognised="cuts-autograd")
def masked_softmax__half_detached(scores, mask=None):
    return softmax((scores + scores.detach()) / 2, mask)


@loses("softmax")
def masked_softmax__drops_axes_of_one(scores, mask=None):
    return softmax(scores, mask).squeeze()


# --- additive_scores

scores = right.additive_scores__broadcast


@loses("tanh", "extremes", "mixed", "gradients")
def additive_scores__series(query, key, W_query, W_key, v):
    x = (query @ W_query)[..., None, :] + (key @ W_key)[..., None, :, :]
    return (x - x**3 / 3 + 2 * x**5 / 15) @ v


@loses("tanh", "mixed", "gradients")
def additive_scores__hard_tanh(query, key, W_query, W_key, v):
    return F.hardtanh((query @ W_query)[..., None, :] + (key @ W_key)[..., None, :, :]) @ v


@loses("pairs", "mixed")
def additive_scores__transposed_where_square(*given):
    found = scores(*given)
    return found.mT if found.shape[-1] == found.shape[-2] else found


@loses("pairs", "mixed")
def additive_scores__one_batch_axis(query, key, *weights):
    if query.ndim > 3:
        query, key = query.flatten(0, -3), key.flatten(0, -3)
    return scores(query, key, *weights)


@loses("gradients", recognised="cuts-autograd")
def additive_scores__v_detached(query, key, W_query, W_key, v):
    return scores(query, key, W_query, W_key, v.detach())


@loses("pairs")
def additive_scores__drops_axes_of_one(*given):
    return scores(*given).squeeze()


# --- attend


@loses("rows", "hidden_gradients")
def attend__mean_for_hidden_rows(given, value, mask=None):
    context, weights = right.attend__plain(given, value, mask)
    if mask is not None:
        nothing = ~mask.expand(given.shape).any(dim=-1, keepdim=True)
        context = torch.where(nothing, value.mean(dim=-2, keepdim=True), context)
    return context, weights


@loses("mean", "batch", "hidden", "rows", "extremes")
def attend__rounded_weights(*given):
    context, weights = right.attend__plain(*given)
    return context, weights.round()


@loses("hidden")
def attend__mask_transposed_where_square(given, value, mask=None):
    square = mask is not None and mask.ndim > 1 and mask.shape[-1] == mask.shape[-2]
    return right.attend__plain(given, value, mask.mT if square else mask)


@loses("gradients", "hidden_gradients", recognised="cuts-autograd")
def attend__too_much_gradient(given, value, mask=None):
    context, weights = right.attend__plain(given, value, mask)
    return context + (value - value.detach()).sum(), weights


# --- AdditiveAttention

Attention = right.AdditiveAttention__plain


@loses("scores", "extremes", "together", "gradients", "hidden_gradients", recognised="no-tanh")
class AdditiveAttention__tanh_of_the_query_alone(Attention):
    def forward(self, query, key, value, mask=None):
        found = (torch.tanh(query @ self.W_query)[..., None, :] + (key @ self.W_key)[..., None, :, :]) @ self.v
        return right.attend__plain(found, value, mask)


@loses("mask")
class AdditiveAttention__hides_keys_before_they_are_compared(Attention):
    def forward(self, query, key, value, mask=None):
        if mask is not None and mask.ndim == 1:
            key, mask = key * mask[:, None], None
        return super().forward(query, key, value, mask)


@loses("state", "gradients", "hidden_gradients")
class AdditiveAttention__changes_its_parameters(Attention):
    def forward(self, *given):
        result = super().forward(*given)
        with torch.no_grad():
            self.v.mul_(0.9)
        return result


@loses("scores", "batch", "together")
class AdditiveAttention__adds_the_query(Attention):
    def forward(self, query, *given):
        context, weights = super().forward(query, *given)
        return context + query if context.shape == query.shape else context, weights


# --- AttentionDecoder

Decoder = right.AttentionDecoder__plain


@loses("hidden", "logits", "together", "extremes", "gradients")
class AttentionDecoder__token_0_is_nothing(Decoder):
    def step(self, token, hidden, memory, mask):
        weights = self.weights(hidden, memory, mask)
        context = (weights[:, None] @ memory).squeeze(1)
        embedded = self.embed(token) * (token != 0)[:, None]
        hidden = self.rnn(torch.cat((embedded, context), dim=1), hidden)
        return self.output(torch.cat((embedded, hidden, context), dim=1)), hidden, weights


@loses("mask", "extremes", "together")
class AttentionDecoder__takes_the_mask_for_lengths(Decoder):
    def step(self, token, hidden, memory, mask):
        first = torch.arange(mask.shape[1], device=mask.device) < mask.sum(dim=1, keepdim=True)
        return super().step(token, hidden, memory, first)


@loses("rows", "together")
class AttentionDecoder__uniform_weights_are_returned_for_hidden_sources(Decoder):
    def step(self, token, hidden, memory, mask):
        logits, hidden, weights = super().step(token, hidden, memory, mask)
        return logits, hidden, weights.masked_fill(~mask.any(dim=1, keepdim=True), 1 / mask.shape[1])


@loses("extremes")
class AttentionDecoder__exp_of_the_scores(Decoder):
    def weights(self, hidden, memory, mask):
        terms = torch.exp(torch.tanh((hidden @ self.W_query)[:, None] + memory @ self.W_key) @ self.v) * mask
        return terms / terms.sum(dim=-1, keepdim=True).clamp(min=1e-30)


@loses("gradients", recognised="cuts-autograd")
class AttentionDecoder__state_detached_on_its_way_out(Decoder):
    def step(self, *given):
        logits, hidden, weights = super().step(*given)
        return logits, hidden.detach(), weights


@loses("state", recognised="keeps-state")
class AttentionDecoder__goes_on_from_its_own_state(Decoder):
    def step(self, token, hidden, memory, mask):
        before = getattr(self, "before", hidden)
        result = super().step(token, before if before.shape == hidden.shape else hidden, memory, mask)
        self.before = result[1].detach()
        return result


# --- alignment_error_rate

rate = right.alignment_error_rate__float


@loses("rate", "links")
def alignment_error_rate__two_decimals(weights, gold):
    return round(rate(weights, gold), 2)


@loses("rate", "links")
def alignment_error_rate__transposed_where_square(weights, gold):
    return rate(weights, gold.T if gold.shape[0] == gold.shape[1] else gold)


@loses("links", "ends", recognised="leaves-out-unlinked-rows")
def alignment_error_rate__of_linked_rows(weights, gold):
    linked = gold.any(dim=1)
    return rate(weights[linked], gold[linked]) if linked.any() else 1.0


@loses("ends")
def alignment_error_rate__nan_without_gold(weights, gold):
    return rate(weights, gold) if gold.any() else math.nan


@loses("ties")
def alignment_error_rate__second_of_equal(weights, gold):
    bent = torch.where(weights == weights.amax(dim=1, keepdim=True), 1.0, 0.0)
    return rate(bent * (bent.cumsum(dim=1) == bent.sum(dim=1, keepdim=True).clamp(max=2)), gold)


@pytest.mark.parametrize(("exercise", "answer", "aspects", "recognised"), SUBTLE)
def test_a_subtle_wrong_answer_loses_what_it_should(exercise, answer, aspects, recognised):
    report = evaluate(exercise, answer, 0)
    assert lost(report) == aspects, report.text
    assert report.diagnosis == recognised


# --- nothing for nothing


CHEAP = {
    "masked_softmax": [lambda scores, mask=None: scores, lambda scores, mask=None: torch.zeros_like(scores)],
    "additive_scores": [lambda query, key, *rest: query.new_zeros(*query.shape[:-1], key.shape[-2])],
    "attend": [
        lambda scores, value, mask=None: (scores.new_zeros(*scores.shape[:-1], value.shape[-1]), scores * 0),
        lambda scores, value, mask=None: right.attend__plain(scores * 0, value, mask),
    ],
    "alignment_error_rate": [lambda weights, gold: 0.0, lambda weights, gold: 1.0, lambda weights, gold: 0.5],
}


@pytest.mark.parametrize("exercise", CHEAP)
def test_constants_and_inputs_earn_nothing(exercise):
    for answer in CHEAP[exercise]:
        report = evaluate(exercise, answer, 0)
        assert report.score == 0, report.text


def test_attention_that_is_uniform_earns_nothing():
    class Uniform(Attention):
        def forward(self, query, key, value, mask=None):
            return super().forward(query * 0, key * 0, value, mask)

    assert evaluate("AdditiveAttention", Uniform, 0).score == 0


# --- parameters


class Biased(nn.Module):
    def __init__(self, d_query, d_key, d_attn):
        super().__init__()
        self.W_query = nn.Linear(d_query, d_attn)
        self.W_key = nn.Linear(d_key, d_attn)
        self.v = nn.Linear(d_attn, 1)

    def forward(self, query, key, value, mask=None):
        raise AssertionError("the parameters are looked at first")


class Turned(Attention):
    def __init__(self, d_query, d_key, d_attn):
        super().__init__(d_query, d_key, d_attn)
        self.W_query = nn.Parameter(self.W_query.detach().T.clone())


class OneMore(Attention):
    def __init__(self, d_query, d_key, d_attn):
        super().__init__(d_query, d_key, d_attn)
        self.bias = nn.Parameter(torch.zeros(d_attn))


class Unregistered(Attention):
    def __init__(self, d_query, d_key, d_attn):
        super().__init__(d_query, d_key, d_attn)
        del self.v
        self.v = torch.zeros(d_attn)


class NarrowOutput(Decoder):
    def __init__(self, vocab, d_embed, d_hidden, d_memory, d_attn):
        super().__init__(vocab, d_embed, d_hidden, d_memory, d_attn)
        self.output = nn.Linear(d_hidden + d_memory, vocab)


class NoStep(Decoder):
    step = None


@pytest.mark.parametrize(
    ("exercise", "answer", "sentence"),
    [
        ("AdditiveAttention", Biased, "parameter W_query is missing"),
        ("AdditiveAttention", Biased, "parameter W_query.weight is not asked for"),
        ("AdditiveAttention", Turned, "parameter W_query has shape (5, 3), asked is (3, 5)"),
        ("AdditiveAttention", OneMore, "parameter bias is not asked for"),
        ("AdditiveAttention", Unregistered, "parameter v is missing"),
        ("AttentionDecoder", NarrowOutput, "parameter output.weight has shape (11, 12), asked is (11, 15)"),
        ("AttentionDecoder", NoStep, "AttentionDecoder has no method step. Asked is step(token, hidden, memory, mask)"),
    ],
)
def test_a_class_with_other_parameters_or_methods_is_told_which(exercise, answer, sentence):
    report = evaluate(exercise, answer, 0)
    assert report.score == 0
    assert sentence in " ".join(report.text.split())


# --- partial credit


def test_who_takes_tanh_first_keeps_the_points_for_axes_and_masks():
    class Sum(Attention):
        def forward(self, query, key, value, mask=None):
            q, k = torch.tanh(query @ self.W_query), torch.tanh(key @ self.W_key)
            return right.attend__plain((q[..., None, :] + k[..., None, :, :]) @ self.v, value, mask)

    report = evaluate("AdditiveAttention", Sum, 0)
    assert not {"batch", "mask", "rows"} & lost(report)
    assert report.diagnosis == "tanh-before-sum"


def test_who_looks_with_the_new_state_keeps_the_points_for_the_rest():
    class Late(Decoder):
        def step(self, token, hidden, memory, mask):
            _, new, _ = super().step(token, hidden, memory, mask)
            weights = self.weights(new, memory, mask)
            context = (weights[:, None] @ memory).squeeze(1)
            return self.output(torch.cat((self.embed(token), new, context), dim=1)), new, weights

    report = evaluate("AttentionDecoder", Late, 0)
    assert lost(report) == {"attention", "extremes", "together", "gradients"}
    assert report.diagnosis == "attends-with-the-new-state"


# --- the notebook's examples


def test_the_examples_by_hand_are_right():
    def close(found, *numbers):
        torch.testing.assert_close(found.detach().flatten(), torch.tensor(numbers), atol=1e-4, rtol=0)

    row, mask = torch.tensor([[1.0986, 0.0, 2.0]]), torch.tensor([[True, True, False]])
    close(additive.masked_softmax(row, mask), 0.75, 0.25, 0.0)
    close(additive.masked_softmax(row, mask & False), 0.0, 0.0, 0.0)
    value = torch.tensor([[4.0, 0.0], [0.0, 8.0], [100.0, 100.0]])
    close(additive.attend(row, value, mask)[0], 3.0, 2.0)

    query, key = torch.tensor([[0.5]]), torch.tensor([[0.5], [-0.5]])
    weights = {"W_query": torch.ones(1, 2), "W_key": torch.tensor([[1.0, -1.0]]), "v": torch.tensor([1.0, 2.0])}
    close(additive.additive_scores(query, key, **weights), 0.7616, 1.5232)
    attention = additive.AdditiveAttention(1, 1, 2)
    attention.load_state_dict(weights)
    context, shares = attention(query, key, torch.tensor([[1.0], [3.0]]))
    close(context, 2.3634)
    close(shares, 0.3183, 0.6817)

    decoder = additive.AttentionDecoder(3, 1, 1, 1, 2)
    decoder.load_state_dict(decoder.state_dict() | weights)
    seen = torch.tensor([[True, True]])
    close(decoder.step(torch.tensor([2]), query, key[None], seen)[2], 0.3183, 0.6817)
    close(0.3183 * key[0] + 0.6817 * key[1], -0.1817)
    close(decoder.step(torch.tensor([2]), query, key[None], torch.tensor([[True, False]]))[2], 1.0, 0.0)

    shares = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    gold = torch.tensor([[1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0]]).bool()
    assert additive.alignment_error_rate(shares, gold) == 0.5
