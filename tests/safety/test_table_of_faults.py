"""The table of faults in the documentation names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_fault_names_its_test() -> None:
    page = (ROOT / "docs" / "explanation" / "safety.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("|")][2:]
    named = [re.findall(r"`(\w+/test_\w+)`", row[3]) for row in rows]
    assert len(rows) > 20
    assert all(named)
    assert [name for names in named for name in names if not (ROOT / "tests" / f"{name}.py").is_file()] == []
