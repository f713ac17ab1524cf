"""Each reason with the rows that it is for: one workspace per test, read as a user's would be."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest

from kpilib.contract.reasons import REASONS
from kpilib.settings import Settings
from kpilib.store import Store

MakeWorkspace = Callable[..., Settings]

PARTNERS = """
partner_id | name    | locale | contact_email             | active
P1         | Alpha   | en     | a@alpha.example           | yes
P2         | Beta    | ko     | b@b.example; c@b.example  | no
"""
HEADER = "opportunity_id | partner_id | created_on | closed_on | outcome | amount | currency | stage | modified_on"
GOOD = "G1 | P1 | 2026-01-05 | 2026-02-01 | won | 100 | | | "
FX = """
currency | valid_from | rate
EUR      | 2026-02-01 | 1.1
"""
NORDIC = "currency | valid_from | rate\nSEK | 2026-01-01 | 0.1\nNOK | 2026-01-01 | 0.1"


def opportunities(*rows: str) -> str:
    return "\n".join([HEADER, GOOD, *rows])


def noted(settings: Settings, kind: str, table: str) -> list[tuple[int, str, str, str]]:
    """The rows that a file of rejects or notes names: row, column, value, reason."""
    path = settings.root / ".kpilib" / kind / f"{table}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [(int(one["row"]), one["column"], one["value"], one["reason"]) for one in csv.DictReader(file)]


Case = tuple[str, dict[str, str], list[tuple[int, str, str, str]]]

REJECTED: list[Case] = [
    # A row of opportunities stands in line 3 of its file: below the header and a good row.
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-02-30 | | open | 1 | | |")},
     [(3, "created_on", "2026-02-30", "not_a_date")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | | open | many | | |")},
     [(3, "amount", "many", "not_a_number")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | | open | 0.1234567890123456789 | | |")},
     [(3, "amount", "0.1234567890123456789", "too_many_digits")]),
    ("partners", {"partners": PARTNERS + "P3 | Gamma | en | | perhaps"},
     [(4, "active", "perhaps", "not_a_flag")]),
    ("targets", {"targets": "partner_id | quarter | metric | value\nP1 | 2026Q5 | deal_count | 3"},
     [(2, "quarter", "2026Q5", "not_a_quarter")]),
    ("opportunities", {"opportunities": opportunities(" | P1 | | | open | 1 | | |")},
     [(3, "opportunity_id", "", "missing_value"), (3, "created_on", "", "missing_value")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | | maybe | 1 | | |")},
     [(3, "outcome", "maybe", "unknown_outcome")]),
    ("actions", {"actions": "action_id | partner_id | quarter | text | status\nA1 | P1 | 2026Q1 | call | later"},
     [(2, "status", "later", "unknown_status")]),
    ("targets", {"targets": "partner_id | quarter | metric | value\nP1 | 2026Q1 | deals | 3"},
     [(2, "metric", "deals", "unknown_metric")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | 2026-02-01 | lost | -0.01 | | |")},
     [(3, "amount", "-0.01", "negative_amount")]),
    ("stage_history", {"stage_history": "opportunity_id | changed_on | stage | amount\nG1 | 2026-01-06 | S | -1"},
     [(2, "amount", "-1", "negative_amount")]),
    ("spend", {"spend": "partner_id | channel | month | amount\nP1 | Web | 2026-01-01 | -1"},
     [(2, "amount", "-1", "negative_amount")]),
    ("fx", {"fx": FX + "CHF | 2026-01-01 | 0"}, [(3, "rate", "0", "rate_not_positive")]),
    ("stages", {"stages": "stage | order | probability\nOffer | 1 | 1.5"},
     [(2, "probability", "1.5", "probability_out_of_range")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | 2026-02-01 | won | | | |")},
     [(3, "amount", "", "won_without_amount")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | | lost | 1 | | |")},
     [(3, "closed_on", "", "closed_without_date")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | 2026-01-04 | won | 1 | | |")},
     [(3, "closed_on", "2026-01-04", "closed_before_created")]),
    ("opportunities", {"opportunities": opportunities("O1 | P9 | 2026-01-05 | | open | 1 | | |")},
     [(3, "partner_id", "P9", "unknown_partner")]),
    ("leads", {"leads": "lead_id | partner_id | created_on | channel\nL1 | P9 | 2026-01-05 | Web"},
     [(2, "partner_id", "P9", "unknown_partner")]),
    ("spend", {"spend": "partner_id | channel | month | amount\nP9 | Web | 2026-01-01 | 1"},
     [(2, "partner_id", "P9", "unknown_partner")]),
    ("targets", {"targets": "partner_id | quarter | metric | value\nP9 | 2026Q1 | won_amount | 3"},
     [(2, "partner_id", "P9", "unknown_partner")]),
    ("actions", {"actions": "action_id | partner_id | quarter | text\nA1 | P9 | 2026Q1 | call"},
     [(2, "partner_id", "P9", "unknown_partner")]),
    ("stage_history", {"stage_history": "opportunity_id | changed_on | stage\nO9 | 2026-01-06 | S"},
     [(2, "opportunity_id", "O9", "unknown_opportunity")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-02-05 | | open | 1 | CHF | |"), "fx": FX},
     [(3, "currency", "CHF", "unknown_currency")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-31 | | open | 1 | EUR | |"), "fx": FX},
     [(3, "currency", "EUR", "missing_rate")]),
    ("spend", {"spend": "partner_id | channel | month | amount | currency\nP1 | Web | 2026-01-01 | 1 | EUR", "fx": FX},
     [(2, "currency", "EUR", "missing_rate")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-02-05 | | open | €5 | USD | |"), "fx": FX},
     [(3, "currency", "USD", "contradicting_sign")]),
    ("spend", {"spend": "partner_id | channel | month | amount\nP1 | Web | 2026-03-01 | 10 kr", "fx": NORDIC},
     [(2, "currency", "", "unclear_sign")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-02-05 | | open | 5 kr | | |"), "fx": FX},
     [(3, "currency", "SEK", "unknown_currency")]),
    ("opportunities", {"opportunities": opportunities(GOOD)}, [(3, "opportunity_id", "G1", "exact_duplicate")]),
    ("leads", {"leads": "lead_id | partner_id | created_on | channel | modified_on\n"
                        "L1 | P1 | 2026-01-05 | Web | 2026-01-06\nL1 | P1 | 2026-01-05 | Fair | 2026-01-07"},
     [(2, "lead_id", "L1", "older_version")]),
    ("opportunities", {"opportunities": opportunities(GOOD.replace("100", "200"))},
     [(2, "opportunity_id", "G1", "conflicting_versions"), (3, "opportunity_id", "G1", "conflicting_versions")]),
]  # fmt: skip

NOTED: list[Case] = [
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | | open | $5 | | |")},
     [(3, "amount", "$5", "amount_as_written")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-02-01 | | open | €5 | | |",
                                                      "O2 | P1 | 2026-02-01 | | open | 7 EUR | | |"), "fx": FX},
     [(3, "currency", "EUR", "currency_from_sign"), (4, "currency", "EUR", "currency_from_sign")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | in May | open | 1 | | |")},
     [(3, "closed_on", "in May", "expected_on_unreadable")]),
    ("spend", {"spend": "partner_id | channel | month | amount\nP1 | Web | 2026-01-17 | 1"},
     [(2, "month", "2026-01-17", "month_not_first_day")]),
    ("leads", {"leads": "lead_id | partner_id | created_on | channel | segment\nL1 | P1 | 2026-01-05 | Web | Organic"},
     [(2, "segment", "Organic", "unknown_segment")]),
    ("partners", {"partners": PARTNERS + "P3 | Gamma | tlh | | "}, [(4, "locale", "tlh", "unknown_locale")]),
    ("leads", {"leads": "lead_id|partner_id|created_on|channel|opportunity_id\nL1 | P1 | 2026-01-05 | Web | O9"},
     [(2, "opportunity_id", "O9", "lead_unknown_opportunity")]),
    ("leads", {"leads": "lead_id|partner_id|created_on|channel|opportunity_id\nL1 | P2 | 2026-01-05 | Web | G1"},
     [(2, "opportunity_id", "G1", "lead_other_partner")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-01-05 | 2026-02-02 | lost | 1 | | |")},
     [(2, "closed_on", "2026-02-01", "after_export"), (3, "closed_on", "2026-02-02", "after_export")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-02-01 | | open | | | |")},
     [(3, "amount", "", "amount_blank")]),
    ("opportunities", {"opportunities": opportunities("O1 | P1 | 2026-02-01 | | open | 1 | | Ofer |"),
                       "stages": "stage | order\nOffer | 1"},
     [(3, "stage", "Ofer", "unknown_stage")]),
    ("stage_history", {"stage_history": "opportunity_id | changed_on | stage\nG1 | 2026-01-04 | S"},
     [(2, "changed_on", "2026-01-04", "changed_before_created")]),
    ("actions", {"actions": "action_id | partner_id | quarter | text | status\nA1 | P1 | 2026Q1 | call | Done"},
     [(2, "done_on", "", "done_without_date")]),
    ("partners", {"partners": PARTNERS + "P3 | Gamma | | gamma.example | "},
     [(4, "contact_email", "gamma.example", "not_an_address")]),
    ("fx", {"fx": FX + "USD | 2026-01-01 | 1.2"}, [(3, "rate", "1.2", "rate_of_reporting_currency")]),
]  # fmt: skip


def read(workspace: MakeWorkspace, tables: dict[str, str]) -> tuple[Settings, Store]:
    settings = workspace(**{"partners": PARTNERS, "opportunities": opportunities(), **tables})
    return settings, Store.check(settings)


def name(case: Any) -> str | None:
    return f"{case[0]}-{case[2][0][3]}" if isinstance(case, tuple) else None


@pytest.mark.parametrize("case", REJECTED, ids=name)
def test_a_row_is_rejected_and_named(workspace: MakeWorkspace, case: Case) -> None:
    table, tables, expected = case
    settings, store = read(workspace, tables)
    assert noted(settings, "rejects", table) == expected
    report = store.report.tables[table]
    rows = len({row for row, *_ in expected})
    assert (report.rejected, report.read) == (rows, report.accepted + rows)
    assert sum(report.reasons["rejected"].values()) == rows
    assert report.reasons["rejected"][expected[0][3]] == rows


@pytest.mark.parametrize("case", NOTED, ids=name)
def test_a_row_is_accepted_and_noted(workspace: MakeWorkspace, case: Case) -> None:
    table, tables, expected = case
    settings, store = read(workspace, tables)
    reason = expected[0][3]
    found = [one for one in noted(settings, "notes", table) if one[3] == reason]
    assert found == expected
    report = store.report.tables[table]
    assert (report.rejected, report.read) == (0, report.accepted)
    action = REASONS[reason].action
    assert report.reasons[action] == {reason: len(expected)}
    assert {"repaired": report.repaired, "warned": report.warned}[action] == len(expected)


def test_every_reason_has_a_row_here() -> None:
    # What makes a line no row at all is found, and tested, where files are read.
    lines = {"too_many_fields", "too_few_fields", "broken_quote", "too_long", "nul_byte", "undecodable", "not_json"}
    assert {row[3] for _, _, rows in (*REJECTED, *NOTED) for row in rows} == set(REASONS) - lines


def test_a_row_with_two_faults_is_named_twice_and_counted_once(workspace: MakeWorkspace) -> None:
    row = "O1 | P9 | 2026-01-05 | 2026-01-04 | won | -1 | CHF | |"
    settings, store = read(workspace, {"opportunities": opportunities(row)})
    # What a row breaks by itself comes first; it is then not held against other tables.
    assert noted(settings, "rejects", "opportunities") == [
        (3, "amount", "-1", "negative_amount"),
        (3, "closed_on", "2026-01-04", "closed_before_created"),
        (3, "partner_id", "P9", "unknown_partner"),
        (3, "currency", "CHF", "unknown_currency"),
    ][:2]
    assert store.report.tables["opportunities"].reasons["rejected"] == {"negative_amount": 1}


def test_what_cannot_be_read_is_not_also_called_missing(workspace: MakeWorkspace) -> None:
    row = "O1 | P1 | soon | later | won | much | | |"
    settings, _ = read(workspace, {"opportunities": opportunities(row)})
    assert noted(settings, "rejects", "opportunities") == [
        (3, "created_on", "soon", "not_a_date"),
        (3, "amount", "much", "not_a_number"),
        (3, "closed_on", "later", "not_a_date"),
    ]


def test_the_closed_on_of_an_open_row_is_a_hope_and_never_a_fault(workspace: MakeWorkspace) -> None:
    rows = opportunities(
        "O1 | P1 | 2026-01-05 | 2026-12-24 | open | 1 | | |",
        "O2 | P1 | 2026-01-05 | 2025-01-01 | OPEN | 1 | | |",
        "O3 | P1 | 2026-01-05 | 9999-12-31 | open | 1 | | |",
    )
    _, store = read(workspace, {"opportunities": rows})
    held = store.rows("opportunities", "P1")
    assert store.report.tables["opportunities"].rejected == 0
    assert held["opportunity_id"] == ["G1", "O1", "O2", "O3"]
    assert held["closed_on"] == ["2026-02-01", None, None, None]
    assert held["expected_on"] == [None, "2026-12-24", "2025-01-01", None]
    assert held["outcome"] == ["won", "open", "open", "open"]


def test_an_open_or_lost_row_may_have_no_amount(workspace: MakeWorkspace) -> None:
    rows = opportunities("O1 | P1 | 2026-01-05 | | open | | | |", "O2 | P1 | 2026-01-05 | 2026-01-06 | lost | | | |")
    _, store = read(workspace, {"opportunities": rows})
    assert store.rows("opportunities", "P1")["amount"] == ["100", None, None]
    assert {"table": "opportunities", "action": "warned", "reason": "amount_blank", "rows": 2} in store.quality("P1")


def test_a_blank_currency_is_the_reporting_currency_and_case_does_not_count(workspace: MakeWorkspace) -> None:
    rows = opportunities(
        "O1 | P1 | 2026-02-01 | | open | 1 | eur | |",
        "O2 | P1 | 2026-01-05 | | open | 1 | usd | |",
        "O3 | P1 | 2020-01-05 | | open | 1 |     | |",
    )
    _, store = read(workspace, {"opportunities": rows, "fx": FX})
    assert store.report.tables["opportunities"].rejected == 0
    assert store.rows("opportunities", "P1")["currency"] == [None, "EUR", "USD", None]


def test_a_sign_fills_a_currency_that_the_file_does_not_have(workspace: MakeWorkspace) -> None:
    drawn = "opportunity_id | partner_id | created_on | closed_on | outcome | amount\n"
    amounts = {"A": "1200 €", "B": "3", "C": "4 $"}
    rows = [f"{one} | P1 | 2026-02-05 | | open | {amount}" for one, amount in amounts.items()]
    _, store = read(workspace, {"opportunities": drawn + "\n".join(rows), "fx": FX + "CAD | 2026-01-01 | 0.7"})
    held = store.rows("opportunities", "P1")
    # $ may be CAD, but also the reporting currency, which a blank is.
    assert held["currency"] == ["EUR", None, None]
    assert "opportunities.currency" not in store.absent
    assert store.report.tables["opportunities"].reasons["repaired"]["currency_from_sign"] == 1


def test_a_sign_of_the_row_s_own_currency_says_nothing_new(workspace: MakeWorkspace) -> None:
    rows = ["O1 | P1 | 2026-02-05 | | open | €5 | EUR | |", "O2 | P1 | 2026-02-05 | | open | 1.2K EUR | eur | |"]
    _, store = read(workspace, {"opportunities": opportunities(*rows), "fx": FX})
    assert store.report.tables["opportunities"].rejected == 0
    assert "repaired" not in store.report.tables["opportunities"].reasons


def test_a_rejected_rate_is_no_rate(workspace: MakeWorkspace) -> None:
    fx = "currency | valid_from | rate\nEUR | 2026-01-01 | -1.1"
    rows = opportunities("O1 | P1 | 2026-02-01 | | open | 1 | EUR | |")
    settings, _ = read(workspace, {"opportunities": rows, "fx": fx})
    assert noted(settings, "rejects", "opportunities") == [(3, "currency", "EUR", "unknown_currency")]


def test_words_are_the_same_in_any_case(workspace: MakeWorkspace) -> None:
    tables = {
        "opportunities": opportunities("O1 | P1 | 2026-01-05 | 2026-02-01 | WON | 1 | | |"),
        "leads": "lead_id | partner_id | created_on | channel | segment\nL1 | P1 | 2026-01-05 | Web | Paid",
        "targets": "partner_id | quarter | metric | value\nP1 | FY2026-Q1 | Won_Amount | $1000",
        "partners": PARTNERS + "P3 | Gamma | KO_kr | | ",
    }
    _, store = read(workspace, tables)
    assert store.rows("opportunities", "P1")["outcome"] == ["won", "won"]
    assert store.rows("leads", "P1")["segment"] == ["paid"]
    assert store.rows("targets", "P1") == {
        "partner_id": ["P1"], "quarter": ["2026Q1"], "metric": ["won_amount"], "value": ["1000"],
    }  # fmt: skip
    assert store.partner("P3")["locale"] == "ko"
    assert all(table.repaired == table.rejected == 0 for table in store.report.tables.values())


def test_a_partner_is_active_unless_the_table_says_no(workspace: MakeWorkspace) -> None:
    _, store = read(workspace, {"partners": PARTNERS + "P3 | Gamma | | | "})
    assert store.partner_ids(active_only=True) == ["P1", "P3"]
    assert store.partner_ids(active_only=False) == ["P1", "P2", "P3"]


def test_the_link_of_a_lead_is_dropped_and_the_lead_stays(workspace: MakeWorkspace) -> None:
    leads = """
    lead_id | partner_id | created_on | channel | opportunity_id
    L1      | P1         | 2026-01-05 | Web     | G1
    L2      | P1         | 2026-01-05 | Web     | G1
    L3      | P2         | 2026-01-05 | Web     | G1
    L4      | P1         | 2026-01-05 | Web     | R1
    """
    rejected = "R1 | P1 | 2026-01-05 | 2026-01-04 | won | 1 | | |"
    _, store = read(workspace, {"opportunities": opportunities(rejected), "leads": leads})
    # Two leads may name one opportunity; R1 is known, but not accepted.
    assert store.rows("leads", "P1")["opportunity_id"] == ["G1", "G1", None]
    assert store.rows("leads", "P2")["opportunity_id"] == [None]
    assert store.report.tables["leads"].reasons["repaired"] == {
        "lead_other_partner": 1,
        "lead_unknown_opportunity": 1,
    }


def test_a_stated_export_date_is_the_one_that_dates_are_held_against(workspace: MakeWorkspace) -> None:
    tables = {"partners": PARTNERS, "opportunities": opportunities("O1 | P1 | 2026-03-09 | | open | 1 | | |")}
    settings = workspace('[source]\npath = "data"\nexported_on = 2026-01-31\n', **tables)
    store = Store.check(settings)
    assert str(store.exported_on) == "2026-01-31"
    # G1 closed on 2026-02-01, O1 was created on 2026-03-09.
    assert store.report.tables["opportunities"].reasons == {"warned": {"after_export": 2}}


def test_what_is_repaired_and_then_rejected_is_only_rejected(workspace: MakeWorkspace) -> None:
    spend = "partner_id | channel | month | amount\nP9 | Web | 2026-01-17 | 1"
    settings, store = read(workspace, {"spend": spend})
    assert store.report.tables["spend"].reasons == {"rejected": {"unknown_partner": 1}}
    assert noted(settings, "notes", "spend") == []
