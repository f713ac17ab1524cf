"""`kpilib texts`: what a language of one's own still lacks."""

from __future__ import annotations

from typing import Annotated

import typer

from kpilib.cli.context import Context

__all__ = ["texts"]


def texts(
    context: typer.Context,
    language: Annotated[str, typer.Argument(metavar="CODE", help="The language's code, like de.")],
    write: Annotated[bool, typer.Option("--write", help="Put them into languages/CODE.toml, behind a # each.")] = False,
) -> None:
    """Print the texts that a language of your own lacks, each on a line to translate.

    A catalogue is languages/CODE.toml of the workspace. English stands in for a text that it does not have; kpilib's
    own languages are changed by such a file too, text by text. What the file says stays as it is.
    """
    from kpilib.build.write import put_file
    from kpilib.cli.console import near, print_result
    from kpilib.language import own_catalogue
    from kpilib.language.own import check_code, tell_missing, with_missing, write_missing

    given: Context = context.obj
    settings = given.settings  # with them the workspace's catalogues are read
    check_code(language)
    held = own_catalogue(language) or {}
    if write:
        path = settings.root / settings.packs.languages / f"{language}.toml"
        text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        put_file(path, with_missing(language, held, text).encode(), aside=path.parent)
        print_result(str(near(path)))
    else:
        print_result(write_missing(language, held))
    given.say(tell_missing(language, held) or f"{language} lacks nothing.")
