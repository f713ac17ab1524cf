from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kpilib.kpis import evaluate
from kpilib.kpis.quality_score import score
from kpilib.slice import Slice

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]


def test_score() -> None:
    # √((4 ÷ 2) × (800 ÷ 100)) = √16
    assert score(4, 800, 2, 100) == 400.0
    assert score(0, 0, 2, 100) == 0.0
    assert score(1, 0, 0.5, 0) is None
    assert score(0, 0, 0, 0) is None


def test_the_score_comes_from_the_cohort(make_slice: Make) -> None:
    cohort = {
        "medians": {"quality_score": {"median": 62.0, "others": 28, "reason": None}},
        "scores": [
            {"quarter": "2025Q3", "as_of": "2025-09-30", "score": 80},
            {"quarter": "2026Q2", "as_of": "2026-06-30", "score": None},
            {"quarter": "2026Q3", "as_of": "2026-09-30", "score": 93},
        ],
        "deal_success": None,
    }
    kpi = evaluate(make_slice({"opportunities": []}, cohort=cohort))["quality_score"]
    assert (kpi.value, kpi.reason) == (93, None)
    assert kpi.cohort is not None
    assert (kpi.cohort.median, kpi.cohort.others) == (62.0, 28)
    assert kpi.companions["history"]["score"].fillna(-1).tolist() == [-1, -1, -1, 80, -1, -1, -1, 93]
    assert kpi.companions["history"]["quarter"].tolist()[0] == "2024Q4"


@pytest.mark.parametrize(("why", "reason"), [("too_few", "cohort_withheld"), (None, "no_cohort_deals")])
def test_without_a_score(make_slice: Make, why: str | None, reason: str) -> None:
    cohort = {
        "medians": {"quality_score": {"median": None, "others": None, "reason": why}},
        "scores": [{"quarter": "2026Q3", "as_of": "2026-09-30", "score": None}],
        "deal_success": None,
    }
    kpi = evaluate(make_slice({"opportunities": []}, cohort=cohort))["quality_score"]
    assert (kpi.value, kpi.reason) == (None, reason)


def test_against_its_own_past(make_slice: Make, opportunity: Row) -> None:
    """
    | quarter | worked | deals | won amount |
    | 2025Q3  | A      |     1 |        100 |
    | 2025Q4  | nothing                     |  no work: left out
    | 2026Q1  | B, C   |     2 |        500 |
    | 2026Q2  | D      |     0 |          0 |  work, but no deal
    | 2026Q3  | D, E   |     2 |        400 |

    c̄ = 3/3, ā = 600/3: 100 × √(2 ÷ 1 × 400 ÷ 200) = 200.
    """
    rows = [
        opportunity("A", "won", "2025-07-01", "2025-09-30", "100"),
        opportunity("B", "won", "2026-01-01", "2026-03-31", "250"),
        opportunity("C", "won", "2026-01-01", "2026-02-01", "250"),
        opportunity("D", "won", "2026-06-30", "2026-07-01", "150"),
        opportunity("E", "won", "2026-07-01", "2026-07-01", "250"),
    ]
    companions = evaluate(make_slice({"opportunities": rows}))["quality_score"].companions
    assert (companions["own_past"], companions["own_past_quarters"]) == (pytest.approx(200.0), 3)
    # From B on only two quarters have work; from D on one is too few.
    assert evaluate(make_slice({"opportunities": rows[1:]}))["quality_score"].companions["own_past_quarters"] == 2
    alone = evaluate(make_slice({"opportunities": rows[3:]}))["quality_score"].companions
    assert (alone["own_past"], alone["own_past_quarters"]) == (None, 1)
