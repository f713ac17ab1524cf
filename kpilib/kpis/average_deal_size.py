"""Average deal size: what a deal of this quarter is worth.

- ``value``: money; Σ amount of the deals won in [start, D] ÷ their number. Undefined without a deal (``no_deals``).
- ``n``: the deals.
- ``interval``: from 20 deals on a bootstrap of their mean (95 %, approximate); below that the smallest and
  largest deal (method ``range``).
- companions: ``median``, ``smallest``, ``largest`` (money, None without a deal);
  ``deals`` [opportunity_id, closed_on, product, rep, amount];
  ``influence`` [opportunity_id, amount, mean_without, difference]: at most three deals, those whose removal
  moves the mean most, first the one that moves it furthest; empty below two deals.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from kpilib.facts import Facts
from kpilib.kpis.definition import ChangeTest, Definition, Measure, Period
from kpilib.kpis.frames import days, frame, money, quotients, texts
from kpilib.kpis.kpi import Interval
from kpilib.statistics import bootstrap_means, compare_means, seed_of

__all__ = ["AVERAGE_DEAL_SIZE", "LEAST_DEALS_TO_RESAMPLE", "LEAST_DEALS_TO_TEST"]

LEAST_DEALS_TO_RESAMPLE = 20
LEAST_DEALS_TO_TEST = 4


def measure(facts: Facts, period: Period) -> Measure:
    """Return the mean amount of the period's deals."""
    won = facts.won(period.start, period.day)
    if not len(won):
        return Measure(None, 0, "no_deals")
    total = int(facts.amounts(won, period.day).sum())
    return Measure(facts.money(total) / len(won), len(won))


def companions(facts: Facts, period: Period) -> Mapping[str, Any]:
    """Return the deals, and which of them carry the mean."""
    won = facts.won(period.start, period.day)
    amounts = [int(amount) for amount in facts.amounts(won, period.day)]
    ordered = sorted(amounts)
    middle = len(ordered) // 2
    pair = ordered[middle - 1 : middle + 1] if len(ordered) % 2 == 0 else ordered[middle : middle + 1]
    rows = won.tolist()
    return {
        "median": (facts.money(sum(pair)) / len(pair)) if pair else None,
        "smallest": facts.money(ordered[0]) if ordered else None,
        "largest": facts.money(ordered[-1]) if ordered else None,
        "deals": frame(
            {
                "opportunity_id": texts(facts.opportunity_ids[row] for row in rows),
                "closed_on": days(facts.closed_on(won)),
                "product": texts(facts.products[row] for row in rows),
                "rep": texts(facts.reps[row] for row in rows),
                "amount": money(facts, amounts),
            }
        ),
        "influence": _influence(facts, [facts.opportunity_ids[row] for row in rows], amounts),
    }


def _influence(facts: Facts, ids: list[str], amounts: list[int]) -> Any:
    total, count = sum(amounts), len(amounts)
    places = range(count) if count > 1 else range(0)
    # Removing a deal moves the mean by (mean − amount) ÷ (count − 1).
    furthest = sorted(places, key=lambda place: (-abs(total - count * amounts[place]), ids[place]))[:3]
    without = [facts.money(total - amounts[place]) / (count - 1) for place in furthest]
    mean = facts.money(total) / count if count else Decimal(0)
    return frame(
        {
            "opportunity_id": texts(ids[place] for place in furthest),
            "amount": money(facts, (amounts[place] for place in furthest)),
            "mean_without": quotients(without),
            "difference": quotients([value - mean for value in without]),
        }
    )


def interval(facts: Facts, period: Period) -> Interval | None:
    """Return the bootstrap's interval of the mean, or the range of few deals."""
    won = facts.won(period.start, period.day)
    if not len(won):
        return None
    amounts = facts.amounts(won, period.day)
    if len(won) < LEAST_DEALS_TO_RESAMPLE:
        return Interval(facts.money(int(amounts.min())), facts.money(int(amounts.max())), "range", None)
    unit = float(facts.money(1))
    seed = seed_of(facts.slice.partner_id, str(period.quarter))
    low, high = bootstrap_means(amounts.astype(np.float64) * unit, seed=seed)
    return Interval(low, high, "bootstrap")


def test(facts: Facts, now: Period, then: Period) -> ChangeTest | None:
    """Return the permutation test of the two means, from four deals on each side on."""
    first, second = (
        facts.amounts(facts.won(period.start, period.day), period.day).astype(np.float64) for period in (now, then)
    )
    if min(len(first), len(second)) < LEAST_DEALS_TO_TEST:
        return None
    p_value = compare_means(first, second, seed=seed_of(facts.slice.partner_id, str(now.quarter), "deal size"))
    return ChangeTest("average_deal_size", p_value, float(first.mean() - second.mean()))


AVERAGE_DEAL_SIZE = Definition(
    key="average_deal_size",
    unit="money",
    formula="Σ amount of deals won ÷ number of deals won",
    numerator="amount of opportunities won in the quarter",
    denominator="opportunities won in the quarter",
    window="closed_on in [start, D]",
    empty="undefined without a deal",
    why="Is each customer worth more over time?",
    measure=measure,
    companions=companions,
    interval=interval,
    test=test,
    claims_through=("average_deal_size",),
)
