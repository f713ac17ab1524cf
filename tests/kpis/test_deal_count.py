from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kpilib.kpis import evaluate
from kpilib.slice import Slice

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]


def test_deals_by_month_rep_and_product(make_slice: Make, opportunity: Row) -> None:
    """
    | id | outcome | closed | amount | rep | product |
    | A  | won     | 07-31  |    100 | Bo  | Alpha   |
    | B  | won     | 08-01  |    250 | Ann | Alpha   |
    | C  | lost    | 08-02  |    999 | Ann |         |
    | D  | won     | 06-30  |     50 | Ann | Beta    |  the quarter before
    | E  | open    |        |     70 | Ann | Beta    |
    """
    rows = [
        opportunity("A", "won", "2026-06-01", "2026-07-31", "100", rep="Bo", product="Alpha"),
        opportunity("B", "won", "2026-06-01", "2026-08-01", "250", rep="Ann", product="Alpha"),
        opportunity("C", "lost", "2026-06-01", "2026-08-02", "999", rep="Ann", product=None),
        opportunity("D", "won", "2026-06-01", "2026-06-30", "50", rep="Ann", product="Beta"),
        opportunity("E", "open", "2026-06-01", None, "70", rep="Ann", product="Beta"),
    ]
    kpi = evaluate(make_slice({"opportunities": rows}))["deal_count"]
    assert (kpi.value, kpi.n) == (2, 2)
    companions = kpi.companions
    assert (companions["won_amount"], companions["lost"], companions["won_amount_target"]) == (350, 1, None)
    assert [row[1:] for row in companions["by_month"].itertuples(index=False)] == [(1, 0, 100), (1, 1, 250), (0, 0, 0)]
    assert [day.month for day in companions["by_month"]["month"]] == [7, 8, 9]
    assert companions["by_rep"].to_dict("list") == {
        "rep": ["Ann", "Bo"],
        "won": [1, 1],
        "lost": [1, 0],
        "amount": [Decimal(250), Decimal(100)],
    }
    by_product = companions["by_product"]
    assert by_product["product"].isna().tolist() == [False, True]
    assert by_product["won"].tolist() == [2, 0]
    assert by_product["lost"].tolist() == [0, 1]


def test_months_after_the_day_are_not_shown(make_slice: Make, opportunity: Row) -> None:
    rows = [opportunity("A", "won", "2026-06-01", "2026-07-31", "100")]
    kpi = evaluate(make_slice({"opportunities": rows}, as_of="2026-08-01"))["deal_count"]
    assert [day.month for day in kpi.companions["by_month"]["month"]] == [7, 8]


def test_a_deal_decided_later_is_not_yet_one(make_slice: Make, opportunity: Row) -> None:
    rows = [opportunity("A", "won", "2026-07-01", "2026-08-21", "100")]
    kpis = evaluate(make_slice({"opportunities": rows}, as_of="2026-08-20"))
    assert kpis["deal_count"].value == 0
    assert kpis["opportunity_pipeline"].value == Decimal(100)


def test_target_of_the_won_amount(make_slice: Make, opportunity: Row) -> None:
    """350 of 500 agreed; as of 08-15 46 of 92 days have passed."""
    tables = {
        "opportunities": [opportunity("A", "won", "2026-06-01", "2026-07-31", "350")],
        "targets": [
            {"partner_id": "P001", "quarter": "2026Q3", "metric": "won_amount", "value": "500"},
            {"partner_id": "P001", "quarter": "2026Q3", "metric": "deal_count", "value": "2"},
        ],
    }
    kpi = evaluate(make_slice(tables, as_of="2026-08-15"))["deal_count"]
    target = kpi.companions["won_amount_target"]
    assert (target.value, target.attainment, target.elapsed) == (Decimal(500), 0.7, 0.5)
    assert kpi.target is not None
    assert (kpi.target.value, kpi.target.attainment) == (Decimal(2), 0.5)


def test_a_fiscal_quarter_has_its_own_months(make_slice: Make, opportunity: Row) -> None:
    """With the fiscal year from April 2026Q1 is April to June 2025."""
    rows = [
        opportunity(key, "won", "2025-01-01", day, "1")
        for key, day in (("A", "2025-03-31"), ("B", "2025-04-01"), ("C", "2025-06-30"), ("D", "2025-07-01"))
    ]
    kpi = evaluate(make_slice({"opportunities": rows}, "2026Q1", first_month=4))["deal_count"]
    assert kpi.value == 2
    assert kpi.previous is not None
    assert (kpi.previous.quarter, kpi.previous.value) == ("2025Q4", 1)
