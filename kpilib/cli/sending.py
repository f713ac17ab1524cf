"""The clock and the progress of `kpilib send`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from kpilib.cli.console import console
from kpilib.deliver.plan import Line
from kpilib.deliver.send import Clock

__all__ = ["watched"]


@contextmanager
def watched(messages: int, ended: dict[str, Line], *, quiet: bool) -> Iterator[tuple[Clock, Callable[[Line], None]]]:
    """Yield the machine's clock, and what to call after each message: it moves a bar, and notes how that one ended."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    clock = Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(error=True), disable=quiet) as progress:
        task = progress.add_task("sending", total=messages)

        def done(line: Line) -> None:
            ended[line.partner_id] = line
            progress.update(task, advance=1, description=line.partner_id)

        yield clock, done
