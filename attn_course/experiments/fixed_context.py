"""A decoder that hands itself the same vector at every step: what attention is compared with (chapter 02).

It is `attn_course.additive.AttentionDecoder` with one thing taken away, the choice of where to look. What it sees of the
source is fixed before it writes its first token, as in Cho et al. 2014a, section 2.2, whose decoder also reads the summary
at every step.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

CONTEXTS = ("ends", "mean")


class FixedContextDecoder(nn.Module):
    """One step, with y the embedded token written last, s the state before it and c the same vector at every step:

    s'     = GRU([y; c], s)
    logits = output([y; s'; c])
    """

    def __init__(self, vocab: int, d_embed: int, d_hidden: int, d_memory: int, context: str = "ends") -> None:
        """Make the parameters; the same as those of `AttentionDecoder`, without `W_query`, `W_key` and `v`.

        Args:
            vocab: number of target tokens, start and end included.
            d_embed: width of the token embeddings.
            d_hidden: width of the state.
            d_memory: width of one annotation of the source, half of it from either direction.
            context: "ends", the last states of both directions, each of which has read the whole source; or "mean",
                the mean of all annotations.
        """
        super().__init__()
        if context not in CONTEXTS:
            raise ValueError(f"context must be one of {CONTEXTS}, but is {context!r}.")
        self.context = context
        self.embed = nn.Embedding(vocab, d_embed)
        self.rnn = nn.GRU(d_embed + d_memory, d_hidden, batch_first=True)
        self.output = nn.Linear(d_embed + d_hidden + d_memory, vocab)

    def fixed(
        self, memory: Float[Tensor, "batch source d_memory"], mask: Bool[Tensor, "batch source"]
    ) -> Float[Tensor, "batch d_memory"]:
        """The vector that stands for the whole source."""
        lengths = mask.sum(dim=1)
        if self.context == "mean":  # the memory is 0 at padding
            return memory.sum(dim=1) / lengths[:, None]
        rows = torch.arange(len(memory), device=memory.device)
        forward, backward = memory.chunk(2, dim=2)
        return torch.cat([forward[rows, lengths - 1], backward[:, 0]], dim=1)

    def forward(
        self,
        target_in: Int[Tensor, "batch target"],
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Float[Tensor, "batch target vocab"], Float[Tensor, "batch target source"]]:
        """Take a step for each token of a known target; arguments as for `AttentionDecoder.forward`.

        Returns:
            Logits over the next token at each position, and weights that are 0: it looks nowhere.
        """
        logits, _ = self._read(self.embed(target_in), self.fixed(memory, mask), hidden)
        return logits, memory.new_zeros(*target_in.shape, memory.shape[1])

    def decoding(
        self,
        hidden: Float[Tensor, "batch d_hidden"],
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
    ) -> tuple[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], Tensor]:
        """Make the step and the first state that `greedy_decode` needs."""
        context = self.fixed(memory, mask)

        def step(token: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
            logits, hidden = self._read(self.embed(token).unsqueeze(1), context, hidden)
            return logits.squeeze(1), hidden

        return step, hidden

    def _read(self, embedded: Tensor, context: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        context = context.unsqueeze(1).expand(-1, embedded.shape[1], -1)  # (batch, target, d_memory)
        states, last = self.rnn(torch.cat([embedded, context], dim=2), hidden.unsqueeze(0))
        return self.output(torch.cat([embedded, states, context], dim=2)), last.squeeze(0)
