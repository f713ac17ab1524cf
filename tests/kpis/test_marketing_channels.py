from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kpilib.kpis import evaluate
from kpilib.slice import Slice

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]


def _spend(channel: str, month: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"partner_id": "P001", "channel": channel, "month": month, "amount": amount, **more}


def test_revenue_spend_and_roi(make_slice: Make, opportunity: Row, lead: Row) -> None:
    """
    | deal | won   | amount | leads (created, channel)          | goes to |
    | A    | 07-10 |    300 | L1 (05-01, search)                | search  |
    | B    | 08-10 |    500 | L2 (07-02, blog), L3 (07-02, fair)| blog: same day, lesser id |
    | C    | 09-10 |    900 | none                              | nobody  |
    | D    | 06-30 |    100 | L4 (06-01, search)                | the quarter before |

    Spend of July to September: search 200, print 200. ROI of all: (300 + 500 − 400) / 400 = 1.
    Leads of the quarter: L2 and L3 (both converted), L5 (search, not).
    """
    tables = {
        "opportunities": [
            opportunity("A", "won", "2026-06-01", "2026-07-10", "300"),
            opportunity("B", "won", "2026-07-01", "2026-08-10", "500"),
            opportunity("C", "won", "2026-07-01", "2026-09-10", "900"),
            opportunity("D", "won", "2026-06-01", "2026-06-30", "100"),
        ],
        "leads": [
            lead("L3", "2026-07-02", "fair", "B"),
            lead("L1", "2026-05-01", "search", "A"),
            lead("L2", "2026-07-02", "blog", "B"),
            lead("L4", "2026-06-01", "search", "D"),
            lead("L5", "2026-07-31", "search"),
        ],
        "spend": [
            _spend("search", "2026-07-01", "150"),
            _spend("search", "2026-09-01", "50"),
            _spend("print", "2026-08-01", "200"),
            _spend("search", "2026-06-01", "999"),
        ],
    }
    channels = {"search": "paid", "print": "paid", "blog": "owned"}
    kpi = evaluate(make_slice(tables, channels=channels))["marketing_channels"]
    assert (kpi.value, kpi.n) == (1.0, 2)
    companions = kpi.companions
    assert (companions["revenue"], companions["spend"]) == (Decimal(800), Decimal(400))
    by_channel = companions["by_channel"]
    assert list(zip(by_channel["segment"], by_channel["channel"], strict=True)) == [
        ("paid", "print"),
        ("paid", "search"),
        ("owned", "blog"),
        ("unassigned", "fair"),
    ]
    assert by_channel["leads"].tolist() == [0, 1, 1, 1]
    assert by_channel["conversions"].tolist() == [0, 0, 1, 1]
    assert by_channel["revenue"].tolist() == [0, 300, 500, 0]
    assert by_channel["spend"].tolist() == [200, 200, 0, 0]
    assert by_channel["cost_per_lead"].tolist() == [None, 200, 0, 0]
    assert by_channel["roi"].fillna(-9).tolist() == [-1.0, 0.5, -9, -9]
    by_segment = companions["by_segment"]
    assert by_segment["segment"].tolist() == ["paid", "owned", "unassigned"]
    # Never the mean of the channels' ratios: (300 − 400) / 400.
    assert by_segment["roi"].fillna(-9).tolist() == [-0.25, -9, -9]
    assert by_segment["rate"].tolist() == [0.0, 1.0, 1.0]


def test_a_lead_created_later_brings_nothing_yet(make_slice: Make, opportunity: Row, lead: Row) -> None:
    tables = {
        "opportunities": [opportunity("A", "won", "2026-07-01", "2026-07-10", "300")],
        "leads": [lead("L1", "2026-08-02", "search", "A")],
        "spend": [_spend("search", "2026-07-01", "100")],
    }
    early = evaluate(make_slice(tables, as_of="2026-08-01"))["marketing_channels"]
    assert (early.value, early.n) == (-1.0, 0)
    late = evaluate(make_slice(tables, as_of="2026-08-02"))["marketing_channels"]
    assert (late.value, late.n) == (2.0, 1)


def test_the_segment_is_the_leads_own_first(make_slice: Make, lead: Row) -> None:
    tables = {
        "opportunities": [],
        "leads": [
            lead("L1", "2026-07-01", "search", segment="earned"),
            lead("L2", "2026-07-01", "search", segment=None),
            lead("L3", "2026-07-01", "fair", segment=None),
        ],
    }
    by_channel = evaluate(make_slice(tables, channels={"search": "paid"}))["marketing_channels"].companions[
        "by_channel"
    ]
    assert by_channel["segment"].tolist() == ["paid", "earned", "unassigned"]


def test_spend_goes_to_the_segment_that_all_leads_of_its_channel_name(make_slice: Make, lead: Row) -> None:
    """search: all leads say paid; fair: they differ; print: no leads; blog: by the channel map."""
    tables = {
        "opportunities": [],
        "leads": [
            lead("L1", "2026-07-01", "search", segment="paid"),
            lead("L2", "2025-07-01", "fair", segment="paid"),
            lead("L3", "2026-07-01", "fair", segment="earned"),
            lead("L4", "2026-07-01", "blog", segment="paid"),
        ],
        "spend": [_spend(channel, "2026-07-01", "10") for channel in ("search", "fair", "print", "blog")],
    }
    by_channel = evaluate(make_slice(tables, channels={"blog": "owned"}))["marketing_channels"].companions["by_channel"]
    spent = by_channel[by_channel["spend"] > 0]
    assert list(zip(spent["segment"], spent["channel"], strict=True)) == [
        ("paid", "search"),
        ("owned", "blog"),
        ("unassigned", "fair"),
        ("unassigned", "print"),
    ]


def test_spend_is_converted_at_its_months_first_day(make_slice: Make) -> None:
    tables = {
        "opportunities": [],
        "spend": [_spend("search", "2026-08-01", "100", currency="EUR")],
        "fx": [
            {"currency": "EUR", "valid_from": "2026-01-01", "rate": "1.10"},
            {"currency": "EUR", "valid_from": "2026-08-02", "rate": "1.20"},
        ],
    }
    assert evaluate(make_slice(tables))["marketing_channels"].companions["spend"] == Decimal(110)


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ({}, "no_spend_table"),
        ({"spend": []}, "no_spend"),
        ({"spend": [_spend("search", "2026-06-01", "10")]}, "no_spend"),
        ({"spend": [_spend("search", "2026-07-01", "0")]}, "no_spend"),
    ],
)
def test_without_spend_it_is_undefined(make_slice: Make, tables: dict[str, Any], reason: str) -> None:
    kpi = evaluate(make_slice({"opportunities": [], **tables}))["marketing_channels"]
    assert (kpi.value, kpi.reason) == (None, reason)
    assert (kpi.companions["spend"] is None) == (reason == "no_spend_table")


def test_the_verdicts_look_at_four_quarters(make_slice: Make, opportunity: Row, lead: Row) -> None:
    """20 leads and 5 deals from 2025-10-01 on are enough; a deal of 2025-09-30 would not count."""
    opportunities = [opportunity(f"A{n}", "won", "2025-09-01", "2025-10-01", "100") for n in range(5)]
    opportunities.append(opportunity("B", "won", "2025-09-01", "2025-09-30", "100"))
    leads = [lead(f"L{n:02d}", "2025-10-01", "search", f"A{n}" if n < 5 else None) for n in range(20)]
    leads.append(lead("M", "2025-09-30", "search", "B"))
    tables = {
        "opportunities": opportunities,
        "leads": leads,
        "spend": [_spend("search", "2025-10-01", "250"), _spend("search", "2025-09-01", "900")],
    }
    kpi = evaluate(make_slice(tables, channels={"search": "paid"}))["marketing_channels"]
    assert kpi.reason == "no_spend"
    row = kpi.companions["verdicts"].to_dict("records")[0]
    assert (row["leads"], row["deals"], row["revenue"], row["spend"]) == (20, 5, 500, 250)
    assert (row["rate"], row["roi"], row["overall_roi"], row["verdict"]) == (0.25, 1.0, 1.0, "invest")
