"""`kpilib doctor`: what this machine and this workspace lack."""

from __future__ import annotations

import typer

from kpilib.cli.context import Context

__all__ = ["doctor"]


def doctor(context: typer.Context) -> None:
    """Look at Python, packages, fonts, programs, settings, data and disk; say what is missing and how to get it.

    Nothing is changed, and no mail server is connected to. Exit 1 when something is missing.
    """
    from kpilib.cli.console import plain, print_result, say_error, table
    from kpilib.doctor import State, examine
    from kpilib.errors import SettingsError
    from kpilib.settings import find_settings

    given: Context = context.obj
    settings, problems = None, 0
    try:
        settings = given.settings
    except SettingsError as error:
        try:
            here = given.path or find_settings()
        except SettingsError:
            given.say("Here is no workspace: only the machine is looked at. A new one: kpilib new FOLDER")
        else:
            problems += here is not None
            say_error(str(error))
    shown, advice = table("", "what", "found"), []
    marks = {State.GOOD: "ok", State.MISSING: "MISSING", State.OPTIONAL: "optional"}
    for check, report in examine(settings):
        shown.add_row(marks[report.state], check.name, plain(report.found))
        problems += report.state is State.MISSING
        if report.do:
            advice.append(f"{check.name} ({check.about}): {report.do}")
    print_result(shown)
    if advice:
        print_result("\n".join(plain(line) for line in advice))
    if problems:
        given.say(f"{problems} thing{'s are' if problems > 1 else ' is'} missing.")
        raise typer.Exit(1)
    given.say("Nothing is missing.")
