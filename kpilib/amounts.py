"""Exact money for whole columns: amounts of many rows in minor units, each rounded half to even.

The same figures as `kpilib.money.Rates.convert`, for millions of rows at once. Amounts come in two integers, the
whole units and 10⁻¹⁸ of a unit, as the store holds no more digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpilib.money import Rates, minor_digits

__all__ = ["Amounts", "DatedAmounts", "convert_all"]

Ints = NDArray[np.int64]

_DIGITS = 18
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Amounts:
    """Amounts as whole units and units of 10⁻¹⁸; a blank one is 0."""

    whole: Ints
    parts: Ints

    @classmethod
    def from_texts(cls, texts: Iterable[str | None]) -> Amounts:
        """Return the amounts that texts name, with at most 18 digits after the point; blank is 0."""
        whole, parts = [], []
        for text in texts:
            units, _, digits = (text or "0").partition(".")
            if not (units + digits).isdigit():
                # A spelling with an exponent, say.
                units, _, digits = format(Decimal(text or "0"), "f").partition(".")
            whole.append(int(units or "0"))
            parts.append(int(digits.ljust(_DIGITS, "0")))
        return cls(np.array(whole, dtype=np.int64), np.array(parts, dtype=np.int64))

    @classmethod
    def from_arrow(cls, column: Any) -> Amounts:
        """Return the amounts of an Arrow array of ``decimal128(38, 18)``, none of them negative."""
        limbs = np.frombuffer(column.buffers()[1], dtype="<u4").reshape(-1, 4)
        # The highest first, as one divides by hand; what a blank holds is not said, so it is wiped.
        digits = limbs[column.offset : column.offset + len(column), ::-1].astype(np.int64)
        if column.null_count:
            digits[column.is_null().to_numpy(zero_copy_only=False)] = 0
        low = _divide(digits, 10**9)
        high = _divide(digits, 10**9)
        return cls((digits[:, 2] << 32) + digits[:, 3], high * 10**9 + low)

    def decimal(self, row: int) -> Decimal:
        """Return one amount."""
        return Decimal(int(self.whole[row])) + Decimal(int(self.parts[row])).scaleb(-_DIGITS)

    def __len__(self) -> int:
        return len(self.whole)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Amounts:
        """Return the amounts of some rows."""
        return Amounts(self.whole[rows], self.parts[rows])


def _divide(digits: Ints, divisor: int) -> Ints:
    """Divide numbers of four 32-bit digits each in place, and return the remainders."""
    rest = np.zeros(len(digits), dtype=np.int64)
    for place in range(digits.shape[1]):
        digits[:, place], rest = np.divmod((rest << 32) + digits[:, place], divisor)
    return rest


@dataclass(frozen=True)
class DatedAmounts:
    """Amounts of rows as their changes left them, in the order of row, day and time.

    ``rows``: the row that each change is of; ``days``: since 1970; ``known``: whether the change names an amount.
    """

    rows: Ints
    days: Ints
    known: NDArray[np.bool_]
    amounts: Amounts

    def on(self, rows: Ints, days: Ints, *, otherwise: Amounts, open_then: NDArray[np.bool_]) -> Amounts:
        """Return what each row's latest change with an amount, at most as late as its day, made of it.

        Where there is none: ``otherwise``, but 0 for a row open then that has changes by its day: its amount was
        named later.
        """
        at, known = _find_last(self._keys[self.known], _key(rows, days), rows)
        _, touched = _find_last(self._keys, _key(rows, days), rows)
        found = self.amounts.take(np.flatnonzero(self.known)[at[known]])
        whole, parts = otherwise.whole.copy(), otherwise.parts.copy()
        blank = touched & ~known & open_then
        whole[blank] = parts[blank] = 0
        whole[known], parts[known] = found.whole, found.parts
        return Amounts(whole, parts)

    @cached_property
    def _keys(self) -> Ints:
        return _key(self.rows, self.days)


_DAYS = 1 << 23
_EARLIEST = date(1, 1, 1).toordinal() - _EPOCH


def _key(rows: Ints, days: Ints) -> Ints:
    """Return numbers in the order of row and day."""
    return rows.astype(np.int64) * _DAYS + (days - _EARLIEST)


def _find_last(keys: Ints, wanted: Ints, rows: Ints) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the place of the last key of each row up to the one wanted, and whether there is one."""
    at = np.searchsorted(keys, wanted, side="right") - 1
    found = at >= 0
    found[found] = keys[at[found]] // _DAYS == rows[found]
    return at, found


def convert_all(amounts: Amounts, codes: Ints, currencies: Sequence[str | None], days: Ints, rates: Rates) -> Ints:
    """Return amounts in minor units of the reporting currency, each at the rate of its own day.

    Parameters
    ----------
    codes
        each row's place among the ``currencies``, of which a blank one is the reporting currency.
    days
        the rate date of each row, in days since 1970.
    """
    minor = np.zeros(len(days), dtype=np.int64)
    for code, currency in enumerate(currencies):
        rows = np.flatnonzero(codes == code)
        if len(rows) and (not currency or currency == rates.currency):
            minor[rows] = _to_minor(amounts.take(rows), minor_digits(rates.currency))
        elif len(rows):
            minor[rows] = _convert(amounts.take(rows), str(currency), days[rows], rates)
    return minor


def _to_minor(amounts: Amounts, digits: int) -> Ints:
    """Return amounts of the reporting currency in minor units, in integers throughout."""
    unit = 10 ** (_DIGITS - digits)
    steps, rest = amounts.parts // unit, amounts.parts % unit
    up = (rest > unit // 2) | ((rest == unit // 2) & (steps % 2 == 1) & (unit > 1))
    # An even number of minor units per whole unit leaves the parity to the steps; with none it is the whole's.
    if digits == 0:
        up = (rest > unit // 2) | ((rest == unit // 2) & (amounts.whole % 2 == 1))
    minor: Ints = amounts.whole * 10**digits + steps + up
    return minor


def _convert(amounts: Amounts, code: str, days: Ints, rates: Rates) -> Ints:
    """Return amounts of one foreign currency in minor units.

    Floats find the integer; where they cannot tell on which side of a half the product lies, decimals do.
    """
    dated = [(day.toordinal() - _EPOCH, rate) for currency, day, rate in rates.rows if currency == code]
    starts = np.array([day for day, _ in dated], dtype=np.int64)
    values = np.array([float(rate) for _, rate in dated] or [0.0])
    places = np.searchsorted(starts, days, side="right") - 1
    worth = (amounts.whole + amounts.parts * 10.0**-_DIGITS) * values[places] * 10.0 ** minor_digits(rates.currency)
    found: Ints = np.rint(worth).astype(np.int64)
    slack = 1e-9 + np.abs(worth) * 4e-16
    unsure = (np.abs(worth - np.floor(worth) - 0.5) <= slack) | (places < 0)
    for row in np.flatnonzero(unsure).tolist():
        found[row] = rates.convert(amounts.decimal(row), code, date.fromordinal(int(days[row]) + _EPOCH))
    return found
