"""`kpilib check`: what becomes of each row of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kpilib.cli.context import Context

if TYPE_CHECKING:
    from kpilib.contract.report import CheckReport

__all__ = ["check"]


def check(
    context: typer.Context,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also say where each column comes from, with examples.")
    ] = False,
) -> None:
    """Read all sources; print what is accepted, repaired and rejected, and why. Exit 2 on rejects above the limit."""
    from kpilib.contract.tables import TABLES
    from kpilib.language import own_catalogues
    from kpilib.language.own import tell_missing
    from kpilib.store import Store

    given: Context = context.obj
    report = Store.check(given.settings).report
    _print_counts(report)
    if explain:
        _print_columns(report)
    if any(one.read for one in report.tables.values()):
        stated = given.settings.source.exported_on is not None
        day = report.exported_on if stated else f"{report.exported_on}, the latest created_on ([source] exported_on)"
        given.say(f"The data were exported on {day}. Each rejected row stands in .kpilib/rejects/.")
    if not report.tables["opportunities"].read:
        given.say("There is no row of opportunities, only headers: nothing to make packs from.")
    if missing := [name for name in TABLES if name in report.absent]:
        given.say(f"Absent tables: {', '.join(missing)}. Packs leave out what needs them, and say so.")
    for language, held in own_catalogues().items():
        if told := tell_missing(language, held):
            given.say(f"languages/{language}.toml: {told}, English stands in for them (kpilib texts {language}).")
    report.enforce(given.settings)


def _print_counts(report: CheckReport) -> None:
    from kpilib.cli.console import plain, print_result, table

    numbers = ("read", "accepted", "rejected", "share", "repaired", "warned")
    counts = table("table", *numbers, "files", right=numbers)
    reasons = table("table", "action", "reason", "rows", right=("rows",))
    for one in report.tables.values():
        counts.add_row(
            one.table, f"{one.read:,}", f"{one.accepted:,}", f"{one.rejected:,}", f"{100 * one.rejected_share:.2f} %",
            f"{one.repaired:,}", f"{one.warned:,}", plain(", ".join(one.files)),
        )  # fmt: skip
        for action, found in one.reasons.items():
            for reason, rows in sorted(found.items(), key=lambda item: (-item[1], item[0])):
                reasons.add_row(one.table, action, reason, f"{rows:,}")
        for reason, rows in one.left_out.items():
            reasons.add_row(one.table, "left out", plain(reason), f"{rows:,}")
    print_result(counts)
    if reasons.row_count:
        print_result(reasons)


def _print_columns(report: CheckReport) -> None:
    """Print for each table where its columns come from, with examples; then what is absent and what is not used."""
    from kpilib.cli.console import plain, print_result, table

    lacking: dict[str, list[str]] = {}
    for name in report.absent:
        owner, _, column = name.partition(".")
        lacking.setdefault(owner, []).append(column)
    unused: dict[str, list[str]] = {}
    for one in report.tables.values():
        print_result(plain(f"{one.table}: " + "; ".join(f"{file} ({how})" for file, how in one.written.items())))
        columns = table("column", "comes from", "examples")
        for column, source in one.columns.items():
            columns.add_row(column, plain(source), plain("  |  ".join(one.examples.get(column, ())) or "(all blank)"))
        for column in lacking.get(one.table, ()):
            columns.add_row(column, "(absent)", "")
        print_result(columns)
        for file, names in one.unused.items():
            unused[file] = [name for name in names if name in unused.get(file, names)]
    for file, names in unused.items():
        if names:
            print_result(plain(f"Of {file} nothing is taken from: {', '.join(names)}"))
