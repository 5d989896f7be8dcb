"""Errors that name the argument, the axis and the fix."""

import re

import pytest
import torch

from attn_course.arguments import require_lengths, require_same_device, require_same_kind, require_shapes


def test_sizes_come_back_by_name():
    sizes = require_shapes(x=(torch.zeros(2, 3, 5), "*batch d_in"), W=(torch.zeros(5, 7), "d_in d_out"))
    assert sizes == {"d_in": 5, "d_out": 7}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": (torch.zeros(3), "rows columns")}, "x needs 2 axes, (rows, columns), but has shape (3,)."),
        ({"x": (torch.zeros(()), "*batch rows")}, "x needs 1 or more axes, (*batch, rows), but has shape ()."),
        (
            {"x": (torch.zeros(2, 3), "*batch d"), "y": (torch.zeros(5, 3), "*batch d")},
            "y has the batch axes (5,), but x has (2,): give both the same leading axes",
        ),
        (
            {"x": (torch.zeros(3), "d"), "y": (torch.zeros(11), "4*d")},
            "y has shape (11,), but (4*d,) is asked and d is 3 in x: its axis 4*d must have size 12, not 11.",
        ),
        (
            {"W": (torch.zeros(3, 5), "d d")},
            "W has shape (3, 5), but (d, d) is asked and d is 3 in W: its axis d must have size 3, not 5.",
        ),
    ],
)
def test_shapes_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        require_shapes(**arguments)


def test_kinds_and_devices():
    one, other = torch.zeros(2), torch.zeros(2, dtype=torch.float64)
    with pytest.raises(TypeError, match=re.escape("y is torch.float64, but x is torch.float32: use y.to(x.dtype).")):
        require_same_kind(x=one, y=other)
    with pytest.raises(ValueError, match=re.escape("y is on meta, but x is on cpu: use y.to(x.device).")):
        require_same_device(x=one, y=one.to("meta"))
    require_same_kind(x=one, y=one)


@pytest.mark.parametrize("lengths", [[0, 3], [1, 8]])
def test_impossible_lengths(lengths):
    with pytest.raises(ValueError, match="lengths must lie between 1 and the 7 time steps"):
        require_lengths(torch.tensor(lengths), 7)
    require_lengths(torch.tensor(lengths, device="meta"), 7)  # nothing can be read there
