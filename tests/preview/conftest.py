"""A workspace for the preview: two partners, a real notebook, the templates."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
PARTNERS = "partner_id,name,tier,locale,active\nP1,Alder,gold,en,true\nP2,느티나무,gold,ko,true\n"
OPPORTUNITIES = """\
opportunity_id,partner_id,created_on,closed_on,outcome,amount
O1,P1,2026-07-01,2026-07-15,won,200.00
O2,P1,2026-07-02,2026-07-16,won,400.00
O3,P2,2026-07-03,2026-08-01,lost,100.00
"""
DECLARED = """\
partner: str = "P1"
quarter: str = "2026Q3"
as_of: str = ""
audience: str = "partner"
language: str = ""
"""
OPEN = "from kpilib import Review\nreview = Review.open(partner, quarter, audience=audience, language=language)"


def write_notebook(path: Path, *sources: str) -> None:
    parameters = new_code_cell(DECLARED, metadata={"tags": ["parameters"]}, id="parameters")
    cells = [parameters, new_code_cell(OPEN, id="open")]
    for place, source in enumerate(sources):
        make = new_markdown_cell if source.startswith("#") else new_code_cell
        cells.append(make(source, id=f"c{place}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    # As an editor does: written aside, and renamed.
    aside = path.with_suffix(".aside")
    aside.write_text(nbformat.writes(new_notebook(cells=cells)), encoding="utf-8")
    aside.rename(path)


@pytest.fixture
def save_notebook() -> Callable[..., None]:
    return write_notebook


@pytest.fixture(scope="module")
def desk_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    (root / "data").mkdir()
    (root / "kpilib.toml").write_text('[source]\npath = "data"\n')
    (root / "data" / "partners.csv").write_text(PARTNERS, encoding="utf-8")
    (root / "data" / "opportunities.csv").write_text(OPPORTUNITIES, encoding="utf-8")
    shutil.copytree(ROOT / "templates", root / "templates")
    write_notebook(root / "notebooks" / "partner_review.ipynb", "review.page_one", "review.deal_count", "# The end")
    return root
