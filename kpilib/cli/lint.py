"""`kpilib lint`: what would make a notebook unfit for a batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from kpilib.cli.context import Context

if TYPE_CHECKING:
    from kpilib.settings import Settings

__all__ = ["lint"]


def lint(
    context: typer.Context,
    notebook: Annotated[
        Optional[list[Path]],
        typer.Argument(metavar="[NOTEBOOK]...", help="Notebooks.", show_default="all that [packs] names"),
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="Print all rules, and read no notebook.")] = False,
) -> None:
    """Read notebooks without running them, and print what would make them unfit for a batch. Exit 1 on findings.

    A finding can be allowed in its cell, with a reason: `# allow KL202: the programme's first day`.
    """
    from kpilib.cli.console import print_result, table
    from kpilib.lint import RULES, lint_notebook, read_watchlist

    given: Context = context.obj
    if rules:
        shown = table("code", "rule")
        for code, rule in sorted(RULES.items()):
            shown.add_row(code, rule.about)
        print_result(shown)
        return
    settings = _settings(given, needed=not notebook)
    watchlist = None if settings is None else read_watchlist(settings)
    if watchlist is None:
        given.say("There are no data at hand: partners named in a cell cannot be recognised.")
    paths = list(dict.fromkeys(notebook or _named(settings)))
    findings = [finding for path in paths for finding in lint_notebook(path, watchlist=watchlist)]
    if findings:
        print_result("\n".join(str(finding) for finding in findings))
    given.say(f"{len(findings) or 'No'} finding{'' if len(findings) == 1 else 's'} in {len(paths)} "
              f"notebook{'' if len(paths) == 1 else 's'}.")  # fmt: skip
    if findings:
        raise typer.Exit(1)


def _settings(given: Context, *, needed: bool) -> Settings | None:
    """Return the workspace's settings; a notebook that is named can be read without a workspace."""
    from kpilib.errors import SettingsError
    from kpilib.settings import find_settings

    if not needed and given.path is None:
        try:
            find_settings()
        except SettingsError:
            return None
    return given.settings


def _named(settings: Settings | None) -> list[Path]:
    """Return the notebooks that the settings name, as a user would: relative to where the command is run."""
    from kpilib.cli.console import near

    assert settings is not None
    packs = settings.packs
    names = [packs.notebook, packs.portfolio, *packs.tiers.values(), *packs.partners.values()]
    return [near(settings.root / name) for name in dict.fromkeys(names)]
