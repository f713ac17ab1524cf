"""The eight cards of page one: the same six slots each, so that a row of them reads across."""

from __future__ import annotations

from decimal import Decimal

from kpilib.charts.frames import records
from kpilib.kpis.kpi import Kpi, Target
from kpilib.parts import Card, Spark, StatusMark, TargetBar
from kpilib.review.changes import change_of, change_text, previous_text
from kpilib.review.context import Context
from kpilib.review.values import interval_text, show, show_parts, show_target

__all__ = ["card_of", "status_mark"]

_TREND = 8
_LEAST = 2
_YEAR_AGO = 3  # of eight quarters, the last of which is now


def card_of(kpi: Kpi, context: Context) -> Card:
    """Return a KPI's card."""
    number, unit = show_parts(kpi.unit, kpi.value, context)
    beside = _beside(kpi, context)
    if kpi.companions.get("lead_with_count"):
        # Too few amounts are known for their sum to stand for the pipeline.
        number = context.formats.count(kpi.companions["count"])
        unit, beside = context.words("card.by_count", money=context.formats.money(kpi.value)), ""
    return Card(
        key=kpi.key,
        name=context.words(f"kpi.{kpi.key}.name"),
        value=number,
        unit=_join_unit(kpi, unit, beside, context),
        status=status_mark(kpi, context),
        change=_change(kpi, context),
        previous=previous_text(kpi, context),
        spark=_spark(kpi, context),
        target=_target(kpi, context),
        cohort=_cohort(kpi, context),
    )


def status_mark(kpi: Kpi, context: Context) -> StatusMark:
    """Return a KPI's status in a word."""
    return StatusMark(kpi.status.key, context.words(f"status.{kpi.status.key}"))


def _join_unit(kpi: Kpi, unit: str, beside: str, context: Context) -> str:
    if not (unit and beside):
        return unit or beside
    return context.words("card.rate_of" if kpi.unit == "rate" else "card.unit_and_n", unit=unit, n=beside)


def _beside(kpi: Kpi, context: Context) -> str:
    """Return what stands small beside the value: how many it rests on, or what it is measured by."""
    words, formats, held = context.words, context.formats, kpi.companions
    if kpi.value is None:
        return ""
    if kpi.key == "deal_count":
        return words("card.won", amount=formats.money(held["won_amount"]))
    if kpi.key == "marketing_channels":
        return words("card.spent", amount=formats.money(held["spend"]))
    if kpi.key == "opportunity_pipeline":
        return words("card.open", count=held["count"])
    if kpi.key == "quality_score":
        return words("card.mean_partner")
    key = f"card.n.{kpi.key}"
    return words(key, count=kpi.n) if words.has(key) else ""


def _change(kpi: Kpi, context: Context) -> str:
    """Return the change, and the one companion that most qualifies the value."""
    words, formats, held = context.words, context.formats, kpi.companions
    if kpi.key == "deal_velocity" and (cycle := _cycle_claim(kpi)) is not None:
        faster, now, then, quarter = cycle
        return words(f"card.{'faster' if faster else 'slower'}", now=formats.days(now), then=formats.days(then),
                     quarter=formats.quarter(quarter))  # fmt: skip
    also = ""
    if kpi.key == "quality_score" and held.get("own_past") is not None:
        also = words("card.own_past", value=formats.number(held["own_past"], 0))
    if kpi.key == "opportunity_pipeline" and held.get("stale") is not None and len(held["stale"]):
        also = words("card.stale", count=len(held["stale"]), days=formats.days(held["stale_limit"]))
    if kpi.key == "marketing_channels":
        cut = [words(f"segments.{row['segment']}") for row in records(kpi, "verdicts") if row["verdict"] == "cut"]
        also = words("card.cut", segments=formats.join(cut)) if cut else ""
        if kpi.value is not None and held["revenue"] and not cut:
            also = words("card.back", back=formats.number(kpi.value + 1, 1, trim=True), currency=formats.currency_name)
    change = change_text(kpi, context)
    return words("card.change_and", change=change.rstrip("."), also=also) if also else change


def _cycle_claim(kpi: Kpi) -> tuple[bool, float, float, str] | None:
    """Return the cycle now and a year ago where the claim of the velocity is the cycle's own."""
    change = kpi.year_ago
    if change is None or change.claim not in {"better", "worse"} or "factors" not in kpi.companions:
        return None
    claim = kpi.companions.get("cycle_claim")
    if claim != change.claim:
        return None
    factors = kpi.companions["factors"].set_index("factor")
    return claim == "better", float(factors.at["cycle", "now"]), float(factors.at["cycle", "year_ago"]), change.quarter


def _spark(kpi: Kpi, context: Context) -> Spark | None:
    """Return the trend of eight quarters; None where fewer than two of them are known."""
    if sum(value is not None for value in kpi.trend) < _LEAST:
        return None
    values = tuple(None if value is None else float(value) for value in kpi.trend)
    quarters = [context.quarter.shift(step - len(values) + 1) for step in range(len(values))]
    alt = ""
    if quarters:
        shown = context.formats.join(show(kpi.unit, value, context) for value in values)
        alt = context.words(
            "card.trend",
            name=context.words(f"kpi.{kpi.key}.name"),
            first=context.formats.quarter(quarters[0]),
            last=context.formats.quarter(quarters[-1]),
            values=shown,
        )
    return Spark(values, _YEAR_AGO if len(values) == _TREND else None, alt)


def _target(kpi: Kpi, context: Context) -> TargetBar | None:
    words, formats = context.words, context.formats
    target = kpi.target
    if target is None and kpi.key == "deal_count":
        amount = kpi.companions.get("won_amount_target")
        return None if amount is None else _bar(amount, formats.money(amount.value), context)
    if target is None and kpi.key == "opportunity_pipeline":
        coverage = kpi.companions.get("coverage")
        if coverage is None:
            return None
        text = words("card.coverage", times=formats.number(coverage, 1))
        return TargetBar(text, float(coverage), reached=False)
    return None if target is None else _bar(target, show_target(kpi.unit, target.value, context), context)


def _bar(target: Target, value: str, context: Context) -> TargetBar:
    if target.attainment is None:
        return TargetBar(context.words("card.target", target=value), None, reached=False)
    share = context.formats.rate(target.attainment, 0)
    if target.elapsed < 1:
        day, days = context.day, context.quarter.days
        text = context.words("card.target_so_far", share=share, target=value, day=day, days=days)
    else:
        text = context.words("card.target_share", share=share, target=value)
    return TargetBar(text, target.attainment, reached=target.attainment >= 1)


def _cohort(kpi: Kpi, context: Context) -> str:
    """Return the others' median where it may be shown; what else places the value where there is none."""
    position = kpi.cohort
    if position is not None and position.median is not None:
        median = position.median
        shown = show(kpi.unit, Decimal(repr(median)) if kpi.unit.startswith("money") else median, context)
        return context.words("card.cohort", median=shown)
    if position is not None and position.reason is not None:
        return context.words("card.cohort_withheld")
    return interval_text(kpi, context) if change_of(kpi) is None or kpi.unit == "rate" else ""

