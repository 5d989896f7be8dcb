"""When a decoder looks, and what it is told of its last look: the choices in which Luong and Bahdanau differ.

Each decoder here takes its attention as a module (see `attn_course.luong_attention`) and differs from its neighbours
in one thing. x_t is the embedded token, h_t the state, c_t the context, a_t = tanh([c_t; h_t] W_attentional).

| decoder                | state                                | c_t looks with | like                              |
|------------------------|--------------------------------------|----------------|-----------------------------------|
| `LookAfter`            | GRU([x_t], h_(t-1))                  | h_t            | Luong et al. 2015, section 3.1    |
| `LookAfterFed`         | GRU([x_t; a_(t-1)], h_(t-1))         | h_t            | Luong et al. 2015, section 3.3    |
| `LookBefore`           | GRU([x_t; c_t], h_(t-1))             | h_(t-1)        | Bahdanau et al. 2015, section 3.1 |
| `LookBeforeFed`        | GRU([x_t; c_t; a_(t-1)], h_(t-1))    | h_(t-1)        | both                              |

`LookAfterFed` with a `GeneralScore` computes what `attn_course.multiplicative.LuongDecoder` does.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attn_course.arguments import require_integers, require_same_kind, require_shapes
from attn_course.luong_decoder import attentional_vector


class State(NamedTuple):
    """What a decoder carries from step to step.

    Attributes:
        hidden: The recurrent state.
        attentional: The attentional vector of the step before.
        position: How many tokens have been read.
    """

    hidden: Float[Tensor, "batch d_hidden"]
    attentional: Float[Tensor, "batch d_hidden"]
    position: int


class _Decoder(nn.Module):
    """What the four decoders share: their parts, and the loop over a sequence."""

    def __init__(self, vocab: int, d_embed: int, d_hidden: int, d_memory: int, attention: nn.Module) -> None:
        """Make the parameters.

        Args:
            vocab: Number of target tokens, start and end included.
            d_embed: Width of the token embeddings.
            d_hidden: Width of the recurrent state and of the attentional vector.
            d_memory: Width of what is looked at.
            attention: Looks at it, with queries of width `d_hidden`.
        """
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.rnn = nn.GRUCell(self.input_width(d_embed, d_hidden, d_memory), d_hidden)
        self.attention = attention
        self.W_attentional = nn.Parameter(torch.empty(d_memory + d_hidden, d_hidden))
        self.output = nn.Linear(d_hidden, vocab)
        nn.init.xavier_uniform_(self.W_attentional)

    @staticmethod
    def input_width(d_embed: int, d_hidden: int, d_memory: int) -> int:
        """Width of what the recurrence reads."""
        raise NotImplementedError

    def advance(
        self, embedded: Tensor, state: State, prepared: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[State, Tensor]:
        """The state after one more token, and the weights over the source."""
        raise NotImplementedError

    def forward(
        self,
        target_in: Int[Tensor, "batch target"],
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Float[Tensor, "batch target vocab"], Float[Tensor, "batch target source"]]:
        """Predict each next token from the true tokens before it; as `LuongDecoder.forward`."""
        require_shapes(
            target_in=(target_in, "batch target"),
            hidden=(hidden, "batch d_hidden"),
            memory=(memory, "batch source d_memory"),
            mask=(mask, "batch source"),
        )
        require_integers(target_in=target_in)
        require_same_kind(hidden=hidden, memory=memory)
        return self._read(self.embed(target_in), hidden, memory, mask)

    def decoding(
        self,
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Callable, State]:
        """Make `step(token, state) -> (logits, state)` and the first state, for `greedy_decode`."""
        prepared = self.attention.prepare(memory)

        def step(token: Tensor, state: State) -> tuple[Tensor, State]:
            state, _ = self.advance(self.embed(token), state, prepared, memory, mask)
            return self.output(state.attentional), state

        return step, State(hidden, torch.zeros_like(hidden), 0)

    def _read(self, embedded: Tensor, hidden: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        prepared = self.attention.prepare(memory)
        state = State(hidden, torch.zeros_like(hidden), 0)
        vectors, looks = [], []
        for token in embedded.unbind(dim=1):
            state, weights = self.advance(token, state, prepared, memory, mask)
            vectors.append(state.attentional)
            looks.append(weights)
        return self.output(torch.stack(vectors, dim=1)), torch.stack(looks, dim=1)

    def _look(
        self, hidden: Tensor, state: State, prepared: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Context and weights of one step."""
        context, weights = self.attention(hidden.unsqueeze(1), prepared, memory, mask, state.position)
        return context.squeeze(1), weights.squeeze(1)

    def _next(self, context: Tensor, hidden: Tensor, state: State) -> State:
        return State(hidden, attentional_vector(context, hidden, self.W_attentional), state.position + 1)


class LookAfterFed(_Decoder):
    """Attention after the recurrence, which reads the last attentional vector: Luong's decoder."""

    @staticmethod
    def input_width(d_embed: int, d_hidden: int, d_memory: int) -> int:
        """Width of what the recurrence reads."""
        return d_embed + d_hidden

    def advance(
        self, embedded: Tensor, state: State, prepared: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[State, Tensor]:
        """The state after one more token, and the weights over the source."""
        hidden = self.rnn(torch.cat([embedded, state.attentional], dim=-1), state.hidden)
        context, weights = self._look(hidden, state, prepared, memory, mask)
        return self._next(context, hidden, state), weights


class LookAfter(_Decoder):
    """Attention after the recurrence, which reads the token alone: nothing that was seen enters the state."""

    @staticmethod
    def input_width(d_embed: int, d_hidden: int, d_memory: int) -> int:
        """Width of what the recurrence reads."""
        return d_embed

    def advance(
        self, embedded: Tensor, state: State, prepared: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[State, Tensor]:
        """The state after one more token, and the weights over the source."""
        hidden = self.rnn(embedded, state.hidden)
        context, weights = self._look(hidden, state, prepared, memory, mask)
        return self._next(context, hidden, state), weights

    def _read(self, embedded: Tensor, hidden: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """All states first, then all looks at once: no state depends on a look."""
        states = []
        for token in embedded.unbind(dim=1):
            hidden = self.rnn(token, hidden)
            states.append(hidden)
        states = torch.stack(states, dim=1)  # (batch, target, d_hidden)
        context, weights = self.attention(states, self.attention.prepare(memory), memory, mask, 0)
        return self.output(attentional_vector(context, states, self.W_attentional)), weights


class LookBefore(_Decoder):
    """Attention before the recurrence, which reads the token and what was seen: Bahdanau's order."""

    @staticmethod
    def input_width(d_embed: int, d_hidden: int, d_memory: int) -> int:
        """Width of what the recurrence reads."""
        return d_embed + d_memory

    def advance(
        self, embedded: Tensor, state: State, prepared: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[State, Tensor]:
        """The state after one more token, and the weights over the source."""
        context, weights = self._look(state.hidden, state, prepared, memory, mask)
        hidden = self.rnn(torch.cat([embedded, context], dim=-1), state.hidden)
        return self._next(context, hidden, state), weights


class LookBeforeFed(_Decoder):
    """Attention before the recurrence, which also reads the last attentional vector."""

    @staticmethod
    def input_width(d_embed: int, d_hidden: int, d_memory: int) -> int:
        """Width of what the recurrence reads."""
        return d_embed + d_memory + d_hidden

    def advance(
        self, embedded: Tensor, state: State, prepared: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[State, Tensor]:
        """The state after one more token, and the weights over the source."""
        context, weights = self._look(state.hidden, state, prepared, memory, mask)
        hidden = self.rnn(torch.cat([embedded, context, state.attentional], dim=-1), state.hidden)
        return self._next(context, hidden, state), weights
