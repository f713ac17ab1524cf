"""Opportunity pipeline: what is open, what it may be worth, and how it came to be.

- ``value``: money; Σ amount of the opportunities open as of D, a blank amount counting 0. 0 when none is open.
- ``n``: the open opportunities.
- companions: ``count``; ``weighted`` (money): Σ amount × the stage's probability, for a stage without one (and the
  unknown stage) the deal success of the four quarters to D, else the cohort's, else 0.5:
  ``weighted_by`` says which (``own``, ``cohort``, ``half``; None where every stage has a probability);
  ``by_stage`` [stage, count, amount, probability, weighted], in the stages' order, a missing stage is the unknown
  one; ``by_age`` [bucket, count, amount], always the five buckets ``0-30``, ``31-60``, ``61-90``, ``91-180``,
  ``over-180`` (days);
  ``stale`` [opportunity_id, created_on, age, amount, stage] oldest first: open longer than ``stale_limit`` (days),
  twice the median cycle of the deals of the four quarters to D; both None below five such deals;
  ``bridge`` and ``bridge_quarter``: see `kpilib.kpis.bridge`;
  ``attainment`` (ratio or None): won amount ÷ its target; ``coverage`` (ratio or None): pipeline ÷ ``next_target``,
  the next quarter's target of the won amount (money or None);
  ``valued_share`` (rate or None): opportunities with an amount other than 0; ``lead_with_count`` (bool): it is below
  90 %, so that the count says more than the sum; ``amounts_as_exported`` (bool): an amount may be younger than D.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from kpilib.facts import Facts, Rows
from kpilib.kpis.bridge import build_bridge
from kpilib.kpis.deal_count import won_amount
from kpilib.kpis.definition import Definition, Measure, Period
from kpilib.kpis.frames import counts, days, frame, group, money, quotients, ratio, ratios, texts
from kpilib.kpis.target import exact, target_of

__all__ = ["AGES", "OPPORTUNITY_PIPELINE"]

AGES = {"0-30": 30, "31-60": 60, "61-90": 90, "91-180": 180, "over-180": None}
"""The buckets of age and the last day of each."""

LEAST_DEALS_FOR_STALE = 5
VALUED_TENTHS = 9


def measure(facts: Facts, period: Period) -> Measure:
    """Return the sum of what is open as of the period's day."""
    rows = facts.open_on(period.day)
    return Measure(facts.money(int(facts.amounts(rows, period.day).sum())), len(rows))


def companions(facts: Facts, period: Period) -> Mapping[str, Any]:
    """Return the pipeline by stage and age, what is stale, and how it moved."""
    rows = facts.open_on(period.day)
    amounts = facts.amounts(rows, period.day).tolist()
    valued = int(np.count_nonzero(facts.have_amounts(rows, period.day)))
    next_target = facts.targets.get((period.quarter.shift(1), "won_amount"))
    reached = target_of(facts, period, "won_amount", facts.money(won_amount(facts, period)))
    by_month, quarter = build_bridge(facts, period)
    limit = _stale_limit(facts, period)
    return {
        "count": len(rows),
        **_by_stage(facts, period, rows, amounts),
        "by_age": _by_age(facts, period, rows, amounts),
        "stale": None if limit is None else _stale(facts, period, rows, limit),
        "stale_limit": limit,
        "bridge": by_month,
        "bridge_quarter": quarter,
        "attainment": None if reached is None else reached.attainment,
        "coverage": None if next_target is None else ratio(facts.money(sum(amounts)), next_target),
        "next_target": next_target,
        "valued_share": ratio(valued, len(rows)),
        "lead_with_count": 10 * valued < VALUED_TENTHS * len(rows),
        "amounts_as_exported": bool(facts.slice.content["exported_later"]) and facts.amounts_undated(rows),
    }


def _by_stage(facts: Facts, period: Period, rows: Rows, amounts: list[int]) -> dict[str, Any]:
    order = facts.stage_order

    def place(stage: str | None) -> tuple[float, str]:
        return order.get(stage or "", float("inf")), stage or ""

    groups = group(facts.stages(rows, period.day), place)
    chance, source = _usual_chance(facts, period)
    chances = [_chance(facts, stage, chance) for stage in groups]
    sums = [sum(amounts[at] for at in places) for places in groups.values()]
    weighted = [facts.money(total) * chance for total, chance in zip(sums, chances, strict=True)]
    return {
        "weighted": sum(weighted, Decimal(0)),
        "weighted_by": source if any(stage not in facts.stage_probabilities for stage in groups) else None,
        "by_stage": frame(
            {
                "stage": texts(groups),
                "count": counts(len(places) for places in groups.values()),
                "amount": money(facts, sums),
                "probability": ratios(float(chance) for chance in chances),
                "weighted": quotients(weighted),
            }
        ),
    }


def _chance(facts: Facts, stage: str | None, usual: Decimal) -> Decimal:
    return usual if stage is None else facts.stage_probabilities.get(stage, usual)


def _usual_chance(facts: Facts, period: Period) -> tuple[Decimal, Literal["own", "cohort", "half"]]:
    """Return the chance of an opportunity whose stage does not tell, and where it comes from."""
    won = len(facts.won(period.trailing_start, period.day))
    decided = won + len(facts.lost(period.trailing_start, period.day))
    if decided:
        return Decimal(won) / Decimal(decided), "own"
    of_cohort = facts.slice.content["cohort"].get("deal_success")
    return (Decimal("0.5"), "half") if of_cohort is None else (exact(of_cohort), "cohort")


def _by_age(facts: Facts, period: Period, rows: Rows, amounts: list[int]) -> Any:
    ages = facts.ages(rows, period.day)
    limits = [limit for limit in AGES.values() if limit is not None]
    buckets = np.searchsorted(limits, ages, side="left").tolist()
    sums = [0] * len(AGES)
    sizes = [0] * len(AGES)
    for bucket, amount in zip(buckets, amounts, strict=True):
        sums[bucket] += amount
        sizes[bucket] += 1
    return frame({"bucket": texts(AGES), "count": counts(sizes), "amount": money(facts, sums)})


def _stale_limit(facts: Facts, period: Period) -> float | None:
    won = facts.won(period.trailing_start, period.day)
    if len(won) < LEAST_DEALS_FOR_STALE:
        return None
    return 2 * float(np.median(facts.cycles(won)))


def _stale(facts: Facts, period: Period, rows: Rows, limit: float) -> Any:
    ages = facts.ages(rows, period.day)
    old = np.flatnonzero(ages > limit)
    # Oldest first; rows stand in the order of their ids, which a stable sort keeps.
    rows = rows[old[np.argsort(-ages[old], kind="stable")]]
    return frame(
        {
            "opportunity_id": texts(facts.opportunity_ids[row] for row in rows.tolist()),
            "created_on": days(facts.created_on(rows)),
            "age": counts(facts.ages(rows, period.day).tolist()),
            "amount": money(facts, facts.amounts(rows, period.day).tolist()),
            "stage": texts(facts.stages(rows, period.day)),
        }
    )


OPPORTUNITY_PIPELINE = Definition(
    key="opportunity_pipeline",
    unit="money",
    formula="Σ amount of opportunities open as of D",
    numerator="amount of opportunities created by D and not closed by then",
    window="the day D",
    empty="0 when nothing is open",
    why="Where does the team stand against its target, and what changed since last month?",
    measure=measure,
    companions=companions,
)
