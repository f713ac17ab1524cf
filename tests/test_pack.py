"""The frozen request, its parameters and its paths."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpilib.folders import folder_name
from kpilib.pack import Pack
from kpilib.quarter import Quarter

Q3 = Quarter(2026, 3)


def test_parameters_are_text() -> None:
    pack = Pack("00123", Q3, date(2026, 9, 30), "internal", "ko")
    assert pack.parameters() == {
        "partner": "00123",
        "quarter": "2026Q3",
        "as_of": "2026-09-30",
        "audience": "internal",
        "language": "ko",
    }


def test_internal_packs_lie_apart() -> None:
    pack = Pack("P001", Q3, date(2026, 9, 30), "internal")
    assert pack.folder(Path("r")).as_posix() == "r/2026Q3/internal/P001"
    assert pack.failed_folder(Path("r")).as_posix() == "r/2026Q3/internal/failed/P001"
    assert str(pack) == "P001 2026Q3 (internal)"


@pytest.mark.parametrize(
    ("partner_id", "name"),
    [
        ("P001", "P001"),
        ("../../x", "%2E.%2F..%2Fx"),
        ("internal", "%69nternal"),
        ("FAILED", "%46AILED"),
        ("Index.html", "%49ndex.html"),
        ("cohort-2026-08-31.json", "%63ohort-2026-08-31.json"),
        (".hidden", "%2Ehidden"),
        ("a.", "a%2E"),
        ("100%", "100%25"),
        ("가", "%EA%B0%80"),
        ("", "%"),
        ("\0\n", "%00%0A"),
    ],
)
def test_folder_name(partner_id: str, name: str) -> None:
    assert folder_name(partner_id) == name


@given(st.lists(st.text(max_size=200), min_size=2, max_size=2, unique=True))
def test_different_partners_have_different_folders_below_the_quarter(ids: list[str]) -> None:
    first, second = map(folder_name, ids)
    assert first != second
    for name in (first, second):
        assert len(name.encode()) <= 120
        assert "/" not in name
        assert "\\" not in name
        assert name not in {".", ".."}
