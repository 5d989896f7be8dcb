"""Remember the first symbol of a sequence: how far back a recurrent network learns to look (chapter 01)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attn_course.data.symbols import delayed_symbol
from attn_course.training import History, seeded, train

NUM_SYMBOLS = 8
CELLS = {"RNN": nn.RNN, "LSTM": nn.LSTM}


class Recall(nn.Module):
    """Read a sequence, then name its first symbol from the last state."""

    def __init__(self, cell: str, seed: int, forget_bias: float = 0.0, d_embed: int = 16, d_hidden: int = 32) -> None:
        """Make the parameters.

        Args:
            cell: "RNN" or "LSTM".
            seed: of the parameters.
            forget_bias: added to the LSTM's forget gates at first.
            d_embed: width of the embedded symbols.
            d_hidden: width of the state.
        """
        super().__init__()
        with seeded(seed):
            self.embed = nn.Embedding(2 * NUM_SYMBOLS, d_embed)
            self.cell = CELLS[cell](d_embed, d_hidden, batch_first=True)
            self.output = nn.Linear(d_hidden, NUM_SYMBOLS)
            if cell == "RNN":
                # An orthogonal matrix neither shrinks nor stretches: the kindest start for an RNN.
                nn.init.orthogonal_(self.cell.weight_hh_l0)
        if forget_bias:
            with torch.no_grad():
                self.cell.bias_ih_l0[d_hidden : 2 * d_hidden] += forget_bias

    def forward(self, inputs: Tensor) -> Tensor:
        """Map symbol ids (batch, time) to logits (batch, NUM_SYMBOLS)."""
        states, _ = self.cell(self.embed(inputs))
        return self.output(states[:, -1])


def train_recall(
    model: Recall,
    delay: int,
    seed: int,
    steps: int,
    max_norm: float | None,
    optimizer: torch.optim.Optimizer,
    batch: int = 64,
) -> History:
    """Teach a model to name the symbol it saw `delay` steps before the end, on fresh sequences throughout."""
    generator = torch.Generator().manual_seed(seed)

    def loss() -> Tensor:
        inputs, answers = delayed_symbol(batch, delay, NUM_SYMBOLS, generator)
        return F.cross_entropy(model(inputs), answers)

    return train(model, loss, optimizer, steps, max_norm)


@torch.no_grad()
def recall_accuracy(model: Recall, delay: int, seed: int, batch: int = 2000) -> float:
    """Measure on fresh sequences how often the first symbol is named; chance is 1 / NUM_SYMBOLS."""
    inputs, answers = delayed_symbol(batch, delay, NUM_SYMBOLS, torch.Generator().manual_seed(10**6 + seed))
    return (model(inputs).argmax(dim=-1) == answers).float().mean().item()
