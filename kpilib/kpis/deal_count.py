"""Deal count: how many opportunities were won, and the value behind them.

- ``value``: count; the opportunities won with ``closed_on`` in [start, D]. Always defined.
- ``n``: the same.
- companions: ``won_amount`` (money); ``lost`` (count); ``won_amount_target`` (`Target` or None);
  ``by_month`` [month, won, lost, amount], every month up to D;
  ``by_rep`` [rep, won, lost, amount]; ``by_product`` [product, won, lost, amount]; ``amount`` is the won amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpilib.facts import Facts
from kpilib.kpis.definition import ChangeTest, Definition, Measure, Period
from kpilib.kpis.frames import counts, days, frame, group, money, month_of, months, texts
from kpilib.kpis.target import target_of
from kpilib.statistics import compare_counts

__all__ = ["DEAL_COUNT", "won_amount"]


def won_amount(facts: Facts, period: Period) -> int:
    """Return Σ amount of the period's deals in minor units."""
    return int(facts.amounts(facts.won(period.start, period.day), period.day).sum())


def measure(facts: Facts, period: Period) -> Measure:
    """Return the number of the period's deals."""
    won = len(facts.won(period.start, period.day))
    return Measure(won, won)


def companions(facts: Facts, period: Period) -> Mapping[str, Any]:
    """Return the won amount, and who won and lost what and when."""
    won, lost = facts.won(period.start, period.day), facts.lost(period.start, period.day)
    amounts = facts.amounts(won, period.day).tolist()
    rows = [*won.tolist(), *lost.tolist()]
    gains = [*amounts, *[0] * len(lost)]

    def tally(places: list[int]) -> tuple[int, int, int]:
        wins = sum(place < len(won) for place in places)
        return wins, len(places) - wins, sum(gains[place] for place in places)

    def table(name: str, kind: Any, groups: Mapping[Any, list[int]]) -> Any:
        tallies = [tally(places) for places in groups.values()]
        return frame(
            {
                name: kind(groups),
                "won": counts(wins for wins, _, _ in tallies),
                "lost": counts(losses for _, losses, _ in tallies),
                "amount": money(facts, (amount for _, _, amount in tallies)),
            }
        )

    by_month: dict[Any, list[int]] = {month: [] for month in months(period.start, period.day)}
    for place, day in enumerate([*facts.closed_on(won), *facts.closed_on(lost)]):
        by_month[month_of(day)].append(place)
    total = sum(amounts)
    return {
        "won_amount": facts.money(total),
        "lost": len(lost),
        "won_amount_target": target_of(facts, period, "won_amount", facts.money(total)),
        "by_month": table("month", days, by_month),
        "by_rep": table("rep", texts, group(facts.reps[row] for row in rows)),
        "by_product": table("product", texts, group(facts.products[row] for row in rows)),
    }


def test(facts: Facts, now: Period, then: Period) -> ChangeTest | None:
    """Return the exact conditional binomial test of the two counts, days as exposure."""
    first, second = (len(facts.won(period.start, period.day)) for period in (now, then))
    if first + second == 0:
        return None
    effect = first / now.days - second / then.days
    return ChangeTest("deal_count", compare_counts(first, second, now.days, then.days), effect)


DEAL_COUNT = Definition(
    key="deal_count",
    unit="count",
    formula="number of deals won",
    numerator="opportunities won in the quarter",
    window="closed_on in [start, D]",
    empty="0 without a deal",
    why="How much is sold, and what value stands behind it?",
    measure=measure,
    companions=companions,
    test=test,
    claims_through=("deal_count",),
)
