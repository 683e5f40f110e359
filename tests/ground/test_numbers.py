"""Numbers as text."""

from __future__ import annotations

import pytest

from logire.ground.numbers import fixed, signed


@pytest.mark.parametrize(
    ("value", "digits", "plain", "with_sign"),
    [
        (1.204, 2, "1.20", "+1.20"),
        (-1.206, 2, "-1.21", "-1.21"),
        (-0.004, 2, "0.00", "+0.00"),
        (-0.0, 2, "0.00", "+0.00"),
        (0.004, 2, "0.00", "+0.00"),
        (-0.006, 2, "-0.01", "-0.01"),
        (-0.04, 1, "0.0", "+0.0"),
        (-1e-9, 0, "0", "+0"),
    ],
)
def test_what_rounds_to_zero_is_not_below_it(value: float, digits: int, plain: str, with_sign: str) -> None:
    assert (fixed(value, digits), signed(value, digits)) == (plain, with_sign)
