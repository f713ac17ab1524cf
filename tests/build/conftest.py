"""A small workspace: four partners, a handful of rows, a notebook that takes no time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

DECLARED = """\
partner: str = "P1"
quarter: str = "2026Q3"
as_of: str = ""
audience: str = "partner"
language: str = ""
"""
PARTNERS = """\
partner_id,name,region,tier,locale,active
P1,Alder & Sons,North,gold,en,true
P2,Birch <b>Ltd</b>,North,silver,en,true
P3,느티나무,South,gold,ko,true
P4,Gone Away,South,gold,en,false
"""
OPPORTUNITIES = """\
opportunity_id,partner_id,created_on,closed_on,outcome,amount,currency,stage
O1,P1,2026-07-01,2026-07-15,won,200.00,USD,Closed
O2,P1,2026-07-02,2026-07-16,won,400.00,USD,Closed
O3,P2,2026-07-03,2026-08-01,lost,100.00,USD,Closed
O4,P3,2026-08-04,,open,300.00,USD,Proposal
O5,P4,2026-08-05,2026-09-30,won,500.00,USD,Closed
"""


def write_notebook(path: Path, *sources: str) -> None:
    parameters = new_code_cell(DECLARED, metadata={"tags": ["parameters"]}, id="parameters")
    cells = [new_markdown_cell("# Review", id="title"), parameters]
    cells += [new_code_cell(source, id=f"c{place}") for place, source in enumerate(sources)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(new_notebook(cells=cells)), encoding="utf-8")


@pytest.fixture
def notebook() -> Callable[..., None]:
    """Write a notebook of some code cells to a path."""
    return write_notebook


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with settings, data and a notebook that fails for one partner."""
    root = tmp_path / "workspace"
    (root / "data").mkdir(parents=True)
    (root / "kpilib.toml").write_text('[source]\npath = "data"\n')
    (root / "data" / "partners.csv").write_text(PARTNERS, encoding="utf-8")
    (root / "data" / "opportunities.csv").write_text(OPPORTUNITIES, encoding="utf-8")
    write_notebook(
        root / "notebooks" / "partner_review.ipynb",
        "import json\nheld = json.load(open('slice.json'))\nprint(held['partner']['name'])",
        "assert partner != 'P2', 'not this one'",
    )
    return root
