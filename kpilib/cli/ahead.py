"""`kpilib actions` and `kpilib backtest`: the plan as rows for a person, and how well the outlook would have done."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from kpilib.cli.context import Context

__all__ = ["actions", "backtest"]

Partners = Annotated[
    Optional[list[str]],
    typer.Option("--partner", metavar="ID", help="A partner's id; may be repeated.", show_default="all active"),
]


def actions(
    context: typer.Context,
    quarter: Annotated[str, typer.Argument(metavar="QUARTER", help="Like 2026Q3.")],
    partner: Partners = None,
) -> None:
    """Write the recommended plans as rows for the actions table, for a person to edit and add to the source.

    Rows that are there already stay as they are.
    """
    from kpilib.build.round import Round
    from kpilib.cli.console import print_result
    from kpilib.review.proposals import add_proposals, propose

    given: Context = context.obj
    around = Round.open(given.settings, quarter)
    rows = [row for name in around.partners(partner or ()) for row in propose(around.cut(name))]
    path = given.settings.reports / str(around.quarter) / "actions.csv"
    added = add_proposals(path, rows)
    print_result(f"{added} rows added, {len(rows) - added} were there already: {path}")
    given.say("Edit them (owner, due_on, text; delete what nobody agreed to), then add them to your actions table.")


def backtest(
    context: typer.Context,
    quarters: Annotated[int, typer.Option(min=1, max=40, metavar="N", help="How many past quarters.")] = 8,
    least: Annotated[
        int, typer.Option(min=1, max=8, metavar="N", help="Whole quarters before one that a partner needs.")
    ] = 4,
) -> None:
    """Print how well the outlook would have done: each past quarter forecast from what its first day knew."""
    from kpilib.backtest import backtest as run
    from kpilib.cli.console import print_result, table
    from kpilib.cohort.lives import read_lives
    from kpilib.formats import Formats
    from kpilib.store import Store

    given: Context = context.obj
    settings = given.settings
    store = Store.open(settings)
    latest = store.latest_quarter()
    lives = read_lives(store, settings.money.currency, latest.end)
    result = run(lives, [latest.shift(-back) for back in range(quarters)], least=least)
    if result is None:
        print_result(
            f"Nothing to test: no partner has {least} whole quarters on record before one that is over. With "
            "--least you may ask for fewer; packs give no range then."
        )
        return
    write = Formats("en", settings.money.currency)
    shown = table("quarter", "forecasts", "in the range", right=("forecasts", "in the range"))
    for quarter in sorted({each.quarter for each in result.forecasts}):
        held = [each for each in result.forecasts if each.quarter == quarter]
        inside = sum(0.1 < each.pit < 0.9 for each in held)
        shown.add_row(quarter, str(len(held)), write.rate(inside / len(held), 0))
    print_result(shown)
    coverage, low, high = (write.rate(value) for value in (result.coverage, result.low, result.high))
    several = len({each.quarter for each in result.forecasts}) > 1
    interval = f"95 % interval {low} to {high}, by resampling quarters" if several else "one quarter: no interval"
    made = "1 forecast" if len(result.forecasts) == 1 else f"{len(result.forecasts)} forecasts"
    print_result(f"{made}: {coverage} of the outcomes in the 80 % range ({interval}).")
    print_result(
        f"Mean pinball loss at 10, 50 and 90 %: {write.money(result.loss)}; "
        f"last quarter's amount {write.money(result.loss_last)}; weighted pipeline {write.money(result.loss_weighted)}."
    )
