"""Which files feed which table: by the files' names, by the mapping, or by the columns that a preset knows."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kpilib.errors import SourceError
from kpilib.settings import Source
from kpilib.sources.delimited import DelimitedReader
from kpilib.sources.dialect import sniff
from kpilib.sources.excel import ExcelReader, sheet_names
from kpilib.sources.files import READABLE, File, find_files
from kpilib.sources.jsonlines import JsonReader
from kpilib.sources.lookups import Lookups
from kpilib.sources.mapping import TableMapping, same_name
from kpilib.sources.parquet import ParquetReader
from kpilib.sources.reader import Reader
from kpilib.sources.resolve import Plan, header_problem, resolve

__all__ = ["Laid", "Shelf", "open_reader"]

_HEAD = 2**18
_WHOLE_JSON = 2**26
_JSON_SAMPLE = 100_000


@dataclass(frozen=True)
class Laid:
    """A mapping laid over one file, with what is wrong with it."""

    plan: Plan
    reader: Reader
    lookups: Lookups | None
    problems: Sequence[str]
    files: Sequence[File]


def open_reader(file: File, source: Source, *, sheet: str | None = None, header: int | None = None) -> Reader:
    """Return the reader that fits a file's ending.

    Raises
    ------
    SourceError
        when none does, or the file is not what its ending says.
    """
    match file.kind:
        case "delimited":
            dialect = sniff(
                file, encoding=source.encoding, separator=source.separator, header=header, limit=_HEAD
            )
            return DelimitedReader(file, dialect, given=source.encoding is not None)
        case "excel":
            return ExcelReader(file, sheet, header)
        case "parquet":
            return ParquetReader(file)
        case "json":
            size = file.stat().size
            return JsonReader(file, None if size is not None and size <= _WHOLE_JSON else _JSON_SAMPLE)
        case _:
            raise SourceError(
                f"{file.name} cannot be read: its ending is not one of {', '.join(READABLE)}. "
                f"Save it as CSV, .xlsx or Parquet.", file=file.name,
            )  # fmt: skip


@dataclass
class Shelf:
    """The files at the source's address, and their readers, each opened once."""

    root: Path
    source: Source
    files: Sequence[File]
    single: bool
    _readers: dict[tuple[str, str | None, int | None], Reader] = field(default_factory=dict)

    def reader(self, file: File, mapping: TableMapping) -> Reader:
        """Return a file's reader, with the sheet and the header's row that the mapping names."""
        sheet = mapping.sheet
        if sheet is None and file.kind == "excel":
            sheet = next((name for name in sheet_names(file) if same_name(name) == same_name(mapping.table)), None)
        key = (file.path, sheet, mapping.header)
        if key not in self._readers:
            self._readers[key] = open_reader(file, self.source, sheet=sheet, header=mapping.header)
        return self._readers[key]

    def named(self, table: str) -> list[File]:
        """Return the files named as a table: ``leads.csv``, ``leads-2026.csv``, all in the folder ``leads``.

        A workbook is also named by its sheets.
        """
        pattern = re.compile(rf"{table}(?:[-_. ]?\d[\w.-]*)?", re.IGNORECASE)
        found = [
            file for file in self.files
            if file.kind and (pattern.fullmatch(file.stem) or (file.folder.lower() == table and self._is_below(file)))
        ]  # fmt: skip
        if not found:
            found = [file for file in self.files if file.kind == "excel" and _has_sheet(file, table)]
        kinds = {file.suffix for file in found}
        if len(kinds) > 1 and len({file.stem.lower() for file in found}) < len(found):
            raise SourceError(
                f"{table} is there more than once: {', '.join(file.name for file in found)}. Keep one of them.",
                table=table,
            )
        return found

    def _is_below(self, file: File) -> bool:
        """Return whether a file lies in a folder of the source's folder."""
        place = self.source.path or "."
        base = place.split("://", 1)[-1] if "://" in place else (self.root / place).as_posix()
        return not file.path.replace("\\", "/").rpartition("/")[0].strip("/").endswith(base.strip("/"))

    def matching(self, patterns: Sequence[str], place: str) -> list[File]:
        """Return the files that a mapping's ``file`` names, relative to the source's folder.

        Raises
        ------
        SourceError
            when a pattern names none.
        """
        found: dict[str, File] = {}
        for pattern in patterns:
            hits = [file for file in self.files if _is_named(file, pattern)]
            if not hits:
                base = self.source.path or "."
                spot = pattern if "://" in pattern or Path(pattern).is_absolute() else f"{base.rstrip('/')}/{pattern}"
                try:
                    hits = find_files(self.root, pattern if self.single and not _is_pattern(pattern) else spot)
                except SourceError:
                    names = [file.name for file in self.files]
                    raise SourceError(
                        f"{place} file {pattern!r}: there is no such file at {base!r}. It has: "
                        f"{', '.join(names[:20]) or 'none'}.", file=pattern,
                    ) from None  # fmt: skip
            found.update({file.path: file for file in hits})
        return list(found.values())

    def lay(self, mapping: TableMapping, file: File) -> Laid:
        """Lay a mapping over a file, in whose first rows the header is looked for."""
        reader = self.reader(file, mapping)
        lookups, joined = self._lookups(mapping)
        headers = lookups.headers() if lookups else {}
        plan, problems = resolve(mapping, reader.names, headers, file=reader.file)
        if problems and mapping.header is None:
            for other in _other_headers(reader):
                better, left = resolve(mapping, other.names, headers, file=other.file)
                if not left:
                    return Laid(better, other, lookups, [], [file, *joined])
        shape = header_problem(reader.names, reader.file, mapping.table) if problems else None
        return Laid(plan, reader, lookups, [shape] if shape else problems, [file, *joined])

    def recognised(self, mapping: TableMapping) -> Iterator[File]:
        """Give the files whose header has the columns by which a preset knows them."""
        for file in self.files:
            if file.kind is None:
                continue
            reader = self.reader(file, mapping)
            names = [reader.names, *(other.names for other in _other_headers(reader))]
            if any(_has_columns(header, mapping) for header in names):
                yield file

    def _lookups(self, mapping: TableMapping) -> tuple[Lookups | None, list[File]]:
        if not mapping.joins:
            return None, []
        files = {}
        for join in mapping.joins:
            found = self.matching([join.file], f"[source.mapping.{mapping.table}] join.{join.name}")
            if len(found) > 1:
                raise SourceError(
                    f"[source.mapping.{mapping.table}] join.{join.name} file {join.file!r} names {len(found)} files. "
                    f"Name one.", file=join.file,
                )  # fmt: skip
            files[join.name] = found[0]
        readers = {name: open_reader(file, self.source) for name, file in files.items()}
        lookups = Lookups({join.name: join for join in mapping.joins}, readers)
        for join in mapping.joins:
            lookups.key_place(join)
        return lookups, list(files.values())


def _has_sheet(file: File, table: str) -> bool:
    try:
        return any(same_name(name) == same_name(table) for name in sheet_names(file))
    except SourceError:
        # A damaged workbook is reported when it is the one to read.
        return False


def _has_columns(names: Sequence[str], mapping: TableMapping) -> bool:
    known = {same_name(name) for name in names}
    return all(any(same_name(name) in known for name in group) for group in mapping.recognise)


def _other_headers(reader: Reader) -> Iterator[Reader]:
    """Give the same reader with the header in each other of its first rows."""
    if isinstance(reader, DelimitedReader):
        for row in reader.dialect.head:
            if row > reader.dialect.header_row:
                yield replace(reader, dialect=reader.dialect.with_header(row))
    elif isinstance(reader, ExcelReader):
        for row in reader.head:
            if row > reader.header:
                yield replace(reader, header_row=row)


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _is_named(file: File, pattern: str) -> bool:
    path = file.path.replace("\\", "/").lower()
    wanted = pattern.lower().lstrip("/")
    return fnmatch.fnmatchcase(path, f"*/{wanted}") or path == wanted
