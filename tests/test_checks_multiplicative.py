"""What is special in the checks of chapter 03: draws, a loss of which the gradient alone counts, a module, windows."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from attn_course import multiplicative as reference
from attn_course.checks import evaluate
from attn_course.checks.registry import exercise
from tests.answers.multiplicative import (
    LuongDecoder__plain,
    hard_attention__gumbel_max,
    hard_attention__inverse_cdf,
    hard_attention__multinomial,
    hierarchical_attention__plain,
    local_weights__plain,
    reinforce_loss__plain,
)

SEEDS = range(3)


def missed(name, answer, seed=0):
    """Ids of the aspects that failed."""
    return {aspect.id for aspect in evaluate(name, answer, seed).aspects if not aspect.passed}


def message(name, answer, aspect, seed=0):
    return next(one.message for one in evaluate(name, answer, seed).aspects if one.id == aspect)


# --- draws


def test_right_answers_draw_differently():
    """So that it means something that all of them get full marks."""
    scores, value = torch.zeros(50, 4), torch.eye(4)
    answers = hard_attention__multinomial, hard_attention__inverse_cdf
    one, other = (answer(scores, value, None, torch.Generator().manual_seed(0))[0] for answer in answers)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("seed", range(30))
def test_a_right_answer_is_not_failed_by_chance(seed):
    """On 30 seeds each; the limit of six standard deviations is passed about once in 10⁷ checks."""
    report = evaluate("hard_attention", hard_attention__inverse_cdf, seed)
    assert report.score == report.points, report.text


def with_noise(noise):
    """The largest sum of score and noise."""

    def answer(scores, value, mask, generator):
        logs = scores if mask is None else scores.masked_fill(~mask, -math.inf)
        nothing = torch.isinf(logs).all(dim=-1)
        logs = torch.log_softmax(logs.masked_fill(nothing.unsqueeze(-1), 0.0), dim=-1)
        row = (logs.detach() + noise(scores, generator)).argmax(dim=-1, keepdim=True)
        drawn = torch.take_along_dim(value.unsqueeze(-3), row.unsqueeze(-1), dim=-2).squeeze(-2)
        log_prob = logs.gather(-1, row).squeeze(-1)
        return drawn.masked_fill(nothing.unsqueeze(-1), 0.0), log_prob.masked_fill(nothing, 0.0)

    return answer


def gumbel(scores, generator, scale=1.0):
    return (
        -torch.empty_like(scores, memory_format=torch.contiguous_format).exponential_(generator=generator).log() * scale
    )


def normal(scores, generator):
    return torch.empty_like(scores, memory_format=torch.contiguous_format).normal_(generator=generator)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("noise", "lost"),
    [
        (gumbel, set()),
        (normal, {"draws"}),
        (partial(gumbel, scale=0.8), {"draws"}),
        (partial(gumbel, scale=1.25), {"draws"}),
    ],
)
def test_a_share_that_is_a_little_off_is_seen(noise, lost, seed):
    assert missed("hard_attention", with_noise(noise), seed) == lost


@pytest.mark.parametrize("seed", SEEDS)
def test_the_log_probability_must_be_that_of_the_row_drawn(seed):
    def answer(scores, value, mask, generator):
        drawn, _ = hard_attention__multinomial(scores, value, mask, generator)
        return drawn, hard_attention__multinomial(scores, value, mask, generator)[1]

    lost = missed("hard_attention", answer, seed)
    assert "log_prob" in lost and "row" not in lost and "draws" not in lost


def test_what_is_wrong_with_a_draw_is_said_in_words():
    def of(change):
        def answer(scores, value, mask, generator):
            return change(*hard_attention__multinomial(scores, value, mask, generator), value)

        return answer

    average = of(lambda drawn, log_prob, value: (drawn * 0 + value.mean(dim=-2, keepdim=True), log_prob))
    assert "which is none of the rows of value" in message("hard_attention", average, "row")
    doubled = of(lambda drawn, log_prob, value: (drawn, 2 * log_prob))
    assert "away from the logarithm of the weight of the row that it drew" in message(
        "hard_attention", doubled, "log_prob"
    )
    first = with_noise(lambda scores, generator: gumbel(scores[..., :1, :], generator))
    assert "each query draws for itself" in message("hard_attention", first, "draws")
    flat = with_noise(lambda scores, generator: gumbel(scores, generator) * 1e6)
    assert "these shares drew each key: [0.2" in message("hard_attention", flat, "draws")


def test_a_mistake_is_recognised_however_the_learner_draws():
    def without_logarithm(sampler):
        def answer(scores, value, mask, generator):
            drawn, log_prob = sampler(scores, value, mask, generator)
            nothing = log_prob.new_zeros(log_prob.shape, dtype=torch.bool)
            if mask is not None:
                nothing = ~mask.expand(scores.shape).any(dim=-1)
            return drawn, log_prob.exp().masked_fill(nothing, 0.0)

        return answer

    for sampler in (hard_attention__multinomial, hard_attention__gumbel_max, hard_attention__inverse_cdf):
        found = {evaluate("hard_attention", without_logarithm(sampler), seed).diagnosis for seed in SEEDS}
        assert found == {"no-logarithm"}


# --- a loss whose value means nothing


def test_any_value_of_the_loss_will_do_but_not_any_shape():
    def shifted(reward, log_prob, baseline):
        return reinforce_loss__plain(reward, log_prob, baseline) + reward.detach().sum()

    def boxed(reward, log_prob, baseline):
        return reinforce_loss__plain(reward, log_prob, baseline).reshape(1)

    assert missed("reinforce_loss", shifted) == set()
    assert "estimate" in missed("reinforce_loss", boxed)
    assert "shape (1,)" in message("reinforce_loss", boxed, "estimate")


@pytest.mark.parametrize(
    "make", [lambda r, p, b: 0 * p.sum(), lambda r, p, b: p.mean(), lambda r, p, b: torch.zeros(())]
)
def test_a_loss_of_another_gradient_earns_nothing(make):
    assert evaluate("reinforce_loss", make, 0).score == 0


def test_a_wrong_gradient_is_not_called_a_right_result():
    def doubled(reward, log_prob, baseline):
        return 2 * reinforce_loss__plain(reward, log_prob, baseline)

    assert evaluate("reinforce_loss", doubled, 0).diagnosis is None


def test_a_gradient_that_is_cut_is_called_so():
    report = evaluate("reinforce_loss", lambda *given: reinforce_loss__plain(*given).detach(), 0)
    assert (report.score, report.diagnosis) == (0, "cuts-autograd")
    assert "No gradient comes through your code" in report.text


# --- the module


class Renamed(LuongDecoder__plain):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.W_general = self.W_score
        del self.W_score


class Turned(LuongDecoder__plain):
    def __init__(self, vocab, d_embed, d_hidden, d_memory):
        super().__init__(vocab, d_embed, d_hidden, d_memory)
        self.W_score = nn.Parameter(torch.zeros(d_memory, d_hidden))


class Extra(LuongDecoder__plain):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.bias = nn.Parameter(torch.zeros(3))


class Stepless(LuongDecoder__plain):
    step = None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Renamed, "parameter W_score is missing; parameter W_general is not asked for."),
        (Extra, "parameter bias is not asked for."),
        (Stepless, "LuongDecoder has no method step. Asked is step(token, hidden, attentional, memory, mask)."),
        (LuongDecoder__plain(3, 2, 2, 2), "LuongDecoder is an instance of a module. Pass the class itself"),
    ],
)
def test_a_module_of_another_build_is_refused_in_words(answer, said):
    report = evaluate("LuongDecoder", answer, 0)
    assert report.score == 0
    assert said.lower() in " ".join(report.text.split()).lower()


def test_a_parameter_of_another_shape_is_named():
    """Where all widths are equal a turned matrix has the right shape, and wrong entries."""
    report = evaluate("LuongDecoder", Turned, 0)
    assert "parameter W_score has shape (7, 5), asked is (5, 7)." in " ".join(report.text.split())
    assert "weights" in missed("LuongDecoder", Turned)


@pytest.mark.parametrize("part", ["hidden", "attentional"])
def test_a_gradient_that_ends_at_a_step_is_seen(part):
    class Cut(LuongDecoder__plain):
        def step(self, token, hidden, attentional, memory, mask):
            logits, hidden, attentional, weights = super().step(token, hidden, attentional, memory, mask)
            if part == "hidden":
                return logits, hidden.detach(), attentional, weights
            return logits, hidden, attentional.detach(), weights

    for seed in SEEDS:
        assert missed("LuongDecoder", Cut, seed) == {"gradients"}


# --- partial credit: who forgets one thing loses what shows it


def test_another_sigma_leaves_window_and_mask_their_points():
    def answer(scores, centre, window, mask=None):
        away = torch.arange(scores.shape[-1], device=scores.device, dtype=scores.dtype) - centre.unsqueeze(-1)
        return local_weights__plain(scores, centre, window, mask) * torch.exp(1.5 * (away / window).clamp(-1, 1) ** 2)

    for seed in SEEDS:
        assert missed("local_weights", answer, seed) == {"gaussian", "edges", "batch", "gradients"}


def test_without_a_mask_the_window_earns_its_points():
    def answer(scores, centre, window, mask=None):
        return local_weights__plain(scores, centre, window)

    for seed in SEEDS:
        assert not missed("local_weights", answer, seed) & {"inside", "gaussian", "edges"}


def test_words_earn_points_without_sentences():
    def answer(*given):
        document, word_weights, sentence_weights = hierarchical_attention__plain(*given)
        return 0 * document, word_weights, 0 * sentence_weights

    lost = missed("hierarchical_attention", answer)
    assert "words" not in lost and {"sentences", "document"} <= lost


# --- worthless answers


@pytest.mark.parametrize("name", ["dot_scores", "general_scores", "concat_scores", "location_scores", "local_weights"])
@pytest.mark.parametrize("make", [torch.zeros, torch.ones, torch.rand])
def test_scores_of_the_right_shape_alone_earn_nothing(name, make):
    answers = {
        "dot_scores": lambda query, key: make(*query.shape[:-1], key.shape[-2]).to(query),
        "general_scores": lambda query, key, W: make(*query.shape[:-1], key.shape[-2]).to(query),
        "concat_scores": lambda query, key, W, v: make(*query.shape[:-1], key.shape[-2]).to(query),
        "location_scores": lambda query, W: make(*query.shape[:-1], W.shape[-1]).to(query),
        "local_weights": lambda scores, centre, window, mask=None: make(*scores.shape).to(scores),
    }
    assert evaluate(name, answers[name], 0).score == 0


def test_a_draw_of_nothing_earns_nothing():
    def answer(scores, value, mask, generator):
        return value.new_zeros(*scores.shape[:-1], value.shape[-1]), scores.new_zeros(scores.shape[:-1])

    assert evaluate("hard_attention", answer, 0).score == 0


def test_the_cases_ask_what_the_rulings_name():
    """No axis of size 0, no mask with more axes than the scores, no NaN or infinity among the inputs."""
    for name in ("local_weights", "hard_attention", "hierarchical_attention", "LuongDecoder"):
        for case in exercise(name).cases(0):
            tensors = {key: thing for key, thing in case.arguments.items() if isinstance(thing, torch.Tensor)}
            assert all(tensor.numel() for tensor in tensors.values())
            assert all(torch.isfinite(tensor).all() for tensor in tensors.values())
            if tensors.get("mask") is not None:
                assert tensors["mask"].dtype == torch.bool
                assert tensors["mask"].ndim <= next(iter(tensors.values())).ndim or name == "LuongDecoder"


# --- the notebook's examples by hand


def test_the_numbers_in_the_notebook_are_right():
    close = partial(torch.testing.assert_close, atol=6e-5, rtol=0)
    one = torch.ones(1, 1)
    key = torch.tensor([[1.0, 3.0, 0.0], [0.0, 1.0, 4.0], [-1.0, 0.0, 2.0]])
    close(reference.dot_scores(torch.tensor([[2.0, 0.0, 1.0]]), key), torch.tensor([[2.0, 4.0, 0.0]]))

    key, W = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]), torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]])
    close(reference.general_scores(torch.tensor([[1.0, 2.0]]), key, W), torch.tensor([[1.0, 6.0]]))

    W, v = torch.tensor([[0.5, 0.0], [0.5, 1.0]]), torch.tensor([2.0, 1.0])
    close(reference.concat_scores(one, torch.tensor([[1.0], [-1.0]]), W, v), torch.tensor([[2.2848, -0.7616]]))

    W = torch.tensor([[0.0, 1.0, 3.0], [1.0, 0.0, -1.0]])
    close(reference.location_scores(torch.tensor([[1.0, 2.0]]), W), torch.tensor([[2.0, 1.0, 1.0]]))

    scores = torch.tensor([[0.0, 1.0986, 0.0, 5.0, 0.0]])
    close(reference.local_weights(scores, torch.tensor([1.0]), 1), torch.tensor([[0.0271, 0.6, 0.0271, 0.0, 0.0]]))
    close(reference.local_weights(scores, torch.tensor([1.5]), 1), torch.tensor([[0.0, 0.4549, 0.1516, 0.0, 0.0]]))

    decoder = reference.LuongDecoder(2, 1, 1, 1)
    with torch.no_grad():
        for parameter in decoder.rnn.parameters():
            parameter.zero_()
        decoder.W_score.fill_(2.0)
        decoder.W_attentional.fill_(1.0)
    memory, mask = torch.tensor([[[1.0], [-1.0], [5.0]]]), torch.tensor([[True, True, False]])
    _, hidden, attentional, weights = decoder.step(torch.tensor([0]), one, one, memory, mask)
    close(hidden, 0.5 * one)
    close(weights, torch.tensor([[0.8808, 0.1192, 0.0]]))
    close(weights[0, :2] @ memory[0, :2], torch.tensor([0.7616]))
    close(attentional, torch.tensor([[0.8515]]))

    scores, value = torch.tensor([[0.0, 1.0986, 9.0]]), torch.tensor([[10.0], [20.0], [30.0]])
    generator = torch.Generator().manual_seed(0)
    drawn = [reference.hard_attention(scores, value, mask, generator) for _ in range(40)]
    pairs = {(round(one.item()), round(log_prob.item(), 4)) for one, log_prob in drawn}
    assert pairs == {(10, -1.3863), (20, -0.2877)}

    log_prob = torch.tensor([-0.6931, -1.3863], requires_grad=True)
    reference.reinforce_loss(torch.tensor([1.0, 3.0]), log_prob, torch.tensor([2.0, 2.0])).backward()
    close(log_prob.grad, torch.tensor([0.5, -0.5]))

    words = torch.tensor([[[1.0], [3.0]], [[2.0], [0.0]], [[0.0], [0.0]]])
    word_mask = torch.tensor([[True, True], [True, False], [False, False]])
    queries = torch.tensor([0.5493]), torch.tensor([2.1972])
    document, word_weights, sentence_weights = reference.hierarchical_attention(words, word_mask, *queries)
    close(document, torch.tensor([2.375]))
    close(word_weights, torch.tensor([[0.25, 0.75], [1.0, 0.0], [0.0, 0.0]]))
    close(sentence_weights, torch.tensor([0.75, 0.25, 0.0]))
