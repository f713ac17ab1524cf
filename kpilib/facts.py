"""The facts of one slice, prepared for counting: which opportunities, leads and amounts a day knows.

Rows are sorted by id and held as arrays; every question takes the day for which it is asked, at most the
slice's own, and no fact dated later answers it. What a KPI makes of the facts belongs to `kpilib.kpis`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kpilib.money import to_major
from kpilib.quarter import Quarter
from kpilib.slice import Slice

__all__ = ["SEGMENTS", "Facts", "Rows"]

Rows = NDArray[np.intp]
Days = NDArray[np.int64]
Minor = NDArray[np.int64]
T = TypeVar("T")

SEGMENTS = ("paid", "earned", "owned", "unassigned")
"""The segments of marketing channels, in the order in which they are shown."""

_EPOCH = date(1970, 1, 1)
_NEVER = np.iinfo(np.int64).max
_OPEN, _WON, _LOST = 0, 1, 2
_OUTCOMES = {"open": _OPEN, "won": _WON, "lost": _LOST}


class Facts:
    """What a slice knows of its partner, day by day.

    Rows of opportunities are named by their places in arrays sorted by ``opportunity_id``, those of leads by
    ``lead_id``. Money is an integer of the reporting currency's minor unit.

    Attributes
    ----------
    opportunity_ids, reps, products, lost_reasons, rivals
        of each opportunity; blank is None.
    lead_ids, lead_channels, lead_segments, lead_regions
        of each lead.
    lead_opportunity
        the place of the opportunity that a lead names, -1 without one.
    """

    def __init__(self, slice_: Slice) -> None:
        self.slice = slice_
        self.currency = slice_.currency
        self._cache: dict[tuple[Any, ...], Any] = {}
        self._take_opportunities()
        self._take_history()
        self._take_leads()
        self._take_spend()

    # Reading the tables

    def _columns(self, table: str, key: Callable[[dict[str, list[Any]], int], Any]) -> Callable[[str], list[Any]]:
        held = self.slice.content["tables"].get(table, {})
        rows = len(next(iter(held.values()), ()))
        order = sorted(range(rows), key=lambda row: key(held, row))

        def column(name: str) -> list[Any]:
            values = held.get(name)
            return [None] * rows if values is None else [values[row] for row in order]

        return column

    def _take_opportunities(self) -> None:
        column = self._columns("opportunities", lambda held, row: held["opportunity_id"][row])
        self.opportunity_ids: list[str] = column("opportunity_id")
        self.reps: list[str | None] = column("rep")
        self.products: list[str | None] = column("product")
        self.lost_reasons: list[str | None] = column("lost_reason")
        self.rivals: list[str | None] = column("lost_to")
        self._stages: list[str | None] = column("stage")
        self._outcomes = np.array([_OUTCOMES[outcome] for outcome in column("outcome")], dtype=np.int8)
        self._created = _days(column("created_on"))
        self._closed = np.where(self._outcomes == _OPEN, _NEVER, _days(column("closed_on")))
        self._amounts = [None if amount is None else Decimal(amount) for amount in column("amount")]
        self._currencies = [None if code == self.currency else code for code in column("currency")]

    def _take_history(self) -> None:
        self._place = {key: place for place, key in enumerate(self.opportunity_ids)}
        held = self.slice.content["tables"].get("stage_history", {})
        rows = len(next(iter(held.values()), ()))
        stages, amounts = (held.get(name) or [None] * rows for name in ("stage", "amount"))
        # A slice holds the rows of one day in the order of their time: a stable sort keeps it.
        order = sorted(range(rows), key=lambda row: held["changed_on"][row])
        self._history: dict[int, list[tuple[int, str | None, Decimal | None]]] = {}
        for row in order:
            place = self._place.get(held["opportunity_id"][row])
            if place is not None:
                amount = None if amounts[row] is None else Decimal(amounts[row])
                day = number(date.fromisoformat(held["changed_on"][row]))
                self._history.setdefault(place, []).append((day, stages[row], amount))
        self._dated_amounts = self.slice.has("stage_history", "amount") and bool(self._history)
        fixed = [
            currency is None and not (self._dated_amounts and place in self._history)
            for place, currency in enumerate(self._currencies)
        ]
        self._fixed = np.array(fixed, dtype=bool)
        convert, today = self.slice.rates.convert, self.slice.as_of
        self._minor = np.array(
            [
                convert(amount, None, today) if known and amount is not None else 0
                for known, amount in zip(fixed, self._amounts, strict=True)
            ],
            dtype=np.int64,
        )

    def _take_leads(self) -> None:
        column = self._columns("leads", lambda held, row: held["lead_id"][row])
        channels = self.slice.content["settings"]["channels"]
        self.lead_ids: list[str] = column("lead_id")
        self.lead_channels: list[str] = column("channel")
        self.lead_regions: list[str | None] = column("region")
        self._named_segments = column("segment")
        self.lead_segments = [
            named or channels.get(channel, "unassigned")
            for named, channel in zip(self._named_segments, self.lead_channels, strict=True)
        ]
        self.lead_opportunity = np.array([self._place.get(key, -1) for key in column("opportunity_id")], dtype=np.intp)
        self._lead_created = _days(column("created_on"))

    def _take_spend(self) -> None:
        column = self._columns("spend", lambda held, row: (held["month"][row], held["channel"][row]))
        convert = self.slice.rates.convert
        months = [date.fromisoformat(month) for month in column("month")]
        self.spend_channels: list[str] = column("channel")
        self._spend_months = np.array([number(month) for month in months], dtype=np.int64)
        self.spend_amounts = np.array(
            [
                convert(Decimal(amount), currency, month)
                for amount, currency, month in zip(column("amount"), column("currency"), months, strict=True)
            ],
            dtype=np.int64,
        )

    # Opportunities

    def won(self, start: date, day: date) -> Rows:
        """Return the opportunities won with ``closed_on`` in [start, day]."""
        return self._closed_between(start, day, _WON)

    def lost(self, start: date, day: date) -> Rows:
        """Return the opportunities lost with ``closed_on`` in [start, day]."""
        return self._closed_between(start, day, _LOST)

    def open_on(self, day: date) -> Rows:
        """Return the opportunities that exist on a day and are not closed by its end."""
        last = number(day)
        return self._remember(("open", last), lambda: np.flatnonzero((self._created <= last) & (self._closed > last)))

    def created(self, start: date, day: date) -> Rows:
        """Return the opportunities created in [start, day]."""
        return np.flatnonzero((self._created >= number(start)) & (self._created <= number(day)))

    def worked(self, start: date, day: date) -> Rows:
        """Return W: the opportunities created by a day and not closed before a start."""
        first, last = number(start), number(day)
        return self._remember(
            ("worked", first, last), lambda: np.flatnonzero((self._created <= last) & (self._closed >= first))
        )

    def is_won(self, rows: Rows, day: date) -> NDArray[np.bool_]:
        """Say of each opportunity whether it is won as of a day."""
        last = number(day)
        found: NDArray[np.bool_] = (
            (self._outcomes[rows] == _WON) & (self._closed[rows] <= last) & (self._created[rows] <= last)
        )
        return found

    def is_lost(self, rows: Rows, day: date) -> NDArray[np.bool_]:
        """Say of each opportunity whether it is lost as of a day."""
        found: NDArray[np.bool_] = (self._outcomes[rows] == _LOST) & (self._closed[rows] <= number(day))
        return found

    def amounts(self, rows: Rows, day: date) -> Minor:
        """Return what opportunities are worth as of a day, converted; a blank amount is worth 0.

        Won or lost by then: at the rate of ``closed_on``; open: at the rate of the day.
        """
        found = self._minor[rows]
        for place in np.flatnonzero(~self._fixed[rows]).tolist():
            found[place] = self._amount(int(rows[place]), day)
        return found

    def amounts_at_creation(self, rows: Rows) -> Minor:
        """Return what opportunities were worth on the day on which each was created, at that day's rate."""
        found = self._minor[rows]
        for place in np.flatnonzero(~self._fixed[rows]).tolist():
            row = int(rows[place])
            found[place] = self._amount(row, as_date(int(self._created[row])))
        return found

    def have_amounts(self, rows: Rows, day: date) -> NDArray[np.bool_]:
        """Say of each opportunity whether it has an amount, other than 0, as of a day."""
        return np.array([bool(self._raw_amount(row, number(day))) for row in rows.tolist()], dtype=bool)

    def stages(self, rows: Rows, day: date) -> list[str | None]:
        """Return the stage of each opportunity as of a day; None where it is unknown."""
        last = number(day)
        return [self._stage(row, last) for row in rows.tolist()]

    def ages(self, rows: Rows, day: date) -> Days:
        """Return the days since each opportunity was created."""
        return number(day) - self._created[rows]

    def cycles(self, rows: Rows) -> Days:
        """Return the days from creation to closing of closed opportunities; the same day counts as 1."""
        return np.maximum(self._closed[rows] - self._created[rows], 1)

    def created_on(self, rows: Rows) -> list[date]:
        """Return the days on which opportunities were created."""
        return [as_date(day) for day in self._created[rows].tolist()]

    def closed_on(self, rows: Rows) -> list[date]:
        """Return the days on which closed opportunities were closed."""
        return [as_date(day) for day in self._closed[rows].tolist()]

    def stages_reached(self, row: int, day: date) -> list[str]:
        """Return the stages that an opportunity's history names up to a day, and up to its closing."""
        last = min(number(day), int(self._closed[row]))
        return [stage for changed, stage, _ in self._history.get(row, ()) if stage is not None and changed <= last]

    def amounts_undated(self, rows: Rows) -> bool:
        """Say whether an amount may be younger than the day for which it is read: no history tells."""
        return not all(self._dated_amounts and row in self._history for row in rows.tolist())

    @cached_property
    def stage_order(self) -> dict[str, float]:
        """Each stage's place among the stages."""
        stages = self.slice.content["tables"].get("stages", {})
        return dict(zip(stages.get("stage", ()), stages.get("order", ()), strict=True))

    @cached_property
    def stage_probabilities(self) -> dict[str, Decimal]:
        """The chance to be won of the stages that have one, as written."""
        stages = self.slice.content["tables"].get("stages", {})
        names = stages.get("stage", [])
        chances = stages.get("probability") or [None] * len(names)
        return {name: Decimal(repr(chance)) for name, chance in zip(names, chances, strict=True) if chance is not None}

    # Leads, spend, targets

    def leads(self, start: date, day: date) -> Rows:
        """Return the leads created in [start, day]."""
        return np.flatnonzero((self._lead_created >= number(start)) & (self._lead_created <= number(day)))

    def converted(self, leads: Rows, day: date) -> NDArray[np.bool_]:
        """Say of each lead whether its opportunity is won as of a day."""
        rows = self.lead_opportunity[leads]
        found = rows >= 0
        found[found] = self.is_won(rows[found], day)
        return found

    def lead_created_on(self, leads: Rows) -> list[date]:
        """Return the days on which leads were created."""
        return [as_date(day) for day in self._lead_created[leads].tolist()]

    def sourced(self, start: date, day: date) -> tuple[Rows, Rows]:
        """Return the deals won in [start, day] that a lead names, and for each the lead to which it goes.

        An opportunity that several leads name goes to the earliest; ties by ``lead_id``.
        """
        won = self.won(start, day)
        leads = self._first_leads[won]
        known = leads >= 0
        known[known] = self._lead_created[leads[known]] <= number(day)
        return won[known], leads[known]

    @cached_property
    def _first_leads(self) -> Rows:
        first = np.full(len(self.opportunity_ids), -1, dtype=np.intp)
        # Written last to first, so that the earliest stays; the leads themselves are sorted by id.
        for lead in np.argsort(self._lead_created, kind="stable")[::-1].tolist():
            if self.lead_opportunity[lead] >= 0:
                first[self.lead_opportunity[lead]] = lead
        return first

    def spend(self, start: date, day: date) -> Rows:
        """Return the rows of spend whose month begins in [start, day]."""
        return np.flatnonzero((self._spend_months >= number(start)) & (self._spend_months <= number(day)))

    @cached_property
    def spend_segments(self) -> list[str]:
        """The segment of each row of spend.

        By the channel map of the settings; else the one that all leads of the channel name; else *unassigned*.
        """
        channels = self.slice.content["settings"]["channels"]
        named: dict[str, set[str]] = {}
        for channel, segment in zip(self.lead_channels, self._named_segments, strict=True):
            if segment:
                named.setdefault(channel, set()).add(segment)
        agreed = {channel: next(iter(segments)) for channel, segments in named.items() if len(segments) == 1}
        return [channels.get(channel) or agreed.get(channel, "unassigned") for channel in self.spend_channels]

    @cached_property
    def targets(self) -> dict[tuple[Quarter, str], Decimal]:
        """What was agreed: (quarter, metric) → value."""
        held = self.slice.content["tables"].get("targets", {})
        first_month = self.slice.quarter.first_month
        rows = zip(held.get("quarter", ()), held.get("metric", ()), held.get("value", ()), strict=True)
        return {(Quarter.parse(quarter, first_month), metric): Decimal(value) for quarter, metric, value in rows}

    @cached_property
    def first_day(self) -> date | None:
        """The day of the partner's first opportunity or lead; None without any."""
        days = np.concatenate((self._created, self._lead_created))
        return as_date(int(days.min())) if len(days) else None

    def money(self, minor: int) -> Decimal:
        """Return minor units as money in major units."""
        return to_major(minor, self.currency)

    # Beneath

    def _closed_between(self, start: date, day: date, outcome: int) -> Rows:
        first, last = number(start), number(day)
        return self._remember(
            ("closed", outcome, first, last),
            lambda: np.flatnonzero(
                (self._outcomes == outcome) & (self._closed >= first) & (self._closed <= last) & (self._created <= last)
            ),
        )

    def _amount(self, row: int, day: date) -> int:
        last = number(day)

        def convert() -> int:
            amount = self._raw_amount(row, last)
            rate_day = as_date(min(last, int(self._closed[row])))
            return 0 if amount is None else self.slice.rates.convert(amount, self._currencies[row], rate_day)

        worth: int = self._remember(("amount", row, last), convert)
        return worth

    def _raw_amount(self, row: int, last: int) -> Decimal | None:
        if not self._dated_amounts:
            return self._amounts[row]
        changes = [amount for changed, _, amount in self._history.get(row, ()) if changed <= last]
        latest = next((amount for amount in reversed(changes) if amount is not None), None)
        # Open then, with a history that knows no amount yet: the one in the data was entered later.
        open_then = self._closed[row] > last
        return latest if latest is not None or (changes and open_then) else self._amounts[row]

    def _stage(self, row: int, last: int) -> str | None:
        changes = [stage for changed, stage, _ in self._history.get(row, ()) if changed <= last]
        latest = next((stage for stage in reversed(changes) if stage is not None), None)
        if latest is not None:
            return latest
        return self._stages[row] if self._outcomes[row] == _OPEN or self._closed[row] <= last else None

    def _remember(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        if key not in self._cache:
            self._cache[key] = make()
        kept: T = self._cache[key]
        return kept


def number(day: date) -> int:
    """Return a day as the number by which arrays know it."""
    return (day - _EPOCH).days


def as_date(day: int) -> date:
    """Return the day that a number stands for."""
    return date.fromordinal(day + _EPOCH.toordinal())


def _days(texts: Sequence[str | None]) -> Days:
    days = np.array(texts, dtype="datetime64[D]").astype(np.int64) if texts else np.empty(0, dtype=np.int64)
    return np.where(days == np.iinfo(np.int64).min, _NEVER, days)
