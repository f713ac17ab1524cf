"""Reading a notebook, and asking every rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpilib.errors import KpilibError, SettingsError
from kpilib.lint.rule import RULES, Finding
from kpilib.lint.sheet import Cell, Sheet
from kpilib.pack import Pack, PortfolioPack
from kpilib.quarter import Quarter

if TYPE_CHECKING:
    from kpilib.render.leaks import Watchlist
    from kpilib.settings import Settings

__all__ = ["lint_notebook", "read_watchlist"]

# Any pack will do: the names of its parameters are asked for, not their values.
_QUARTER = Quarter(2000, 1)
_PACK = Pack("", _QUARTER, date(2000, 3, 31))
_PORTFOLIO = PortfolioPack.of(_QUARTER, date(2000, 3, 31), "")


def lint_notebook(path: Path, *, name: str | None = None, watchlist: Watchlist | None = None) -> list[Finding]:
    """Return what would make a notebook unfit for a batch, by cell; it is read, not run.

    Parameters
    ----------
    name
        how findings call it; default: the path as given.
    watchlist
        the partners of the workspace (`read_watchlist`); without it names and ids cannot be recognised.

    Raises
    ------
    SettingsError
        when the file cannot be read.
    ExecutionError
        when it is no Python notebook.
    """
    sheet = _read(path, name or str(path), watchlist)
    found = [
        Finding(sheet.name, rule.code, hit.cell.number if hit.cell else None, hit.line, hit.what, hit.fix)
        for rule in RULES.values()
        for hit in rule.find(sheet)
        if hit.cell is None or rule.code not in hit.cell.allowed
    ]
    return sorted(dict.fromkeys(found), key=lambda each: (each.cell or 0, each.line or 0, each.code))


def read_watchlist(settings: Settings) -> Watchlist | None:
    """Return the names that no notebook may hold; None where the workspace's data cannot be read."""
    from kpilib.build.inspection import texts_of_the_workspace
    from kpilib.render.leaks import Watchlist
    from kpilib.store import Store

    try:
        store = Store.check(settings)
    except KpilibError:
        return None
    partners = [store.partner(name) for name in store.partner_ids(active_only=False)]
    return Watchlist(partners, settings.leaks.allow, list(texts_of_the_workspace(settings)))


def _read(path: Path, name: str, watchlist: Watchlist | None) -> Sheet:
    from kpilib.execute.notebook import read_notebook

    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"The notebook {path} cannot be read: {error.strerror}.", path=str(path)) from None
    node = read_notebook(data, name=name)
    cells = tuple(_cell(number, cell) for number, cell in enumerate(node.cells, 1))
    is_portfolio = any("Portfolio" in cell.source for cell in cells if cell.is_code)
    asked = tuple((_PORTFOLIO if is_portfolio else _PACK).parameters())
    return Sheet(name, cells, asked, watchlist)


def _cell(number: int, cell: Any) -> Cell:
    return Cell(
        number,
        cell.cell_type,
        cell.source,
        tuple(cell.metadata.get("tags", ())),
        cell.metadata,
        outputs=len(cell.get("outputs", ())),
        executed=cell.get("execution_count") is not None,
    )
