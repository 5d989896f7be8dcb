"""What chapter 01 says about R1 to R4 of the claims ledger, on runs small enough for a test and on its results."""

import json
from pathlib import Path

import pytest
import torch

from attn_course.experiments.gradients import lstm_norms, matrix_product_norms, rnn_norms
from attn_course.experiments.reversal import Run, accuracy_by_length, new_model, symbol_effects, train_all

SEEDS = (0, 1, 2)
RESULTS = json.loads((Path(__file__).parents[1] / "book" / "results" / "01_recurrence.json").read_text())


@pytest.fixture(scope="module")
def trained():
    """Two widths, three seeds, sequences of up to 6 symbols; a few seconds."""
    runs = [Run(width, seed, max_len=6, steps=400) for width in (8, 32) for seed in SEEDS]
    return dict(zip(runs, train_all(runs), strict=True))


def of_width(trained, width):
    return [(run, model) for run, model in trained.items() if run.width == width]


class TestR1:
    """An RNN dilutes early inputs: by nature exponentially, after training much less."""

    def test_untrained_the_influence_falls_by_a_factor_per_step(self):
        for seed in SEEDS:
            run = Run(32, seed)
            effects = symbol_effects(run, new_model(run), 12)
            ratios = effects[:-1] / effects[1:]
            assert ((ratios > 0.4) & (ratios < 0.8)).all()
            assert effects[0] < 0.02 * effects[-1]

    def test_training_strengthens_the_first_symbol_but_leaves_it_behind_the_last(self, trained):
        for run, model in of_width(trained, 32):
            before, after = symbol_effects(run, new_model(run), 6), symbol_effects(run, model, 6)
            assert after[0] > 1.5 * before[0]
            assert after[0] < after[-1]


class TestR2:
    """Gradients vanish and explode through repeated multiplication; the slope of the tanh takes part."""

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_norm_preserving_matrix_vanishes_with_the_slope(self, seed):
        norms = rnn_norms(1.0, seed)
        assert norms["without slope"][-1] == pytest.approx(1)
        assert norms["with slope"][-1] < 1e-4

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_gain_above_one_need_not_explode(self, seed):
        norms = rnn_norms(1.5, seed)
        assert norms["without slope"][-1] > 1e10
        assert 1e-2 < norms["with slope"][-1] < 1e2

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_large_gain_explodes_less_than_its_powers(self, seed):
        norms = rnn_norms(3.0, seed)
        assert 1e5 < norms["with slope"][-1] < 1e-15 * norms["without slope"][-1]

    @pytest.mark.parametrize("seed", SEEDS)
    def test_different_matrices_vanish_and_explode_too(self, seed):
        assert max(norms[-1] for norms in matrix_product_norms(0.7, seed).values()) < 1e-6
        assert min(norms[-1] for norms in matrix_product_norms(1.5, seed).values()) > 1e6


class TestR3:
    """An LSTM's cell carries information if its forget gates are open, and not for ever."""

    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_forget_bias_decides_before_training(self, seed):
        closed, _ = lstm_norms(0.0, seed)
        opened, kept = lstm_norms(3.0, seed)
        assert closed[-1] < 1e-9
        assert 0.1 < opened[-1] < 100
        assert kept[-1] < 0.2

    def test_the_committed_results_order_the_cells_and_end_for_all(self):
        accuracy = {}
        for row in RESULTS["recall"]:
            s = row["settings"]
            accuracy.setdefault((s["cell"], s["forget_bias"], s["delay"]), []).append(row["accuracy"])
        assert all(len(values) == 3 for values in accuracy.values())
        assert min(accuracy["LSTM", 3.0, 40]) > 0.9
        assert max(accuracy["LSTM", 0.0, 40] + accuracy["LSTM", 1.0, 40]) < 0.2
        assert max(v for (_, _, delay), values in accuracy.items() if delay == 160 for v in values) < 0.5


class TestR4:
    """What one vector carries falls with length, and later the wider it is."""

    def test_exact_matches_fall_with_length_and_rise_with_width(self, trained):
        narrow, wide = (
            torch.stack([accuracy_by_length(run, model, per_length=200)[0] for run, model in of_width(trained, width)])
            for width in (8, 32)
        )
        assert (narrow[:, 1] - narrow[:, 5]).min() > 0.3
        assert wide[:, 4].min() > narrow[:, 4].max() + 0.2

    def test_the_committed_results_rule_out_the_other_explanations(self):
        def exact(length, **changes):
            plain = vars(Run(64, 0)) | changes
            rows = [
                row["exact"][length - 1]
                for row in RESULTS["reversal"]
                if all(row["settings"][name] == value for name, value in plain.items() if name != "seed")
            ]
            assert len(rows) == 3
            return torch.tensor(rows)

        # The vector itself counts, with the networks around it as they were.
        necks = [exact(6, neck=n).mean() for n in (4, 8, 16, 32, 64)]
        assert necks == sorted(necks)
        # Content counts at equal length, and length counts at equal content (24 bits).
        for few, many in ((2, 4), (4, 8), (8, 16)):
            assert exact(12, num_symbols=few).min() > exact(12, num_symbols=many).max()
        assert exact(12, num_symbols=4).max() < exact(8, num_symbols=8).min() - 0.2
        # What can be learned counts, not only what could be held.
        assert exact(12, steps=4000).min() > exact(12).max() + 0.3
