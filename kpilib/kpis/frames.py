"""Frames of companions: columns with the kinds that charts and tables rely on, and rows grouped by a label.

Money is `Decimal` in major units (None where undefined), a count ``int64``, a rate or ratio ``float64`` (NaN where
undefined), a day ``datetime64[s]``, text ``str`` (missing where blank). An empty frame has the same columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from kpilib.facts import Facts
from kpilib.quarter import add_months
from kpilib.statistics import wilson

__all__ = [
    "counts",
    "days",
    "frame",
    "group",
    "money",
    "month_of",
    "months",
    "quotients",
    "rate_columns",
    "ratio",
    "ratios",
    "texts",
]

T = TypeVar("T")


Column = Any
"""An array of one column's values: frames of arrays are made much faster than frames of series."""


def frame(columns: Mapping[str, Column]) -> pd.DataFrame:
    """Return a frame of such columns."""
    return pd.DataFrame(dict(columns))


def money(facts: Facts, minors: Iterable[int | None]) -> Column:
    """Return a column of money, given in minor units."""
    return quotients(None if minor is None else facts.money(minor) for minor in minors)


def quotients(values: Iterable[Decimal | None]) -> Column:
    """Return a column of money that is a quotient, and so no whole number of minor units."""
    return np.array(list(values), dtype="object")


def counts(values: Iterable[int]) -> Column:
    """Return a column of counts."""
    return np.array(list(values), dtype="int64")


def ratios(values: Iterable[float | None]) -> Column:
    """Return a column of rates or other ratios."""
    return np.array(list(values), dtype="float64")


def texts(values: Iterable[str | None]) -> Column:
    """Return a column of texts."""
    return pd.array(list(values), dtype="str")


def days(values: Iterable[date]) -> Column:
    """Return a column of days."""
    return np.array(list(values), dtype="datetime64[s]")


def ratio(numerator: float | Decimal, denominator: float | Decimal) -> float | None:
    """Return a quotient as a fraction, or None where the denominator is 0."""
    return float(Decimal(numerator) / Decimal(denominator)) if denominator else None


def rate_columns(successes: Sequence[int], trials: Sequence[int]) -> dict[str, Column]:
    """Return the columns rate, low and high of some rates, with Wilson's bounds."""
    pairs = list(zip(successes, trials, strict=True))
    bounds = [wilson(hits, of) if of else (None, None) for hits, of in pairs]
    return {
        "rate": ratios(ratio(hits, of) for hits, of in pairs),
        "low": ratios(low for low, _ in bounds),
        "high": ratios(high for _, high in bounds),
    }


def group(labels: Iterable[T], order: Callable[[T], Any] = str) -> dict[T, list[int]]:
    """Return the places at which each label stands: label → places; sorted, the blank label last."""
    places: dict[T, list[int]] = {}
    for place, label in enumerate(labels):
        places.setdefault(label, []).append(place)
    named = sorted((label for label in places if label is not None), key=order)
    blank = [label for label in places if label is None]
    return {label: places[label] for label in (*named, *blank)}


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def months(start: date, day: date) -> list[date]:
    """Return the first days of the months from a quarter's start to a day."""
    found = [start]
    while add_months(found[-1], 1) <= day:
        found.append(add_months(found[-1], 1))
    return found
