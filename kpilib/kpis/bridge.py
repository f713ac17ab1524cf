"""The pipeline's bridge: how each month led from what was open before it to what is open after it.

opening + created − won − lost − lost_to_competitor + revaluation = closing, in money, every month and exactly; the
same without revaluation in counts. Columns: ``month``, ``opening``, ``created``, ``won``, ``lost`` (to no named
competitor), ``lost_to_competitor``, ``revaluation``, ``closing`` (money), and ``opening_count``, ``created_count``,
``won_count``, ``lost_count``, ``lost_to_competitor_count``, ``closing_count``.

Opening and closing stand at the rate of their own day (the opening's is the last day before the month), created
at ``created_on``, won and lost at ``closed_on``. Revaluation is the sum over opportunities of how their converted
value changed inside the month: from the opening, or the creation, to the closing, or the end. It is never the
remainder of the others.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from kpilib.facts import Facts, Rows
from kpilib.kpis.definition import Period
from kpilib.kpis.frames import counts, days, frame, money, months
from kpilib.quarter import add_months

__all__ = ["Month", "build_bridge"]

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Month:
    """One month of the bridge, money in minor units."""

    month: date
    opening: int
    created: int
    won: int
    lost: int
    lost_to_competitor: int
    revaluation: int
    closing: int
    opening_count: int
    created_count: int
    won_count: int
    lost_count: int
    lost_to_competitor_count: int
    closing_count: int

    def followed_by(self, later: Month) -> Month:
        """Return both as one: the first's opening, the second's closing, the sums of what happened between."""
        sums = [one + other for one, other in zip(astuple(self)[1:], astuple(later)[1:], strict=True)]
        both = Month(self.month, *sums)
        return Month(
            **{
                **both.__dict__,
                "opening": self.opening,
                "opening_count": self.opening_count,
                "closing": later.closing,
                "closing_count": later.closing_count,
            }
        )


def build_bridge(facts: Facts, period: Period) -> tuple[Any, Any]:
    """Return the bridge by month, and that of the whole quarter (one row, its month the quarter's first)."""
    first_days = months(period.start, period.day)
    rows = [_month(facts, first, min(add_months(first, 1) - _ONE_DAY, period.day), period.day) for first in first_days]
    quarter = rows[0]
    for later in rows[1:]:
        quarter = quarter.followed_by(later)
    return _frame(facts, rows), _frame(facts, [quarter])


def _month(facts: Facts, first: date, last: date, read_on: date) -> Month:
    before = first - _ONE_DAY
    opening, closing = facts.open_on(before), facts.open_on(last)
    created = facts.created(first, last)
    won, all_lost = facts.won(first, last), facts.lost(first, last)
    to_rival = np.array([facts.rivals[row] is not None for row in all_lost.tolist()], dtype=bool)
    lost, rival = all_lost[~to_rival], all_lost[to_rival]

    # What an opportunity was worth where it enters the month, and where it leaves it, one by one.
    size = len(facts.opportunity_ids)
    entered, left = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    entered[opening] = facts.amounts(opening, before)
    entered[created] = facts.amounts_at_creation(created)
    left[closing] = facts.amounts(closing, last)
    # Decided ones at the amount with which the quarter counts them.
    for decided in (won, lost, rival):
        left[decided] = facts.amounts(decided, read_on)
    return Month(
        month=first,
        opening=int(entered[opening].sum()),
        created=int(entered[created].sum()),
        won=int(left[won].sum()),
        lost=int(left[lost].sum()),
        lost_to_competitor=int(left[rival].sum()),
        revaluation=int(sum(_changes(opening, created, entered, left))),
        closing=int(left[closing].sum()),
        opening_count=len(opening),
        created_count=len(created),
        won_count=len(won),
        lost_count=len(lost),
        lost_to_competitor_count=len(rival),
        closing_count=len(closing),
    )


def _changes(opening: Rows, created: Rows, entered: Any, left: Any) -> list[int]:
    present = np.concatenate((opening, created))
    changes: list[int] = (left[present] - entered[present]).tolist()
    return changes


def _frame(facts: Facts, rows: list[Month]) -> Any:
    columns: dict[str, Any] = {"month": days(row.month for row in rows)}
    for name in ("opening", "created", "won", "lost", "lost_to_competitor", "revaluation", "closing"):
        columns[name] = money(facts, (getattr(row, name) for row in rows))
    for name in ("opening", "created", "won", "lost", "lost_to_competitor", "closing"):
        columns[f"{name}_count"] = counts(getattr(row, f"{name}_count") for row in rows)
    return frame(columns)
