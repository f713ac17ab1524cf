"""Rounding of figures that stand for several partners."""

from __future__ import annotations

from math import floor, isfinite, log10

__all__ = ["to_two_digits"]


def to_two_digits(value: float) -> float:
    """Return a value rounded to two significant digits.

    >>> to_two_digits(0.12345), to_two_digits(26_432.0), to_two_digits(0.0)
    (0.12, 26000.0, 0.0)
    """
    if value == 0 or not isfinite(value):
        return value
    return round(value, 1 - floor(log10(abs(value))))
