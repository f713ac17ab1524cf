"""A KPI's value as text, by its unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from kpilib.formats import UNDEFINED, Formats
from kpilib.kpis.kpi import Kpi
from kpilib.language import Words

__all__ = ["Speaker", "interval_text", "show", "show_difference", "show_parts", "show_target"]

Number = Decimal | float | int | None


class Speaker(Protocol):
    """Who writes values: in a language, in a currency, for readers within the channel team or beyond it."""

    @property
    def words(self) -> Words:
        """The texts of the language."""

    @property
    def formats(self) -> Formats:
        """How values are written."""

    @property
    def internal(self) -> bool:
        """Whether the pack is for the channel team alone."""


def show(unit: str, value: Number, context: Speaker) -> str:
    """Return a value with its unit; None is an en dash."""
    formats = context.formats
    if value is None:
        return UNDEFINED
    if unit == "money_per_day":
        return context.words("unit.per_day", money=formats.money(value))
    if unit == "money":
        return formats.money(value)
    if unit == "rate":
        return formats.known_rate(float(value))
    return show_parts(unit, value, context)[0]


def show_target(unit: str, value: Number, context: Speaker) -> str:
    """Return a target with its unit: as it was set, a percentage without a needless decimal."""
    if unit != "rate" or value is None:
        return show(unit, value, context)
    tenths = round(float(value) * 1000)
    return context.formats.rate(float(value), 0 if tenths % 10 == 0 else 1)


def show_parts(unit: str, value: Number, context: Speaker) -> tuple[str, str]:
    """Return a value as number and unit, to be set in two sizes."""
    formats = context.formats
    if value is None:
        return UNDEFINED, ""
    if unit in {"money", "money_per_day"}:
        number, unit_text = formats.money_parts(value)
        return number, context.words("unit.per_day", money=unit_text) if unit == "money_per_day" else unit_text
    if unit == "rate":
        return formats.known_rate_parts(float(value))
    if unit == "ratio":
        return formats.number(value, 1, signed=True), ""
    if unit == "score":
        # A partner sees whole numbers: more digits would tell of the cohort's means.
        return formats.number(value, 1 if context.internal else 0), ""
    return formats.number(value, 0), ""


def show_difference(unit: str, difference: Number, context: Speaker) -> str:
    """Return a difference with its sign and unit."""
    formats = context.formats
    if difference is None:
        return UNDEFINED
    if unit in {"money", "money_per_day"}:
        return formats.money(difference, signed=True)
    if unit == "rate":
        return formats.points(float(difference))
    return formats.number(difference, {"ratio": 1, "count": 0}.get(unit, 1 if context.internal else 0), signed=True)


def interval_text(kpi: Kpi, context: Speaker) -> str:
    """Return a KPI's interval in words, or an empty text when it has none."""
    interval = kpi.interval
    if interval is None:
        return ""
    low, high = show(kpi.unit, interval.low, context), show(kpi.unit, interval.high, context)
    return context.words(f"interval.{interval.method}", low=low, high=high)
