from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from kpilib.kpis import Period, evaluate
from kpilib.kpis.average_deal_size import AVERAGE_DEAL_SIZE
from kpilib.slice import Slice
from kpilib.statistics import bootstrap_means, seed_of

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]


def test_two_deals_of_200_and_400(make_slice: Make, opportunity: Row) -> None:
    """The article's example: two deals in 15 days.

    | deal | created | closed | amount |
    | A    | 07-01   | 07-10  |    200 |
    | B    | 07-02   | 07-15  |    400 |
    """
    rows = [
        opportunity("A", "won", "2026-07-01", "2026-07-10", "200"),
        opportunity("B", "won", "2026-07-02", "2026-07-15", "400"),
    ]
    kpis = evaluate(make_slice({"opportunities": rows}, as_of="2026-07-15"))
    # The mean of 200 and 400.
    assert kpis["average_deal_size"].value == Decimal(300)
    assert kpis["average_deal_size"].n == 2
    assert kpis["deal_count"].value == 2


def test_a_mean_is_not_the_mean_of_months(make_slice: Make, opportunity: Row) -> None:
    """Mean of ratios: a deal of 100 in July, three of 500 in August: 1600 / 4 = 400, never (100 + 500) / 2 = 300."""
    rows = [opportunity("A", "won", "2026-07-01", "2026-07-10", "100")]
    rows += [opportunity(f"B{n}", "won", "2026-07-01", "2026-08-10", "500") for n in range(3)]
    assert evaluate(make_slice({"opportunities": rows}))["average_deal_size"].value == Decimal(400)


def test_two_leads_of_one_deal_do_not_double_it(make_slice: Make, opportunity: Row, lead: Row) -> None:
    """Fan-out: a join of deals to leads has three rows for A; Σ stays 100 + 200, n stays 2."""
    tables = {
        "opportunities": [
            opportunity("A", "won", "2026-07-01", "2026-07-10", "100"),
            opportunity("B", "won", "2026-07-01", "2026-07-10", "200"),
        ],
        "leads": [lead(key, "2026-07-01", "web", "A") for key in ("L1", "L2", "L3")],
    }
    kpis = evaluate(make_slice(tables))
    assert kpis["average_deal_size"].value == Decimal(150)
    assert kpis["deal_count"].companions["won_amount"] == Decimal(300)
    assert kpis["marketing_channels"].companions["revenue"] == Decimal(100)
    assert kpis["close_rate"].companions["conversions"] == 3


@pytest.mark.parametrize(
    ("closed", "counts"),
    [("2026-06-30", False), ("2026-07-01", True), ("2026-08-20", True), ("2026-08-21", False)],
)
def test_days_on_the_edge(make_slice: Make, opportunity: Row, closed: str, counts: bool) -> None:
    """The quarter's first day and D itself count; the days before and after do not."""
    rows = [opportunity("A", "won", "2026-06-01", closed, "100")]
    kpi = evaluate(make_slice({"opportunities": rows}, as_of="2026-08-20"))["average_deal_size"]
    assert (kpi.value, kpi.reason) == ((Decimal(100), None) if counts else (None, "no_deals"))


def test_median_extremes_and_the_deals_that_carry_the_mean(make_slice: Make, opportunity: Row) -> None:
    """Amounts 10, 20, 30, 40, 900: mean 200, median 30.

    | removed | mean of the rest           | moves by |
    | E 900   | (10+20+30+40) / 4 = 25     |     −175 |
    | A  10   | (20+30+40+900) / 4 = 247.5 |     47.5 |
    | B  20   | (10+30+40+900) / 4 = 245   |       45 |
    """
    rows = [
        opportunity(key, "won", "2026-07-01", "2026-07-10", amount, product="Alpha", rep=None)
        for key, amount in zip("EDCBA", ("900", "40", "30", "20", "10"), strict=True)
    ]
    kpi = evaluate(make_slice({"opportunities": rows}))["average_deal_size"]
    companions = kpi.companions
    assert kpi.value == Decimal(200)
    assert (companions["median"], companions["smallest"], companions["largest"]) == (30, 10, 900)
    influence = companions["influence"]
    assert influence["opportunity_id"].tolist() == ["E", "A", "B"]
    assert influence["mean_without"].tolist() == [Decimal(25), Decimal("247.5"), Decimal(245)]
    assert influence["difference"].tolist() == [Decimal(-175), Decimal("47.5"), Decimal(45)]
    assert companions["deals"]["opportunity_id"].tolist() == list("ABCDE")
    # Few deals: no interval of the mean, but what they range over.
    assert kpi.interval is not None
    assert (kpi.interval.method, kpi.interval.low, kpi.interval.high) == ("range", Decimal(10), Decimal(900))


def test_an_even_number_of_deals_has_its_median_between_two(make_slice: Make, opportunity: Row) -> None:
    rows = [
        opportunity(key, "won", "2026-07-01", "2026-07-10", amount) for key, amount in (("A", "1.01"), ("B", "1.02"))
    ]
    assert evaluate(make_slice({"opportunities": rows}))["average_deal_size"].companions["median"] == Decimal("1.015")


@pytest.mark.parametrize(("size", "method"), [(19, "range"), (20, "bootstrap")])
def test_the_mean_is_resampled_from_twenty_deals_on(make_slice: Make, opportunity: Row, size: int, method: str) -> None:
    rows = [opportunity(f"A{n:02d}", "won", "2026-07-01", "2026-07-10", str(100 + n)) for n in range(size)]
    interval = evaluate(make_slice({"opportunities": rows[::-1]}))["average_deal_size"].interval
    assert interval is not None
    assert interval.method == method
    if method == "bootstrap":
        # Seeded by partner and quarter, the deals in the order of their ids.
        expected = bootstrap_means(100 + np.arange(20.0), seed=seed_of("P001", "2026Q3"))
        assert (interval.low, interval.high, interval.level) == (*map(pytest.approx, expected), 0.95)


def test_amounts_are_converted_at_the_day_of_closing(make_slice: Make, opportunity: Row) -> None:
    """100 EUR at 1.10 until 07-14, 1.20 from 07-15: 110 + 120 = 230; / 2 = 115."""
    tables = {
        "opportunities": [
            opportunity("A", "won", "2026-07-01", "2026-07-14", "100", currency="EUR"),
            opportunity("B", "won", "2026-07-01", "2026-07-15", "100", currency="EUR"),
        ],
        "fx": [
            {"currency": "EUR", "valid_from": "2026-01-01", "rate": "1.10"},
            {"currency": "EUR", "valid_from": "2026-07-15", "rate": "1.20"},
        ],
    }
    assert evaluate(make_slice(tables))["average_deal_size"].value == Decimal(115)


def test_without_a_deal_it_is_undefined(make_slice: Make, opportunity: Row, read: Callable[..., Period]) -> None:
    slice_ = make_slice({"opportunities": [opportunity("A", "lost", "2026-07-01", "2026-07-10", "100")]})
    kpi = evaluate(slice_)["average_deal_size"]
    assert (kpi.value, kpi.n, kpi.reason, kpi.interval) == (None, 0, "no_deals", None)
    assert kpi.companions["median"] is None
    assert kpi.companions["deals"].empty
    assert list(kpi.companions["influence"]) == ["opportunity_id", "amount", "mean_without", "difference"]


def test_definition() -> None:
    assert AVERAGE_DEAL_SIZE.denominator == "opportunities won in the quarter"
