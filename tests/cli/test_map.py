"""`kpilib map` proposes settings that work, and never writes over a file that is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kpilib.__main__ import main

EXPORT = (
    "Opportunity ID,Account ID,Created Date,Close Date,Stage,Amount\n"
    "006A,Norvane,2026-07-01,2026-07-20,Closed Won,200.00\n006B,Norvane,2026-08-01,,Proposal,100.00\n"
)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "export.csv"
    path.write_text(EXPORT, encoding="utf-8")
    return path


def test_a_proposal_reads_the_export_that_it_was_made_for(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("map", "export.csv", "--out", "kpilib.toml") == 0
    capsys.readouterr()
    assert run("kpis", "2026Q3", "--format", "json") == 0
    figures = json.loads(capsys.readouterr().out)["Norvane"]["kpis"]
    assert (figures["deal_count"]["value"], figures["average_deal_size"]["value"]) == (1, 200)
    assert figures["opportunity_pipeline"]["value"] == 100


def test_settings_that_are_there_stay_as_they_are(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (export.parent / "kpilib.toml").write_text("# mine\n", encoding="utf-8")
    assert run("map", "export.csv", "--out", "kpilib.toml") == 2
    said = "kpilib.toml exists and stays as it is. Name another file, or copy what you need.\n"
    assert capsys.readouterr().err.endswith(said)
    assert (export.parent / "kpilib.toml").read_text(encoding="utf-8") == "# mine\n"


def test_a_file_that_is_not_there_is_said(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("map", "exprot.csv") == 2
    assert capsys.readouterr().err == "There is no file exprot.csv.\n"
