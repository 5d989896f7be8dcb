"""Words, then sentences: attention to the words of each sentence, then to the sentences of a document.

Source: Yang et al. 2016, section 2.2: word attention, equations 5 to 7, and sentence attention, equations 8 to 10.
Their two encoders, and the small networks that make u_it of h_it and u_i of h_i, are left out: here the words stand
for both, so that only the two levels of attention remain.
"""

from jaxtyping import Bool, Float
from torch import Tensor

from attn_course.arguments import require_same_kind, require_shapes
from attn_course.attend import attend


def hierarchical_attention(
    words: Float[Tensor, "*batch sentences words d"],
    word_mask: Bool[Tensor, "*batch sentences words"],
    word_query: Float[Tensor, " d"],
    sentence_query: Float[Tensor, " d"],
) -> tuple[Float[Tensor, "*batch d"], Float[Tensor, "*batch sentences words"], Float[Tensor, "*batch sentences"]]:
    """Average the words of each sentence, then the sentences of the document, each by how well they match a query.

    Args:
        words: A vector for each word, (*batch, sentences, words, d).
        word_mask: Boolean, True where there is a word, (*batch, sentences, words). A sentence without a word is
            padding, and hidden from the document.
        word_query: What makes a word important, the paper's u_w, (d,).
        sentence_query: What makes a sentence important, the paper's u_s, (d,).

    Returns:
        The document, (*batch, d); the weights of the words in their sentence, (*batch, sentences, words); and the
        weights of the sentences in the document, (*batch, sentences). All are 0 where nothing is visible.

    Raises:
        TypeError: If an argument is not a tensor of the right kind, or dtypes differ.
        ValueError: If shapes or devices do not fit each other.
    """
    require_shapes(
        words=(words, "*batch sentences words d"),
        word_mask=(word_mask, "*batch sentences words"),
        word_query=(word_query, "d"),
        sentence_query=(sentence_query, "d"),
    )
    require_same_kind(words=words, word_query=word_query, sentence_query=sentence_query)
    word_scores = (words @ word_query).unsqueeze(-2)  # (*batch, sentences, 1, words)
    sentences, word_weights = attend(word_scores, words, word_mask.unsqueeze(-2))
    sentences = sentences.squeeze(-2)  # (*batch, sentences, d)
    sentence_scores = (sentences @ sentence_query).unsqueeze(-2)  # (*batch, 1, sentences)
    sentence_mask = word_mask.any(dim=-1).unsqueeze(-2)
    document, sentence_weights = attend(sentence_scores, sentences, sentence_mask)
    return document.squeeze(-2), word_weights.squeeze(-2), sentence_weights.squeeze(-2)
