"""Deal velocity, also called sales velocity: how fast revenue comes.

- ``value``: money per day; opportunities worked × deal success × average deal size ÷ cycle. The cycle is the mean
  of the days from ``created_on`` to ``closed_on`` over the deals, a same-day win counting as 1 day. Undefined without
  a deal (``no_deals``).
- ``n``: the deals.
- ``interval``: from 20 deals on a bootstrap over the opportunities worked (95 %, approximate; a draw without wins
  counts 0); below that none: see ``shortest`` and ``longest``.
- companions: ``opportunities`` (count, W); ``deal_success`` (rate); ``average_deal_size`` (money); ``cycle`` (days,
  float); ``shortest``, ``longest`` (days of a single deal, int or None);
  ``factors`` [factor, now, year_ago, previous, log_year_ago, log_previous]: the four factors (opportunities,
  deal_success, average_deal_size, cycle) and their contributions to the log change of the velocity, the cycle's with
  its sign turned, so that a column sums to log(velocity now ÷ velocity then); missing unless both are > 0;
  ``cycle_days`` [opportunity_id, days] of the deals;
  ``cycle_claim`` (better, worse, normal, none): what the test of the cycle claims against the base of comparison.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpilib.facts import Facts
from kpilib.kpis.average_deal_size import LEAST_DEALS_TO_RESAMPLE, LEAST_DEALS_TO_TEST
from kpilib.kpis.deal_count import won_amount
from kpilib.kpis.deal_success import decided
from kpilib.kpis.definition import ChangeTest, Definition, Measure, Period
from kpilib.kpis.frames import counts, frame, ratios, texts
from kpilib.kpis.kpi import Interval
from kpilib.statistics import bootstrap, compare_means, seed_of

__all__ = ["DEAL_VELOCITY"]

FACTORS = ("opportunities", "deal_success", "average_deal_size", "cycle")


def measure(facts: Facts, period: Period) -> Measure:
    """Return the money that the period's work brings in a day."""
    won, both = decided(facts, period)
    if not won:
        return Measure(None, 0, "no_deals")
    worked = len(facts.worked(period.start, period.day))
    cycle_days = int(facts.cycles(facts.won(period.start, period.day)).sum())
    # worked × (won ÷ both) × (amount ÷ won) ÷ (days ÷ won), divided once.
    amount = facts.money(won_amount(facts, period))
    return Measure(amount * worked * won / (both * cycle_days), won)


def factors(facts: Facts, period: Period) -> tuple[int, float | None, Decimal | None, float | None]:
    """Return the four factors of the velocity in a period, undefined ones as None."""
    won, both = decided(facts, period)
    rows = facts.won(period.start, period.day)
    return (
        len(facts.worked(period.start, period.day)),
        won / both if both else None,
        facts.money(won_amount(facts, period)) / won if won else None,
        int(facts.cycles(rows).sum()) / won if won else None,
    )


def companions(facts: Facts, period: Period) -> Mapping[str, Any]:
    """Return the four factors and what each did to the velocity."""
    won = facts.won(period.start, period.day)
    cycles = facts.cycles(won).tolist()
    now, year_ago, previous = (factors(facts, period.shift(by)) for by in (0, -4, -1))
    opportunities, deal_success, average_deal_size, cycle = now
    return {
        "opportunities": opportunities,
        "deal_success": deal_success,
        "average_deal_size": average_deal_size,
        "cycle": cycle,
        "shortest": min(cycles, default=None),
        "longest": max(cycles, default=None),
        "factors": frame(
            {
                "factor": texts(FACTORS),
                "now": _floats(now),
                "year_ago": _floats(year_ago),
                "previous": _floats(previous),
                "log_year_ago": ratios(_decompose(now, year_ago)),
                "log_previous": ratios(_decompose(now, previous)),
            }
        ),
        "cycle_days": frame(
            {
                "opportunity_id": texts(facts.opportunity_ids[row] for row in won.tolist()),
                "days": counts(cycles),
            }
        ),
    }


def _floats(values: tuple[float | Decimal | None, ...]) -> Any:
    return ratios(None if value is None else float(value) for value in values)


def _decompose(now: tuple[float | Decimal | None, ...], then: tuple[float | Decimal | None, ...]) -> list[float | None]:
    """Return each factor's share in the log change of the velocity."""
    if not all(now) or not all(then):
        return [None] * len(FACTORS)
    logs = [math.log(float(new or 0) / float(old or 0)) for new, old in zip(now, then, strict=True)]
    return [*logs[:-1], -logs[-1]]


def interval(facts: Facts, period: Period) -> Interval | None:
    """Return the bootstrap's interval: the opportunities worked are drawn anew."""
    won = facts.won(period.start, period.day)
    if len(won) < LEAST_DEALS_TO_RESAMPLE:
        return None
    worked = facts.worked(period.start, period.day)
    wins = facts.is_won(worked, period.day)
    losses = facts.is_lost(worked, period.day)
    # What each opportunity adds to the four sums from which a draw's velocity follows.
    amounts, cycles = np.zeros(len(worked)), np.zeros(len(worked))
    amounts[wins] = facts.amounts(worked[wins], period.day) * float(facts.money(1))
    cycles[wins] = facts.cycles(worked[wins])
    seed = seed_of(facts.slice.partner_id, str(period.quarter))
    added = (wins * 1.0, (wins | losses) * 1.0, amounts, cycles)

    def velocity(places: NDArray[np.int64]) -> NDArray[np.float64]:
        hits, both, amount, days = (each.take(places).sum(axis=1) for each in added)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(hits > 0, len(worked) * hits / both * amount / days, 0.0)

    return Interval(*bootstrap(len(worked), velocity, seed=seed), "bootstrap")


def test(facts: Facts, now: Period, then: Period) -> ChangeTest | None:
    """Return the permutation test of the two mean cycles, from four deals on each side on; shorter is better."""
    first, second = (facts.cycles(facts.won(period.start, period.day)).astype(np.float64) for period in (now, then))
    if min(len(first), len(second)) < LEAST_DEALS_TO_TEST:
        return None
    p_value = compare_means(first, second, seed=seed_of(facts.slice.partner_id, str(now.quarter), "cycle"))
    return ChangeTest("cycle", p_value, float(first.mean() - second.mean()), "lower")


DEAL_VELOCITY = Definition(
    key="deal_velocity",
    unit="money_per_day",
    formula="opportunities worked × deal success × average deal size ÷ cycle",
    numerator="opportunities worked × deal success × average deal size",
    denominator="mean days from created_on to closed_on of the deals; a same-day win counts as 1",
    window="worked: created_on ≤ D and not closed before the quarter; the rest: closed_on in [start, D]",
    empty="undefined without a deal",
    why="How fast does revenue come?",
    measure=measure,
    companions=companions,
    interval=interval,
    test=test,
    claims_through=("deal_success", "average_deal_size", "cycle"),
)
