"""Reads CSV and its kin as text, in pieces of bounded size."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from kpilib.errors import SourceError
from kpilib.sources.batch import Broken
from kpilib.sources.dialect import Dialect
from kpilib.sources.encoding import detect_encoding
from kpilib.sources.files import File, say
from kpilib.sources.reader import BATCH_ROWS, Raw
from kpilib.sources.records import Piece, cut_records

__all__ = ["DelimitedReader"]

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DelimitedReader:
    """A text file with a header and a separator between its fields.

    ``dialect`` was judged by the file's start; unless its encoding was ``given``, the whole file is looked at
    before it is read.
    """

    source: File
    dialect: Dialect
    given: bool = False

    @property
    def file(self) -> str:
        """The file's name."""
        return self.source.name

    @property
    def described(self) -> str:
        """The dialect in words."""
        return str(replace(self.dialect, encoding=self.encoding))

    @cached_property
    def encoding(self) -> str:
        """The encoding, certain."""
        if self.given:
            return self.dialect.encoding
        with self.source.open() as stream:
            return detect_encoding(stream, self.file)

    @property
    def names(self) -> Sequence[str]:
        """The header."""
        return self.dialect.names

    def read(self, columns: Sequence[int]) -> Iterator[Raw]:
        """Read the columns at these places.

        Raises
        ------
        SourceError
            when the file cannot be read to its end (a damaged archive, a lost connection).
        """
        dialect, encoding = self.dialect, self.encoding
        try:
            with self.source.open() as stream:
                for piece in cut_records(stream, encoding, dialect.separator, skip=dialect.header_row):
                    yield from self._parse(piece, columns)
        except (OSError, EOFError) as error:
            if isinstance(error, SourceError):
                raise
            raise SourceError(f"{self.file} cannot be read to its end: {say(error)}.", file=self.file) from None

    def _parse(self, piece: Piece, columns: Sequence[int]) -> Iterator[Raw]:
        width = len(self.names)
        invalid: list[Any] = []

        def note(row: Any) -> str:
            invalid.append(row)
            return "skip"

        labels = [str(place) for place in range(width)]
        if piece.data:
            table = arrow_csv.read_csv(
                io.BytesIO(piece.data),
                read_options=arrow_csv.ReadOptions(
                    use_threads=False, column_names=labels, block_size=len(piece.data) + 1
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.dialect.separator, newlines_in_values=True, ignore_empty_lines=False,
                    invalid_row_handler=note,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(labels, pa.string()), null_values=[""], strings_can_be_null=True,
                    include_columns=[str(place) for place in columns] or labels[:1], check_utf8=False,
                ),
            )  # fmt: skip
        else:
            table = pa.table({label: pa.array([], pa.string()) for label in labels})
        if table.num_rows + len(invalid) != len(piece.rows):
            # Never seen; a row that neither counts would be lost without a word.
            raise SourceError(
                f"{self.file} cannot be read: {len(piece.rows)} records were counted from row {piece.rows[0]} on, and "
                f"{table.num_rows + len(invalid)} were parsed. Save it as CSV anew.", file=self.file,
            )
        broken, rows = list(piece.broken), piece.rows
        if invalid:
            places = np.array([row.number - 1 for row in invalid])
            broken += [_fault(row, int(number)) for row, number in zip(invalid, rows[places], strict=True)]
            rows = np.delete(rows, places)
            broken.sort()
        arrays = {place: _trim(table[str(place)]) for place in columns}
        blank = _blank_rows(piece, rows, list(arrays.values()), self.dialect.separator)
        if len(blank):
            rows = np.delete(rows, blank)
            keep = np.setdiff1d(np.arange(len(rows) + len(blank)), blank)
            arrays = {place: array.take(pa.array(keep)) for place, array in arrays.items()}
        for start in range(0, max(len(rows), 1), BATCH_ROWS):
            part = slice(start, start + BATCH_ROWS)
            yield Raw(
                pa.array(rows[part]),
                {place: array[part] for place, array in arrays.items()},
                broken if start == 0 else (),
            )


def _trim(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.string())
    array = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def _fault(row: Any, number: int) -> Broken:
    few = row.actual_columns < row.expected_columns
    return Broken(number, row.text[:200], "too_few_fields" if few else "too_many_fields")


def _blank_rows(piece: Piece, rows: _Ints, arrays: Sequence[pa.Array], separator: str) -> _Ints:
    """Return the places of rows that hold nothing at all: empty lines, and lines of separators."""
    empty = np.ones(len(rows), dtype=bool)
    for array in arrays:
        empty &= np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    places = np.flatnonzero(empty)
    records = np.searchsorted(piece.rows, rows[places])
    starts = np.where(records > 0, piece.ends[records - 1], 0)
    nothing = (separator + '" \t\n').encode()
    blank = [
        not piece.data[start:end].strip(nothing)
        for start, end in zip(starts.tolist(), piece.ends[records].tolist(), strict=True)
    ]
    return places[np.array(blank, dtype=bool)] if blank else places[:0]
