from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kpilib.kpis import evaluate
from kpilib.slice import Slice

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]

STAGES = [
    {"stage": "Offer", "order": 2.0, "probability": 0.35},
    {"stage": "Contact", "order": 1.0, "probability": 0.1},
    {"stage": "Legal", "order": 3.0, "probability": None},
]


def test_weighted_by_stage(make_slice: Make, opportunity: Row) -> None:
    """Won 1, lost 3 in the four quarters: a stage without probability weighs 0.25.

    | id | stage   | amount | weight |  weighted |
    | A  | Contact |    100 |   0.10 |     10.00 |
    | B  | Offer   |    200 |   0.35 |     70.00 |
    | C  | Legal   |    400 |   0.25 |    100.00 |
    | D  |         |     80 |   0.25 |     20.00 |
    | E  | Contact |        |   0.10 |         0 |
    """
    rows = [
        opportunity("A", "open", "2026-07-01", None, "100", stage="Contact"),
        opportunity("B", "open", "2026-07-01", None, "200", stage="Offer"),
        opportunity("C", "open", "2026-07-01", None, "400", stage="Legal"),
        opportunity("D", "open", "2026-07-01", None, "80", stage=None),
        opportunity("E", "open", "2026-07-01", None, None, stage="Contact"),
        opportunity("W", "won", "2025-10-01", "2025-10-01", "5", stage=None),
        *(opportunity(f"L{n}", "lost", "2026-06-01", "2026-07-02", "5", stage=None) for n in range(3)),
        # The day before the four quarters: not counted.
        opportunity("Z", "won", "2025-09-01", "2025-09-30", "5", stage=None),
    ]
    kpi = evaluate(make_slice({"opportunities": rows, "stages": STAGES}))["opportunity_pipeline"]
    assert (kpi.value, kpi.n) == (Decimal(780), 5)
    companions = kpi.companions
    assert companions["weighted"] == Decimal(200)
    assert companions["weighted_by"] == "own"
    by_stage = companions["by_stage"]
    assert by_stage["stage"].fillna("-").tolist() == ["Contact", "Offer", "Legal", "-"]
    assert by_stage["count"].tolist() == [2, 1, 1, 1]
    assert by_stage["probability"].tolist() == [0.1, 0.35, 0.25, 0.25]
    assert by_stage["weighted"].tolist() == [10, 70, 100, 20]
    # 4 of 5 have an amount: below 90 %.
    assert (companions["valued_share"], companions["lead_with_count"]) == (0.8, True)


@pytest.mark.parametrize(("of_cohort", "weighted", "source"), [(0.4, 40, "cohort"), (None, 50, "half")])
def test_without_a_decision_of_its_own(
    make_slice: Make, opportunity: Row, of_cohort: float | None, weighted: int, source: str
) -> None:
    rows = [opportunity("A", "open", "2026-07-01", None, "100")]
    cohort = {"medians": {}, "scores": [], "deal_success": of_cohort}
    companions = evaluate(make_slice({"opportunities": rows}, cohort=cohort))["opportunity_pipeline"].companions
    assert (companions["weighted"], companions["weighted_by"]) == (weighted, source)


@pytest.mark.parametrize(("valued", "lead_with_count"), [(9, False), (8, True)])
def test_below_nine_in_ten_with_an_amount_the_count_leads(
    make_slice: Make, opportunity: Row, valued: int, lead_with_count: bool
) -> None:
    rows = [opportunity(f"A{n}", "open", "2026-07-01", None, "10" if n < valued else "0") for n in range(10)]
    companions = evaluate(make_slice({"opportunities": rows}))["opportunity_pipeline"].companions
    assert companions["lead_with_count"] is lead_with_count


def test_ages(make_slice: Make, opportunity: Row) -> None:
    """As of 09-30: 30 days is 08-31, 31 is 08-30, 90 is 07-02, 91 is 07-01, 180 is 04-03, 181 is 04-02."""
    days = ("2026-09-30", "2026-08-31", "2026-08-30", "2026-07-02", "2026-07-01", "2026-04-03", "2026-04-02")
    rows = [opportunity(f"A{n}", "open", day, None, "10") for n, day in enumerate(days)]
    by_age = evaluate(make_slice({"opportunities": rows}))["opportunity_pipeline"].companions["by_age"]
    assert by_age["bucket"].tolist() == ["0-30", "31-60", "61-90", "91-180", "over-180"]
    assert by_age["count"].tolist() == [2, 1, 1, 2, 1]
    assert by_age["amount"].tolist() == [20, 10, 10, 20, 10]


@pytest.mark.parametrize(("deals", "stale"), [(5, ["B", "A"]), (4, None)])
def test_stale_is_twice_the_median_cycle(
    make_slice: Make, opportunity: Row, deals: int, stale: list[str] | None
) -> None:
    """Cycles of 10, 20, 30, 40, 50 days: median 30, limit 60. Open for 60 (not stale), 61 and 200 days."""
    rows = [
        opportunity(f"W{n}", "won", "2026-01-01", f"2026-0{1 + n // 3}-{(11, 21, 31, 10, 20)[n]}", "5")
        for n in range(deals)
    ]
    rows += [
        opportunity("A", "open", "2026-07-31", None, "10"),
        opportunity("B", "open", "2026-03-14", None, "10"),
        opportunity("C", "open", "2026-08-01", None, "10"),
    ]
    companions = evaluate(make_slice({"opportunities": rows}))["opportunity_pipeline"].companions
    if stale is None:
        assert (companions["stale"], companions["stale_limit"]) == (None, None)
    else:
        assert companions["stale_limit"] == 60.0
        assert companions["stale"]["opportunity_id"].tolist() == stale
        assert companions["stale"]["age"].tolist() == [200, 61]


def test_targets(make_slice: Make, opportunity: Row) -> None:
    """Won 300 of 400; open 450 against 600 agreed for the next quarter."""
    tables = {
        "opportunities": [
            opportunity("A", "won", "2026-07-01", "2026-07-10", "300"),
            opportunity("B", "open", "2026-07-01", None, "450"),
        ],
        "targets": [
            {"partner_id": "P001", "quarter": quarter, "metric": "won_amount", "value": value}
            for quarter, value in (("2026Q3", "400"), ("2026Q4", "600"))
        ],
    }
    companions = evaluate(make_slice(tables))["opportunity_pipeline"].companions
    assert (companions["attainment"], companions["coverage"], companions["next_target"]) == (0.75, 0.75, 600)
    nothing = evaluate(make_slice({"opportunities": tables["opportunities"]}))["opportunity_pipeline"].companions
    assert (nothing["attainment"], nothing["coverage"], nothing["next_target"]) == (None, None, None)


def test_an_earlier_pipeline_is_rebuilt_with_the_stage_unknown(make_slice: Make, opportunity: Row) -> None:
    """Won on 10-05, exported later: open as of 09-30, its stage of today not known then, its amount today's."""
    tables = {
        "opportunities": [opportunity("A", "won", "2026-07-01", "2026-10-05", "100", stage="Closed")],
        "stages": STAGES,
    }
    companions = evaluate(make_slice(tables, exported_later=True))["opportunity_pipeline"].companions
    assert companions["by_stage"]["stage"].isna().tolist() == [True]
    assert companions["amounts_as_exported"] is True
    assert evaluate(make_slice(tables))["opportunity_pipeline"].companions["amounts_as_exported"] is False


def test_a_stage_history_knows_stage_and_amount_of_the_day(make_slice: Make, opportunity: Row) -> None:
    """
    | changed | stage   | amount |
    | 07-01   | Contact |        |
    | 08-10   | Offer   |     70 |
    | 10-02   | Legal   |     95 |  after D
    """
    tables = {
        "opportunities": [opportunity("A", "open", "2026-07-01", None, "95", stage="Legal")],
        "stages": STAGES,
        "stage_history": [
            {"opportunity_id": "A", "changed_on": day, "stage": stage, "amount": amount}
            for day, stage, amount in (
                ("2026-07-01", "Contact", None),
                ("2026-08-10", "Offer", "70"),
                ("2026-10-02", "Legal", "95"),
            )
        ],
    }
    kpi = evaluate(make_slice(tables, exported_later=True))["opportunity_pipeline"]
    assert kpi.value == 70
    assert kpi.companions["by_stage"]["stage"].tolist() == ["Offer"]
    assert kpi.companions["amounts_as_exported"] is False
    early = evaluate(make_slice(tables, as_of="2026-08-09"))["opportunity_pipeline"]
    assert (early.value, early.n) == (0, 1)
    assert early.companions["by_stage"]["stage"].tolist() == ["Contact"]


def test_nothing_open(make_slice: Make) -> None:
    kpi = evaluate(make_slice({"opportunities": []}))["opportunity_pipeline"]
    assert (kpi.value, kpi.n, kpi.reason) == (Decimal(0), 0, None)
    companions = kpi.companions
    assert (companions["weighted"], companions["valued_share"], companions["lead_with_count"]) == (0, None, False)
    assert companions["weighted_by"] is None
