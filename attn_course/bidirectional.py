"""Reading a sequence from both ends, so that every position knows what stands on both sides of it (chapter 02)."""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attn_course.arguments import require_integers, require_lengths, require_same_device, require_shapes

__all__ = ["BidirectionalEncoder"]


class BidirectionalEncoder(nn.Module):
    """Turn each token into an annotation: what two recurrent networks know of it, one from each end.

    Bahdanau et al. 2015, section 3.2 and appendix A.2.1: `h_j = [forward_j; backward_j]`. The forward network has read
    the tokens 0 to j when it reaches j, the backward network the tokens from the last one down to j. The cells are
    those of `torch.nn.GRU`, whose reset gate acts after the product with the weights and not before it, as theirs does.
    """

    def __init__(self, vocab: int, d_embed: int, d_hidden: int) -> None:
        """Make the parameters.

        Args:
            vocab: number of source tokens, padding included.
            d_embed: width of the token embeddings.
            d_hidden: width of the state of each direction; an annotation is twice as wide.
        """
        super().__init__()
        self.embed = nn.Embedding(vocab, d_embed)
        self.rnn = nn.GRU(d_embed, d_hidden, batch_first=True, bidirectional=True)

    def forward(
        self, source: Int[Tensor, "batch source"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch source d_memory"], Float[Tensor, "batch d_hidden"]]:
        """Read each source up to its own length; the backward network begins at its own last token.

        Args:
            source: token ids, padded at the end.
            lengths: the true length of each source, from 1 to its number of columns.

        Returns:
            The memory, one annotation for each position, `d_memory` = 2 d_hidden wide and 0 at the padding; and the
            backward network's state at position 0, which has read the whole source (their backward h_1).

        Raises:
            TypeError: an argument is no tensor of integers.
            ValueError: shapes or devices do not fit together, or a length is impossible.
        """
        require_shapes(source=(source, "batch source"), lengths=(lengths, "batch"))
        require_integers(source=source)
        require_same_device(source=source, lengths=lengths)
        require_lengths(lengths, source.shape[1])
        # Packed, the padding is not read at all: without this the backward network would begin in it.
        packed = pack_padded_sequence(self.embed(source), lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, last = self.rnn(packed)  # last is (2, batch, d_hidden): forward, backward
        memory, _ = pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])
        return memory, last[1]
