"""Wrong scores and masks that learners write, each with what a good teacher would say."""

import math

import torch
import torch.nn.functional as F

from attn_course.checks.engine import Mistakes

SCALE = "scaled-dot-product-scale"
EQUATION = "scaled-dot-product-equation"
MASKS = "scaled-dot-product-masks"
CODE = "scaled-dot-product-code"

mistakes = Mistakes()


def right_scores(query, key):
    """The scores as they should be."""
    return query @ key.transpose(-2, -1) / math.sqrt(key.shape[-1])


# --- scaled_dot_scores


@mistakes.add(
    "scaled_dot_scores", "no-scale", "These are the plain dot products: the division by √d_k is missing.", SCALE
)
def scores_without_scale(query, key):
    return query @ key.transpose(-2, -1)


@mistakes.add(
    "scaled_dot_scores", "scale-d_k", "You divide by d_k, not by its square root: the scores come out too small.", SCALE
)
def scores_over_d_k(query, key):
    return query @ key.transpose(-2, -1) / key.shape[-1]


@mistakes.add(
    "scaled_dot_scores",
    "scale-keys",
    "You divide by the square root of the number of keys. d_k is the width of one key: the last axis, not the "
    "one before.",
    SCALE,
)
def scores_over_keys(query, key):
    return query @ key.transpose(-2, -1) / math.sqrt(key.shape[-2])


@mistakes.add(
    "scaled_dot_scores",
    "scale-queries",
    "You divide by the square root of the number of queries. d_k is the width of one query: the last axis of query.",
    SCALE,
)
def scores_over_queries(query, key):
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-2])


@mistakes.add(
    "scaled_dot_scores",
    "scale-axis-1",
    "You read d_k from axis 1. With a batch axis in front that is the number of queries: count from the end, "
    "shape[-1].",
    SCALE,
)
def scores_over_axis_1(query, key):
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[1])


@mistakes.add(
    "scaled_dot_scores",
    "scale-axis-0",
    "You divide by the square root of the first axis. d_k is the width of one query: the last axis, shape[-1].",
    SCALE,
)
def scores_over_axis_0(query, key):
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[0])


@mistakes.add(
    "scaled_dot_scores",
    "scale-constant",
    "You divide by 8, which is right for d_k = 64 alone. Read d_k from the tensor.",
    SCALE,
)
def scores_over_eight(query, key):
    return query @ key.transpose(-2, -1) / 8


@mistakes.add("scaled_dot_scores", "scale-multiplied", "You multiply by √d_k where the equation divides by it.", SCALE)
def scores_times_root(query, key):
    return query @ key.transpose(-2, -1) * math.sqrt(key.shape[-1])


@mistakes.add(
    "scaled_dot_scores",
    "scale-whole-number",
    "You round the square root of d_k to a whole number: `//` and int() throw the fraction away.",
    SCALE,
)
def scores_over_whole_root(query, key):
    return query @ key.transpose(-2, -1) / int(math.sqrt(key.shape[-1]))


@mistakes.add(
    "scaled_dot_scores",
    "scale-half",
    "You divide by d_k / 2. The square root of d_k is d_k ** 0.5, with two stars.",
    SCALE,
)
def scores_over_half(query, key):
    return query @ key.transpose(-2, -1) / (key.shape[-1] * 0.5)


@mistakes.add(
    "scaled_dot_scores",
    "scale-one-side",
    "You scale twice by the fourth root of d_k on one side only: together the scale must be √d_k.",
    SCALE,
)
def scores_over_fourth_root(query, key):
    return query @ key.transpose(-2, -1) / key.shape[-1] ** 0.25


@mistakes.add(
    "scaled_dot_scores",
    "softmax-included",
    "You apply the softmax already. Scores are what goes into it: they may be negative and sum to anything.",
    EQUATION,
)
def scores_softmaxed(query, key):
    return torch.softmax(right_scores(query, key), dim=-1)


@mistakes.add(
    "scaled_dot_scores",
    "transposed",
    "Your scores are transposed: rows belong to queries and columns to keys.",
    EQUATION,
)
def scores_transposed(query, key):
    return key @ query.transpose(-2, -1) / math.sqrt(key.shape[-1])


@mistakes.add(
    "scaled_dot_scores",
    "cosine",
    "You divide by the lengths of the vectors: that is the cosine. The equation divides the dot product by √d_k alone.",
    SCALE,
)
def scores_cosine(query, key):
    return F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).transpose(-2, -1)


@mistakes.add(
    "scaled_dot_scores",
    "mixes-batch",
    "Your batch items mix: the scores of one item must not change when another item changes.",
    EQUATION,
)
def scores_of_mean_key(query, key):
    if key.ndim > 2:
        key = key.mean(dim=0, keepdim=True).expand_as(key)
    return right_scores(query, key)


@mistakes.add(
    "scaled_dot_scores",
    "squeezes",
    "You squeeze: with one query or one key an axis vanishes. The result always has an axis for each.",
    EQUATION,
)
def scores_squeezed(query, key):
    return right_scores(query, key).squeeze()


@mistakes.add(
    "scaled_dot_scores",
    "key-detached",
    "You detach the keys (or compute under torch.no_grad): the keys' weights would never learn.",
    CODE,
)
def scores_key_detached(query, key):
    return right_scores(query, key.detach())


@mistakes.add(
    "scaled_dot_scores",
    "all-detached",
    "Your result has no graph (torch.no_grad, .detach(), .item() or numpy): nothing before it could learn.",
    CODE,
)
def scores_detached(query, key):
    return right_scores(query, key).detach()


@mistakes.add(
    "scaled_dot_scores",
    "float32",
    "You return float32 whatever comes in. The result keeps the dtype of the inputs.",
    CODE,
)
def scores_float32(query, key):
    return right_scores(query, key).float()


@mistakes.add(
    "scaled_dot_scores",
    "scales-in-place",
    "`query /= …` changes the caller's tensor: the second call would divide again. Write query = query / … .",
    CODE,
)
def scores_in_place(query, key):
    query /= math.sqrt(query.shape[-1])
    return query @ key.transpose(-2, -1)


# --- causal_mask


@mistakes.add(
    "causal_mask",
    "strict",
    "Your diagonal is hidden: a position may see itself, and the first would see nothing.",
    MASKS,
)
def causal_strict(length):
    return torch.ones(length, length, dtype=torch.bool).tril(-1)


@mistakes.add(
    "causal_mask", "one-too-far", "Each position sees its next one as well: shift the boundary down by one.", MASKS
)
def causal_one_too_far(length):
    return torch.ones(length, length, dtype=torch.bool).tril(1)


@mistakes.add(
    "causal_mask",
    "inverted",
    "Your mask says what is hidden. In this course True means: may attend. (torch's nn.MultiheadAttention has "
    "it the other way.)",
    MASKS,
)
def causal_inverted(length):
    return torch.ones(length, length, dtype=torch.bool).triu(1)


@mistakes.add(
    "causal_mask",
    "transposed",
    "Your mask is transposed: it lets each position see itself and the future. Rows are queries, columns are keys.",
    MASKS,
)
def causal_transposed(length):
    return torch.ones(length, length, dtype=torch.bool).triu()


@mistakes.add("causal_mask", "only-itself", "Each position sees itself alone: the past belongs to it too.", MASKS)
def causal_identity(length):
    return torch.eye(length, dtype=torch.bool)


@mistakes.add("causal_mask", "everything", "Your mask hides nothing: the future is still visible.", MASKS)
def causal_everything(length):
    return torch.ones(length, length, dtype=torch.bool)


@mistakes.add(
    "causal_mask",
    "float",
    "Your mask is made of floating-point 0 and 1. Asked is a boolean one: dtype=torch.bool.",
    MASKS,
)
def causal_float(length):
    return torch.ones(length, length).tril()


@mistakes.add("causal_mask", "integer", "Your mask is made of whole numbers 0 and 1. Asked is a boolean one.", MASKS)
def causal_integer(length):
    return torch.ones(length, length, dtype=torch.int64).tril()


@mistakes.add(
    "causal_mask",
    "additive",
    "This is a mask to add to the scores, of 0 and −inf. Asked is a boolean one: True = may attend.",
    MASKS,
)
def causal_additive(length):
    return torch.full((length, length), -math.inf).triu(1)


@mistakes.add(
    "causal_mask",
    "from-the-right",
    "Your triangle leans the other way: the diagonal runs from top left to bottom right.",
    MASKS,
)
def causal_flipped(length):
    return torch.ones(length, length, dtype=torch.bool).tril().flip(-1)


@mistakes.add(
    "causal_mask",
    "extra-axis",
    "Your mask has an axis too many: asked is (length, length), which broadcasts by itself.",
    MASKS,
)
def causal_extra_axis(length):
    return torch.ones(1, length, length, dtype=torch.bool).tril()


@mistakes.add(
    "causal_mask",
    "one-too-long",
    "Your mask is one position too long: positions 0 to length − 1 make length rows.",
    MASKS,
)
def causal_too_long(length):
    return torch.ones(length + 1, length + 1, dtype=torch.bool).tril()


@mistakes.add(
    "causal_mask",
    "cpu",
    "Your mask lies on the CPU, whatever torch's default device is: name no device, and make it with torch, not numpy.",
    MASKS,
)
def causal_cpu(length):
    return torch.ones(length, length, dtype=torch.bool, device="cpu").tril()


# --- padding_mask


@mistakes.add(
    "padding_mask",
    "inverted",
    "Your mask says what is padding. In this course True means: may attend.",
    MASKS,
)
def padding_inverted(lengths, max_len):
    return torch.arange(max_len, device=lengths.device) >= lengths[:, None, None]


@mistakes.add(
    "padding_mask",
    "one-too-many",
    "One padding position stays visible: positions count from 0, so position p is a token when p < length.",
    MASKS,
)
def padding_one_too_many(lengths, max_len):
    return torch.arange(max_len, device=lengths.device) <= lengths[:, None, None]


@mistakes.add(
    "padding_mask",
    "one-too-few",
    "The last token of each sequence is hidden: positions count from 0, so position p is a token when p < length.",
    MASKS,
)
def padding_one_too_few(lengths, max_len):
    return torch.arange(1, max_len + 1, device=lengths.device) < lengths[:, None, None]


@mistakes.add(
    "padding_mask",
    "from-the-left",
    "You put the padding in front. Here it stands behind the tokens: the first lengths[b] positions are visible.",
    MASKS,
)
def padding_left(lengths, max_len):
    return torch.arange(max_len, device=lengths.device) >= max_len - lengths[:, None, None]


@mistakes.add(
    "padding_mask",
    "only-last",
    "Only the last token of each sequence is visible: compare with <, not with ==.",
    MASKS,
)
def padding_only_last(lengths, max_len):
    return torch.arange(max_len, device=lengths.device) == lengths[:, None, None] - 1


@mistakes.add(
    "padding_mask",
    "no-query-axis",
    "The axis for the queries is missing: (batch, max_len) would not broadcast to (batch, queries, keys).",
    MASKS,
)
def padding_two_axes(lengths, max_len):
    return torch.arange(max_len, device=lengths.device) < lengths[:, None]


@mistakes.add(
    "padding_mask",
    "wrong-axis",
    "Your positions lie on the queries' axis: (batch, max_len, 1) hides queries. Padding is a matter of keys: "
    "(batch, 1, max_len).",
    MASKS,
)
def padding_wrong_axis(lengths, max_len):
    return torch.arange(max_len, device=lengths.device)[:, None] < lengths[:, None, None]


@mistakes.add(
    "padding_mask",
    "square",
    "You build (batch, max_len, max_len). Asked is (batch, 1, max_len): it serves any number of queries.",
    MASKS,
)
def padding_square(lengths, max_len):
    return (torch.arange(max_len, device=lengths.device) < lengths[:, None, None]).expand(-1, max_len, -1)


@mistakes.add(
    "padding_mask",
    "keys-by-batch",
    "Your first and last axes are exchanged: asked is (batch, 1, max_len).",
    MASKS,
)
def padding_transposed(lengths, max_len):
    return (torch.arange(max_len, device=lengths.device)[:, None] < lengths)[:, None, :]


@mistakes.add(
    "padding_mask",
    "ignores-max_len",
    "You use the longest length as width. The width is max_len, even where every sequence is shorter.",
    MASKS,
)
def padding_longest(lengths, max_len):
    longest = int(lengths.max())
    return torch.arange(longest, device=lengths.device) < lengths[:, None, None]


@mistakes.add(
    "padding_mask",
    "first-length",
    "Every sequence gets the length of the first one: compare with each sequence's own length.",
    MASKS,
)
def padding_first(lengths, max_len):
    return torch.arange(max_len, device=lengths.device) < lengths[:1, None, None].expand(len(lengths), 1, 1)


@mistakes.add("padding_mask", "longest-length", "Every sequence gets the length of the longest one.", MASKS)
def padding_largest(lengths, max_len):
    return torch.arange(max_len, device=lengths.device) < lengths.max().expand(len(lengths), 1, 1)


@mistakes.add(
    "padding_mask",
    "float",
    "Your mask is made of floating-point 0 and 1. Asked is a boolean one: leave the comparison as it is.",
    MASKS,
)
def padding_float(lengths, max_len):
    return (torch.arange(max_len, device=lengths.device) < lengths[:, None, None]).float()


@mistakes.add("padding_mask", "integer", "Your mask is made of whole numbers 0 and 1. Asked is a boolean one.", MASKS)
def padding_integer(lengths, max_len):
    return (torch.arange(max_len, device=lengths.device) < lengths[:, None, None]).long()


@mistakes.add(
    "padding_mask",
    "additive",
    "This is a mask to add to the scores, of 0 and −inf. Asked is a boolean one: True = may attend.",
    MASKS,
)
def padding_additive(lengths, max_len):
    hidden = torch.arange(max_len, device=lengths.device) >= lengths[:, None, None]
    return torch.zeros(hidden.shape, device=lengths.device).masked_fill(hidden, -math.inf)


@mistakes.add(
    "padding_mask",
    "wrong-device",
    "Your positions lie on the default device: on a GPU they would not meet the lengths. torch.arange(…, "
    "device=lengths.device)",
    MASKS,
)
def padding_cpu(lengths, max_len):
    return torch.arange(max_len) < lengths[:, None, None]


@mistakes.add(
    "padding_mask",
    "empty-as-full",
    "A length of 0 counts as no length at all: such a sequence is all padding, so every position is hidden.",
    MASKS,
)
def padding_empty_as_full(lengths, max_len):
    lengths = torch.where(lengths == 0, max_len, lengths)
    return torch.arange(max_len, device=lengths.device) < lengths[:, None, None]


@mistakes.add(
    "padding_mask",
    "squeezes",
    "You squeeze: with one sequence the batch axis vanishes. Asked is (batch, 1, max_len) for any batch.",
    MASKS,
)
def padding_squeezed(lengths, max_len):
    return (torch.arange(max_len, device=lengths.device) < lengths[:, None]).squeeze().unsqueeze(-2)


@mistakes.add(
    "padding_mask",
    "counts-down-in-place",
    "You change lengths: the caller still needs them. Write lengths - 1, not lengths -= 1.",
    MASKS,
)
def padding_in_place(lengths, max_len):
    lengths -= 1
    return torch.arange(max_len, device=lengths.device) <= lengths[:, None, None]
