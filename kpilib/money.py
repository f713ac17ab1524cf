"""Exact money: minor units, and conversion at dated rates.

An amount is an integer of a currency's minor unit (cents for USD, whole won for KRW). Converted rows are
rounded one by one, half to even; sums are sums of integers and therefore exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from kpilib.errors import ContractError

__all__ = ["Rates", "minor_digits", "to_major", "to_minor"]

# ISO 4217, list one: all other currencies have two digits. (Babel's table is CLDR's, which follows custom.)
_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def minor_digits(currency: str) -> int:
    """Return the number of digits of a currency's minor unit.

    >>> minor_digits("USD"), minor_digits("KRW"), minor_digits("KWD")
    (2, 0, 3)
    """
    return _DIGITS.get(currency.upper(), 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units, rounded half to even.

    >>> to_minor(Decimal("1200.505"), "USD"), to_minor(Decimal("0.5"), "KRW")
    (120050, 0)
    """
    with localcontext(_EXACT):
        return int(amount.scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_EVEN))


def to_major(minor: int, currency: str) -> Decimal:
    """Return minor units as a decimal amount in major units.

    >>> to_major(120050, "USD")
    Decimal('1200.50')
    """
    with localcontext(_EXACT):
        return Decimal(int(minor)).scaleb(-minor_digits(currency))


@dataclass(frozen=True)
class Rates:
    """Dated rates into one reporting currency: units of it for one unit of another currency."""

    currency: str
    rows: tuple[tuple[str, date, Decimal], ...] = ()
    _dated: dict[str, tuple[list[date], list[Decimal]]] = field(init=False, repr=False, compare=False)

    def __init__(self, currency: str, rows: Iterable[tuple[str, date, Decimal]] = ()) -> None:
        object.__setattr__(self, "currency", currency)
        object.__setattr__(self, "rows", tuple(sorted(rows)))
        dated: dict[str, tuple[list[date], list[Decimal]]] = {}
        for code, day, rate in self.rows:
            days, rates = dated.setdefault(code, ([], []))
            days.append(day)
            rates.append(rate)
        object.__setattr__(self, "_dated", dated)

    def on(self, currency: str | None, day: date) -> Decimal | None:
        """Return the latest rate with ``valid_from`` ≤ day, or None; 1 for the reporting currency or blank."""
        if not currency or currency == self.currency:
            return Decimal(1)
        days, rates = self._dated.get(currency, ([], []))
        place = bisect_right(days, day)
        return rates[place - 1] if place else None

    def convert(self, amount: Decimal, currency: str | None, day: date) -> int:
        """Return an amount in minor units of the reporting currency, at the rate of a day.

        Raises
        ------
        ContractError
            when the currency has no rate on that day: such rows are rejected when they are read.

        >>> Rates("USD", [("EUR", date(2026, 1, 1), Decimal("1.105"))]).convert(
        ...     Decimal("10.10"), "EUR", date(2026, 3, 1))
        1116
        """
        rate = self.on(currency, day)
        if rate is None:
            raise ContractError(
                f"No rate of {currency} into {self.currency} is valid on {day}. "
                f"Add a row with valid_from ≤ {day} to the table fx.",
                currency=currency,
                day=day,
            )
        with localcontext(_EXACT):
            return to_minor(amount * rate, self.currency)
