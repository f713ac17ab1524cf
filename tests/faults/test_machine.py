"""The machine fails, not the notebook: a full disk, a folder that may only be read, workers that die, two at once."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest

from kpilib.settings import load_settings
from kpilib.store import Store
from tests.faults.conftest import digests, start, wait_for, write_workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits, mounts and /proc")


def waiting(mark: Path, partner: str = "P3") -> str:
    """A cell in which one partner's notebook waits until the mark's file is taken away."""
    return (
        f"import os, time\nif partner == '{partner}' and not os.path.exists({str(mark) + '.done'!r}):\n"
        f"    open({str(mark)!r}, 'w').close()\n    while os.path.exists({str(mark)!r}):\n        time.sleep(0.05)\n"
        f"    open({str(mark) + '.done'!r}, 'w').close()"
    )


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[None]:
    """Mount something on a folder, where this user may."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or subprocess.run(["mount", *arguments, str(folder)], check=False).returncode:
        pytest.skip("mounting is for root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_loses_no_pack_that_was_there(root: Path, kpilib: Callable[..., str]) -> None:
    """A small disk of its own: what cannot be written whole is not there, what was there is unchanged."""
    write_workspace(root)
    with mounted(root / "reports", "-t", "tmpfs", "-o", "size=2m", "tmpfs"):
        kpilib(root, "build", "--jobs", "1", "--partner", "P1")
        before = digests(root)
        with suppress(OSError), (root / "reports" / "filler").open("wb", buffering=0) as file:
            while file.write(bytes(65536)):
                pass
        said = kpilib(root, "build", "--jobs", "1", "--force", "--partner", "P1", said=1)
        assert "cannot be written: No space left on device." in said
        assert digests(root) == before
        said = kpilib(root, "approve", "2026Q3", "--partner", "P1", said=1)
        assert "No space left on device" in said or "disk is full" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root has a small disk to fill: the test above")
def test_files_that_may_not_grow_fail_by_name_and_the_next_build_makes_them(root: Path, kpilib: Callable) -> None:
    """For every user: the system refuses files beyond 100 kB, as a quota does."""
    write_workspace(root)
    kpilib(root, "check")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))

    process = start(root, "build", "--jobs", "1", "--partner", "P1", preexec_fn=limit)
    said = process.communicate(timeout=110)[1]
    assert process.returncode == 1
    assert "cannot be written: File too large." in said
    assert digests(root) == {}
    kpilib(root, "build", "--jobs", "1", "--partner", "P1")
    assert len(digests(root)) == 5


def test_a_folder_that_may_only_be_read(root: Path, kpilib: Callable[..., str]) -> None:
    write_workspace(root)
    reports = root / "reports"
    if os.geteuid() != 0:
        reports.mkdir(mode=0o555)
    with mounted(reports, "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs") if os.geteuid() == 0 else nullcontext():
        said = f"{reports} cannot be written to: "
        assert said in kpilib(root, "build", said=2)
        assert "Free the folder, or name another in [packs] reports." in kpilib(root, "approve", "2026Q3", said=2)
        told = kpilib(root, "send", "2026Q3", said=1)
        assert said in told
        assert "Nothing was sent." in told


@pytest.mark.slow  # in short, with two processes and the lock alone: tests/build/test_lock.py
def test_the_second_of_two_builds_waits_and_makes_nothing_twice(root: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    write_workspace(root, waiting(mark))
    first = start(root, "build", "--jobs", "2")
    wait_for(mark.exists)
    second = start(root, "build", "--jobs", "2")
    assert second.stderr is not None
    said = second.stderr.readline()
    assert said == f"Another build of {root / 'reports'} is running (process {first.pid}). Waiting for its end.\n"
    mark.unlink()
    assert "3 made, 0 fresh, 0 failed" in first.communicate(timeout=60)[1]
    assert "0 made, 3 fresh, 0 failed" in second.communicate(timeout=60)[1]
    assert (first.returncode, second.returncode) == (0, 0)


@pytest.mark.parametrize("who", [pytest.param("spawn_main", marks=pytest.mark.slow), "kpilib.execute.zygote"])
def test_a_worker_or_the_kernels_server_killed_costs_one_try(root: Path, tmp_path: Path, who: str) -> None:
    """Killed while P3's cell runs in it: P3 is begun anew, or in a kernel that starts as usual."""
    mark = tmp_path / "mark"
    write_workspace(root, waiting(mark))
    process = start(root, "build", "--jobs", "1", "--partner", "P1", "--partner", "P3")
    wait_for(mark.exists)
    victims = [pid for pid in descendants(process.pid) if who in command(pid)]
    assert victims
    mark.with_name("mark.done").touch()  # the second try does not wait
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    out, said = process.communicate(timeout=100)
    if who == "spawn_main":
        assert process.returncode == 0, out + said
        assert {name.partition("/")[0] for name in digests(root)} == {"P1", "P3"}
    else:
        # Its kernels die with it: P3 fails by name, and the next build makes it.
        assert "P3 2026Q3: cell 4 of partner_review.ipynb" in said
        assert "kernel died" in said


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return children + [deeper for child in children for deeper in descendants(child)]


def test_a_clock_that_was_set_back_hides_no_change(root: Path) -> None:
    """A row changes, the file's size does not, and its time is older than before: the pack is stale all the same."""
    write_workspace(root)
    rows = root / "data" / "opportunities.csv"
    settings = load_settings(root / "kpilib.toml")
    assert Store.open(settings).rows("opportunities", "P1")["amount"] == ["201", "401"]
    rows.write_text(rows.read_text().replace("201.00", "901.00"))
    os.utime(rows, (1_000_000_000, 1_000_000_000))
    assert Store.open(settings).rows("opportunities", "P1")["amount"] == ["901", "401"]
