"""The same id twice: identical rows count once; of differing ones the later modified_on wins, or none."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest

from kpilib.contract.tables import TABLES
from kpilib.settings import Settings
from kpilib.store import Store

MakeWorkspace = Callable[..., Settings]

PARTNERS = "partner_id | name\nP1 | Alpha\nP2 | Beta"
HEADER = "opportunity_id | partner_id | created_on | closed_on | outcome | amount | modified_on"


Case = tuple[list[str], list[str], dict[str, int]]

VERSIONS: list[Case] = [
    # Equal numbers and days are equal however they are written.
    (["A | P1 | 2026-01-01 | | open | 1200", "A | P1 | 2026/01/01 | | Open | 1200.00"],
     ["1200"], {"exact_duplicate": 1}),
    (["B | P1 | 2026-01-01 | | open | 1"] * 3, ["1"], {"exact_duplicate": 2}),
    (["C | P1 | 2026-01-01 | | open | 1 | 2026-01-02", "C | P1 | 2026-01-01 | | open | 2 | 2026-01-03"],
     ["2"], {"older_version": 1}),
    (["D | P1 | 2026-01-01 | | open | 1 | 2026-01-02", "D | P1 | 2026-01-01 | | open | 2"],
     ["1"], {"older_version": 1}),
    (["E | P1 | 2026-01-01 | | open | 1", "E | P1 | 2026-01-01 | | open | 2"], [], {"conflicting_versions": 2}),
    (["F | P1 | 2026-01-01 | | open | 1 | 2026-01-02", "F | P1 | 2026-01-01 | | open | 2 | 2026-01-02"],
     [], {"conflicting_versions": 2}),
    # Of one day, the later time.
    (["G | P1 | 2026-01-01 | | open | 1 | 2026-01-02 09:00", "G | P1 | 2026-01-01 | | open | 2 | 2026-01-02 08:59"],
     ["1"], {"older_version": 1}),
    # Two agree on the latest version: one of them counts.
    (["H | P1 | 2026-01-01 | | open | 1 | 2026-01-02", *["H | P1 | 2026-01-01 | | open | 2 | 2026-01-03"] * 2],
     ["2"], {"exact_duplicate": 1, "older_version": 1}),
    # The same id at two partners is one opportunity that moved.
    (["I | P1 | 2026-01-01 | | open | 1 | 2026-01-02", "I | P2 | 2026-01-01 | | open | 2 | 2026-01-03"],
     ["2"], {"older_version": 1}),
    # A version that is rejected by itself is none.
    (["J | P1 | 2026-01-01 | | open | 1 | 2026-01-02", "J | P1 | 2026-01-01 | | open | -2 | 2026-01-03"],
     ["1"], {"negative_amount": 1}),
    (["K | P1 | 2026-01-01 | | open | 1 | 2026-01-02", "K | P9 | 2026-01-01 | | open | 2 | 2026-01-03"],
     ["1"], {"unknown_partner": 1}),
    # A hope is part of a row.
    (["L | P1 | 2026-01-01 | 2026-05-01 | open | 1", "L | P1 | 2026-01-01 | 2026-06-01 | open | 1"],
     [], {"conflicting_versions": 2}),
    (["M | P1 | 2026-01-01 | | open | 1"], ["1"], {}),
    (["m | P1 | 2026-01-01 | | open | 1"], ["1"], {}),
]  # fmt: skip

SPEND: list[Case] = [
    (["P1 | A | 2026-01-01 | 5"] * 2, ["5"], {"exact_duplicate": 1}),
    (["P1 | B | 2026-01-01 | 5", "P1 | B | 2026-01-01 | 6"], [], {"conflicting_versions": 2}),
    # Two days of one month are not the same row twice, and which is the month's spend is not known.
    (["P1 | C | 2026-01-03 | 5", "P1 | C | 2026-01-17 | 5"], [], {"conflicting_versions": 2}),
    (["P1 | D | 2026-01-01 | 5", "P1 | D | 2026-02-01 | 5"], ["5", "5"], {}),
]


def judge(workspace: MakeWorkspace, cases: list[Case], table: str, header: str, order: int) -> dict[str, Any]:
    """Accepted amounts and rejected rows' reasons by id (of spend: channel), all cases in one file."""
    rows = [row for rows, _, _ in cases for row in rows][::order]
    tables = {"partners": PARTNERS, "opportunities": HEADER, table: "\n".join([header, *rows])}
    settings = workspace(**tables)
    store = Store.check(settings)
    place = 1 if table == "spend" else 0
    ids = [row.split("|")[place].strip() for row in rows]
    found: dict[str, Any] = {key: ([], {}) for key in ids}
    for pid in ("P1", "P2"):
        held = store.rows(table, pid)
        for key, amount in zip(held["channel" if table == "spend" else "opportunity_id"], held["amount"], strict=True):
            found[key][0].append(amount)
    with (settings.root / ".kpilib" / "rejects" / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        for reject in csv.DictReader(file):
            reasons = found[ids[int(reject["row"]) - 2]][1]
            reasons[reject["reason"]] = reasons.get(reject["reason"], 0) + 1
    return found


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("cases", "table", "header", "place"),
    [(VERSIONS, "opportunities", HEADER, 0), (SPEND, "spend", "partner_id | channel | month | amount", 1)],
    ids=["opportunities", "spend of a month"],
)
def test_which_version_counts(
    workspace: MakeWorkspace, cases: list[Case], table: str, header: str, place: int, order: int
) -> None:
    expected = {rows[0].split("|")[place].strip(): (amounts, reasons) for rows, amounts, reasons in cases}
    assert judge(workspace, cases, table, header, order) == expected


def test_stages_of_one_day_follow_each_other_by_their_time(workspace: MakeWorkspace) -> None:
    history = """
    opportunity_id | changed_on          | stage | amount
    A              | 2026-01-02 17:00:00 | Alpha | 3
    A              | 2026-01-02 09:00:00 | Omega | 1
    A              | 2026-01-02 11:00:00 | Alpha | 3
    A              | 2026-01-02 11:00:00 | Alpha | 3
    A              | 2026-01-01 08:00:00 | Zeta  | 7
    """
    opportunities = f"{HEADER}\nA | P1 | 2026-01-01 | | open | 1 |"
    store = Store.check(workspace(partners=PARTNERS, opportunities=opportunities, stage_history=history))
    assert store.report.tables["stage_history"].reasons["rejected"] == {"exact_duplicate": 1}
    assert store.rows("stage_history", "P1") == {
        "opportunity_id": ["A"] * 4,
        "changed_on": ["2026-01-01", "2026-01-02", "2026-01-02", "2026-01-02"],
        "stage": ["Zeta", "Omega", "Alpha", "Alpha"],
        "amount": ["7", "1", "3", "3"],
    }


def test_the_same_partner_twice_is_nobody(workspace: MakeWorkspace) -> None:
    partners = "partner_id | name\nP1 | Alpha\nP1 | Alfa\nP2 | Beta"
    store = Store.check(workspace(partners=partners, opportunities=f"{HEADER}\nA | P1 | 2026-01-01 | | open | 1 |"))
    assert store.partner_ids(active_only=False) == ["P2"]
    assert store.report.tables["partners"].reasons["rejected"] == {"conflicting_versions": 2}
    assert store.report.tables["opportunities"].reasons["rejected"] == {"unknown_partner": 1}


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("opportunities", "stage_history")])
def test_the_same_row_twice_counts_once_in_every_table(workspace: MakeWorkspace, table: str) -> None:
    rows = {
        "partners": "partner_id | name\nP1 | Alpha",
        "opportunities": "opportunity_id | partner_id | created_on | closed_on | outcome | amount",
        "leads": "lead_id | partner_id | created_on | channel\nL1 | P1 | 2026-01-05 | Web",
        "spend": "partner_id | channel | month | amount\nP1 | Web | 2026-01-01 | 1",
        "targets": "partner_id | quarter | metric | value\nP1 | 2026Q1 | deal_count | 3",
        "stages": "stage | order | probability\nOffer | 1 | 0.5",
        "actions": "action_id | partner_id | quarter | text\nA1 | P1 | 2026Q1 | call",
        "fx": "currency | valid_from | rate\nEUR | 2026-01-01 | 1.1",
    }
    header, row = rows[table].split("\n")
    report = Store.check(workspace(**{**rows, table: f"{header}\n{row}\n{row}"})).report.tables[table]
    assert (report.accepted, report.reasons["rejected"]) == (1, {"exact_duplicate": 1})
