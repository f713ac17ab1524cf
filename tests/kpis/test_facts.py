from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from kpilib.facts import Facts
from kpilib.slice import Slice

Make = Callable[..., Slice]
Row = Callable[..., dict[str, Any]]

RATES = [
    {"currency": "EUR", "valid_from": "2026-01-01", "rate": "1.10"},
    {"currency": "EUR", "valid_from": "2026-08-15", "rate": "1.20"},
]


def _ids(facts: Facts, rows: Any) -> list[str]:
    return [facts.opportunity_ids[row] for row in rows.tolist()]


def test_state_as_of_a_day(make_slice: Make, opportunity: Row) -> None:
    """
    | id | created | closed | outcome |
    | A  | 07-01   | 07-10  | won     |
    | B  | 07-10   | 07-10  | lost    |
    | C  | 07-11   |        | open    |
    """
    rows = [
        opportunity("C", "open", "2026-07-11", None, "4"),
        opportunity("A", "won", "2026-07-01", "2026-07-10", "1"),
        opportunity("B", "lost", "2026-07-10", "2026-07-10", "2"),
    ]
    facts = Facts(make_slice({"opportunities": rows}))
    ninth, tenth, eleventh = (date(2026, 7, day) for day in (9, 10, 11))
    assert [_ids(facts, facts.open_on(day)) for day in (ninth, tenth, eleventh)] == [["A"], [], ["C"]]
    assert [_ids(facts, facts.won(tenth, day)) for day in (ninth, tenth)] == [[], ["A"]]
    assert _ids(facts, facts.lost(tenth, tenth)) == ["B"]
    assert _ids(facts, facts.worked(tenth, tenth)) == ["A", "B"]
    assert _ids(facts, facts.worked(eleventh, eleventh)) == ["C"]
    assert facts.first_day == date(2026, 7, 1)
    assert facts.cycles(facts.lost(tenth, tenth)).tolist() == [1]


def test_an_open_amount_has_the_rate_of_the_day_and_a_decided_one_that_of_its_closing(
    make_slice: Make, opportunity: Row
) -> None:
    """100.05 EUR: 110.055 at 1.10, half to even 110.06 (110.05|5); 120.06 at 1.20."""
    rows = [opportunity("A", "won", "2026-07-01", "2026-08-14", "100.05", currency="EUR")]
    rows.append(opportunity("B", "open", "2026-07-01", None, "100.05", currency="EUR"))
    facts = Facts(make_slice({"opportunities": rows, "fx": RATES}))
    both = facts.open_on(date(2026, 7, 1))
    assert [facts.amounts(both, day).tolist() for day in (date(2026, 8, 13), date(2026, 8, 15))] == [
        [11006, 11006],
        [11006, 12006],
    ]
    assert facts.amounts_at_creation(both).tolist() == [11006, 11006]


def test_the_history_knows_the_amount_of_each_day(make_slice: Make, opportunity: Row) -> None:
    """Of two changes of one day the one that stands later counts; a blank leaves what was known."""
    changes = [
        {"opportunity_id": "A", "changed_on": day, "stage": stage, "amount": amount}
        for day, stage, amount in (
            ("2026-08-05", "Offer", "40"),
            ("2026-07-02", "Contact", None),
            ("2026-08-05", "Call", "30"),
            ("2026-08-20", None, None),
            ("2026-09-09", "Legal", "50"),
        )
    ]
    rows = [opportunity("A", "won", "2026-07-01", "2026-09-10", "55", stage="Closed")]
    facts = Facts(make_slice({"opportunities": rows, "stage_history": changes}))
    row = facts.won(date(2026, 9, 10), date(2026, 9, 10))
    days = [date(2026, month, day) for month, day in ((7, 1), (7, 2), (8, 5), (8, 20), (9, 9), (9, 10))]
    # Before the first change the data's amount; then blank until one is known.
    assert [int(facts.amounts(row, day)[0]) for day in days] == [5500, 0, 3000, 3000, 5000, 5000]
    assert [facts.stages(row, day)[0] for day in days] == [None, "Contact", "Call", "Call", "Legal", "Legal"]
    assert facts.stages_reached(int(row[0]), date(2026, 8, 5)) == ["Contact", "Offer", "Call"]
    assert [bool(facts.have_amounts(row, day)[0]) for day in days[:3]] == [True, False, True]


def test_a_history_without_amounts_leaves_the_datas(make_slice: Make, opportunity: Row) -> None:
    tables = {
        "opportunities": [opportunity("A", "open", "2026-07-01", None, "55", stage="Legal")],
        "stage_history": [{"opportunity_id": "A", "changed_on": "2026-07-01", "stage": "Contact"}],
    }
    slice_ = make_slice(tables)
    slice_.content["tables"]["stage_history"].pop("amount", None)
    facts = Facts(slice_)
    assert facts.amounts(facts.open_on(date(2026, 9, 30)), date(2026, 9, 30)).tolist() == [5500]
    assert facts.stages(facts.open_on(date(2026, 9, 30)), date(2026, 9, 30)) == ["Contact"]


@pytest.mark.parametrize(
    ("leads", "first"),
    [
        ([("L2", "2026-06-02"), ("L1", "2026-06-03")], "L2"),
        ([("L2", "2026-06-02"), ("L1", "2026-06-02")], "L1"),
        ([("L1", "2026-09-02")], None),
    ],
)
def test_a_deal_goes_to_its_earliest_lead(
    make_slice: Make, opportunity: Row, lead: Row, leads: list[tuple[str, str]], first: str | None
) -> None:
    tables = {
        "opportunities": [opportunity("A", "won", "2026-07-01", "2026-07-10", "1")],
        "leads": [lead(key, created, "web", "A") for key, created in leads],
    }
    facts = Facts(make_slice(tables))
    deals, sources = facts.sourced(date(2026, 7, 1), date(2026, 8, 31))
    assert _ids(facts, deals) == ([] if first is None else ["A"])
    assert [facts.lead_ids[row] for row in sources.tolist()] == ([] if first is None else [first])


def test_a_currency_without_cents(make_slice: Make, opportunity: Row) -> None:
    """Reporting in KRW: 2.5 USD at 1,401 are 3,502.5 won, half to even 3,502."""
    tables = {
        "opportunities": [opportunity("A", "won", "2026-07-01", "2026-07-10", "2.5", currency="USD")],
        "fx": [{"currency": "USD", "valid_from": "2026-01-01", "rate": "1401"}],
    }
    facts = Facts(make_slice(tables, currency="KRW"))
    won = facts.won(date(2026, 7, 1), date(2026, 7, 31))
    assert facts.amounts(won, date(2026, 7, 31)).tolist() == [3502]
    assert str(facts.money(3502)) == "3502"


def test_targets_of_any_spelling(make_slice: Make) -> None:
    rows = [{"partner_id": "P001", "quarter": "FY2026-Q3", "metric": "deal_count", "value": "3"}]
    slice_ = make_slice({"opportunities": [], "targets": rows})
    facts = Facts(slice_)
    assert [(str(quarter), metric) for quarter, metric in facts.targets] == [("2026Q3", "deal_count")]
