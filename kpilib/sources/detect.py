"""Looks through a file's date and number columns for how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from kpilib.contract.tables import TABLES, Kind
from kpilib.sources.batch import Format
from kpilib.sources.formats import DateEvidence, NumberEvidence
from kpilib.sources.mapping import Take
from kpilib.sources.reader import Reader
from kpilib.sources.resolve import Place, Plan

__all__ = ["Written", "written_columns"]

_FIRST = 2  # batches; more are read only while a column is undecided


@dataclass(frozen=True)
class Written:
    """What the settings say of how dates and numbers are written; None: to be found out."""

    date: str | None = None
    decimal: str | None = None
    semicolon: bool = False


def written_columns(
    plan: Plan, reader: Reader, joined: Mapping[Place, pa.Array], settings: Written
) -> tuple[dict[Place, Format], list[str]]:
    """Return how each date and decimal column of text is written, and which ones cannot be told."""
    dates: dict[Place, DateEvidence] = {}
    numbers: dict[Place, NumberEvidence] = {}
    formats: dict[Place, Format] = {}
    ours: dict[Place, str] = {}
    for name, kind, take, place in _leaves(plan):
        ours.setdefault(place, name)
        decimal = take.decimal or settings.decimal
        if kind == "date" and take.date:
            formats[place] = Format(date=take.date)
        elif kind == "date":
            dates.setdefault(place, DateEvidence())
        elif decimal:
            formats[place] = Format(decimal="," if decimal == "," else ".")
        else:
            numbers.setdefault(place, NumberEvidence())
    evidence: dict[Place, DateEvidence | NumberEvidence] = {**dates, **numbers}
    for place, array in joined.items():
        if place in evidence:
            evidence[place].look(_texts(array))
    _look(reader, evidence)
    problems = []
    for place, seen in dates.items():
        pattern, problem = _date_pattern(place, seen, dates.values(), settings, f"{plan.mapping.table}] {ours[place]}")
        formats[place] = Format(date=pattern)
        problems += [problem] if problem else []
    for place, amount in numbers.items():
        mark, problem = _mark(place, amount, numbers.values(), settings, f"{plan.mapping.table}] {ours[place]}")
        formats[place] = Format(decimal="," if mark == "," else ".")
        problems += [problem] if problem else []
    return formats, [f"{reader.file}: {problem}" for problem in problems]


def _leaves(plan: Plan) -> Iterator[tuple[str, Kind, Take, Place]]:
    """Give the columns of the file that feed our dates and decimals: our name, its kind, how, and where."""
    for name, source in plan.sources.items():
        kind = TABLES[plan.mapping.table].column(name).kind
        if kind in ("date", "decimal"):
            for take, place in source.leaves():
                yield name, kind, take, place


def _look(reader: Reader, evidence: Mapping[Place, DateEvidence | NumberEvidence]) -> None:
    places = {place.index: seen for place, seen in evidence.items() if place.join is None}
    if not places:
        return
    for raw in islice(reader.read(list(places)), _FIRST):
        for index, seen in places.items():
            seen.look(_texts(raw.columns[index]))
    undecided = {index: seen for index, seen in places.items() if seen.undecided}
    if undecided:
        for raw in islice(reader.read(list(undecided)), _FIRST, None):
            for index, seen in undecided.items():
                seen.look(_texts(raw.columns[index]))
            if not any(seen.undecided for seen in undecided.values()):
                return


def _texts(array: pa.Array) -> list[str]:
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return []
    return [value for value in pc.unique(array).to_pylist() if value is not None]


def _date_pattern(
    place: Place, seen: DateEvidence, others: Iterable[DateEvidence], settings: Written, key: str
) -> tuple[str | None, str | None]:
    shape, order = seen.shape, seen.order
    if settings.date and shape not in ("iso", "serial"):
        return settings.date, None
    if not shape.startswith("pair"):
        return seen.pattern(order), None
    if order == "either":
        found = {other.order for other in others if other.shape[:5] == shape[:5]} - {"either"}
        if not seen.either or shape.startswith("pair."):
            order = "day"
        elif len(found) == 1:
            order = found.pop()
    sign = shape[4]
    year = shape[5:]
    choice = f'"%d{sign}%m{sign}{year}" (day first) or "%m{sign}%d{sign}{year}" (month first)'
    where = (
        f"Set [source] date_format = {choice}, or for this column alone "
        f"[source.mapping.{key} = {{ column = {_toml(place.name)}, date = … }}."
    )
    if order == "either":
        example = min(seen.either)
        return None, (
            f"the dates in column {str(place)!r} can be read with the day first or with the month first "
            f"(such as {example}), and no other date in the file tells which. {where}"
        )
    if order == "mixed":
        return None, (
            f"the dates in column {str(place)!r} are written in two ways: {min(seen.day_first)} has the day first, "
            f"{min(seen.month_first)} the month. {where}"
        )
    return seen.pattern(order), None


def _mark(
    place: Place, seen: NumberEvidence, others: Iterable[NumberEvidence], settings: Written, key: str
) -> tuple[str, str | None]:
    if seen.mark:
        return seen.mark, None
    maybe = seen.maybe_point or seen.maybe_comma
    if not maybe:
        return ".", None
    marks = {other.mark for other in others if other.mark}
    if len(marks) == 1:
        return str(marks.pop()), None
    if not settings.semicolon and not (seen.maybe_point and seen.maybe_comma):
        return ".", None
    return ".", (
        f"the numbers in column {str(place)!r} can be read with a decimal point or a decimal comma (such as {maybe}). "
        f'Set [source] decimal = "." or ",", or for this column alone '
        f"[source.mapping.{key} = {{ column = {_toml(place.name)}, decimal = … }}."
    )


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
