"""The portfolio in a build: made in an empty folder, made again only when it would differ, its failure told."""

from __future__ import annotations

import json
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from kpilib.build.plan import plan_packs
from kpilib.build.portfolio import PortfolioOutcome, build_portfolio
from kpilib.build.round import Round
from kpilib.settings import load_settings

PARAMETERS = 'quarter: str = "2026Q3"\nas_of: str = ""\nlanguage: str = ""\n'
SHOWS = """\
import os
assert os.listdir() == ["portfolio.json"], os.listdir()
from kpilib import Portfolio
portfolio = Portfolio.open(quarter, as_of=as_of, language=language)
"""


def write(path: Path, *sources: str) -> None:
    cells = [new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, id="parameters")]
    cells += [new_code_cell(source, id=f"c{place}") for place, source in enumerate(sources)]
    path.write_text(nbformat.writes(new_notebook(cells=cells)), encoding="utf-8")


@pytest.fixture
def build(workspace: Path) -> Callable[[], PortfolioOutcome | None]:
    def build_() -> PortfolioOutcome | None:
        around = Round.open(load_settings(workspace / "kpilib.toml"), "2026Q3")
        return build_portfolio(around, plan_packs(around, around.partners()))

    return build_


def test_none_without_a_notebook(build: Callable[[], PortfolioOutcome | None]) -> None:
    assert build() is None


def test_made_then_fresh_then_made_again(workspace: Path, build: Callable[[], PortfolioOutcome]) -> None:
    """It knows all partners, the inactive one of the cohort too; a cent more, and it is made again."""
    notebook = workspace / "notebooks" / "portfolio_review.ipynb"
    write(notebook, SHOWS, "portfolio.page_one", "portfolio.ranking")
    outcome = build()
    assert (outcome.made, outcome.error, outcome.warnings) == (True, None, ())
    place = workspace / "reports" / "2026Q3"
    page = (place / "portfolio.html").read_text(encoding="utf-8")
    assert "internal: for the channel team alone" in page
    assert "Birch &lt;b&gt;Ltd" in page
    assert "<b>Ltd" not in page
    assert "4 partners" in page
    assert (place / "portfolio.pdf").read_bytes().startswith(b"%PDF")
    manifest = json.loads((place / "portfolio.json").read_text())
    assert sorted(manifest["files"]) == ["portfolio.html", "portfolio.ipynb", "portfolio.pdf"]
    assert build().made is False
    (place / "portfolio.pdf").write_bytes(b"touched")
    source = workspace / "data" / "opportunities.csv"
    source.write_text(source.read_text().replace("500.00", "500.01"))
    assert build().made is True
    assert (place / "portfolio.pdf").read_bytes().startswith(b"%PDF")


def test_a_failure_is_kept_with_its_notebook(workspace: Path, build: Callable[[], PortfolioOutcome]) -> None:
    write(workspace / "notebooks" / "portfolio_review.ipynb", SHOWS, "portfolio.versus('P9')")
    before = set(active_children())
    outcome = build()
    assert set(active_children()) <= before  # else Python waits for them at its end, for ever
    assert str(outcome.error) == (
        "portfolio 2026Q3: cell 3 of portfolio_review.ipynb (portfolio.versus('P9')) failed: "
        "PartnerError: a = 'P9' is no partner of this portfolio."
    )
    failed = workspace / "reports" / "2026Q3" / "failed" / "portfolio"
    assert json.loads((failed / "failure.json").read_text())["cell"] == 3
    assert (failed / "portfolio.ipynb").is_file()
    assert not (workspace / "reports" / "2026Q3" / "portfolio.html").exists()
