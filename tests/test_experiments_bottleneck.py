"""The measurements of chapter 02 on one vector against looking back."""

import json

import pytest
import torch

from attn_course.experiments import bottleneck
from attn_course.experiments.bottleneck import RUNS, SEEDS, Run, measure, new_translator, shown_pairs
from attn_course.experiments.links import count_links
from attn_course.experiments.translation import BUCKETS, corpus, looks


@pytest.fixture(scope="module")
def data():
    return corpus(count=400, longest=9)


@pytest.fixture
def few(monkeypatch):
    """Sentences as short as those of the small corpus are shown, and rarer tokens are listed."""
    monkeypatch.setattr(bottleneck, "SHOWN_LENGTHS", (5, 8))
    monkeypatch.setattr(bottleneck, "FREQUENT", 5)


def run(context, **changes):
    return Run(context, 0, width=7, steps=3, d_embed=5, **changes)


def test_every_kind_of_run_has_every_seed():
    kinds = {tuple(sorted((run.settings | {"seed": None}).items(), key=str)) for run in RUNS}
    assert len(RUNS) == len(set(RUNS)) == len(kinds) * len(SEEDS)


def test_translators_differ_in_what_the_decoder_sees_and_in_nothing_else(data):
    attending, fixed = (new_translator(run(context), data) for context in ("additive", "ends"))
    shapes = [sorted(tuple(p.shape) for p in m.parameters()) for m in (attending.encoder, fixed.encoder)]
    assert shapes[0] == shapes[1]
    same = {name: p.shape for name, p in fixed.named_parameters()}
    more = {name for name, _ in attending.named_parameters()} - {name.removesuffix("_l0") for name in same}
    assert {name.rpartition(".")[2] for name in more if "encoder" not in name} == {"W_query", "W_key", "v"}
    assert torch.equal(attending.encoder.embed.weight, fixed.encoder.embed.weight)


@pytest.mark.parametrize(
    "settings", [{"context": "additive"}, {"context": "ends"}, {"context": "additive", "told": 1.0}]
)
def test_a_measurement_can_be_written_and_is_the_same_again(data, few, settings):
    first, again = measure(run(**settings), data), measure(run(**settings), data)
    assert json.loads(json.dumps(first)).keys() == first.keys()
    assert first.pop("seconds") >= 0
    again.pop("seconds")
    assert first == again
    assert len(first["right"]) == len(first["tokens"]) == len(BUCKETS)
    assert sum(n for _, n in first["right"]) == len(data.held_out)
    assert ("links" in first) == (settings["context"] == "additive")
    assert ("shown" in first) == (settings["context"] == "additive")


def test_what_is_said_of_looking_agrees_with_itself(data, few):
    result = measure(run("additive"), data)
    hits, made, gold = result["links"]["all"]["0"]
    assert made == sum(len(pair.korean) for pair in data.held_out)
    assert gold == sum(len(pair.links) for pair in data.held_out)
    for kind in ("words", "endings"):
        assert result["links"][kind]["0"][0] == result["beside"][kind]["0"]
    assert hits == sum(result["beside"][kind]["0"] for kind in ("words", "endings"))
    assert 0 < result["strongest"] <= 1


def test_shown_sentences_are_held_out_ones_with_the_weights_of_the_model(data, few):
    result = measure(run("additive"), data)
    pairs = shown_pairs(data)
    assert [len(pair.english) for pair in pairs] == [5, 8]
    for pair, shown in zip(pairs, result["shown"], strict=True):
        assert pair in data.held_out
        assert (shown["english"], shown["korean"], shown["links"]) == tuple(pair)
        assert torch.tensor(shown["weights"]).shape == (len(pair.korean), len(pair.english))
        assert torch.tensor(shown["weights"]).sum(1).sub(1).abs().max() < 0.01
    # Before it has learned anything the model looks everywhere alike.
    untrained = looks(new_translator(run("additive"), data), pairs, data)
    assert count_links(pairs, untrained).made == sum(len(pair.korean) for pair in pairs)
