"""Attention to words and to sentences, against a loop in Python's own float64."""

import re

import pytest
import torch

from attn_course.multiplicative import hierarchical_attention
from tests.attention_oracle import close, loop_mean, loop_softmax, random

SENTENCES, WORDS, D = 5, 7, 3
BATCHES = [(), (2,), (2, 3)]


def example(*batch, dtype=torch.float64, device="cpu"):
    """Random words; the second sentence of every document is empty, and the first document as a whole."""
    words = random(*batch, SENTENCES, WORDS, D, dtype=dtype, device=device)
    mask = random(*batch, SENTENCES, WORDS, seed=1) > -0.3
    mask[..., 1, :] = False
    if batch:
        mask[(0,) * len(batch)] = False
    queries = (random(D, seed=seed, dtype=dtype, device=device) for seed in (2, 3))
    return words, mask.to(device), *queries


def loop_document(words, mask, word_query, sentence_query):
    """One document, one sentence after the other."""

    def look(rows, seen, query):
        scores = [[sum(a * b for a, b in zip(row, query.tolist(), strict=True)) for row in rows.tolist()]]
        weights = loop_softmax(torch.tensor(scores, dtype=torch.float64), seen[None])
        return loop_mean(weights, rows)[0], weights[0]

    sentences, word_weights = zip(*(look(w, m, word_query) for w, m in zip(words, mask, strict=True)), strict=True)
    written = torch.tensor([any(row) for row in mask.tolist()])
    document, sentence_weights = look(torch.stack(sentences), written, sentence_query)
    return document, torch.stack(word_weights), sentence_weights


@pytest.mark.parametrize("batch", BATCHES)
def test_it_equals_the_loop(batch, device):
    words, mask, *queries = example(*batch, device=device)
    found = hierarchical_attention(words, mask, *queries)
    assert [tuple(t.shape) for t in found] == [(*batch, D), (*batch, SENTENCES, WORDS), (*batch, SENTENCES)]
    flat = zip(words.cpu().reshape(-1, SENTENCES, WORDS, D), mask.cpu().reshape(-1, SENTENCES, WORDS), strict=True)
    expected = [loop_document(w, m, *(q.cpu() for q in queries)) for w, m in flat]
    for got, wanted in zip(found, zip(*expected, strict=True), strict=True):
        close(got, torch.stack(wanted).reshape(got.shape))


def test_padding_does_no_harm_and_an_empty_sentence_gets_nothing(device):
    words, mask, *queries = example(2, device=device)
    document, word_weights, sentence_weights = hierarchical_attention(words, mask, *queries)
    assert (word_weights[~mask] == 0).all() and (sentence_weights[:, 1] == 0).all()
    assert (document[0] == 0).all() and (sentence_weights[0] == 0).all()
    other = hierarchical_attention(words.masked_fill(~mask.unsqueeze(-1), 1e6), mask, *queries)
    assert all(torch.equal(a, b) for a, b in zip(other, (document, word_weights, sentence_weights), strict=True))
    fewer = hierarchical_attention(words[:, [0, 2, 3, 4]], mask[:, [0, 2, 3, 4]], *queries)
    close(fewer[0], document.cpu())


def test_gradients_are_right_and_inputs_stay(device):
    words, mask, *queries = example(2, device=device)
    before = [t.clone() for t in (words, mask, *queries)]
    inputs = [t.requires_grad_() for t in (words, *queries)]
    assert torch.autograd.gradcheck(lambda w, a, b: hierarchical_attention(w, mask, a, b), inputs)
    assert all(torch.equal(a, b) for a, b in zip(before, (words, mask, *queries), strict=True))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_dtype_and_device_are_kept(dtype, device):
    for result in hierarchical_attention(*example(2, dtype=dtype, device=device)):
        assert result.dtype == dtype and result.device.type == device.type
    assert all(t.is_meta for t in hierarchical_attention(*(t.to("meta") for t in example(2))))


W, M, A, B = example(2)
ERRORS = {
    "other mask": (lambda: hierarchical_attention(W, M[0], A, B), ValueError, "word_mask has the batch axes ()"),
    "real mask": (lambda: hierarchical_attention(W, M.double(), A, B), TypeError, "mask must be boolean"),
    "wide query": (lambda: hierarchical_attention(W, M, A[:2], B), ValueError, "word_query has shape (2,)"),
    "other dtype": (
        lambda: hierarchical_attention(W, M, A, B.float()),
        TypeError,
        "use sentence_query.to(words.dtype)",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_given(case, own_errors):
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=re.escape(message)):
        call()
