"""What every file reader gives: the names in its header, and its rows as text or native columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from kpilib.sources.batch import Broken

__all__ = ["BATCH_ROWS", "Raw", "Reader"]

BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Raw:
    """Some rows as they stand in a file: the columns asked for, each row's number, and the lines that are none.

    Rows in which every asked column is blank are given too; ``blank`` rows are left out by the reader.
    """

    rows: pa.Array
    columns: Mapping[int, pa.Array]
    broken: Sequence[Broken] = field(default_factory=tuple)


class Reader(Protocol):
    """A file, or a query's result, that can be read more than once."""

    @property
    def file(self) -> str:
        """The file's name as a user knows it."""

    @property
    def described(self) -> str:
        """How the file is written, in words."""

    @property
    def names(self) -> Sequence[str]:
        """The columns' names as the file has them, in order."""

    def read(self, columns: Sequence[int]) -> Iterator[Raw]:
        """Read the columns at these places, at most ``BATCH_ROWS`` rows at a time."""
