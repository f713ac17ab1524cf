"""A workspace for the preview: two partners, a real notebook, the templates."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTNERS = "partner_id,name,tier,locale,active\nP1,Alder,gold,en,true\nP2,느티나무,gold,ko,true\n"
OPPORTUNITIES = """\
opportunity_id,partner_id,created_on,closed_on,outcome,amount
O1,P1,2026-07-01,2026-07-15,won,200.00
O2,P1,2026-07-02,2026-07-16,won,400.00
O3,P2,2026-07-03,2026-08-01,lost,100.00
"""


@pytest.fixture(scope="module")
def desk_workspace(tmp_path_factory: pytest.TempPathFactory, save_review: Callable[..., None]) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    (root / "data").mkdir()
    (root / "kpilib.toml").write_text('[source]\npath = "data"\n')
    (root / "data" / "partners.csv").write_text(PARTNERS, encoding="utf-8")
    (root / "data" / "opportunities.csv").write_text(OPPORTUNITIES, encoding="utf-8")
    shutil.copytree(ROOT / "templates", root / "templates")
    save_review(root / "notebooks" / "partner_review.ipynb", "review.page_one", "review.deal_count", "# The end")
    return root
