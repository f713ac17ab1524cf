from __future__ import annotations

import csv
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from kpilib.contract.tables import TABLES
from kpilib.errors import SettingsError
from kpilib.sample import SampleReport, write, write_sample

SMALL = {"partners": 6, "years": 1}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_tables_are_those_of_the_contract_with_all_their_columns(report: SampleReport) -> None:
    assert {path.name for path in report.folder.iterdir()} == {f"{name}.csv" for name in TABLES}
    for name, table in TABLES.items():
        with (report.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert tuple(next(csv.reader(file))) == table.names


def test_the_report_counts_what_lies_in_the_files(report: SampleReport) -> None:
    for name in TABLES:
        with (report.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert report.rows[name] == sum(1 for _ in csv.reader(file)) - 1, name


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = write_sample(tmp_path / "a", **SMALL), write_sample(tmp_path / "b", **SMALL)
    assert contents(first.folder) == contents(second.folder)
    assert (first.rows, first.planted) == (second.rows, second.planted)


def test_another_seed_gives_other_figures_but_the_same_partners(tmp_path: Path) -> None:
    first = contents(write_sample(tmp_path / "a", **SMALL).folder)
    second = contents(write_sample(tmp_path / "b", seed=8, **SMALL).folder)
    assert first["opportunities.csv"] != second["opportunities.csv"]
    names = [[line.split(",")[:2] for line in files["partners.csv"].decode().splitlines()] for files in (first, second)]
    assert names[0] == names[1]


def test_volume_multiplies_the_opportunities_and_leads(tmp_path: Path) -> None:
    usual = write_sample(tmp_path / "a", **SMALL)
    triple = write_sample(tmp_path / "b", volume=3, **SMALL)
    for name in ("opportunities", "leads"):
        assert triple.rows[name] / usual.rows[name] == pytest.approx(3, rel=0.15), name


@pytest.mark.parametrize("until", [date(2026, 9, 30), date(2026, 8, 19), date(2025, 1, 1)])
def test_nothing_but_plans_and_expectations_lies_after_the_last_day(tmp_path: Path, until: date) -> None:
    folder = write_sample(tmp_path, until=until, **SMALL).folder
    dated = {
        "opportunities": ["created_on", "modified_on"],
        "stage_history": ["changed_on"],
        "leads": ["created_on", "modified_on"],
        "spend": ["month"],
        "actions": ["done_on"],
        "fx": ["valid_from"],
    }
    for name, columns in dated.items():
        table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        for column in columns:
            days = table[column][~table[column].str.contains(r"-02-30|-13-|\.")]
            assert days.max() <= until.isoformat(), (name, column)
    opportunities = pd.read_csv(folder / "opportunities.csv", dtype=str, keep_default_na=False)
    assert opportunities.created_on.max() == until.isoformat()  # which is how the export's day is known
    assert opportunities[opportunities.outcome != "open"].closed_on.max() <= until.isoformat()


def test_blocks_go_on_where_the_one_before_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "_BLOCK", 300)
    folder = write_sample(tmp_path, partners=8, years=1).folder
    opportunities = pd.read_csv(folder / "opportunities.csv", dtype=str)
    good = opportunities[~opportunities.opportunity_id.str.endswith("X")].drop_duplicates("opportunity_id")
    assert good.opportunity_id.tolist() == [f"O{number:06d}" for number in range(1, len(good) + 1)]
    assert set(good.partner_id) == {f"P{number:03d}" for number in range(1, 9)}
    leads = pd.read_csv(folder / "leads.csv", dtype=str)
    linked = leads.dropna(subset="opportunity_id").merge(good, on="opportunity_id")
    assert (linked.partner_id_x == linked.partner_id_y).mean() > 0.97  # all but the planted ones
    actions = pd.read_csv(folder / "actions.csv", dtype=str)
    assert actions.action_id.is_unique


def test_a_block_ends_with_the_partner_that_fills_it() -> None:
    rates = [10.0, 300.0, 10.0, 10.0, 290.0, 1.0]

    class Profile:
        def __init__(self, rate: float) -> None:
            self.rate = rate

    class Span:
        simulated = range(1_000)

    blocks = list(write._blocks([Profile(rate) for rate in rates], Span, volume=1.4))
    # 310 * 1,400 = 434,000 and 310 * 1,400 again are full, at 400,000; the rest is one block.
    assert [[profile.rate for profile in block] for block in blocks] == [[10, 300], [10, 10, 290], [1]]


def test_arguments_out_of_range_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        write_sample(tmp_path / "sample", partners=0, years=21, until=date(1999, 12, 31), volume=0)
    assert str(caught.value) == (
        "The sample cannot be made: partners is 0; choose 1 or more; years is 21; choose from 1 to 20; "
        "until is 1999-12-31; choose a day from 2000-01-01 to 2099-12-31; volume is 0; choose more than 0."
    )
    assert not (tmp_path / "sample").exists()


@pytest.mark.parametrize("partners", [1, 2, 14])
def test_few_partners_are_enough(tmp_path: Path, partners: int) -> None:
    report = write_sample(tmp_path, partners=partners, years=1)
    assert report.rows["partners"] == partners
    assert report.rows["opportunities"] > 100


def test_the_usual_sample_takes_less_than_two_seconds(tmp_path: Path) -> None:
    before = time.process_time()
    write_sample(tmp_path)
    assert time.process_time() - before < 2
