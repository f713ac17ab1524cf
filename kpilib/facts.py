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

from kpilib.amounts import Amounts, DatedAmounts, convert_all
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
        self._amounts = Amounts.from_texts(column("amount"))
        self._currencies, self._codes = _encode(column("currency"))
        self._place = {key: place for place, key in enumerate(self.opportunity_ids)}

    def _take_history(self) -> None:
        held = self.slice.content["tables"].get("stage_history", {})
        rows = len(next(iter(held.values()), ()))
        stages, amounts = (held.get(name) or [None] * rows for name in ("stage", "amount"))
        days = _days(held.get("changed_on", [])).tolist()
        places = [self._place.get(key, -1) for key in held.get("opportunity_id", ())]
        # A slice holds the rows of one day in the order of their time: a stable sort keeps it.
        order = sorted((row for row in range(rows) if places[row] >= 0), key=lambda row: (places[row], days[row]))
        self._changes: dict[int, list[tuple[int, str | None]]] = {}
        for row in order:
            self._changes.setdefault(places[row], []).append((days[row], stages[row]))
        self._history: DatedAmounts | None = None
        if self.slice.has("stage_history", "amount") and order:
            self._history = DatedAmounts(
                np.array([places[row] for row in order], dtype=np.int64),
                np.array([days[row] for row in order], dtype=np.int64),
                np.array([amounts[row] is not None for row in order], dtype=bool),
                Amounts.from_texts(amounts[row] for row in order),
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
        self.spend_channels: list[str] = column("channel")
        self._spend_months = _days(column("month"))
        currencies, codes = _encode(column("currency"))
        amounts = Amounts.from_texts(column("amount"))
        self.spend_amounts = convert_all(amounts, codes, currencies, self._spend_months, self.slice.rates)

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
        return self._worth(rows, np.full(len(rows), number(day)))

    def amounts_at_creation(self, rows: Rows) -> Minor:
        """Return what opportunities were worth on the day on which each was created, at that day's rate."""
        return self._worth(rows, self._created[rows])

    def have_amounts(self, rows: Rows, day: date) -> NDArray[np.bool_]:
        """Say of each opportunity whether it has an amount, other than 0, as of a day."""
        amounts = self._amounts_on(rows, np.full(len(rows), number(day)))
        found: NDArray[np.bool_] = (amounts.whole != 0) | (amounts.parts != 0)
        return found

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
        return [stage for changed, stage in self._changes.get(row, ()) if stage is not None and changed <= last]

    def amounts_undated(self, rows: Rows) -> bool:
        """Say whether an amount may be younger than the day for which it is read: no history tells."""
        return len(rows) > 0 and (self._history is None or not all(row in self._changes for row in rows.tolist()))

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

    def beside(self, key: str, day: date) -> list[dict[str, str]]:
        """Return the rows of the table beside a KPI of one's own that are known on a day: column → text."""
        held: list[dict[str, str]] = self.slice.content.get("kpis", {}).get(key, {}).get("rows", [])
        return [row for row in held if row["valid_from"] <= day.isoformat()]

    # Beneath

    def _closed_between(self, start: date, day: date, outcome: int) -> Rows:
        first, last = number(start), number(day)
        return self._remember(
            ("closed", outcome, first, last),
            lambda: np.flatnonzero(
                (self._outcomes == outcome) & (self._closed >= first) & (self._closed <= last) & (self._created <= last)
            ),
        )

    def _worth(self, rows: Rows, days: Days) -> Minor:
        """Return what opportunities are worth, each as of its own day."""

        def convert() -> Minor:
            amounts, rate_days = self._amounts_on(rows, days), np.minimum(self._closed[rows], days)
            return convert_all(amounts, self._codes[rows], self._currencies, rate_days, self.slice.rates)

        return self._remember(("worth", rows.tobytes(), days.tobytes()), convert)

    def _amounts_on(self, rows: Rows, days: Days) -> Amounts:
        amounts = self._amounts.take(rows)
        if self._history is None:
            return amounts
        return self._history.on(rows, days, otherwise=amounts, open_then=self._closed[rows] > days)

    def _stage(self, row: int, last: int) -> str | None:
        changes = [stage for changed, stage in self._changes.get(row, ()) if changed <= last]
        latest = next((stage for stage in reversed(changes) if stage is not None), None)
        if latest is not None:
            return latest
        return self._stages[row] if self._outcomes[row] == _OPEN or self._closed[row] <= last else None

    def _remember(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        if key not in self._cache:
            self._cache[key] = make()
        kept: T = self._cache[key]
        return kept


def _encode(texts: Sequence[str | None]) -> tuple[list[str | None], Days]:
    """Return the different ones of some texts, and each one's place among them."""
    places: dict[str | None, int] = {}
    codes = [places.setdefault(text, len(places)) for text in texts]
    return list(places), np.array(codes, dtype=np.int64)


def number(day: date) -> int:
    """Return a day as the number by which arrays know it."""
    return (day - _EPOCH).days


def as_date(day: int) -> date:
    """Return the day that a number stands for."""
    return date.fromordinal(day + _EPOCH.toordinal())


def _days(texts: Sequence[str | None]) -> Days:
    days = np.array(texts, dtype="datetime64[D]").astype(np.int64) if texts else np.empty(0, dtype=np.int64)
    return np.where(days == np.iinfo(np.int64).min, _NEVER, days)
