"""What a person sees while packs are made: who is being made, how many are done, how fast, and how long it will take.

On a terminal it is one line that moves; elsewhere nothing, so that a log holds results alone.
"""

from __future__ import annotations

from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["Bar", "Silence", "Watcher"]

_SHOWN = 3


class Watcher(Protocol):
    """Who is told what happens."""

    def total(self, packs: int) -> None:
        """So many packs are to be made."""

    def started(self, name: str) -> None:
        """A partner's pack is being made."""

    def finished(self, name: str) -> None:
        """A partner's pack was made, or failed."""

    def say(self, text: str) -> None:
        """Something that a person should know now."""


class Silence:
    """Tells nobody."""

    def total(self, packs: int) -> None:
        """Tell nobody."""

    def started(self, name: str) -> None:
        """Tell nobody."""

    def finished(self, name: str) -> None:
        """Tell nobody."""

    def say(self, text: str) -> None:
        """Tell nobody."""


class Bar:
    """A bar on the terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None)
        self._running: list[str] = []

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def total(self, packs: int) -> None:
        """Set how many packs are to be made."""
        self._progress.update(self._task, total=packs)

    def started(self, name: str) -> None:
        """Show a partner's name."""
        self._running.append(name)
        self._describe()

    def finished(self, name: str) -> None:
        """Count a pack."""
        self._running.remove(name)
        self._describe()
        self._progress.advance(self._task)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(text, markup=False, highlight=False)

    def _describe(self) -> None:
        more = len(self._running) - _SHOWN
        names = ", ".join(self._running[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        self._progress.update(self._task, description=names)


class _Rate(ProgressColumn):
    """Packs per minute."""

    def render(self, task: Task) -> Text:
        """Return the rate over the last half minute."""
        return Text("" if task.speed is None else f"{60 * task.speed:.0f} packs/min", style="progress.data.speed")
