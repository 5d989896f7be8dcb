"""What chapter 04 asks: scaled dot-product attention, its masks, its two uses and its gradient."""

from __future__ import annotations

from attn_course.checks.cases.scaled_dot_product import (
    attention_cases,
    causal_cases,
    padding_cases,
    scores_cases,
)
from attn_course.checks.cases.scaled_dot_product_backward import backward_cases
from attn_course.checks.engine import Aspect, Chapter, Exercise, Output
from attn_course.checks.engine.manners import manner
from attn_course.checks.parts.attention import ATTENTION, extremes, hidden_gradients, rows
from attn_course.checks.parts.scaled_dot_product_projected import cross_attention, self_attention
from attn_course.checks.parts.scaled_dot_product_shared import (
    BACKWARD,
    EQUATION,
    HIDDEN_ROWS,
    MASKS,
    PRECISION,
    REFERENCE,
    SCALE,
    SECTIONS,
    mixed,
)

AUTOGRAD = frozenset(
    {
        "torch.autograd:grad",
        "torch.autograd:backward",
        "torch.autograd.graph:_engine_run_backward",
        "torch.autograd.functional:*",
        "torch.autograd.forward_ad:*",
        "torch._tensor:backward",
        "torch._C:run_backward",
        "torch._functorch:grad",
        "torch._functorch:grad_and_value",
        "torch._functorch:grad_impl",
        "torch._functorch:grad_and_value_impl",
        "torch._functorch:vjp",
        "torch._functorch:jvp",
        "torch._functorch:jacrev",
        "torch._functorch:jacfwd",
        "torch._functorch:hessian",
        "torch._functorch:linearize",
    }
)
"""torch's ways to a gradient that need no derivation. `torch.no_grad` and `torch.vmap` stay free."""

scaled_dot_scores = Exercise(
    id="scaled_dot_scores",
    points=2,
    signature="scaled_dot_scores(query, key)",
    returns=(Output("scores", ("queries", "keys")),),
    cases=scores_cases,
    aspects=(
        Aspect("scale", "scores are dot products divided by √d_k", 1, "d_k is the size of the last axis of key", SCALE),
        Aspect(
            "batch",
            "every query meets every key of its own batch item, whatever the batch axes",
            0.3,
            "the two last axes are (queries, d_k) and (keys, d_k); .transpose(-2, -1) exchanges them",
            EQUATION,
        ),
        manner("gradients", 0.2),
        manner("dtype", 0.15),
        manner("device", 0.15),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
    reference=f"{REFERENCE}:scaled_dot_scores",
)

causal_mask = Exercise(
    id="causal_mask",
    points=1,
    signature="causal_mask(length)",
    returns=(Output("mask", ("queries", "keys"), "bool"),),
    cases=causal_cases,
    aspects=(
        Aspect(
            "past",
            "position i sees the positions 0 to i, itself included, and no later one",
            0.6,
            "write the mask for length 3 on paper: row i belongs to query i, column j to key j",
            MASKS,
        ),
        Aspect(
            "dtype",
            "the mask is boolean",
            0.2,
            "numbers of 0 and 1 are no mask: make it with dtype=torch.bool, or by a comparison",
            MASKS,
            "dtype",
        ),
        Aspect(
            "device",
            "the mask is made on torch's default device",
            0.1,
            "name no device, and make it with torch rather than with numpy",
            MASKS,
            "device",
        ),
        manner("state", 0.1),
    ),
    reference=f"{REFERENCE}:causal_mask",
)

padding_mask = Exercise(
    id="padding_mask",
    points=2,
    signature="padding_mask(lengths, max_len)",
    returns=(Output("mask", ("batch", "queries", "keys"), "bool"),),
    cases=padding_cases,
    aspects=(
        Aspect(
            "inside",
            "the first lengths[b] of max_len positions are visible, shape (batch, 1, max_len)",
            1,
            "compare the positions 0, 1, …, max_len − 1 with each length",
            MASKS,
        ),
        Aspect(
            "edges",
            "lengths of 0 and of max_len, and a batch of one, are right too",
            0.4,
            "length 0 hides everything, length max_len nothing; no axis may vanish",
            MASKS,
        ),
        Aspect(
            "dtype",
            "the mask is boolean",
            0.2,
            "numbers of 0 and 1 are no mask: a comparison gives True and False",
            MASKS,
            "dtype",
        ),
        manner("device", 0.2, MASKS),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
    reference=f"{REFERENCE}:padding_mask",
)

scaled_dot_product_attention = Exercise(
    id="scaled_dot_product_attention",
    points=5,
    signature="scaled_dot_product_attention(query, key, value, mask=None)",
    returns=ATTENTION,
    cases=attention_cases,
    aspects=(
        Aspect("scale", "scores are divided by √d_k before the softmax", 1.25, "d_k is query.shape[-1]", SCALE),
        Aspect(
            "mean",
            "the weights of a query sum to 1 over the keys, and the context is the mean of the values under them",
            0.5,
            "the softmax runs over the last axis; the context is weights @ value",
            EQUATION,
        ),
        Aspect(
            "batch",
            "any leading batch sizes, queries ≠ keys, d_k ≠ d_v; batch items do not mix",
            0.4,
            "name axes from the end: -1 and -2",
            EQUATION,
        ),
        Aspect(
            "hidden",
            "hidden keys get weight exactly 0, the visible ones share the whole",
            0.75,
            "fill hidden scores with −inf before the softmax; ~mask is True where a key is hidden",
            MASKS,
        ),
        rows(0.5, HIDDEN_ROWS),
        extremes(0.35, MASKS),
        mixed(0.25),
        Aspect(
            "half",
            "half precision works",
            0.35,
            "−1e9 does not exist in float16, whose largest number is 65504",
            PRECISION,
        ),
        manner("gradients", 0.15),
        hidden_gradients(0.15, HIDDEN_ROWS),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.05),
    ),
    reference=f"{REFERENCE}:scaled_dot_product_attention",
)


attention_backward = Exercise(
    id="attention_backward",
    points=5,
    signature="attention_backward(grad_context, query, key, value, mask=None)",
    returns=(
        Output("grad_query", ("queries", "features")),
        Output("grad_key", ("keys", "features")),
        Output("grad_value", ("keys", "features")),
    ),
    cases=backward_cases,
    aspects=(
        Aspect(
            "value",
            "grad_value is right",
            0.75,
            "the context is weights @ value: a product passes grad_context on through the transposed weights",
            BACKWARD,
        ),
        Aspect(
            "query",
            "grad_query is right",
            0.8,
            "changing one score changes every weight of its row: the softmax's Jacobian is diag(p) − p pᵀ",
            BACKWARD,
        ),
        Aspect(
            "key",
            "grad_key is right",
            0.75,
            "the scores are query @ keyᵀ: each key collects from all queries",
            BACKWARD,
        ),
        Aspect(
            "scale",
            "the scale 1/√d_k takes part forward and backward",
            0.75,
            "scores = query @ keyᵀ / √d_k: the gradient passes the division as well",
            SCALE,
        ),
        Aspect(
            "mask",
            "hidden keys get and give no gradient",
            0.5,
            "a hidden key has weight 0, and the weight stands in every term",
            MASKS,
        ),
        Aspect("rows", "a query that may see nothing gets 0 and gives 0, not NaN", 0.3, "", HIDDEN_ROWS),
        Aspect(
            "batch",
            "any leading batch sizes, queries ≠ keys, d_k ≠ d_v; batch items do not mix",
            0.3,
            "name axes from the end: -1 and -2",
            BACKWARD,
        ),
        extremes(0.25, MASKS),
        mixed(0.2),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
    reference=f"{REFERENCE}:attention_backward",
    forbidden=AUTOGRAD,
)

CHAPTER = Chapter(
    number="04",
    slug="scaled_dot_product",
    title="Scaled dot-product attention",
    exercises=(
        scaled_dot_scores,
        causal_mask,
        padding_mask,
        scaled_dot_product_attention,
        self_attention,
        cross_attention,
        attention_backward,
    ),
    sections=SECTIONS,
)
