"""What stands before the command: the settings' file, the as-of date, and how much is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kpilib.settings import Settings

__all__ = ["Context", "parse_date"]


@dataclass(frozen=True)
class Context:
    """The global options; ``settings`` reads the file when it is first asked for."""

    path: Path | None
    as_of: date | None
    quiet: bool

    @cached_property
    def settings(self) -> Settings:
        """The workspace's settings, with the as-of date of the command line before that of the file."""
        from kpilib.settings import load_settings

        settings = load_settings(self.path)
        if self.as_of is None:
            return settings
        packs = settings.packs.model_copy(update={"as_of": self.as_of})
        return settings.model_copy(update={"packs": packs})

    def say(self, text: str) -> None:
        """Print a line about what happens, unless the caller wants quiet."""
        from kpilib.cli.console import say

        if not self.quiet:
            say(text)


def parse_date(text: str | date) -> date:
    """Return the date that an option holds."""
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date. Write it like 2026-09-30.") from None
