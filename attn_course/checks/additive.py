"""What chapter 02 asks: a softmax that hides, additive scores, the weighted mean, and a decoder that looks back."""

from __future__ import annotations

from attn_course.checks.cases import additive_alignment, additive_decoder, additive_scores
from attn_course.checks.engine import Aspect, Chapter, Exercise, Output
from attn_course.checks.engine.manners import manner
from attn_course.checks.parts.additive_weights import ATTEND, SECTIONS, SOFTMAX, attend, masked_softmax
from attn_course.checks.parts.attention import ATTENTION, extremes, hidden_gradients, rows

SCORES, DECODER, ALIGNMENT = "additive-scores", "additive-decoder", "additive-alignment"
REFERENCE = "attn_course.additive"

scores = Exercise(
    id="additive_scores",
    points=3,
    signature="additive_scores(query, key, W_query, W_key, v)",
    returns=(Output("scores", ("queries", "keys")),),
    cases=additive_scores.additive_scores,
    aspects=(
        Aspect(
            "tanh",
            "a score is v · tanh(query W_query + key W_key): one tanh, around the sum",
            1,
            "add the two projections first, then tanh, then the product with v",
            SCORES,
        ),
        Aspect(
            "pairs",
            "every query meets every key of its own batch item, whatever the batch axes",
            0.75,
            "an axis of size 1 broadcasts: (…, queries, 1, d_attn) + (…, 1, keys, d_attn)",
            SCORES,
        ),
        Aspect(
            "extremes",
            "sums of ±1000 give a tanh of ±1, not NaN",
            0.25,
            "exp(1000) is infinite; torch.tanh knows what to do",
            SCORES,
        ),
        Aspect(
            "mixed",
            "all of it at once: the tanh with any batch axes and any sizes",
            0.35,
            "what is right alone must be right together: look at the case that is named here",
            SCORES,
        ),
        manner("gradients", 0.25),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
    reference=f"{REFERENCE}:additive_scores",
)

attention = Exercise(
    id="AdditiveAttention",
    points=3,
    signature="forward(query, key, value, mask=None)",
    returns=ATTENTION,
    cases=additive_scores.AdditiveAttention,
    kind="class",
    aspects=(
        Aspect(
            "scores",
            "the weights are the softmax of the additive scores, the context the mean under them",
            1,
            "scores: v · tanh(query W_query + key W_key); softmax over the keys; then weights @ value",
            SCORES,
        ),
        Aspect(
            "batch",
            "any leading batch axes; queries, keys and values keep their roles",
            0.25,
            "name axes from the end, and compare keys: values are averaged",
            SCORES,
        ),
        Aspect("mask", "hidden keys get weight exactly 0, the visible ones share the whole", 0.5, "", SOFTMAX),
        rows(0.2, SOFTMAX),
        extremes(0.15, SOFTMAX),
        Aspect(
            "together",
            "all of it at once: scores, batch axes and masks",
            0.2,
            "what is right alone must be right together: look at the case that is named here",
            ATTEND,
        ),
        manner("gradients", 0.25, ATTEND),
        hidden_gradients(0.1, SOFTMAX),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.05),
        manner("state", 0.1),
    ),
    reference=f"{REFERENCE}:AdditiveAttention",
)

decoder = Exercise(
    id="AttentionDecoder",
    points=5,
    signature="step(token, hidden, memory, mask)",
    returns=(
        Output("logits", ("batch", "vocab")),
        Output("hidden", ("batch", "features")),
        Output("weights", ("batch", "source"), exact_zero=additive_decoder.hidden_positions),
    ),
    cases=additive_decoder.AttentionDecoder,
    kind="class",
    main=(0, 1),
    method="step",
    allowed=frozenset({"gru", "gru_cell"}),
    aspects=(
        Aspect(
            "attention",
            "the weights come from the state before the step",
            1,
            "attend first, with the hidden that you were given; the GRU comes after",
            DECODER,
        ),
        Aspect(
            "hidden",
            "the GRU reads the embedded token and the context, and goes on from the state before",
            1,
            "self.rnn(torch.cat([embedded, context], dim=-1), hidden)",
            DECODER,
        ),
        Aspect(
            "logits",
            "the logits come from the embedded token, the new state and the context",
            1,
            "self.output takes three things, in this order: embedded, new hidden, context; no softmax",
            DECODER,
        ),
        Aspect(
            "mask",
            "padding gets weight exactly 0, the source tokens share the whole",
            0.5,
            "fill the scores with −inf where ~mask before the softmax over the source",
            SOFTMAX,
        ),
        Aspect(
            "rows",
            "where the whole source is hidden the weights are 0, not NaN",
            0.25,
            "the softmax of a row of −inf is NaN, that of equal numbers is uniform: neither is 0",
            SOFTMAX,
        ),
        extremes(0.15, SOFTMAX),
        Aspect(
            "together",
            "all of it at once: padding, hidden sources, any widths",
            0.35,
            "what is right alone must be right together: look at the case that is named here",
            DECODER,
        ),
        manner("gradients", 0.35, DECODER),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
    reference=f"{REFERENCE}:AttentionDecoder",
)

alignment = Exercise(
    id="alignment_error_rate",
    points=4,
    signature="alignment_error_rate(weights, gold)",
    returns=(Output("error rate", kind="number"),),
    cases=additive_alignment.alignment_error_rate,
    aspects=(
        Aspect(
            "rate",
            "the rate is right where each target token has one gold link",
            1.25,
            "rows are target tokens: argmax(dim=1) is the link of each",
            ALIGNMENT,
        ),
        Aspect(
            "links",
            "the rate is right where target tokens have no gold link, or several",
            1.25,
            "every row counts, and every gold link: 1 − 2 hits / (number of rows + number of gold links)",
            ALIGNMENT,
        ),
        Aspect(
            "ties",
            "of equal weights the first makes the link, and it alone",
            0.5,
            "torch.argmax gives the lowest index of the largest entries; weights == maximum gives them all",
            ALIGNMENT,
        ),
        Aspect(
            "ends",
            "no gold link at all gives 1, all links right gives 0, a single row or column works",
            0.5,
            "the formula is right there too: divide once, by a number that is never 0",
            ALIGNMENT,
        ),
        manner("device", 0.15),
        manner("unchanged", 0.15),
        manner("state", 0.2),
    ),
    reference=f"{REFERENCE}:alignment_error_rate",
)

CHAPTER = Chapter(
    number="02",
    slug="additive",
    title="Bahdanau: look back while writing",
    exercises=(masked_softmax, scores, attend, attention, decoder, alignment),
    sections=SECTIONS,
)
