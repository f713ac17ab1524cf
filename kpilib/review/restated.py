"""What changed in last quarter's figures since they were issued: the value then, the value now, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kpilib.kpis.kpi import Kpi
from kpilib.parts import Column, Row, Section, Table
from kpilib.quarter import Quarter
from kpilib.review.context import Context
from kpilib.review.values import show

__all__ = ["describe_restated"]


@dataclass(frozen=True)
class _Restatement:
    kpi: Kpi
    then: float | None
    now: float | None
    rows_then: int
    rows_now: int


def describe_restated(context: Context) -> Section | None:
    """Return the section on restated figures; None when nothing was issued, or nothing differs."""
    issued: Mapping[str, Any] | None = context.slice.content["issued"]
    if issued is None:
        return None
    changed = [found for kpi in context.kpis.values() if (found := _compare(kpi, issued, context)) is not None]
    if not changed:
        return None
    words = context.words
    quarter = context.formats.quarter(Quarter.parse(issued["quarter"], context.quarter.first_month))
    labels = ("kpi", "then", "now", "why")
    table = Table(
        words("restated.title", quarter=quarter),
        tuple(Column(words(f"column.{name}"), "right" if name in {"then", "now"} else "left") for name in labels),
        tuple(_row(found, context) for found in changed),
    )
    return Section(
        id="restated",
        title=words("restated.name"),
        question=words("restated.question"),
        answer=words("restated.answer", count=len(changed), quarter=quarter),
        parts=(table,),
    )


def _compare(kpi: Kpi, issued: Mapping[str, Any], context: Context) -> _Restatement | None:
    """Return a KPI whose value as issued differs, as it is shown, from today's value for the same quarter."""
    then: Mapping[str, Any] | None = issued["kpis"].get(kpi.key)
    change = kpi.previous
    # A pack of a running quarter reads the one before at the same day: that is not what was issued.
    if then is None or change is None or change.quarter != issued["quarter"] or str(change.as_of) != issued["as_of"]:
        return None
    value = then["value"]
    if show(kpi.unit, _number(value), context) == show(kpi.unit, _number(change.value), context):
        return None
    return _Restatement(kpi, value, None if change.value is None else float(change.value), int(then["n"]), change.n)


def _row(found: _Restatement, context: Context) -> Row:
    words, kpi = context.words, found.kpi
    if found.rows_then != found.rows_now:
        count = context.formats.count
        why = words("restated.why.n", then=count(found.rows_then), now=count(found.rows_now))
    else:
        why = words("restated.why.cohort" if kpi.key == "quality_score" else "restated.why.rows")
    return Row(
        (
            words(f"kpi.{kpi.key}.name"),
            show(kpi.unit, _number(found.then), context),
            show(kpi.unit, _number(found.now), context),
            why,
        )
    )


def _number(value: Decimal | float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(float(value)))
