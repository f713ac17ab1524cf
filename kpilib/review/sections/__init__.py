"""The KPIs' sections: one file each, one registry."""

from __future__ import annotations

from collections.abc import Callable

from kpilib.kpis.kpi import Kpi
from kpilib.review.context import Context
from kpilib.review.sections import (
    average_deal_size,
    close_rate,
    deal_count,
    deal_success,
    deal_velocity,
    marketing_channels,
    opportunity_pipeline,
    own,
    quality_score,
)
from kpilib.review.sections.section import KpiSection
from kpilib.review.sections.several import Sections

__all__ = ["SECTIONS", "KpiSection", "Sections", "describe"]

SECTIONS: dict[str, Callable[[Kpi, Context], KpiSection]] = {
    "average_deal_size": average_deal_size.describe,
    "deal_count": deal_count.describe,
    "opportunity_pipeline": opportunity_pipeline.describe,
    "marketing_channels": marketing_channels.describe,
    "close_rate": close_rate.describe,
    "deal_velocity": deal_velocity.describe,
    "quality_score": quality_score.describe,
    "deal_success": deal_success.describe,
}
"""KPI → what makes its section; those of one's own are described alike."""


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return a KPI's section."""
    return SECTIONS.get(kpi.key, own.describe)(kpi, context)
