"""What chapter 03 asks: four scores, a window, Luong's decoder, a choice and its gradient, words and sentences."""

from __future__ import annotations

from attn_course.checks.cases.multiplicative_decoder import decoder_cases, hidden_positions
from attn_course.checks.cases.multiplicative_hierarchical import empty_sentences, hidden_words, hierarchical_cases
from attn_course.checks.cases.multiplicative_local import local_cases, outside_or_hidden
from attn_course.checks.engine import Aspect, Chapter, Exercise, Output
from attn_course.checks.engine.manners import manner
from attn_course.checks.parts.attention import extremes
from attn_course.checks.parts.multiplicative_hard import hard_attention, reinforce_loss
from attn_course.checks.parts.multiplicative_scores import concat_scores, dot_scores, general_scores, location_scores
from attn_course.checks.parts.multiplicative_shared import (
    DECODER,
    FEEDING,
    HIERARCHICAL,
    LOCAL,
    REFERENCE,
    SCORES,
    SECTIONS,
)

local_weights = Exercise(
    id="local_weights",
    points=4,
    signature="local_weights(scores, centre, window, mask=None)",
    returns=(Output("weights", ("queries", "keys"), exact_zero=outside_or_hidden),),
    cases=local_cases,
    aspects=(
        Aspect(
            "inside",
            "the softmax runs over the keys inside the window alone",
            0.7,
            "hide the keys outside before the softmax: what is cut off after it no longer sums to 1",
            LOCAL,
        ),
        Aspect(
            "gaussian",
            "then a Gaussian around the centre, σ = window / 2, and no renormalising after it",
            1,
            "the factor is exp(−(s − centre)² / (2σ²)), 1 at the centre and e⁻² at the edges of the window",
            LOCAL,
        ),
        Aspect(
            "edges",
            "keys exactly at an edge are inside; centres are real numbers and positions count from 0",
            0.45,
            "compare the distance |s − centre| with window, by <=, and round nothing",
            LOCAL,
        ),
        Aspect(
            "mask",
            "the mask hides keys inside of the window too",
            0.4,
            "a key counts that is inside and visible",
            LOCAL,
        ),
        Aspect(
            "nothing",
            "a query with nothing visible in its window gets 0, not NaN",
            0.25,
            "the softmax of a row of −inf is NaN, that of equal numbers is uniform: neither is 0",
            LOCAL,
        ),
        extremes(0.2, LOCAL),
        Aspect(
            "batch",
            "window, Gaussian, any mask and any leading batch axes together",
            0.2,
            "name axes from the end",
            LOCAL,
        ),
        Aspect(
            "gradients",
            "the gradient reaches the scores, and the centre through the Gaussian",
            0.4,
            "do not round, detach or convert the centre; 0 · NaN is NaN, so keep NaN out of the forward pass",
            LOCAL,
            "gradients",
        ),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
    reference=f"{REFERENCE}:local_weights",
)

luong_decoder = Exercise(
    id="LuongDecoder",
    points=4,
    signature="step(token, hidden, attentional, memory, mask)",
    returns=(
        Output("logits", ("batch", "vocab")),
        Output("hidden", ("batch", "features")),
        Output("attentional", ("batch", "features")),
        Output("weights", ("batch", "source"), exact_zero=hidden_positions),
    ),
    main=(0, 1, 2),
    cases=decoder_cases,
    kind="class",
    method="step",
    allowed=frozenset({"gru", "gru_cell"}),
    aspects=(
        Aspect(
            "recurrence",
            "the recurrence reads the embedded token and the last attentional vector",
            0.75,
            "self.rnn takes [embedded; attentional] and the state before",
            FEEDING,
        ),
        Aspect(
            "weights",
            "the new state looks at the memory, with the general score",
            0.75,
            "the scores are hidden W_score memory, with the state after the recurrence, unscaled",
            DECODER,
        ),
        Aspect(
            "vector",
            "the attentional vector is tanh([context; hidden] W_attentional)",
            0.75,
            "the context comes first, then the new state",
            DECODER,
        ),
        Aspect(
            "logits", "the logits are made from the attentional vector", 0.5, "no softmax: the loss does that", DECODER
        ),
        Aspect(
            "mask",
            "padding gets weight 0, and a source that is all padding gives 0, not NaN",
            0.35,
            "the mask is (batch, source), True at a token",
            SCORES,
        ),
        manner("gradients", 0.3, DECODER),
        manner("dtype", 0.15),
        manner("device", 0.15),
        manner("unchanged", 0.1),
        manner("state", 0.2),
    ),
    reference=f"{REFERENCE}:LuongDecoder",
)

hierarchical_attention = Exercise(
    id="hierarchical_attention",
    points=2,
    signature="hierarchical_attention(words, word_mask, word_query, sentence_query)",
    returns=(
        Output("document", ("features",)),
        Output("word weights", ("sentences", "words"), exact_zero=hidden_words),
        Output("sentence weights", ("sentences",), exact_zero=empty_sentences),
    ),
    cases=hierarchical_cases,
    aspects=(
        Aspect(
            "words",
            "the words of each sentence share a weight of 1, by their products with word_query",
            0.5,
            "the softmax runs over the words of one sentence: the last axis of words @ word_query",
            HIERARCHICAL,
        ),
        Aspect(
            "sentences",
            "the sentences share a weight of 1, by the products of their means with sentence_query",
            0.35,
            "a sentence is the weighted mean of its words",
            HIERARCHICAL,
        ),
        Aspect("document", "the document is the weighted mean of the sentences", 0.3, "", HIERARCHICAL),
        Aspect(
            "empty",
            "a sentence without a visible word gets weight 0, and an empty document is 0, not NaN",
            0.3,
            "word_mask.any(dim=-1) says which sentences have a word",
            HIERARCHICAL,
        ),
        extremes(0.1, HIERARCHICAL),
        Aspect("batch", "any leading batch axes, and none", 0.1, "name axes from the end", HIERARCHICAL),
        manner("gradients", 0.15, HIERARCHICAL),
        manner("dtype", 0.05),
        manner("device", 0.05),
        manner("unchanged", 0.05),
        manner("state", 0.05),
    ),
    reference=f"{REFERENCE}:hierarchical_attention",
)

CHAPTER = Chapter(
    number="03",
    slug="multiplicative",
    title="Luong: cheaper scores, narrower looks",
    exercises=(
        dot_scores,
        general_scores,
        concat_scores,
        location_scores,
        local_weights,
        luong_decoder,
        hard_attention,
        reinforce_loss,
        hierarchical_attention,
    ),
    sections=SECTIONS,
)
