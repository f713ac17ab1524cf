"""Reads Parquet files, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from kpilib.errors import SourceError
from kpilib.sources.files import File, say
from kpilib.sources.reader import BATCH_ROWS, Raw

__all__ = ["ParquetReader", "plain_column"]


@dataclass(frozen=True)
class ParquetReader:
    """A Parquet file: its types are taken as they are."""

    source: File

    @property
    def file(self) -> str:
        """The file's name."""
        return self.source.name

    @property
    def described(self) -> str:
        """The format."""
        return "Parquet"

    @cached_property
    def names(self) -> Sequence[str]:
        """The columns' names."""
        try:
            with self.source.open() as stream:
                return list(parquet.ParquetFile(stream).schema_arrow.names)
        except Exception as error:  # noqa: BLE001 - a damaged file fails in any way
            raise self._damaged(error) from None

    def read(self, columns: Sequence[int]) -> Iterator[Raw]:
        """Read the columns at these places."""
        number = 1
        try:
            with self.source.open() as stream:
                file = parquet.ParquetFile(stream)
                names = [self.names[place] for place in columns]
                for batch in file.iter_batches(BATCH_ROWS, columns=names or None):
                    rows = pa.array(range(number, number + batch.num_rows), pa.int64())
                    number += batch.num_rows
                    yield Raw(rows, {place: plain_column(batch.column(self.names[place])) for place in columns})
        except SourceError:
            raise
        except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: BaseException) -> SourceError:
        if isinstance(error, SourceError):
            return error
        return SourceError(f"{self.file} cannot be read as Parquet: {say(error)}.", file=self.file)


def plain_column(array: pa.Array) -> pa.Array:
    """Return a column in a type that the contract reads: text trimmed, blanks null; nested values as text."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain_column(array.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        text = pc.utf8_trim_whitespace(pc.cast(array, pa.string()))
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    native = (
        pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    )  # fmt: skip
    if native:
        return array
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    texts = [None if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
             for value in array.to_pylist()]  # fmt: skip
    return pa.array(texts, pa.string())
