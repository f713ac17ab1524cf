"""`kpilib preview`: one pack in a browser, made anew whenever a file is saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from kpilib.cli.build import Audience
from kpilib.cli.context import Context

__all__ = ["preview"]


def preview(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's id.")],
    quarter: Annotated[
        Optional[str],
        typer.Argument(metavar="[QUARTER]", help="Like 2026Q3.", show_default="the latest that the data complete"),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0: any that is free.")] = 8765,
    notebook: Annotated[
        Optional[Path],
        typer.Option(metavar="PATH", help="The notebook.", show_default="as [packs] in kpilib.toml says"),
    ] = None,
    language: Annotated[
        Optional[str],
        typer.Option(metavar="CODE", help="The pack's language.", show_default="the partner's"),
    ] = None,
    audience: Annotated[Audience, typer.Option(help="Whom the pack is for.")] = Audience.PARTNER,
) -> None:
    """Serve a pack to browsers of this machine; saving the notebook, a template, data or kpilib makes it anew.

    Partner, language, audience and the printed pages are chosen in the page. Nothing is written to reports/.
    """
    from kpilib.cli.console import print_result
    from kpilib.preview.selection import Selection
    from kpilib.preview.serve import serve
    from kpilib.settings import find_settings

    given: Context = context.obj
    selection = Selection(partner, quarter or "", language or "", audience.value)

    def ready(address: str) -> None:
        print_result(f"{address}  (Ctrl-C ends it)")

    serve(
        (given.path or find_settings()).absolute(),
        selection,
        port=port,
        as_of=None if given.as_of is None else given.as_of.isoformat(),
        notebook=None if notebook is None else notebook.absolute(),
        ready=ready,
    )
