"""A notebook that does its worst for one partner each: every other pack is made, and each failure is named."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import QUARTER, digests, write_workspace

FAULTS = {
    "P2": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "kernel died: the process ended in the middle"),
    "P3": ("time.sleep(600)", "timeout: no end within 12 seconds ([packs] cell_timeout)."),
    "P4": ("eaten = bytearray(3_000 << 20)", "MemoryError: more than 512 MiB were asked for ([packs] memory_limit)."),
    "P5": (
        "for _ in range(100): print('x' * 10_000_000, flush=True)",
        "too much output: more than 100,000,000 characters.",
    ),
    "P6": ("import sys; sys.exit(3)", "SystemExit: the notebook ended itself here (3)"),
    "P7": ("raise RuntimeError('no such figure')", "RuntimeError: no such figure."),
}


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits, and /proc to find who is left")
def test_each_cell_that_misbehaves_costs_its_own_pack_alone(root: Path, kpilib: Callable[..., str]) -> None:
    """P1 forks: what it left running is gone with its kernel. P8 does nothing bad."""
    cells = ["import os, time\nif partner == 'P1' and os.fork() == 0:\n    time.sleep(600)"]
    cells += [f"if partner == '{name}':\n    {source}" for name, (source, _) in FAULTS.items()]
    write_workspace(root, *cells, partners=8)
    with (root / "kpilib.toml").open("a") as settings:
        settings.write("[packs]\ncell_timeout = 12\nmemory_limit = 512\n")
    began = time.monotonic()
    said = kpilib(root, "build", "--jobs", "2", said=1)
    assert "2 made, 0 fresh, 6 failed" in said
    assert time.monotonic() - began < 100
    for place, (name, (_, message)) in enumerate(FAULTS.items()):
        # the parameters, two cells that all have, and those before it
        assert f"{name} 2026Q3: cell {5 + place} of partner_review.ipynb (if partner == '{name}':) failed: " in said
        assert message in said
        failed = root / QUARTER / "failed" / name
        assert {path.name for path in failed.iterdir()} == {"failure.json", "review.ipynb"}
        assert sum(path.stat().st_size for path in failed.iterdir()) < 250_000_000
    assert {name.partition("/")[0] for name in digests(root)} == {"P1", "P8"}
