"""Luong's decoder: it looks at the source after each recurrent step, and remembers what it saw (chapter 03).

One step, in the order of Luong et al. 2015, sections 3, 3.1 and 3.3, for the state h_t, the encoder's states `memory`,
the context c_t and the attentional vector a_t (the paper writes it as h_t with a tilde):

    h_t     = GRU([embedded token; a_(t-1)], h_(t-1))     input feeding, section 3.3; the paper stacks LSTMs
    weights = softmax over the visible s of h_t W_score memory_s        equation 7, "general"
    c_t     = sum over s of weights_s memory_s
    a_t     = tanh([c_t; h_t] W_attentional)              equation 5
    logits  = output(a_t)                                 equation 6, here with a bias
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attn_course.arguments import require_integers, require_same_kind, require_shapes
from attn_course.attend import attend
from attn_course.luong_scores import dot_scores


class LuongDecoder(nn.Module):
    """Write a sequence while looking at another: attention after the recurrence, with input feeding."""

    def __init__(self, vocab: int, d_embed: int, d_hidden: int, d_memory: int) -> None:
        """Make the parameters.

        Args:
            vocab: Number of target tokens, start and end included.
            d_embed: Width of the token embeddings.
            d_hidden: Width of the recurrent state and of the attentional vector.
            d_memory: Width of what is looked at, such as the encoder's states.
        """
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.rnn = nn.GRUCell(d_embed + d_hidden, d_hidden)
        self.W_score = nn.Parameter(torch.empty(d_hidden, d_memory))
        self.W_attentional = nn.Parameter(torch.empty(d_memory + d_hidden, d_hidden))
        self.output = nn.Linear(d_hidden, vocab)
        nn.init.xavier_uniform_(self.W_score)
        nn.init.xavier_uniform_(self.W_attentional)

    def step(
        self,
        token: Int[Tensor, " batch"],
        hidden: Float[Tensor, "batch d_hidden"],
        attentional: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[
        Float[Tensor, "batch vocab"],
        Float[Tensor, "batch d_hidden"],
        Float[Tensor, "batch d_hidden"],
        Float[Tensor, "batch source"],
    ]:
        """Read one token, look at the memory, predict the next token.

        Args:
            token: The last token written; the start token at first.
            hidden: The recurrent state after the step before.
            attentional: The attentional vector of the step before; zeros at first.
            memory: What is looked at.
            mask: True where there is a source token, False where there is padding.

        Returns:
            Logits over the next token, the new recurrent state, the new attentional vector, and the weights over the
            source. Where everything is hidden, weights and context are 0.

        Raises:
            TypeError: If an argument is not a tensor of the right kind.
            ValueError: If shapes or devices do not fit together.
        """
        require_shapes(token=(token, "batch"), hidden=(hidden, "batch d_hidden"))
        require_shapes(hidden=(hidden, "batch d_hidden"), attentional=(attentional, "batch d_hidden"))
        require_integers(token=token)
        require_same_kind(hidden=hidden, attentional=attentional)
        self._check(hidden, memory, mask)
        key = self._key(memory)
        hidden, attentional, weights = self._advance(self.embed(token), hidden, attentional, key, memory, mask)
        return self.output(attentional), hidden, attentional, weights

    def forward(
        self,
        target_in: Int[Tensor, "batch target"],
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Float[Tensor, "batch target vocab"], Float[Tensor, "batch target source"]]:
        """Predict each next token from the true tokens before it (teacher forcing).

        Args:
            target_in: The start token and then the target without its last token.
            hidden: The recurrent state before the first token, such as a state of the encoder.
            memory: What is looked at.
            mask: True where there is a source token.

        Returns:
            Logits over the token that follows each one of `target_in`, and the weights with which each was predicted.

        Raises:
            TypeError: If an argument is not a tensor of the right kind.
            ValueError: If shapes or devices do not fit together.
        """
        require_shapes(target_in=(target_in, "batch target"), hidden=(hidden, "batch d_hidden"))
        require_integers(target_in=target_in)
        self._check(hidden, memory, mask)
        key = self._key(memory)  # once for all steps
        attentional = torch.zeros_like(hidden)
        vectors, looks = [], []
        for embedded in self.embed(target_in).unbind(dim=1):
            hidden, attentional, weights = self._advance(embedded, hidden, attentional, key, memory, mask)
            vectors.append(attentional)
            looks.append(weights)
        return self.output(torch.stack(vectors, dim=1)), torch.stack(looks, dim=1)

    def decoding(
        self,
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Callable, tuple[Tensor, Tensor]]:
        """Make `step(token, state) -> (logits, state)` and the first state, for `attn_course.seq2seq.greedy_decode`.

        Args:
            hidden: The recurrent state before the first token.
            memory: What is looked at.
            mask: True where there is a source token.

        Returns:
            The step, which knows the memory, and the state (hidden, attentional) that it takes first.
        """
        key = self._key(memory)

        def step(token: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            hidden, attentional, _ = self._advance(self.embed(token), *state, key, memory, mask)
            return self.output(attentional), (hidden, attentional)

        return step, (hidden, torch.zeros_like(hidden))

    def _key(self, memory: Tensor) -> Tensor:
        """The factor of the general score that is the same at every step, (batch, source, d_hidden)."""
        return memory @ self.W_score.mT

    def _advance(
        self, embedded: Tensor, hidden: Tensor, attentional: Tensor, key: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.rnn(torch.cat([embedded, attentional], dim=-1), hidden)
        scores = dot_scores(hidden.unsqueeze(1), key)  # (batch, 1, source): one query
        context, weights = attend(scores, memory, mask.unsqueeze(1))
        attentional = attentional_vector(context.squeeze(1), hidden, self.W_attentional)
        return hidden, attentional, weights.squeeze(1)

    def _check(self, hidden: Tensor, memory: Tensor, mask: Tensor) -> None:
        require_shapes(
            hidden=(hidden, "batch d_hidden"), memory=(memory, "batch source d_memory"), mask=(mask, "batch source")
        )
        require_same_kind(hidden=hidden, memory=memory, W_score=self.W_score)
        for name, given, asked in (
            ("hidden", hidden.shape[-1], self.W_score.shape[0]),
            ("memory", memory.shape[-1], self.W_score.shape[1]),
        ):
            if given != asked:
                raise ValueError(f"{name} is {given} wide, but this decoder was made for a width of {asked}.")


def attentional_vector(
    context: Float[Tensor, "*batch d_memory"],
    hidden: Float[Tensor, "*batch d_hidden"],
    W: Float[Tensor, "d_memory+d_hidden d_hidden"],
) -> Float[Tensor, "*batch d_hidden"]:
    """Mix what was seen with what is remembered: `tanh([context; hidden] W)` (Luong et al. 2015, equation 5)."""
    return torch.tanh(torch.cat([context, hidden], dim=-1) @ W)
