"""`kpilib compare`: what a change to a notebook changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from kpilib.cli.context import Context

if TYPE_CHECKING:
    from kpilib.compare.comparison import Comparison, PartnerComparison

__all__ = ["compare"]

_MOST = 12


def compare(
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="The changed notebook.")],
    base: Annotated[
        Optional[str],
        typer.Option(metavar="REVISION|PATH", help="What it is held against.", show_default="its last commit"),
    ] = None,
    quarter: Annotated[
        Optional[str],
        typer.Option(metavar="QUARTER", help="Like 2026Q3.", show_default="the latest that the data complete"),
    ] = None,
    partner: Annotated[
        Optional[list[str]],
        typer.Option("--partner", metavar="ID", help="A partner's id; may be repeated.", show_default="three, unlike"),
    ] = None,
    output: Annotated[
        Optional[Path],
        typer.Option(metavar="PATH", help="The page with the pictures.", show_default=".kpilib/compare/NOTEBOOK.html"),
    ] = None,
) -> None:
    """Make a few packs with both versions of a notebook; print what differs, and show changed pages side by side.

    Of a revision the templates and the KPIs of your own are taken too. Without --partner: the partner with the most
    deals, the one with the fewest, and one of another language. Exit 1 when the newer version fails.
    """
    from kpilib.build.round import Round
    from kpilib.build.write import put_file
    from kpilib.cli.console import near, print_result
    from kpilib.compare import choose_partners, compare_versions, draw_page, read_base
    from kpilib.compare.base import read_now, surroundings_of

    given: Context = context.obj
    now, before = read_now(notebook), read_base(notebook, base)
    around = Round.open(given.settings, quarter, notebook=notebook)
    chosen = around.partners(partner) if partner else choose_partners(around)
    with surroundings_of(before, given.settings) as surroundings:
        found = compare_versions(around, chosen, before, now, surroundings=surroundings)
    path = output or around.settings.root / ".kpilib" / "compare" / f"{notebook.stem}.html"
    put_file(path.absolute(), draw_page(found), aside=path.absolute().parent)
    print_result("\n".join(_lines(found)))
    given.say(f"Cells, numbers and changed pages side by side: {near(path.absolute())}")
    if found.failed:
        raise typer.Exit(1)


def _lines(found: Comparison) -> list[str]:
    from kpilib.cli.console import plain

    count = {0: "no cell differs", 1: "one cell differs"}.get(len(found.cells), f"{len(found.cells)} cells differ")
    lines = [f"{found.now} against {found.base}: {count}."]
    lines += [f"  cell {cell.number} {cell.kind}: {plain(cell.title)}" for cell in found.cells]
    lines += [f"  {plain(file)} differs" for file in found.files]
    for partner in found.partners:
        lines += [plain(line) for line in _partner_lines(partner)]
    return lines


def _partner_lines(partner: PartnerComparison) -> list[str]:
    head = f"{partner.partner_id} {partner.name}: "
    if partner.same:
        return [f"{head}the same pack."]
    if partner.told_failures:
        return [f"{head}not compared.", *(f"  {which}: {text}" for which, text in partner.told_failures)]
    numbers = [move for move in partner.moves if move.in_numbers]
    words = len(partner.moves) - len(numbers)
    pages = ", ".join(str(pair.number) for pair in partner.pages)
    said = [f"{len(numbers)} numbers moved", f"{words} other texts changed"]
    said.append(f"pages {pages} of {partner.page_count} look different" if pages else "no page looks different")
    lines = [head + ", ".join(said) + "."]
    lines += [f"  cell {number} shows something else: {title}" for number, title in partner.outputs]
    lines += [f"  {move.place}: {_short(move.before)} → {_short(move.now)}" for move in numbers[:_MOST]]
    if len(numbers) > _MOST:
        lines.append(f"  … and {len(numbers) - _MOST} more")
    return lines


def _short(text: str) -> str:
    text = " ".join(text.split())
    return (text if len(text) <= 60 else f"{text[:59]}…") or "–"
