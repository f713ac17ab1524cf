"""What is wrong on purpose: the flaws of real exports, each of which must be found when the rows are read.

A flawed row stands behind a good one, with an id of its own, or it is a good one in other clothes that can be
put right. So the good rows are the same with and without the dirt, and it is known what must become of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle

import numpy as np

from kpilib.sample.files import Spoiled, Table

__all__ = ["FLAWS", "UNKNOWN_PARTNER", "plant_dirt"]

Row = dict[str, str]
Flaw = Callable[[Row, Row], Spoiled | None]
"""What becomes of a good row (None: the flaw does not fit it); the second row is one from elsewhere."""

UNKNOWN_PARTNER = "P1O4"
"""An id in which somebody typed the letter O."""

_SHARE = 0.012
_SMALLEST = 500


def plant_dirt(table: Table, flaws: Mapping[str, Flaw], rng: np.random.Generator) -> None:
    """Plant all kinds of dirt in turn until 1.2 % of the rows are dirty; none in a small table."""
    left = int(table.rows * _SHARE) if table.rows >= _SMALLEST else 0
    places = iter(rng.permutation(table.rows).tolist()) if left else iter(())
    for kind, flaw in cycle(flaws.items()):
        found = _first_that_fits(flaw, table, places)
        if found is None or found[1].dirty > left:
            return
        place, spoiled = found
        left -= spoiled.dirty
        table.spoiled[place] = spoiled
        table.planted[kind] = table.planted.get(kind, 0) + spoiled.dirty


def _first_that_fits(flaw: Flaw, table: Table, places: Iterator[int]) -> tuple[int, Spoiled] | None:
    other: Row | None = None
    for place in places:
        row = table.row(place)
        spoiled = flaw(row, other) if other is not None else None
        if spoiled is not None:
            return place, spoiled
        other = row
    return None


def _behind(*rows: Row) -> Spoiled:
    return Spoiled(behind=list(rows))


def _twice(row: Row, _other: Row) -> Spoiled:
    return _behind(row)


def _older(column: str) -> Flaw:
    """The state before the last change, which the export has left behind."""

    def spoil(row: Row, other: Row) -> Spoiled | None:
        if row["modified_on"] <= row["created_on"] or row[column] == other[column]:
            return None
        return _behind({**row, column: other[column], "modified_on": row["created_on"]})

    return spoil


def _contradicting(key: str, column: str) -> Flaw:
    """Two rows that differ, and nothing says which is the later."""

    def spoil(row: Row, other: Row) -> Spoiled | None:
        if row[column] == other[column]:
            return None
        first = {**row, key: f"{row[key]}X", "modified_on": ""}
        return _behind(first, {**first, column: other[column]})

    return spoil


def _with(key: str, **cells: str) -> Flaw:
    """A row with an id of its own and some cells that cannot be."""

    def spoil(row: Row, _other: Row) -> Spoiled:
        return _behind({**row, key: f"{row[key]}X", **cells} if key else {**row, **cells})

    return spoil


def _won_with(**cells: str) -> Flaw:
    def spoil(row: Row, other: Row) -> Spoiled | None:
        return _with("opportunity_id", **cells)(row, other) if row["outcome"] == "won" else None

    return spoil


def _closed_before_created(row: Row, other: Row) -> Spoiled | None:
    if row["outcome"] == "open" or row["closed_on"] == row["created_on"]:
        return None
    return _with("opportunity_id", created_on=row["closed_on"], closed_on=row["created_on"])(row, other)


def _negative(key: str) -> Flaw:
    def spoil(row: Row, other: Row) -> Spoiled | None:
        return _with(key, amount=f"-{row['amount']}")(row, other) if row["amount"] else None

    return spoil


def _as_a_person_writes_it(row: Row, _other: Row) -> Spoiled | None:
    """An amount such as $1,200.50, in place."""
    if row["currency"] not in {"USD", ""} or len(row["amount"]) < 7:
        return None
    return Spoiled(cells={"amount": f"${float(row['amount']):,.2f}"})


def _names_opportunity_of_another(row: Row, other: Row) -> Spoiled | None:
    """A lead without success that names another partner's opportunity, in place."""
    if row["opportunity_id"] or not other["opportunity_id"] or row["partner_id"] == other["partner_id"]:
        return None
    return Spoiled(cells={"opportunity_id": other["opportunity_id"]})


def _names_no_opportunity(row: Row, other: Row) -> Spoiled | None:
    """A lead without success that names an opportunity that is in no table, in place."""
    if row["opportunity_id"] or not other["opportunity_id"]:
        return None
    return Spoiled(cells={"opportunity_id": f"{other['opportunity_id']}Y"})


FLAWS: dict[str, dict[str, Flaw]] = {
    "opportunities": {
        "exact_duplicate": _twice,
        "amount_as_written": _as_a_person_writes_it,
        "older_version": _older("amount"),
        "closed_before_created": _closed_before_created,
        "unknown_partner": _with("opportunity_id", partner_id=UNKNOWN_PARTNER),
        "bad_date": _with("opportunity_id", created_on="2026-02-30"),
        "negative_amount": _negative("opportunity_id"),
        "contradicting_rows": _contradicting("opportunity_id", "amount"),
        "won_without_amount": _won_with(amount=""),
        "won_without_day": _won_with(closed_on=""),
        "unknown_currency": _with("opportunity_id", currency="XTS"),
        "unknown_outcome": _with("opportunity_id", outcome="pending"),
        "bad_amount": _with("opportunity_id", amount="tbd"),
    },
    "stage_history": {
        "exact_duplicate": _twice,
        "unknown_opportunity": _with("opportunity_id"),
        "bad_date": _with("", changed_on="0000-00-00"),
    },
    "leads": {
        "exact_duplicate": _twice,
        "lead_other_partner": _names_opportunity_of_another,
        "lead_unknown_opportunity": _names_no_opportunity,
        "older_version": _older("channel"),
        "unknown_partner": _with("lead_id", partner_id=UNKNOWN_PARTNER),
        "bad_date": _with("lead_id", created_on="31.11.2025"),
        "contradicting_rows": _contradicting("lead_id", "channel"),
        "no_channel": _with("lead_id", channel=""),
    },
    "spend": {
        "exact_duplicate": _twice,
        "amount_as_written": _as_a_person_writes_it,
        "negative_amount": _negative(""),
        "unknown_partner": _with("", partner_id=UNKNOWN_PARTNER),
        "bad_date": _with("", month="2025-13-01"),
    },
    "targets": {
        "exact_duplicate": _twice,
        "unknown_partner": _with("", partner_id=UNKNOWN_PARTNER),
        "bad_quarter": _with("", quarter="2025Q5"),
        "bad_value": _with("", value="n/a"),
    },
}
"""Per table: kind of dirt → what it does to a row."""
