"""Who looks at what, and what has changed: each change makes the packs anew that somebody looks at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpilib.preview.selection import Generations, Selection, Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpilib.preview.maker import Maker

__all__ = ["Hub"]

Event = dict[str, Any]


class Hub:
    """The pages as they are now, and the browsers that wait for new ones.

    Parameters
    ----------
    folders
        what is watched: ``notebook``, ``templates``, ``workspace`` and ``kpilib`` → folders.
    """

    def __init__(self, maker: Maker, folders: dict[str, list[str]]) -> None:
        self._maker = maker
        self._folders = {name: [Path(path).resolve() for path in paths] for name, paths in folders.items()}
        self._generations = Generations()
        self._pages: dict[Selection, bytes] = {}
        self._waiting: dict[Selection, set[asyncio.Queue[Event]]] = {}
        self._due: dict[Selection, None] = {}
        self._work = asyncio.Event()

    def page(self, selection: Selection) -> bytes | None:
        """Return a selection's latest page; None while there is none."""
        return self._pages.get(selection)

    @contextmanager
    def listen(self, selection: Selection) -> Iterator[asyncio.Queue[Event]]:
        """Give what happens to a selection, beginning with its making."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._waiting.setdefault(selection, set()).add(queue)
        self._ask([selection])
        try:
            yield queue
        finally:
            self._waiting[selection].discard(queue)
            if not self._waiting[selection]:
                del self._waiting[selection]

    def change(self, kinds: Iterable[str]) -> None:
        """Take note that files of some kinds were changed."""
        for kind in set(kinds):
            if kind == "kpilib":
                self._maker.stop()
                self._generations = Generations(*(getattr(self._generations, name) + 1 for name in _NAMES))
            else:
                self._generations = replace(self._generations, **{kind: getattr(self._generations, kind) + 1})
        self._ask(list(self._waiting))

    def kind_of(self, path: Path) -> str | None:
        """Return what a file is of: ``notebook``, ``templates``, ``workspace``, ``kpilib``, or None."""
        ours = [
            (len(folder.parts), kind)
            for kind, folders in self._folders.items()
            for folder in folders
            if folder == path or folder in path.parents
        ]
        return max(ours)[1] if ours else None

    async def make(self) -> None:
        """Make what is asked for, for ever."""
        while True:
            await self._work.wait()
            while self._due:
                selection = next(iter(self._due))
                del self._due[selection]
                await self._make(selection)
            self._work.clear()

    async def watch(self, *extra: Path) -> None:
        """Take note of every change of a file, for ever; ``extra`` are files of the workspace itself."""
        from watchfiles import DefaultFilter, awatch

        async def of(changes: AsyncIterator[set[tuple[Any, str]]]) -> None:
            async for found in changes:
                paths = [Path(path).resolve() for _, path in found]
                kinds = ["workspace" if path in extra else self.kind_of(path) for path in paths]
                if wanted := [kind for kind in kinds if kind is not None]:
                    self.change(wanted)

        folders = [path for paths in self._folders.values() for path in paths if path.exists()]
        ignored = DefaultFilter(ignore_dirs=(*DefaultFilter.ignore_dirs, ".ipynb_checkpoints"))
        watching = [of(awatch(*folders, watch_filter=ignored, debounce=200, step=20))]
        if extra:
            watching.append(of(awatch(*{path.parent for path in extra}, recursive=False, debounce=200, step=20)))
        await asyncio.gather(*watching)

    def _ask(self, selections: Iterable[Selection]) -> None:
        self._due.update(dict.fromkeys(selections))
        self._work.set()

    async def _make(self, selection: Selection) -> None:
        self._tell(selection, {"state": "making"})
        generations = self._generations
        shown = await self._maker.show(selection, generations)
        if shown is None or generations != self._generations:
            # Something was saved meanwhile: what is told is always of the latest.
            if selection in self._waiting:
                self._ask([selection])
            return
        if shown.page is not None:
            self._pages[selection] = shown.page
        self._tell(selection, _event(shown))

    def _tell(self, selection: Selection, event: Event) -> None:
        for queue in self._waiting.get(selection, ()):
            with suppress(asyncio.QueueFull):
                queue.put_nowait(event)


_NAMES = ("workspace", "notebook", "templates")


def _event(shown: Shown) -> Event:
    if shown.failure is not None:
        failure = shown.failure
        return {
            "state": "failed", "message": failure.message, "cell": failure.cell, "source": failure.source,
            "traceback": failure.traceback,
        }  # fmt: skip
    return {"state": "ready", "seconds": round(shown.seconds, 2), "steps": list(shown.steps)}
