"""Marketing channels: which of them earn what is spent on them."""

from __future__ import annotations

import pandas as pd

from kpilib.charts.channels import draw_channels
from kpilib.charts.frames import Record, defined, records
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Note, Run, Table
from kpilib.review.changes import change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, make_section, target_sentence
from kpilib.review.tables import Show, make_table

__all__ = ["describe", "verdict_evidence"]

_NUMBERS = [
    Show("leads", "count"), Show("conversions", "count"), Show("rate", "rate"), Show("revenue", "amount"),
    Show("spend", "amount"), Show("cost_per_lead", "amount"), Show("roi", "ratio"),
]  # fmt: skip

_DECIDED = ("cut", "invest")


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section: money in and out by segment and channel, and a verdict for each segment."""
    answer = [_answer(kpi, context), change_sentence(kpi, context), target_sentence(kpi, context)]
    parts = [
        draw_channels(kpi, context.look),
        *_verdicts(kpi, context),
        _table(kpi, context),
    ]
    return make_section(kpi, context, answer=answer, parts=parts)


def verdict_evidence(row: Record, context: Context) -> str:
    """Return why a segment is judged so, in numbers of the trailing four quarters."""
    words, formats = context.words, context.formats
    parts = [
        words("channels.leads_and_deals", leads=words("count.leads", count=int(row["leads"])),
              deals=words("count.deals", count=int(row["deals"])))
    ]  # fmt: skip
    if defined(row["rate"]) and defined(row["others_rate"]):
        parts.append(
            words("channels.rates", rate=formats.known_rate(row["rate"]), others=formats.known_rate(row["others_rate"]))
        )
    elif defined(row["rate"]):
        parts.append(words("channels.rate", rate=formats.known_rate(row["rate"])))
    if defined(row["roi"]):
        revenue, spend = formats.money(row["revenue"]), formats.money(row["spend"])
        parts.append(words("channels.money", revenue=revenue, spend=spend))
    elif row["revenue"]:
        parts.append(words("channels.revenue", revenue=formats.money(row["revenue"])))
    return words("channels.joint").join(parts)


def _answer(kpi: Kpi, context: Context) -> str:
    held, formats = kpi.companions, context.formats
    if kpi.value is None:
        return ""
    return context.words(
        "channels.answer" if held["revenue"] else "channels.answer_nothing",
        revenue=formats.money(held["revenue"]),
        spend=formats.money(held["spend"]),
        back=formats.number(kpi.value + 1, 1, trim=True),
        currency=formats.currency_name,
        roi=formats.number(kpi.value, 1, signed=True),
    )


def _verdicts(kpi: Kpi, context: Context) -> list[Note]:
    """Return the verdicts that ask for a decision; the chart says all of them."""
    words, notes = context.words, []
    for row in records(kpi, "verdicts"):
        if row["verdict"] not in _DECIDED:
            continue
        segment, verdict = words(f"segments.{row['segment']}"), words(f"channels.verdict.{row['verdict']}")
        lead = words("channels.lead", segment=_capital(segment), verdict=verdict)
        notes.append(Note((Run(lead, strong=True), Run(f" {verdict_evidence(row, context)}")), "info"))
    return notes


def _table(kpi: Kpi, context: Context) -> Table | None:
    """Return the segments, each followed by its channels."""
    segments, channels = (kpi.companions.get(name) for name in ("by_segment", "by_channel"))
    if segments is None or channels is None or segments.empty:
        return None
    names = [_capital(context.words(f"segments.{segment}")) for segment in segments["segment"]]
    named = segments.assign(channel=names)
    rows = pd.concat([named.assign(whole=True), channels.assign(whole=False)], ignore_index=True)
    order = {segment: place for place, segment in enumerate(segments["segment"])}
    rows = rows.assign(place=rows["segment"].map(order)).sort_values(
        ["place", "whole"], ascending=[True, False], kind="stable"
    )
    columns = [Show("channel", "name"), *_NUMBERS]
    return make_table(context.words("channels.table"), rows, columns, context, strong=lambda row: row["whole"])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
