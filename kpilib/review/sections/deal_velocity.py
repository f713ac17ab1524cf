"""Deal velocity: how fast revenue comes, and which of its four factors moved it."""

from __future__ import annotations

from kpilib.charts.frames import defined
from kpilib.charts.velocity import draw_velocity_factors
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Column, Row, Table
from kpilib.review.changes import change_of, change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, make_section, target_sentence
from kpilib.review.values import show

__all__ = ["describe"]

_UNITS = {"opportunities": "count", "deal_success": "rate", "average_deal_size": "money", "cycle": "days"}


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section: the product of four factors, and each factor's part in the change, as chart or as table."""
    answer = [_answer(kpi, context), change_sentence(kpi, context), _mover(kpi, context), target_sentence(kpi, context)]
    parts = [draw_velocity_factors(kpi, context.look) or _factors(kpi, context)]
    return make_section(kpi, context, answer=answer, parts=parts)


def _answer(kpi: Kpi, context: Context) -> str:
    held = kpi.companions
    if kpi.value is None:
        return ""
    return context.words(
        "velocity.answer",
        value=show(kpi.unit, kpi.value, context),
        opportunities=context.words("count.opportunities", count=held["opportunities"]),
        success=context.formats.rate(held["deal_success"], 0),
        size=context.formats.money(held["average_deal_size"]),
        cycle=context.formats.days(held["cycle"]),
    )


def _mover(kpi: Kpi, context: Context) -> str:
    """Return which factor moved the velocity most the way it went: arithmetic, not a claim."""
    change, frame = change_of(kpi), kpi.companions.get("factors")
    if kpi.value is None or change is None or frame is None or frame.empty:
        return ""
    column, then = ("log_year_ago", "year_ago") if change is kpi.year_ago else ("log_previous", "previous")
    rows = [row for row in frame.to_dict("records") if defined(row[column])]
    total = sum(row[column] for row in rows)
    if not rows or total == 0:
        return ""
    largest = max(rows, key=lambda row: row[column] * total)
    name = largest["factor"]
    return context.words(
        f"velocity.{'raised' if total > 0 else 'lowered'}",
        factor=context.words(f"velocity.factor.{name}"),
        now=_write(name, largest["now"], context),
        then=_write(name, largest[then], context),
    )


def _factors(kpi: Kpi, context: Context) -> Table | None:
    frame = kpi.companions.get("factors")
    if kpi.value is None or frame is None or frame.empty:
        return None
    words, formats = context.words, context.formats
    comparisons = [
        (column, log, change)
        for column, log, change in (
            ("year_ago", "log_year_ago", kpi.year_ago),
            ("previous", "log_previous", kpi.previous),
        )
        if change is not None and change.value is not None
    ]
    labels = [words("column.factor"), formats.quarter(context.quarter)]
    for _, _, change in comparisons:
        labels += [context.quarter_label(change.quarter, change.as_of), words("column.part")]
    rows = []
    for row in frame.to_dict("records"):
        name = row["factor"]
        cells = [words(f"velocity.factor.{name}"), _write(name, row["now"], context)]
        for column, log, _ in comparisons:
            part = row[log] if defined(row[log]) else None
            cells += [_write(name, row[column], context), formats.number(part, 2, signed=True)]
        rows.append(Row(tuple(cells)))
    columns = tuple(Column(label, "right" if place else "left") for place, label in enumerate(labels))
    note = words("velocity.parts_note") if comparisons else ""
    return Table(words("velocity.factors"), columns, tuple(rows), note)


def _write(factor: str, value: float | None, context: Context) -> str:
    if not defined(value):
        return context.formats.number(None)
    if _UNITS[factor] == "days":
        return context.formats.days(value)
    return show(_UNITS[factor], value, context)
