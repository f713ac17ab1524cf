from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kpilib.kpis import evaluate
from kpilib.slice import Slice
from kpilib.statistics import wilson

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]


def test_leads_that_became_deals(make_slice: Make, opportunity: Row, lead: Row) -> None:
    """
    | lead | created | channel | region | its opportunity       | converted |
    | L1   | 07-01   | search  | North  | A, won 09-30          | yes       |
    | L2   | 07-31   | search  | South  | A, too                | yes       |
    | L3   | 08-01   | search  |        | B, won 10-01          | not yet   |
    | L4   | 09-30   | blog    | North  | C, lost               | no        |
    | L5   | 08-15   | blog    | South  | none                  | no        |
    | L6   | 06-30   | blog    | North  | A, too                | of the quarter before |

    2 of 5.
    """
    tables = {
        "opportunities": [
            opportunity("A", "won", "2026-07-01", "2026-09-30", "1"),
            opportunity("B", "won", "2026-08-01", "2026-10-01", "1"),
            opportunity("C", "lost", "2026-08-01", "2026-09-01", "1"),
        ],
        "leads": [
            lead("L1", "2026-07-01", "search", "A", region="North"),
            lead("L2", "2026-07-31", "search", "A", region="South"),
            lead("L3", "2026-08-01", "search", "B", region=None),
            lead("L4", "2026-09-30", "blog", "C", region="North"),
            lead("L5", "2026-08-15", "blog", None, region="South"),
            lead("L6", "2026-06-30", "blog", "A", region="North"),
        ],
    }
    kpi = evaluate(make_slice(tables))["close_rate"]
    assert (kpi.value, kpi.n, kpi.companions["conversions"]) == (0.4, 5, 2)
    assert kpi.interval is not None
    assert (kpi.interval.low, kpi.interval.high, kpi.interval.method) == (*wilson(2, 5), "wilson")
    by_channel = kpi.companions["by_channel"]
    assert by_channel["channel"].tolist() == ["blog", "search"]
    assert by_channel["leads"].tolist() == [2, 3]
    assert by_channel["conversions"].tolist() == [0, 2]
    assert by_channel["high"].tolist() == [wilson(0, 2)[1], wilson(2, 3)[1]]
    by_region = kpi.companions["by_region"]
    assert by_region["region"].fillna("-").tolist() == ["North", "South", "-"]
    assert by_region["rate"].tolist() == [0.5, 0.5, 0.0]
    by_month = kpi.companions["by_month"]
    assert by_month["leads"].tolist() == [2, 2, 1]
    assert by_month["conversions"].tolist() == [2, 0, 0]


def test_a_month_without_leads_has_no_rate(make_slice: Make, lead: Row) -> None:
    by_month = evaluate(make_slice({"opportunities": [], "leads": [lead("L1", "2026-07-01")]}))[
        "close_rate"
    ].companions["by_month"]
    assert by_month["rate"].isna().tolist() == [False, True, True]
    assert by_month["low"].isna().tolist() == [False, True, True]


def test_maturity(make_slice: Make, opportunity: Row, lead: Row) -> None:
    """Four leads of 2026Q1, won on 03-31, 06-30, 07-01 and on 10-01, which is after D.

    | end of   | 2026Q1 | Q2  | Q3   | Q4       |
    | rate     | 1/4    | 2/4 | 3/4  | not yet  |
    """
    closed = ("2026-03-31", "2026-06-30", "2026-07-01", "2026-10-01")
    tables = {
        "opportunities": [opportunity(f"A{n}", "won", "2026-01-01", day, "1") for n, day in enumerate(closed)],
        "leads": [lead(f"L{n}", "2026-02-01", "search", f"A{n}") for n in range(4)],
    }
    maturity = evaluate(make_slice(tables))["close_rate"].companions["maturity"].set_index("quarter")
    assert list(maturity.index) == [
        f"{year}Q{n}"
        for year, n in ((2024, 4), (2025, 1), (2025, 2), (2025, 3), (2025, 4), (2026, 1), (2026, 2), (2026, 3))
    ]
    row = maturity.loc["2026Q1"]
    assert (row["leads"], row["q0"], row["q1"], row["q2"]) == (4, 0.25, 0.5, 0.75)
    assert maturity.isna().loc["2026Q1"].tolist() == [False, False, False, False, True]
    assert maturity.isna().loc["2026Q2"].tolist() == [False, True, True, True, True]
    # Before D the quarter's own end is not reached either.
    early = evaluate(make_slice(tables, "2026Q1", "2026-03-30"))["close_rate"].companions["maturity"]
    assert early.iloc[-1].isna().tolist() == [False, False, True, True, True, True]


@pytest.mark.parametrize(("leads", "reason"), [(None, "no_leads_table"), ([], "no_leads")])
def test_without_leads_it_is_undefined(make_slice: Make, leads: list[Any] | None, reason: str) -> None:
    tables = {"opportunities": []} if leads is None else {"opportunities": [], "leads": leads}
    kpi = evaluate(make_slice(tables))["close_rate"]
    assert (kpi.value, kpi.n, kpi.reason, kpi.interval) == (None, 0, reason, None)
