"""Frames → small tables of a pack: which columns, under which labels, written how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from kpilib.formats import UNDEFINED
from kpilib.money import minor_digits
from kpilib.parts import Column, Row, Table
from kpilib.quarter import Quarter
from kpilib.review.context import Context

__all__ = ["Show", "label_or", "make_table"]

Kind = Literal[
    "text", "name", "month", "quarter", "date", "count", "amount", "signed", "exact", "rate", "share", "ratio",
    "of", "rate_range", "days",
]  # fmt: skip
_TEXTS = frozenset(("text", "name", "month", "quarter", "date"))


@dataclass(frozen=True)
class Show:
    """One column of a table: its name in the frame, its kind, and its label's key below ``column.``.

    ``of`` shows two of the frame's columns, named with ``/`` between: so many of so many; ``rate_range`` a rate
    with its interval, from the columns ``low`` and ``high``.
    """

    name: str
    kind: Kind
    label: str = ""

    @property
    def key(self) -> str:
        """The label's key in the catalogue."""
        return f"column.{self.label or self.name}"


def make_table(
    title: str,
    frame: pd.DataFrame,
    columns: Iterable[Show],
    context: Context,
    *,
    note: str = "",
    strong: Callable[[Mapping[str, Any]], bool] = lambda _: False,
    most: int | None = None,
) -> Table:
    """Return a table of a frame's columns, in the frame's order.

    Parameters
    ----------
    title, note
        texts.
    strong
        which rows are set strong, by the row's values.
    most
        how many rows are shown; the note then says how many more there are.
    """
    shown = [column for column in columns if column.name in frame.columns or column.kind == "of"]
    held = frame if most is None or len(frame) <= most else frame.head(most)
    if len(held) < len(frame):
        note = " ".join(filter(None, (note, context.words("table.more", count=len(frame) - len(held)))))
    rows = []
    for values in held.to_dict("records"):
        row = {str(name): None if _missing(value) else value for name, value in values.items()}
        rows.append(Row(tuple(_cell(column, row, context) for column in shown), strong(row)))
    return Table(
        title,
        tuple(Column(_label(column, context), "left" if column.kind in _TEXTS else "right") for column in shown),
        tuple(rows),
        note,
    )


def label_or(value: Any, fallback: str) -> str:
    """Return a value as text, or the fallback where it is blank."""
    return fallback if _missing(value) or value == "" else str(value)


def _label(column: Show, context: Context) -> str:
    label = context.words(column.key)
    if column.kind not in {"amount", "signed"}:
        return label
    return context.words("table.in_currency", label=label, currency=context.formats.currency_name)


def _cell(column: Show, row: Mapping[str, Any], context: Context) -> str:
    formats, words = context.formats, context.words
    if column.kind == "of":
        # The name is that of two columns: what counts, and what it is counted among.
        hits, among = (row[name] for name in column.name.split("/"))
        return words("table.of", hits=formats.count(hits), among=formats.count(among))
    value = row[column.name]
    if column.kind == "rate_range" and value is not None:
        low, high = formats.rate_parts(row["low"], 0)[0], formats.rate(row["high"], 0)
        return words("table.rate_range", rate=formats.rate(value, 0), low=low, high=high)
    if column.kind == "text":
        return _text(column, value, context)
    return UNDEFINED if value is None else _writers(context)[column.kind](value)


def _writers(context: Context) -> dict[Kind, Callable[[Any], str]]:
    """Return how a value of each kind is written."""
    formats = context.formats
    first_month, this_year = context.quarter.first_month, context.as_of.year
    return {
        "name": str,
        "quarter": lambda name: formats.quarter(Quarter.parse(str(name), first_month)),
        "month": formats.month,
        "date": lambda day: formats.short_date(day) if day.year == this_year else formats.date(day),
        "count": formats.count,
        "amount": formats.amount,
        "signed": lambda number: formats.amount(number, signed=True),
        "exact": lambda number: formats.number(number, minor_digits(formats.currency)),
        "rate": formats.rate,
        "share": lambda number: formats.rate(number, 0),
        "ratio": lambda number: formats.number(number, 1, signed=True),
        "days": lambda number: formats.number(number, 0),
        "rate_range": formats.rate,
    }


def _text(column: Show, value: Any, context: Context) -> str:
    """Return a name as it is in the data; a code of ours, or what stands for a blank, in words."""
    words = context.words
    return label_or(value, words("stages.unknown" if column.name == "stage" else "column.blank"))


def _missing(value: Any) -> bool:
    return value is None or (not isinstance(value, (list, tuple)) and bool(pd.isna(value)))
