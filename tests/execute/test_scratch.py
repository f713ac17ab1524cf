"""What a killed process leaves behind."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kpilib.execute.scratch import scratch_folder, scratch_root, sweep_scratch

DIES = """
import os, signal
from kpilib.execute.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "slice.json").write_text("a partner's")
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_build_sweeps_what_a_killed_one_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    ended = subprocess.run([sys.executable, "-c", DIES], check=False, stdout=subprocess.PIPE, text=True)
    left = Path(ended.stdout.strip())
    assert (left / "slice.json").exists()
    with scratch_folder() as ours:
        (tmp_path / "kpilib-mine").mkdir()
        sweep_scratch()
        assert not left.exists()
        assert ours.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["kpilib-mine"]


def test_a_deep_folder_for_temporary_files_leaves_room_for_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    assert scratch_root() == Path("/tmp")
    monkeypatch.setattr(tempfile, "tempdir", "/var/tmp")
    assert scratch_root() == Path("/var/tmp")
