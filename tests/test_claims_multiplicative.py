"""What chapter 03 says in words, held against its numbers: L1 and L2 of the course's list of claims, and A2."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from attn_course.experiments.choosing import exact_moments, learn_to_look_up, random_choices
from attn_course.experiments.links import LinkCounts
from attn_course.experiments.looking import OTHER_RATES, RUNS, Run, sentences, share_within
from attn_course.experiments.translation import BUCKETS, fingerprint
from attn_course.multiplicative import concat_scores, dot_scores, general_scores, location_scores
from attn_course.scaled_dot_product import scaled_dot_scores

RESULTS = json.loads((Path(__file__).parents[1] / "book" / "results" / "03_multiplicative.json").read_text("utf-8"))
AFRESH = "run scripts/multiplicative_results.py"


def runs(**changes):
    wanted = [replace(Run(**changes), seed=seed).settings for seed in (0, 1, 2)]
    found = [row for settings in wanted for row in RESULTS["runs"] if row["settings"] == settings]
    assert len(found) == (1 if "learning_rate" in changes else 3), AFRESH
    return found


def right(bucket=None, **changes):
    """Share of sentences right, one number a seed."""
    counts = torch.tensor([row["right"] for row in runs(**changes)], dtype=torch.float64)  # (seeds, buckets, 2)
    counts = counts.sum(1) if bucket is None else counts[:, bucket]
    return counts[:, 0] / counts[:, 1]


def errors(**changes):
    return torch.tensor([LinkCounts(*row["links"]["0"]).error_rate for row in runs(**changes)])


class TestTheResultsAreThoseOfThePresentCode:
    def test_every_run_is_there_once(self):
        assert [row["settings"] for row in RESULTS["runs"]] == [run.settings for run in RUNS], AFRESH

    def test_of_this_corpus(self):
        assert RESULTS["corpus"] == fingerprint(sentences()), AFRESH

    def test_every_sentence_was_measured(self):
        held_out = sentences().held_out
        numbers = [sum(first <= len(pair.english) <= last for pair in held_out) for first, last in BUCKETS]
        assert sum(numbers) == len(held_out) > 1000
        for row in RESULTS["runs"]:
            assert [number for _, number in row["right"]] == numbers, AFRESH

    def test_no_training_took_longer_than_a_chapter_may(self):
        assert max(row["seconds"] for row in RESULTS["runs"]) < 90


class TestL1:
    """Luong's score is the scaled dot product without the scale: of dot alone it is true."""

    @pytest.fixture
    def tensors(self):
        generator = torch.Generator().manual_seed(0)
        return torch.randn(2, 5, 7, generator=generator, dtype=torch.float64)

    def test_dot_is(self, tensors):
        query, key = tensors
        torch.testing.assert_close(dot_scores(query, key), math.sqrt(7) * scaled_dot_scores(query, key))

    def test_general_is_with_the_projections_in_its_matrix(self, tensors):
        query, key = tensors
        generator = torch.Generator().manual_seed(1)
        W_query, W_key = torch.randn(2, 7, 3, generator=generator, dtype=torch.float64)
        scaled = scaled_dot_scores(query @ W_query, key @ W_key)
        torch.testing.assert_close(general_scores(query, key, W_query @ W_key.T), math.sqrt(3) * scaled)
        assert torch.linalg.matrix_rank(W_query @ W_key.T) == 3

    def test_concat_is_no_bilinear_form_and_location_ignores_the_keys(self, tensors):
        query, key = tensors
        generator = torch.Generator().manual_seed(2)
        W, v = (
            torch.randn(14, 3, generator=generator, dtype=torch.float64),
            torch.ones(3, dtype=torch.float64),
        )
        assert not torch.allclose(concat_scores(query, 2 * key, W, v), 2 * concat_scores(query, key, W, v))
        assert torch.equal(location_scores(query, W[:7]), query @ W[:7])  # its arguments hold no key


class TestL2:
    """A choice has a gradient in expectation; its estimate is noisy, and a baseline helps."""

    @pytest.mark.parametrize("seed", range(5))
    def test_the_baseline_moves_the_variance_and_not_the_mean(self, seed):
        scores, rewards = random_choices(3, 4, seed)
        expected = (torch.softmax(scores, -1) * rewards).sum().item()
        without, with_it = exact_moments(scores, rewards, 0.0), exact_moments(scores, rewards, expected)
        torch.testing.assert_close(without.mean, with_it.mean)
        assert with_it.variance < without.variance / 2

    def test_five_choices_cost_more_than_one_and_the_baseline_saves_more(self):
        needed = torch.zeros(2, 2, 5)  # (without or with, one or five choices, problems)
        for seed in range(5):
            for place, count in enumerate((1, 5)):
                scores, rewards = (part[:count] for part in random_choices(5, 4, seed))
                expected = (torch.softmax(scores, -1) * rewards).sum().item()
                for row, baseline in enumerate((0.0, expected)):
                    moments = exact_moments(scores, rewards, baseline)
                    needed[row, place, seed] = moments.variance / (moments.mean**2).sum()
        growth = (needed[:, 1] / needed[:, 0]).log().mean(-1).exp()
        assert growth[0] > 10 > growth[1] > 2

    def test_a_choice_can_be_learned_without_an_estimate_and_worse_with_a_noisy_one(self):
        ends = {
            way: learn_to_look_up(way, 0.003, steps=300).right
            for way in ("soft", "enumerated", "hard, baseline", "hard, no baseline")
        }
        assert min(ends["soft"].min(), ends["enumerated"].min()) > 0.98
        assert ends["hard, no baseline"].max() < ends["hard, baseline"].min()
        assert ends["hard, baseline"].mean() < ends["enumerated"].mean()


class TestWindows:
    """What a monotonic window could see at best."""

    def test_links_leave_the_window_as_sentences_grow(self):
        shares = [inside / total for inside, total in share_within(sentences().held_out, 5) if total]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] > 0.9 > 0.8 > shares[-1]

    def test_part_of_the_distance_is_that_korean_has_more_tokens(self):
        found = sentences().held_out
        assert sum(len(pair.korean) for pair in found) > 1.05 * sum(len(pair.english) for pair in found)


class TestScores:
    """A2, and which score learns soonest: concat, then dot, then general, then location."""

    def test_the_order_of_the_scores_is_larger_than_the_spread(self):
        assert right(score="concat").min() > right(score="dot").max() + 0.1
        assert right(score="dot").min() > right().max()
        assert right().min() > right(score="location").max()

    @pytest.mark.parametrize("rate", OTHER_RATES)
    def test_the_order_is_the_same_at_other_learning_rates_and_dot_and_general_do_worse_there(self, rate):
        (dot,), (general,), (concat,) = (
            right(score=score, learning_rate=rate).tolist() for score in ("dot", "general", "concat")
        )
        assert concat > dot > general
        assert dot < right(score="dot").min()
        assert general < right().min()

    def test_the_scale_spreads_the_weights_and_changes_little_else(self):
        scaled, plain = runs(score="scaled dot"), runs(score="dot")
        assert max(row["strongest"] for row in scaled) < 0.5 < min(row["strongest"] for row in plain)
        scaled, plain, concat = (right(score=score) for score in ("scaled dot", "dot", "concat"))
        assert plain.mean() - 0.1 < scaled.mean() <= plain.max()
        assert scaled.max() < concat.min() - 0.1

    def test_location_learns_places_and_not_words(self):
        assert errors(score="location").min() > 0.6 > 0.5 > errors().max()
        assert right(3, score="location").max() < 0.1


class TestOrders:
    """Looking after the step and feeding: no gain here, and doing everything at once is a loss."""

    def test_three_orders_lie_inside_each_others_spread(self):
        three = [right(), right(order="after"), right(order="before")]
        assert max(shares.min() for shares in three) < min(shares.max() for shares in three)

    def test_the_fourth_lies_below_on_average(self):
        below = right(order="before, fed").mean()
        assert all(right(order=order).mean() > below + 0.03 for order in ("after, fed", "after", "before"))

    def test_looks_all_at_once_take_less_time(self):
        assert max(row["seconds"] for row in runs(order="after")) < min(row["seconds"] for row in runs())


class TestLocalAgainstGlobal:
    """Both windows lose, on long sentences."""

    def test_global_is_ahead_of_predicted_ahead_of_monotonic_on_average(self):
        assert right().mean() > right(reach="local-p").mean() + 0.04
        assert right(reach="local-p").mean() > right(reach="local-m").mean() + 0.02

    def test_the_difference_is_on_long_sentences(self):
        short, long = (
            [right(bucket, reach=reach).mean() for reach in ("global", "local-p", "local-m")] for bucket in (0, 3)
        )
        assert max(short) - min(short) < 0.05
        assert long[0] > 1.5 * long[1] > 1.5 * 1.5 * long[2]

    def test_the_monotonic_window_looks_at_the_wrong_word_more_often(self):
        assert errors(reach="local-m").min() > errors().max() + 0.05
        assert abs(errors(reach="local-p").mean() - errors().mean()) < 0.06
        assert all(0.7 < row["total"] < 0.9 for row in runs(reach="local-p"))
