"""The measurements of chapter 01 measure what they say."""

import pytest
import torch

from attn_course.data.symbols import FIRST_SYMBOL
from attn_course.experiments.gradients import lstm_norms, matrix_product_norms, orthogonal, rnn_norms
from attn_course.experiments.recall import Recall, recall_accuracy, train_recall
from attn_course.experiments.reversal import (
    NarrowSeq2Seq,
    Run,
    accuracy_by_length,
    new_model,
    symbol_accuracy,
    symbol_effects,
    train_all,
)

TINY = {"num_symbols": 3, "max_len": 3, "steps": 5, "batch": 7}


def test_orthogonal_matrices_stretch_nothing():
    matrix = orthogonal(7, torch.Generator().manual_seed(1))
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(7, dtype=torch.float64))


def test_without_the_slope_the_norm_is_the_power_of_the_gain():
    norms = rnn_norms(1.3, seed=1, time=11, d_hidden=5)["without slope"]
    torch.testing.assert_close(norms, 1.3 ** torch.arange(11, dtype=torch.float64))


def test_one_matrix_gives_its_powers_and_fresh_ones_do_not():
    norms = matrix_product_norms(1.0, seed=1, time=4, d_hidden=5)
    generator = torch.Generator().manual_seed(1)
    factor = torch.randn(4, 5, 5, generator=generator, dtype=torch.float64)[0] / 5**0.5
    expected = [torch.linalg.svdvals(torch.linalg.matrix_power(factor, k))[0] for k in range(4)]
    torch.testing.assert_close(norms["one matrix"], torch.stack(expected))
    assert (norms["fresh matrices"][2:] - norms["one matrix"][2:]).abs().min() > 1e-3


def test_lstm_norms_begin_at_one_and_shares_fall_with_the_gates():
    norms, shares = lstm_norms(0.0, seed=1, time=6, d_hidden=5)
    assert norms.shape == shares.shape == (6,)
    assert norms[0] == shares[0] == 1
    assert (shares.diff() < 0).all()
    open_norms, open_shares = lstm_norms(1000.0, seed=1, time=6, d_hidden=5)  # forget gates of exactly 1
    assert torch.equal(open_shares, torch.ones(6, dtype=torch.float64))
    assert open_norms[-1] >= 1


def test_lstm_norms_equal_finite_differences_over_one_step():
    """With the gates open, a small change of the cell arrives at the next cell: the norm is at least 1 and finite."""
    norms, _ = lstm_norms(1000.0, seed=2, time=2, d_hidden=3)
    assert 1 <= norms[1] < 3


@pytest.mark.parametrize("cell", ["RNN", "LSTM"])
def test_recall_learns_a_short_delay(cell):
    model = Recall(cell, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    before = recall_accuracy(model, 2, 0, batch=500)
    train_recall(model, 2, 0, 150, 1.0, optimizer)
    assert before < 0.4
    assert recall_accuracy(model, 2, 0, batch=500) > 0.9


def test_a_forget_bias_opens_the_forget_gates_alone():
    plain, biased = Recall("LSTM", seed=0), Recall("LSTM", seed=0, forget_bias=3.0)
    difference = biased.cell.bias_ih_l0 - plain.cell.bias_ih_l0
    expected = torch.zeros(4, 32)
    expected[1] = 3
    torch.testing.assert_close(difference.reshape(4, 32), expected)
    assert torch.equal(biased.cell.weight_hh_l0, plain.cell.weight_hh_l0)


def test_runs_do_not_depend_on_the_number_of_workers():
    runs = [Run(5, seed, **TINY) for seed in (0, 1)]
    one, two = train_all(runs, workers=1), train_all(runs, workers=2)
    for first, second in zip(one, two, strict=True):
        assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert not torch.equal(one[0].output.weight, one[1].output.weight)


def test_a_neck_leaves_no_other_way():
    run = Run(7, 0, neck=2, **TINY)
    model = new_model(run)
    assert isinstance(model, NarrowSeq2Seq)
    source = torch.randint(FIRST_SYMBOL, FIRST_SYMBOL + 3, (50, 3), generator=torch.Generator().manual_seed(1))
    summaries = model.encode(source, torch.full((50,), 3)).detach().double()
    assert torch.linalg.matrix_rank(summaries - summaries.mean(0), rtol=1e-5) == 2


class Perfect:
    """Writes the source backwards (or forwards) from a summary that holds all of it, save positions to be got wrong."""

    def __init__(self, task, wrong=()):
        self.order, self.wrong = (-1 if task == "reverse" else 1), wrong

    def encode(self, source, lengths):
        assert (lengths == source.shape[1]).all()
        return source.float()

    def target(self, source):
        answer = source.clone().long()
        answer[:, list(self.wrong)] = FIRST_SYMBOL + 1000
        answer = answer[:, :: self.order] if self.order == 1 else answer.flip(1)
        return torch.cat([answer, torch.full((len(source), 1), 2)], dim=1)

    def step(self, token, state):
        source, position = state if isinstance(state, tuple) else (state, 0)
        return self.logits(self.target(source)[:, position]), (source, position + 1)

    def __call__(self, source, lengths, target_in):
        return self.logits(self.target(source))

    @staticmethod
    def logits(tokens):
        return torch.nn.functional.one_hot(tokens, 2000).float()


@pytest.mark.parametrize("task", ["reverse", "copy"])
def test_a_perfect_writer_gets_everything_right(task):
    run = Run(5, 0, num_symbols=3, max_len=4, task=task)
    exact, tokens = accuracy_by_length(run, Perfect(task), per_length=11)
    assert exact.tolist() == tokens.tolist() == [1.0] * 4


@pytest.mark.parametrize("task", ["reverse", "copy"])
def test_accuracy_is_given_by_position_in_the_source(task):
    run = Run(5, 0, num_symbols=3, max_len=4, task=task)
    forgetful = Perfect(task, wrong=(0,))
    assert symbol_accuracy(run, forgetful, 4, samples=11).tolist() == [0.0, 1.0, 1.0, 1.0]
    exact, tokens = accuracy_by_length(run, forgetful, per_length=11)
    assert exact.tolist() == [0.0] * 4
    assert tokens.tolist() == pytest.approx([0, 1 / 2, 2 / 3, 3 / 4])


def test_effects_are_larger_where_the_summary_listens():
    class Listener:
        def encode(self, source, lengths):
            return source.float() * torch.tensor([1.0, 0.0, 10.0])

    effects = symbol_effects(Run(5, 0, num_symbols=3), Listener(), 3, samples=50)
    assert effects[1] == 0
    assert effects[2].item() == pytest.approx(10 * effects[0].item(), rel=0.2)
