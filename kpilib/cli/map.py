"""`kpilib map`: a proposal of how a CRM's export becomes our tables, for a person to read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from kpilib.cli.context import Context

__all__ = ["map_file"]


def map_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export: CSV, Excel, Parquet, JSON lines.")],
    out: Annotated[
        Optional[Path], typer.Option(metavar="PATH", help="Write it there; a file that is there stays as it is.")
    ] = None,
) -> None:
    """Propose the [source] settings that read a CRM's export: the preset that fits, else by names and values."""
    from kpilib.cli.console import plain, print_result
    from kpilib.errors import SettingsError
    from kpilib.sources.propose import propose_mapping

    given: Context = context.obj
    settings, why = propose_mapping(file)
    given.say(why)
    if out is None:
        print_result(plain(settings))
        return
    try:
        with out.open("x", encoding="utf-8") as target:
            target.write(settings)
    except FileExistsError:
        raise SettingsError(f"{out} exists and stays as it is. Name another file, or copy what you need.") from None
    except OSError as error:
        raise SettingsError(f"{out} cannot be written: {error.strerror}.") from None
    given.say(f"Written to {out}. Read it, complete what is marked, then: kpilib --settings {out} check --explain")
