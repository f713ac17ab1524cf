"""Columns that become text only while they are written, and the writing of a folder of CSV files.

A table of a million rows is kept as a few arrays of numbers; its text exists for one block of rows at a time.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self, TextIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Amounts", "Column", "Ids", "Labels", "Spoiled", "Table", "TableFiles", "Texts"]

_BLOCK = 100_000


class Column(Protocol):
    """A column that can say what stands in a stretch of its rows."""

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the rows' texts; blank is the empty text."""


class Labels:
    """A text per row out of a few: codes into a list of labels; a code below 0 is blank."""

    def __init__(self, codes: NDArray[np.integer], labels: Sequence[str]) -> None:
        self._codes = codes
        # The blank stands last, where a code of -1 finds it.
        self._labels = np.array([*labels, ""], dtype=object)

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the labels of the rows' codes."""
        found: list[str] = self._labels[np.maximum(self._codes[start:stop], -1)].tolist()
        return found


@dataclass(frozen=True)
class Ids:
    """A prefix and a number of fixed width; a number below 0 is blank."""

    prefix: str
    numbers: NDArray[np.int64]
    width: int = 6

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the rows' ids."""
        prefix, width = self.prefix, self.width
        return [f"{prefix}{number:0{width}d}" if number >= 0 else "" for number in self.numbers[start:stop].tolist()]


@dataclass(frozen=True)
class Amounts:
    """Amounts in minor units with each row's number of digits, 2 or 0; below 0 is blank."""

    minor: NDArray[np.int64]
    digits: NDArray[np.integer]

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the rows' amounts in major units."""
        rows = zip(self.minor[start:stop].tolist(), self.digits[start:stop].tolist(), strict=True)
        return [
            "" if minor < 0 else f"{minor // 100}.{minor % 100:02d}" if digits else str(minor) for minor, digits in rows
        ]


@dataclass(frozen=True)
class Texts:
    """A text per row, as it is."""

    values: Sequence[str]

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the rows' texts."""
        return list(self.values[start:stop])


@dataclass(frozen=True)
class Spoiled:
    """What is wrong at a row on purpose: its changed cells, and rows put behind it."""

    cells: Mapping[str, str] = field(default_factory=dict)
    behind: Sequence[Mapping[str, str]] = ()

    @property
    def dirty(self) -> int:
        """How many rows of the file are dirty."""
        return len(self.behind) + bool(self.cells)


@dataclass
class Table:
    """A table's columns, its number of good rows, and what is wrong on purpose: at which rows, of which kind."""

    columns: Mapping[str, Column]
    rows: int
    spoiled: dict[int, Spoiled] = field(default_factory=dict)
    planted: dict[str, int] = field(default_factory=dict)

    @property
    def written(self) -> int:
        """How many rows the file has."""
        return self.rows + sum(len(spoiled.behind) for spoiled in self.spoiled.values())

    def row(self, place: int) -> dict[str, str]:
        """Return one good row."""
        return {name: column.texts(place, place + 1)[0] for name, column in self.columns.items()}

    def lines(self) -> Iterator[Sequence[str]]:
        """Yield the rows as they are written, dirt included."""
        names = list(self.columns)
        for start in range(0, self.rows, _BLOCK):
            stop = min(start + _BLOCK, self.rows)
            texts = [column.texts(start, stop) for column in self.columns.values()]
            for place, line in enumerate(zip(*texts, strict=True), start):
                spoiled = self.spoiled.get(place)
                if spoiled is None:
                    yield line
                    continue
                yield [spoiled.cells.get(name, text) for name, text in zip(names, line, strict=True)]
                for row in spoiled.behind:
                    yield [row[name] for name in names]


class TableFiles:
    """CSV files that grow aside, table by table, and replace a folder's files only when all are whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = tempfile.TemporaryDirectory(prefix=".sample-", dir=self._folder)
        self._aside = Path(self._stack.enter_context(aside))
        return self

    def append(self, name: str, table: Table) -> None:
        """Write the table's rows behind those that are there already."""
        first = name not in self._files
        if first:
            file = (self._aside / f"{name}.csv").open("w", encoding="utf-8", newline="")
            self._files[name] = self._stack.enter_context(file)
        writer = csv.writer(self._files[name], lineterminator="\n")
        if first:
            writer.writerow(table.columns)
        writer.writerows(table.lines())

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if kind is None:
                for name, file in self._files.items():
                    file.close()
                    (self._aside / f"{name}.csv").replace(self._folder / f"{name}.csv")
