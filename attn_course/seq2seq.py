"""Writing one sequence after reading another, through one vector (chapter 01).

Sources: Cho et al. 2014a, section 2.2 (encoder and decoder, GRUs); Sutskever et al. 2014, section 2 (the
summary as the decoder's first state and nothing more; LSTMs there, GRUs here).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from attn_course.arguments import require_integers, require_lengths, require_same_device, require_shapes


class Seq2Seq(nn.Module):
    """Read a sequence into one vector, then write another sequence from that vector alone.

    Two GRUs: the encoder's state after the last source token is the decoder's first state, and nothing
    else passes between them (Cho et al. 2014a, section 2.2, without their extra connections from the
    summary to every step; Sutskever et al. 2014, section 2, with LSTMs there).
    """

    def __init__(self, vocab_source: int, vocab_target: int, d_embed: int, d_hidden: int) -> None:
        """Make the parameters.

        Args:
            vocab_source: number of source tokens, padding included.
            vocab_target: number of target tokens, start and end included.
            d_embed: width of the token embeddings.
            d_hidden: width of both states, and so of the vector between encoder and decoder.
        """
        super().__init__()
        self.embed_source = nn.Embedding(vocab_source, d_embed)
        self.embed_target = nn.Embedding(vocab_target, d_embed)
        self.encoder = nn.GRU(d_embed, d_hidden, batch_first=True)
        self.decoder = nn.GRU(d_embed, d_hidden, batch_first=True)
        self.output = nn.Linear(d_hidden, vocab_target)

    def encode(
        self, source: Int[Tensor, "batch source"], source_lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch d_hidden"]:
        """Summarise each source in one vector: the state after its own last token.

        Args:
            source: token ids, padded at the end.
            source_lengths: the true length of each source, from 1 to its number of columns.

        Returns:
            The summary of each source.

        Raises:
            TypeError: an argument is no tensor of integers.
            ValueError: shapes or devices do not fit together, or a length is impossible.
        """
        require_shapes(source=(source, "batch source"), source_lengths=(source_lengths, "batch"))
        require_integers(source=source)
        require_same_device(source=source, source_lengths=source_lengths)
        require_lengths(source_lengths, source.shape[1])
        states, _ = self.encoder(self.embed_source(source))  # (batch, source, d_hidden)
        # The encoder reads from left to right, so padding comes after the state that is taken.
        rows = torch.arange(len(source), device=source.device)
        return states[rows, source_lengths - 1]  # (batch, d_hidden)

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        target_in: Int[Tensor, "batch target"],
    ) -> Float[Tensor, "batch target vocab_target"]:
        """Predict each next target token from the summary and the true tokens before it.

        Args:
            source: token ids, padded at the end.
            source_lengths: the true length of each source.
            target_in: the start token and then the target without its last token (teacher forcing):
                the logits at a position are for the token that follows `target_in` there.

        Returns:
            Logits over the target tokens.

        Raises:
            TypeError: an argument is no tensor of integers.
            ValueError: shapes or devices do not fit together, or a length is impossible.
        """
        require_shapes(
            source=(source, "batch source"),
            source_lengths=(source_lengths, "batch"),
            target_in=(target_in, "batch target"),
        )
        require_integers(target_in=target_in)
        summary = self.encode(source, source_lengths)
        states, _ = self.decoder(self.embed_target(target_in), summary.unsqueeze(0))
        return self.output(states)  # (batch, target, vocab_target)

    def step(
        self, token: Int[Tensor, " batch"], state: Float[Tensor, "batch d_hidden"]
    ) -> tuple[Float[Tensor, "batch vocab_target"], Float[Tensor, "batch d_hidden"]]:
        """Read one token and predict the next: the `step` of `greedy_decode`.

        Args:
            token: the last token written; the start token at first.
            state: the decoder's state; the summary from `encode` at first.

        Returns:
            Logits over the next token, and the decoder's new state.
        """
        embedded = self.embed_target(token).unsqueeze(1)  # (batch, 1, d_embed)
        states, _ = self.decoder(embedded, state.unsqueeze(0))
        state = states.squeeze(1)  # (batch, d_hidden)
        return self.output(state), state


@torch.no_grad()
def greedy_decode(
    step: Callable, state: object, start: Int[Tensor, " batch"], end: int, max_len: int
) -> Int[Tensor, "batch length"]:
    """Write the likeliest next token again and again, until every sequence has ended.

    Args:
        step: takes the tokens (batch,) just written and the state, returns logits (batch, vocab) for
            the tokens that follow, and the next state.
        state: whatever `step` takes at first.
        start: the token before the first, for each sequence; it is not part of the result.
        end: the token that ends a sequence.
        max_len: the greatest number of tokens to write, at least 1.

    Returns:
        Token ids, no wider than `max_len`. After its first `end` a sequence holds `end` alone.

    Raises:
        TypeError: `start` is no tensor of integers.
        ValueError: `start` does not have one axis, or `max_len` is below 1.
    """
    require_shapes(start=(start, "batch"))
    require_integers(start=start)
    if max_len < 1:
        raise ValueError(f"max_len must be at least 1, but is {max_len}.")
    token = start
    ended = torch.zeros_like(start, dtype=torch.bool)
    tokens = []
    for _ in range(max_len):
        logits, state = step(token, state)
        token = logits.argmax(dim=-1).masked_fill(ended, end)  # (batch,)
        tokens.append(token)
        ended = ended | (token == end)
        if not ended.is_meta and ended.all():
            break
    return torch.stack(tokens, dim=1)
