"""What a source hands to the contract: batches of raw rows under our column names.

A batch judges nothing. Text is trimmed, and a blank is null; dates and numbers stay as the file spells them,
with the format in which their column is written beside them. What cannot be read is the contract's to reject.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import pyarrow as pa

__all__ = ["Batch", "Broken", "Format", "SourceFile"]


@dataclass(frozen=True)
class Format:
    """How the text of a date or decimal column is written: as a strptime pattern (None: ISO), and the decimal mark.

    A pattern without a time is that of the day; a time of day may follow it.
    """

    date: str | None = None
    decimal: Literal[".", ","] = "."


class Broken(NamedTuple):
    """A line that is no row: counted as read and rejected.

    ``reason`` is one of ``too_many_fields``, ``too_few_fields``, ``broken_quote``, ``too_long``, ``nul_byte``,
    ``undecodable``, ``not_json``. ``text`` is its beginning.
    """

    row: int
    text: str
    reason: str


@dataclass(frozen=True)
class Batch:
    """Rows of one table from one file, at most 100,000 of them.

    Attributes
    ----------
    table
        our table.
    file
        what a user recognises: the path relative to the workspace, an address, or a database's table.
    rows
        int64, each row's number as a user counts: the header of a CSV or Excel file is row 1; Parquet and SQL
        rows count from 1.
    data
        our columns only, those that the source has: text (``pa.string()``), or a native date, timestamp,
        decimal, float, int or bool.
    formats
        for each date or decimal column of text.
    broken
        lines that are no rows.
    left_out
        rows that the mapping leaves out on purpose, by why; neither accepted nor rejected.
    """

    table: str
    file: str
    rows: pa.Array
    data: pa.Table
    formats: Mapping[str, Format] = field(default_factory=dict)
    broken: Sequence[Broken] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceFile:
    """One file behind the tables, or one query: what tells whether it changed since the last time.

    ``path`` is local where ``kind`` is ``file``; an address otherwise. ``ctime_ns`` is when the system saw the last
    change, which no tool sets back. A database has neither size nor time: it is always read again.
    """

    path: str
    kind: Literal["file", "address", "sql"] = "file"
    size: int | None = None
    mtime_ns: int | None = None
    etag: str | None = None
    ctime_ns: int | None = None
