from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kpilib.kpis import evaluate
from kpilib.slice import Slice
from kpilib.statistics import wilson

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]


def test_won_of_what_was_decided(make_slice: Make, opportunity: Row) -> None:
    """
    | id | outcome | closed | rep | amount | reason | to    |
    | A  | won     | 07-01  | Ann |     10 |        |       |
    | B  | won     | 09-30  | Bo  |     20 |        |       |
    | C  | lost    | 08-01  | Ann |     30 | Price  | Rival |
    | D  | lost    | 08-02  | Ann |        | Price  |       |
    | E  | lost    | 08-03  | Bo  |     50 |        | Other |
    | F  | lost    | 06-30  | Bo  |     60 | Price  | Rival |  the quarter before
    | G  | lost    | 10-01  | Bo  |     70 | Price  | Rival |  not yet known
    """
    rows = [
        opportunity("A", "won", "2026-06-01", "2026-07-01", "10", rep="Ann"),
        opportunity("B", "won", "2026-06-01", "2026-09-30", "20", rep="Bo"),
        opportunity("C", "lost", "2026-06-01", "2026-08-01", "30", rep="Ann", lost_reason="Price", lost_to="Rival"),
        opportunity("D", "lost", "2026-06-01", "2026-08-02", None, rep="Ann", lost_reason="Price"),
        opportunity("E", "lost", "2026-06-01", "2026-08-03", "50", rep="Bo", lost_to="Other"),
        opportunity("F", "lost", "2026-06-01", "2026-06-30", "60", rep="Bo", lost_reason="Price", lost_to="Rival"),
        opportunity("G", "lost", "2026-06-01", "2026-10-01", "70", rep="Bo", lost_reason="Price", lost_to="Rival"),
    ]
    kpi = evaluate(make_slice({"opportunities": rows}))["deal_success"]
    assert (kpi.value, kpi.n) == (0.4, 5)
    assert kpi.interval is not None
    assert (kpi.interval.low, kpi.interval.high) == wilson(2, 5)
    companions = kpi.companions
    assert (companions["won"], companions["lost"], companions["by_stage_reached"]) == (2, 3, None)
    assert companions["by_rep"][["rep", "won", "lost", "rate"]].to_numpy().tolist() == [
        ["Ann", 1, 2, 1 / 3],
        ["Bo", 1, 1, 0.5],
    ]
    reasons = companions["reasons"]
    assert reasons["reason"].fillna("-").tolist() == ["Price", "-"]
    assert reasons["count"].tolist() == [2, 1]
    assert reasons["amount"].tolist() == [30, 50]
    assert companions["lost_to"].to_numpy().tolist() == [["Other", 1, 50], ["Rival", 1, 30]]


def test_by_stage_reached(make_slice: Make, opportunity: Row) -> None:
    """A reached Legal and skipped Offer, which lies before it; B was lost at Offer, C at Contact.

    | stage   | reached by | won |
    | Contact | A, B, C    |   1 |
    | Offer   | A, B       |   1 |
    | Legal   | A          |   1 |
    """
    tables = {
        "opportunities": [
            opportunity("A", "won", "2026-06-01", "2026-07-10", "10"),
            opportunity("B", "lost", "2026-06-01", "2026-07-10", "10"),
            opportunity("C", "lost", "2026-06-01", "2026-07-10", "10"),
        ],
        "stages": [
            {"stage": stage, "order": order, "probability": None}
            for order, stage in enumerate(("Contact", "Offer", "Legal"), 1)
        ],
        "stage_history": [
            {"opportunity_id": key, "changed_on": day, "stage": stage, "amount": None}
            for key, day, stage in (
                ("A", "2026-06-01", "Contact"),
                ("A", "2026-07-01", "Legal"),
                ("A", "2026-07-10", "Closed won"),
                ("B", "2026-06-01", "Offer"),
                ("C", "2026-06-01", "Contact"),
                ("C", "2026-07-11", "Legal"),
            )
        ],
    }
    by_stage = evaluate(make_slice(tables))["deal_success"].companions["by_stage_reached"]
    assert by_stage[["stage", "won", "lost"]].to_numpy().tolist() == [
        ["Contact", 1, 2],
        ["Offer", 1, 1],
        ["Legal", 1, 0],
    ]


def test_when_nothing_was_decided_it_is_undefined(make_slice: Make, opportunity: Row) -> None:
    kpi = evaluate(make_slice({"opportunities": [opportunity("A", "open", "2026-07-01", None, "10")]}))["deal_success"]
    assert (kpi.value, kpi.n, kpi.reason, kpi.interval) == (None, 0, "no_closings", None)
