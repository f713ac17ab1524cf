"""Fiscal quarters: their names, their days, and the quarters around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from kpilib.errors import QuarterError

__all__ = ["Quarter", "add_months"]

_NAME = re.compile(r"(?:FY)?(\d{4})-?Q([1-4])", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Quarter:
    """Three months of a fiscal year.

    With ``first_month`` 1 the fiscal year is the calendar year; with a later month it is named after the
    calendar year in which it ends.

    >>> Quarter.parse("FY2026Q1", first_month=4).start
    datetime.date(2025, 4, 1)
    """

    year: int
    number: int
    first_month: int = 1

    @classmethod
    def parse(cls, text: str, first_month: int = 1) -> Quarter:
        """Return the quarter that a text such as ``2026Q3``, ``2026-Q3`` or ``FY2026Q3`` names.

        Raises
        ------
        QuarterError
            when the text names no quarter.
        """
        match = _NAME.fullmatch(text.strip())
        if match is None or int(match[1]) < 2:
            raise QuarterError(f"{text!r} is not a quarter. Write it like 2026Q3 or FY2026Q3.", text=text)
        return cls(int(match[1]), int(match[2]), first_month)

    @classmethod
    def containing(cls, day: date, first_month: int = 1) -> Quarter:
        """Return the quarter in which a day lies.

        >>> str(Quarter.containing(date(2026, 8, 1)))
        '2026Q3'
        """
        months = day.month - first_month
        number = months % 12 // 3 + 1
        year = day.year + (first_month > 1 and months >= 0)
        return cls(year, number, first_month)

    @classmethod
    def latest_completed(cls, day: date, first_month: int = 1) -> Quarter:
        """Return the latest quarter that ends on or before a day."""
        quarter = cls.containing(day, first_month)
        return quarter if quarter.end == day else quarter.shift(-1)

    @property
    def start(self) -> date:
        """The quarter's first day."""
        year = self.year - (self.first_month > 1)
        return add_months(date(year, self.first_month, 1), 3 * (self.number - 1))

    @property
    def end(self) -> date:
        """The quarter's last day."""
        return add_months(self.start, 3) - timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days the quarter has."""
        return (self.end - self.start).days + 1

    def shift(self, quarters: int) -> Quarter:
        """Return the quarter that lies so many quarters later (earlier if negative).

        >>> str(Quarter(2026, 1).shift(-1))
        '2025Q4'
        """
        index = self.year * 4 + self.number - 1 + quarters
        return Quarter(index // 4, index % 4 + 1, self.first_month)

    def read_as_of(self, as_of: date) -> date:
        """Return D, the last day of the quarter that counts when it is read on ``as_of``.

        Raises
        ------
        QuarterError
            when ``as_of`` lies before the quarter's start.
        """
        if as_of < self.start:
            raise QuarterError(
                f"The as-of date {as_of} lies before {self}, which starts on {self.start}. "
                f"Choose a date from {self.start} on, or an earlier quarter.",
                quarter=str(self),
                as_of=as_of,
            )
        return min(as_of, self.end)

    def day_like(self, other: Quarter, day: date) -> date:
        """Return the day as many days after this quarter's start as ``day`` after the other's start.

        At most this quarter's end; a day that is the other's end gives this quarter's end.
        """
        if day >= other.end:
            return self.end
        return min(self.start + (day - other.start), self.end)

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}"


def add_months(day: date, months: int) -> date:
    """Return the first day of the month that lies so many months after the day's month."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
