"""`kpilib kpis`: the numbers alone, without a notebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from kpilib.cli.context import Context

if TYPE_CHECKING:
    from kpilib.build.round import Round
    from kpilib.kpis import Kpi

__all__ = ["kpis"]


class Form(StrEnum):
    """How the numbers are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def kpis(
    context: typer.Context,
    quarter: Annotated[
        Optional[str],
        typer.Argument(metavar="[QUARTER]", help="Like 2026Q3.", show_default="the latest that the data complete"),
    ] = None,
    partner: Annotated[
        Optional[list[str]],
        typer.Option(metavar="ID", help="A partner's id; may be repeated.", show_default="all active"),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How the numbers are printed.")] = Form.TABLE,
) -> None:
    """Print the KPIs of each partner, exact, recomputed from the data as they are now; one's own are among them."""
    from kpilib.build.round import Round
    from kpilib.kpis import evaluate

    given: Context = context.obj
    # As the channel team may see them: a partner's own pack holds rounded scores. A frozen cohort does not count.
    around = Round.open(given.settings, quarter, audience="internal", cohort="computed")
    slices = (around.cut(partner_id) for partner_id in around.partners(partner or ()))
    print_form = {Form.JSON: _print_json, Form.CSV: _print_csv, Form.TABLE: _print_table}[form]
    print_form(around, ((slice_, evaluate(slice_)) for slice_ in slices))


def _print_json(_: Round, evaluated: Any) -> None:
    from kpilib.cli.console import print_result
    from kpilib.kpis import collect, document, to_json

    print_result(to_json(collect(document(slice_, found) for slice_, found in evaluated)))


def _print_csv(_: Round, evaluated: Any) -> None:
    from kpilib.cli.console import print_result

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["partner_id", "quarter", "as_of", "currency", "kpi", "value", "n", "status", "reason"])
    for slice_, found in evaluated:
        for key, kpi in found.items():
            value = "" if kpi.value is None else kpi.value
            place = [slice_.partner_id, slice_.quarter, slice_.as_of, slice_.currency]
            writer.writerow([*place, key, value, kpi.n, kpi.status.key, kpi.reason or ""])
    print_result(stream.getvalue())


def _print_table(around: Round, evaluated: Any) -> None:
    from kpilib.cli.console import plain, print_result, table
    from kpilib.formats import Formats

    words = around.own_kpis.words_in("en")
    formats = Formats("en", around.settings.money.currency)
    shown = None
    for slice_, found in evaluated:
        if shown is None:
            names = [words(f"kpi.{key}.name") for key in found]
            shown = table("partner", "name", *names, right=tuple(names))
        cells = (_show(kpi, formats) for kpi in found.values())
        shown.add_row(plain(slice_.partner_id), plain(around.name(slice_.partner_id)), *cells)
    print_result(f"{around.quarter} as of {around.as_of}, money in {around.settings.money.currency}")
    print_result(shown if shown is not None else "No active partner.")


def _show(kpi: Kpi, formats: Any) -> str:
    kinds: Mapping[str, Any] = {
        "money": formats.money,
        "money_per_day": formats.money,
        "count": formats.count,
        "rate": formats.rate,
        "ratio": lambda value: formats.number(value, 2),
        "score": lambda value: formats.number(value, 1),
    }
    return str(kinds[kpi.unit](kpi.value))
