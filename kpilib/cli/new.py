"""`kpilib new`: a fresh workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kpilib.cli.context import Context

__all__ = ["new"]


def new(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is new or empty.")],
) -> None:
    """Lay out a workspace: notebooks, templates, settings, Makefile. Nothing is ever written over."""
    from kpilib.cli.console import print_result
    from kpilib.workspace import lay_out

    given: Context = context.obj
    files = lay_out(folder)
    tops: dict[str, int] = {}
    for path in files:
        top, *below = path.relative_to(folder).parts
        tops[f"{top}/" if below else top] = tops.get(f"{top}/" if below else top, 0) + 1
    if not given.quiet:
        lines = [f"  {top}" + (f" ({count} files)" if count > 1 else "") for top, count in sorted(tops.items())]
        print_result("\n".join([f"{folder}:", *lines]))
    given.say(f"Next: cd {folder}, kpilib sample, kpilib build. Your own data: [source] in kpilib.toml.")
