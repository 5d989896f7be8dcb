"""Wrong answers to the exercises of chapter 03 that learners really write."""

from attn_course.checks.mistakes.multiplicative import decoder, hard, hierarchical, local, scores

mistakes = [
    *scores.mistakes,
    *local.mistakes,
    *decoder.mistakes,
    *hard.mistakes,
    *hierarchical.mistakes,
]
