"""Quality score: the partner's deals and their value, beside the cohort's and its own past.

- ``value``: score; 100 × √((deals ÷ the cohort's mean deals) × (won amount ÷ the cohort's mean won amount)). The
  means are known to the cohort alone: a slice carries the finished scores, whole numbers for partners. 0 when
  nothing was won; undefined when nobody in the cohort won anything (``no_cohort_deals``), and withheld with the
  cohort's median (``cohort_withheld``).
- ``n``: the deals.
- companions: ``own_past`` (score or None): the same formula with the means over those of the four quarters before
  that have work, at least two of them, each read at its end; 100 is its own past; ``own_past_quarters`` (count);
  ``history`` [quarter, score]: the last eight quarters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kpilib.facts import Facts
from kpilib.kpis.deal_count import won_amount
from kpilib.kpis.definition import Definition, Measure, Period
from kpilib.kpis.frames import frame, ratios, texts

__all__ = ["QUALITY_SCORE", "score"]

LEAST_PAST_QUARTERS = 2


def score(deals: int, amount: int, mean_deals: float, mean_amount: float) -> float | None:
    """Return the quality score of some deals against two means; undefined if a mean is 0.

    >>> score(4, 800, 2, 100)
    400.0
    """
    if not mean_deals or not mean_amount:
        return None
    return 100 * math.sqrt((deals / mean_deals) * (amount / mean_amount))


def measure(facts: Facts, period: Period) -> Measure:
    """Return the score that the cohort gave for a period."""
    deals = len(facts.won(period.start, period.day))
    cohort = facts.slice.content["cohort"]
    for entry in cohort["scores"]:
        if entry["quarter"] == str(period.quarter) and entry["as_of"] == period.day.isoformat():
            if entry["score"] is not None:
                return Measure(entry["score"], deals)
            break
    withheld = cohort["medians"].get("quality_score", {}).get("reason")
    return Measure(None, deals, "cohort_withheld" if withheld else "no_cohort_deals")


def companions(facts: Facts, period: Period) -> Mapping[str, Any]:
    """Return the score against the partner's own past, and its history."""
    past = [period.whole(-back) for back in (4, 3, 2, 1)]
    with_work = [earlier for earlier in past if len(facts.worked(earlier.start, earlier.day))]
    history = [period.whole(-back) for back in range(7, -1, -1)]
    return {
        "own_past": _own_past(facts, period, with_work) if len(with_work) >= LEAST_PAST_QUARTERS else None,
        "own_past_quarters": len(with_work),
        "history": frame(
            {
                "quarter": texts(str(earlier.quarter) for earlier in history),
                "score": ratios(None if (s := measure(facts, p).value) is None else float(s) for p in history),
            }
        ),
    }


def _own_past(facts: Facts, period: Period, past: list[Period]) -> float | None:
    deals = [len(facts.won(earlier.start, earlier.day)) for earlier in past]
    amounts = [won_amount(facts, earlier) for earlier in past]
    return score(
        len(facts.won(period.start, period.day)),
        won_amount(facts, period),
        sum(deals) / len(past),
        sum(amounts) / len(past),
    )


QUALITY_SCORE = Definition(
    key="quality_score",
    unit="score",
    formula="100 × √((deals ÷ cohort's mean deals) × (won amount ÷ cohort's mean won amount))",
    numerator="deals and won amount of the quarter",
    denominator="their means over the cohort: all partners with work in the quarter",
    window="closed_on in [start, D]",
    empty="0 without a deal; undefined when the cohort won nothing",
    why="How does the partner compare with its past and with other partners?",
    measure=measure,
    companions=companions,
)
