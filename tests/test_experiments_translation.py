"""The measurements of chapters 02 and 03 on translation measure what they say."""

import itertools
import math

import pytest
import torch

from attn_course.additive import AttentionDecoder, BidirectionalEncoder, Translator
from attn_course.data.english_korean import batches, encode
from attn_course.experiments import translation
from attn_course.experiments.fixed_context import FixedContextDecoder
from attn_course.experiments.links import count_links
from attn_course.experiments.translation import (
    BUCKETS,
    Training,
    corpus,
    fingerprint,
    link_loss,
    looks,
    num_threads,
    right_by_length,
    step_seconds,
    tokens_right_by_length,
    train_translator,
    translations,
)
from attn_course.training import seeded

END = 2


@pytest.fixture(scope="module")
def data():
    return corpus(count=400, longest=9)


def translator(data, decoder=AttentionDecoder, seed=0, width=5):
    with seeded(seed):
        encoder = BidirectionalEncoder(len(data.english), 3, width)
        arguments = (len(data.korean), 3, 7, 2 * width)
        return Translator(encoder, decoder(*arguments, 11) if decoder is AttentionDecoder else decoder(*arguments))


class Scripted:
    """Writes for each source what a table says, and looks at the source token named by the position in the target."""

    def __init__(self, data, found, answers):
        sources = encode(found, data.english, data.korean)
        self.answers = {
            tuple(row[:n]): [*data.korean.encode(answer), END]
            for row, n, answer in zip(sources.source.tolist(), sources.source_lengths.tolist(), answers, strict=True)
        }

    def translate(self, source, source_lengths, start, end, max_len):
        rows = [self.answers[tuple(row[:n])] for row, n in zip(source.tolist(), source_lengths.tolist(), strict=True)]
        width = min(max_len, max(map(len, rows)))
        return torch.tensor([(row + [end] * width)[:width] for row in rows])


def test_the_corpus_is_divided_and_as_short_as_asked(data):
    assert len(data.training) + len(data.held_out) == 400
    assert max(len(pair.english) for pair in (*data.training, *data.held_out)) == 9
    assert not {pair.english for pair in data.training} & {pair.english for pair in data.held_out}
    assert BUCKETS[0][0] == 3
    assert all(after[0] == before[1] + 1 for before, after in itertools.pairwise(BUCKETS))


@pytest.mark.parametrize("decoder", [AttentionDecoder, FixedContextDecoder])
def test_training_is_the_same_for_the_same_seed_and_lowers_the_loss(data, decoder):
    def trained(seed):
        model = translator(data, decoder)
        record = train_translator(model, data, Training(seed, steps=30, batch=16, learning_rate=0.02))
        return model, record

    (one, record), (two, again), (other, _) = trained(1), trained(1), trained(2)
    assert record.losses == again.losses
    assert all(map(torch.equal, one.state_dict().values(), two.state_dict().values()))
    assert not torch.equal(one.decoder.output.weight, other.decoder.output.weight)
    assert sum(record.losses[-5:]) < 0.8 * sum(record.losses[:5])
    assert len(record.losses) == 30 and record.seconds > 0


def test_threads_are_as_many_as_asked_and_put_back():
    before = torch.get_num_threads()
    with num_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_translations_come_in_the_order_of_the_pairs_and_are_counted_by_length(data):
    found = data.training[:50]
    answers = [pair.korean for pair in found]
    longest = max(range(50), key=lambda place: len(found[place].english))
    answers[longest] = answers[longest][:-1]  # one token short
    written = translations(Scripted(data, found, answers), found, data)
    assert written == answers
    counts = right_by_length(found, written)
    lengths = [len(pair.english) for pair in found]
    assert counts[0] == (sum(n <= 8 for n in lengths), sum(n <= 8 for n in lengths))
    assert counts[1] == (sum(n > 8 for n in lengths) - 1, sum(n > 8 for n in lengths))
    assert counts[2:] == [(0, 0)] * (len(BUCKETS) - 2)


def test_a_translator_that_never_ends_is_cut_off(data):
    model = translator(data)
    with torch.no_grad():
        model.decoder.output.bias[END] = -1e9
    found = data.training[:20]
    longest = max(len(pair.korean) for pair in found)
    assert {len(tokens) for tokens in translations(model, found, data)} <= set(range(longest * 3 // 2 + 11))


def test_looks_are_the_weights_of_each_pair_alone(data):
    model, found = translator(data), data.training[:30]
    for pair, rows in zip(found, looks(model, found, data), strict=True):
        alone = encode([pair], data.english, data.korean)
        _, expected = model(alone.source, alone.source_lengths, alone.target_in)
        torch.testing.assert_close(rows, expected[0, :-1].detach())
        assert rows.shape == (len(pair.korean), len(pair.english))


def test_looks_at_its_own_translation_follow_what_was_written(data):
    model, found = translator(data), data.training[:7]
    written = [pair.korean[:2] for pair in found]
    for given, whole in zip(looks(model, found, data, written), looks(model, found, data), strict=True):
        assert given.shape[0] == 2
        torch.testing.assert_close(given, whole[:2])  # the same tokens before, the same weights


def test_looking_nowhere_makes_no_link(data):
    found = data.held_out
    model = translator(data, FixedContextDecoder)
    counts = count_links(found, looks(model, found, data))
    assert (counts.hits, counts.made) == (0, 0)
    assert counts.gold == sum(len(pair.links) for pair in found)
    assert counts.error_rate == 1


def test_steps_are_timed_in_turns(data):
    models = [translator(data), translator(data, FixedContextDecoder)]
    before = [model.decoder.output.weight.clone() for model in models]
    taken = step_seconds(models, data, batch=8, repeats=3)
    assert [len(times) for times in taken] == [3, 3]
    assert all(0 < seconds < 5 for times in taken for seconds in times)
    assert all(torch.equal(model.decoder.output.weight, weight) for model, weight in zip(models, before, strict=True))


def test_tokens_right_are_counted_by_length(data):
    found = data.training[:60]

    class Knows:
        """Names every token of the target but the last, which it takes for a start."""

        def __call__(self, source, source_lengths, target_in):
            following = torch.cat([target_in[:, 1:], torch.ones_like(target_in[:, :1])], dim=1)
            weights = torch.zeros(*target_in.shape, source.shape[1])
            return torch.nn.functional.one_hot(following, len(data.korean)).float(), weights

    counts = tokens_right_by_length(Knows(), found, data)
    for (first, last), (right, tokens) in zip(BUCKETS, counts, strict=True):
        inside = [pair for pair in found if first <= len(pair.english) <= last]
        assert tokens == sum(len(pair.korean) + 1 for pair in inside)
        # The end of the longest of a batch is the last token of its row.
        assert tokens - len(inside) <= right <= tokens
    longest = max(len(pair.korean) for pair in found)
    assert sum(t - r for r, t in counts) == sum(len(pair.korean) == longest for pair in found)


def test_the_fingerprint_changes_with_a_single_link(data):
    first = data.training[0]
    changed = data._replace(training=[first._replace(links=first.links[1:]), *data.training[1:]])
    assert fingerprint(data) == fingerprint(corpus(count=400, longest=9))
    assert fingerprint(data) != fingerprint(changed)


def test_the_link_loss_is_minus_the_log_of_the_weight_on_the_links(data):
    weights = torch.tensor([[[0.5, 0.25, 0.25], [0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]], requires_grad=True)
    gold = torch.tensor([[[True, False, False], [False, True, True], [False, False, False]]])
    loss = link_loss(weights, gold)
    assert loss.item() == pytest.approx((-math.log(0.5) - math.log(0.8)) / 2)
    loss.backward()
    assert weights.grad[0, 2].tolist() == [0, 0, 0]  # a row without a link asks for nothing


def test_a_translator_that_is_told_its_links_finds_them(data):
    rates = []
    for told in (0.0, 3.0):
        model = translator(data, width=16)
        train_translator(model, data, Training(0, steps=60, batch=32, learning_rate=0.02, told=told))
        rates.append(count_links(data.held_out, looks(model, data.held_out, data)).error_rate)
    assert rates[1] < 0.7 * rates[0]


def test_the_links_of_one_sentence_in_so_many_are_told(data, monkeypatch):
    """In one epoch, the loss of links sees the chosen sentences and no other."""
    seen = []

    def noted(weights, gold):
        seen.append(gold.sum().item())
        return link_loss(weights, gold)

    monkeypatch.setattr(translation, "link_loss", noted)
    chosen = data.training[::5]
    steps = len(list(batches(data.training, 11, torch.Generator().manual_seed(0))))
    train_translator(translator(data), data, Training(0, steps=steps, batch=11, told=1.0, told_of=5))
    assert sum(seen) == sum(len(pair.links) for pair in chosen)
    assert 1 < len(seen) < steps + 1
