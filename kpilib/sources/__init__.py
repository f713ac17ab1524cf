"""Raw rows with our column names, from files and databases; a mapping or a preset says which is which."""

from __future__ import annotations

from kpilib.sources.batch import Batch, Broken, Format, SourceFile
from kpilib.sources.opening import Sources, open_sources
from kpilib.sources.tables import TableSource

__all__ = ["Batch", "Broken", "Format", "SourceFile", "Sources", "TableSource", "open_sources"]
