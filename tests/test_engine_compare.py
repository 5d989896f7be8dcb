"""How numbers are compared, entry by entry, with infinities and NaN among them."""

import itertools
import math

import numpy as np
import pytest

from attn_course.checks.engine.compare import FLOOR, arrays_alike, numbers_fault
from attn_course.checks.engine.exercise import Output

OUTPUT = Output("weights", ("queries", "keys"))
RELATIVE = 1e-4
SPECIAL = (math.nan, math.inf, -math.inf)


def allowed(expected: np.ndarray) -> float:
    return max([FLOOR, *(RELATIVE * abs(entry) for entry in expected.flat if math.isfinite(entry))])


def near(one: float, other: float, distance: float) -> bool:
    if math.isfinite(one) and math.isfinite(other):
        return abs(one - other) <= distance
    return one == other


def pairs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of (3, 5) that differ by little, by much or in a special entry."""
    draw = np.random.default_rng(seed)
    expected = draw.normal(size=(3, 5)) * 10.0 ** draw.integers(-3, 4)
    got = expected + draw.normal(size=(3, 5)) * np.abs(expected).max() * 10.0 ** draw.integers(-7, -2)
    for array in (got, expected, *([got, expected] if draw.random() < 0.3 else [])):
        if draw.random() < 0.4:
            array.flat[draw.integers(15)] = draw.choice(SPECIAL)
    if draw.random() < 0.3:
        place, entry = draw.integers(15), draw.choice(SPECIAL)
        got.flat[place] = expected.flat[place] = entry
    return got, expected


def test_arrays_are_alike_where_every_entry_is():
    verdicts = []
    for seed in range(600):
        one, other = pairs(seed)
        distance = allowed(other)
        entries = zip(one.flat, other.flat, strict=True)
        verdict = all(near(a, b, distance) or (math.isnan(a) and math.isnan(b)) for a, b in entries)
        assert arrays_alike(one, other, RELATIVE) == verdict, seed
        verdicts.append(verdict)
    assert 100 < sum(verdicts) < 500, "both verdicts are seen"


def test_a_number_is_wrong_where_it_is_off_not_a_number_or_infinite():
    kinds = []
    for seed in range(600):
        got, expected = pairs(seed)
        expected[np.isnan(expected)] = 0.0  # a reference returns none
        distance = allowed(expected)
        entries = list(zip(got.flat, expected.flat, strict=True))
        kind = "value" if not all(near(a, b, distance) for a, b in entries) else None
        if any(math.isnan(a) or (math.isinf(a) and not math.isinf(b)) for a, b in entries):
            kind = "nan"
        fault = numbers_fault(OUTPUT, got, expected, RELATIVE)
        assert (fault and fault.kind) == kind, seed
        kinds.append(kind)
    assert min(kinds.count(kind) for kind in ("value", "nan", None)) > 60, "all three are seen"


@pytest.mark.parametrize(("got", "expected"), list(itertools.product((np.bool_, np.int64, np.float64), repeat=2)))
def test_whole_numbers_and_booleans_are_numbers(got, expected):
    ones = np.ones((2, 3))
    assert numbers_fault(OUTPUT, ones.astype(got), ones.astype(expected), RELATIVE) is None
    assert arrays_alike(ones.astype(got), ones.astype(expected), RELATIVE)
    assert numbers_fault(OUTPUT, ones.astype(got), 0 * ones.astype(expected), RELATIVE).kind == "value"
    assert not arrays_alike(ones.astype(got), 0 * ones.astype(expected), RELATIVE)


def test_one_infinite_entry_does_not_excuse_the_others():
    expected = np.array([[-math.inf, 1.0, 2.0]])
    assert numbers_fault(OUTPUT, expected + np.array([[0.0, 0.0, 0.5]]), expected, RELATIVE).kind == "value"
    assert numbers_fault(OUTPUT, expected.copy(), expected, RELATIVE) is None
