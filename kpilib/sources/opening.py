"""Opens what the settings name as the source: each table with its files or query, under its mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kpilib.contract.tables import TABLES
from kpilib.errors import SettingsError, SourceError, did_you_mean
from kpilib.sources.batch import SourceFile
from kpilib.sources.delimited import DelimitedReader
from kpilib.sources.detect import Written
from kpilib.sources.files import find_files
from kpilib.sources.finding import Laid, Shelf
from kpilib.sources.formats import named_date_format, named_decimal
from kpilib.sources.mapping import TableMapping
from kpilib.sources.presets import load_preset
from kpilib.sources.resolve import resolve
from kpilib.sources.rules import overlay, read_mapping
from kpilib.sources.sql import Database, named_database
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
    """Find the tables that the settings name, and check that each has the columns that it must have.

    Raises
    ------
    SettingsError
        when the source's settings or its mapping are wrong.
    SourceError
        when a file is missing, is no table, or lacks a column; all such problems are named.
    """
    opening = _Opening(settings)
    tables = {}
    for name in TABLES:
        parts = opening.parts(name)
        if parts:
            tables[name] = TableSource(name, parts)
    opening.finish(tables)
    return Sources(tables, tuple(opening.behind.values()))


class _Opening:
    """One opening: what was found so far, and what is wrong."""

    def __init__(self, settings: Settings) -> None:
        source = settings.source
        if source.path is None and source.url is None:
            raise SettingsError(
                'Where are the data? Set [source] path = "…" (a folder, a file or a pattern) or url = "…" (a database).'
            )
        self._settings = settings
        self._written = Written(
            named_date_format(source.date_format) if source.date_format else None,
            named_decimal(source.decimal) if source.decimal else None,
        )
        preset: Mapping[str, Any] = load_preset(source.preset)["mapping"] if source.preset else {}
        self._mappings = read_mapping(overlay(preset, source.mapping))
        self._own = set(source.mapping)
        self._database = named_database(settings)
        self._queries = self._named_tables()
        self._shelf: Shelf | None = None
        if source.path is not None:
            files = find_files(settings.root, source.path)
            self._shelf = Shelf(settings.root, source, files, single=len(files) == 1)
        self.behind: dict[str, SourceFile] = {}
        self.problems: list[str] = []

    def _named_tables(self) -> dict[str, str]:
        named = dict(self._settings.source.tables)
        unknown = [name for name in named if name not in TABLES]
        wrong = [f"[source.tables] {name}: no such table.{did_you_mean(name, TABLES)}" for name in unknown]
        if named and self._database is None:
            wrong.append('[source.tables] names tables of a database; set [source] url = "…" too.')
        if wrong:
            raise SettingsError("\n".join(wrong))
        if self._database is not None and not named:
            for known in self._database.tables():
                if known.lower() in TABLES:
                    named[known.lower()] = known
        return named

    def parts(self, table: str) -> list[Part]:
        """Return a table's files or query, each under its mapping; what is wrong is noted."""
        try:
            if table in self._queries and self._database is not None:
                return self._of_database(self._database, table)
            if self._shelf is None:
                return []
            laid = list(self._laid(self._shelf, table))
        except SourceError as error:
            self.problems.append(error.message)
            return []
        for one in laid:
            self.problems += one.problems
            for file in one.files:
                stat = file.stat()
                self.behind[stat.path] = stat
        return [self._part(one) for one in laid]

    def _part(self, laid: Laid) -> Part:
        files = [self.behind[file.stat().path] for file in laid.files]
        return Part(laid.plan, laid.reader, self._written_in(laid), laid.lookups, files)

    def _written_in(self, laid: Laid) -> Written:
        text = isinstance(laid.reader, DelimitedReader)
        semicolon = isinstance(laid.reader, DelimitedReader) and laid.reader.dialect.separator == ";"
        return Written(self._written.date, self._written.decimal if text else None, semicolon)

    def _of_database(self, database: Database, table: str) -> list[Part]:
        reader = database.reader(table, self._queries[table])
        mapping = self._mappings[table][0] if table in self._own else TableMapping(table)
        plan, problems = resolve(mapping, reader.names, file=f"{database.name}, {reader.file}")
        self.problems += problems
        marker = f"{database.name} {self._queries[table]}"
        self.behind[marker] = SourceFile(marker, "sql")
        return [Part(plan, reader, Written(self._written.date))]

    def _laid(self, shelf: Shelf, table: str) -> Iterable[Laid]:
        """Lay a table's mapping over its files.

        A mapping that names its files goes first, then a file with the table's own name, then the files that a
        preset knows by their columns.
        """
        mappings = self._mappings.get(table, ())
        for mapping in mappings:
            if mapping.files:
                place = f"[source.mapping.{table}]"
                yield from (shelf.lay(mapping, file) for file in shelf.matching(mapping.files, place))
        if any(mapping.files for mapping in mappings):
            return
        known = [mapping for mapping in mappings if mapping.recognise]
        named = shelf.named(table)
        own = [mapping for mapping in mappings if not mapping.recognise]
        for file in named:
            tries = [shelf.lay(mapping, file) for mapping in (*own, *known, *([] if own else [TableMapping(table)]))]
            yield next((laid for laid in tries if not laid.problems), tries[-1 if not own else 0])
        if named:
            return
        for mapping in known:
            laid = [shelf.lay(mapping, file) for file in shelf.recognised(mapping)]
            if laid:
                yield from laid
                return
        if own and not named:
            if not shelf.single:
                there = ", ".join(file.name for file in shelf.files[:20]) or "nothing"
                raise SourceError(
                    f'[source.mapping.{table}] does not say which file it is for. Set file = "…"; '
                    f"{self._settings.source.path} has: {there}."
                )
            yield from (shelf.lay(mapping, shelf.files[0]) for mapping in own)

    def finish(self, tables: Mapping[str, TableSource]) -> None:
        """Raise what was noted, and name the required tables that are missing."""
        missing = [table.name for table in TABLES.values() if table.required and table.name not in tables]
        if missing and not self.problems:
            self.problems.append(self._say_missing(missing))
        if self.problems:
            raise SourceError("\n".join(dict.fromkeys(self.problems)), problems=self.problems)

    def _say_missing(self, missing: Sequence[str]) -> str:
        source = self._settings.source
        if self._shelf is None:
            return f"The database has no table named {' or '.join(missing)}. Name tables or queries in [source.tables]."
        names = [file.name for file in self._shelf.files]
        stems = {file.stem: file.name for file in self._shelf.files}
        near = next((hint for hint in (did_you_mean(name, stems) for name in missing) if hint), "")
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "") or "nothing"
        if source.preset:
            wanted = [
                f"{table}: " + ", ".join(group[0] for group in mapping.recognise)
                for table in missing for mapping in self._mappings.get(table, ())[:1] if mapping.recognise
            ]  # fmt: skip
            advice = f"The preset {source.preset} knows them by their columns ({'; '.join(wanted)})."
        else:
            advice = (
                "Name the files as the tables (such as opportunities.csv), or set a preset or [source.mapping]; "
                "`kpilib map FILE` proposes one."
            )
        return f"{source.path} has no file for {' and '.join(missing)}. It has: {shown}.{near} {advice}"
