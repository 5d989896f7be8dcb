"""Wrong answers to `alignment_error_rate`."""

import torch
import torch.nn.functional as F

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
ID, ALIGNMENT = "alignment_error_rate", "additive-alignment"


def links(weights):
    """The links of the weights, True at the first largest of each row."""
    return F.one_hot(weights.argmax(dim=1), weights.shape[1]).bool()


def rate(found, gold):
    """The error rate of links, as it should be."""
    return (1 - 2 * (found & gold).sum() / (found.sum() + gold.sum())).item()


@mistakes.add(
    ID,
    "one-minus-precision",
    "This is 1 − precision: the share of your links that are wrong. A gold link that nobody found must cost as well: "
    "divide by rows + gold links.",
    ALIGNMENT,
)
def one_minus_precision(weights, gold):
    return (1 - (links(weights) & gold).sum() / len(weights)).item()


@mistakes.add(
    ID,
    "one-minus-recall",
    "This is 1 − recall: the share of the gold links that are missed. A link that is not gold must cost as well: divide "
    "by rows + gold links.",
    ALIGNMENT,
)
def one_minus_recall(weights, gold):
    return (1 - (links(weights) & gold).sum() / gold.sum().clamp(min=1)).item()


@mistakes.add(
    ID,
    "mean-of-precision-and-recall",
    "You take the plain mean of precision and recall. Their sum of hits is divided once, by rows + gold links.",
    ALIGNMENT,
)
def arithmetic_mean(weights, gold):
    hits = (links(weights) & gold).sum()
    return (1 - (hits / len(weights) + hits / gold.sum().clamp(min=1)) / 2).item()


@mistakes.add(
    ID,
    "jaccard",
    "You divide the hits by the size of the union. Hits count twice and the sizes are added: 1 − 2 hits / (rows + gold "
    "links).",
    ALIGNMENT,
)
def jaccard(weights, gold):
    found = links(weights)
    return (1 - (found & gold).sum() / (found | gold).sum()).item()


@mistakes.add(
    ID,
    "hits-once",
    "The factor 2 is missing: the hits count once for the links that were made and once for the gold links.",
    ALIGNMENT,
)
def hits_once(weights, gold):
    return (1 - (links(weights) & gold).sum() / (len(weights) + gold.sum())).item()


@mistakes.add(
    ID,
    "agreement",
    "You return how much agrees. An error rate is 1 minus that.",
    ALIGNMENT,
)
def agreement(weights, gold):
    return 1 - rate(links(weights), gold)


@mistakes.add(ID, "percent", "You return percent. The rate lies between 0 and 1.", ALIGNMENT)
def percent(weights, gold):
    return 100 * rate(links(weights), gold)


@mistakes.add(
    ID,
    "links-of-columns",
    "You take the largest weight of each column. Rows are target tokens, and each of them makes one link: argmax(dim=1).",
    ALIGNMENT,
)
def links_of_columns(weights, gold):
    found = F.one_hot(weights.argmax(dim=0), weights.shape[0]).bool().T
    return rate(found, gold)


@mistakes.add(
    ID,
    "both-directions",
    "You keep a link only where it is the largest of its row and of its column. Each row makes its link alone.",
    ALIGNMENT,
)
def both_directions(weights, gold):
    found = links(weights) & F.one_hot(weights.argmax(dim=0), weights.shape[0]).bool().T
    return rate(found, gold)


@mistakes.add(
    ID,
    "counts-columns",
    "You divide by the number of source tokens + gold links. The links that were made are as many as the rows.",
    ALIGNMENT,
)
def counts_columns(weights, gold):
    return (1 - 2 * (links(weights) & gold).sum() / (weights.shape[1] + gold.sum())).item()


@mistakes.add(
    ID,
    "last-of-equal-weights",
    "Of equal weights you take the last. The first, at the lowest index, makes the link.",
    ALIGNMENT,
)
def last_of_equal(weights, gold):
    return rate(links(weights.flip(1)).flip(1), gold)


@mistakes.add(
    ID,
    "all-of-equal-weights",
    "weights == maximum links a token to every one of several equal weights. Only the first makes a link.",
    ALIGNMENT,
)
def all_of_equal(weights, gold):
    return rate(weights == weights.amax(dim=1, keepdim=True), gold)


@mistakes.add(
    ID,
    "any-of-equal-weights",
    "You count a hit where any of several equal weights is gold. Only the first makes a link.",
    ALIGNMENT,
)
def any_of_equal(weights, gold):
    hits = ((weights == weights.amax(dim=1, keepdim=True)) & gold).any(dim=1).sum()
    return (1 - 2 * hits / (len(weights) + gold.sum())).item()


@mistakes.add(
    ID,
    "threshold",
    "You link wherever a weight is above one half. Each row links to its largest weight, however small.",
    ALIGNMENT,
)
def threshold(weights, gold):
    found = weights > 0.5
    return (1 - 2 * (found & gold).sum() / (found.sum() + gold.sum()).clamp(min=1)).item()


@mistakes.add(
    ID,
    "above-average",
    "You link wherever a weight is above the mean of its row. Each row links to its largest weight alone.",
    ALIGNMENT,
)
def above_average(weights, gold):
    found = weights > 1 / weights.shape[1]
    return (1 - 2 * (found & gold).sum() / (found.sum() + gold.sum()).clamp(min=1)).item()


@mistakes.add(
    ID,
    "soft-mass",
    "You add up the weight on gold links. The rate counts links: each row makes one, to its largest weight.",
    ALIGNMENT,
)
def soft_mass(weights, gold):
    return (1 - 2 * (weights * gold).sum() / (len(weights) + gold.sum())).item()


@mistakes.add(
    ID,
    "leaves-out-unlinked-rows",
    "You leave out target tokens without a gold link. They count: attention links them all the same, and wrongly.",
    ALIGNMENT,
)
def leaves_out_unlinked(weights, gold):
    linked = gold.any(dim=1)
    hits = (links(weights) & gold).sum()
    return (1 - 2 * hits / (linked.sum() + gold.sum()).clamp(min=1)).item()


@mistakes.add(
    ID,
    "one-gold-link-a-row",
    "You count at most one gold link for each target token. Every gold link counts: gold.sum().",
    ALIGNMENT,
)
def one_gold_link(weights, gold):
    hits = (links(weights) & gold).sum()
    return (1 - 2 * hits / (len(weights) + gold.any(dim=1).sum())).item()


@mistakes.add(
    ID,
    "gold-argmax",
    "You compare argmax with argmax. gold may have several links in a row, or none, where its argmax is 0: look up "
    "gold at the chosen place instead.",
    ALIGNMENT,
)
def gold_argmax(weights, gold):
    wrong = weights.argmax(dim=1) != gold.int().argmax(dim=1)
    return wrong.double().mean().item()


@mistakes.add(
    ID,
    "wrong-cells",
    "You count the cells in which the two matrices differ, out of all cells: right empty cells make the rate small. "
    "Count links.",
    ALIGNMENT,
)
def wrong_cells(weights, gold):
    return (links(weights) != gold).double().mean().item()


@mistakes.add(
    ID,
    "mean-of-rows",
    "You take a rate for each row and average. Count hits, rows and gold links over the whole sentence and divide once.",
    ALIGNMENT,
)
def mean_of_rows(weights, gold):
    hits = (links(weights) & gold).sum(dim=1)
    return (1 - 2 * hits / (1 + gold.sum(dim=1))).double().mean().item()


@mistakes.add(
    ID,
    "zero-without-gold",
    "Without any gold link you return 0. All links that were made are then wrong: the rate is 1.",
    ALIGNMENT,
)
def zero_without_gold(weights, gold):
    return rate(links(weights), gold) if gold.any() else 0.0


@mistakes.add(
    ID,
    "nan-without-hits",
    "You combine precision and recall by 2PR / (P + R), which is 0 / 0 without a hit, and the recall is 0 / 0 without "
    "gold links. Divide once: 2 hits / (rows + gold links).",
    ALIGNMENT,
)
def nan_without_hits(weights, gold):
    hits = (links(weights) & gold).sum()
    precision, recall = hits / len(weights), hits / gold.sum()
    return (1 - 2 * precision * recall / (precision + recall)).item()


@mistakes.add(
    ID,
    "writes-into-weights",
    "You change the caller's weights in place: whoever draws them afterwards draws something else.",
    ALIGNMENT,
)
def in_place(weights, gold):
    found = links(weights)
    weights.copy_(found)
    return rate(found, gold)


@mistakes.add(
    ID,
    "wrong-device",
    "You make a tensor on the default device: on a GPU it would not meet the inputs. Use zeros_like or device=… .",
    ALIGNMENT,
)
def wrong_device(weights, gold):
    made = torch.zeros(weights.shape, dtype=torch.bool) | links(weights)
    return rate(made, gold)


@mistakes.add(
    ID,
    "nearly-equal-weights",
    "You take weights that differ a little for equal ones: rounding, half precision and isclose do so. The largest makes "
    "the link, however little it is larger.",
    ALIGNMENT,
)
def nearly_equal(weights, gold):
    near = torch.isclose(weights, weights.amax(dim=1, keepdim=True), rtol=0, atol=1e-3)
    return rate(F.one_hot(near.int().argmax(dim=1), weights.shape[1]).bool(), gold)


@mistakes.add(
    ID,
    "ties-by-topk",
    "You take the first of topk, which promises no order of equal weights. argmax gives the lowest index.",
    ALIGNMENT,
)
def ties_by_topk(weights, gold):
    return rate(F.one_hot(weights.topk(1, dim=1).indices.squeeze(1), weights.shape[1]).bool(), gold)


@mistakes.add(
    ID,
    "ties-by-sorting",
    "You take the first of the sorted weights. Unless it is asked to, sort does not keep the order of equal ones, which "
    "shows in long rows. argmax gives the lowest index.",
    ALIGNMENT,
)
def ties_by_sorting(weights, gold):
    return rate(F.one_hot(weights.sort(dim=1, descending=True).indices[:, 0], weights.shape[1]).bool(), gold)


@mistakes.add(
    ID,
    "gold-argmax-as-hits",
    "You count a hit where argmax agrees with the argmax of gold. gold may have several links in a row, or none, where "
    "its argmax is 0: look up gold at the chosen place instead.",
    ALIGNMENT,
)
def gold_argmax_as_hits(weights, gold):
    hits = (weights.argmax(dim=1) == gold.int().argmax(dim=1)).sum()
    return (1 - 2 * hits / (len(weights) + gold.sum())).item()
