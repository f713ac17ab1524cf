"""Makes our columns from a file's, a batch at a time, along a plan."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kpilib.contract.tables import Column, Kind
from kpilib.contract.values import read_dates, read_decimals, read_text
from kpilib.sources.batch import Format
from kpilib.sources.mapping import Constant, Take, Template
from kpilib.sources.resolve import Place, Source

__all__ = ["Cells", "fits", "make_column", "translate"]

SERIAL = "serial"


@dataclass(frozen=True)
class Cells:
    """The columns that some rows have, by place; how their text is written; and the rows' numbers."""

    rows: pa.Array
    columns: Mapping[Place, pa.Array]
    formats: Mapping[Place, Format]


def make_column(source: Source, column: Column, cells: Cells) -> tuple[pa.Array, Format | None]:
    """Return one column of ours, and how it is written if it is a date or decimal in text."""
    parts = list(_parts(source, column.kind, cells))
    if len(parts) == 1:
        array, written = parts[0]
    elif len({(str(array.type), written) for array, written in parts}) == 1:
        array, written = pc.coalesce(*(array for array, _ in parts)), parts[0][1]
    else:
        array, written = pc.coalesce(*(_plain(array, written, column) for array, written in parts)), Format()
    dialect = column.kind in ("date", "decimal") and pa.types.is_string(array.type)
    return array, (written or Format()) if dialect else None


def _parts(source: Source, kind: Kind, cells: Cells) -> list[tuple[pa.Array, Format | None]]:
    match source.wanted:
        case Take(values=values):
            place = next(iter(source.places.values()))
            array = cells.columns[place]
            if values:
                return [(translate(read_text(array), values), cells.formats.get(place, Format()))]
            return [_native(array, kind, cells.formats.get(place))]
        case Constant(value):
            return [(pa.array([value] * len(cells.rows), pa.string()), Format())]
        case Template(text):
            return [(_fill(text, source.places, cells), Format())]
        case _:
            return [made for part in source.parts for made in _parts(part, kind, cells)]


def _native(array: pa.Array, kind: Kind, written: Format | None) -> tuple[pa.Array, Format | None]:
    """Return a column in a type that the contract reads for its kind."""
    of = array.type
    number = pa.types.is_integer(of) or pa.types.is_floating(of)
    keep = {
        "date": pa.types.is_temporal(of) or number,
        "decimal": number or pa.types.is_decimal(of),
        "number": number,
        "flag": pa.types.is_boolean(of),
    }.get(kind, False)
    if keep:
        return array, None
    text = read_text(array)
    if written is not None and written.date == SERIAL:
        return _from_serial(text), Format()
    return text, written or Format()


def _from_serial(text: pa.Array) -> pa.Array:
    """Return a spreadsheet's day numbers as ISO text, and the rest as it is."""
    number = pc.match_substring_regex(text, r"^\d{5}(\.\d+)?$")
    moments = read_dates(pc.cast(pc.if_else(number, text, pa.scalar(None, pa.string())), pa.float64())).values
    return pc.coalesce(_iso(moments), text)


def _iso(moments: pa.Array) -> pa.Array:
    return pc.strftime(pc.cast(moments, pa.timestamp("s"), safe=False), "%Y-%m-%d %H:%M:%S")


def _plain(array: pa.Array, written: Format | None, column: Column) -> pa.Array:
    """Return a column as text in one plain spelling; what cannot be read stays as it is."""
    written = written or Format()
    if column.kind == "date":
        return pc.coalesce(_iso(read_dates(array, written.date).values), read_text(array))
    if column.kind == "decimal":
        values = read_decimals(array, column, written.decimal).values
        spelt = pc.replace_substring_regex(pc.cast(values, pa.string()), r"\.?0+$", "")
        return pc.coalesce(pc.if_else(pc.equal(values, 0), "0", spelt), read_text(array))
    return read_text(array)


def _fill(text: str, places: Mapping[str, Place], cells: Cells) -> pa.Array:
    """Return a template's texts; one with a blank in it is blank."""
    made = []
    for part in re.split(r"(\{[^{}]*\})", text):
        if part == "{row}":
            made.append(pc.cast(cells.rows, pa.string()))
        elif part.startswith("{"):
            made.append(read_text(cells.columns[places[part[1:-1]]]))
        elif part:
            made.append(pa.array([part] * len(cells.rows), pa.string()))
    return pc.binary_join_element_wise(*made, "") if made else pa.nulls(len(cells.rows), pa.string())


def translate(text: pa.Array, values: tuple[tuple[str, str], ...]) -> pa.Array:
    """Return texts with each that fits a pattern replaced; the pattern ``""`` stands for blanks."""
    patterns = [(old.strip().casefold(), new or None) for old, new in values]

    def become(word: str) -> str | None:
        low = word.strip().casefold()
        return next((new for old, new in patterns if fnmatch.fnmatchcase(low, old) and old), word)

    blank = next((new for old, new in patterns if not old), None)
    coded = text.dictionary_encode()
    made = pa.array([become(word) for word in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)
    return pc.if_else(pc.is_null(text), pa.scalar(blank, pa.string()), made)


def fits(text: pa.Array, patterns: tuple[str, ...]) -> pa.Array:
    """Return for each value whether it fits one of the patterns; a blank fits the pattern ``""`` alone."""
    lowered = [pattern.strip().casefold() for pattern in patterns]
    coded = read_text(text).dictionary_encode()
    known = [
        any(fnmatch.fnmatchcase(word.casefold(), pattern) for pattern in lowered if pattern)
        for word in coded.dictionary.to_pylist()
    ]
    return pc.fill_null(pa.array(known, pa.bool_()).take(coded.indices), "" in lowered)
