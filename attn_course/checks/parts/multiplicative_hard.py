"""Hard attention and its gradient (chapter 03): what is asked and what is graded."""

from __future__ import annotations

from attn_course.checks.cases import multiplicative_hard as cases
from attn_course.checks.engine import Aspect, Exercise, Output
from attn_course.checks.engine.manners import manner
from attn_course.checks.parts.attention import extremes
from attn_course.checks.parts.multiplicative_shared import HARD, REFERENCE, REINFORCE

hard_attention = Exercise(
    id="hard_attention",
    points=3,
    signature="hard_attention(scores, value, mask, generator)",
    returns=(
        Output("value", ("queries", "features"), explain=cases.explain_value),
        Output("log_prob", ("queries",), explain=cases.explain_log_prob),
    ),
    main=(0, 1),
    cases=cases.hard_cases,
    settle=cases.settle,
    aspects=(
        Aspect(
            "row",
            "each query gets one visible row of value, as it is",
            0.5,
            "draw the number of a row, then take that row: no mean of rows",
            HARD,
        ),
        Aspect(
            "draws",
            "each row is drawn as often as its weight says, and each query draws for itself",
            0.7,
            "the probabilities are the softmax over the visible keys; torch.multinomial draws from rows of them",
            HARD,
        ),
        Aspect(
            "log_prob",
            "log_prob is the logarithm of the weight of the row that was drawn",
            0.6,
            "take the entry of the row that was drawn out of the logarithms of the weights: gather does that",
            HARD,
        ),
        Aspect(
            "rows",
            "a query that may see nothing gets 0, and log_prob 0",
            0.2,
            "nothing can be drawn there: let any key be drawn, and write 0 afterwards",
            HARD,
        ),
        extremes(0.1, HARD),
        Aspect("batch", "any leading batch axes, and masks that broadcast", 0.15, "name axes from the end", HARD),
        Aspect(
            "gradients",
            "the gradient reaches value through the rows, and scores through log_prob alone",
            0.25,
            "the number of a row has no gradient; its logarithm of a weight has one",
            REINFORCE,
            "gradients",
        ),
        Aspect(
            "again",
            "the same state of the generator draws the same rows",
            0.15,
            "hand generator on to whatever draws; use no other source of randomness",
            HARD,
            "state",
        ),
        manner("dtype", 0.1),
        manner("device", 0.05),
        Aspect(
            "unchanged",
            "it draws from the generator and leaves the other inputs as they were",
            0.15,
            "hand generator on: torch.multinomial(…, generator=generator)",
            HARD,
            "unchanged",
        ),
        manner("state", 0.05),
    ),
    reference=f"{REFERENCE}:hard_attention",
)

reinforce_loss = Exercise(
    id="reinforce_loss",
    points=1,
    signature="reinforce_loss(reward, log_prob, baseline)",
    returns=(Output("loss", compare=cases.any_scalar),),
    cases=cases.reinforce_cases,
    aspects=(
        Aspect(
            "estimate",
            "its gradient by log_prob is −(reward − baseline), averaged over the samples",
            0.5,
            "the loss goes down where the reward goes up: mind the sign, and the mean",
            REINFORCE,
            "gradients",
        ),
        Aspect(
            "detached",
            "neither reward nor baseline receives a gradient",
            0.3,
            "what was earned is a number here: .detach() cuts it off",
            REINFORCE,
            "gradients",
        ),
        manner("dtype", 0.05),
        manner("device", 0.05),
        manner("unchanged", 0.1),
    ),
    reference=f"{REFERENCE}:reinforce_loss",
)
