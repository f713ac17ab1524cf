"""The KPIs: one file each, one registry; pure functions, facts in, `Kpi` out.

A KPI of one's own is one file: it defines a `Definition` and calls `register`.
"""

from __future__ import annotations

from kpilib.kpis.average_deal_size import AVERAGE_DEAL_SIZE
from kpilib.kpis.close_rate import CLOSE_RATE
from kpilib.kpis.deal_count import DEAL_COUNT
from kpilib.kpis.deal_success import DEAL_SUCCESS
from kpilib.kpis.deal_velocity import DEAL_VELOCITY
from kpilib.kpis.definition import KPIS, REASONS, ChangeTest, Definition, Measure, Period, register
from kpilib.kpis.document import collect, document, to_json
from kpilib.kpis.evaluation import evaluate
from kpilib.kpis.kpi import Change, CohortPosition, Interval, Kpi, Status, Target
from kpilib.kpis.marketing_channels import MARKETING_CHANNELS
from kpilib.kpis.opportunity_pipeline import OPPORTUNITY_PIPELINE
from kpilib.kpis.quality_score import QUALITY_SCORE

# In the order in which packs show them.
for _definition in (
    AVERAGE_DEAL_SIZE,
    DEAL_COUNT,
    OPPORTUNITY_PIPELINE,
    MARKETING_CHANNELS,
    CLOSE_RATE,
    DEAL_VELOCITY,
    QUALITY_SCORE,
    DEAL_SUCCESS,
):
    register(_definition)

__all__ = [
    "KPIS",
    "REASONS",
    "Change",
    "ChangeTest",
    "CohortPosition",
    "Definition",
    "Interval",
    "Kpi",
    "Measure",
    "Period",
    "Status",
    "Target",
    "collect",
    "document",
    "evaluate",
    "register",
    "to_json",
]
