"""The workspace's own KPIs as files: what a slice gets of them, and what is said of one that cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kpilib.errors import SettingsError
from kpilib.own_kpis import read_own_kpis
from kpilib.settings import Settings

DAY = date(2026, 9, 30)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "kpis").mkdir()
    return Settings(root=tmp_path)


def write(settings: Settings, name: str, text: str | bytes) -> None:
    path = settings.root / "kpis" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_workspace_without_any(tmp_path: Path) -> None:
    own = read_own_kpis(Settings(root=tmp_path))
    assert own.enclose("P1", DAY, ["P1"]) == {}
    assert own.load() == {}
    assert own.words_in("ko").language == "ko"


def test_a_slice_gets_the_file_and_the_partners_own_rows_of_the_day(settings: Settings) -> None:
    """P1 has two rows, one of them known only from October on; P2 has one."""
    write(settings, "staff.py", "x = 1\n")
    write(settings, "_draft.py", "syntax error")
    write(
        settings, "staff.csv",
        "partner_id,valid_from,person\nP1,2026-09-30,A\nP1,2026-10-01,B\n P2 , 2025-01-01,C\n",
    )  # fmt: skip
    own = read_own_kpis(settings)
    row = {"partner_id": "P1", "valid_from": "2026-09-30", "person": "A"}
    assert own.enclose("P1", DAY, ["P1", "P2"]) == {"staff": {"code": "x = 1\n", "rows": [row]}}
    assert own.enclose("P2", DAY, ["P1", "P2"])["staff"]["rows"][0]["valid_from"] == "2025-01-01"


def test_a_change_of_a_file_is_seen(settings: Settings) -> None:
    write(settings, "staff.py", "x = 1\n")
    before = read_own_kpis(settings).fingerprint
    assert read_own_kpis(settings).fingerprint == before
    write(settings, "staff.py", "x = 22\n")
    assert read_own_kpis(settings).fingerprint != before


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"Staff.py": ""},
            "kpis/Staff.py: its name is no key. Write small letters, digits and underscores, like certified_staff.py.",
        ),
        (
            {"staff.py": "", "staf.csv": ""},
            "kpis/staf.csv lies beside no KPI: there is no staf.py. Did you mean: staff?",
        ),
        ({"staff.py": b"\xff\xfe"}, "kpis/staff.py is not UTF-8 text. Save it as UTF-8."),
        (
            {"staff.py": "", "staff.csv": "partner;valid_from\n"},
            ("kpis/staff.csv lacks partner_id and valid_from: its columns are partner;valid_from. Separate them by "
            "commas; valid_from is the day from which on a row is known."),
        ),
        (
            {"staff.py": "", "staff.csv": "partner_id,valid_from\nP1,2026-01-01\nP1\n"},
            "kpis/staff.csv, row 3: it has more or fewer fields than the header.",
        ),
        (
            {"staff.py": "", "staff.csv": "partner_id,valid_from\nP1,1.1.2026\n"},
            "kpis/staff.csv, row 2: valid_from = '1.1.2026' is not a date. Write it like 2026-09-30.",
        ),
        (
            {"staff.py": "", "staff.csv": 'partner_id,valid_from\nP1,"2026-01-01\n'},
            "kpis/staff.csv, row 2: unexpected end of data.",
        ),
        (
            {"staff.py": "", "staff.csv": "partner_id,valid_from\nP01,2026-01-01\n"},
            "kpis/staff.csv, row 2: no partner 'P01' in the table partners. Did you mean: P1?",
        ),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used(settings: Settings, files: dict[str, str | bytes], message: str) -> None:
    for name, text in files.items():
        write(settings, name, text)
    with pytest.raises(SettingsError) as caught:
        read_own_kpis(settings).enclose("P1", DAY, ["P1"])
    assert str(caught.value) == message
