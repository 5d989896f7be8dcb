"""Wrong answers to the exercises of chapter 02 that learners really write."""

from attn_course.checks.mistakes.additive import alignment, attending, attention, decoder, scores, softmax

mistakes = [
    *softmax.mistakes,
    *scores.mistakes,
    *attending.mistakes,
    *attention.mistakes,
    *decoder.mistakes,
    *alignment.mistakes,
]
