"""Real workers: one that dies, one that fails, one that is told to stop. A task is an expression; `eval` does it."""

from __future__ import annotations

import multiprocessing
import sys
import time
from pathlib import Path

import pytest

from kpilib.build.pool import Pool, kept_workers
from kpilib.errors import ExecutionError, KpilibError, RenderError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def test_results_errors_and_workers_that_die(tmp_path: Path) -> None:
    """One task always kills its worker, one does once, two fail: all others are made, and each comes once."""
    once = f"__import__('pathlib').Path({str(tmp_path / 'once')!r})"
    kill = "__import__('os').kill(__import__('os').getpid(), 9)"
    fails = "(_ for _ in ()).throw(__import__('kpilib.errors', fromlist='x').RenderError('no page', findings=['a']))"
    killed_once = f"'second try' if {once}.exists() else ({once}.touch(), {kill})"
    tasks = ["1", kill, "2", killed_once, fails, "1 / 0", "3"]
    pool: Pool[str, object] = Pool(eval, 2)
    found = list(pool.run(tasks))
    assert sorted(task for task, _ in found) == sorted(tasks)
    results = dict(found)
    assert {task: result for task, result in results.items() if not isinstance(result, KpilibError)} == {
        "1": 1, "2": 2, "3": 3, killed_once: "second try",
    }  # fmt: skip
    errors = {task: result for task, result in results.items() if isinstance(result, KpilibError)}
    assert {task: (type(error), str(error)) for task, error in errors.items()} == {
        kill: (ExecutionError, "its worker process was killed twice"),
        fails: (RenderError, "no page"),
        "1 / 0": (ExecutionError, "an unexpected error: ZeroDivisionError: division by zero"),
    }
    assert results[fails].findings == ["a"]  # type: ignore[attr-defined]


def test_leaving_early_ends_the_workers_and_lets_them_clean_up(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    waits = (
        "(lambda d: [None for _ in iter(lambda: __import__('time').sleep(0.05), 1)])"
        f"(__import__('tempfile').TemporaryDirectory(dir={str(scratch)!r}))"
    )
    scratch.mkdir()
    before = multiprocessing.active_children()
    pool: Pool[str, object] = Pool(eval, 1)
    results = pool.run(["'first'", waits])
    assert next(results) == ("'first'", "first")
    deadline = time.monotonic() + 10
    while not any(scratch.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    results.close()  # type: ignore[attr-defined]
    assert list(scratch.iterdir()) == []
    assert multiprocessing.active_children() == before


def test_tasks_are_taken_when_there_is_room() -> None:
    taken = []

    def supply() -> object:
        for number in range(5):
            taken.append(number)
            yield str(number)

    pool: Pool[str, object] = Pool(eval, 1)
    for _ in pool.run(supply()):
        assert len(taken) <= 3
        break


def test_the_next_pool_takes_over_the_workers_also_when_they_died_meanwhile() -> None:
    pid = "__import__('os').getpid()"
    before = multiprocessing.active_children()
    with kept_workers():
        found = {}
        for name in ("first", "second"):
            pool: Pool[str, object] = Pool(eval, 1)
            ((_, found[name]),) = pool.run([pid])
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        third: Pool[str, object] = Pool(eval, 1)
        assert list(third.run(["7"])) == [("7", 7)]
    assert found["first"] == found["second"]
    assert multiprocessing.active_children() == before
