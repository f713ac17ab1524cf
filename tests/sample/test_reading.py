"""The sample, read by the real reader: each flawed row is found, for the reason that it was made for."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from kpilib.contract.reasons import REASONS
from kpilib.sample import SampleReport, write_sample
from kpilib.settings import Settings, Source
from kpilib.store import Store


def check(root: Path, folder: Path) -> Store:
    return Store.check(Settings(root=root, source=Source(path=str(folder))))


@pytest.fixture(scope="module")
def store(report: SampleReport, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return check(tmp_path_factory.mktemp("workspace"), report.folder)


def found(store: Store) -> dict[str, dict[str, int]]:
    """Per table with any: reason → rows that were rejected or repaired for it."""
    told = {
        name: {**table.reasons.get("rejected", {}), **table.reasons.get("repaired", {})}
        for name, table in store.report.tables.items()
    }
    return {name: reasons for name, reasons in told.items() if reasons}


def test_exactly_what_was_planted_is_rejected_or_repaired_for_its_reason(report: SampleReport, store: Store) -> None:
    assert found(store) == report.planted


@pytest.mark.parametrize(
    "arguments",
    [
        {"partners": 9, "years": 1, "seed": 3},
        {"partners": 12, "years": 2, "seed": 4, "until": date(2025, 2, 13)},
        {"partners": 2, "years": 1, "seed": 5, "volume": 0.3},
    ],
    ids=["a year", "the middle of a month", "small"],
)
def test_it_is_so_for_other_arguments_too(tmp_path: Path, arguments: dict[str, object]) -> None:
    report = write_sample(tmp_path / "data", **arguments)  # type: ignore[arg-type]
    assert found(check(tmp_path, report.folder)) == report.planted


def test_all_other_rows_are_accepted(report: SampleReport, store: Store) -> None:
    for name, table in store.report.tables.items():
        rejected = sum(
            rows for reason, rows in report.planted.get(name, {}).items() if REASONS[reason].action == "rejected"
        )
        assert (table.read, table.accepted, table.rejected) == (
            report.rows[name],
            report.rows[name] - rejected,
            rejected,
        )


def test_rejected_and_repaired_rows_are_less_than_two_in_a_hundred(store: Store) -> None:
    for table in store.report.tables.values():
        assert table.rejected + table.repaired < 0.02 * table.read or table.read == 0
        assert table.rejected < 0.015 * table.read or table.read == 0


def test_each_rejected_row_is_named_with_file_row_column_value_and_reason(store: Store, tmp_path: Path) -> None:
    report = write_sample(tmp_path / "data", partners=6, years=1)
    checked = check(tmp_path, report.folder)
    with (report.folder / "opportunities.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / ".kpilib" / "rejects" / "opportunities.csv").open(encoding="utf-8-sig", newline="") as file:
        rejects = [reject for reject in csv.DictReader(file) if REASONS[reject["reason"]].action == "rejected"]
    assert len({reject["row"] for reject in rejects}) == checked.report.tables["opportunities"].rejected > 0
    for reject in rejects:
        row = rows[int(reject["row"]) - 2]  # the header is row 1
        assert Path(reject["file"]).name == "opportunities.csv"
        if reject["column"]:
            assert row[reject["column"]] == reject["value"], reject


def test_what_is_accepted_are_the_good_rows(store: Store, good: SimpleNamespace) -> None:
    accepted = store.frame("opportunities")
    assert set(accepted.opportunity_id) == set(good.opportunities.opportunity_id)
    leads = store.frame("leads")
    linked = leads[leads.opportunity_id.notna()]
    assert set(linked.lead_id) == set(good.leads[good.leads.opportunity_id != ""].lead_id)


def test_the_export_is_of_the_last_day_and_completes_its_quarter(store: Store) -> None:
    assert store.exported_on == date(2026, 9, 30)
    assert str(store.latest_quarter()) == "2026Q3"
    assert len(store.partner_ids(active_only=True)) == 29
    assert not store.absent
