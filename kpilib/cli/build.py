"""`kpilib build` and `kpilib status`: making packs, and how each of them stands."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from kpilib.cli.context import Context

if TYPE_CHECKING:
    from distributed import Client

    from kpilib.build.frozen import Choice
    from kpilib.build.plan import Planned
    from kpilib.build.round import Round
    from kpilib.build.run import Outcome
    from kpilib.settings import Settings

__all__ = ["build", "status"]

Quarter = Annotated[
    Optional[str],
    typer.Argument(metavar="[QUARTER]", help="Like 2026Q3.", show_default="the latest that the data complete"),
]
Partners = Annotated[
    Optional[list[str]],
    typer.Option("--partner", metavar="ID", help="A partner's id; may be repeated.", show_default="all active"),
]
_FEW = 5


class Audience(StrEnum):
    """For whom packs are made."""

    PARTNER = "partner"
    INTERNAL = "internal"


def build(
    context: typer.Context,
    quarter: Quarter = None,
    partner: Partners = None,
    jobs: Annotated[
        Optional[int],
        typer.Option(min=1, metavar="N", help="How many packs are made at once.", show_default="one per core"),
    ] = None,
    dask: Annotated[
        Optional[str],
        typer.Option(
            metavar="ADDRESS", help="A Dask scheduler, like tcp://host:8786, whose workers make the packs.",
            show_default="this machine",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make fresh packs too.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only say which packs would be made, and why.")] = False,
    notebook: Annotated[
        Optional[Path],
        typer.Option(metavar="PATH", help="The notebook.", show_default="as [packs] in kpilib.toml says"),
    ] = None,
    language: Annotated[
        Optional[str],
        typer.Option(metavar="CODE", help="The language of all packs.", show_default="each partner's"),
    ] = None,
    audience: Annotated[Audience, typer.Option(help="Internal packs are never approved or sent.")] = Audience.PARTNER,
    refresh_cohort: Annotated[
        bool,
        typer.Option("--refresh-cohort", help="Show the other partners' figures of today, though packs were approved."),
    ] = False,
) -> None:
    """Make the packs that are not fresh: HTML, PDF, the executed notebook and kpis.json of each partner."""
    given: Context = context.obj
    cluster: str | Client | None = dask
    if not plan and (force or _is_first(given.settings, quarter)):
        # Kernels' servers load while the data are read.
        if dask is None:
            from kpilib.execute.forkserver import kernel_server

            context.with_resource(kernel_server(at_once=True))
        else:
            from kpilib.build.cluster import connect

            cluster = context.with_resource(connect(dask))
    from kpilib.build.plan import plan_packs
    from kpilib.build.progress import Bar
    from kpilib.build.round import Round
    from kpilib.build.run import build_packs
    from kpilib.cli.console import console

    cohort: Choice = "refreshed" if refresh_cohort else "frozen"
    around = Round.open(
        given.settings, quarter, audience=audience.value, language=language, notebook=notebook, cohort=cohort
    )
    _warn_of_open_quarter(around, given)
    chosen = around.partners(partner or ())
    if plan:
        _print_plan(plan_packs(around, chosen, force=force))
        return
    whole = not partner and audience is Audience.PARTNER and notebook is None
    if given.quiet:
        outcome = build_packs(around, chosen, jobs=jobs, dask=cluster, force=force, portfolio=whole)
    else:
        with Bar(console(error=True)) as bar:
            outcome = build_packs(
                around, chosen, jobs=jobs, dask=cluster, force=force, portfolio=whole, watcher=bar
            )
    _report(around, outcome, given)
    code = max((error.exit_code for error in outcome.unwritten), default=0)
    if outcome.failed or (outcome.portfolio is not None and outcome.portfolio.error is not None):
        code = max(code, 1)
    if code or outcome.interrupted:
        raise typer.Exit(130 if outcome.interrupted else code)


def status(context: typer.Context, quarter: Quarter = None, partner: Partners = None) -> None:
    """Print how each pack stands: fresh, stale (why), failed (which cell), approved, sent."""
    from kpilib.build.plan import plan_packs
    from kpilib.build.round import Round
    from kpilib.build.standing import say_drift, stand
    from kpilib.cli.console import plain, print_result, table

    given: Context = context.obj
    around = Round.open(given.settings, quarter)
    planned = plan_packs(around, around.partners(partner or ()))
    shown = table("partner", "name", "pack", "approved", "sent")
    for each, standing in stand(around, planned):
        cells = (each.pack.partner_id, each.name, standing.pack, standing.approved, standing.sent)
        shown.add_row(*(plain(cell) for cell in cells))
    print_result(f"{around.quarter} as of {around.as_of}")
    print_result(shown)
    drift = say_drift(around)
    if drift:
        print_result("\n".join(["The cohort is frozen, and the data have moved since (median of all):", *drift]))
        say_how = f"kpilib build {around.quarter} --refresh-cohort"
        print_result(f"Packs keep what was approved, unless you decide otherwise: {say_how}")


def _is_first(settings: Settings, quarter: str | None) -> bool:
    """Say whether a quarter was never built, so that there is surely something to make."""
    built = {path.parent.name for path in settings.reports.glob("*/run.json")}
    return not built if quarter is None else quarter not in built


def _print_plan(planned: list[Planned]) -> None:
    from kpilib.cli.console import plain, print_result, table

    shown = table("partner", "name", "why")
    for each in planned:
        if not each.fresh:
            shown.add_row(plain(each.pack.partner_id), plain(each.name), ", ".join(each.reasons))
    fresh = sum(each.fresh for each in planned)
    if shown.row_count:
        print_result(shown)
    print_result(f"{shown.row_count} to make, {fresh} fresh.")


def _report(around: Round, outcome: Outcome, given: Context) -> None:
    from kpilib.cli.console import near, print_result, say_error

    for pack, warning in outcome.warnings:
        given.say(f"{pack}: {warning}")
    for _, error in outcome.failed:
        say_error(str(error))
    reports = around.settings.reports
    _report_portfolio(outcome, given)
    for pack, error in outcome.failed[:_FEW]:
        if error.parts.get("notebook"):
            given.say(f"{pack}: the notebook as far as it ran: {pack.failed_folder(reports) / 'review.ipynb'}")
    if outcome.interrupted:
        given.say("Stopped. What was finished stays; the next build goes on from there.")
    counts = [f"{len(outcome.made)} made", f"{len(outcome.fresh)} fresh", f"{len(outcome.failed)} failed"]
    given.say(f"{around.quarter} as of {around.as_of}: {', '.join(counts)}, in {outcome.seconds:.1f} s.")
    if not given.quiet:
        folders = [pack.folder(reports) for pack in outcome.made[:1]]
        paths = [] if outcome.unwritten else [outcome.index]
        if outcome.portfolio is not None and outcome.portfolio.error is None:
            paths.append(outcome.portfolio.pack.folder(reports) / "portfolio.html")
        paths += [folder / name for folder in folders for name in ("review.html", "review.pdf")]
        if paths:
            print_result("\n".join(["Open:", *(f"  {near(path)}" for path in paths)]))
    for error in outcome.unwritten:
        say_error(str(error))


def _report_portfolio(outcome: Outcome, given: Context) -> None:
    from kpilib.cli.console import say_error

    if outcome.portfolio is None:
        return
    for warning in outcome.portfolio.warnings:
        given.say(f"{outcome.portfolio.pack}: {warning}")
    if outcome.portfolio.error is not None:
        say_error(str(outcome.portfolio.error))


def _warn_of_open_quarter(around: Round, given: Context) -> None:
    """Say so where the quarter goes on after the data end: it would be compared as if it were over."""
    day, quarter = around.store.exported_on, around.quarter
    if day >= around.as_of:
        return
    later = "If they were exported later, set [source] exported_on to that day."
    if day < quarter.start:
        given.say(f"The data end on {day}, before {quarter} begins on {quarter.start}. {later}")
    else:
        given.say(
            f"The data end on {day}, before {around.as_of}: {quarter} is compared as if it were over. "
            f"Read it as of that day: kpilib --as-of {day} build {quarter}. {later}"
        )
