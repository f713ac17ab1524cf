"""Which files of a folder count: for its hash, and for what a job takes along."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpilib.build.fingerprint import list_files, tree_hash
from kpilib.build.packed import pack_folder
from kpilib.errors import SettingsError


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template that shares a folder with others, by a link."""
    folder, shared = tmp_path / "partner_review", tmp_path / "house"
    (shared / "logos").mkdir(parents=True)
    (shared / "logos" / "us.svg").write_text("<svg/>")
    (shared / "base.css").write_text("p {}")
    (shared / ".hidden").write_text("")
    folder.mkdir()
    (folder / "index.html.j2").write_text("page")
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    (folder / "shared").symlink_to(shared)
    return folder


def names(folder: Path) -> list[str]:
    return [place.as_posix() for place in list_files(folder)]


def test_files_behind_a_link_count(template: Path, tmp_path: Path) -> None:
    found = ["index.html.j2", "shared/base.css", "shared/logos/us.svg"]
    assert names(template) == names(pack_folder(template).unpack()) == found
    before = tree_hash(template)
    assert pack_folder(template).digest == before
    (tmp_path / "house" / "base.css").write_text("p { color: red }")
    assert tree_hash(template) == pack_folder(template).digest != before


def test_links_that_lead_back_end(template: Path, tmp_path: Path) -> None:
    (template / "self").symlink_to(template)
    (tmp_path / "house" / "back").symlink_to(template)
    assert names(template) == ["index.html.j2", "shared/base.css", "shared/logos/us.svg"]


def test_a_file_that_cannot_be_read_is_named(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as somebody who may read everything: the file goes while the folder is read.
    style = template / "style.css"
    style.write_text("")
    listed = list_files(template)
    style.unlink()
    monkeypatch.setattr("kpilib.build.packed.list_files", lambda _: listed)
    with pytest.raises(SettingsError) as caught:
        pack_folder(template)
    assert str(caught.value) == f"{style} cannot be read: No such file or directory."
