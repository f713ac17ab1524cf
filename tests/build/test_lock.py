"""Two builds of the same folder, in two processes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kpilib.build.lock import hold
from kpilib.errors import SettingsError

WAITS = """
import sys
from pathlib import Path
from kpilib.build.lock import hold
with hold(Path(sys.argv[1]), say=lambda text: print(text, flush=True)):
    print("mine", flush=True)
"""


def test_the_second_says_that_it_waits(tmp_path: Path) -> None:
    with hold(tmp_path, say=pytest.fail):
        second = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WAITS), str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert second.stdout is not None
        said = second.stdout.readline()
        assert said.startswith(f"Another build of {tmp_path} is running (process ")
        assert said.endswith("). Waiting for its end.\n")
    assert second.communicate(timeout=10)[0] == "mine\n"
    with hold(tmp_path, say=pytest.fail):
        pass


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError) as caught, hold(tmp_path / "file" / "reports", say=pytest.fail):
        pass
    assert str(caught.value) == (
        f"{tmp_path / 'file' / 'reports'} cannot be written to: Not a directory. "
        "Free the folder, or name another in [packs] reports."
    )
