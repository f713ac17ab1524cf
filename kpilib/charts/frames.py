"""Companions as charts read them: rows of plain values, money as floats to draw with, labels for what is blank."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from kpilib.charts.canvas import Look
    from kpilib.kpis.kpi import Kpi

__all__ = ["Record", "as_day", "defined", "label", "numbers", "records"]

Record = dict[str, Any]


def records(kpi: Kpi, companion: str) -> list[Record]:
    """Return a companion's rows; none where there is no such companion."""
    frame: pd.DataFrame | None = kpi.companions.get(companion)
    if frame is None:
        return []
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def defined(value: Any) -> bool:
    """Say whether a cell holds a value: neither None nor one of pandas' missing values."""
    return value is not None and bool(value == value)  # noqa: PLR0124 - what is missing in pandas is not itself


def numbers(values: Iterable[Any]) -> list[float]:
    """Return amounts, counts or rates as floats to draw with; NaN where one is missing."""
    return [float(value) if defined(value) else math.nan for value in values]


def label(value: Any, look: Look) -> str:
    """Return a row's name; what the source leaves blank is called so."""
    return str(value) if defined(value) and str(value).strip() else look.words("charts.blank")


def as_day(value: Any) -> dt.date:
    """Return the day of a date or timestamp."""
    return value.date() if isinstance(value, dt.datetime) else value
