"""Close rate: how many leads become customers."""

from __future__ import annotations

from kpilib.charts.rates import draw_close_rate
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Cell, Column, Row, Table
from kpilib.quarter import Quarter
from kpilib.review.changes import change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, group, make_section, target_sentence
from kpilib.review.tables import Show, make_table
from kpilib.review.values import show

__all__ = ["describe"]

_LATER = ("q0", "q1", "q2", "q3")


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section: the rate by channel, region and month, and how each quarter's leads ripen."""
    answer = [_answer(kpi, context), change_sentence(kpi, context), target_sentence(kpi, context)]
    parts = [
        group(draw_close_rate(kpi, context.look), _by(kpi, "region", context)),
        group(_maturity(kpi, context), _by(kpi, "month", context)),
    ]
    return make_section(kpi, context, answer=answer, parts=parts)


def _answer(kpi: Kpi, context: Context) -> str:
    if kpi.value is None:
        return ""
    leads = context.words("count.leads", count=kpi.n)
    return context.words("close_rate.answer", count=kpi.companions["conversions"], leads=leads,
                         rate=show(kpi.unit, kpi.value, context))  # fmt: skip


def _by(kpi: Kpi, name: str, context: Context) -> Table | None:
    frame = kpi.companions.get(f"by_{name}")
    if frame is None or frame[name].isna().all() or not frame["leads"].any():
        return None
    first = Show(name, "month" if name == "month" else "text")
    columns = [first, Show("conversions/leads", "of", "won_of_leads"), Show("rate", "rate_range", "rate_and_interval")]
    return make_table(context.words(f"close_rate.by_{name}"), frame, columns, context, most=8)


def _maturity(kpi: Kpi, context: Context) -> Table | None:
    frame = kpi.companions.get("maturity")
    if frame is None or not frame["leads"].any():
        return None
    words, formats = context.words, context.formats
    largest = max((value for name in _LATER for value in frame[name].dropna()), default=0.0) or 1.0
    rows = []
    for row in frame[frame["leads"] > 0].to_dict("records"):
        quarter = formats.quarter(Quarter.parse(str(row["quarter"]), context.quarter.first_month))
        cells: list[str | Cell] = [quarter, formats.count(row["leads"])]
        for name in _LATER:
            known = row[name] == row[name] and row[name] is not None
            cells.append(Cell(formats.rate(row[name]), row[name] / largest) if known else "")
        rows.append(Row(tuple(cells)))
    labels = [words("column.quarter_of_leads"), words("column.leads"), *(words(f"column.{name}") for name in _LATER)]
    columns = tuple(Column(label, "left" if place == 0 else "right") for place, label in enumerate(labels))
    return Table(words("close_rate.maturity"), columns, tuple(rows), words("close_rate.maturity_note"))
