"""Marketing channels: what the money spent on leads brought.

- ``value``: ratio; ROI of all spend = (revenue of all deals with a lead − all spend) ÷ all spend. Revenue: Σ amount
  of the deals won in [start, D] that a lead names, whenever the lead was created, also by channels without spend.
  Spend: of the months whose first day lies in [start, D]. Undefined without spend (``no_spend``, ``no_spend_table``).
- ``n``: the deals with a lead.
- companions: ``revenue``, ``spend`` (money; spend None without the table);
  ``by_segment`` [segment, leads, conversions, rate, revenue, spend, cost_per_lead, roi] in the order paid, earned,
  owned, unassigned, those with anything to show; ``by_channel`` [segment, channel, …same];
  ``verdicts`` [segment, verdict, leads, deals, rate, rate_low, rate_high, others_rate, revenue, spend, roi,
  overall_roi] over the trailing four quarters: see `kpilib.kpis.verdicts`.

A lead's segment is its own, else the channel map's, else unassigned. A deal that several leads name goes to the
earliest, ties by ``lead_id``. Spend names no segment: the channel map's, else the one all of its channel's leads name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kpilib.facts import SEGMENTS, Facts
from kpilib.kpis.definition import Definition, Measure, Period
from kpilib.kpis.frames import counts, frame, money, quotients, ratio, ratios, texts
from kpilib.kpis.verdicts import Segment, judge

__all__ = ["MARKETING_CHANNELS"]


@dataclass
class _Channel:
    """What one channel did in a window, money in minor units."""

    leads: int = 0
    conversions: int = 0
    deals: int = 0
    revenue: int = 0
    spend: int = 0

    def add(self, other: _Channel) -> None:
        self.leads += other.leads
        self.conversions += other.conversions
        self.deals += other.deals
        self.revenue += other.revenue
        self.spend += other.spend


def measure(facts: Facts, period: Period) -> Measure:
    """Return the ROI of the period's spend."""
    deals, _ = facts.sourced(period.start, period.day)
    if not facts.slice.has("spend"):
        return Measure(None, len(deals), "no_spend_table")
    revenue = int(facts.amounts(deals, period.day).sum())
    spend = int(facts.spend_amounts[facts.spend(period.start, period.day)].sum())
    if not spend:
        return Measure(None, len(deals), "no_spend")
    return Measure((revenue - spend) / spend, len(deals))


def companions(facts: Facts, period: Period) -> Mapping[str, Any]:
    """Return what each segment and channel brought and cost, and the verdicts of four quarters."""
    channels = _by_channel(facts, period.start, period.day)
    segments = _by_segment(channels)
    has_spend = facts.slice.has("spend")
    total = _Channel()
    for segment in segments.values():
        total.add(segment)
    year = _by_segment(_by_channel(facts, period.trailing_start, period.day))
    return {
        "revenue": facts.money(total.revenue),
        "spend": facts.money(total.spend) if has_spend else None,
        "by_segment": frame({"segment": texts(segments), **_columns(facts, list(segments.values()))}),
        "by_channel": frame(
            {
                "segment": texts(segment for segment, _ in channels),
                "channel": texts(channel for _, channel in channels),
                **_columns(facts, list(channels.values())),
            }
        ),
        "verdicts": _verdicts(facts, year),
    }


def _by_channel(facts: Facts, start: date, day: date) -> dict[tuple[str, str], _Channel]:
    found: dict[tuple[str, str], _Channel] = {}

    def channel(segment: str, name: str) -> _Channel:
        return found.setdefault((segment, name), _Channel())

    leads = facts.leads(start, day)
    for lead, hit in zip(leads.tolist(), facts.converted(leads, day).tolist(), strict=True):
        of_lead = channel(facts.lead_segments[lead], facts.lead_channels[lead])
        of_lead.leads += 1
        of_lead.conversions += hit
    deals, sources = facts.sourced(start, day)
    for amount, lead in zip(facts.amounts(deals, day).tolist(), sources.tolist(), strict=True):
        of_deal = channel(facts.lead_segments[lead], facts.lead_channels[lead])
        of_deal.deals += 1
        of_deal.revenue += amount
    for row in facts.spend(start, day).tolist():
        channel(facts.spend_segments[row], facts.spend_channels[row]).spend += int(facts.spend_amounts[row])
    return dict(sorted(found.items(), key=lambda item: (SEGMENTS.index(item[0][0]), item[0][1])))


def _by_segment(channels: Mapping[tuple[str, str], _Channel]) -> dict[str, _Channel]:
    found: dict[str, _Channel] = {}
    for (segment, _), channel in channels.items():
        found.setdefault(segment, _Channel()).add(channel)
    return found


def _columns(facts: Facts, channels: list[_Channel]) -> dict[str, Any]:
    has_spend = facts.slice.has("spend")
    return {
        "leads": counts(channel.leads for channel in channels),
        "conversions": counts(channel.conversions for channel in channels),
        "rate": ratios(ratio(channel.conversions, channel.leads) for channel in channels),
        "revenue": money(facts, (channel.revenue for channel in channels)),
        "spend": money(facts, (channel.spend if has_spend else None for channel in channels)),
        "cost_per_lead": quotients(
            facts.money(channel.spend) / channel.leads if has_spend and channel.leads else None for channel in channels
        ),
        "roi": ratios(ratio(channel.revenue - channel.spend, channel.spend) for channel in channels),
    }


def _verdicts(facts: Facts, segments: Mapping[str, _Channel]) -> Any:
    has_spend = facts.slice.has("spend")
    judged = judge(
        {
            name: Segment(found.leads, found.conversions, found.deals, found.revenue, found.spend)
            for name, found in segments.items()
        }
    )
    return frame(
        {
            "segment": texts(judged),
            "verdict": texts(verdict.verdict for verdict in judged.values()),
            "leads": counts(segments[name].leads for name in judged),
            "deals": counts(segments[name].deals for name in judged),
            "rate": ratios(verdict.rate for verdict in judged.values()),
            "rate_low": ratios(verdict.rate_low for verdict in judged.values()),
            "rate_high": ratios(verdict.rate_high for verdict in judged.values()),
            "others_rate": ratios(verdict.others_rate for verdict in judged.values()),
            "revenue": money(facts, (segments[name].revenue for name in judged)),
            "spend": money(facts, (segments[name].spend if has_spend else None for name in judged)),
            "roi": ratios(verdict.roi for verdict in judged.values()),
            "overall_roi": ratios(verdict.overall_roi for verdict in judged.values()),
        }
    )


MARKETING_CHANNELS = Definition(
    key="marketing_channels",
    unit="ratio",
    formula="(revenue of all deals with a lead − all spend) ÷ all spend",
    numerator="amount of deals won in the quarter that a lead names, less the spend",
    denominator="spend of the months that begin in the quarter",
    window="closed_on in [start, D]; month in [start, D]",
    empty="undefined without spend",
    why="Which segments deliver, so that money leaves the ones that do not?",
    measure=measure,
    companions=companions,
)
