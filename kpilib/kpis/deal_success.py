"""Deal success, also called win rate: how many of the decided opportunities were won.

- ``value``: rate; won ÷ (won + lost), both with ``closed_on`` in [start, D]. Undefined when nothing was decided
  (``no_closings``).
- ``n``: won + lost.
- ``interval``: Wilson, 95 %.
- companions: ``won``, ``lost`` (counts); ``by_product`` [product, won, lost, rate, low, high];
  ``by_rep`` [rep, …same]; ``by_stage_reached`` [stage, …same]: of the decided opportunities that reached a
  stage or one beyond it; None without stage_history;
  ``reasons`` [reason, count, amount] of the lost ones, most frequent first;
  ``lost_to`` [competitor, count, amount], those lost to a competitor, most frequent first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kpilib.facts import Facts, Rows
from kpilib.kpis.definition import ChangeTest, Definition, Measure, Period
from kpilib.kpis.frames import counts, frame, group, money, rate_columns, texts
from kpilib.kpis.kpi import Interval
from kpilib.statistics import compare_rates, newcombe, wilson

__all__ = ["DEAL_SUCCESS", "decided"]


def decided(facts: Facts, period: Period) -> tuple[int, int]:
    """Return (won, won + lost) of a period."""
    won = len(facts.won(period.start, period.day))
    return won, won + len(facts.lost(period.start, period.day))


def measure(facts: Facts, period: Period) -> Measure:
    """Return the share of the period's decided opportunities that was won."""
    won, both = decided(facts, period)
    return Measure(won / both, both) if both else Measure(None, 0, "no_closings")


def interval(facts: Facts, period: Period) -> Interval | None:
    """Return Wilson's interval of the rate."""
    won, both = decided(facts, period)
    return Interval(*wilson(won, both), "wilson") if both else None


def companions(facts: Facts, period: Period) -> Mapping[str, Any]:
    """Return by what, at which stage, why and to whom opportunities were won and lost."""
    won, lost = facts.won(period.start, period.day), facts.lost(period.start, period.day)
    rows = [*won.tolist(), *lost.tolist()]

    def table(name: str, groups: Mapping[Any, list[int]]) -> Any:
        wins = [sum(place < len(won) for place in places) for places in groups.values()]
        sizes = [len(places) for places in groups.values()]
        return frame(
            {
                name: texts(groups),
                "won": counts(wins),
                "lost": counts(size - hits for size, hits in zip(sizes, wins, strict=True)),
                **rate_columns(wins, sizes),
            }
        )

    to_rival = np.array([row for row in lost.tolist() if facts.rivals[row] is not None], dtype=np.intp)
    return {
        "won": len(won),
        "lost": len(lost),
        "by_product": table("product", group(facts.products[row] for row in rows)),
        "by_rep": table("rep", group(facts.reps[row] for row in rows)),
        "by_stage_reached": table("stage", _by_stage(facts, rows, period)) if _has_history(facts) else None,
        "reasons": _losses(facts, period, "reason", facts.lost_reasons, lost),
        "lost_to": _losses(facts, period, "competitor", facts.rivals, to_rival),
    }


def _has_history(facts: Facts) -> bool:
    return facts.slice.has("stage_history", "stage")


def _by_stage(facts: Facts, rows: list[int], period: Period) -> dict[str, list[int]]:
    """Return the places of the opportunities that reached each stage; one beyond it counts as having reached it."""
    order = facts.stage_order
    reached: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        named = set(facts.stages_reached(row, period.day))
        furthest = max((order[stage] for stage in named if stage in order), default=None)
        if furthest is not None:
            named |= {stage for stage, rank in order.items() if rank <= furthest}
        for stage in named:
            # Where the stages are listed, a closing that the history calls a stage of its own is none.
            if stage in order or not order:
                reached.setdefault(stage, []).append(place)
    return dict(sorted(reached.items(), key=lambda item: (order.get(item[0], 0.0), item[0])))


def _losses(facts: Facts, period: Period, name: str, labels: list[str | None], rows: Rows) -> Any:
    amounts = facts.amounts(rows, period.day).tolist()
    groups = group(labels[row] for row in rows.tolist())
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0] is None, item[0] or ""))
    return frame(
        {
            name: texts(label for label, _ in ranked),
            "count": counts(len(places) for _, places in ranked),
            "amount": money(facts, (sum(amounts[place] for place in places) for _, places in ranked)),
        }
    )


def test(facts: Facts, now: Period, then: Period) -> ChangeTest | None:
    """Return the test that claims when Newcombe's interval for the difference of the rates excludes 0."""
    first, second = decided(facts, now), decided(facts, then)
    if not first[1] or not second[1]:
        return None
    effect = first[0] / first[1] - second[0] / second[1]
    bounds = Interval(*newcombe(first, second), "newcombe")
    return ChangeTest("deal_success", compare_rates(first, second), effect, interval=bounds)


DEAL_SUCCESS = Definition(
    key="deal_success",
    unit="rate",
    formula="deals won ÷ (deals won + opportunities lost)",
    numerator="opportunities won in the quarter",
    denominator="opportunities won or lost in the quarter",
    window="closed_on in [start, D]",
    empty="undefined when nothing was won or lost",
    why=(
        "How well does the partner pick opportunities and turn them into sales? "
        "A lasting low calls for help or a replacement."
    ),
    measure=measure,
    companions=companions,
    interval=interval,
    test=test,
    claims_through=("deal_success",),
)
