"""Lays a mapping over a file's header: which column of the file feeds which of ours, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kpilib.contract.tables import TABLES
from kpilib.errors import did_you_mean
from kpilib.sources.mapping import Constant, Field, FirstOf, TableMapping, Take, Template, same_name

__all__ = ["Place", "Plan", "Source", "header_problem", "resolve"]

_SHOWN = 12
_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Place:
    """A column of the file (``join`` None) or of a joined one."""

    join: str | None
    index: int
    name: str

    def __str__(self) -> str:
        return f"{self.join}.{self.name}" if self.join else self.name


@dataclass(frozen=True)
class Source:
    """Where one column of ours comes from in one file: the wanted field, and the places that it needs."""

    wanted: Field
    places: Mapping[str, Place] = field(default_factory=dict)
    parts: tuple[Source, ...] = ()

    def every_place(self) -> Iterator[Place]:
        """All places beneath."""
        yield from self.places.values()
        for part in self.parts:
            yield from part.every_place()

    def leaves(self) -> Iterator[tuple[Take, Place]]:
        """The columns that are taken as they are, with how."""
        if isinstance(self.wanted, Take):
            yield self.wanted, next(iter(self.places.values()))
        for part in self.parts:
            yield from part.leaves()

    def __str__(self) -> str:
        match self.wanted:
            case Take(values=values):
                shown = ", ".join(f"{old or 'blank'} → {new or 'blank'}" for old, new in values[:4])
                more = ", …" if len(values) > 4 else ""
                name = str(next(iter(self.places.values())))
                return f"{name} ({shown}{more})" if values else name
            case Constant(value):
                return f"always {value}"
            case Template(text):
                return f"made as {text}"
            case _:
                return " else ".join(str(part) for part in self.parts)


@dataclass(frozen=True)
class Plan:
    """A mapping laid over one header."""

    mapping: TableMapping
    sources: Mapping[str, Source]
    filters: Mapping[str, Place]
    join_keys: Mapping[str, Place]
    first: Place | None
    unused: tuple[str, ...]

    def columns(self) -> list[int]:
        """The places in the file itself that have to be read."""
        places = [place for source in self.sources.values() for place in source.every_place()]
        places += [*self.filters.values(), *self.join_keys.values(), *([self.first] if self.first else [])]
        return sorted({place.index for place in places if place.join is None})


class _Header:
    """The names of a file and of its joined files, findable whatever their case and spaces."""

    def __init__(self, names: Sequence[str], joined: Mapping[str, Sequence[str]]) -> None:
        self.places: dict[str, list[Place]] = {}
        for index, name in enumerate(names):
            self._add(name, Place(None, index, name))
        for join, others in joined.items():
            for index, name in enumerate(others):
                self._add(f"{join}.{name}", Place(join, index, name))
        self.doubled: list[str] = []

    def _add(self, name: str, place: Place) -> None:
        if name.strip():
            self.places.setdefault(same_name(name), []).append(place)

    def find(self, name: str) -> Place | None:
        found = self.places.get(same_name(name), [])
        if len(found) > 1:
            exact = [place for place in found if str(place) == name.strip()]
            if len(exact) != 1:
                self.doubled.append(name)
            found = exact or found
        return found[0] if found else None


def resolve(
    mapping: TableMapping, names: Sequence[str], joined: Mapping[str, Sequence[str]] | None = None, *, file: str
) -> tuple[Plan, list[str]]:
    """Lay a mapping over a header; return the plan and what is wrong with it.

    ``joined`` holds the headers of the joined files.
    """
    header = _Header(names, joined or {})
    table = TABLES[mapping.table]
    sources, lost = {}, {}
    known = [name for name in names if name.strip()]
    known += [f"{join}.{name}" for join, others in (joined or {}).items() for name in others if name.strip()]
    for column in table.columns:
        wanted = mapping.field(column.name)
        source = None if wanted is None else _source(wanted, header)
        if source is not None:
            sources[column.name] = source
        elif column.required or column.name in mapping.fields:
            named = column.name in mapping.fields
            if column.required or (named and not mapping.recognise):
                lost[column.name] = wanted
    taken = {str(place) for source in sources.values() for place in source.every_place()}
    # A column that is another one of ours already is no good advice: a closing date for the day of creation.
    free = [name for name in known if name not in taken]
    problems = [_missing(mapping, name, wanted, free) for name, wanted in lost.items()]
    wanted_filters = {name: name for name in (*mapping.where, *mapping.where_not)}
    filters, lacking = _find_all(header, wanted_filters)
    if not mapping.recognise:
        problems += [f"no column {name!r}, by which rows are filtered.{did_you_mean(name, names)}" for name in lacking]
    keys, lacking = _find_all(header, {join.name: join.on for join in mapping.joins})
    problems += [f"no column {on!r}, by which a file is joined.{did_you_mean(on, names)}" for on in lacking]
    problems += [f"the column {name!r} occurs more than once; rename one" for name in dict.fromkeys(header.doubled)]
    used = {place.index for source in sources.values() for place in source.every_place() if place.join is None}
    used |= {place.index for place in (*filters.values(), *keys.values()) if place.join is None}
    unused = tuple(name for index, name in enumerate(names) if index not in used and name.strip())
    first = Place(None, 0, names[0]) if mapping.footer and names else None
    if problems:
        shown = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
        advice = f"Name the column in [source.mapping.{table.name}], or add it to the file."
        problems = [*(f"{file}: {problem}" for problem in problems), f"{file} has: {shown or 'nothing'}. {advice}"]
    return Plan(mapping, sources, filters, keys, first, unused), problems


def _find_all(header: _Header, wanted: Mapping[str, str]) -> tuple[dict[str, Place], list[str]]:
    """Return the places of some columns by what they are for, and the names that the header does not have."""
    found = {what: header.find(name) for what, name in wanted.items()}
    places = {what: place for what, place in found.items() if place is not None}
    return places, [name for what, name in wanted.items() if found[what] is None]


def header_problem(names: Sequence[str], file: str, table: str) -> str | None:
    """Return why a first row cannot be the header of one of our tables at all, or None."""
    blank = sum(not name.strip() for name in names)
    if blank * 3 > len(names):
        return (
            f"{file} is not a table of {table}: {blank} of the {len(names)} columns in its first row have no name, as "
            f"in a pivot or a report. Save the rows themselves, with the columns' names in the first row."
        )
    return None


def _source(wanted: Field, header: _Header) -> Source | None:
    match wanted:
        case Take(columns):
            for name in columns:
                place = header.find(name)
                if place is not None:
                    return Source(wanted, {name: place})
            return None
        case Constant():
            return Source(wanted)
        case Template(text):
            places = {name: header.find(name) for name in _HOLE.findall(text) if name != "row"}
            if None in places.values():
                return None
            return Source(wanted, {name: place for name, place in places.items() if place is not None})
        case FirstOf(fields):
            parts = tuple(part for part in (_source(one, header) for one in fields) if part is not None)
            return Source(wanted, parts=parts) if parts else None


def _looked_for(wanted: Field | None) -> list[str]:
    match wanted:
        case Take(columns):
            return list(columns)
        case Template(text):
            return [name for name in _HOLE.findall(text) if name != "row"]
        case FirstOf(fields):
            return [name for one in fields for name in _looked_for(one)]
        case _:
            return []


def _missing(mapping: TableMapping, column: str, wanted: Field | None, free: Sequence[str]) -> str:
    looked = list(dict.fromkeys(_looked_for(wanted)))
    near = next((hint for hint in (did_you_mean(name, free) for name in looked or [column]) if hint), "")
    more = f" and {len(looked) - _SHOWN} more" if len(looked) > _SHOWN else ""
    sought = "" if looked == [column] else f" (looked for: {', '.join(looked[:_SHOWN])}{more})"
    return f"no column for {mapping.table}.{column}{sought}.{near}"
