"""The frozen cohort of a quarter: frozen by the first approval as of a day, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import QUARTER, write_workspace

EARLY = ("--as-of", "2026-08-31")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Eight partners, of whom two have packs: P6 as of the quarter's end, P7 as of a day within."""
    return write_workspace(tmp_path / "desk", partners=8)


def frozen(root: Path) -> list[str]:
    return sorted(path.name for path in (root / QUARTER).glob("cohort*.json"))


def test_only_an_approval_freezes(root: Path, kpilib: Callable[..., str]) -> None:
    kpilib(root, "build", "2026Q3", "--partner", "P6")
    everybody = [word for number in range(1, 9) for word in ("--all-but", f"P{number}")]
    assert "0 approved" in kpilib(root, "approve", "2026Q3", *everybody)
    page = root / QUARTER / "P6" / "review.html"
    whole = page.read_bytes()
    page.write_bytes(whole[:-1] + b"?")
    said = kpilib(root, "approve", "2026Q3", "--partner", "P6", said=1)
    assert "P6 2026Q3 was changed since it was built: review.html." in said
    assert frozen(root) == []
    page.write_bytes(whole)
    kpilib(root, "approve", "2026Q3", "--partner", "P6")
    assert frozen(root) == ["cohort.json"]
    # What fails later takes nothing back.
    page.write_bytes(whole[:-1] + b"?")
    kpilib(root, "approve", "2026Q3", "--partner", "P6", said=1)
    assert frozen(root) == ["cohort.json"]


def test_each_day_has_a_frozen_cohort_of_its_own(root: Path, kpilib: Callable[..., str]) -> None:
    kpilib(root, "build", "2026Q3", "--partner", "P6")
    kpilib(root, "approve", "2026Q3", "--partner", "P6")
    kpilib(root, *EARLY, "build", "2026Q3", "--partner", "P7")
    kpilib(root, *EARLY, "approve", "2026Q3", "--partner", "P7")
    assert frozen(root) == ["cohort-2026-08-31.json", "cohort.json"]
    rows = root / "data" / "opportunities.csv"
    rows.write_text(rows.read_text().replace("203.00", "903.00").replace("204.00", "904.00"))
    for words, partner in (((), "P6"), (EARLY, "P7")):
        said = " ".join(kpilib(root, *words, "status", "2026Q3", "--partner", partner).split())
        assert f"{partner} Partner number {partner[1]} fresh by " in said
        assert "The cohort is frozen, and the data have moved since" in said
