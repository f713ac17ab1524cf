"""Reads JSON lines (an object per line), and a JSON file that is one list of objects.

Numbers stay the text that they are, so that an amount is exact. An object in an object gives columns with a
point between the names: ``{"account": {"name": "Acme"}}`` has the column ``account.name``.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import pyarrow as pa

from kpilib.errors import SourceError
from kpilib.sources.batch import Broken
from kpilib.sources.encoding import detect_encoding
from kpilib.sources.files import File, say
from kpilib.sources.reader import BATCH_ROWS, Raw
from kpilib.sources.records import cut_lines

__all__ = ["JsonReader"]

_DEEP = 5
_Row = dict[str, str | None]


@dataclass(frozen=True)
class JsonReader:
    """A file of JSON objects.

    ``sample``: look at so many for the columns' names, and refuse a later one with another; None: look at all.
    """

    source: File
    sample: int | None = None

    @property
    def file(self) -> str:
        """The file's name."""
        return self.source.name

    @property
    def described(self) -> str:
        """The format."""
        return "one JSON list" if self._is_list else "JSON lines"

    @cached_property
    def _is_list(self) -> bool:
        with self.source.open() as stream:
            return stream.read(1000).lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"[")

    @cached_property
    def names(self) -> Sequence[str]:
        """The names that occur, in the order of their first occurrence."""
        names: dict[str, None] = {}
        for _, row in islice(self._objects(), self.sample):
            if isinstance(row, dict):
                names.update(dict.fromkeys(row))
        if not names:
            raise SourceError(
                f"{self.file} holds no JSON object. Expected is an object per line, such as "
                f'{{"opportunity_id": "1", "amount": 100}}.', file=self.file,
            )  # fmt: skip
        return list(names)

    def read(self, columns: Sequence[int]) -> Iterator[Raw]:
        """Read the columns at these places."""
        wanted = [(place, self.names[place]) for place in columns]
        rows: list[int] = []
        cells: dict[int, list[str | None]] = {place: [] for place in columns}
        broken: list[Broken] = []
        known = set(self.names)
        for number, row in self._objects():
            if isinstance(row, Broken):
                broken.append(row)
            elif not known.issuperset(row):
                late = next(name for name in row if name not in known)
                raise SourceError(
                    f"{self.file}: row {number} is the first with {late!r}. A file of this size must name all columns "
                    f"in its first {self.sample} rows; write {late!r} there too, as null.", file=self.file,
                )  # fmt: skip
            elif any(value is not None for value in row.values()):
                rows.append(number)
                for place, name in wanted:
                    cells[place].append(row.get(name))
            if len(rows) + len(broken) >= BATCH_ROWS:
                yield _raw(rows, cells, broken)
                rows, broken, cells = [], [], {place: [] for place in columns}
        yield _raw(rows, cells, broken)

    def _objects(self) -> Iterator[tuple[int, _Row | Broken]]:
        try:
            with self.source.open() as stream:
                encoding = detect_encoding(stream, self.file, limit=2**20)
            if self._is_list:
                yield from self._listed(encoding)
                return
            with self.source.open() as stream:
                for number, line, fault in cut_lines(stream, encoding):
                    if fault:
                        yield number, Broken(number, line[:200], fault)
                    elif line.strip():
                        yield number, _row(number, line)
        except (OSError, EOFError) as error:
            if isinstance(error, SourceError):
                raise
            raise SourceError(f"{self.file} cannot be read to its end: {say(error)}.", file=self.file) from None

    def _listed(self, encoding: str) -> Iterator[tuple[int, _Row | Broken]]:
        with self.source.open() as stream:
            whole = stream.read()
        try:
            values = _loads(whole.decode(encoding))
        except (ValueError, RecursionError) as error:
            raise SourceError(
                f"{self.file} is not JSON: {say(error)}. A damaged list cannot be read in part; JSON lines could.",
                file=self.file,
            ) from None
        for number, value in enumerate(values, 1):
            if isinstance(value, dict):
                yield number, _flat(value)
            else:
                yield number, Broken(number, json.dumps(value)[:200], "not_json")


def _loads(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _row(number: int, line: str) -> _Row | Broken:
    try:
        value = _loads(line)
    except (ValueError, RecursionError):
        return Broken(number, line[:200], "not_json")
    return _flat(value) if isinstance(value, dict) else Broken(number, line[:200], "not_json")


def _flat(value: dict[str, Any], before: str = "", depth: int = 1) -> _Row:
    row: _Row = {}
    for name, inner in value.items():
        name = _sound(before + name)  # noqa: PLW2901
        if isinstance(inner, dict) and depth < _DEEP:
            row.update(_flat(inner, name + ".", depth + 1))
        elif isinstance(inner, bool):
            row[name] = "true" if inner else "false"
        elif inner is None or isinstance(inner, str):
            row[name] = (_sound(inner).strip() or None) if inner else None
        else:
            row[name] = _sound(json.dumps(inner, ensure_ascii=False))
    return row


def _sound(text: str) -> str:
    """Return a text without lone surrogates, which JSON can name and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _raw(rows: list[int], cells: dict[int, list[str | None]], broken: list[Broken]) -> Raw:
    columns = {place: pa.array(values, pa.string()) for place, values in cells.items()}
    return Raw(pa.array(rows, pa.int64()), columns, broken)
