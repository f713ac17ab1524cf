"""`kpilib texts`: what a language of one's own still lacks."""

from __future__ import annotations

from typing import Annotated

import typer

from kpilib.cli.context import Context

__all__ = ["texts"]


def texts(
    context: typer.Context,
    language: Annotated[str, typer.Argument(metavar="CODE", help="The language's code, like de.")],
) -> None:
    """Print the texts that a language of your own lacks, each on a line to translate.

    A catalogue is languages/CODE.toml of the workspace. English stands in for a text that it does not have; kpilib's
    own languages are changed by such a file too, text by text.
    """
    from kpilib.cli.console import print_result
    from kpilib.language import own_catalogue
    from kpilib.language.own import check_code, tell_missing, write_missing

    given: Context = context.obj
    assert given.settings is not None  # read for the workspace's catalogues
    check_code(language)
    held = own_catalogue(language) or {}
    print_result(write_missing(language, held))
    given.say(tell_missing(language, held) or f"{language} lacks nothing.")
