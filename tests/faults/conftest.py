"""A small workspace, a notebook that takes no time, and the command as a process of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.build.conftest import write_notebook

QUARTER = "reports/2026Q3"
# Such a name is handed on to every process, to those that get hardly any variables too.
MARK = "LC_KPILIB_DESK"
QUICK = "import json\njson.load(open('slice.json'))['partner']['name']"


def write_workspace(root: Path, *sources: str, partners: int = 3) -> Path:
    """Lay out a workspace of some partners, each with two deals, and a notebook of some cells."""
    (root / "data").mkdir(parents=True)
    (root / "kpilib.toml").write_text('[source]\npath = "data"\n')
    names = "".join(f"P{n},Partner number {n},en\n" for n in range(1, partners + 1))
    (root / "data" / "partners.csv").write_text(f"partner_id,name,locale\n{names}", encoding="utf-8")
    rows = "".join(
        f"O{n}a,P{n},2026-07-01,2026-07-15,won,{200 + n}.00\nO{n}b,P{n},2026-09-30,2026-09-30,won,{400 + n}.00\n"
        for n in range(1, partners + 1)
    )
    (root / "data" / "opportunities.csv").write_text(
        f"opportunity_id,partner_id,created_on,closed_on,outcome,amount\n{rows}", encoding="utf-8"
    )
    write_notebook(root / "notebooks" / "partner_review.ipynb", QUICK, *sources)
    return root


def start(root: Path, *words: str, **options: object) -> subprocess.Popen[str]:
    """Start a command in a workspace; what it starts carries the workspace's mark in its variables."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("KPILIB_")}
    outside[MARK] = str(root)
    return subprocess.Popen(
        [sys.executable, "-m", "kpilib", *words], cwd=root, env=outside, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True, **options,
    )  # type: ignore[call-overload]  # fmt: skip


def wait_for(what: Callable[[], object], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def digests(root: Path) -> dict[str, str]:
    """Hash all files of all finished packs."""
    packs = sorted(path.parent for path in (root / QUARTER).glob("*/pack.json"))
    return {
        f"{pack.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for pack in packs
        for path in sorted(pack.iterdir())
    }


def processes_of(root: Path) -> list[int]:
    """Return the processes whose working folder lies below a folder, or whose mark does."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                here = (entry / "cwd").readlink()
                variables = (entry / "environ").read_bytes().split(b"\0")
                # Python's own tracker of this test process stays as long as the tests do.
                tracker = b"resource_tracker" in (entry / "cmdline").read_bytes()
            except OSError:
                continue
            marks = [Path(text[len(MARK) + 1 :].decode()) for text in variables if text.startswith(f"{MARK}=".encode())]
            if any(root in (place, *place.parents) for place in (here, *marks)) and not tracker:
                found.append(int(entry.name))
    return found


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder that no process may be left in."""
    yield tmp_path / "desk"
    deadline = time.monotonic() + 10
    while (left := processes_of(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left} == {}
