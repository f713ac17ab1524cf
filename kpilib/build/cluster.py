"""A pool whose workers are those of a Dask cluster: other processes, other machines, other folders.

A worker needs kpilib in the same version and nothing else: a task carries all that it is made from. What dies with a
worker is done by another one: Dask sees to that, and to it that each result comes once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from typing import Any

from kpilib.build.fingerprint import environment_hash, kpilib_hash, library_versions
from kpilib.build.pool import Pool, Result, Task, spare_the_collector
from kpilib.errors import ExecutionError, SettingsError
from kpilib.execute.environment import kernel_environment
from kpilib.execute.forkserver import start_shared
from kpilib.execute.scratch import scratch_root

__all__ = ["Cluster", "connect"]

_PATIENCE = "10s"
_SILENCE = 15.0
_AHEAD = 2
_LEAST = 16  # so much waits that a cluster which grows with its work sees that there is some
_FEW = 5


@contextmanager
def connect(address: str) -> Iterator[Any]:
    """Yield a client of the scheduler at an address such as ``tcp://scheduler:8786``.

    Raises
    ------
    SettingsError
        when Dask is not installed here, nobody answers, or a worker is not like this process.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise SettingsError(
            f'--dask needs what is not installed ({error.name}): pip install "kpilib[dask]"', module=error.name
        ) from None
    try:
        client: Any = Client(address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise SettingsError(
            f"No Dask scheduler answers at {address} ({str(error) or type(error).__name__}). "
            "Its address is what `dask scheduler` prints when it starts, such as tcp://192.0.2.1:8786.",
            address=address,
        ) from None
    try:
        _compare(client)
        yield client
    finally:
        client.close()


class Cluster(Pool[Task, Result]):
    """The workers of a cluster, behind the interface of a local pool.

    Parameters
    ----------
    work
        a function of a module that the workers have too.
    client
        the cluster's, from `connect`; it is left open.
    say
        is told what a person should know.
    """

    def __init__(self, work: Callable[[Task], Result], client: Any, say: Callable[[str], None]) -> None:
        super().__init__(work, 0)
        self._client = client
        self._say = say
        self._told = False
        self._far: Any = None

    def _room(self) -> int:
        return max(_LEAST, _AHEAD * sum(self._threads().values()))

    def _threads(self) -> dict[str, int]:
        try:
            threads: dict[str, int] = self._client.nthreads()
        except (OSError, RuntimeError, TimeoutError):
            raise _gone() from None
        return threads

    def _wait(self, running: Collection[Future[Result]]) -> set[Future[Result]]:
        done = wait(running, timeout=_SILENCE, return_when=FIRST_COMPLETED).done
        if not done and not self._told and not self._threads():
            self._told = True
            self._say(f"{self._client.scheduler.address} has no worker at the moment; packs wait for one.")
        return done

    def _is_lost(self, future: Future[Result]) -> bool:
        from distributed import KilledWorker

        try:
            return isinstance(future.exception(), KilledWorker)
        except CancelledError:
            raise _gone() from None

    def _broken(self, running: dict[Future[Result], Task]) -> dict[Future[Result], Task]:
        """Wait for all others: beside a task that kills its workers, Dask gives up on innocent ones too."""
        while not all(future.done() for future in running):
            self._wait([future for future in running if not future.done()])
        return running

    def _submit(self, task: Task) -> Future[Result]:
        if self._far is None:
            self._far = self._client.get_executor(pure=False)
        submitted: Future[Result] = self._far.submit(_do, self._work, task, (kpilib_hash(), environment_hash()))
        return submitted

    def _stop(self, *, in_the_middle: bool) -> None:
        """Take back what was submitted; a worker ends the task that it is at, and nobody asks for the result."""
        if self._far is not None:
            with suppress(Exception):  # a scheduler that is gone holds nothing any more
                self._far.shutdown(wait=not in_the_middle)
            self._far = None


def _gone() -> ExecutionError:
    return ExecutionError(
        "The Dask scheduler no longer answers. What was finished stays; the next build goes on from there.",
        kind="scheduler",
    )


def _do(work: Callable[[Task], Result], task: Task, expected: tuple[str, str]) -> Result:
    """Do a task, in a worker, unless its pages would not be those that this process's manifest describes."""
    if (kpilib_hash(), environment_hash()) != expected:
        raise ExecutionError("a Dask worker has another kpilib, or other libraries, than this machine", kind="worker")
    try:
        return work(task)
    finally:
        spare_the_collector()


def _compare(client: Any) -> None:
    """Refuse workers whose pages would differ: the pack's manifest says what it was made with."""
    here = _describe()
    found = client.run(_make_ready, on_error="return")
    lines = [f"  {address}: {told}" for address, there in sorted(found.items()) if (told := _differ(here, there))]
    if lines:
        more = [f"  … and {len(lines) - _FEW} more"] if len(lines) > _FEW else []
        raise SettingsError(
            "\n".join(
                [
                    "Workers of the cluster would make other pages than this machine:",
                    *lines[:_FEW],
                    *more,
                    "Install the same there, best from the same lock (requirements.lock).",
                ]
            )
        )


def _make_ready() -> dict[str, str]:
    """Describe a worker, in it, while what forks its kernels begins to load."""
    start_shared(kernel_environment(scratch_root()))
    return _describe()


def _describe() -> dict[str, str]:
    return {**library_versions(), "kpilib": kpilib_hash()[:12]}


def _differ(here: dict[str, str], there: dict[str, str] | BaseException) -> str:
    if isinstance(there, BaseException):
        return f"{type(there).__name__}: {there}"
    names = [name for name in here if here[name] != there.get(name)]
    return ", ".join(f"{name} {there.get(name) or 'missing'}, here {here[name] or 'missing'}" for name in names)
