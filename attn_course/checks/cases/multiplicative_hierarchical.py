"""Inputs of `hierarchical_attention` (chapter 03)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from attn_course.checks.engine import Case, Draw

F32, F64 = torch.float32, torch.float64


def hidden_words(case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """Which word weights (*batch, sentences, words) belong to padding."""
    return ~case.arguments["word_mask"].numpy()


def empty_sentences(case: Case, shape: tuple[int, ...]) -> np.ndarray:
    """Which sentence weights (*batch, sentences) belong to sentences without a word."""
    return ~case.arguments["word_mask"].any(dim=-1).numpy()


def _document(
    d: Draw, *batch: int, s: int, w: int, width: int, dtype: torch.dtype = F64, empty: tuple[int, ...] = ()
) -> dict[str, Tensor]:
    """`s` sentences of up to `w` words; every sentence has a visible word, but those of `empty`."""
    mask = d.mask(*batch, s, w, visible=0.7)
    for sentence in empty:
        mask[..., sentence, :] = False
    return {
        "words": d.normal(*batch, s, w, width, dtype=dtype),
        "word_mask": mask,
        "word_query": d.normal(width, dtype=dtype),
        "sentence_query": d.normal(width, dtype=dtype),
    }


def _full(document: dict[str, Tensor]) -> dict[str, Tensor]:
    return document | {"word_mask": torch.ones_like(document["word_mask"])}


@lru_cache(maxsize=2)  # the diagnosis tries every mistake on the same seed
def hierarchical_cases(seed: int) -> list[Case]:
    """Cases of `hierarchical_attention`."""
    d = Draw(seed, "hierarchical_attention")
    words, sentences = {"compared": ("word weights",)}, {"compared": ("sentence weights",)}
    nothing = _document(d, 2, s=3, w=4, width=5, empty=(1,))
    nothing["word_mask"][1] = False
    loud = _document(d, 2, s=4, w=3, width=2, empty=(2,))
    loud["words"] = loud["words"].masked_fill(~loud["word_mask"][..., None], 1e6)
    far = _full(_document(d, s=3, w=4, width=2))
    far["words"] = torch.tensor(
        [
            [[10, 0], [10, 1], [-10, 3], [0, 2]],
            [[-10, 0], [-10, 1], [10, 2], [-10, 3]],
            [[0, 9], [10, 9], [5, 2], [10, 1]],
        ],
        dtype=F64,
    )
    far["word_mask"][1, 2] = far["word_mask"][2, 1] = False  # words that score 1000, far above the visible ones
    far["word_query"] = torch.tensor([100.0, 0.0], dtype=F64)
    far["sentence_query"] = torch.tensor([0.0, 1.0], dtype=F64)
    graded = {"observe": "gradients", "gradients": ("words", "word_query", "sentence_query")}
    again = [_document(d, 2, s=3, w=5, width=4) for _ in range(2)]
    tiny = _document(d, 2, s=3, w=4, width=2, empty=(1,))
    silent = _document(d, 2, s=4, w=3, width=5, empty=(1,))
    silent["words"] = silent["words"].clone()
    silent["words"][:, 2] = 0.0
    one_word = _document(d, 2, s=5, w=1, width=3)
    one_word["word_mask"][:] = True
    return [
        Case("words", "every word visible", _full(_document(d, s=3, w=5, width=4)), **words),
        Case("words", "hidden words, one batch axis", _document(d, 2, s=4, w=5, width=3), **words),
        Case("sentences", "sentences of one word", one_word, **sentences),
        Case("sentences", "hidden words, float32", _document(d, 3, s=4, w=6, width=5, dtype=F32), **sentences),
        Case("document", "every word visible", _full(_document(d, 2, s=3, w=4, width=5)), compared=("document",)),
        Case("document", "hidden words", _document(d, 2, s=4, w=5, width=3), compared=("document",)),
        Case("empty", "one empty sentence", _document(d, 3, s=4, w=5, width=2, empty=(2,))),
        Case("empty", "two empty sentences, and an empty document", nothing),
        Case("empty", "one empty sentence, and one whose words are 0", silent),
        Case("extremes", "padding of a million", loud),
        Case("extremes", "word scores of ±1000", far),
        Case("batch", "no batch axis", _document(d, s=5, w=3, width=7)),
        Case("batch", "two batch axes, views", _document(d, 2, 3, s=4, w=4, width=3), layouts={"words": "permuted"}),
        Case(
            "gradients", "hidden words and an empty sentence", _document(d, 2, s=3, w=5, width=4, empty=(0,)), **graded
        ),
        Case("gradients", "float32", _document(d, s=3, w=4, width=3, dtype=F32), **graded),
        Case("device", "inputs on another device", tiny, observe="meta"),
        Case("device", "another default device", tiny, observe="default_device"),
        Case(
            "state",
            "several calls in a row",
            again[0],
            observe="repeat",
            then=(again[1], _document(d, s=4, w=7, width=3)),
        ),
    ]
