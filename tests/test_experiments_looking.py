"""The translators of chapter 03 differ in what they say they differ in, and are measured alike."""

import json
from dataclasses import replace

import pytest
import torch

from attn_course.attend import attend
from attn_course.experiments.looking import (
    LONGEST,
    ORDERS,
    OTHER_RATES,
    REACHES,
    RUNS,
    SCORES,
    SEEDS,
    SHOWN_LENGTHS,
    Run,
    measure,
    new_translator,
    of_bucket,
    share_within,
    shown_pairs,
)
from attn_course.experiments.results import fill
from attn_course.experiments.translation import BUCKETS, corpus

VALUES = {"score": SCORES, "reach": REACHES, "order": ORDERS}
TINY = Run(width=5, steps=2, batch=7, window=2)


@pytest.fixture(scope="module")
def data():
    return corpus(count=1500, longest=17)


def test_the_runs_change_one_thing_at_a_time():
    middle = Run()
    assert len({str(run) for run in RUNS}) == len(RUNS)
    for run in RUNS:
        changed = {name for name, value in run.settings.items() if value != middle.settings[name]} - {"seed"}
        assert len(changed - {"learning_rate"}) <= 1, run
    for name, values in VALUES.items():
        for value in values:
            assert {run.seed for run in RUNS if run == replace(middle, seed=run.seed, **{name: value})} == set(SEEDS)
    for rate in OTHER_RATES:
        assert {replace(middle, score=score, learning_rate=rate) for score in ("dot", "general", "concat")} < set(RUNS)


def test_translators_of_a_seed_begin_alike_but_for_their_attention(data):
    plain = new_translator(TINY, data).state_dict()
    for run in [replace(TINY, score=s) for s in SCORES] + [replace(TINY, reach=r) for r in REACHES]:
        state = new_translator(run, data).state_dict()
        shared = [name for name in state if ".attention." not in name]
        assert shared == [name for name in plain if ".attention." not in name]
        assert all(torch.equal(state[name], plain[name]) for name in shared)
    other = new_translator(replace(TINY, seed=1), data).state_dict()
    assert not torch.equal(other["encoder.embed.weight"], plain["encoder.embed.weight"])


@pytest.mark.parametrize("score", SCORES)
def test_a_global_look_is_the_masked_softmax_of_its_score(data, score):
    attention = new_translator(replace(TINY, score=score), data).decoder.attention
    generator = torch.Generator().manual_seed(0)
    query, memory = torch.randn(2, 3, 10, generator=generator), torch.randn(2, 7, 10, generator=generator)
    mask = torch.arange(7) < torch.tensor([7, 4])[:, None]
    prepared = attention.prepare(memory)
    context, weights = attention(query, prepared, memory, mask)
    expected_context, expected = attend(attention.score(query, prepared), memory, mask[:, None])
    torch.testing.assert_close(weights, expected)
    torch.testing.assert_close(context, expected_context)


@pytest.mark.parametrize(
    "changes",
    [{"score": "location"}, {"reach": "local-m"}, {"reach": "local-p", "seed": 1}, {"order": "before"}],
    ids=str,
)
def test_what_is_measured_can_be_written_and_adds_up(data, changes):
    run = replace(TINY, **changes)
    result = json.loads(json.dumps(measure(run, data)))
    assert result == json.loads(json.dumps(measure(run, data))) | {"seconds": result["seconds"]}
    assert sum(count for _, count in result["right"]) == len(data.held_out)
    assert sum(gold for _, _, gold in result["links_by_length"]) == result["links"]["0"][2]
    assert sum(hits for hits, _, _ in result["links_by_length"]) == result["links"]["0"][0]
    if run.reach == "global":
        assert result["total"] == pytest.approx(1)
    else:  # the Gaussian is not renormalised, and the last tokens of a long translation may have an empty window
        assert 0.3 < result["total"] < 1
    assert ("shown" in result) == (run.seed == 0)
    if run.seed == 0:
        for pair, weights in zip(shown_pairs(data), result["shown"], strict=True):
            assert (len(weights), len(weights[0])) == (len(pair.korean), len(pair.english))
        assert [len(pair.english) for pair in shown_pairs(data)] == list(SHOWN_LENGTHS)


def test_a_monotonic_window_reaches_the_links_near_the_diagonal(data):
    everything = share_within(data.held_out, LONGEST * 2)
    none, some = share_within(data.held_out, -1), share_within(data.held_out, 2)
    assert all(inside == total for inside, total in everything)
    assert all(inside == 0 for inside, _ in none)
    row_by_row = 0
    for pair in data.held_out:
        row_by_row += sum(column - 2 <= row <= column + 2 for row, column in pair.links)
    assert sum(inside for inside, _ in some) == row_by_row
    assert sum(len(of_bucket(data.held_out, bucket)) for bucket in BUCKETS) == len(data.held_out)


class Counted:
    """A run that says what it was given."""

    def __init__(self, number):
        self.settings = {"number": number}


def squared(run):
    return {"square": run.settings["number"] ** 2}


def test_results_are_filled_where_they_are_missing_and_thrown_away_where_they_are_stale(tmp_path, capsys):
    path = tmp_path / "results" / "squares.json"
    fill(path, {"corpus": "a"}, [Counted(2), Counted(3)], squared, workers=1)
    assert json.loads(path.read_text()) == {
        "corpus": "a",
        "runs": [{"settings": {"number": n}, "square": n * n} for n in (2, 3)],
    }
    path.write_text(path.read_text().replace('"square": 4', '"square": 5'))  # to see that it is not run again
    fill(path, {"corpus": "a"}, [Counted(1), Counted(2)], squared, workers=1)
    assert [row["square"] for row in json.loads(path.read_text())["runs"]] == [1, 5]
    fill(path, {"corpus": "b"}, [Counted(2)], squared, workers=1)
    assert json.loads(path.read_text()) == {"corpus": "b", "runs": [{"settings": {"number": 2}, "square": 4}]}
