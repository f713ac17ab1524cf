"""Whole or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from kpilib.build.write import put_file, put_folder, remove_folder, sweep
from kpilib.errors import RenderError


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_replaces_what_was_there(tmp_path: Path) -> None:
    folder, aside = tmp_path / "2026Q3" / "P001", tmp_path / "aside"
    put_folder(folder, {"a": b"1", "b": b"2"}, aside=aside)
    assert content(folder) == {"a": b"1", "b": b"2"}
    put_folder(folder, {"a": b"3"}, aside=aside)
    assert content(folder) == {"a": b"3"}
    assert list(aside.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the exchange in one step is Linux'")
def test_a_reader_always_finds_a_pack(tmp_path: Path) -> None:
    """A process that looks all the time finds the pack each time, while it is replaced 200 times."""
    folder, aside = tmp_path / "P001", tmp_path / "aside"
    states = [{"pack.json": b"1"}, {"pack.json": b"2"}]
    put_folder(folder, states[0], aside=aside)
    reader = os.fork()
    if reader == 0:
        code = 0
        while not (tmp_path / "end").exists():
            code = code or (0 if (folder / "pack.json").is_file() else 1)
        os._exit(code)
    for round_ in range(200):
        put_folder(folder, states[round_ % 2], aside=aside)
    (tmp_path / "end").touch()
    assert os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1]) == 0


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    folder, aside = tmp_path / "P001", tmp_path / "aside"
    put_folder(folder, {"a": b"1"}, aside=aside)
    with pytest.raises(RenderError) as caught:
        put_folder(folder, {"a": b"2", "x" * 300: b""}, aside=aside)
    assert str(caught.value) == f"{folder} cannot be written: File name too long. What was there before is unchanged."
    assert content(folder) == {"a": b"1"}
    assert list(aside.iterdir()) == []


def test_a_file_and_its_removal(tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    put_file(tmp_path / "f" / "run.json", b"1", aside=aside)
    put_file(tmp_path / "f" / "run.json", b"2", aside=aside)
    assert content(tmp_path / "f") == {"run.json": b"2"}
    remove_folder(tmp_path / "f", aside=aside)
    remove_folder(tmp_path / "f", aside=aside)
    assert not (tmp_path / "f").exists()
    sweep(aside)
    assert not aside.exists()
