"""The files that name rejected and noted rows: safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kpilib.settings import Settings
from kpilib.store import Store

MakeWorkspace = Callable[..., Settings]

PARTNERS = "partner_id | name\nP1 | Alpha"
HEADER = "opportunity_id | partner_id | created_on | closed_on | outcome | amount"


def rejects(workspace: MakeWorkspace, *rows: str) -> str:
    settings = workspace(partners=PARTNERS, opportunities="\n".join([HEADER, *rows]))
    Store.check(settings)
    return (settings.root / ".kpilib" / "rejects" / "opportunities.csv").read_text(encoding="utf-8")


def test_one_line_for_each_problem(workspace: MakeWorkspace) -> None:
    assert rejects(workspace, "A | P1 | soon | | open | ", "B | P9 | 2026-01-01 | | open | 1") == (
        "\ufefftable,file,row,column,value,reason\n"
        "opportunities,data/opportunities.csv,2,created_on,soon,not_a_date\n"
        "opportunities,data/opportunities.csv,3,partner_id,P9,unknown_partner\n"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=cmd|' /C calc'!A0".replace("|", ";"), "'=cmd;' /C calc'!A0"),
        ("@SUM(1+1)", "'@SUM(1+1)"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("-5.20", "-5.20"),
        ("-5", "-5"),
        ("a=1", "a=1"),
    ],
)
def test_what_a_spreadsheet_would_run_is_made_text(workspace: MakeWorkspace, value: str, written: str) -> None:
    line = rejects(workspace, f"A | P1 | 2026-01-01 | | open | {value}").splitlines()[1]
    assert line.split(",")[4].strip('"') == written


def test_files_of_an_earlier_reading_are_removed(workspace: MakeWorkspace) -> None:
    rejects(workspace, "A | P1 | soon | | open | 1", "B | P1 | 2026-01-01 | | open | ")
    settings = workspace(partners=PARTNERS, opportunities=f"{HEADER}\nA | P1 | 2026-01-01 | | open | 1")
    folder = settings.root / ".kpilib"
    assert (folder / "notes" / "opportunities.csv").is_file()
    Store.check(settings)
    assert not (folder / "rejects" / "opportunities.csv").exists()
    assert not (folder / "notes" / "opportunities.csv").exists()
