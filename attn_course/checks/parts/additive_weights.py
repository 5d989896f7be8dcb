"""`masked_softmax` and `attend`: what every attention mechanism ends with, and the sections of chapter 02."""

from __future__ import annotations

from attn_course.checks.cases import additive_weights
from attn_course.checks.engine import Aspect, Exercise
from attn_course.checks.engine.manners import manner
from attn_course.checks.parts.attention import ATTENTION, WEIGHTS, extremes, hidden_gradients, rows

SOFTMAX, ATTEND = "additive-softmax", "additive-attend"

SECTIONS = {
    "additive-question": "The question",
    "additive-by-hand": "Two queries and three keys by hand",
    "additive-encoder": "Reading in both directions",
    "additive-scores": "Additive scores",
    SOFTMAX: "A softmax that hides",
    ATTEND: "The weighted mean",
    "additive-decoder": "A decoder that looks back",
    "additive-alignment": "Measuring an alignment",
    "additive-cost": "What additive scores cost",
    "additive-code": "The code",
    "additive-experiment": "The experiment",
    "additive-said": "What is often said",
    "additive-exercises": "Exercises",
    "additive-sources": "Sources and further reading",
}

masked_softmax = Exercise(
    id="masked_softmax",
    points=3,
    signature="masked_softmax(scores, mask=None)",
    returns=(WEIGHTS,),
    cases=additive_weights.masked_softmax,
    aspects=(
        Aspect(
            "softmax",
            "without a mask, the weights of each query are the softmax of its scores over the keys",
            0.75,
            "exp of each score, divided by the sum of exp over the last axis: dim=-1",
            SOFTMAX,
        ),
        Aspect(
            "hidden",
            "hidden keys get weight exactly 0, the visible ones share the whole",
            0.75,
            "fill hidden scores with −inf before the softmax; ~mask is True where a key is hidden",
            SOFTMAX,
        ),
        rows(0.5, SOFTMAX),
        extremes(0.3, SOFTMAX),
        Aspect(
            "half",
            "half precision works",
            0.2,
            "−1e9 does not exist in float16, whose largest number is 65504",
            SOFTMAX,
        ),
        manner("gradients", 0.1),
        hidden_gradients(0.2, SOFTMAX),
        manner("dtype", 0.05),
        manner("device", 0.05),
        manner("unchanged", 0.05),
        manner("state", 0.05),
    ),
    reference="attn_course.attend:masked_softmax",
)

attend = Exercise(
    id="attend",
    points=2,
    signature="attend(scores, value, mask=None)",
    returns=ATTENTION,
    cases=additive_weights.attend,
    aspects=(
        Aspect(
            "mean",
            "the context is the mean of the values under the softmax of the scores",
            0.5,
            "the context of query i is the sum over j of weights[i, j] · value[j]: weights @ value",
            ATTEND,
        ),
        Aspect(
            "batch",
            "any leading batch axes; batch items do not mix",
            0.2,
            "name axes from the end, -1 and -2; @ leaves leading axes alone",
            ATTEND,
        ),
        Aspect(
            "hidden",
            "hidden keys get weight exactly 0, the visible ones share the whole",
            0.4,
            "the mask belongs into the softmax, and the weights that are returned are those that were used",
            SOFTMAX,
        ),
        rows(0.3, SOFTMAX),
        extremes(0.15, SOFTMAX),
        manner("gradients", 0.15),
        hidden_gradients(0.1, SOFTMAX),
        manner("dtype", 0.05),
        manner("device", 0.05),
        manner("unchanged", 0.05),
        manner("state", 0.05),
    ),
    reference="attn_course.attend:attend",
)
