"""Close rate: how many of the quarter's leads have become deals.

- ``value``: rate; leads created in [start, D] whose opportunity is won with ``closed_on`` ≤ D ÷ leads created in
  [start, D]. Each lead counts once, also when two name one opportunity. Undefined without leads (``no_leads``,
  ``no_leads_table``).
- ``n``: the leads.
- ``interval``: Wilson, 95 %.
- companions: ``conversions`` (count); ``by_channel`` [channel, leads, conversions, rate, low, high];
  ``by_region`` [region, …same]; ``by_month`` [month, …same], every month up to D;
  ``maturity`` [quarter, leads, q0, q1, q2, q3]: of the leads of each of the last eight quarters the rate at the
  end of that quarter and of the three after it; missing where that end lies after D or there were no leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kpilib.facts import Facts
from kpilib.kpis.definition import ChangeTest, Definition, Measure, Period
from kpilib.kpis.frames import counts, days, frame, group, month_of, months, rate_columns, ratio, ratios, texts
from kpilib.kpis.kpi import Interval
from kpilib.statistics import compare_rates, newcombe, wilson

__all__ = ["CLOSE_RATE"]

COHORTS = 8
ENDS = 4


def conversions(facts: Facts, period: Period) -> tuple[int, int]:
    """Return (leads that are deals, leads) of a period."""
    leads = facts.leads(period.start, period.day)
    return int(np.count_nonzero(facts.converted(leads, period.day))), len(leads)


def measure(facts: Facts, period: Period) -> Measure:
    """Return the share of the period's leads that has become deals."""
    hits, leads = conversions(facts, period)
    if not leads:
        return Measure(None, 0, "no_leads" if facts.slice.has("leads") else "no_leads_table")
    return Measure(hits / leads, leads)


def interval(facts: Facts, period: Period) -> Interval | None:
    """Return Wilson's interval of the rate."""
    hits, leads = conversions(facts, period)
    return Interval(*wilson(hits, leads), "wilson") if leads else None


def companions(facts: Facts, period: Period) -> Mapping[str, Any]:
    """Return where and when leads became deals, and how long a quarter's leads take to."""
    leads = facts.leads(period.start, period.day)
    hit = facts.converted(leads, period.day).tolist()
    rows = leads.tolist()

    def table(name: str, kind: Any, groups: Mapping[Any, list[int]]) -> Any:
        hits = [sum(hit[place] for place in places) for places in groups.values()]
        sizes = [len(places) for places in groups.values()]
        columns = {name: kind(groups), "leads": counts(sizes), "conversions": counts(hits)}
        return frame({**columns, **rate_columns(hits, sizes)})

    by_month: dict[Any, list[int]] = {month: [] for month in months(period.start, period.day)}
    for place, day in enumerate(facts.lead_created_on(leads)):
        by_month[month_of(day)].append(place)
    return {
        "conversions": sum(hit),
        "by_channel": table("channel", texts, group(facts.lead_channels[row] for row in rows)),
        "by_region": table("region", texts, group(facts.lead_regions[row] for row in rows)),
        "by_month": table("month", days, by_month),
        "maturity": _maturity(facts, period),
    }


def _maturity(facts: Facts, period: Period) -> Any:
    cohorts = [period.whole(-back) for back in range(COHORTS - 1, -1, -1)]
    leads = [facts.leads(cohort.start, cohort.day) for cohort in cohorts]

    def rates(later: int) -> list[float | None]:
        ends = [cohort.quarter.shift(later).end for cohort in cohorts]
        return [
            ratio(int(np.count_nonzero(facts.converted(rows, end))), len(rows)) if end <= period.day else None
            for rows, end in zip(leads, ends, strict=True)
        ]

    return frame(
        {
            "quarter": texts(str(cohort.quarter) for cohort in cohorts),
            "leads": counts(len(rows) for rows in leads),
            **{f"q{later}": ratios(rates(later)) for later in range(ENDS)},
        }
    )


def test(facts: Facts, now: Period, then: Period) -> ChangeTest | None:
    """Return the test that claims when Newcombe's interval for the difference of the rates excludes 0."""
    first, second = conversions(facts, now), conversions(facts, then)
    if not first[1] or not second[1]:
        return None
    effect = first[0] / first[1] - second[0] / second[1]
    bounds = Interval(*newcombe(first, second), "newcombe")
    return ChangeTest("close_rate", compare_rates(first, second), effect, interval=bounds)


CLOSE_RATE = Definition(
    key="close_rate",
    unit="rate",
    formula="leads that became deals ÷ leads",
    numerator="leads created in the quarter whose opportunity is won with closed_on ≤ D",
    denominator="leads created in the quarter",
    window="created_on of the lead in [start, D]",
    empty="undefined without leads",
    why="How do leads become deals? Never a verdict on a team alone: place, season and trend move it too.",
    measure=measure,
    companions=companions,
    interval=interval,
    test=test,
    claims_through=("close_rate",),
)
