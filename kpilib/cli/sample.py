"""`kpilib sample`: made-up data to start with."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Optional

import typer

from kpilib.cli.context import Context, parse_date

__all__ = ["sample"]


def sample(
    context: typer.Context,
    folder: Annotated[
        Optional[Path],
        typer.Option(metavar="PATH", help="Where the tables are written.", show_default="data/sample of the workspace"),
    ] = None,
    partners: Annotated[int, typer.Option(min=1, metavar="N", help="How many partners.")] = 30,
    years: Annotated[int, typer.Option(min=1, max=50, metavar="N", help="How many years before the last day.")] = 3,
    until: Annotated[
        date, typer.Option(parser=parse_date, metavar="DATE", help="The last day of the data.")
    ] = date(2026, 9, 30),
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same bytes.")] = 7,
) -> None:
    """Write lifelike, made-up data: partners with their stories, dirty as real exports are."""
    from kpilib.cli.console import print_result, table
    from kpilib.errors import SettingsError
    from kpilib.sample import write_sample
    from kpilib.settings import find_settings

    given: Context = context.obj
    if folder is None:
        try:
            root = given.path.absolute().parent if given.path else find_settings().parent
        except SettingsError:
            root = Path.cwd()
        folder = root / "data" / "sample"
    report = write_sample(folder, partners=partners, years=years, until=until, seed=seed)
    if not given.quiet:
        shown = table("table", "rows", "of these dirty on purpose", right=("rows", "of these dirty on purpose"))
        for name, rows in report.rows.items():
            dirty = sum(report.planted.get(name, {}).values())
            shown.add_row(name, f"{rows:,}", f"{dirty:,}" if dirty else "")
        print_result(shown)
    given.say(f"Written to {folder}. Next: kpilib check, then kpilib build.")
