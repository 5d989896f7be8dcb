"""Wrong answers to the four scores of chapter 03."""

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
SCORES = "multiplicative-scores"


# --- dot_scores


@mistakes.add(
    "dot_scores",
    "scaled",
    "You divide by the square root of the width. Luong's dot score has no scale; that comes with chapter 04.",
    SCORES,
)
def dot_scaled(query, key):
    return query @ key.transpose(-2, -1) / key.shape[-1] ** 0.5


@mistakes.add("dot_scores", "mean", "You divide by the width: the products are summed, not averaged.", SCORES)
def dot_averaged(query, key):
    return query @ key.transpose(-2, -1) / key.shape[-1]


@mistakes.add(
    "dot_scores",
    "softmax-included",
    "You apply the softmax already. Scores are what goes into it: they may be negative and sum to anything.",
    SCORES,
)
def dot_softmaxed(query, key):
    return torch.softmax(query @ key.transpose(-2, -1), dim=-1)


@mistakes.add(
    "dot_scores",
    "transposed",
    "Your scores are transposed: rows belong to queries and columns to keys.",
    SCORES,
)
def dot_transposed(query, key):
    return key @ query.transpose(-2, -1)


@mistakes.add(
    "dot_scores",
    "cosine",
    "You divide each vector by its length: that is the cosine. The dot product keeps the lengths.",
    SCORES,
)
def dot_cosine(query, key):
    return torch.nn.functional.normalize(query, dim=-1) @ torch.nn.functional.normalize(key, dim=-1).transpose(-2, -1)


@mistakes.add(
    "dot_scores",
    "distance",
    "You score by distance. A dot product multiplies entry by entry and sums.",
    SCORES,
)
def dot_distance(query, key):
    return -((query.unsqueeze(-2) - key.unsqueeze(-3)) ** 2).sum(dim=-1)


@mistakes.add("dot_scores", "absolute", "You take absolute values. A score may be negative.", SCORES)
def dot_absolute(query, key):
    return (query @ key.transpose(-2, -1)).abs()


@mistakes.add("dot_scores", "squashed", "There is no tanh in the dot score: it belongs to the concat score.", SCORES)
def dot_squashed(query, key):
    return torch.tanh(query @ key.transpose(-2, -1))


@mistakes.add(
    "dot_scores",
    "fixed-axes",
    "You transpose axes 0 and 1. With batch axes in front those are others: count from the end, transpose(-2, -1).",
    SCORES,
)
def dot_fixed_axes(query, key):
    return query @ key.transpose(0, 1)


@mistakes.add(
    "dot_scores",
    "own-keys-only",
    "You meet query i with key i alone. Every query meets every key: (queries, keys).",
    SCORES,
)
def dot_pairwise(query, key):
    return (query * key).sum(dim=-1)


@mistakes.add(
    "dot_scores",
    "reshaped",
    "You reshape the keys to (d, keys): their numbers keep their order, so that rows are torn apart. Exchange the axes "
    "instead: transpose(-2, -1).",
    SCORES,
)
def dot_reshaped(query, key):
    return query @ key.reshape(*key.shape[:-2], key.shape[-1], key.shape[-2])


# --- general_scores


@mistakes.add(
    "general_scores",
    "score-squashed",
    "You take tanh of the finished score. There is no tanh in the general score.",
    SCORES,
)
def general_score_squashed(query, key, W):
    return torch.tanh(query @ W @ key.transpose(-2, -1))


@mistakes.add(
    "general_scores",
    "W-transposed",
    "You multiply by the transposed W. A query stands to the left of W and a key to its right: query @ W @ keyᵀ.",
    SCORES,
)
def general_transposed(query, key, W):
    return query @ W.transpose(-2, -1) @ key.transpose(-2, -1)


@mistakes.add("general_scores", "no-W", "W is missing: this is the dot score.", SCORES)
def general_without_W(query, key, W):
    return query @ key.transpose(-2, -1)


@mistakes.add(
    "general_scores",
    "W-on-both",
    "You multiply both queries and keys by W. It stands between them once.",
    SCORES,
)
def general_on_both(query, key, W):
    return (query @ W) @ (key @ W.transpose(-2, -1) @ W).transpose(-2, -1)


@mistakes.add(
    "general_scores",
    "scaled",
    "You divide by the square root of the width of the keys. Luong's scores have no scale; that comes with chapter 04.",
    SCORES,
)
def general_scaled(query, key, W):
    return query @ W @ key.transpose(-2, -1) / key.shape[-1] ** 0.5


@mistakes.add(
    "general_scores",
    "scaled-by-query",
    "You divide by the square root of the width of the queries. Luong's scores have no scale.",
    SCORES,
)
def general_scaled_by_query(query, key, W):
    return query @ W @ key.transpose(-2, -1) / query.shape[-1] ** 0.5


@mistakes.add(
    "general_scores",
    "softmax-included",
    "You apply the softmax already. Scores are what goes into it: they may be negative and sum to anything.",
    SCORES,
)
def general_softmaxed(query, key, W):
    return torch.softmax(query @ W @ key.transpose(-2, -1), dim=-1)


@mistakes.add(
    "general_scores", "squashed", "There is no tanh in the general score: it belongs to the concat score.", SCORES
)
def general_squashed(query, key, W):
    return torch.tanh(query @ W) @ key.transpose(-2, -1)


@mistakes.add(
    "general_scores",
    "transposed",
    "Your scores are transposed: rows belong to queries and columns to keys.",
    SCORES,
)
def general_turned(query, key, W):
    return key @ W.transpose(-2, -1) @ query.transpose(-2, -1)


@mistakes.add(
    "general_scores",
    "symmetric",
    "You take the mean of W and its transpose. W need not be symmetric, nor square.",
    SCORES,
)
def general_symmetric(query, key, W):
    return query @ ((W + W.transpose(-2, -1)) / 2) @ key.transpose(-2, -1)


@mistakes.add(
    "general_scores",
    "diagonal",
    "You use the diagonal of W alone: every entry of a query meets every entry of a key.",
    SCORES,
)
def general_diagonal(query, key, W):
    return (query * torch.diagonal(W)) @ key.transpose(-2, -1)


@mistakes.add("general_scores", "W-added", "You add a term to the dot product. W stands between query and key.", SCORES)
def general_added(query, key, W):
    return query @ key.transpose(-2, -1) + query @ W @ key.transpose(-2, -1)


# --- concat_scores


def halves(query, W):
    """The rows of W that belong to the query, and those of the key."""
    return W[: query.shape[-1]], W[query.shape[-1] :]


def pairs(query, key):
    """Each query beside each key, (*batch, queries, keys, d_query) and (*batch, queries, keys, d_key)."""
    batch, queries, keys = query.shape[:-2], query.shape[-2], key.shape[-2]
    left = query.unsqueeze(-2).expand(*batch, queries, keys, query.shape[-1])
    right = key.unsqueeze(-3).expand(*batch, queries, keys, key.shape[-1])
    return left, right


def summed(query, key, W):
    """What goes into the tanh, (*batch, queries, keys, d_attn)."""
    of_query, of_key = halves(query, W)
    return (query @ of_query).unsqueeze(-2) + (key @ of_key).unsqueeze(-3)


@mistakes.add(
    "concat_scores",
    "halves-swapped",
    "You put the key before the query. The query half comes first: [query; key] W.",
    SCORES,
)
def concat_swapped(query, key, W, v):
    left, right = pairs(query, key)
    return torch.tanh(torch.cat((right, left), dim=-1) @ W) @ v


@mistakes.add(
    "concat_scores",
    "split-in-the-middle",
    "You split W in two equal halves. Its first d_query rows belong to the query, which may be wider or narrower than "
    "a key.",
    SCORES,
)
def concat_split_in_the_middle(query, key, W, v):
    of_query, of_key = W.chunk(2)
    return torch.tanh((query @ of_query).unsqueeze(-2) + (key @ of_key).unsqueeze(-3)) @ v


@mistakes.add("concat_scores", "no-tanh", "The tanh is missing: without it the score is linear in both.", SCORES)
def concat_linear(query, key, W, v):
    return summed(query, key, W) @ v


@mistakes.add(
    "concat_scores",
    "two-tanhs",
    "You take tanh of the query's part and of the key's part, and then the sum. It is one tanh, of the sum.",
    SCORES,
)
def concat_two_tanhs(query, key, W, v):
    of_query, of_key = halves(query, W)
    return (torch.tanh(query @ of_query).unsqueeze(-2) + torch.tanh(key @ of_key).unsqueeze(-3)) @ v


@mistakes.add(
    "concat_scores",
    "tanh-before-W",
    "You take tanh of query and key, and multiply by W then. The tanh comes after W.",
    SCORES,
)
def concat_tanh_first(query, key, W, v):
    return summed(torch.tanh(query), torch.tanh(key), W) @ v


@mistakes.add(
    "concat_scores",
    "tanh-after-v",
    "You take tanh of the finished score. It belongs before the product with v.",
    SCORES,
)
def concat_tanh_last(query, key, W, v):
    return torch.tanh(summed(query, key, W) @ v)


@mistakes.add(
    "concat_scores", "no-v", "v is missing: you sum over the hidden units as if each counted the same.", SCORES
)
def concat_without_v(query, key, W, v):
    return torch.tanh(summed(query, key, W)).sum(dim=-1)


@mistakes.add(
    "concat_scores", "mean-over-units", "You average over the hidden units. The product with v is a sum.", SCORES
)
def concat_averaged(query, key, W, v):
    return (torch.tanh(summed(query, key, W)) * v).mean(dim=-1)


@mistakes.add("concat_scores", "relu", "You use relu. The paper's function is tanh.", SCORES)
def concat_relu(query, key, W, v):
    return torch.relu(summed(query, key, W)) @ v


@mistakes.add("concat_scores", "sigmoid", "You use the logistic sigmoid. The paper's function is tanh.", SCORES)
def concat_sigmoid(query, key, W, v):
    return torch.sigmoid(summed(query, key, W)) @ v


@mistakes.add(
    "concat_scores", "key-left-out", "The keys play no part in your scores: every key of a query scores alike.", SCORES
)
def concat_without_key(query, key, W, v):
    return torch.tanh(summed(query, 0 * key, W)) @ v


@mistakes.add(
    "concat_scores", "query-left-out", "The queries play no part in your scores: every query scores alike.", SCORES
)
def concat_without_query(query, key, W, v):
    return torch.tanh(summed(0 * query, key, W)) @ v


@mistakes.add(
    "concat_scores",
    "softmax-included",
    "You apply the softmax already. Scores are what goes into it: they may be negative and sum to anything.",
    SCORES,
)
def concat_softmaxed(query, key, W, v):
    return torch.softmax(torch.tanh(summed(query, key, W)) @ v, dim=-1)


@mistakes.add(
    "concat_scores",
    "scaled",
    "You divide by the square root of the number of hidden units. Luong's scores have no scale.",
    SCORES,
)
def concat_scaled(query, key, W, v):
    return torch.tanh(summed(query, key, W)) @ v / v.shape[0] ** 0.5


@mistakes.add(
    "concat_scores",
    "multiplied",
    "You multiply the query's part by the key's. The halves of [query; key] W are summed.",
    SCORES,
)
def concat_multiplied(query, key, W, v):
    of_query, of_key = halves(query, W)
    return torch.tanh((query @ of_query).unsqueeze(-2) * (key @ of_key).unsqueeze(-3)) @ v


@mistakes.add(
    "concat_scores",
    "transposed",
    "Your scores are transposed: rows belong to queries and columns to keys.",
    SCORES,
)
def concat_transposed(query, key, W, v):
    return (torch.tanh(summed(query, key, W)) @ v).transpose(-2, -1)


@mistakes.add(
    "concat_scores",
    "tanh-by-hand",
    "You write tanh as (eᵃ − e⁻ᵃ) / (eᵃ + e⁻ᵃ). Far from 0 both are infinite, and infinity over infinity is NaN: use "
    "torch.tanh.",
    SCORES,
)
def concat_tanh_by_hand(query, key, W, v):
    up = torch.exp(summed(query, key, W))
    down = torch.exp(-summed(query, key, W))
    return ((up - down) / (up + down)) @ v


@mistakes.add(
    "concat_scores",
    "fixed-axes",
    "unsqueeze(2) and unsqueeze(1) are right with one batch axis only. Count from the end: unsqueeze(-2), unsqueeze(-3).",
    SCORES,
)
def concat_fixed_axes(query, key, W, v):
    width = query.shape[-1]
    return torch.tanh((query @ W[:width]).unsqueeze(2) + (key @ W[width:]).unsqueeze(1)) @ v


# --- location_scores


@mistakes.add(
    "location_scores",
    "softmax-included",
    "You apply the softmax already, as the paper's equation 8 does in one line. Asked are the scores that go into it.",
    SCORES,
)
def location_softmaxed(query, W):
    return torch.softmax(query @ W, dim=-1)


@mistakes.add(
    "location_scores",
    "W-transposed",
    "You multiply by the transposed W. It has one row for each entry of a query: query @ W.",
    SCORES,
)
def location_transposed(query, W):
    return query @ W.transpose(-2, -1)


@mistakes.add("location_scores", "squashed", "There is no tanh in the location score.", SCORES)
def location_squashed(query, W):
    return torch.tanh(query @ W)


@mistakes.add(
    "location_scores",
    "scaled",
    "You divide by the square root of the width of a query. Luong's scores have no scale.",
    SCORES,
)
def location_scaled(query, W):
    return query @ W / query.shape[-1] ** 0.5


@mistakes.add("location_scores", "mean", "You divide by the width: the products are summed, not averaged.", SCORES)
def location_averaged(query, W):
    return query @ W / query.shape[-1]


@mistakes.add(
    "location_scores",
    "one-score-for-all-queries",
    "You average the queries first. Each query has scores of its own: (queries, keys).",
    SCORES,
)
def location_of_the_mean(query, W):
    return query.mean(dim=-2, keepdim=True).expand_as(query) @ W


@mistakes.add(
    "location_scores",
    "first-query-only",
    "You score the first query and give its scores to all others too.",
    SCORES,
)
def location_of_the_first(query, W):
    return query[..., :1, :].expand_as(query) @ W


@mistakes.add(
    "location_scores",
    "turned",
    "Your scores are transposed: rows belong to queries and columns to keys.",
    SCORES,
)
def location_turned(query, W):
    return (query @ W).transpose(-2, -1)


@mistakes.add(
    "location_scores",
    "cosine",
    "You divide queries and columns by their lengths. The location score is the plain product.",
    SCORES,
)
def location_cosine(query, W):
    return torch.nn.functional.normalize(query, dim=-1) @ torch.nn.functional.normalize(W, dim=0)


@mistakes.add(
    "location_scores",
    "log-softmax-included",
    "You apply the logarithm of the softmax already. Asked are the plain scores.",
    SCORES,
)
def location_log_softmaxed(query, W):
    return torch.log_softmax(query @ W, dim=-1)


@mistakes.add(
    "location_scores",
    "position-added",
    "You add the number of each position. What a position is worth stands in its column of W alone.",
    SCORES,
)
def location_with_positions(query, W):
    return query @ W + torch.arange(W.shape[1], device=query.device)


@mistakes.add("location_scores", "exponential", "You take the exponential already: that is half a softmax.", SCORES)
def location_exponential(query, W):
    return torch.exp(query @ W)


@mistakes.add(
    "location_scores",
    "nearest-position-only",
    "You score position i by query i alone, so that all other scores are 0. Every query scores every position.",
    SCORES,
)
def location_diagonal(query, W):
    scores = query @ W
    position = torch.arange(scores.shape[-1], device=query.device)
    return scores * (torch.arange(scores.shape[-2], device=query.device)[:, None] == position)


@mistakes.add("location_scores", "normalised-W", "You apply a softmax to W. It is used as it is.", SCORES)
def location_of_normalised(query, W):
    return query @ torch.softmax(W, dim=-1)
