from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from kpilib.kpis import Kpi, evaluate
from kpilib.slice import Slice
from kpilib.statistics import compare_counts, compare_rates, newcombe

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]


def _deals(opportunity: Row, quarter: str, won: int, lost: int = 0, *, amount: int = 100, days: int = 9) -> list[Any]:
    """Deals and losses of one quarter, each created on its month's first and closed some days later."""
    month = {"2025Q3": "2025-07", "2026Q2": "2026-04", "2026Q3": "2026-07", "2025Q2": "2025-04"}[quarter]
    outcomes = ["won"] * won + ["lost"] * lost
    return [
        opportunity(
            f"{quarter}-{n:03d}", outcome, f"{month}-01", f"{month}-{1 + days + n % 2:02d}", str(amount + n % 3)
        )
        for n, outcome in enumerate(outcomes)
    ]


def test_differences(make_slice: Make, opportunity: Row) -> None:
    """Won 3 now (300, 301, 302), 2 in the quarter before (100, 101), 4 a year ago."""
    rows = [
        *_deals(opportunity, "2026Q3", 3, amount=300),
        *_deals(opportunity, "2026Q2", 2),
        *_deals(opportunity, "2025Q3", 4),
    ]
    kpis = evaluate(make_slice({"opportunities": rows}))
    previous, year_ago = kpis["average_deal_size"].previous, kpis["average_deal_size"].year_ago
    assert previous is not None
    assert year_ago is not None
    assert (previous.quarter, previous.as_of, previous.n) == ("2026Q2", date(2026, 6, 30), 2)
    assert (previous.value, previous.difference) == (Decimal("100.5"), Decimal("200.5"))
    assert previous.relative == pytest.approx(200.5 / 100.5)
    assert (year_ago.quarter, year_ago.season_separated, previous.season_separated) == ("2025Q3", True, False)
    count = kpis["deal_count"].year_ago
    assert count is not None
    assert (count.value, count.difference, count.relative, count.claim) == (4, -1, -0.25, "normal")
    assert count.p_value == compare_counts(3, 4, 92, 92)


def test_before_the_end_both_quarters_are_read_as_many_days_in(make_slice: Make, opportunity: Row) -> None:
    """D is day 10 of 2026Q3. Deals of day 10 and day 11 a year ago and in the quarter before: one each counts."""
    rows = [
        opportunity(f"A{n}", "won", "2025-01-01", day, "1")
        for n, day in enumerate(("2025-07-10", "2025-07-11", "2026-04-10", "2026-04-11", "2026-07-10"))
    ]
    kpi = evaluate(make_slice({"opportunities": rows}, as_of="2026-07-10"))["deal_count"]
    assert kpi.previous is not None
    assert kpi.year_ago is not None
    assert (kpi.previous.value, kpi.previous.as_of) == (1, date(2026, 4, 10))
    assert (kpi.year_ago.value, kpi.year_ago.as_of) == (1, date(2025, 7, 10))
    # The trend shows whole quarters, the last one up to D.
    assert kpi.trend[-5:] == (2.0, 0.0, 0.0, 2.0, 1.0)


def test_before_the_first_record_there_is_nothing_to_compare(make_slice: Make, opportunity: Row) -> None:
    kpi = evaluate(make_slice({"opportunities": _deals(opportunity, "2026Q2", 2)}))["deal_count"]
    assert kpi.year_ago is None
    assert kpi.previous is not None
    assert (kpi.value, kpi.previous.value) == (0, 2)
    assert kpi.trend == (None,) * 6 + (2.0, 0.0)


def test_an_undefined_value_is_not_compared(make_slice: Make, opportunity: Row) -> None:
    rows = [*_deals(opportunity, "2026Q3", 3), *_deals(opportunity, "2025Q3", 0, 3)]
    change = evaluate(make_slice({"opportunities": rows}))["average_deal_size"].year_ago
    assert change is not None
    assert (change.value, change.difference, change.claim, change.reason) == (None, None, "none", "no_deals")


def _kpis(make_slice: Make, opportunity: Row, now: Any, then: Any, base: str = "2025Q3") -> dict[str, Kpi]:
    rows = [*_deals(opportunity, "2026Q3", *now[:2], **now[2]), *_deals(opportunity, base, *then[:2], **then[2])]
    return evaluate(make_slice({"opportunities": rows}))


def test_more_deals_and_a_better_success(make_slice: Make, opportunity: Row) -> None:
    """40 won of 44 against 10 of 40: both claimed; size and cycle as before: normal."""
    kpis = _kpis(make_slice, opportunity, (40, 4, {}), (10, 30, {}))
    claims = {key: kpi.year_ago.claim for key, kpi in kpis.items() if kpi.year_ago is not None}
    assert claims == {
        "average_deal_size": "normal",
        "deal_count": "better",
        "opportunity_pipeline": "fact",
        "marketing_channels": "none",
        "close_rate": "none",
        "deal_velocity": "better",
        "quality_score": "none",
        "deal_success": "better",
    }
    change = kpis["deal_success"].year_ago
    assert change is not None
    assert change.interval is not None
    assert (change.interval.low, change.interval.high) == newcombe((40, 44), (10, 40))
    assert change.p_value == compare_rates((40, 44), (10, 40))
    assert kpis["deal_velocity"].companions["cycle_claim"] == "normal"


def test_a_longer_cycle_is_worse_and_the_velocity_with_it(make_slice: Make, opportunity: Row) -> None:
    kpis = _kpis(make_slice, opportunity, (12, 6, {"days": 20}), (12, 6, {}))
    assert kpis["deal_velocity"].companions["cycle_claim"] == "worse"
    assert [kpis[key].year_ago.claim for key in ("deal_velocity", "deal_success")] == ["worse", "normal"]  # type: ignore[union-attr]
    assert kpis["deal_velocity"].status.because == "worse_than_year_ago"


def test_velocity_claims_nothing_that_no_factor_claims(make_slice: Make, opportunity: Row) -> None:
    """Four times the work at the same success, size and cycle: four times the velocity, and no claim."""
    kpis = _kpis(make_slice, opportunity, (24, 12, {}), (6, 3, {}))
    change = kpis["deal_velocity"].year_ago
    assert change is not None
    assert change.relative == pytest.approx(3.0, rel=0.05)
    assert change.claim == "normal"


def test_a_velocity_that_rose_is_not_claimed_through_a_factor_that_fell(make_slice: Make, opportunity: Row) -> None:
    kpis = _kpis(make_slice, opportunity, (40, 4, {"days": 20}), (10, 30, {}))
    change = kpis["deal_velocity"].year_ago
    assert change is not None
    assert change.difference is not None
    assert change.difference > 0
    assert (kpis["deal_velocity"].companions["cycle_claim"], change.claim) == ("worse", "better")


def test_fewer_than_four_deals_carry_no_test_of_their_size(make_slice: Make, opportunity: Row) -> None:
    for now, claim, reason in ((3, "normal", "too_few_to_test"), (4, "better", None)):
        kpis = _kpis(make_slice, opportunity, (now, 0, {"amount": 900}), (30, 0, {}))
        change = kpis["average_deal_size"].year_ago
        assert change is not None
        assert (change.claim, change.reason) == (claim, reason)


def test_several_tests_share_one_level(make_slice: Make, opportunity: Row) -> None:
    """17 of 20 against 10 of 20: p = 0.02 alone, but the smallest of four p-values must be at most 0.0125."""
    kpis = _kpis(make_slice, opportunity, (17, 3, {}), (10, 10, {}))
    change = kpis["deal_success"].year_ago
    assert change is not None
    assert change.p_value is not None
    assert 0.0125 < change.p_value < 0.05
    assert change.interval is not None
    assert change.interval.low > 0
    assert change.claim == "normal"


def test_the_quarter_before_is_the_base_only_without_a_year_ago(make_slice: Make, opportunity: Row) -> None:
    kpis = _kpis(make_slice, opportunity, (40, 4, {}), (10, 30, {}), base="2026Q2")
    change = kpis["deal_success"].previous
    assert change is not None
    assert (change.claim, change.season_separated) == ("better", False)
    assert change.interval is not None
    # Worse than the quarter before is no status: only a year separates the season.
    kpis = _kpis(make_slice, opportunity, (10, 30, {}), (40, 4, {}), base="2026Q2")
    change = kpis["deal_success"].previous
    assert change is not None
    assert (change.claim, kpis["deal_success"].status.key) == ("worse", "good")
    # With a year ago the quarter before is a fact.
    rows = [*_deals(opportunity, "2026Q3", 40, 4), *_deals(opportunity, "2026Q2", 10, 30)]
    rows += _deals(opportunity, "2025Q3", 40, 4)
    kpis = evaluate(make_slice({"opportunities": rows}))
    assert [change.claim for change in (kpis["deal_success"].previous, kpis["deal_success"].year_ago) if change] == [
        "fact",
        "normal",
    ]
