"""`kpilib lint`: which notebooks it reads, what it prints, and its exit codes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kpilib.__main__ import main

ROOT = Path(__file__).parents[2]
PARTNERS = "partner_id,name\nP1,Alder Ltd\n"
OPPORTUNITIES = "opportunity_id,partner_id,created_on,outcome,amount\nO1,P1,2026-07-01,open,5\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "kpilib.toml").write_text('[source]\npath = "data"\n')
    (tmp_path / "data" / "partners.csv").write_text(PARTNERS)
    (tmp_path / "data" / "opportunities.csv").write_text(OPPORTUNITIES)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def break_notebook(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("# Partner review", "# Well done, Alder Ltd", 1).replace('"desk"', '"internal"'))


def test_the_notebooks_of_the_settings(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lint") == 0
    assert capsys.readouterr() == ("", "No findings in 2 notebooks.\n")


def test_a_partner_of_the_data_is_recognised(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_notebook(workspace / "notebooks" / "partner_review.ipynb")
    assert run("lint", "notebooks/partner_review.ipynb") == 1
    said, about = capsys.readouterr()
    assert said == (
        "notebooks/partner_review.ipynb: cell 1, line 1: KL201 'Alder Ltd' is the name of partner P1\n"
        "    Use the parameter `partner` and `review.slice`; what holds for one partner goes into its comment.\n"
    )
    assert about == "1 finding in 1 notebook.\n"


def test_without_data_partners_cannot_be_recognised(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_notebook(workspace / "notebooks" / "partner_review.ipynb")
    shutil.rmtree(workspace / "data")
    assert run("lint", "notebooks/partner_review.ipynb") == 0
    assert capsys.readouterr().err == (
        "There are no data at hand: partners named in a cell cannot be recognised.\nNo findings in 1 notebook.\n"
    )


def test_outside_a_workspace(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert run("lint", str(workspace / "notebooks" / "partner_review.ipynb")) == 0
    assert run("lint") == 2
    assert "No kpilib.toml in" in capsys.readouterr().err


def test_a_notebook_that_is_not_there(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lint", "mine.ipynb") == 2
    assert capsys.readouterr().err == "The notebook mine.ipynb cannot be read: No such file or directory.\n"
