"""A real scheduler and real workers on loopback, each in a folder of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest

import kpilib
from kpilib.build import cluster
from kpilib.build.cluster import Cluster, connect
from kpilib.build.round import Round
from kpilib.build.run import Outcome, build_packs
from kpilib.errors import ExecutionError, KpilibError, SettingsError
from kpilib.settings import load_settings

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@contextmanager
def started(*words: str, folder: Path, **environment: str) -> Iterator[None]:
    """A process of Dask that runs meanwhile."""
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, stdout=log, stderr=log, env={**os.environ, **environment}
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def dask(folder: Path, *workers: list[str], **environment: str) -> Iterator[str]:
    """The address of a scheduler with some workers; ``environment`` is the workers' own."""
    file = folder / "scheduler.json"
    with ExitStack() as stack:
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        failures = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
        begun = started("distributed.cli.dask_scheduler", *options, folder=folder / "scheduler", **failures)
        stack.enter_context(begun)
        for number, words in enumerate(workers):
            place = folder / f"worker-{number}"
            options = ["--scheduler-file", str(file), "--local-directory", str(place), "--no-dashboard", *words]
            stack.enter_context(started("distributed.cli.dask_worker", *options, folder=place, **environment))
        wait_until(file.exists)
        address: str = json.loads(file.read_text())["address"]
        yield address


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def servers(temporary: str) -> list[Path]:
    return list(Path(temporary).glob("kpilib-*/*.socket"))


def run(root: Path, **options: object) -> Outcome:
    around = Round.open(load_settings(root / "kpilib.toml"))
    return build_packs(around, around.partners(), jobs=2, **options)  # type: ignore[arg-type]


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.parent.name in {"P1", "P2", "P3"} and path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def test_a_build_whose_worker_is_killed_equals_one_of_the_local_pool(
    tmp_path: Path, workspace: Path, notebook: Callable[..., None]
) -> None:
    """P2 fails, P3 takes its worker along at the first try; the workers know nothing of the workspace."""
    mark = tmp_path / "mark"
    notebook(
        workspace / "notebooks" / "partner_review.ipynb",
        "import json\nprint(json.load(open('slice.json'))['partner']['name'])",
        "assert partner != 'P2', 'not this one'",
        "import os, time\n"
        f"if partner == 'P3' and not os.path.exists({str(mark)!r}):\n"
        f"    with open({str(mark)!r}, 'x') as mark: mark.write(os.getcwd())\n"
        "    time.sleep(600)",
    )
    ours = Path(kpilib.__file__).parents[1] / "templates" / "partner_review"
    shutil.copytree(ours, workspace / "templates" / "partner_review")
    there = tmp_path / "there"
    shutil.copytree(workspace, there)

    def kill() -> None:
        wait_until(lambda: mark.exists() and mark.read_text())
        os.kill(int(Path(mark.read_text()).parent.name.split("-")[1]), signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    workers = (["--no-nanny", "--nthreads", "1"], ["--no-nanny", "--nthreads", "2"])
    # A socket's path is short.
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary, dask(tmp_path, *workers, TMPDIR=temporary) as address:
        with connect(address) as client:
            client.wait_for_workers(1)
        with connect(address) as client:
            assert (begun := servers(temporary))
            far = run(there, dask=client)
        assert servers(temporary) == begun  # they share the one that began to load when they were greeted
    killer.join()
    near = run(workspace)
    for outcome in (far, near):
        assert sorted(pack.partner_id for pack in outcome.made) == ["P1", "P3"]
        assert [pack.partner_id for pack, _ in outcome.failed] == ["P2"]
    assert str(far.failed[0][1]) == str(near.failed[0][1])
    assert len(digests(there / "reports")) == 12
    assert digests(there / "reports") == digests(workspace / "reports")


@pytest.mark.slow
def test_a_task_that_kills_every_worker_fails_alone(tmp_path: Path) -> None:
    """Workers come back, as a cluster's do; the others' results come once each."""
    kill = "__import__('os').kill(__import__('os').getpid(), 9)"
    slow = "__import__('time').sleep(0.2) or {}"
    tasks = [kill, *(slow.format(number) for number in range(6)), "1 / 0"]
    with dask(tmp_path, ["--nthreads", "1"], ["--nthreads", "1"]) as address, connect(address) as client:
        pool: Cluster[str, object] = Cluster(eval, client, print)
        found = list(pool.run(tasks))
    assert sorted(task for task, _ in found) == sorted(tasks)
    results = dict(found)
    assert [results[slow.format(number)] for number in range(6)] == list(range(6))
    assert {task: str(result) for task, result in results.items() if isinstance(result, KpilibError)} == {
        kill: "its worker process was killed twice",
        "1 / 0": "an unexpected error: ZeroDivisionError: division by zero",
    }


@pytest.mark.slow
def test_workers_that_would_make_other_pages(tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(Path(kpilib.__file__).parent, other / "kpilib", ignore=shutil.ignore_patterns("__pycache__"))
    money = other / "kpilib" / "money.py"
    money.write_text(f"{money.read_text()}# not the same\n")
    with dask(tmp_path, ["--no-nanny"], PYTHONPATH=str(other)) as address:
        told = ""
        while not told:  # until the worker is there
            try:
                with connect(address):
                    time.sleep(0.2)
            except SettingsError as error:
                told = str(error)
    first, second, third = told.split("\n")
    assert first == "Workers of the cluster would make other pages than this machine:"
    assert second.startswith("  tcp://127.0.0.1:")
    assert ": kpilib " in second
    assert third == "Install the same there, best from the same lock (requirements.lock)."


def test_no_scheduler_and_no_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", "0.2s")
    with pytest.raises(SettingsError) as nobody, connect("tcp://127.0.0.1:1"):
        pass
    assert str(nobody.value).startswith("No Dask scheduler answers at tcp://127.0.0.1:1 (")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SettingsError) as missing, connect("tcp://127.0.0.1:1"):
        pass
    assert str(missing.value) == '--dask needs what is not installed (distributed): pip install "kpilib[dask]"'


def test_a_scheduler_that_ends_ends_the_run(tmp_path: Path) -> None:
    """What was done by then was yielded; the rest is not waited for in vain."""
    with ExitStack() as stack:
        address = stack.enter_context(dask(tmp_path, ["--no-nanny", "--nthreads", "1"]))
        client = stack.enter_context(connect(address))
        pool: Cluster[str, object] = Cluster(eval, client, print)
        results = pool.run(["1", "__import__('time').sleep(600)"])
        assert next(results) == ("1", 1)
        os.kill(client.run_on_scheduler(os.getpid), signal.SIGKILL)
        with pytest.raises(ExecutionError, match=r"^The Dask scheduler no longer answers"):
            next(results)
