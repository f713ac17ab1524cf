"""The command: what it prints, its exit codes, and its help. Builds have their own tests in tests/build."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import kpilib
from kpilib.__main__ import main
from kpilib.cli import app
from kpilib.cli.console import plain

PARTNERS = """\
partner_id,name,active
00123,Alder,true
P2,\x1b[31mBirch,true
P3,Gone,false
"""
# Two deals in 15 days, 200 and 400: average deal size 300, deal count 2.
OPPORTUNITIES = """\
opportunity_id,partner_id,created_on,closed_on,outcome,amount
O1,00123,2026-07-01,2026-07-16,won,200.00
O2,00123,2026-07-01,2026-07-16,won,400.00
O3,P2,2026-08-01,2026-09-30,lost,70.00
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "kpilib.toml").write_text('[source]\npath = "data"\n')
    (tmp_path / "data" / "partners.csv").write_text(PARTNERS)
    (tmp_path / "data" / "opportunities.csv").write_text(OPPORTUNITIES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"kpilib {kpilib.__version__}\n"


@pytest.mark.parametrize("name", sorted(get_command(app).commands))  # type: ignore[attr-defined]
def test_every_help_ends_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, "--help") == 0
    last = capsys.readouterr().out.rstrip().rpartition("\n\n")[2]
    assert last.strip().startswith(f"Example: kpilib {name}")


def test_kpis_as_json(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("kpis", "2026Q3", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert sorted(found) == ["00123", "P2"]
    assert {name: found["00123"][name] for name in ("quarter", "as_of", "currency")} == {
        "quarter": "2026Q3", "as_of": "2026-09-30", "currency": "USD",
    }  # fmt: skip
    kpis = found["00123"]["kpis"]
    assert (kpis["average_deal_size"]["value"], kpis["deal_count"]["value"], kpis["deal_count"]["n"]) == (300, 2, 2)
    assert kpis["close_rate"]["value"] is None
    assert kpis["close_rate"]["reason"]


def test_kpis_as_csv_of_the_latest_quarter_and_an_inactive_partner(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("kpis", "--partner", "P3", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["partner_id"] for row in rows} == {"P3"}
    assert {row["kpi"]: row["value"] for row in rows}["deal_count"] == "0"
    assert {row["quarter"] for row in rows} == {"2026Q3"}


def test_kpis_as_a_table_that_steers_no_terminal(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("kpis", "2026Q3") == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "300 USD" in said.replace("\u00a0", " ")


def test_an_earlier_day(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--as-of", "2026-07-10", "kpis", "2026Q3", "--partner", "00123", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)["00123"]
    assert (found["as_of"], found["kpis"]["deal_count"]["value"]) == ("2026-07-10", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kpis", "2026Q5"], "'2026Q5' is not a quarter. Write it like 2026Q3 or FY2026Q3.\n"),
        (["kpis", "--partner", "123"], "No partner '123' in the table partners. Did you mean: 00123?\n"),
        (["--settings", "none.toml", "kpis"], "No settings file none.toml. Name an existing one with --settings.\n"),
        (
            ["build", "--language", "fr"],
            "No texts in the language 'fr': there are en, ko. One of your own is the file languages/fr.toml.\n",
        ),
    ],
)
def test_errors_are_lines_and_exit_code_2(
    workspace: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(*arguments) == 2
    assert capsys.readouterr() == ("", message)


def test_a_date_that_is_none(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--as-of", "30.9.2026", "kpis") == 2
    assert "'30.9.2026' is not a date. Write it like 2026-09-30." in capsys.readouterr().err


def test_check_counts_and_explains(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--explain") == 0
    said, about = capsys.readouterr()
    counts = next(line.split() for line in said.splitlines() if line.strip().startswith("opportunities"))
    assert counts[:4] == ["opportunities", "3", "3", "0"]
    assert "\nopportunities: data/opportunities.csv (utf-8, comma)\n" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["opportunity_id", "opportunity_id", "O1", "|", "O2", "|", "O3"] in rows
    assert ["currency", "(absent)"] in rows
    assert about == (
        "The data were exported on 2026-08-01, the latest created_on ([source] exported_on). "
        "Each rejected row stands in .kpilib/rejects/.\n"
        "Absent tables: stage_history, leads, spend, targets, stages, actions, fx. "
        "Packs leave out what needs them, and say so.\n"
    )


def test_check_of_headers_alone(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = workspace / "data" / "opportunities.csv"
    path.write_text(path.read_text().partition("\n")[0] + "\n")
    assert run("check") == 0
    assert "There is no row of opportunities, only headers: nothing to make packs from.\n" in capsys.readouterr().err


def test_check_stops_above_the_limit(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = workspace / "data" / "opportunities.csv"
    path.write_text(path.read_text() + "O4,P2,someday,,open,1\n")
    assert run("--quiet", "check") == 2
    said, about = capsys.readouterr()
    assert "not_a_date" in said
    assert about.startswith("More rows are rejected than the workspace allows:\n  opportunities: 1 of 4 rows (25.0 %")


def test_a_plan_changes_nothing(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = workspace / "mine.ipynb"
    notebook.write_text("{}")
    assert run("--quiet", "build", "2026Q3", "--plan", "--notebook", "mine.ipynb", "--partner", "P2") == 0
    said = capsys.readouterr().out
    assert "P2" in said
    assert "new" in said
    assert said.endswith("1 to make, 0 fresh.\n")
    assert not (workspace / "reports").exists()


def test_a_backtest_says_when_the_record_is_too_short(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Work begins on 2026-07-01: that quarter is whole, so that one forecast can be had of the next one."""
    with (workspace / "data" / "opportunities.csv").open("a") as file:
        file.write("O4,00123,2026-10-01,2026-12-31,won,300.00\nO5,P2,2026-12-31,,open,50.00\n")
    assert run("backtest") == 0
    assert plain(capsys.readouterr().out) == (
        "Nothing to test: no partner has 4 whole quarters on record before one that is over. With --least you may ask "
        "for fewer; packs give no range then.\n"
    )
    assert run("backtest", "--least", "1") == 0
    said = capsys.readouterr().out
    assert [line.split()[:2] for line in said.splitlines() if "2026Q4" in line] == [["2026Q4", "1"]]
    assert "1 forecast: " in said
    assert "in the 80\u00a0% range (one quarter: no interval)." in said.replace("80 %", "80\u00a0%")


def test_a_quarter_that_goes_on_after_the_data_end(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "mine.ipynb").write_text("{}")
    assert run("build", "--plan", "--notebook", "mine.ipynb") == 0
    later = "If they were exported later, set [source] exported_on to that day.\n"
    assert capsys.readouterr().err == (
        "The data end on 2026-08-01, before 2026-09-30: 2026Q3 is compared as if it were over. "
        f"Read it as of that day: kpilib --as-of 2026-08-01 build 2026Q3. {later}"
    )
    # As of a day before the quarter begins there is nothing to read.
    path = workspace / "data" / "opportunities.csv"
    path.write_text(re.sub(r",2026-0[78]-01,", ",2026-06-30,", path.read_text()))
    assert run("build", "--plan", "--notebook", "mine.ipynb") == 0
    assert capsys.readouterr().err == f"The data end on 2026-06-30, before 2026Q3 begins on 2026-07-01. {later}"


def test_status(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "notebooks").mkdir()
    (workspace / "notebooks" / "partner_review.ipynb").write_text("{}")
    assert run("status", "2026Q3") == 0
    said = capsys.readouterr().out
    assert [line.split()[-2:] for line in said.splitlines() if "Alder" in line] == [["not", "built"]]


def test_a_closed_pipe_is_no_traceback(workspace: Path) -> None:
    command = f"{sys.executable} -m kpilib kpis --format csv | true"
    ended = subprocess.run(command, check=False, shell=True, capture_output=True, text=True, cwd=workspace)
    assert "Traceback" not in ended.stderr


def test_plain_text() -> None:
    assert plain("a\x1b[2Jb\u202ec\n") == "a\ufffd[2Jb\ufffdc\n"
