"""A notebook may change torch's global settings: checks are the same for it, and leave its settings as they were."""

import pytest
import torch

from attn_course import evaluate
from attn_course.checks.registry import chapters
from attn_course.scaled_dot_product import self_attention

SEED = 3


def as_double():
    torch.set_default_dtype(torch.float64)


def without_gradients():
    torch.set_grad_enabled(False)


def elsewhere():
    torch.set_default_device("meta")


@pytest.fixture
def settings():
    yield
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)


@pytest.mark.parametrize("change", [as_double, without_gradients, elsewhere])
def test_a_right_answer_loses_nothing(settings, change):
    chapters()["scaled_dot_product"].exercises[4].cases(SEED + 1)  # made under the usual settings
    change()
    before = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_default_device()
    report = evaluate("self_attention", lambda *given: self_attention(*given), SEED)
    assert report.diagnosis == "ready-made-answer", "the reference itself"

    def written(x, W_q, W_k, W_v, mask=None):
        query, key, value = x @ W_q, x @ W_k, x @ W_v
        scores = query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        weights = torch.softmax(scores, -1).nan_to_num(0.0)
        return weights @ value, weights

    report = evaluate("self_attention", written, SEED)
    assert report.score == report.points, report.text
    assert (torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_default_device()) == before
