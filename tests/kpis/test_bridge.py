from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kpilib.facts import Facts
from kpilib.kpis import Period
from kpilib.kpis.bridge import build_bridge
from kpilib.slice import Slice

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]
MONEY = ["opening", "created", "won", "lost", "lost_to_competitor", "revaluation", "closing"]
COUNTS = [f"{name}_count" for name in MONEY if name != "revaluation"]


def test_three_months(make_slice: Make, opportunity: Row, read: Callable[..., Period]) -> None:
    """Rates of EUR: 1.10, from 08-15 on 1.20.

    | id | currency | amount | created | closed | outcome           |
    | A  | EUR      |    100 | 06-10   |        | open              |
    | B  | USD      |     50 | 07-05   | 08-20  | won               |
    | C  | EUR      |     10 | 07-01   | 09-01  | lost to a rival   |
    | D  | USD      |      7 | 09-02   | 09-02  | won the same day  |
    | E  | USD      |      5 | 06-30   | 07-01  | lost              |
    | F  | USD      |      3 | 05-01   | 06-30  | won before        |

    July: opens with A 110 and E 5; B 50 and C 11 come, E 5 is lost. August: A and C gain 0.10 a EUR: 10 + 1; B is
    won. September: C is lost at its day's rate, 12; D comes and is won.
    """
    tables = {
        "opportunities": [
            opportunity("A", "open", "2026-06-10", None, "100", currency="EUR"),
            opportunity("B", "won", "2026-07-05", "2026-08-20", "50"),
            opportunity("C", "lost", "2026-07-01", "2026-09-01", "10", currency="EUR", lost_to="Rival"),
            opportunity("D", "won", "2026-09-02", "2026-09-02", "7"),
            opportunity("E", "lost", "2026-06-30", "2026-07-01", "5"),
            opportunity("F", "won", "2026-05-01", "2026-06-30", "3"),
        ],
        "fx": [
            {"currency": "EUR", "valid_from": "2026-01-01", "rate": "1.10"},
            {"currency": "EUR", "valid_from": "2026-08-15", "rate": "1.20"},
        ],
    }
    slice_ = make_slice(tables)
    months, quarter = build_bridge(Facts(slice_), read(slice_))
    assert months[MONEY].to_numpy().tolist() == [
        # opening, created, won, lost, to a competitor, revaluation, closing
        [115, 61, 0, 5, 0, 0, 171],
        [171, 0, 50, 0, 0, 11, 132],
        [132, 7, 7, 0, 12, 0, 120],
    ]
    assert months[COUNTS].to_numpy().tolist() == [[2, 2, 0, 1, 0, 3], [3, 0, 1, 0, 0, 2], [2, 1, 1, 0, 1, 1]]
    assert quarter[MONEY].to_numpy().tolist() == [[115, 68, 57, 5, 12, 11, 120]]
    assert quarter[COUNTS].to_numpy().tolist() == [[2, 3, 2, 1, 1, 1]]
    assert [day.month for day in months["month"]] == [7, 8, 9]


def test_revaluation_is_no_remainder(make_slice: Make, opportunity: Row, read: Callable[..., Period]) -> None:
    """A grows from 100 to 130, B shrinks from 200 to 160 in one month: −10 in all, by the changes of each."""
    tables = {
        "opportunities": [
            opportunity("A", "open", "2026-06-10", None, "130"),
            opportunity("B", "won", "2026-06-10", "2026-07-20", "160"),
        ],
        "stage_history": [
            {"opportunity_id": key, "changed_on": day, "stage": None, "amount": amount}
            for key, day, amount in (
                ("A", "2026-06-10", "100"),
                ("A", "2026-07-03", "130"),
                ("B", "2026-06-10", "200"),
                ("B", "2026-07-20", "160"),
            )
        ],
    }
    slice_ = make_slice(tables, as_of="2026-07-31")
    months, _ = build_bridge(Facts(slice_), read(slice_))
    assert months[MONEY].to_numpy().tolist() == [[300, 0, 160, 0, 0, -10, 130]]


def test_a_month_that_has_only_begun(make_slice: Make, opportunity: Row, read: Callable[..., Period]) -> None:
    rows = [
        opportunity("A", "open", "2026-08-01", None, "1"),
        opportunity("B", "won", "2026-07-31", "2026-08-02", "2"),
    ]
    slice_ = make_slice({"opportunities": rows}, as_of="2026-08-01")
    months, _ = build_bridge(Facts(slice_), read(slice_))
    assert months[MONEY].to_numpy().tolist() == [[0, 2, 0, 0, 0, 0, 2], [2, 1, 0, 0, 0, 0, 3]]
