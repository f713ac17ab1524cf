"""The build killed by SIGKILL: what was finished stays whole, the rest is made by the next build, the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.conftest import QUARTER, digests, processes_of, start, wait_for, write_workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="SIGKILL, and /proc to find who is left")


def test_a_killed_build_leaves_whole_packs_and_no_process(
    root: Path, tmp_path: Path, kpilib: Callable[..., str]
) -> None:
    """P1 is quick, P3 never ends; the build alone is killed, its workers and kernels go by themselves."""
    mark = tmp_path / "mark"
    waits = f"import time\nif partner == 'P3' and not open({str(mark)!r}, 'a').tell():\n    time.sleep(600)"
    write_workspace(root, waits)
    process = start(root, "build", "--jobs", "2")
    wait_for(lambda: (root / QUARTER / "P1" / "pack.json").exists() and mark.exists())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.communicate()
    wait_for(lambda: not processes_of(root), seconds=15)
    made = digests(root)
    assert {name.partition("/")[0] for name in made} <= {"P1", "P2"}
    mark.write_text("go on")
    kpilib(root, "build", "--jobs", "2")
    after = digests(root)
    assert {name.partition("/")[0] for name in after} == {"P1", "P2", "P3"}
    assert made.items() <= after.items()
    assert not (root / QUARTER / ".making").exists()


def resume_until_done(root: Path, rng: random.Random, *, most: int) -> int:
    """Build and be killed again and again until a build reaches its end; return how often it was killed.

    A random number of packs further, and a random moment after: on a slow machine as on a fast one, each run is killed
    in the middle of its work, and each fourth before its first pack.
    """
    kills = 0
    while True:
        process = start(root, "--quiet", "build", "--jobs", "2")
        goal = len(finished(root)) + (0 if kills % 4 == 3 else rng.randint(1, most))
        wait_for(lambda: process.poll() is not None or len(finished(root)) >= goal, seconds=300)  # noqa: B023
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0, 1.5))
        if process.poll() is not None:
            out, said = process.communicate()
            assert process.returncode == 0, out + said
            return kills
        os.kill(process.pid, signal.SIGKILL)
        kills += 1
        process.communicate()
        wait_for(lambda: not processes_of(root), seconds=15)


def finished(root: Path) -> list[Path]:
    return list((root / QUARTER).glob("*/pack.json"))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_packs_killed_at_random_times_equal_an_undisturbed_run(tmp_path: Path) -> None:
    undisturbed, disturbed = (write_workspace(tmp_path / name, partners=200) for name in ("calm", "wild"))
    code, said = run_long(undisturbed)
    assert code == 0, said
    kills = resume_until_done(disturbed, random.Random(1), most=10)
    assert kills >= 10
    assert digests(disturbed) == digests(undisturbed)
    assert len(digests(disturbed)) == 200 * 5


def run_long(root: Path) -> tuple[int, str]:
    process = start(root, "build", "--jobs", "2")
    began = time.monotonic()
    out, said = process.communicate(timeout=1200)
    assert time.monotonic() - began < 1200
    return process.returncode, out + said
