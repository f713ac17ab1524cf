from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from kpilib.contract.report import CheckReport, TableReport
from kpilib.errors import ContractError
from kpilib.settings import Settings, Source
from kpilib.store import Store

MakeWorkspace = Callable[..., Settings]

LEADS = TableReport("leads", ("data/leads.csv",), 1250, 1200, 50, reasons={"rejected": {"not_a_date": 50}})
SPEND = TableReport(
    "spend", ("data/spend.csv",), 100, 90, 10,
    reasons={"rejected": {"a": 1, "negative_amount": 4, "exact_duplicate": 3, "missing_value": 2}},
)  # fmt: skip
REPORT = CheckReport({"leads": LEADS, "spend": SPEND}, ("actions", "leads.region"), "2026-09-30")


def test_more_rejected_rows_than_allowed_stop_with_every_such_table() -> None:
    with pytest.raises(ContractError) as caught:
        REPORT.enforce(Settings())
    assert str(caught.value).splitlines() == [
        "More rows are rejected than the workspace allows:",
        ("  leads: 50 of 1,250 rows (4.0 %; the limit is 2 %). Reasons: not_a_date 50. "
        "Each stands in .kpilib/rejects/leads.csv"),
        ("  spend: 10 of 100 rows (10.0 %; the limit is 2 %). "
        "Mostly: negative_amount 4, exact_duplicate 3, missing_value 2. Each stands in .kpilib/rejects/spend.csv"),
        "Mend the source, or raise max_rejected_share in [source] if you accept the loss.",
    ]
    assert caught.value.exit_code == 2
    assert caught.value.parts["tables"] == ["leads", "spend"]


def test_the_limit_is_the_table_s_and_may_be_reached() -> None:
    REPORT.enforce(Settings(source=Source(max_rejected_share=0.1)))
    with pytest.raises(ContractError, match="spend: 10 of 100 rows"):
        REPORT.enforce(Settings(source=Source(max_rejected_share={"leads": 0.04, "spend": 0.099})))


def test_the_report_survives_json() -> None:
    assert CheckReport.from_json(json.loads(json.dumps(REPORT.to_json()))) == REPORT


def test_a_table_without_rows_has_no_rejected_share() -> None:
    assert TableReport("leads").rejected_share == 0.0


def test_opening_a_store_stops_above_the_limit_and_checking_does_not(workspace: MakeWorkspace) -> None:
    tables = {
        "partners": "partner_id | name\nP1 | Alpha",
        "opportunities": """
            opportunity_id | partner_id | created_on | closed_on  | outcome | amount
            A              | P1         | 2026-01-01 |            | open    | 1
            B              | P1         | 2026-01-01 | 2026-01-02 | won     | -1
            """,
    }
    settings = workspace(**tables)
    for _ in range(2):  # the second time nothing is read again
        with pytest.raises(ContractError) as caught:
            Store.open(settings)
        assert str(caught.value).splitlines()[1] == (
            "  opportunities: 1 of 2 rows (50.0 %; the limit is 2 %). Reasons: negative_amount 1. "
            "Each stands in .kpilib/rejects/opportunities.csv"
        )
    report = Store.check(settings).report
    assert (report.tables["opportunities"].read, report.tables["opportunities"].accepted) == (2, 1)
    assert report == caught.value.parts["report"]
    accepted = Store.open(workspace('[source]\npath = "data"\nmax_rejected_share = 0.5\n', **tables))
    assert accepted.rows("opportunities", "P1")["opportunity_id"] == ["A"]
