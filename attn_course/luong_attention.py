"""Luong's scores and windows as modules, to be put together: a score, and where one looks with it (chapter 03).

A score has two parts, so that what depends on the keys alone is computed once and not at every step of a decoder:
`prepare(key)`, and `score(query, prepared)`. An attention takes a score:

    attention = GlobalAttention(GeneralScore(d_query, d_key))
    prepared = attention.prepare(memory)
    context, weights = attention(query, prepared, memory, mask, first=0)

`first` is the position of the first query in its sequence; `MonotonicAttention` needs it, the others do not.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attn_course.arguments import require_shapes
from attn_course.attend import attend
from attn_course.local_attention import local_weights, monotonic_centres, predicted_centres, window_mask
from attn_course.luong_scores import dot_scores, location_scores


class DotScore(nn.Module):
    """`dot_scores`: no parameters; queries and keys must be equally wide."""

    def prepare(self, key: Float[Tensor, "*batch keys d"]) -> Float[Tensor, "*batch keys d"]:
        """The keys as they are."""
        return key

    def forward(
        self, query: Float[Tensor, "*batch queries d"], prepared: Float[Tensor, "*batch keys d"]
    ) -> Float[Tensor, "*batch queries keys"]:
        """The scores."""
        return dot_scores(query, prepared)


class GeneralScore(nn.Module):
    """`general_scores` with a learned W: the keys times W, then dot products."""

    def __init__(self, d_query: int, d_key: int) -> None:
        """Make the parameter W, (d_query, d_key)."""
        super().__init__()
        self.W = nn.Parameter(torch.empty(d_query, d_key))
        nn.init.xavier_uniform_(self.W)

    def prepare(self, key: Float[Tensor, "*batch keys d_key"]) -> Float[Tensor, "*batch keys d_query"]:
        """The keys as wide as the queries."""
        return key @ self.W.mT

    def forward(
        self, query: Float[Tensor, "*batch queries d_query"], prepared: Float[Tensor, "*batch keys d_query"]
    ) -> Float[Tensor, "*batch queries keys"]:
        """The scores."""
        return dot_scores(query, prepared)


class ConcatScore(nn.Module):
    """`concat_scores` with learned W and v."""

    def __init__(self, d_query: int, d_key: int, d_attn: int) -> None:
        """Make the parameters W, (d_query + d_key, d_attn), and v, (d_attn,)."""
        super().__init__()
        self.d_query = d_query
        self.W = nn.Parameter(torch.empty(d_query + d_key, d_attn))
        self.v = nn.Parameter(torch.empty(d_attn))
        nn.init.xavier_uniform_(self.W)
        nn.init.uniform_(self.v, -(d_attn**-0.5), d_attn**-0.5)

    def prepare(self, key: Float[Tensor, "*batch keys d_key"]) -> Float[Tensor, "*batch keys d_attn"]:
        """The keys' part of the sum inside the tanh."""
        return key @ self.W[self.d_query :]

    def forward(
        self, query: Float[Tensor, "*batch queries d_query"], prepared: Float[Tensor, "*batch keys d_attn"]
    ) -> Float[Tensor, "*batch queries keys"]:
        """The scores."""
        of_query = query @ self.W[: self.d_query]
        return torch.tanh(of_query.unsqueeze(-2) + prepared.unsqueeze(-3)) @ self.v


class LocationScore(nn.Module):
    """`location_scores` with a learned W, one column for each of `max_keys` positions; shorter sources use the first."""

    def __init__(self, d_query: int, max_keys: int) -> None:
        """Make the parameter W, (d_query, max_keys)."""
        super().__init__()
        self.W = nn.Parameter(torch.empty(d_query, max_keys))
        nn.init.xavier_uniform_(self.W)

    def prepare(self, key: Float[Tensor, "*batch keys d_key"]) -> Float[Tensor, "d_query keys"]:
        """The columns of as many positions as there are keys.

        Raises:
            ValueError: If there are more than `max_keys`.
        """
        keys, most = key.shape[-2], self.W.shape[1]
        if keys > most:
            raise ValueError(
                f"there are {keys} keys, but this score has columns for {most}: make it with a larger one."
            )
        return self.W[:, :keys]

    def forward(
        self, query: Float[Tensor, "*batch queries d_query"], prepared: Float[Tensor, "d_query keys"]
    ) -> Float[Tensor, "*batch queries keys"]:
        """The scores."""
        return location_scores(query, prepared)


class GlobalAttention(nn.Module):
    """Every query looks at all positions (Luong et al. 2015, section 3.1)."""

    def __init__(self, score: nn.Module) -> None:
        """Take the score."""
        super().__init__()
        self.score = score

    def prepare(self, memory: Float[Tensor, "batch source d_memory"]) -> Tensor:
        """What the score needs of the memory, once for all steps."""
        return self.score.prepare(memory)

    def forward(
        self,
        query: Float[Tensor, "batch queries d_query"],
        prepared: Tensor,
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
        first: int = 0,
    ) -> tuple[Float[Tensor, "batch queries d_memory"], Float[Tensor, "batch queries source"]]:
        """Look at the memory.

        Args:
            query: What each position looks for.
            prepared: From `prepare`.
            memory: What is looked at.
            mask: True where there is a source token.
            first: Position of the first query in its sequence.

        Returns:
            The context and the weights.
        """
        require_shapes(memory=(memory, "batch source d_memory"), mask=(mask, "batch source"))
        return attend(self.score(query, prepared), memory, mask.unsqueeze(1))


class MonotonicAttention(GlobalAttention):
    """Query t looks at the positions around t: "local-m" (Luong et al. 2015, section 3.2), without a Gaussian."""

    def __init__(self, score: nn.Module, window: float | int) -> None:
        """Take the score and how far a query sees to either side."""
        super().__init__(score)
        self.window = window

    def forward(
        self,
        query: Float[Tensor, "batch queries d_query"],
        prepared: Tensor,
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
        first: int = 0,
    ) -> tuple[Float[Tensor, "batch queries d_memory"], Float[Tensor, "batch queries source"]]:
        """Look at the memory inside each query's window; arguments as for `GlobalAttention`."""
        centre = monotonic_centres(query, first)
        inside = window_mask(centre, self.window, memory.shape[1])
        return attend(self.score(query, prepared), memory, inside & mask.unsqueeze(1))


class PredictiveAttention(GlobalAttention):
    """Every query predicts where to look, and how: "local-p" (Luong et al. 2015, section 3.2, equations 9 and 10)."""

    def __init__(self, score: nn.Module, window: float | int, d_query: int, d_attn: int) -> None:
        """Take the score and the window, and make W_centre, (d_query, d_attn), and v_centre, (d_attn,)."""
        super().__init__(score)
        self.window = window
        self.W_centre = nn.Parameter(torch.empty(d_query, d_attn))
        self.v_centre = nn.Parameter(torch.empty(d_attn))
        nn.init.xavier_uniform_(self.W_centre)
        nn.init.uniform_(self.v_centre, -(d_attn**-0.5), d_attn**-0.5)

    def forward(
        self,
        query: Float[Tensor, "batch queries d_query"],
        prepared: Tensor,
        memory: Float[Tensor, "batch source d_memory"],
        mask: Bool[Tensor, "batch source"],
        first: int = 0,
    ) -> tuple[Float[Tensor, "batch queries d_memory"], Float[Tensor, "batch queries source"]]:
        """Look at the memory inside each query's window; arguments as for `GlobalAttention`."""
        centre = predicted_centres(query, mask.sum(dim=-1), self.W_centre, self.v_centre)
        weights = local_weights(self.score(query, prepared), centre, self.window, mask.unsqueeze(1))
        return weights @ memory, weights
