"""Value → text, in one language and currency: money, counts, rates, dates, quarters.

The one place where a fraction becomes a percentage and None becomes an en dash. Babel makes the digits; the
language's catalogue names units and patterns. A number and its unit never part at a line's end (no-break
space), and a minus is a minus (U+2212).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from kpilib.language import Words
from kpilib.money import minor_digits
from kpilib.quarter import Quarter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["UNDEFINED", "Formats", "Scale"]

UNDEFINED = "–"
WHOLE_FROM = 0.2
NBSP = "\u00a0"
MINUS = "\u2212"

Number = Decimal | float | int


@dataclass(frozen=True)
class Scale:
    """One power of ten for several amounts, so that they can be compared at sight."""

    power: int
    unit: str
    formats: Formats

    def number(self, value: Number | None, *, signed: bool = False) -> str:
        """Return an amount in this scale, without its unit: whole from 100 on, else with one digit."""
        if value is None:
            return UNDEFINED
        scaled = _decimal(value).scaleb(-self.power)
        digits = 0 if self.power == 0 or abs(scaled) >= 100 else 1
        return self.formats.number(scaled, digits, signed=signed, trim=True)


@dataclass(frozen=True)
class Formats:
    """How values of one pack are written; spaces are no-break spaces.

    >>> print(Formats("en", "USD").money(Decimal("31412.5")), Formats("en", "USD").rate(0.1123), sep="; ")
    31.4 k USD; 11.2 %
    """

    language: str
    currency: str
    more: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Texts of KPIs of one's own, beside those of the catalogue."""

    @cached_property
    def words(self) -> Words:
        """The texts of the language."""
        return Words(self.language, self.more)

    def money(self, value: Number | None, *, compact: bool = True, signed: bool = False) -> str:
        """Return an amount with its currency: compact with three significant digits, else exact."""
        if value is None:
            return UNDEFINED
        if not compact:
            number = self.number(value, minor_digits(self.currency), signed=signed)
            return f"{number}{NBSP}{self.currency_name}"
        number, scale = self._compact(_decimal(value), signed=signed)
        return f"{number}{scale}{NBSP}{self.currency_name}"

    def money_parts(self, value: Number | None, *, signed: bool = False) -> tuple[str, str]:
        """Return a compact amount as number and unit, to be set in two sizes."""
        if value is None:
            return UNDEFINED, ""
        number, scale = self._compact(_decimal(value), signed=signed)
        return number, f"{scale}{NBSP}{self.currency_name}".strip()

    def amount(self, value: Number | None, *, signed: bool = False) -> str:
        """Return an amount in whole units without its currency, for a column that names it."""
        return self.number(value, 0, signed=signed)

    def scale(self, values: Iterable[Number | None]) -> Scale:
        """Return the scale in which the largest of several amounts has two digits or more before the point."""
        largest = max((abs(_decimal(value)) for value in values if value is not None), default=Decimal(0))
        power, text = self._scale_of(largest / 10)
        return Scale(power, f"{text}{NBSP}{self.currency_name}".strip(), self)

    def count(self, value: int | None, *, signed: bool = False) -> str:
        """Return a whole number."""
        return self.number(value, 0, signed=signed)

    def number(self, value: Number | None, digits: int = 1, *, signed: bool = False, trim: bool = False) -> str:
        """Return a number with so many digits after the point; ``trim`` drops zeros at the end."""
        if value is None:
            return UNDEFINED
        rounded = _decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
        pattern = "#,##0" + (("." + ("#" if trim else "0") * digits) if digits else "")
        text = format_decimal(abs(rounded), format=pattern, locale=self.words.locale)
        if rounded < 0:
            return MINUS + text
        return f"+{text}" if signed and rounded > 0 else text

    def rate(self, value: float | None, digits: int = 1, *, signed: bool = False) -> str:
        """Return a fraction as a percentage."""
        if value is None:
            return UNDEFINED
        return self.words("formats.percent", number=self.number(_decimal(value) * 100, digits, signed=signed))

    def known_rate(self, value: float | None) -> str:
        """Return a fraction as a percentage with the decimals that a quarter's sample carries: none from 20 % on."""
        return self.rate(value, _known_digits(value))

    def known_rate_parts(self, value: float | None) -> tuple[str, str]:
        """Return the same as the number of a percentage and the sign, to be set in two sizes."""
        return self.rate_parts(value, _known_digits(value))

    def rate_parts(self, value: float | None, digits: int = 1) -> tuple[str, str]:
        """Return a fraction as the number of a percentage and the sign, to be set in two sizes."""
        return (UNDEFINED, "") if value is None else (self.number(_decimal(value) * 100, digits), "%")

    def points(self, value: float | None, digits: int = 1, *, signed: bool = True) -> str:
        """Return a difference of two fractions in percentage points."""
        if value is None:
            return UNDEFINED
        return self.words("formats.points", number=self.number(_decimal(value) * 100, digits, signed=signed))

    def days(self, value: float | None, digits: int = 0) -> str:
        """Return a number of days."""
        if value is None:
            return UNDEFINED
        rounded = round(float(value), digits) if digits else round(float(value))
        return self.words("formats.days", count=rounded, number=self.number(value, digits))

    def date(self, day: dt.date | None) -> str:
        """Return a date in full: 30 September 2026."""
        return self._day(day, "long")

    def short_date(self, day: dt.date | None) -> str:
        """Return day and month: 30 Sept."""
        return UNDEFINED if _missing(day) else _joined(format_skeleton("MMMd", _date(day), locale=self.words.locale))

    def month(self, day: dt.date | None) -> str:
        """Return a month with its year: Sept 2026."""
        return UNDEFINED if _missing(day) else _joined(format_skeleton("yMMM", _date(day), locale=self.words.locale))

    def month_name(self, day: dt.date | None) -> str:
        """Return a month without its year: September."""
        return UNDEFINED if _missing(day) else str(format_date(_date(day), "LLLL", locale=self.words.locale))

    def quarter(self, quarter: Quarter | str | None) -> str:
        """Return a quarter's name: 2026 Q3."""
        if quarter is None:
            return UNDEFINED
        named = Quarter.parse(quarter) if isinstance(quarter, str) else quarter
        return self.words("formats.quarter", year=named.year, number=named.number)

    def join(self, texts: Iterable[str]) -> str:
        """Return a list in words: a, b and c."""
        items = list(texts)
        if len(items) < 2:
            return "".join(items)
        return self.words("formats.and", first=self.words("formats.comma").join(items[:-1]), last=items[-1])

    @property
    def currency_name(self) -> str:
        """The currency as texts write it."""
        names: dict[str, str] = self.words.catalogue["formats"]["currency"]
        return names.get(self.currency, self.currency)

    def _day(self, day: Any, style: str) -> str:
        return UNDEFINED if _missing(day) else _joined(format_date(_date(day), style, locale=self.words.locale))

    def _compact(self, value: Decimal, *, signed: bool) -> tuple[str, str]:
        power, text = self._scale_of(value)
        if power == 0:
            digits = 0 if abs(value) >= 100 or value == int(value) else minor_digits(self.currency)
            return self.number(value, digits, signed=signed), ""
        scaled = value.scaleb(-power)
        digits = 2 - scaled.copy_abs().adjusted() if abs(scaled) < 100 else 0
        return self.number(scaled, max(digits, 0), signed=signed, trim=True), text

    def _scale_of(self, value: Decimal) -> tuple[int, str]:
        # Rounded first: 999,960 is 1 million, not 1000 thousand.
        size = abs(value) if value == 0 else abs(_significant(value, 3))
        chosen = (0, "")
        for scale in self.words.catalogue["formats"]["scales"]:
            if size >= Decimal(1).scaleb(scale["power"]):
                chosen = (scale["power"], scale["text"])
        return chosen


def _decimal(value: Number) -> Decimal:
    if isinstance(value, Decimal):
        return value
    return Decimal(repr(float(value))) if isinstance(value, float) else Decimal(int(value))


def _significant(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), ROUND_HALF_EVEN)


def _missing(day: Any) -> bool:
    return day is None or day != day  # noqa: PLR0124 - pandas' NaT is not itself


def _date(day: Any) -> dt.date:
    return day.date() if isinstance(day, dt.datetime) else day


def _joined(text: str) -> str:
    return text.replace(" ", NBSP)


def _known_digits(value: float | None) -> int:
    return 0 if value is None or value == 0 or abs(value) >= WHOLE_FROM else 1
