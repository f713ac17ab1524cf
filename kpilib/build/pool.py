"""A pool of worker processes that outlives its workers: one that is killed costs its job a second try, no more.

A process pool of the standard library is broken as a whole when a worker dies, and does not say by which job. Those
that were running are tried again one by one: the one that kills its worker then is known, and the others get made.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from multiprocessing.process import BaseProcess
from threading import Thread, Timer
from typing import Generic, TypeVar

from kpilib.errors import ExecutionError, KpilibError
from kpilib.execute.forkserver import address_for_workers, offer

__all__ = ["Pool", "kept_workers", "spare_the_collector"]

Task = TypeVar("Task")
Result = TypeVar("Result")

_PATIENCE = 10.0


class Pool(Generic[Task, Result]):
    """Worker processes that do tasks one after the other.

    Parameters
    ----------
    work
        a function of a module: what a worker does with a task.
    workers
        how many processes.
    """

    def __init__(self, work: Callable[[Task], Result], workers: int) -> None:
        self._work = work
        self._workers = workers
        self._executor: _Workers | None = None

    def run(
        self, tasks: Iterable[Task], *, started: Callable[[Task], None] = lambda _: None
    ) -> Generator[tuple[Task, Result | KpilibError], None, None]:
        """Yield each task with its result, or with the error that it raised, as they are done.

        Tasks are taken from the iterable when there is room for them. An error that kpilib does not raise on
        purpose becomes an `ExecutionError`. Leaving the iteration early ends the workers.
        """
        supply = iter(tasks)
        running: dict[Future[Result], Task] = {}
        left, ended = True, False
        try:
            while True:
                while left and len(running) < self._room():
                    left = False
                    for task in supply:
                        running[self._submit(task)] = task
                        started(task)
                        left = True
                        break
                if not running:
                    ended = True
                    return
                done = self._wait(running)
                if any(self._is_lost(future) for future in done):
                    running, broken = {}, self._broken(running)
                    yield from self._one_by_one(broken)
                    continue
                for future in done:
                    yield running.pop(future), self._outcome(future)
        finally:
            self._stop(in_the_middle=not ended)

    def _one_by_one(self, running: dict[Future[Result], Task]) -> Iterator[tuple[Task, Result | KpilibError]]:
        for future, task in running.items():
            if future.done() and not self._is_lost(future):
                yield task, self._outcome(future)
                continue
            yield task, self._alone(task)

    def _alone(self, task: Task) -> Result | KpilibError:
        for _ in range(2):
            alone = self._submit(task)
            while not self._wait([alone]):
                pass
            if not self._is_lost(alone):
                return self._outcome(alone)
            self._stop(in_the_middle=True)
        return ExecutionError("its worker process was killed twice", kind="worker")

    # What another kind of workers does otherwise

    def _room(self) -> int:
        """Return how many tasks the workers may hold: one lies ready, so that none waits."""
        return self._workers + 1

    def _wait(self, running: Collection[Future[Result]]) -> set[Future[Result]]:
        """Return the tasks that are done, when there is one."""
        return wait(running, return_when=FIRST_COMPLETED).done

    def _is_lost(self, future: Future[Result]) -> bool:
        """Say whether a task that is done has no outcome: a worker died."""
        return isinstance(future.exception(), BrokenProcessPool)

    def _broken(self, running: dict[Future[Result], Task]) -> dict[Future[Result], Task]:
        """Return what has to be done again after a worker's death, or was done by then."""
        self._stop(in_the_middle=True)
        return running

    def _submit(self, task: Task) -> Future[Result]:
        if self._executor is None:
            self._executor = _Idle.take(self._workers) or _Workers(self._workers)
        try:
            return self._executor.submit(_do, self._work, task)
        except BrokenProcessPool as error:  # a worker died meanwhile; the task is one of those to be tried again
            broken: Future[Result] = Future()
            broken.set_exception(error)
            return broken

    def _stop(self, *, in_the_middle: bool) -> None:
        """Let go of the workers; those in the middle of a task are told to end, and clean up after themselves."""
        if self._executor is None:
            return
        executor, self._executor = self._executor, None
        if in_the_middle:
            executor.end_now()
        elif not _Idle.keep(executor):
            executor.shutdown(wait=True)

    @staticmethod
    def _outcome(future: Future[Result]) -> Result | KpilibError:
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, KpilibError):
            return error
        return ExecutionError(f"an unexpected error: {type(error).__name__}: {error}", kind="unexpected")


@contextmanager
def kept_workers() -> Iterator[None]:
    """Hand workers that have ended one pool's tasks to the next pool: they have imported everything already."""
    _Idle.wanted = True
    try:
        yield
    finally:
        _Idle.wanted = False
        executor = _Idle.take(0)
        if executor is not None:
            executor.shutdown(wait=True)


class _Workers(ProcessPoolExecutor):
    """Worker processes, and how they are ended in the middle of something."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._before = {child.pid for child in multiprocessing.active_children()}
        # Spawned: neither threads nor state of this process reach a worker.
        context = multiprocessing.get_context("spawn")
        super().__init__(workers, context, _begin_worker, (address_for_workers(),))

    def end_now(self) -> None:
        """Tell the workers to end, and see that they do."""
        children = [child for child in multiprocessing.active_children() if child.pid not in self._before]
        for child in children:
            child.terminate()
        killer = Timer(_PATIENCE, _kill, [children])
        killer.start()
        self.shutdown(wait=True, cancel_futures=True)
        killer.cancel()


class _Idle:
    """The workers that wait for a next pool."""

    wanted = False
    executor: _Workers | None = None

    @classmethod
    def keep(cls, executor: _Workers) -> bool:
        if not cls.wanted or cls.executor is not None:
            return False
        cls.executor = executor
        return True

    @classmethod
    def take(cls, workers: int) -> _Workers | None:
        executor = cls.executor
        if executor is None or executor.workers < workers:
            return None
        cls.executor = None
        return executor


def _kill(children: list[BaseProcess]) -> None:
    for child in children:
        child.kill()


class _Ending:
    """Whether this worker was told to end: the pool catches the exit that this means, and would go on.

    While it is busy with a task it has something to clean up.
    """

    told = False
    busy = False


def _begin_worker(address: str | None) -> None:
    """Learn where kernels are forked, and leave Ctrl-C to the parent.

    Its polite word to end unwinds the stack, so that kernels and scratch folders go too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.signal(signal.SIGTERM, _end)
    Thread(target=_outlive_nobody, daemon=True).start()
    offer(address)


def _outlive_nobody() -> None:
    """End this worker when its parent is gone, however that ended: politely first, so that its kernel goes too."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE / 2
        while _Ending.busy and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)  # whoever leaves by himself closes the door
        os._exit(1)


def _end(*_: object) -> None:
    _Ending.told = True
    sys.exit(128 + signal.SIGTERM)


def _do(work: Callable[[Task], Result], task: Task) -> Result:
    if _Ending.told:
        sys.exit(128 + signal.SIGTERM)
    _Ending.busy = True
    try:
        return work(task)
    finally:
        _Ending.busy = False
        spare_the_collector()


@cache
def spare_the_collector() -> None:
    """Let the garbage collector pass over what the first task has loaded, which stays, and look less often.

    It would take a tenth of each task to find that modules, faces and templates are still in use.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
