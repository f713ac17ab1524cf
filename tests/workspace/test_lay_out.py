from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from kpilib.errors import SettingsError
from kpilib.lint import lint_notebook
from kpilib.settings import Settings, load_settings
from kpilib.workspace import lay_out

ROOT = Path(__file__).parents[2]


def test_what_is_laid_out(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    files = {path.relative_to(folder).as_posix() for path in lay_out(folder)}
    carried = {
        path.relative_to(ROOT).as_posix()
        for name in ("notebooks", "templates")
        for path in (ROOT / name).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    assert files == carried | {".gitignore", "Makefile", "kpilib.toml", "comments/README.md"}
    assert lint_notebook(folder / "notebooks" / "partner_review.ipynb") == []


def test_its_settings_are_the_defaults(tmp_path: Path) -> None:
    lay_out(tmp_path / "mine")
    found = load_settings(tmp_path / "mine" / "kpilib.toml")
    assert found == Settings(root=tmp_path / "mine", source={"path": "data/sample"})


def test_every_line_that_is_commented_out_can_be_taken_in(tmp_path: Path) -> None:
    lay_out(tmp_path / "mine")
    path = tmp_path / "mine" / "kpilib.toml"
    text = re.sub(r'(?m)^# (?=\[?[\w"]+(?: \w+")? ?[=\]])', "", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    held = tomllib.loads(text)
    assert {"preset", "exported_on", "date_format"} <= set(held["source"])
    assert held["channels"] == {"Paid search": "paid", "Referral": "earned", "Website": "owned"}
    assert load_settings(path).email.host == "smtp.example.com"


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError) as full:
        lay_out(tmp_path)
    assert str(full.value) == (
        f"{tmp_path} is not empty, and nothing is ever written over. Name a new folder, or empty this one."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(SettingsError) as file:
        lay_out(tmp_path / "mine.txt")
    assert str(file.value) == f"{tmp_path / 'mine.txt'} is a file. Name a new folder."


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert (tmp_path / "kpilib.toml") in lay_out(tmp_path)
