"""Raw rows with our column names, from files and databases; a mapping or a preset says which is which."""

from __future__ import annotations

from kpilib.sources.batch import Batch, Broken, Format, SourceFile

__all__ = ["Batch", "Broken", "Format", "SourceFile"]
