"""The notebook that is the report: readable, committed clean, and run by plain papermill."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable
from pathlib import Path

import nbformat
import papermill
import pytest

from kpilib.parts import MIME
from kpilib.settings import Settings

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "partner_review.ipynb"
TAGS = {"parameters", "injected-parameters", "desk", "internal"}


@pytest.fixture(scope="module")
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_valid_and_committed_without_outputs(notebook: nbformat.NotebookNode) -> None:
    nbformat.validate(notebook)
    assert [cell.outputs or cell.execution_count for cell in code(notebook)] == [None] * len(code(notebook))


def test_one_cell_of_parameters_a_comment_a_line_typed_as_text(notebook: nbformat.NotebookNode) -> None:
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    lines = cell.source.splitlines()
    assert [re.fullmatch(r'(\w+): str = ".*"  # .+', line)[1] for line in lines] == [
        "partner", "quarter", "as_of", "audience", "language",
    ]  # fmt: skip


def test_it_defines_nothing_and_computes_nothing(notebook: nbformat.NotebookNode) -> None:
    forbidden = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.BinOp, ast.For, ast.While, ast.With, ast.Try)
    for cell in code(notebook):
        found = [type(node).__name__ for node in ast.walk(ast.parse(cell.source)) if isinstance(node, forbidden)]
        assert found == [], cell.source


def test_a_heading_a_line_of_prose_and_one_call_a_section(notebook: nbformat.NotebookNode) -> None:
    sections = notebook.cells[3:-1]
    assert len(sections) % 2 == 0
    for prose, call in zip(sections[::2], sections[1::2], strict=True):
        assert prose.cell_type == "markdown"
        assert re.match(r"## .+\n\n\S.+", prose.source), prose.source
        assert len(prose.source.splitlines()) <= 4
        assert re.fullmatch(r"review\.[a-z_]+", call.source)


def test_tags_are_those_that_there_are_and_prose_stays_at_the_desk(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        assert tags <= TAGS
        assert (cell.cell_type == "markdown") == ("desk" in tags)


def test_no_name_path_or_date_is_written_into_a_cell(notebook: nbformat.NotebookNode) -> None:
    for cell in code(notebook):
        if "parameters" in cell.metadata.get("tags", []):
            continue
        tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
        assert [token.string for token in tokens if token.type in {tokenize.STRING, tokenize.NUMBER}] == []


def test_it_runs_by_plain_papermill_in_a_workspace(
    workspace: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One partner, two deals, 200 and 400: average 300, count 2."""
    settings = workspace(
        partners="""
            partner_id | name
            00123      | Nordlicht
        """,
        opportunities="""
            opportunity_id | partner_id | created_on | closed_on  | outcome | amount
            O1             | 00123      | 2026-07-01 | 2026-07-16 | won     | 200
            O2             | 00123      | 2026-07-02 | 2026-07-16 | won     | 400
        """,
    )
    monkeypatch.chdir(settings.root)
    done = papermill.execute_notebook(
        NOTEBOOK, tmp_path / "out.ipynb", {"partner": "00123", "quarter": "2026Q3"}, progress_bar=False
    )
    shown = [output.data[MIME] for cell in code(done) for output in cell.outputs if MIME in output.get("data", {})]
    assert [part["kind"] for part in shown][:2] == ["page_one", "section"]
    sections = {part["id"]: part["value"] for part in shown if part["kind"] == "section"}
    assert sections["average-deal-size"] == "300\u00a0USD"
    assert sections["deal-count"] == "2"
    assert [output for cell in code(done) for output in cell.outputs if output.output_type in {"error", "stream"}] == []
