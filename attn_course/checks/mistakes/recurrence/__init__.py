"""Wrong answers to the exercises of chapter 01 that learners really write."""

from attn_course.checks.mistakes.recurrence import clipping, decoding, jacobians, lengths, seq2seq, steps

mistakes = [
    *steps.mistakes,
    *lengths.mistakes,
    *jacobians.mistakes,
    *clipping.mistakes,
    *seq2seq.mistakes,
    *decoding.mistakes,
]
