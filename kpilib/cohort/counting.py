# ruff: noqa: S608 - what is put into these queries stands in this file
"""Counting every partner at once: what each did in each of some periods, out of the store.

The counts are those of `kpilib.facts.Facts`, made for all partners in a few queries; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kpilib.amounts import Amounts, DatedAmounts, convert_all
from kpilib.kpis.definition import Period
from kpilib.money import Rates

if TYPE_CHECKING:
    import duckdb

    from kpilib.store import Store

__all__ = ["Counting", "Counts", "divide_partners"]

Ints = NDArray[np.int64]
Coded = tuple[Ints, Sequence[str | None]]
"""Texts of which there are few: the place of each row's among them, and they."""

_EPOCH = date(1970, 1, 1).toordinal()
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Counts:
    """What each partner did in one period, in the order of the partners' ids; money in minor units."""

    worked: Ints
    won: Ints
    lost: Ints
    amount: Ints
    cycle_days: Ints


class Counting:
    """The rows of some partners that count up to a period's day, held as arrays.

    Opportunities from a first day on, so that earlier periods can be counted too; leads and spend of the period.

    Parameters
    ----------
    partner_ids
        partners whose ids follow each other among all of the store.
    """

    def __init__(self, store: Store, currency: str, *, period: Period, first: date, partner_ids: Sequence[str]) -> None:
        self.partner_ids = partner_ids
        bounds = {"day": period.day, "from": partner_ids[0], "to": partner_ids[-1]}
        with store.connect() as connection:
            connection.execute("CREATE TEMP TABLE numbered (partner_id VARCHAR, partner INTEGER)")
            ids = pa.table({"id": partner_ids, "place": pa.array(range(len(partner_ids)), pa.int32())})
            connection.register("ids", ids)
            connection.execute("INSERT INTO numbered SELECT id, place FROM ids")
            self.rates = Rates(currency, connection.execute("SELECT currency, valid_from, rate FROM fx").fetchall())
            connection.execute(_COUNTED, {**bounds, "first": first})
            self._take_opportunities(_fetch(connection, _OPPORTUNITIES, bounds))
            self._history = None
            if "stage_history" in store.tables and "stage_history.amount" not in store.absent:
                rows = _fetch(connection, _HISTORY, bounds)
                self._history = DatedAmounts(rows["place"], rows["changed"], rows["known"], rows["amount"])
            self._leads = _fetch(connection, _LEADS, {**bounds, "start": period.start})
            self._spend = _fetch(connection, _SPEND, {**bounds, "start": period.start})

    def _take_opportunities(self, rows: dict[str, Any]) -> None:
        self._partner: Ints = rows["partner"]
        self._created: Ints = rows["created"]
        self._closed: Ints = rows["closed"]
        self._won: NDArray[np.bool_] = rows["won"]
        self._sourced: NDArray[np.bool_] = rows["sourced"]
        self._currency: Coded = rows["currency"]
        self._amounts: Amounts = rows["amount"]

    def count(self, period: Period) -> Counts:
        """Return what each partner did in a period."""
        start, day = _day_number(period.start), _day_number(period.day)
        exists = self._created <= day
        decided = exists & (self._closed >= start) & (self._closed <= day)
        won = decided & self._won
        return Counts(
            worked=self._tally(exists & (self._closed >= start)),
            won=self._tally(won),
            lost=self._tally(decided & ~self._won),
            amount=self._sum(np.flatnonzero(won), day),
            cycle_days=self._add(self._partner[won], np.maximum(self._closed[won] - self._created[won], 1)),
        )

    def decided(self, start: date, day: date) -> tuple[Ints, Ints]:
        """Return each partner's (won, won or lost) in [start, day]."""
        first, last = _day_number(start), _day_number(day)
        decided = (self._created <= last) & (self._closed >= first) & (self._closed <= last)
        return self._tally(decided & self._won), self._tally(decided)

    def pipeline(self, day: date) -> Ints:
        """Return what each partner's opportunities open as of a day are worth."""
        last = _day_number(day)
        return self._sum(np.flatnonzero((self._created <= last) & (self._closed > last)), last)

    def sourced(self, period: Period) -> Ints:
        """Return what each partner's deals with a lead, won in the period that ends at D, brought."""
        start, day = _day_number(period.start), _day_number(period.day)
        won = self._won & self._sourced & (self._created <= day) & (self._closed >= start) & (self._closed <= day)
        return self._sum(np.flatnonzero(won), day)

    def spent(self, period: Period) -> Ints:
        """Return each partner's spend of the months that begin in a period."""
        months = self._spend["month"]
        rows = np.flatnonzero((months >= _day_number(period.start)) & (months <= _day_number(period.day)))
        minor = _convert(self._spend["amount"].take(rows), self._spend["currency"], rows, months[rows], self.rates)
        return self._add(self._spend["partner"][rows], minor)

    def conversions(self, period: Period) -> tuple[Ints, Ints]:
        """Return each partner's (leads that are deals, leads) of a period."""
        start, day = _day_number(period.start), _day_number(period.day)
        rows = (self._leads["created"] >= start) & (self._leads["created"] <= day)
        hits = rows & self._leads["won"] & (self._leads["closed"] <= day)
        return self._tally_of(self._leads["partner"][hits]), self._tally_of(self._leads["partner"][rows])

    @cached_property
    def size(self) -> int:
        """How many partners there are."""
        return len(self.partner_ids)

    def _sum(self, rows: NDArray[np.intp], day: int) -> Ints:
        """Return the worth of some opportunities as of a day, by partner."""
        amounts, days = self._amounts.take(rows), np.full(len(rows), day)
        if self._history is not None:
            open_then = self._closed[rows] > day
            amounts = self._history.on(rows, days, otherwise=amounts, open_then=open_then)
        minor = _convert(amounts, self._currency, rows, np.minimum(self._closed[rows], days), self.rates)
        return self._add(self._partner[rows], minor)

    def _tally(self, rows: NDArray[np.bool_]) -> Ints:
        return self._tally_of(self._partner[rows])

    def _tally_of(self, partners: Ints) -> Ints:
        return np.bincount(partners, minlength=self.size).astype(np.int64)

    def _add(self, partners: Ints, values: Ints) -> Ints:
        total = np.zeros(self.size, dtype=np.int64)
        np.add.at(total, partners, values)
        return total


def divide_partners(store: Store, rows: int) -> list[list[str]]:
    """Return all partners' ids in blocks that follow each other, each with about so many opportunities at most."""
    with store.connect() as connection:
        found = connection.execute("SELECT partner_id, count(*) FROM opportunities GROUP BY partner_id").fetchall()
    sizes: dict[str, int] = dict(found)
    blocks: list[list[str]] = []
    room = 0
    for partner_id in store.partner_ids(active_only=False):
        room -= sizes.get(partner_id, 0)
        if not blocks or room < 0:
            blocks.append([])
            room = rows - sizes.get(partner_id, 0)
        blocks[-1].append(partner_id)
    return blocks


def _convert(amounts: Amounts, currency: Coded, rows: NDArray[np.intp], days: Ints, rates: Rates) -> Ints:
    codes, currencies = currency
    return convert_all(amounts, codes[rows], currencies, days, rates)


def _day_number(day: date) -> int:
    return day.toordinal() - _EPOCH


def _number(column: str) -> str:
    return f"coalesce({column} - DATE '1970-01-01', {_NEVER})"


# Every table of the store is sorted by partner: a range of partners is read without the rest.
_OF_THESE = "partner_id BETWEEN $from AND $to"

_COUNTED = f"""
CREATE TEMP TABLE counted AS
SELECT row_number() OVER () - 1 AS place, * FROM (
  SELECT n.partner, o.opportunity_id, o.created_on, o.outcome, o.currency, o.amount,
    CASE WHEN o.outcome <> 'open' THEN o.closed_on END AS closed_on
  FROM opportunities o JOIN numbered n USING (partner_id)
  WHERE o.{_OF_THESE} AND o.created_on <= $day AND (o.outcome = 'open' OR o.closed_on >= $first))
"""

_OPPORTUNITIES = f"""
SELECT partner, {_number("created_on")} AS created, {_number("closed_on")} AS closed, currency, amount,
  outcome = 'won' AS won,
  opportunity_id IN (
    SELECT opportunity_id FROM leads WHERE {_OF_THESE} AND created_on <= $day AND opportunity_id IS NOT NULL
  ) AS sourced
FROM counted ORDER BY place
"""

# What is lost by the day has no worth to count. In the order of opportunity and time.
_HISTORY = f"""
SELECT c.place, {_number("h.changed_on")} AS changed, h.amount IS NOT NULL AS known, h.amount
FROM (SELECT row_number() OVER () AS line, * FROM stage_history WHERE {_OF_THESE}) h
JOIN counted c USING (opportunity_id)
WHERE h.changed_on <= $day AND (c.outcome <> 'lost' OR c.closed_on > $day)
ORDER BY c.place, h.changed_on, h.line
"""

_LEADS = f"""
SELECT n.partner, {_number("l.created_on")} AS created, {_number("o.closed_on")} AS closed,
  coalesce(o.outcome = 'won' AND o.created_on <= $day, false) AS won
FROM leads l JOIN numbered n USING (partner_id)
LEFT JOIN (SELECT * FROM opportunities WHERE {_OF_THESE}) o
  ON o.opportunity_id = l.opportunity_id AND o.partner_id = l.partner_id
WHERE l.{_OF_THESE} AND l.created_on BETWEEN $start AND $day
"""

_SPEND = f"""
SELECT n.partner, {_number("month")} AS month, currency, amount
FROM spend s JOIN numbered n USING (partner_id) WHERE s.{_OF_THESE} AND month BETWEEN $start AND $day
"""


def _fetch(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return a query's columns: numbers and flags as arrays, currencies as `Coded`, amounts as `Amounts`."""
    table = connection.sql(query, params=values).to_arrow_table()
    found: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if name == "currency":
            encoded = column.dictionary_encode()
            currencies = [*encoded.dictionary.to_pylist(), None]
            codes = encoded.indices.fill_null(len(currencies) - 1).to_numpy(zero_copy_only=False)
            found[name] = codes.astype(np.int64), currencies
        elif name == "amount":
            found[name] = Amounts.from_arrow(column)
        else:
            held = column.to_numpy(zero_copy_only=False)
            found[name] = held if held.dtype == bool else held.astype(np.int64)
    return found
