"""Tidy frames of the portfolio, for an analyst who wants to look at something else."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kpilib.portfolio.context import Context

__all__ = ["tidy_kpis", "tidy_partners", "tidy_quarters"]


def tidy_partners(context: Context) -> pd.DataFrame:
    """Return one row per partner, by id."""

    def money(minor: int | None) -> float | None:
        return None if minor is None else float(context.major(minor))

    rows = [
        {
            "partner_id": one.partner_id,
            "name": one.name,
            "tier": one.tier or None,
            "region": one.region or None,
            "manager": one.manager or None,
            "active": one.active,
            "in_cohort": one.in_cohort,
            "new": one.new,
            "quality_score": one.score,
            "won_amount": money(one.now.amount),
            "won_amount_year_ago": None if one.year_ago is None else money(one.year_ago.amount),
            "target": None if one.target is None else float(one.target),
            "pipeline": money(one.now.pipeline),
            "deals": one.now.won,
            "lost": one.now.lost,
            "leads": one.now.leads,
            "conversions": one.now.conversions,
            "open": one.now.open,
            "spend": money(one.now.spend),
            "sourced": money(one.now.sourced),
        }
        for one in context.members
    ]
    texts = ("partner_id", "name", "tier", "region", "manager")
    numbers = ("quality_score", "won_amount", "won_amount_year_ago", "target", "pipeline", "spend", "sourced")
    return _frame(rows, texts, numbers)


def tidy_kpis(context: Context) -> pd.DataFrame:
    """Return one row per partner and KPI."""
    rows = [
        {
            "partner_id": one.partner_id,
            "kpi": key,
            "unit": reading.unit,
            "value": None if reading.value is None else float(reading.value),
            "n": reading.n,
            "status": reading.status,
            "attainment": reading.attainment,
            "reason": reading.reason,
        }
        for one in context.members
        for key, reading in one.kpis.items()
    ]
    return _frame(rows, ("partner_id", "kpi", "unit", "status", "reason"), ("value", "attainment"))


def tidy_quarters(context: Context) -> pd.DataFrame:
    """Return one row per partner and quarter."""
    rows = []
    for one in context.members:
        scores = one.kpis["quality_score"].trend
        for place, each in enumerate(one.quarters):
            quarter = context.quarter.shift(place + 1 - len(one.quarters))
            rows.append(
                {
                    "partner_id": one.partner_id,
                    "quarter": str(quarter),
                    "deals": each.won,
                    "lost": each.lost,
                    "leads": each.leads,
                    "conversions": each.conversions,
                    "open": each.open,
                    "won_amount": float(context.major(each.amount)),
                    "pipeline": float(context.major(each.pipeline)),
                    "quality_score": scores[place],
                }
            )
    return _frame(rows, ("partner_id", "quarter"), ("won_amount", "pipeline", "quality_score"))


def _frame(rows: list[dict[str, Any]], texts: tuple[str, ...], numbers: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    return frame.astype({**dict.fromkeys(texts, "str"), **dict.fromkeys(numbers, "float64")})
