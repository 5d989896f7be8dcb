"""The exercises of chapter 01, "The bottleneck": what is asked and what is graded. The inputs are in `cases`."""

from __future__ import annotations

from attn_course.checks.cases import recurrence_gradients, recurrence_seq2seq, recurrence_steps
from attn_course.checks.engine import Aspect, Chapter, Exercise, Output
from attn_course.checks.engine.manners import manner

SECTIONS = {
    "recurrence-question": "The question",
    "recurrence-by-hand": "A recurrent step by hand",
    "recurrence-step": "The recurrent step",
    "recurrence-lengths": "Sequences of different lengths",
    "recurrence-gradients": "What a gradient passes through",
    "recurrence-clipping": "Clipping the gradient",
    "recurrence-lstm": "The LSTM",
    "recurrence-gru": "The GRU",
    "recurrence-seq2seq": "Encoder and decoder",
    "recurrence-greedy": "Decoding one token at a time",
    "recurrence-code": "The code",
    "recurrence-experiment": "The experiment",
    "recurrence-said": "What is often said",
    "recurrence-exercises": "Exercises",
    "recurrence-sources": "Sources and further reading",
}

rnn_step = Exercise(
    id="rnn_step",
    points=2,
    signature="rnn_step(x, hidden, W_x, W_h, bias)",
    returns=(Output("state", ("features",)),),
    cases=recurrence_steps.rnn_step,
    aspects=(
        Aspect(
            "sum",
            "input and old state are mixed by their weights, then tanh",
            0.75,
            "the weights stand to the right: x @ W_x",
            "recurrence-step",
        ),
        Aspect("bias", "the bias is added before the tanh", 0.25, "there is one bias, for the sum", "recurrence-step"),
        Aspect(
            "batch",
            "any leading batch axes, and none; inputs may be views",
            0.25,
            "@ leaves leading axes alone; .T, torch.mm and fixed axis numbers do not",
            "recurrence-step",
        ),
        Aspect(
            "extremes",
            "sums of ±1000 give ±1, not NaN",
            0.15,
            "exp(1000) is infinite; torch.tanh knows what to do",
            "recurrence-step",
        ),
        manner("gradients", 0.2),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
    reference="attn_course.recurrence:rnn_step",
)

lstm_step = Exercise(
    id="lstm_step",
    points=3,
    signature="lstm_step(x, hidden, cell, W_x, W_h, bias)",
    returns=(Output("hidden", ("features",)), Output("cell", ("features",))),
    cases=recurrence_steps.lstm_step,
    main=(0, 1),
    aspects=(
        Aspect(
            "cell",
            "the new cell keeps part of the old one and adds part of the candidate",
            1,
            "the columns of the weights are stacked as input, forget, candidate, output",
            "recurrence-lstm",
        ),
        Aspect(
            "hidden",
            "the new hidden state shows part of tanh of the new cell",
            0.5,
            "the output gate comes last; the pair is (hidden, cell)",
            "recurrence-lstm",
        ),
        Aspect("bias", "the bias is added to the gates", 0.25, "before tanh and sigmoid", "recurrence-lstm"),
        Aspect(
            "batch",
            "any leading batch axes, and none; inputs may be views",
            0.25,
            "split the last axis: chunk(4, dim=-1)",
            "recurrence-lstm",
        ),
        Aspect(
            "extremes",
            "gates of ±1000 are open or shut, not NaN",
            0.25,
            "exp(1000) is infinite; torch.sigmoid and torch.tanh know what to do",
            "recurrence-lstm",
        ),
        manner("gradients", 0.25),
        manner("dtype", 0.15),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.15),
    ),
    reference="attn_course.recurrence:lstm_step",
)

run_rnn = Exercise(
    id="run_rnn",
    points=3,
    signature="run_rnn(inputs, lengths, W_x, W_h, bias)",
    returns=(
        Output("states", ("batch", "time", "features"), exact_zero=recurrence_steps.past_the_end),
        Output("final", ("batch", "features")),
    ),
    cases=recurrence_steps.run_rnn,
    main=(0, 1),
    aspects=(
        Aspect(
            "steps",
            "each state follows from the one before, the first from zeros",
            1,
            "go through inputs[:, t] and stack the states along axis 1",
            "recurrence-step",
        ),
        Aspect(
            "zeros",
            "states are 0 after each sequence's length, and all time steps are kept",
            0.5,
            "step t belongs to a sequence where t < lengths",
            "recurrence-lengths",
        ),
        Aspect(
            "final",
            "the final state is that of each sequence's own last step",
            0.75,
            "the last step of a sequence of n steps is number n − 1",
            "recurrence-lengths",
        ),
        Aspect(
            "extremes",
            "sums of ±1000 and padding of a million do no harm",
            0.1,
            "NaN times 0 is NaN: let no exp overflow, or choose with torch.where",
            "recurrence-lengths",
        ),
        manner("gradients", 0.25),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.1),
    ),
    reference="attn_course.recurrence:run_rnn",
)

state_jacobian_norms = Exercise(
    id="state_jacobian_norms",
    points=3,
    signature="state_jacobian_norms(states, W_h)",
    returns=(Output("norms", ("time",)),),
    cases=recurrence_gradients.state_jacobian_norms,
    aspects=(
        Aspect(
            "step",
            "across one step: the slope of the tanh times the weights, and 1 for the last state",
            0.75,
            "the slope of tanh where it gave h is 1 − h²; the spectral norm is the largest singular value",
            "recurrence-gradients",
        ),
        Aspect(
            "product",
            "across several steps: the norm of the product, in the order of time",
            1.25,
            "multiply the matrices first and take the norm of the product; the latest step stands leftmost",
            "recurrence-gradients",
        ),
        Aspect(
            "edges",
            "states of ±1, where the slope is 0, a single state, and singular values close together",
            0.5,
            "do not divide by slopes, invert matrices, take logarithms or iterate a few times only",
            "recurrence-gradients",
        ),
        manner("dtype", 0.15),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.15),
    ),
    reference="attn_course.recurrence:state_jacobian_norms",
)

clip_gradients = Exercise(
    id="clip_gradients",
    points=2,
    signature="clip_gradients(gradients, max_norm)",
    returns=(Output("clipped", kind="tensors"), Output("norm", kind="number")),
    cases=recurrence_gradients.clip_gradients,
    aspects=(
        Aspect(
            "clip",
            "gradients that are too long together are shortened to max_norm, all by one factor",
            0.75,
            "multiply each tensor by max_norm / norm, with the norm of all entries of all tensors",
            "recurrence-clipping",
        ),
        Aspect(
            "small",
            "shorter gradients stay as they are, and zeros stay zeros",
            0.35,
            "the factor is never above 1, and 0 / 0 must not be part of the result",
            "recurrence-clipping",
        ),
        Aspect(
            "norm",
            "the norm before clipping is returned",
            0.35,
            "the square root of the sum of all squares",
            "recurrence-clipping",
        ),
        manner("dtype", 0.1),
        manner("device", 0.1),
        manner("unchanged", 0.25, "recurrence-clipping"),
        manner("state", 0.1),
    ),
    reference="attn_course.recurrence:clip_gradients",
)

seq2seq = Exercise(
    id="Seq2Seq",
    points=4,
    signature="forward(source, source_lengths, target_in)",
    returns=(Output("logits", ("batch", "target", "vocab")),),
    cases=recurrence_seq2seq.Seq2Seq,
    kind="class",
    allowed=frozenset({"gru", "gru_cell"}),
    aspects=(
        Aspect(
            "target",
            "the decoder reads the target tokens and gives logits for each",
            1,
            "embed_target, decoder, output; no softmax and no shift: target_in begins with the start token already",
            "recurrence-seq2seq",
        ),
        Aspect(
            "summary",
            "the decoder starts from what the encoder made of the source",
            1,
            "the first state of nn.GRU is its second argument, of shape (1, batch, d_hidden)",
            "recurrence-seq2seq",
        ),
        Aspect(
            "padding",
            "the summary is the state after each source's own last token",
            1,
            "source_lengths says which state to take",
            "recurrence-lengths",
        ),
        manner("gradients", 0.35, "recurrence-seq2seq"),
        manner("dtype", 0.15),
        manner("device", 0.2),
        manner("unchanged", 0.1),
        manner("state", 0.2),
    ),
    reference="attn_course.recurrence:Seq2Seq",
)

greedy_decode = Exercise(
    id="greedy_decode",
    points=3,
    signature="greedy_decode(step, state, start, end, max_len)",
    returns=(Output("tokens", ("batch", "length"), "int64", compare=recurrence_seq2seq.compare_tokens),),
    cases=recurrence_seq2seq.greedy_decode,
    aspects=(
        Aspect(
            "tokens",
            "each token is the likeliest one after the token before it",
            1,
            "give step the token that you have just written and the state that it returned last",
            "recurrence-greedy",
        ),
        Aspect(
            "end",
            "a sequence includes its end and nothing else after it",
            0.5,
            "what a sequence has after its first end is end",
            "recurrence-greedy",
        ),
        Aspect(
            "own",
            "sequences of one batch end on their own",
            0.75,
            "remember for each sequence whether it has ended, and stop when all have",
            "recurrence-greedy",
        ),
        Aspect(
            "thread",
            "the state is handed on as it is, whatever it is",
            0.25,
            "step knows its state; do not look inside",
            "recurrence-greedy",
        ),
        manner("dtype", 0.15),
        manner("device", 0.1),
        manner("unchanged", 0.1),
        manner("state", 0.15),
    ),
    reference="attn_course.recurrence:greedy_decode",
)

CHAPTER = Chapter(
    number="01",
    slug="recurrence",
    title="The bottleneck",
    exercises=(rnn_step, lstm_step, run_rnn, state_jacobian_norms, clip_gradients, seq2seq, greedy_decode),
    sections=SECTIONS,
)
