"""The process that makes the packs: started, asked, and replaced when kpilib was edited or a pack killed it."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from kpilib.preview import desk
from kpilib.preview.selection import Failure, Generations, Selection, Shown

__all__ = ["Maker"]


class Maker:
    """One process that makes one pack after the other.

    Parameters
    ----------
    settings, as_of, notebook
        as for `kpilib.preview.desk.Desk`.
    """

    def __init__(self, settings: Path, as_of: str | None, notebook: Path | None) -> None:
        self._arguments = (settings, as_of, notebook)
        self._executor: ProcessPoolExecutor | None = None

    def describe(self, selection: Selection) -> dict[str, Any]:
        """Return what can be chosen; see `kpilib.preview.desk.Desk.describe`."""
        found: dict[str, Any] = self._running().submit(desk.describe, selection).result()
        return found

    async def show(self, selection: Selection, generations: Generations) -> Shown | None:
        """Return a selection's page; None when the process was replaced meanwhile."""
        executor = self._running()
        try:
            return await asyncio.wrap_future(executor.submit(desk.show, selection, generations))
        except BrokenProcessPool:
            if executor is not self._executor:
                return None
            self.stop()
            return Shown(None, Failure("The process that makes the pack ended in the middle of it."), 0.0, ())

    def stop(self) -> None:
        """End the process, whatever it is doing; the next question starts another one."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        processes = list((executor._processes or {}).values())  # noqa: SLF001 - it offers no way to end a task
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.kill()

    def _running(self) -> ProcessPoolExecutor:
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            begin: Callable[..., None] = desk.begin
            self._executor = ProcessPoolExecutor(1, context, initializer=begin, initargs=self._arguments)
        return self._executor
