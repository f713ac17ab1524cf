from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilib.contract.reasons import REASONS
from kpilib.sample import SampleReport
from kpilib.sample.dirt import FLAWS, plant_dirt
from kpilib.sample.files import Table, Texts

OPEN = {
    "opportunity_id": "O1", "partner_id": "P001", "created_on": "2026-01-05", "closed_on": "", "outcome": "open",
    "amount": "1200.50", "currency": "USD", "modified_on": "2026-01-09",
}  # fmt: skip
WON = OPEN | {
    "opportunity_id": "O2",
    "partner_id": "P002",
    "closed_on": "2026-02-03",
    "outcome": "won",
    "amount": "90.00",
}
LEAD = {"lead_id": "L1", "partner_id": "P001", "channel": "Press", "opportunity_id": "", "segment": ""}
LINKED = LEAD | {"lead_id": "L2", "partner_id": "P002", "opportunity_id": "O2"}


def changes(table: str, kind: str, row: dict[str, str], other: dict[str, str]) -> list[dict[str, str]] | None:
    """What a flaw changes in a row, in place or in the rows behind it; None where it does not fit."""
    spoiled = FLAWS[table][kind](row, other)
    if spoiled is None:
        return None
    rows = [dict(spoiled.cells)] if spoiled.cells else [dict(behind) for behind in spoiled.behind]
    return [{name: value for name, value in made.items() if row[name] != value} for made in rows]


@pytest.mark.parametrize(
    ("kind", "row", "other", "made"),
    [
        ("exact_duplicate", OPEN, WON, [{}]),
        ("amount_as_written", OPEN, WON, [{"amount": "$1,200.50"}]),
        ("amount_as_written", WON, OPEN, None),  # 90.00 looks the same to everybody
        ("amount_as_written", OPEN | {"currency": "EUR"}, WON, None),
        ("older_version", OPEN, WON, [{"amount": "90.00", "modified_on": "2026-01-05"}]),
        ("older_version", OPEN | {"modified_on": "2026-01-05"}, WON, None),
        ("closed_before_created", WON, OPEN, [
            {"opportunity_id": "O2X", "created_on": "2026-02-03", "closed_on": "2026-01-05"},
        ]),
        ("closed_before_created", OPEN, WON, None),
        ("unknown_partner", OPEN, WON, [{"opportunity_id": "O1X", "partner_id": "P1O4"}]),
        ("not_a_date", OPEN, WON, [{"opportunity_id": "O1X", "created_on": "2026-02-30"}]),
        ("negative_amount", OPEN, WON, [{"opportunity_id": "O1X", "amount": "-1200.50"}]),
        ("negative_amount", OPEN | {"amount": ""}, WON, None),
        ("conflicting_versions", OPEN, WON, [
            {"opportunity_id": "O1X", "modified_on": ""},
            {"opportunity_id": "O1X", "modified_on": "", "amount": "90.00"},
        ]),
        ("conflicting_versions", OPEN, OPEN, None),
        ("won_without_amount", WON, OPEN, [{"opportunity_id": "O2X", "amount": ""}]),
        ("won_without_amount", OPEN, WON, None),
        ("closed_without_date", WON | {"outcome": "lost"}, OPEN, [{"opportunity_id": "O2X", "closed_on": ""}]),
        ("unknown_currency", OPEN, WON, [{"opportunity_id": "O1X", "currency": "XTS"}]),
        ("unknown_outcome", OPEN, WON, [{"opportunity_id": "O1X", "outcome": "pending"}]),
        ("not_a_number", OPEN, WON, [{"opportunity_id": "O1X", "amount": "on request"}]),
        ("expected_on_unreadable", OPEN, WON, [{"closed_on": "next spring"}]),
        ("expected_on_unreadable", WON, OPEN, None),
    ],
)  # fmt: skip
def test_what_each_flaw_makes_of_an_opportunity(
    kind: str, row: dict[str, str], other: dict[str, str], made: list[dict[str, str]] | None
) -> None:
    assert changes("opportunities", kind, row, other) == made


@pytest.mark.parametrize(
    ("kind", "row", "other", "made"),
    [
        ("lead_other_partner", LEAD, LINKED, [{"opportunity_id": "O2"}]),
        ("lead_other_partner", LEAD | {"partner_id": "P002"}, LINKED, None),
        ("lead_other_partner", LINKED, LINKED, None),  # a lead's success is never taken away
        ("lead_unknown_opportunity", LEAD, LINKED, [{"opportunity_id": "O2Y"}]),
        ("lead_unknown_opportunity", LEAD, LEAD, None),
        ("missing_value", LEAD, LINKED, [{"lead_id": "L1X", "channel": ""}]),
        ("unknown_segment", LEAD, LINKED, [{"segment": "tbc"}]),
        ("unknown_segment", LEAD | {"segment": "paid"}, LINKED, None),
    ],
)
def test_what_each_flaw_makes_of_a_lead(
    kind: str, row: dict[str, str], other: dict[str, str], made: list[dict[str, str]] | None
) -> None:
    assert changes("leads", kind, row, other) == made


def test_kinds_bear_the_names_of_reasons_of_their_table() -> None:
    for table, flaws in FLAWS.items():
        for kind in flaws:
            reason = REASONS[kind]
            assert reason.action in {"rejected", "repaired"}
            assert not reason.tables or table in reason.tables, (table, kind)


def test_every_kind_is_planted_in_the_usual_sample(report: SampleReport) -> None:
    assert {table: set(kinds) for table, kinds in report.planted.items()} == {
        table: set(flaws) for table, flaws in FLAWS.items()
    }


def test_less_than_two_in_a_hundred_rows_of_any_table_are_dirty(report: SampleReport) -> None:
    for table, kinds in report.planted.items():
        assert 0.005 < sum(kinds.values()) / report.rows[table] < 0.0125, table
    assert {"partners", "stages", "fx", "actions"}.isdisjoint(report.planted)


def leads_table(rows: int) -> Table:
    numbers = [str(number) for number in range(rows)]
    return Table(
        {
            "lead_id": Texts(numbers),
            "partner_id": Texts([f"P{int(number) % 2}" for number in numbers]),
            "created_on": Texts(["2026-01-05"] * rows),
            "channel": Texts(["Press", "Webinar", "Other"] * (rows // 3)),
            "segment": Texts(["", ""] * (rows // 2)),
            "opportunity_id": Texts(["O1", "", "", ""] * (rows // 4)),
            "modified_on": Texts(["2026-01-09"] * rows),
        },
        rows,
    )


def test_a_small_table_stays_clean() -> None:
    table = leads_table(480)
    plant_dirt(table, FLAWS["leads"], np.random.default_rng(1))
    assert (table.spoiled, table.planted, table.written) == ({}, {}, 480)


def test_the_kinds_take_turns_until_the_share_is_used_up() -> None:
    table = leads_table(1_200)
    plant_dirt(table, FLAWS["leads"], np.random.default_rng(1))
    # 1.2 % of 1,200 rows are 14. All nine kinds once are 10, since conflicting versions are two rows: 4 left.
    assert table.planted == {
        "exact_duplicate": 2, "lead_other_partner": 2, "lead_unknown_opportunity": 2, "older_version": 2,
        "unknown_partner": 1, "not_a_date": 1, "conflicting_versions": 2, "missing_value": 1, "unknown_segment": 1,
    }  # fmt: skip
    assert sum(spoiled.dirty for spoiled in table.spoiled.values()) == 14


def test_planting_stops_where_no_row_fits() -> None:
    table = leads_table(1_200)
    table.columns = dict(table.columns) | {"segment": Texts(["paid"] * 1_200)}
    plant_dirt(table, {"unknown_segment": FLAWS["leads"]["unknown_segment"]}, np.random.default_rng(1))
    assert table.spoiled == {}


def test_dirt_takes_nothing_away_from_the_good_rows(good: object) -> None:
    """Ids of the good rows are without a gap, whatever stands between them."""
    opportunities: pd.DataFrame = good.opportunities  # type: ignore[attr-defined]
    assert opportunities.opportunity_id.tolist() == [f"O{number:06d}" for number in range(1, len(opportunities) + 1)]
