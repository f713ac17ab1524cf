"""Reads Excel workbooks, row by row.

A formula counts with the value that Excel saved beside it; one that was never calculated stays a text, so that
the contract can refuse it, instead of becoming a blank. Nothing is ever calculated here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any, BinaryIO

import pyarrow as pa

from kpilib.errors import SourceError, did_you_mean
from kpilib.sources.dialect import HEAD_ROWS
from kpilib.sources.files import File, say
from kpilib.sources.reader import BATCH_ROWS, Raw

__all__ = ["ExcelReader", "sheet_names", "to_column"]


@dataclass(frozen=True)
class ExcelReader:
    """One sheet of a workbook; the first one if none is named."""

    source: File
    sheet: str | None = None
    header_row: int | None = None

    @property
    def file(self) -> str:
        """The workbook's name, with the sheet's if it was named."""
        return f"{self.source.name} ({self.sheet})" if self.sheet else self.source.name

    @property
    def described(self) -> str:
        """The sheet and the header's row."""
        header = f", header in row {self.header}" if self.header > 1 else ""
        return f"Excel, sheet {self._sheet_name}{header}"

    @property
    def names(self) -> Sequence[str]:
        """The header."""
        return self.head.get(self.header, [])

    @property
    def header(self) -> int:
        """The header's row: the first that is not empty, unless it was named."""
        return self.header_row or next((row for row in sorted(self.head) if any(self.head[row])), 1)

    @cached_property
    def head(self) -> dict[int, list[str]]:
        """The first rows as text, by number."""
        rows: dict[int, list[str]] = {}
        for number, values in self._rows():
            rows[number] = ["" if value is None else str(value).strip() for value in values]
            if len(rows) >= HEAD_ROWS:
                break
        if not any(any(row) for row in rows.values()):
            raise SourceError(f"{self.file} is empty.", file=self.file)
        width = max(len(row) for row in rows.values())
        while width and not any(len(row) >= width and row[width - 1] for row in rows.values()):
            width -= 1
        return {number: row[:width] + [""] * (width - len(row)) for number, row in rows.items()}

    @cached_property
    def _sheet_name(self) -> str:
        names = sheet_names(self.source)
        if self.sheet is None:
            return names[0]
        found = [name for name in names if name.strip().casefold() == self.sheet.strip().casefold()]
        if not found:
            raise SourceError(
                f"{self.source.name} has no sheet {self.sheet!r}.{did_you_mean(self.sheet, names)} "
                f"It has: {', '.join(names)}.", file=self.source.name,
            )  # fmt: skip
        return found[0]

    def read(self, columns: Sequence[int]) -> Iterator[Raw]:
        """Read the columns at these places."""
        numbers: list[int] = []
        cells: list[list[Any]] = [[] for _ in columns]
        for number, values in self._rows():
            if number <= self.header or all(_is_blank(value) for value in values):
                continue
            numbers.append(number)
            for place, column in zip(columns, cells, strict=True):
                column.append(values[place] if place < len(values) else None)
            if len(numbers) == BATCH_ROWS:
                yield _raw(numbers, columns, cells)
                numbers, cells = [], [[] for _ in columns]
        yield _raw(numbers, columns, cells)

    def _rows(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        import openpyxl

        try:
            name, formulas = self._sheet_name, _has_formulas(self.source)
            with self.source.open() as stream, self.source.open() as again:
                book = openpyxl.load_workbook(_apart(self.source, stream), read_only=True, data_only=True)
                sheet = book[name]
                sheet.reset_dimensions()
                if formulas:
                    written = openpyxl.load_workbook(_apart(self.source, again), read_only=True)[name]
                    written.reset_dimensions()
                    pairs = zip(sheet.iter_rows(values_only=True), written.iter_rows(values_only=True), strict=True)
                    rows: Iterator[tuple[Any, ...]] = (
                        tuple(formula if value is None else value for value, formula in zip(*pair, strict=False))
                        for pair in pairs
                    )
                else:
                    rows = sheet.iter_rows(values_only=True)
                yield from enumerate(rows, 1)
        except SourceError:
            raise
        except GeneratorExit:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged workbook fails in any way
            raise SourceError(f"{self.source.name} cannot be read as an Excel workbook: {say(error)}.") from None


def sheet_names(file: File) -> list[str]:
    """Return the names of a workbook's sheets.

    Raises
    ------
    SourceError
        when it is no workbook, or has no sheet with cells.
    """
    import openpyxl

    try:
        with file.open() as stream:
            book = openpyxl.load_workbook(stream, read_only=True)
            names = [sheet.title for sheet in book.worksheets]
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged workbook fails in any way
        raise SourceError(
            f"{file.name} cannot be read as an Excel workbook: {say(error)}. Save it anew as .xlsx.", file=file.name
        ) from None
    if not names:
        raise SourceError(f"{file.name} has no sheet with cells.", file=file.name)
    return names


def _apart(file: File, stream: BinaryIO) -> BinaryIO:
    """Return a stream of its own: some file systems give the same one for every opening."""
    return stream if file.system is None else io.BytesIO(stream.read())


def _has_formulas(file: File) -> bool:
    """Return whether any sheet holds a formula; looked for in its XML, which is quicker than reading twice."""
    with file.open() as stream, zipfile.ZipFile(stream) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                with archive.open(name) as sheet:
                    rest = b""
                    while block := sheet.read(2**20):
                        if b"<f>" in rest + block or b"<f " in rest + block:
                            return True
                        rest = block[-3:]
    return False


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _raw(numbers: list[int], columns: Sequence[int], cells: list[list[Any]]) -> Raw:
    arrays = {place: to_column(values) for place, values in zip(columns, cells, strict=True)}
    return Raw(pa.array(numbers, pa.int64()), arrays)


def to_column(values: Sequence[Any]) -> pa.Array:
    """Return cells as one native column if they are of one kind, else as text."""
    kinds = {type(value) for value in values if not _is_blank(value)}
    try:
        if kinds and kinds <= {date, datetime}:
            moments = [_moment(value) for value in values]
            return pa.array(moments, pa.timestamp("us"))
        if kinds == {bool}:
            return pa.array([None if _is_blank(value) else value for value in values], pa.bool_())
        if kinds == {int}:
            return pa.array([None if _is_blank(value) else value for value in values], pa.int64())
        if kinds and kinds <= {int, float}:
            return pa.array([None if _is_blank(value) else float(value) for value in values], pa.float64())
        if kinds == {Decimal}:
            return pa.array([None if _is_blank(value) else value for value in values])
    except (pa.ArrowException, OverflowError, ValueError):
        pass
    return pa.array([_text(value) for value in values], pa.string())


def _moment(value: Any) -> datetime | None:
    if _is_blank(value):
        return None
    return value.replace(tzinfo=None) if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001


def _text(value: Any) -> str | None:
    match value:
        case bool():
            text = "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            text = str(int(value))
        case datetime():
            text = value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
        case bytes() | bytearray() | memoryview():
            text = bytes(value).hex()
        case None:
            text = ""
        case _:
            text = str(value).encode("utf-8", "replace").decode("utf-8")
    return text.strip() or None
