"""Additive attention, and a decoder that looks back at the source while it writes (chapter 02).

Source: Bahdanau, Cho & Bengio 2015, "Neural Machine Translation by Jointly Learning to Align and Translate". Vectors are
rows and weights multiply from the right, so our matrices are the transposes of theirs.

| here                   | there                                                                                    |
|------------------------|------------------------------------------------------------------------------------------|
| `memory`               | the annotations h_1, ..., h_Tx (section 3.2)                                             |
| `hidden`               | the decoder's state s_(i-1) before a step, s_i after it                                  |
| `scores`, `weights`    | e_ij and alpha_ij (section 3.1, equation 6)                                              |
| `context`              | c_i (section 3.1, equation 5)                                                            |
| `W_query`, `W_key`, `v`| W_a, U_a and v_a (appendix A.1.2)                                                        |
| `rnn`                  | f (section 3.1), a GRU whose C, C_z and C_r are the columns of `rnn.weight_ih` for c_i (A.2.2) |
| `output`               | g (equation 4); there with a maxout layer inside (A.2.2), here one linear layer          |
| `Translator.bridge`    | W_s (A.2.2)                                                                              |

Masked softmax and the weighted mean live in `attn_course.attend`, the encoder in `attn_course.bidirectional`, the
measure of alignments in `attn_course.alignment`, encoder and decoder together in `attn_course.translator`.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attn_course.alignment import alignment_error_rate
from attn_course.arguments import require_integers, require_same_kind, require_shapes
from attn_course.attend import attend, masked_softmax
from attn_course.bidirectional import BidirectionalEncoder
from attn_course.translator import Translator

__all__ = [
    "AdditiveAttention",
    "AttentionDecoder",
    "BidirectionalEncoder",
    "Translator",
    "additive_scores",
    "alignment_error_rate",
    "attend",
    "masked_softmax",
]


def additive_scores(
    query: Float[Tensor, "*batch queries d_query"],
    key: Float[Tensor, "*batch keys d_key"],
    W_query: Float[Tensor, "d_query d_attn"],
    W_key: Float[Tensor, "d_key d_attn"],
    v: Float[Tensor, " d_attn"],
) -> Float[Tensor, "*batch queries keys"]:
    """Score every query against every key by a network with one hidden layer: `v . tanh(query W_query + key W_key)`.

    Bahdanau et al. 2015, appendix A.1.2: e_ij = v_a^T tanh(W_a s_(i-1) + U_a h_j). Queries and keys may have different
    widths. The hidden layer has one entry for each query, key and unit at the same time: queries x keys x d_attn
    numbers, kept for the backward pass, where a dot product needs queries x keys alone. Each projection is computed once,
    not once a pair.

    Args:
        query: What each position looks for, (*batch, queries, d_query).
        key: What each position offers to be found by, (*batch, keys, d_key).
        W_query: From query to hidden layer, (d_query, d_attn).
        W_key: From key to hidden layer, (d_key, d_attn).
        v: From hidden layer to score, (d_attn,).

    Returns:
        Scores, (*batch, queries, keys), each between -sum |v| and sum |v|.

    Raises:
        TypeError: If an argument is not a tensor of floating-point numbers, or dtypes differ.
        ValueError: If shapes or devices do not fit together.
    """
    require_shapes(
        query=(query, "*batch queries d_query"),
        key=(key, "*batch keys d_key"),
        W_query=(W_query, "d_query d_attn"),
        W_key=(W_key, "d_key d_attn"),
        v=(v, "d_attn"),
    )
    require_same_kind(query=query, key=key, W_query=W_query, W_key=W_key, v=v)
    return _scores_of_projections(query @ W_query, key @ W_key, v)


def _scores_of_projections(
    query: Float[Tensor, "*batch queries d_attn"], key: Float[Tensor, "*batch keys d_attn"], v: Float[Tensor, " d_attn"]
) -> Float[Tensor, "*batch queries keys"]:
    """Additive scores of queries and keys that are projected already."""
    hidden = torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))  # (*batch, queries, keys, d_attn)
    return hidden @ v


class AdditiveAttention(nn.Module):
    """Average the rows of `value` under the masked softmax of learned additive scores.

    Bahdanau et al. 2015, section 3.1, equations 5 and 6, with the scores of appendix A.1.2. The parameters are exactly
    `W_query`, `W_key` and `v`; the paper's formulas leave out all biases, to be easier to read (A.1.1).
    """

    def __init__(self, d_query: int, d_key: int, d_attn: int) -> None:
        """Make the parameters.

        Args:
            d_query: width of a query.
            d_key: width of a key.
            d_attn: width of the hidden layer that compares them.
        """
        super().__init__()
        self.W_query = nn.Parameter(_spread(d_query, d_attn))
        self.W_key = nn.Parameter(_spread(d_key, d_attn))
        self.v = nn.Parameter(_spread(d_attn, 1).squeeze(1))

    def forward(
        self,
        query: Float[Tensor, "*batch queries d_query"],
        key: Float[Tensor, "*batch keys d_key"],
        value: Float[Tensor, "*batch keys d_v"],
        mask: Bool[Tensor, "..."] | None = None,
    ) -> tuple[Float[Tensor, "*batch queries d_v"], Float[Tensor, "*batch queries keys"]]:
        """Attend.

        Args:
            query: What each position looks for.
            key: What each position offers to be found by.
            value: What each position hands over when it is found.
            mask: Boolean, True = may attend, broadcastable to (*batch, queries, keys). Default None: every query sees
                every key.

        Returns:
            The context and the weights. Both are 0 for a query that may see no key.

        Raises:
            TypeError: If an input is not a tensor of floating-point numbers, dtypes differ, or `mask` is not boolean.
            ValueError: If shapes or devices do not fit together.
        """
        return attend(additive_scores(query, key, self.W_query, self.W_key, self.v), value, mask)


class AttentionDecoder(nn.Module):
    """Write a target one token at a time, and look back at the whole source before each of them.

    One step, with y the embedded token written last and s the state before the step (Bahdanau et al. 2015, section 3.1
    and appendix A.2.2):

        weights = softmax over the visible j of  v . tanh(s W_query + memory_j W_key)
        context = sum over j of  weights_j memory_j
        s'      = GRU([y; context], s)
        logits  = output([y; s'; context])

    The weights come from the state *before* the step, which has not read the last token yet; what is found there, that
    token and the new state decide what to write.
    """

    def __init__(self, vocab: int, d_embed: int, d_hidden: int, d_memory: int, d_attn: int) -> None:
        """Make the parameters.

        Args:
            vocab: number of target tokens, start and end included.
            d_embed: width of the token embeddings.
            d_hidden: width of the state.
            d_memory: width of one annotation of the source.
            d_attn: width of the hidden layer that compares state and annotation.
        """
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.W_query = nn.Parameter(_spread(d_hidden, d_attn))
        self.W_key = nn.Parameter(_spread(d_memory, d_attn))
        self.v = nn.Parameter(_spread(d_attn, 1).squeeze(1))
        self.rnn = nn.GRUCell(d_embed + d_memory, d_hidden)
        self.output = nn.Linear(d_embed + d_hidden + d_memory, vocab)

    def step(
        self,
        token: Int[Tensor, " batch"],
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[
        Float[Tensor, "batch vocab"],
        Float[Tensor, "batch d_hidden"],
        Float[Tensor, "batch source"],
    ]:
        """Look back, read one token and predict the next.

        Args:
            token: the token written last; the start token at first.
            hidden: the state before this step.
            memory: the annotations of the source.
            mask: True at source tokens, False at padding. Where all is hidden, weights and context are 0.

        Returns:
            Logits over the next token, the state after this step, and the weights over the source.

        Raises:
            TypeError: a token is no integer, `mask` is not boolean, or dtypes differ.
            ValueError: shapes or devices do not fit together.
        """
        self._check(hidden, memory, mask, token=(token, "batch"))
        embedded = self.embed(token)  # (batch, d_embed)
        hidden, context, weights = self._advance(embedded, hidden, memory @ self.W_key, memory, mask)
        return self._predict(embedded, hidden, context), hidden, weights

    def forward(
        self,
        target_in: Int[Tensor, "batch target"],
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Float[Tensor, "batch target vocab"], Float[Tensor, "batch target source"]]:
        """Take a step for each token of a known target (teacher forcing).

        The keys are projected once for all steps, and so are the logits; what remains in the loop is what needs the
        state before it.

        Args:
            target_in: the start token and then the target without its last token: the logits at a position are for the
                token that follows `target_in` there.
            hidden: the state before the first step.
            memory: the annotations of the source.
            mask: True at source tokens, False at padding.

        Returns:
            Logits over the next token at each position, and the weights over the source.

        Raises: as `step`.
        """
        self._check(hidden, memory, mask, target_in=(target_in, "batch target"))
        keys = memory @ self.W_key  # (batch, source, d_attn)
        embedded = self.embed(target_in)  # (batch, target, d_embed)
        states, contexts, all_weights = [], [], []
        for token in embedded.unbind(dim=1):
            hidden, context, weights = self._advance(token, hidden, keys, memory, mask)
            states.append(hidden)
            contexts.append(context)
            all_weights.append(weights)
        logits = self._predict(embedded, torch.stack(states, dim=1), torch.stack(contexts, dim=1))
        return logits, torch.stack(all_weights, dim=1)

    def decoding(
        self,
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], Tensor]:
        """Make what `greedy_decode` needs: a `step(token, state)` that looks at this memory, and its first state.

        The keys are projected here, once for all steps.

        Args:
            hidden: the state before the first step.
            memory: the annotations of the source.
            mask: True at source tokens, False at padding.

        Returns:
            The step, and the state before the first one.

        Raises: as `step`.
        """
        self._check(hidden, memory, mask)
        keys = memory @ self.W_key  # (batch, source, d_attn)

        def step(token: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
            embedded = self.embed(token)  # (batch, d_embed)
            hidden, context, _ = self._advance(embedded, hidden, keys, memory, mask)
            return self._predict(embedded, hidden, context), hidden

        return step, hidden

    def _advance(
        self, embedded: Tensor, hidden: Tensor, keys: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The state after one step, the context (batch, d_memory) and the weights (batch, source)."""
        query = (hidden @ self.W_query).unsqueeze(1)  # (batch, 1, d_attn): the state before the step
        context, weights = attend(_scores_of_projections(query, keys, self.v), memory, mask.unsqueeze(1))
        context, weights = context.squeeze(1), weights.squeeze(1)
        return self.rnn(torch.cat([embedded, context], dim=-1), hidden), context, weights

    def _predict(self, embedded: Tensor, hidden: Tensor, context: Tensor) -> Tensor:
        """Logits over the next token, for one step or for all at once."""
        return self.output(torch.cat([embedded, hidden, context], dim=-1))

    def _check(self, hidden: Tensor, memory: Tensor, mask: Tensor, **tokens: tuple[Tensor, str]) -> None:
        require_shapes(
            W_query=(self.W_query, "d_hidden d_attn"),
            W_key=(self.W_key, "d_memory d_attn"),
            hidden=(hidden, "batch d_hidden"),
            memory=(memory, "batch source d_memory"),
            mask=(mask, "batch source"),
            **tokens,
        )
        require_integers(**{name: tensor for name, (tensor, _) in tokens.items()})
        require_same_kind(W_query=self.W_query, hidden=hidden, memory=memory)


def _spread(d_in: int, d_out: int) -> Tensor:
    """Parameters (d_in, d_out) spread evenly over +-1/sqrt(d_in), as in `torch.nn.Linear`."""
    return torch.empty(d_in, d_out).uniform_(-(d_in**-0.5), d_in**-0.5)
