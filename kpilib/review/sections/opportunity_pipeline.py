"""Opportunity pipeline: where it stands, and what changed it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pandas as pd

from kpilib.charts.bridge import draw_bridge, draw_bridge_by_month
from kpilib.charts.frames import records
from kpilib.charts.pipeline import draw_pipeline_by_age, draw_pipeline_by_stage
from kpilib.charts.rates import draw_deal_success
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Chart, Table
from kpilib.review.changes import change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, group, make_section, target_sentence
from kpilib.review.tables import Show, make_table

__all__ = ["bridge_picture", "describe"]

_BRIDGE = ("opening", "created", "won", "lost", "lost_to_competitor", "revaluation", "closing")
_MOVES = ("created", "won", "lost", "lost_to_competitor")
_STALE_SHOWN = 5


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section: the bridge month by month, the pipeline by stage and age, and what is stale.

    The quarter's own bridge is the picture of page one.
    """
    answer = [
        _answer(kpi, context),
        _came_and_went(kpi, context),
        change_sentence(kpi, context),
        target_sentence(kpi, context),
        _coverage(kpi, context),
        _stale_sentence(kpi, context),
    ]
    parts = [
        *_month_by_month(kpi, context),
        group(draw_pipeline_by_stage(kpi, context.look), draw_pipeline_by_age(kpi, context.look)),
        group(draw_deal_success(context.kpis["deal_success"], context.look, by="stage"), _stale(kpi, context)),
    ]
    headline = ""
    if kpi.companions.get("lead_with_count"):
        headline = context.words("kpi.opportunity_pipeline.n", count=kpi.companions["count"])
    return make_section(kpi, context, answer=answer, parts=parts, small=_notes(kpi, context), headline=headline)


def bridge_picture(kpi: Kpi, context: Context) -> Chart | None:
    """Return the quarter's waterfall, its heading a sentence; in numbers where few amounts are known."""
    bridge = kpi.companions.get("bridge_quarter")
    if bridge is None or bridge.empty:
        return None
    by_count = bool(kpi.companions.get("lead_with_count"))
    row = bridge.to_dict("records")[0]
    suffix = "_count" if by_count else ""
    came = row[f"created{suffix}"]
    went = row[f"won{suffix}"] + row[f"lost{suffix}"] + row[f"lost_to_competitor{suffix}"]
    if came == went == 0:
        heading = context.words("pipeline.picture.still")
    else:
        heading = context.words(f"pipeline.picture.{'less' if came < went else 'more' if came > went else 'even'}")
    rivals = records(context.kpis["deal_success"], "lost_to")
    competitor = str(rivals[0]["competitor"]) if len(rivals) == 1 else None
    measure: Literal["amount", "count"] = "count" if by_count else "amount"
    return draw_bridge(kpi, context.look, title=heading, measure=measure, competitor=competitor)


def _answer(kpi: Kpi, context: Context) -> str:
    held, formats = kpi.companions, context.formats
    if held["count"] == 0:
        return context.words("pipeline.none")
    if held["lead_with_count"]:
        return context.words("pipeline.by_count", count=held["count"], share=formats.rate(held["valued_share"], 0),
                             amount=formats.money(kpi.value))  # fmt: skip
    return context.words("pipeline.answer", count=held["count"], amount=formats.money(kpi.value),
                         weighted=formats.money(held["weighted"]))  # fmt: skip


def _came_and_went(kpi: Kpi, context: Context) -> str:
    bridge = kpi.companions.get("bridge_quarter")
    if bridge is None or bridge.empty:
        return ""
    row, money = bridge.to_dict("records")[0], context.formats.money
    if not any(row[f"{name}_count"] for name in ("won", "lost", "lost_to_competitor")):
        if not row["created_count"]:
            return context.words("pipeline.flow_nothing")
        return context.words("pipeline.flow_in", created=money(row["created"]))
    lost = row["lost"] + row["lost_to_competitor"]
    key = "pipeline.flow_competitor" if row["lost_to_competitor_count"] else "pipeline.flow"
    return context.words(
        key, created=money(row["created"]), won=money(row["won"]), lost=money(lost),
        competitor=money(row["lost_to_competitor"]),
    )  # fmt: skip


def _coverage(kpi: Kpi, context: Context) -> str:
    coverage, target = kpi.companions.get("coverage"), kpi.companions.get("next_target")
    if coverage is None:
        return ""
    shown = "" if target is None else context.formats.money(target)
    return context.words("pipeline.coverage", times=context.formats.number(coverage, 1), target=shown)


def _stale_sentence(kpi: Kpi, context: Context) -> str:
    stale, limit = kpi.companions.get("stale"), kpi.companions.get("stale_limit")
    if stale is None or limit is None:
        return ""
    days = context.formats.days(limit)
    if stale.empty:
        return context.words("pipeline.no_stale", days=days)
    amount = sum(stale["amount"].dropna(), Decimal(0))
    return context.words("pipeline.stale", count=len(stale), days=days, amount=context.formats.money(amount))


def _month_by_month(kpi: Kpi, context: Context) -> list[Chart | Table | None]:
    """Return the months as a chart and exactly; nothing when all that moved did so in one month."""
    months, quarter = kpi.companions.get("bridge"), kpi.companions.get("bridge_quarter")
    if months is None or months.empty or quarter is None:
        return []
    if (months[[f"{name}_count" for name in _MOVES]].sum(axis=1) > 0).sum() < 2:
        return []
    measure: Literal["amount", "count"] = "count" if kpi.companions.get("lead_with_count") else "amount"
    return [draw_bridge_by_month(kpi, context.look, measure=measure), _bridge_table(months, quarter, context)]


def _bridge_table(months: pd.DataFrame, quarter: pd.DataFrame, context: Context) -> Table:
    names = [name for name in _BRIDGE if name != "revaluation" or any(months[name] != 0)]
    whole = context.words("pipeline.whole")
    rows = pd.concat([months.assign(period=[context.formats.month(month) for month in months["month"]]),
                      quarter.assign(period=whole)], ignore_index=True)  # fmt: skip
    shows = [Show("period", "name", "month"), *(Show(name, "exact") for name in names)]
    title = context.words("pipeline.bridge", currency=context.formats.currency_name)
    return make_table(title, rows, shows, context, strong=lambda row: row["period"] == whole)


def _stale(kpi: Kpi, context: Context) -> Table | None:
    """Return the largest of the stale opportunities."""
    stale = kpi.companions.get("stale")
    if stale is None or stale.empty:
        return None
    largest = stale.assign(known=stale["amount"].astype(float).fillna(0.0))
    largest = largest.sort_values(["known", "opportunity_id"], ascending=[False, True], kind="stable")
    columns = [Show("opportunity_id", "text"), Show("stage", "text"), Show("age", "days"), Show("amount", "amount")]
    return make_table(context.words("pipeline.stale_title"), largest, columns, context, most=_STALE_SHOWN)


def _notes(kpi: Kpi, context: Context) -> list[str]:
    words, held = context.words, kpi.companions
    notes = []
    if held.get("amounts_as_exported"):
        notes.append(words("pipeline.as_exported"))
    stages = held.get("by_stage")
    if stages is not None and stages["stage"].isna().any():
        notes.append(words("pipeline.stage_unknown"))
    if held.get("weighted_by") is not None:
        notes.append(words(f"pipeline.weighted_by.{held['weighted_by']}"))
    if held.get("stale") is None and held["count"]:
        notes.append(words("pipeline.stale_not_shown"))
    return notes
