"""Additive attention once more, in plain Python floats: what the references of chapter 02 are compared with."""

import math

import torch
from torch import Tensor

from tests.attention_oracle import loop_softmax
from tests.recurrence_oracle import loop_gru_step


def product(row: list[float], matrix: list[list[float]]) -> list[float]:
    return [sum(x * w[column] for x, w in zip(row, matrix, strict=True)) for column in range(len(matrix[0]))]


def loop_additive_scores(query: Tensor, key: Tensor, W_query: Tensor, W_key: Tensor, v: Tensor) -> Tensor:
    """The oracle: one pair of a query and a key after the other."""
    batch = query.shape[:-2]
    wide = [t.detach().double().cpu() for t in (query, key, W_query, W_key, v)]
    queries, keys = (t.reshape(-1, *t.shape[-2:]).tolist() for t in wide[:2])
    to_hidden, from_key, to_score = (t.tolist() for t in wide[2:])

    def score(q: list[float], k: list[float]) -> float:
        pairs = zip(product(q, to_hidden), product(k, from_key), strict=True)
        return sum(weight * math.tanh(a + b) for weight, (a, b) in zip(to_score, pairs, strict=True))

    scores = [[[score(q, k) for k in ks] for q in qs] for qs, ks in zip(queries, keys, strict=True)]
    return torch.tensor(scores, dtype=torch.float64).reshape(*batch, query.shape[-2], key.shape[-2])


def loop_decoder_step(
    weights: dict[str, Tensor], token: int, hidden: list[float], memory: list[list[float]], seen: list[bool]
) -> tuple[list[float], list[float], list[float]]:
    """One step for one sentence: logits, new state and attention weights. `rnn.bias_hh` is taken for 0."""
    embedded = weights["embed.weight"][token].tolist()
    scores = loop_additive_scores(
        torch.tensor([hidden], dtype=torch.float64),
        torch.tensor(memory, dtype=torch.float64),
        weights["W_query"],
        weights["W_key"],
        weights["v"],
    )
    alpha = loop_softmax(scores, torch.tensor([seen]))[0].tolist()
    context = product(alpha, memory)
    gru = (weights["rnn.weight_ih"].T.tolist(), weights["rnn.weight_hh"].T.tolist(), weights["rnn.bias_ih"].tolist())
    state = loop_gru_step(embedded + context, hidden, *gru)
    logits = product(embedded + state + context, weights["output.weight"].T.tolist())
    return [a + b for a, b in zip(logits, weights["output.bias"].tolist(), strict=True)], state, alpha
