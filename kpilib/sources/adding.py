"""Adds up rows that our table wants as one, such as the campaigns of one month and channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from kpilib.contract.signs import read_signs
from kpilib.contract.tables import TABLES
from kpilib.contract.values import read_dates, read_decimals, read_text
from kpilib.sources.batch import Batch, Format
from kpilib.sources.reader import BATCH_ROWS

__all__ = ["add_up"]


def add_up(batches: Sequence[Batch], amount: str) -> Iterator[Batch]:
    """Return the rows of one file with the amounts of those added up that are otherwise equal.

    A month is any day of it. A row whose amount or month cannot be read is given as it is, for the contract
    to reject; a negative amount too.
    """
    table = TABLES[batches[0].table] if batches else None
    sums: dict[tuple[Any, ...], tuple[int, Decimal]] = {}
    added = 0
    for batch in batches:
        assert table is not None
        names = [name for name in batch.data.column_names if name != amount]
        how = batch.formats.get(amount, Format())
        raw = batch.data[amount].combine_chunks()
        amounts = read_decimals(raw, table.column(amount), how.decimal).values.to_pylist()
        # Amounts of different currencies are never one sum.
        columns = [*(_key_column(batch, name) for name in names), read_signs(read_text(raw)).to_pylist()]
        apart = []
        for place, (row, value, *key) in enumerate(zip(batch.rows.to_pylist(), amounts, *columns, strict=True)):
            if value is None or value < 0 or any(part is _UNREADABLE for part in key):
                apart.append(place)
                continue
            first, total = sums.get(tuple(key), (row, Decimal(0)))
            added += tuple(key) in sums
            sums[tuple(key)] = (first, total + value)
        places = pa.array(apart, pa.int64())
        yield replace(batch, data=batch.data.take(places), rows=batch.rows.take(places))
    if sums:
        yield from _summed(batches[0], sums, [*names, amount], added)


_UNREADABLE = object()


def _key_column(batch: Batch, name: str) -> list[Any]:
    array = batch.data[name].combine_chunks()
    if TABLES[batch.table].column(name).kind != "date":
        return list(read_text(array).to_pylist())
    days = read_dates(array, batch.formats.get(name, Format()).date).values.to_pylist()
    return [_UNREADABLE if day is None else _first(day) if name == "month" else day.date().isoformat() for day in days]


def _first(day: datetime) -> str:
    return day.date().replace(day=1).isoformat()


def _summed(
    like: Batch, sums: dict[tuple[Any, ...], tuple[int, Decimal]], names: list[str], added: int
) -> Iterator[Batch]:
    *keys, signs = zip(*sums, strict=True)
    totals = (format(total.normalize(), "f") for _, total in sums.values())
    amounts = [f"{total} {sign}" if sign else total for total, sign in zip(totals, signs, strict=True)]
    data = pa.table({name: pa.array(values, pa.string()) for name, values in zip(names, [*keys, amounts], strict=True)})
    rows = pa.array([row for row, _ in sums.values()], pa.int64())
    for start in range(0, len(rows), BATCH_ROWS):
        left_out = {f"added up into one {names[-1]}": added} if added and not start else {}
        yield Batch(
            like.table, like.file, rows.slice(start, BATCH_ROWS), data.slice(start, BATCH_ROWS),
            dict.fromkeys(like.formats, Format()), (), left_out,
        )  # fmt: skip
