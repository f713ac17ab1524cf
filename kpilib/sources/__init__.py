"""Raw rows with our column names, from files and databases; a mapping or a preset says which is which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpilib.sources.batch import Batch, Broken, Format, SourceFile
    from kpilib.sources.opening import Sources, open_sources
    from kpilib.sources.tables import TableSource

__all__ = ["Batch", "Broken", "Format", "SourceFile", "Sources", "TableSource", "open_sources"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: who only looks whether a file changed needs no reader."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kpilib.sources import batch, opening, tables

    return getattr(next(room for room in (opening, tables, batch) if name in room.__all__), name)
