"""Cheaper scores, narrower looks: the references of chapter 03, each from a module of its own.

| here                                       | module                   | source                                     |
|--------------------------------------------|--------------------------|--------------------------------------------|
| `dot_scores`, `general_scores`             | `luong_scores`           | Luong et al. 2015, section 3.1             |
| `concat_scores`, `location_scores`         | `luong_scores`           | the same                                   |
| `window_mask`, `local_weights`             | `local_attention`        | Luong et al. 2015, section 3.2             |
| `monotonic_centres`, `predicted_centres`   | `local_attention`        | the same                                   |
| `LuongDecoder`, `attentional_vector`       | `luong_decoder`          | Luong et al. 2015, sections 3, 3.1 and 3.3 |
| `hard_attention`, `reinforce_loss`         | `hard_attention`         | Xu et al. 2015, section 4.1; Williams 1992 |
| `hierarchical_attention`                   | `hierarchical_attention` | Yang et al. 2016, section 2.2              |

For the chapter's comparisons, scores and windows are also modules (`luong_attention`), which go into decoders that
differ in when they look (`decoder_orders`).
"""

from attn_course.hard_attention import hard_attention, reinforce_loss
from attn_course.hierarchical_attention import hierarchical_attention
from attn_course.local_attention import local_weights, monotonic_centres, predicted_centres, window_mask
from attn_course.luong_decoder import LuongDecoder, attentional_vector
from attn_course.luong_scores import concat_scores, dot_scores, general_scores, location_scores

__all__ = [
    "LuongDecoder",
    "attentional_vector",
    "concat_scores",
    "dot_scores",
    "general_scores",
    "hard_attention",
    "hierarchical_attention",
    "local_weights",
    "location_scores",
    "monotonic_centres",
    "predicted_centres",
    "reinforce_loss",
    "window_mask",
]
