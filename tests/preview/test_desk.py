"""The steps of the preview: each is done again only when something beneath it changed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from kpilib.errors import SettingsError
from kpilib.preview import serve as serving
from kpilib.preview.desk import Desk
from kpilib.preview.hub import Hub
from kpilib.preview.maker import Maker
from kpilib.preview.selection import Generations, Selection

P1 = Selection("P1", "2026Q3")


@pytest.fixture(scope="module")
def desk(desk_workspace: Path) -> Desk:
    return Desk(desk_workspace / "kpilib.toml", None, None)


def test_steps(desk: Desk, desk_workspace: Path) -> None:
    first = desk.show(P1, Generations())
    assert first.failure is None
    assert first.steps == ("read", "cut", "execute", "draw")
    assert desk.show(P1, Generations(templates=1)).steps == ("draw",)
    # Saved with outputs, as JupyterLab does: the code is the same.
    notebook = desk_workspace / "notebooks" / "partner_review.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"][1] |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}], "execution_count": 7}
    notebook.write_text(json.dumps(content), encoding="utf-8")
    assert desk.show(P1, Generations(notebook=1)).steps == ("draw",)
    # The sources are read, and say the same: nothing needs to be executed.
    assert desk.show(P1, Generations(workspace=1)).steps == ("read", "cut", "draw")


def test_what_can_be_chosen(desk: Desk, desk_workspace: Path) -> None:
    found = desk.describe(P1)
    assert found["partners"] == [["P1", "Alder"], ["P2", "느티나무"]]
    assert (found["languages"], found["quarter"]) == (["en", "ko"], "2026Q3")
    assert found["folders"]["notebook"] == [str(desk_workspace / "notebooks")]


def test_a_missing_notebook_is_a_failure_without_a_cell(desk_workspace: Path) -> None:
    desk = Desk(desk_workspace / "kpilib.toml", None, desk_workspace / "none.ipynb")
    shown = desk.show(P1, Generations())
    assert shown.page is None
    assert shown.failure is not None
    assert (shown.failure.message, shown.failure.cell) == (
        f"The notebook {desk_workspace / 'none.ipynb'} cannot be read: No such file or directory.", None,
    )  # fmt: skip


def test_files_are_told_apart(tmp_path: Path) -> None:
    folders = {
        "kpilib": [tmp_path / "kpilib"],
        "templates": [tmp_path / "kpilib" / "workspace" / "templates"],
        "notebook": [tmp_path / "notebooks"],
    }
    hub = Hub(Maker(tmp_path, None, None), {kind: [str(path) for path in paths] for kind, paths in folders.items()})
    assert hub.kind_of(tmp_path / "kpilib" / "facts.py") == "kpilib"
    assert hub.kind_of(tmp_path / "kpilib" / "workspace" / "templates" / "style.css") == "templates"
    assert hub.kind_of(tmp_path / "notebooks" / "mine.ipynb") == "notebook"
    assert hub.kind_of(tmp_path / "reports" / "x") is None


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name))
    with pytest.raises(SettingsError) as caught:
        serving.serve(tmp_path, P1)
    assert str(caught.value) == "kpilib preview needs uvicorn: pip install 'kpilib[preview]'."
