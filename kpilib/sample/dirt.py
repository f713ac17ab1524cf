"""What is wrong on purpose: the flaws of real exports, each of which must be found when the rows are read.

A flawed row stands behind a good one, with an id of its own, or it is a good one in other clothes that can be
put right. So the good rows are the same with and without the dirt, and it is known what must become of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
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
    return Spoiled(behind=rows)


def _twice(row: Row, _other: Row) -> Spoiled:
    return _behind(row)


def _older(column: str) -> Flaw:
    """The state before the last change, which the export has left in."""

    def spoil(row: Row, other: Row) -> Spoiled | None:
        if row["modified_on"] <= row["created_on"] or other[column] in {"", row[column]}:
            return None
        return _behind({**row, column: other[column], "modified_on": row["created_on"]})

    return spoil


def _conflicting(key: str, column: str) -> Flaw:
    """Two rows with one id that differ, and nothing says which is the later."""

    def spoil(row: Row, other: Row) -> Spoiled | None:
        if "" in {row[column], other[column]} or row[column] == other[column]:
            return None
        first = {**row, key: f"{row[key]}X", "modified_on": ""}
        return _behind(first, {**first, column: other[column]})

    return spoil


def _with(key: str = "", /, only: str = "", **cells: str) -> Flaw:
    """A row with an id of its own and some cells that cannot be; ``only`` is the outcome that it fits."""

    def spoil(row: Row, _other: Row) -> Spoiled | None:
        if only and row["outcome"] != only:
            return None
        return _behind({**row, **({key: f"{row[key]}X"} if key else {}), **cells})

    return spoil


def _on_no_day(key: str, column: str, written: str) -> Flaw:
    """A date that no calendar has, in the row's year."""

    def spoil(row: Row, other: Row) -> Spoiled | None:
        return _with(key, **{column: written.format(year=row[column][:4])})(row, other)

    return spoil


def _closed_before_created(row: Row, other: Row) -> Spoiled | None:
    if row["outcome"] == "open" or row["closed_on"] == row["created_on"]:
        return None
    return _with("opportunity_id", created_on=row["closed_on"], closed_on=row["created_on"])(row, other)


def _negative(key: str = "") -> Flaw:
    def spoil(row: Row, other: Row) -> Spoiled | None:
        return _with(key, amount=f"-{row['amount']}")(row, other) if row["amount"] else None

    return spoil


def _as_a_person_writes_it(row: Row, _other: Row) -> Spoiled | None:
    """An amount such as $1,200.50, in place."""
    if row["currency"] not in {"USD", ""} or len(row["amount"]) < len("1200.50"):
        return None
    return Spoiled({"amount": f"${Decimal(row['amount']):,}"})


def _expected_some_day(row: Row, _other: Row) -> Spoiled | None:
    """A guess in words where an open row has its expected date, in place."""
    return Spoiled({"closed_on": "next spring"}) if row["outcome"] == "open" and not row["closed_on"] else None


def _names_opportunity_of_another(row: Row, other: Row) -> Spoiled | None:
    """A lead without success that names another partner's opportunity, in place."""
    if row["opportunity_id"] or not other["opportunity_id"] or row["partner_id"] == other["partner_id"]:
        return None
    return Spoiled({"opportunity_id": other["opportunity_id"]})


def _names_no_opportunity(row: Row, other: Row) -> Spoiled | None:
    """A lead without success that names an opportunity that no table has, in place."""
    if row["opportunity_id"] or not other["opportunity_id"]:
        return None
    return Spoiled({"opportunity_id": f"{other['opportunity_id']}Y"})


def _of_no_segment(row: Row, _other: Row) -> Spoiled | None:
    return None if row["segment"] else Spoiled({"segment": "tbc"})


def _on_another_day(row: Row, _other: Row) -> Spoiled:
    """The day of the invoice where the month's first day should stand, in place."""
    return Spoiled({"month": f"{row['month'][:-2]}17"})


FLAWS: dict[str, dict[str, Flaw]] = {
    "opportunities": {
        "exact_duplicate": _twice,
        "amount_as_written": _as_a_person_writes_it,
        "older_version": _older("amount"),
        "closed_before_created": _closed_before_created,
        "unknown_partner": _with("opportunity_id", partner_id=UNKNOWN_PARTNER),
        "not_a_date": _on_no_day("opportunity_id", "created_on", "{year}-02-30"),
        "negative_amount": _negative("opportunity_id"),
        "conflicting_versions": _conflicting("opportunity_id", "amount"),
        "won_without_amount": _with("opportunity_id", only="won", amount=""),
        "closed_without_date": _with("opportunity_id", only="lost", closed_on=""),
        "unknown_currency": _with("opportunity_id", currency="XTS"),
        "unknown_outcome": _with("opportunity_id", outcome="pending"),
        "not_a_number": _with("opportunity_id", amount="on request"),
        "expected_on_unreadable": _expected_some_day,
    },
    "stage_history": {
        "exact_duplicate": _twice,
        "unknown_opportunity": _with("opportunity_id"),
        "not_a_date": _on_no_day("", "changed_on", "0000-00-00"),
    },
    "leads": {
        "exact_duplicate": _twice,
        "lead_other_partner": _names_opportunity_of_another,
        "lead_unknown_opportunity": _names_no_opportunity,
        "older_version": _older("channel"),
        "unknown_partner": _with("lead_id", partner_id=UNKNOWN_PARTNER),
        "not_a_date": _on_no_day("lead_id", "created_on", "31.11.{year}"),
        "conflicting_versions": _conflicting("lead_id", "channel"),
        "missing_value": _with("lead_id", channel=""),
        "unknown_segment": _of_no_segment,
    },
    "spend": {
        "exact_duplicate": _twice,
        "amount_as_written": _as_a_person_writes_it,
        "negative_amount": _negative(),
        "unknown_partner": _with(partner_id=UNKNOWN_PARTNER),
        "not_a_date": _on_no_day("", "month", "{year}-13-01"),
        "month_not_first_day": _on_another_day,
    },
    "targets": {
        "exact_duplicate": _twice,
        "unknown_partner": _with(partner_id=UNKNOWN_PARTNER),
        "not_a_quarter": _with(quarter="2025Q5"),
        "not_a_number": _with(value="as agreed"),
        "unknown_metric": _with(metric="happiness"),
    },
}
"""Per table: kind of dirt → what it does to a row. A kind bears the name of the reason that the contract gives."""
