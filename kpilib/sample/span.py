"""The days and months that a sample covers, and the days' texts.

Days are numbers here (``date.toordinal``), so that whole columns of them can be computed at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kpilib.quarter import Quarter, add_months

__all__ = ["Days", "Span"]

Days = NDArray[np.int64]

# Leads of the last weeks become opportunities only later: that much more is simulated, then cut off.
_MONTHS_AHEAD = 2


@dataclass(frozen=True)
class Span:
    """Whole months up to the one of ``until``; nothing but plans and expectations lies after ``until``."""

    start: date
    until: date

    @classmethod
    def before(cls, until: date, years: int) -> Span:
        """Return the span of so many years whose last month is the month of ``until``.

        >>> Span.before(date(2026, 9, 30), 3).start
        datetime.date(2023, 10, 1)
        """
        return cls(add_months(until, 1 - 12 * years), until)

    @property
    def first(self) -> int:
        """The number of the first day."""
        return self.start.toordinal()

    @property
    def last(self) -> int:
        """The number of the last day, ``until``."""
        return self.until.toordinal()

    @cached_property
    def quarter(self) -> Quarter:
        """The latest quarter that ``until`` completes: the one that the personas' stories end in."""
        return Quarter.latest_completed(self.until)

    @cached_property
    def quarters(self) -> tuple[Quarter, ...]:
        """All quarters that begin or go on in the span, first to last."""
        found = [Quarter.containing(self.start)]
        while found[-1].end < self.until:
            found.append(found[-1].shift(1))
        return tuple(found)

    @cached_property
    def months(self) -> tuple[date, ...]:
        """The first days of the span's months."""
        count = (self.until.year - self.start.year) * 12 + self.until.month - self.start.month + 1
        return tuple(add_months(self.start, n) for n in range(count))

    @cached_property
    def simulated(self) -> tuple[date, ...]:
        """The span's months and the few after them that only leads can already see coming."""
        return self.months + tuple(add_months(self.until, n + 1) for n in range(_MONTHS_AHEAD))

    def years_back(self, days: NDArray[np.int64] | list[int]) -> NDArray[np.float64]:
        """Return how many years each day lies before ``until``."""
        return (self.last - np.asarray(days)) / 365.25

    @cached_property
    def day_texts(self) -> tuple[str, ...]:
        """ISO dates from the first day to two years after the last one, in order."""
        return tuple(date.fromordinal(day).isoformat() for day in range(self.first, self.last + 731))
