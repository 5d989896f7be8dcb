"""Wrong answers to `hierarchical_attention`."""

import math

import torch

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
HIERARCHICAL = "multiplicative-hierarchical"


def masked(scores, mask):
    """The softmax over what is visible; 0 where nothing is."""
    filled = scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)
    return torch.softmax(filled, dim=-1).masked_fill(~mask, 0.0)


def mean(weights, rows):
    """The weighted mean of rows."""
    return torch.einsum("...w,...wd->...d", weights, rows)


def two_levels(words, word_mask, word_query, sentence_query, word_softmax=masked, sentence_softmax=masked, pool=mean):
    """A right answer with places to go wrong."""
    word_weights = word_softmax(words @ word_query, word_mask)
    sentences = pool(word_weights, words)
    sentence_weights = sentence_softmax(sentences @ sentence_query, word_mask.any(dim=-1))
    return mean(sentence_weights, sentences), word_weights, sentence_weights


@mistakes.add(
    "hierarchical_attention",
    "empty-sentences-count",
    "Sentences without a word get weight. Their score is 0, and e⁰ is 1: hide them from the document.",
    HIERARCHICAL,
)
def empty_sentences_count(words, word_mask, word_query, sentence_query):
    return two_levels(
        words, word_mask, word_query, sentence_query, sentence_softmax=lambda s, m: torch.softmax(s, dim=-1)
    )


@mistakes.add(
    "hierarchical_attention",
    "only-full-sentences-count",
    "You hide sentences that have any padding. A sentence is hidden if it has no word at all: any, not all.",
    HIERARCHICAL,
)
def only_full_sentences_count(words, word_mask, word_query, sentence_query):
    return two_levels(
        words,
        word_mask,
        word_query,
        sentence_query,
        sentence_softmax=lambda s, m: masked(s, word_mask.all(dim=-1)),
    )


@mistakes.add(
    "hierarchical_attention",
    "nan-in-empty-sentences",
    "In a sentence without a word you take the softmax of −∞ alone, which is NaN and spreads. Its weights are 0.",
    HIERARCHICAL,
)
def nan_in_empty_sentences(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)

    return two_levels(words, word_mask, word_query, sentence_query, softmax, softmax)


@mistakes.add(
    "hierarchical_attention",
    "uniform-in-empty-sentences",
    "In a sentence without a word all your fills are equal, and their softmax is uniform. Its weights are 0.",
    HIERARCHICAL,
)
def uniform_in_empty_sentences(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -1e9), dim=-1)

    return two_levels(words, word_mask, word_query, sentence_query, softmax, softmax)


@mistakes.add(
    "hierarchical_attention",
    "nan-in-empty-documents",
    "In a document without a word you take the softmax of −∞ alone, which is NaN. Its weights are 0.",
    HIERARCHICAL,
)
def nan_in_empty_documents(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)

    return two_levels(words, word_mask, word_query, sentence_query, sentence_softmax=softmax)


@mistakes.add(
    "hierarchical_attention",
    "word-mask-ignored",
    "You leave out the mask of the words: padding gets weight in its sentence.",
    HIERARCHICAL,
)
def word_mask_ignored(words, word_mask, word_query, sentence_query):
    return two_levels(words, word_mask, word_query, sentence_query, word_softmax=lambda s, m: torch.softmax(s, dim=-1))


@mistakes.add(
    "hierarchical_attention",
    "mask-ignored",
    "You leave out the mask altogether.",
    HIERARCHICAL,
)
def mask_ignored(words, word_mask, word_query, sentence_query):
    return two_levels(words, torch.ones_like(word_mask), word_query, sentence_query)


@mistakes.add(
    "hierarchical_attention",
    "mask-inverted",
    "Your mask is the wrong way round: True means that there is a word.",
    HIERARCHICAL,
)
def mask_inverted(words, word_mask, word_query, sentence_query):
    return two_levels(words, ~word_mask, word_query, sentence_query)


@mistakes.add(
    "hierarchical_attention",
    "mask-after-the-softmax",
    "You multiply by the mask after the softmax of the words. Padding has taken its share then: hide it before.",
    HIERARCHICAL,
)
def mask_after_the_softmax(words, word_mask, word_query, sentence_query):
    return two_levels(
        words, word_mask, word_query, sentence_query, word_softmax=lambda s, m: torch.softmax(s, dim=-1) * m
    )


@mistakes.add(
    "hierarchical_attention",
    "queries-exchanged",
    "You exchange the two queries: word_query weighs words, sentence_query weighs sentences.",
    HIERARCHICAL,
)
def queries_exchanged(words, word_mask, word_query, sentence_query):
    return two_levels(words, word_mask, sentence_query, word_query)


@mistakes.add(
    "hierarchical_attention",
    "one-query",
    "You weigh the sentences by word_query too. They have a query of their own.",
    HIERARCHICAL,
)
def one_query(words, word_mask, word_query, sentence_query):
    return two_levels(words, word_mask, word_query, word_query)


@mistakes.add(
    "hierarchical_attention",
    "one-softmax",
    "Your softmax runs over all words of the document. The words of each sentence share a weight of 1.",
    HIERARCHICAL,
)
def one_softmax(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        return masked(scores.flatten(-2), mask.flatten(-2)).reshape(scores.shape)

    return two_levels(words, word_mask, word_query, sentence_query, word_softmax=softmax)


@mistakes.add(
    "hierarchical_attention",
    "softmax-over-sentences",
    "The softmax of your word scores runs over the sentences. It runs over the words of one sentence, the last axis.",
    HIERARCHICAL,
)
def softmax_over_sentences(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        return masked(scores.transpose(-2, -1), mask.transpose(-2, -1)).transpose(-2, -1)

    return two_levels(words, word_mask, word_query, sentence_query, word_softmax=softmax)


@mistakes.add(
    "hierarchical_attention",
    "mean-of-sentences",
    "Your document is the plain mean of the sentences. It is the mean by their weights.",
    HIERARCHICAL,
)
def mean_of_sentences(words, word_mask, word_query, sentence_query):
    _, word_weights, sentence_weights = two_levels(words, word_mask, word_query, sentence_query)
    return mean(word_weights, words).mean(dim=-2), word_weights, sentence_weights


@mistakes.add(
    "hierarchical_attention",
    "plain-mean-of-words",
    "A sentence is the plain mean of its words in your code. It is the mean by their weights.",
    HIERARCHICAL,
)
def plain_mean_of_words(words, word_mask, word_query, sentence_query):
    def pool(weights, rows):
        return (rows * word_mask[..., None]).sum(dim=-2) / word_mask.sum(dim=-1, keepdim=True).clamp(min=1)

    return two_levels(words, word_mask, word_query, sentence_query, pool=pool)


@mistakes.add(
    "hierarchical_attention",
    "scaled",
    "You divide the scores by a square root. Here they are plain products.",
    HIERARCHICAL,
)
def scaled(words, word_mask, word_query, sentence_query):
    root = words.shape[-1] ** 0.5
    return two_levels(words, word_mask, word_query / root, sentence_query / root)


@mistakes.add(
    "hierarchical_attention",
    "squashed",
    "You take tanh of the words first. The paper has a small network there; here the products are plain.",
    HIERARCHICAL,
)
def squashed(words, word_mask, word_query, sentence_query):
    word_weights = masked(torch.tanh(words) @ word_query, word_mask)
    sentences = mean(word_weights, words)
    sentence_weights = masked(torch.tanh(sentences) @ sentence_query, word_mask.any(dim=-1))
    return mean(sentence_weights, sentences), word_weights, sentence_weights


@mistakes.add(
    "hierarchical_attention",
    "document-detached",
    "You cut the sentences off from their gradient: the words do not learn.",
    HIERARCHICAL,
)
def document_detached(words, word_mask, word_query, sentence_query):
    return two_levels(words, word_mask, word_query, sentence_query, pool=lambda w, rows: mean(w, rows).detach())


@mistakes.add(
    "hierarchical_attention",
    "no-shift",
    "You write the softmax with exp alone, which overflows at scores of 1000. Subtract the largest visible score first.",
    HIERARCHICAL,
)
def no_shift(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        terms = torch.where(mask, torch.exp(scores), 0.0)
        total = terms.sum(dim=-1, keepdim=True)
        return terms / torch.where(mask.any(dim=-1, keepdim=True), total, 1.0)

    return two_levels(words, word_mask, word_query, sentence_query, softmax, softmax)


@mistakes.add(
    "hierarchical_attention",
    "sentences-by-their-length",
    "You weigh sentences by their number of words as well. Only the product with sentence_query counts.",
    HIERARCHICAL,
)
def by_length(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        return masked(scores + word_mask.sum(dim=-1).clamp(min=1).log(), mask)

    return two_levels(words, word_mask, word_query, sentence_query, sentence_softmax=softmax)


@mistakes.add(
    "hierarchical_attention",
    "weights-in-another-order",
    "You return the weights of the sentences before those of the words. Asked is (document, word "
    "weights, sentence weights).",
    HIERARCHICAL,
)
def another_order(words, word_mask, word_query, sentence_query):
    document, word_weights, sentence_weights = two_levels(words, word_mask, word_query, sentence_query)
    return document, sentence_weights, word_weights


@mistakes.add(
    "hierarchical_attention",
    "counts-hidden-scores",
    "Your exponentials count hidden scores: the largest of all is subtracted, or a softmax over all is divided again. "
    "Where a hidden score is far above the visible ones, these all become 0. Hide first.",
    HIERARCHICAL,
)
def counts_hidden_scores(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        terms = torch.exp(scores - scores.amax(dim=-1, keepdim=True)) * mask
        total = terms.sum(dim=-1, keepdim=True)
        return terms / total.masked_fill(total == 0, 1)

    return two_levels(words, word_mask, word_query, sentence_query, softmax, softmax)


@mistakes.add(
    "hierarchical_attention",
    "mask-after-both-softmaxes",
    "You multiply by the mask after both softmaxes. Padding and empty sentences have taken their share then: hide them "
    "before.",
    HIERARCHICAL,
)
def mask_after_both(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        return torch.softmax(scores, dim=-1) * mask

    return two_levels(words, word_mask, word_query, sentence_query, softmax, softmax)


@mistakes.add(
    "hierarchical_attention",
    "zero-fill",
    "You set hidden scores to 0 (or multiply them by the mask). e⁰ is 1: what is hidden still gets weight. Use −∞.",
    HIERARCHICAL,
)
def zero_fill(words, word_mask, word_query, sentence_query):
    def softmax(scores, mask):
        return torch.softmax(scores * mask, dim=-1)

    return two_levels(words, word_mask, word_query, sentence_query, softmax, softmax)


@mistakes.add(
    "hierarchical_attention",
    "zero-means-hidden",
    "You hide sentences whose product with sentence_query is 0. Words may be 0 too: word_mask says what is hidden.",
    HIERARCHICAL,
)
def zero_means_hidden(words, word_mask, word_query, sentence_query):
    return two_levels(
        words, word_mask, word_query, sentence_query, sentence_softmax=lambda s, m: masked(s, s.detach() != 0)
    )
