from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kpilib.kpis import evaluate
from kpilib.slice import Slice

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]


def test_worked_times_success_times_size_by_cycle(make_slice: Make, opportunity: Row) -> None:
    """
    | id | outcome | created | closed | amount | days |
    | A  | won     | 07-01   | 07-11  |    200 |   10 |
    | B  | won     | 08-01   | 08-01  |    400 |    1 |  the same day counts as 1
    | C  | lost    | 06-01   | 07-01  |    999 |      |  the first day counts
    | D  | open    | 09-30   |        |     50 |      |
    | E  | won     | 06-01   | 06-30  |    999 |      |  not worked any more

    W = 4 (A, B, C, D); success 2/3; size 300; cycle 11/2. 4 × 2/3 × 300 ÷ 5.5 = 145.4545…
    """
    rows = [
        opportunity("A", "won", "2026-07-01", "2026-07-11", "200"),
        opportunity("B", "won", "2026-08-01", "2026-08-01", "400"),
        opportunity("C", "lost", "2026-06-01", "2026-07-01", "999"),
        opportunity("D", "open", "2026-09-30", None, "50"),
        opportunity("E", "won", "2026-06-01", "2026-06-30", "999"),
    ]
    kpi = evaluate(make_slice({"opportunities": rows}))["deal_velocity"]
    assert round(kpi.value, 10) == Decimal("145.4545454545")
    assert kpi.n == 2
    companions = kpi.companions
    assert (companions["opportunities"], companions["deal_success"]) == (4, 2 / 3)
    assert (companions["average_deal_size"], companions["cycle"]) == (300, 5.5)
    assert (companions["shortest"], companions["longest"]) == (1, 10)
    assert companions["cycle_days"].to_dict("list") == {"opportunity_id": ["A", "B"], "days": [10, 1]}
    # Two deals carry no interval of the velocity.
    assert kpi.interval is None


def test_the_factors_changes_sum_to_the_velocitys(make_slice: Make, opportunity: Row) -> None:
    """A year ago: W 3, success 1/2, size 100, cycle 20 → 7.5; now: W 2, success 1, size 300, cycle 10 → 60.

    log 8 = log(2/3) + log 2 + log 3 + log 2. In the quarter before nothing was won: nothing to decompose.
    """
    rows = [
        opportunity("A", "won", "2025-07-01", "2025-07-21", "100"),
        opportunity("B", "lost", "2025-07-01", "2025-07-21", "100"),
        # 19 days; with D's one day a mean of 10.
        opportunity("C", "won", "2026-06-12", "2026-07-01", "300"),
        opportunity("D", "won", "2026-08-01", "2026-08-02", "300"),
        opportunity("E", "lost", "2025-09-30", "2025-10-01", "100"),
    ]
    kpi = evaluate(make_slice({"opportunities": rows}))["deal_velocity"]
    factors = kpi.companions["factors"].set_index("factor")
    assert factors["now"].tolist() == [2, 1, 300, 10]
    assert factors["year_ago"].tolist() == [3, 0.5, 100, 20]
    expected = [math.log(2 / 3), math.log(2), math.log(3), math.log(2)]
    assert factors["log_year_ago"].tolist() == [pytest.approx(value) for value in expected]
    assert kpi.year_ago is not None
    assert kpi.year_ago.value == Decimal("7.5")
    assert factors["log_year_ago"].sum() == pytest.approx(math.log(60 / 7.5))
    assert factors["log_previous"].isna().all()
    assert factors["previous"].isna().tolist() == [False, True, True, True]


def test_resampling_draws_all_that_was_worked(make_slice: Make, opportunity: Row) -> None:
    """20 wins among 40: the interval holds the value; seeded, whatever the order of the rows."""
    rows = [opportunity(f"W{n:02d}", "won", "2026-07-01", f"2026-07-{2 + n:02d}", "100") for n in range(20)]
    rows += [opportunity(f"L{n:02d}", "lost", "2026-07-01", "2026-07-20", "100") for n in range(20)]
    kpi = evaluate(make_slice({"opportunities": rows}))["deal_velocity"]
    interval = kpi.interval
    assert interval is not None
    assert interval.method == "bootstrap"
    # 40 × 1/2 × 100 ÷ 10.5
    assert interval.low < 2000 / 10.5 < interval.high
    assert evaluate(make_slice({"opportunities": rows[::-1]}))["deal_velocity"].interval == interval
    assert evaluate(make_slice({"opportunities": rows[1:]}))["deal_velocity"].interval is None


def test_without_a_deal_it_is_undefined(make_slice: Make, opportunity: Row) -> None:
    rows = [opportunity("A", "open", "2026-07-01", None, "10")]
    kpi = evaluate(make_slice({"opportunities": rows}))["deal_velocity"]
    assert (kpi.value, kpi.reason) == (None, "no_deals")
    assert (kpi.companions["opportunities"], kpi.companions["cycle"], kpi.companions["shortest"]) == (1, None, None)
