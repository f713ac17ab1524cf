"""Opens what the settings name as the source: finds each table's files and lays its mapping over them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kpilib.contract.tables import TABLES
from kpilib.errors import SourceError
from kpilib.sources.batch import SourceFile
from kpilib.sources.delimited import DelimitedReader
from kpilib.sources.detect import Written
from kpilib.sources.dialect import sniff
from kpilib.sources.files import File, find_files
from kpilib.sources.formats import named_date_format, named_decimal
from kpilib.sources.mapping import TableMapping
from kpilib.sources.resolve import header_problem, resolve
from kpilib.sources.tables import Part, TableSource

if TYPE_CHECKING:
    from kpilib.settings import Settings

__all__ = ["Sources", "open_sources"]


@dataclass(frozen=True)
class Sources:
    """What a workspace's settings name as its data: the tables that it has, by name."""

    tables: Mapping[str, TableSource]
    behind: Sequence[SourceFile] = field(default_factory=tuple)

    def files(self) -> list[SourceFile]:
        """Return what the tables are read from, for telling whether it changed."""
        return list(self.behind)


def open_sources(settings: Settings) -> Sources:
    """Find the tables that the settings name, and check that each has the columns that it must have."""
    source = settings.source
    written = Written(
        named_date_format(source.date_format) if source.date_format else None,
        named_decimal(source.decimal) if source.decimal else None,
    )
    files = find_files(settings.root, source.path or ".")
    tables: dict[str, TableSource] = {}
    behind: dict[str, SourceFile] = {}
    problems: list[str] = []
    for name in TABLES:
        parts = []
        for file in _named(files, name):
            reader = DelimitedReader(file, sniff(file, encoding=source.encoding, separator=source.separator))
            plan, wrong = resolve(TableMapping(name), reader.names, file=file.name)
            if wrong:
                problems += [header_problem(reader.names, file.name, name) or "\n".join(wrong)]
            parts.append(Part(plan, reader, written))
            behind[file.path] = file.stat()
        if parts:
            tables[name] = TableSource(name, parts)
    if problems:
        raise SourceError("\n".join(problems), problems=problems)
    return Sources(tables, tuple(behind.values()))


def _named(files: Sequence[File], table: str) -> list[File]:
    """Return the files named as a table: ``deals.csv``, ``deals-2026.csv``, or all in the folder ``deals``."""
    pattern = re.compile(rf"{table}(?:[-_. ]?\d[\w.-]*)?", re.IGNORECASE)
    return [
        file
        for file in files
        if file.kind and (pattern.fullmatch(file.stem) or file.folder.lower() == table)
    ]
