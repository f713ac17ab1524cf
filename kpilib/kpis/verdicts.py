"""The verdict on each marketing segment: invest, hold or cut, from what four quarters show.

In this order: fewer than 20 leads or 5 deals: ``too_little`` (hold, too little evidence); ROI < 0 and the rate
distinguishably below that of the other segments (Newcombe's 95 % interval of the difference lies below 0): ``cut``;
ROI ≥ the ROI of all spend and the rate not distinguishably below: ``invest``; else ``hold``. A segment without
spend has no ROI: it is judged by the rate alone, ``invest`` when it is at least that of the other segments, and
never cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kpilib.kpis.frames import ratio
from kpilib.statistics import newcombe, wilson

__all__ = ["Segment", "Verdict", "judge"]

LEAST_LEADS = 20
LEAST_DEALS = 5


@dataclass(frozen=True)
class Segment:
    """What a segment did: leads and those that became deals; deals whose lead came by it, revenue, spend."""

    leads: int
    conversions: int
    deals: int
    revenue: int
    spend: int


@dataclass(frozen=True)
class Verdict:
    """What to do with a segment, and the evidence; undefined figures are None."""

    verdict: Literal["invest", "hold", "cut", "too_little"]
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    others_rate: float | None
    roi: float | None
    overall_roi: float | None


def judge(segments: Mapping[str, Segment]) -> dict[str, Verdict]:
    """Return the verdict on each segment, in the order given."""
    revenue = sum(segment.revenue for segment in segments.values())
    spend = sum(segment.spend for segment in segments.values())
    overall = ratio(revenue - spend, spend)
    leads = sum(segment.leads for segment in segments.values())
    hits = sum(segment.conversions for segment in segments.values())
    return {
        name: _judge(segment, (hits - segment.conversions, leads - segment.leads), overall)
        for name, segment in segments.items()
    }


def _judge(segment: Segment, others: tuple[int, int], overall: float | None) -> Verdict:
    own = (segment.conversions, segment.leads)
    roi = ratio(segment.revenue - segment.spend, segment.spend)
    low, high = wilson(*own) if segment.leads else (None, None)
    comparable = segment.leads > 0 and others[1] > 0
    below = comparable and newcombe(own, others)[1] < 0
    verdict: Literal["invest", "hold", "cut", "too_little"] = "hold"
    if segment.leads < LEAST_LEADS or segment.deals < LEAST_DEALS:
        verdict = "too_little"
    elif roi is None or overall is None:
        verdict = "invest" if comparable and own[0] * others[1] >= others[0] * own[1] else "hold"
    elif roi < 0 and below:
        verdict = "cut"
    elif roi >= overall and not below:
        verdict = "invest"
    return Verdict(verdict, ratio(*own), low, high, ratio(*others), roi, overall)
