"""An encoder and a decoder with attention, put together for training and translation (chapters 02 and 03)."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attn_course.arguments import require_shapes
from attn_course.bidirectional import BidirectionalEncoder
from attn_course.seq2seq import greedy_decode

__all__ = ["Translator"]


class Translator(nn.Module):
    """Read a source into a memory, then write a target while looking back at it.

    The decoder's first state is made of the backward network's state at position 0, which has read the whole source:
    `s_0 = tanh(first W_s)` (Bahdanau et al. 2015, appendix A.2.2). What else passes from the source to the target passes
    through attention.
    """

    def __init__(self, encoder: BidirectionalEncoder, decoder: nn.Module) -> None:
        """Put the parts together.

        Args:
            encoder: returns the memory and the state that the decoder starts from.
            decoder: has `forward(target_in, hidden, memory, mask) -> (logits, weights)` by teacher forcing,
                `decoding(hidden, memory, mask) -> (step, state)` for `greedy_decode`, and its recurrent cell as `rnn`,
                such as `attn_course.additive.AttentionDecoder`.
        """
        super().__init__()
        self.encoder = encoder
        self.bridge = nn.Linear(encoder.rnn.hidden_size, decoder.rnn.hidden_size, bias=False)
        self.decoder = decoder

    def encode(
        self, source: Int[Tensor, "batch source"], source_lengths: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch d_hidden"], Float[Tensor, "batch source d_memory"], Bool[Tensor, "batch source"]]:
        """Read the sources.

        Args:
            source: token ids, padded at the end.
            source_lengths: the true length of each source, from 1 to its number of columns.

        Returns:
            The decoder's first state, the memory, and its mask, True at tokens and False at padding.

        Raises: as `BidirectionalEncoder.forward`.
        """
        memory, first = self.encoder(source, source_lengths)
        mask = torch.arange(source.shape[1], device=source.device) < source_lengths[:, None]
        return torch.tanh(self.bridge(first)), memory, mask

    def forward(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        target_in: Int[Tensor, "batch target"],
    ) -> tuple[Float[Tensor, "batch target vocab"], Float[Tensor, "batch target source"]]:
        """Predict each next target token from the source and the true tokens before it.

        Args:
            source: token ids, padded at the end.
            source_lengths: the true length of each source.
            target_in: the start token and then the target without its last token. To see where the decoder looked
                while it translated by itself, give the start token and then what it wrote.

        Returns:
            Logits over the token after each position, and the weights over the source with which it was predicted.

        Raises: as the encoder and the decoder.
        """
        require_shapes(source=(source, "batch source"), target_in=(target_in, "batch target"))
        return self.decoder(target_in, *self.encode(source, source_lengths))

    def translate(
        self,
        source: Int[Tensor, "batch source"],
        source_lengths: Int[Tensor, " batch"],
        start: int,
        end: int,
        max_len: int,
    ) -> Int[Tensor, "batch length"]:
        """Write the likeliest next token again and again.

        Args:
            source: token ids, padded at the end.
            source_lengths: the true length of each source.
            start: the token before the first; not part of the result.
            end: the token that ends a target.
            max_len: the greatest number of tokens to write, at least 1.

        Returns:
            Token ids, no wider than `max_len`. After its first `end` a target holds `end` alone.

        Raises: as the encoder, and `greedy_decode`.
        """
        with torch.no_grad():
            step, state = self.decoder.decoding(*self.encode(source, source_lengths))
            return greedy_decode(step, state, torch.full_like(source_lengths, start), end, max_len)
