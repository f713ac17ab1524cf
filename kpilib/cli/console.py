"""The terminal: results to standard output, words about them to standard error, data as text that steers nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["console", "near", "plain", "print_result", "say", "say_error", "table"]

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WIDTH = 160


def plain(text: str) -> str:
    """Return a text without what would steer a terminal: data may hold anything."""
    return _STEERING.sub("\ufffd", text)


def near(path: Path) -> Path:
    """Return a path as seen from the current folder, where it lies below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def console(*, error: bool = False) -> Console:
    """Return the terminal; a file or pipe gets wide lines, so that tables are not squeezed."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else _WIDTH
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False, soft_wrap=False)


def print_result(what: Table | str) -> None:
    """Print a result to standard output."""
    if isinstance(what, str):
        sys.stdout.write(what if what.endswith("\n") else f"{what}\n")
    else:
        console().print(what)


def say(text: str) -> None:
    """Print a line about what happens to standard error."""
    sys.stderr.write(f"{plain(text)}\n")


def say_error(text: str) -> None:
    """Print an error to standard error, in red on a terminal."""
    text = plain(text)
    sys.stderr.write(f"\x1b[31m{text}\x1b[0m\n" if sys.stderr.isatty() else f"{text}\n")


def table(*columns: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """Return an empty table with these headings; those in ``right`` hold numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made
