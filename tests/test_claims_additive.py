"""What chapter 02 says in words, held against its numbers: A1 to A3 of the course's list of claims, and R4."""

import json
import math
from pathlib import Path

import pytest
import torch

from attn_course.additive import additive_scores, masked_softmax
from attn_course.data.english_korean import batches, encode, gold_links
from attn_course.experiments.bottleneck import LONG, RUNS, Run, new_translator, shown_pairs
from attn_course.experiments.links import LinkCounts
from attn_course.experiments.translation import (
    BUCKETS,
    Training,
    corpus,
    fingerprint,
    link_loss,
    tokens_right_by_length,
    train_translator,
)
from attn_course.training import masked_cross_entropy

RESULTS = json.loads((Path(__file__).parents[1] / "book" / "results" / "02_additive.json").read_text(encoding="utf-8"))
AFRESH = "run scripts/translation_results.py"


def runs(context, steps=1000, told=0.0, told_of=1):
    asked = {"context": context, "steps": steps, "told": told, "told_of": told_of}
    return [row for row in RESULTS["runs"] if asked.items() <= row["settings"].items()]


def shares(what, context, **kinds):
    counts = torch.tensor([row[what] for row in runs(context, **kinds)], dtype=torch.float64)
    return counts[..., 0] / counts[..., 1]  # (seeds, buckets)


def error_rates(which, shift=0, **kinds):
    return [LinkCounts(*row["links"][which][str(shift)]).error_rate for row in runs("additive", **kinds)]


class TestTheResultsAreThoseOfThePresentCode:
    def test_every_run_is_there_once(self):
        assert [row["settings"] for row in RESULTS["runs"]] == [run.settings for run in RUNS], AFRESH

    def test_of_this_corpus(self):
        assert RESULTS["corpus"] == fingerprint(corpus()), AFRESH

    def test_every_sentence_was_measured(self):
        held_out = corpus().held_out
        numbers = [sum(first <= len(p.english) <= last for p in held_out) for first, last in BUCKETS]
        assert min(numbers) > 100
        for row in RESULTS["runs"]:
            assert [number for _, number in row["right"]] == numbers, AFRESH

    @pytest.mark.parametrize("run", RUNS[:7], ids=lambda run: f"{run.context}-{run.steps}-{run.told:g}-{run.told_of}")
    def test_of_these_translators(self, run):
        """The first loss, before any update, is that of today's parameters on today's first batch."""
        data = corpus()
        row = next(row for row in RESULTS["runs"] if row["settings"] == run.settings)
        model = new_translator(run, data)
        assert row["parameters"] == sum(parameter.numel() for parameter in model.parameters()), AFRESH
        found = next(batches(data.training, Training(run.seed).batch, torch.Generator().manual_seed(run.seed)))
        batch = encode(found, data.english, data.korean)
        with torch.no_grad():
            logits, weights = model(batch.source, batch.source_lengths, batch.target_in)
            loss = masked_cross_entropy(logits, batch.target_out, batch.target_mask)
            rows = [row for row, pair in enumerate(found) if run.told and pair in data.training[:: run.told_of]]
            if rows:
                loss = loss + run.told * link_loss(weights[rows], gold_links(found)[rows])
        assert row["first_loss"] == pytest.approx(loss.item(), rel=1e-3), AFRESH

    def test_the_shown_sentences_are_held_out(self):
        shown = runs("additive")[0]["shown"]
        assert [tuple(s["english"]) for s in shown] == [pair.english for pair in shown_pairs(corpus())], AFRESH
        assert [tuple(map(tuple, s["links"])) for s in shown] == [pair.links for pair in shown_pairs(corpus())], AFRESH


class TestA1:
    """Looking back lifts what one vector holds down, and not because of parameters or updates."""

    def test_one_vector_had_no_fewer_parameters_and_the_same_updates(self):
        assert runs("ends")[0]["parameters"] > runs("additive")[0]["parameters"]
        assert runs("ends")[0]["settings"]["steps"] == runs("additive")[0]["settings"]["steps"]

    def test_long_sentences_come_through_with_attention_alone(self):
        assert shares("right", "additive")[:, -1].min() > 0.2
        assert shares("right", "ends")[:, 2:].max() < 0.02
        assert (shares("right", "additive").amin(0) > shares("right", "ends").amax(0)).all()

    def test_twice_the_updates_leave_one_vector_where_it_is_on_long_sentences(self):
        """They take at least the time of the others; chapter 02 gives both times."""
        assert len(runs("ends", steps=2000)) == 3
        seconds = [[row["seconds"] for row in found] for found in (runs("ends", steps=2000), runs("additive"))]
        assert sum(seconds[0]) > 0.9 * sum(seconds[1])
        longer = shares("right", "ends", steps=2000)
        assert (longer.mean(0)[:2] > shares("right", "ends").mean(0)[:2]).all()
        assert longer[:, 3:].max() == 0
        assert (shares("right", "additive").amin(0) > longer.amax(0)).all()

    def test_with_time_long_sentences_come_up_to_short_ones_looking_back_alone(self):
        """The shape of figure 2 of Bahdanau et al."""
        looking, one = shares("right", "additive", steps=LONG), shares("right", "ends", steps=LONG)
        assert len(looking) == len(one) == 3
        assert (looking[:, -1] > shares("right", "additive")[:, -1].max() + 0.2).all()
        assert (looking[:, 0] - looking[:, -1]).max() < 0.2
        assert (one[:, 0] - one[:, -1]).min() > 0.6
        assert one[:, -1].max() < 0.05

    def test_single_tokens_stay_level_with_attention_and_fall_without(self):
        looking, one = shares("tokens", "additive"), shares("tokens", "ends")
        assert (looking[:, 0] - looking[:, -1]).max() < 0.05
        assert (one[:, 0] - one[:, -1]).min() > 0.2

    def test_the_difference_shows_after_seconds_of_training(self):
        data = corpus(count=3000, longest=8)
        right = {}
        for context in ("ends", "additive"):
            model = new_translator(Run(context, 0, width=32), data)
            train_translator(model, data, Training(0, steps=220, batch=32, learning_rate=0.015))
            hits, tokens = tokens_right_by_length(model, data.held_out, data)[0]
            right[context] = hits / tokens
        assert right["additive"] > right["ends"] + 0.03


class TestA3:
    """Weights are alignments in part: of words and stems more than of endings, and fully if they are told to be."""

    def test_left_alone_endings_are_off_and_words_mostly_on(self):
        assert len(error_rates("all")) == 3
        assert max(error_rates("words")) < 0.2
        assert min(error_rates("endings")) > 2 * max(error_rates("words"))
        assert min(error_rates("all")) > 0.10  # not below the mark that a naive reading would expect

    def test_with_time_words_find_their_links_and_endings_do_not(self):
        assert len(error_rates("words", steps=LONG)) == 3
        assert max(error_rates("words", steps=LONG)) < 0.10
        assert min(error_rates("endings", steps=LONG)) > 0.2

    @pytest.mark.parametrize("which", ["all", "words", "endings"])
    def test_no_shift_does_better_than_the_links_as_they_are(self, which):
        for shift in (-2, -1, 1, 2):
            assert all(here < moved for here, moved in zip(error_rates(which), error_rates(which, shift), strict=True))

    def test_of_the_endings_that_miss_some_look_at_the_next_word(self):
        for row in runs("additive"):
            missed = row["misses"]["endings"]
            assert 0.15 < missed[0] / sum(missed) < 0.6

    def test_right_translations_look_elsewhere_too(self):
        assert min(LinkCounts(*row["links_right"]).error_rate for row in runs("additive")) > 0.10

    def test_told_the_links_it_finds_them_and_translates_better(self):
        assert len(error_rates("all", told=0.3)) == 3
        assert max(error_rates("all", told=0.3)) < 0.05
        counts = {
            told: torch.tensor([row["right"] for row in runs("additive", told=told)]).sum(1)[:, 0]
            for told in (0.0, 0.3)
        }
        assert counts[0.3].min() > counts[0.0].max()

    def test_a_few_told_sentences_change_where_it_looks_in_all_others(self):
        few = error_rates("all", told=0.3, told_of=16)
        assert len(few) == 3
        assert max(few) < 0.10 < min(error_rates("all"))


def kept_numbers(scores_of, *tensors):
    held = {}
    given = {tensor.data_ptr() for tensor in tensors}

    def note(tensor):
        if tensor.data_ptr() not in given:
            held[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        scores_of(*tensors)
    return sum(held.values())


class TestA2:
    """Additive scores cost a hidden layer for every pair; what belongs to a key is computed once."""

    @pytest.mark.parametrize(("queries", "keys", "d_attn"), [(1, 7, 5), (1, 14, 5), (3, 7, 5), (3, 7, 10)])
    def test_what_is_kept_grows_with_queries_times_keys_times_width(self, queries, keys, d_attn):
        query, key, v = (torch.randn(size, requires_grad=True) for size in ((queries, 4), (keys, 6), (d_attn,)))
        W_query, W_key = (torch.randn(width, d_attn, requires_grad=True) for width in (4, 6))
        additive = kept_numbers(additive_scores, query, key, W_query, W_key, v)
        # The hidden layer; the projections themselves are sums of products and keep their inputs alone.
        assert additive == queries * keys * d_attn
        assert kept_numbers(lambda q, k: q @ k.mT, torch.randn(queries, 6, requires_grad=True), key) == 0

    def test_looking_back_took_longer_in_every_run(self):
        seconds = {context: [row["seconds"] for row in runs(context)] for context in ("ends", "additive")}
        assert min(seconds["additive"]) > max(seconds["ends"])


class TestTheHandExample:
    def test_the_weights_are_those_of_the_powers_of_two(self):
        brings = math.log(3) * torch.eye(2, dtype=torch.float64)
        keys = torch.tensor([[0, 1], [1, 0], [0, 0]], dtype=torch.float64)
        v = 5 * math.log(2) * torch.ones(2, dtype=torch.float64)
        weights = masked_softmax(additive_scores(torch.eye(2, dtype=torch.float64), keys, brings, brings, v))
        powers = torch.tensor([2**8, 2 ** (5 * 40 / 41), 2**4], dtype=torch.float64)
        torch.testing.assert_close(weights[0], powers / powers.sum())
        torch.testing.assert_close(weights[1], weights[0][[1, 0, 2]])

    def test_without_the_tanh_no_query_can_choose(self):
        generator = torch.Generator().manual_seed(0)
        query, key, v = (torch.randn(*size, generator=generator) for size in ((5, 3), (7, 3), (3,)))
        weights = masked_softmax((query[:, None] + key[None]) @ v)
        torch.testing.assert_close(weights, weights[:1].expand(5, -1))
        chosen = masked_softmax(torch.tanh(query[:, None] + key[None]) @ v)
        assert (chosen - chosen[:1]).abs().max() > 0.01
