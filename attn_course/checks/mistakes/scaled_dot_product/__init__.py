"""Wrong answers of chapter 04, by topic."""

from attn_course.checks.engine import Mistakes
from attn_course.checks.mistakes.scaled_dot_product import attention, backward, projected, scores_and_masks

mistakes = Mistakes(
    mistake for module in (scores_and_masks, attention, projected, backward) for mistake in module.mistakes
)
