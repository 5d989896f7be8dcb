"""Wrong answers to `Seq2Seq`."""

import torch
from torch import nn

from attn_course.checks.engine import Mistakes

mistakes = Mistakes()
SEQ2SEQ, LENGTHS = "recurrence-seq2seq", "recurrence-lengths"


class Right(nn.Module):
    """The constructor, and the right parts from which the wrong answers are made."""

    def __init__(self, vocab_source, vocab_target, d_embed, d_hidden):
        super().__init__()
        self.embed_source = nn.Embedding(vocab_source, d_embed)
        self.embed_target = nn.Embedding(vocab_target, d_embed)
        self.encoder = nn.GRU(d_embed, d_hidden, batch_first=True)
        self.decoder = nn.GRU(d_embed, d_hidden, batch_first=True)
        self.output = nn.Linear(d_hidden, vocab_target)

    def states(self, source):
        return self.encoder(self.embed_source(source))[0]  # (batch, source, d_hidden)

    def at(self, states, step):
        return states[torch.arange(len(states), device=states.device), step]

    def summary(self, source, source_lengths):
        return self.at(self.states(source), source_lengths - 1)

    def decode(self, embedded, summary):
        return self.output(self.decoder(embedded, summary[None].contiguous())[0])

    def forward(self, source, source_lengths, target_in):
        return self.decode(self.embed_target(target_in), self.summary(source, source_lengths))


@mistakes.add(
    "Seq2Seq",
    "reads-padding",
    "Your summary is the encoder's state after the last column: for a shorter source it has read padding. Take the "
    "state at source_lengths − 1.",
    LENGTHS,
)
class ReadsPadding(Right):
    def summary(self, source, source_lengths):
        return self.states(source)[:, -1]


@mistakes.add(
    "Seq2Seq",
    "zeroed-padding",
    "You set the padding's embeddings to 0 and read on. The state changes all the same, by the biases and its own "
    "weights: take the state at source_lengths − 1.",
    LENGTHS,
)
class ZeroedPadding(Right):
    def summary(self, source, source_lengths):
        running = torch.arange(source.shape[1], device=source.device) < source_lengths[:, None]
        return self.encoder(self.embed_source(source) * running[..., None])[0][:, -1]


@mistakes.add(
    "Seq2Seq",
    "one-token-early",
    "Your summary misses the last token of each source: a source of n tokens ends at index n − 1.",
    LENGTHS,
)
class OneTokenEarly(Right):
    def summary(self, source, source_lengths):
        return self.at(self.states(source), (source_lengths - 2).clamp(min=0))


@mistakes.add(
    "Seq2Seq",
    "one-token-late",
    "Your summary is taken at index source_lengths, one token late: a source of n tokens ends at index n − 1.",
    LENGTHS,
)
class OneTokenLate(Right):
    def summary(self, source, source_lengths):
        return self.at(self.states(source), source_lengths.clamp(max=source.shape[1] - 1))


@mistakes.add(
    "Seq2Seq",
    "end-of-the-longest",
    "You take every summary where the longest source ends. Each source has its own last token.",
    LENGTHS,
)
class EndOfTheLongest(Right):
    def summary(self, source, source_lengths):
        return self.states(source)[:, source_lengths.max() - 1]


@mistakes.add(
    "Seq2Seq",
    "mean-of-states",
    "Your summary is the mean of the encoder's states. Here it is the state after the last token.",
    SEQ2SEQ,
)
class MeanOfStates(Right):
    def summary(self, source, source_lengths):
        running = torch.arange(source.shape[1], device=source.device) < source_lengths[:, None]
        states = self.states(source) * running[..., None]
        return states.sum(dim=1) / source_lengths[:, None].to(states)


@mistakes.add(
    "Seq2Seq",
    "left-sorted",
    "You sort the sources by length and do not undo it: the summaries reach the wrong targets. "
    "pack_padded_sequence(…, enforce_sorted=False) puts them back by itself.",
    LENGTHS,
)
class LeftSorted(Right):
    def summary(self, source, source_lengths):
        order = source_lengths.argsort(descending=True)
        return super().summary(source[order], source_lengths[order])


@mistakes.add(
    "Seq2Seq",
    "starts-from-zeros",
    "Your decoder starts from zeros, so the source does not matter. Its first state is the summary: "
    "self.decoder(embedded, summary.unsqueeze(0)).",
    SEQ2SEQ,
)
class StartsFromZeros(Right):
    def decode(self, embedded, summary):
        return self.output(self.decoder(embedded)[0])


@mistakes.add(
    "Seq2Seq",
    "shifted-twice",
    "You put a start token before target_in and drop its last one. target_in begins with the start token already.",
    SEQ2SEQ,
)
class ShiftedTwice(Right):
    def forward(self, source, source_lengths, target_in):
        shifted = torch.cat((torch.zeros_like(target_in[:, :1]), target_in[:, :-1]), dim=1)
        return super().forward(source, source_lengths, shifted)


@mistakes.add(
    "Seq2Seq",
    "reads-ahead",
    "Your decoder reads target_in one token ahead: at position t it reads the token that it is to predict.",
    SEQ2SEQ,
)
class ReadsAhead(Right):
    def forward(self, source, source_lengths, target_in):
        return super().forward(source, source_lengths, target_in.roll(-1, dims=1))


@mistakes.add(
    "Seq2Seq",
    "own-predictions",
    "Your decoder reads its own predictions after the first token. With teacher forcing it reads target_in at every step.",
    SEQ2SEQ,
)
class OwnPredictions(Right):
    def forward(self, source, source_lengths, target_in):
        state, token, logits = self.summary(source, source_lengths), target_in[:, :1], []
        for _ in range(target_in.shape[1]):
            states, state = self.decoder(self.embed_target(token), state.reshape(1, len(source), -1))
            logits.append(self.output(states))
            token = logits[-1].argmax(dim=-1)
        return torch.cat(logits, dim=1)


@mistakes.add(
    "Seq2Seq",
    "first-token-only",
    "Your decoder reads the start token again and again. It reads target_in, one token for each step.",
    SEQ2SEQ,
)
class FirstTokenOnly(Right):
    def forward(self, source, source_lengths, target_in):
        return super().forward(source, source_lengths, target_in[:, :1].expand_as(target_in))


@mistakes.add(
    "Seq2Seq",
    "forgets-at-every-step",
    "Your decoder starts from the summary at every step. Only its first state is the summary; each further step goes on "
    "from the state before.",
    SEQ2SEQ,
)
class ForgetsAtEveryStep(Right):
    def decode(self, embedded, summary):
        steps = [super(ForgetsAtEveryStep, self).decode(one, summary) for one in embedded.split(1, dim=1)]
        return torch.cat(steps, dim=1)


@mistakes.add("Seq2Seq", "softmax", "You return probabilities. Logits are asked: leave out the softmax.", SEQ2SEQ)
class Softmax(Right):
    def forward(self, source, source_lengths, target_in):
        return super().forward(source, source_lengths, target_in).softmax(dim=-1)


@mistakes.add(
    "Seq2Seq", "log-softmax", "You return log-probabilities. Logits are asked: leave out the log_softmax.", SEQ2SEQ
)
class LogSoftmax(Right):
    def forward(self, source, source_lengths, target_in):
        return super().forward(source, source_lengths, target_in).log_softmax(dim=-1)


@mistakes.add(
    "Seq2Seq",
    "exchanged-embeddings",
    "You read the source with embed_target and the target with embed_source.",
    SEQ2SEQ,
)
class ExchangedEmbeddings(Right):
    def states(self, source):
        return self.encoder(self.embed_target(source))[0]

    def forward(self, source, source_lengths, target_in):
        return self.decode(self.embed_source(target_in), self.summary(source, source_lengths))


@mistakes.add(
    "Seq2Seq", "one-embedding", "You read the target with embed_source. It has its own: embed_target.", SEQ2SEQ
)
class OneEmbedding(Right):
    def forward(self, source, source_lengths, target_in):
        return self.decode(self.embed_source(target_in), self.summary(source, source_lengths))


@mistakes.add(
    "Seq2Seq",
    "encoder-decodes",
    "You read the target with the encoder's weights. The decoder has its own: self.decoder.",
    SEQ2SEQ,
)
class EncoderDecodes(Right):
    def decode(self, embedded, summary):
        return self.output(self.encoder(embedded, summary[None].contiguous())[0])


@mistakes.add(
    "Seq2Seq",
    "last-position-only",
    "You return the logits of the last position alone. Asked are those of every target position.",
    SEQ2SEQ,
)
class LastPositionOnly(Right):
    def decode(self, embedded, summary):
        return super().decode(embedded, summary)[:, -1]


@mistakes.add(
    "Seq2Seq", "transposed-logits", "Your logits are (batch, vocab, target). Asked is (batch, target, vocab).", SEQ2SEQ
)
class TransposedLogits(Right):
    def decode(self, embedded, summary):
        return super().decode(embedded, summary).mT


@mistakes.add(
    "Seq2Seq",
    "reversed-source",
    "You read the source backwards, and with it its padding first. Read it as it stands.",
    SEQ2SEQ,
)
class ReversedSource(Right):
    def summary(self, source, source_lengths):
        return self.states(source.flip(1))[:, -1]


@mistakes.add(
    "Seq2Seq",
    "states-without-output",
    "You turn the embedded tokens into logits without the summary or the decoder between.",
    SEQ2SEQ,
)
class SummaryOnly(Right):
    def decode(self, embedded, summary):
        return self.output(summary)[:, None].expand(-1, embedded.shape[1], -1)
