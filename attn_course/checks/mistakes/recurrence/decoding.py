"""Wrong answers to `greedy_decode`."""

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
GREEDY = "recurrence-greedy"


@mistakes.add(
    "greedy_decode",
    "writes-on",
    "A sequence that has ended goes on writing while others are busy. After its first end it holds end alone.",
    GREEDY,
)
def writes_on(step, state, start, end, max_len):
    token, tokens = start, []
    ended = torch.zeros_like(start, dtype=torch.bool)
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1)
        tokens.append(token)
        ended = ended | (token == end)
        if ended.all():
            break
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "never-ends",
    "You never look for end: every sequence is written to max_len. After its first end a sequence holds end alone.",
    GREEDY,
)
def never_ends(step, state, start, end, max_len):
    token, tokens = start, []
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1)
        tokens.append(token)
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "forgets-the-end",
    "You stop only when all sequences end at the same step. Remember which have ended: ended = ended | (token == end).",
    GREEDY,
)
def forgets_the_end(step, state, start, end, max_len):
    token, tokens = start, []
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1)
        tokens.append(token)
        if (token == end).all():
            break
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "stops-with-the-first",
    "You stop when the first sequence ends. The others have not finished: stop when all have.",
    GREEDY,
)
def stops_with_the_first(step, state, start, end, max_len):
    token, tokens = start, []
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1)
        tokens.append(token)
        if (token == end).any():
            break
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "looks-at-one-sequence",
    "You look for end in the first sequence of the batch alone. Each sequence ends on its own.",
    GREEDY,
)
def looks_at_one_sequence(step, state, start, end, max_len):
    token, tokens = start, []
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1)
        tokens.append(token)
        if token[0] == end:
            break
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "includes-start",
    "Your result begins with the start token. Asked is what was written after it.",
    GREEDY,
)
def includes_start(step, state, start, end, max_len):
    token, tokens = start, [start]
    ended = torch.zeros_like(start, dtype=torch.bool)
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1).masked_fill(ended, end)
        tokens.append(token)
        ended = ended | (token == end)
        if ended.all():
            break
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "leaves-out-end",
    "You stop before the last end is written. Each sequence includes its first end.",
    GREEDY,
)
def leaves_out_end(step, state, start, end, max_len):
    token, tokens = start, []
    ended = torch.zeros_like(start, dtype=torch.bool)
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1).masked_fill(ended, end)
        ended = ended | (token == end)
        if ended.all():
            break
        tokens.append(token)
    return torch.stack(tokens, dim=1) if tokens else start.new_zeros(len(start), 0)


@mistakes.add(
    "greedy_decode",
    "pads-with-zero",
    "After its end a sequence holds 0 in your result. Asked is end.",
    GREEDY,
)
def pads_with_zero(step, state, start, end, max_len):
    token, tokens = start, []
    ended = torch.zeros_like(start, dtype=torch.bool)
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1).masked_fill(ended, 0)
        tokens.append(token)
        ended = ended | (token == end)
        if ended.all():
            break
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "filled-with-zero",
    "You fill the result with 0 up to max_len. After its end a sequence holds end: torch.full(…, end) makes that.",
    GREEDY,
)
def filled_with_zero(step, state, start, end, max_len):
    tokens = start.new_zeros(len(start), max_len)
    token, alive = start, torch.ones_like(start, dtype=torch.bool)
    for t in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1)
        tokens[:, t] = torch.where(alive, token, 0)
        alive = alive & (token != end)
        if not alive.any():
            break
    return tokens


@mistakes.add(
    "greedy_decode",
    "ends-one-late",
    "A sequence writes one more token after its end. What comes after the first end is end.",
    GREEDY,
)
def ends_one_late(step, state, start, end, max_len):
    token, tokens = start, []
    ended = before = torch.zeros_like(start, dtype=torch.bool)
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1).masked_fill(before, end)
        tokens.append(token)
        if before.all():
            break
        before, ended = ended, ended | (token == end)
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "masks-only-what-it-feeds",
    "You give step the end token after a sequence's end, but write down what it says. Write end as well.",
    GREEDY,
)
def masks_only_what_it_feeds(step, state, start, end, max_len):
    token, tokens = start, []
    ended = torch.zeros_like(start, dtype=torch.bool)
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1)
        tokens.append(token)
        ended = ended | (token == end)
        token = token.masked_fill(ended, end)
        if ended.all():
            break
    return torch.stack(tokens, dim=1)


def decode(step, state, start, end, steps, choose=None, follow=None, keep=None):
    """A right answer with places to go wrong: how a token is chosen, which one is fed, which state is kept."""
    token, fed, tokens = start, start, []
    ended = torch.zeros_like(start, dtype=torch.bool)
    for _ in range(steps):
        logits, new_state = step(fed, state)
        chosen = choose(logits) if choose else logits.argmax(dim=-1)
        before, token = token, chosen.masked_fill(ended, end)
        fed = follow(before, token) if follow else token
        state = keep(state, new_state) if keep else new_state
        tokens.append(token)
        ended = ended | (token == end)
        if ended.all():
            break
    return torch.stack(tokens, dim=1)


@mistakes.add(
    "greedy_decode",
    "feeds-start",
    "You give step the start token every time. Give it the token that you have just written.",
    GREEDY,
)
def feeds_start(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len, follow=lambda before, token: start)


@mistakes.add(
    "greedy_decode",
    "feeds-one-behind",
    "You give step the token before the last one. Give it the token that you have just written.",
    GREEDY,
)
def feeds_one_behind(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len, follow=lambda before, token: before)


@mistakes.add(
    "greedy_decode",
    "ignores-new-state",
    "You give step the first state every time. It returns a new state: hand that on.",
    GREEDY,
)
def ignores_new_state(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len, keep=lambda old, new: old)


@mistakes.add(
    "greedy_decode",
    "least-likely",
    "You choose the least likely token: the largest logit is asked, argmax.",
    GREEDY,
)
def least_likely(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len, choose=lambda logits: logits.argmin(dim=-1))


@mistakes.add(
    "greedy_decode",
    "largest-size",
    "You choose the logit of the largest absolute value. A logit may be negative: take the largest one.",
    GREEDY,
)
def largest_size(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len, choose=lambda logits: logits.abs().argmax(dim=-1))


@mistakes.add(
    "greedy_decode",
    "same-token-for-all",
    "You choose one token for the whole batch. Each sequence has its own logits: argmax over the last axis.",
    GREEDY,
)
def same_token_for_all(step, state, start, end, max_len):
    return decode(
        step,
        state,
        start,
        end,
        max_len,
        choose=lambda logits: logits.mean(dim=0, keepdim=True).expand_as(logits).argmax(dim=-1),
    )


@mistakes.add(
    "greedy_decode",
    "one-too-many",
    "You write max_len + 1 tokens: at most max_len are asked.",
    GREEDY,
)
def one_too_many(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len + 1)


@mistakes.add(
    "greedy_decode",
    "one-too-few",
    "You write max_len − 1 tokens at most. The start token does not count: it is not part of the result.",
    GREEDY,
)
def one_too_few(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len - 1)


@mistakes.add(
    "greedy_decode",
    "forces-the-end",
    "You write end in the last column whatever step says. A sequence that does not end within max_len tokens has no end.",
    GREEDY,
)
def forces_the_end(step, state, start, end, max_len):
    tokens = decode(step, state, start, end, max_len)
    tokens[:, -1] = end
    return tokens


@mistakes.add(
    "greedy_decode",
    "transposed",
    "Your result is (length, batch). Asked is (batch, length): stack along axis 1.",
    GREEDY,
)
def transposed(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len).mT


@mistakes.add(
    "greedy_decode",
    "last-token-only",
    "You return the last tokens alone. Asked are all that were written: (batch, length).",
    GREEDY,
)
def last_token_only(step, state, start, end, max_len):
    return decode(step, state, start, end, max_len)[:, -1]
