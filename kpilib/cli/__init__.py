"""The command line: printing and exit codes only. One file per command group; heavy imports happen inside commands."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Optional

import typer

import kpilib
from kpilib.cli.ahead import actions, backtest
from kpilib.cli.build import build, status
from kpilib.cli.check import check
from kpilib.cli.compare import compare
from kpilib.cli.context import Context, parse_date
from kpilib.cli.deliver import approve, send
from kpilib.cli.doctor import doctor
from kpilib.cli.kpis import kpis
from kpilib.cli.lint import lint
from kpilib.cli.map import map_file
from kpilib.cli.new import new
from kpilib.cli.preview import preview
from kpilib.cli.sample import sample
from kpilib.cli.texts import texts

__all__ = ["app"]

app = typer.Typer(
    name="kpilib",
    help="Quarterly review packs for channel partners, from a CRM's data.",
    epilog="Example: kpilib build 2026Q3",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kpilib {kpilib.__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    settings: Annotated[
        Optional[Path],
        typer.Option(metavar="PATH", help="The workspace's settings.", show_default="kpilib.toml here or above"),
    ] = None,
    as_of: Annotated[
        Optional[date],
        typer.Option(
            parser=parse_date, metavar="DATE", help="The day on which the data are read.",
            show_default="the quarter's last day",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Quarterly review packs for channel partners, from a CRM's data."""
    context.obj = Context(settings, as_of, quiet)


app.command(epilog="Example: kpilib sample --partners 100 --years 5")(sample)
app.command(epilog="Example: kpilib check --explain")(check)
app.command("map", epilog="Example: kpilib map exports/opportunities.csv --out kpilib.toml")(map_file)
app.command(epilog="Example: kpilib kpis 2026Q3 --partner P001 --format json")(kpis)
app.command(epilog="Example: kpilib build 2026Q3 --partner P001 --partner P002")(build)
app.command(epilog="Example: kpilib status 2026Q3")(status)
app.command(epilog='Example: kpilib approve 2026Q3 --all-but P007 --note "P007: wait for the mended spend"')(approve)
app.command(epilog="Example: kpilib send 2026Q3 --test-to me@example.com")(send)
app.command(epilog="Example: kpilib actions 2026Q3")(actions)
app.command(epilog="Example: kpilib backtest --quarters 8")(backtest)
app.command(epilog="Example: kpilib lint notebooks/partner_review.ipynb")(lint)
app.command(epilog="Example: kpilib compare notebooks/partner_review.ipynb --base HEAD~1")(compare)
app.command(epilog="Example: kpilib preview P001 2026Q3")(preview)
app.command(epilog="Example: kpilib texts de --write")(texts)
app.command(epilog="Example: kpilib new partner-reviews")(new)
app.command(epilog="Example: kpilib doctor")(doctor)
