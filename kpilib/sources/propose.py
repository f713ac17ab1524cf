"""Proposes a mapping for a file: the preset that fits, else names and values; for a person to read and complete."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import pyarrow.compute as pc

from kpilib.contract.tables import TABLES, Table
from kpilib.contract.values import read_text
from kpilib.errors import SourceError
from kpilib.settings import Source
from kpilib.sources.files import File
from kpilib.sources.finding import Shelf, open_reader
from kpilib.sources.formats import DateEvidence, NumberEvidence
from kpilib.sources.mapping import FirstOf, TableMapping, Take, same_name
from kpilib.sources.presets import load_preset, preset_names
from kpilib.sources.reader import Reader
from kpilib.sources.resolve import header_problem
from kpilib.sources.rules import read_mapping

__all__ = ["propose_mapping"]

_SAMPLE_VALUES = 2_000
_SHOWN_VALUES = 25
_OUTCOMES = (("*lost*", "lost"), ("*won*", "won"), ("*", "open"))
# What else people call them; the presets' names are known too.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "opportunity_id": ("opportunity", "deal id", "deal", "opportunity number", "quote id"),
    "lead_id": ("lead", "lead number", "mql id"),
    "partner_id": ("partner", "reseller", "distributor", "dealer", "agent", "sales agent", "channel partner", "var"),
    "created_on": ("created", "created at", "creation date", "open date", "opened", "start date", "engage date",
                   "first contact date"),
    "closed_on": ("closed", "closed at", "close date", "closing date", "won date", "end date"),
    "outcome": ("status", "deal status", "result", "won lost", "state", "deal stage", "stage"),
    "stage": ("deal stage", "sales stage", "phase", "pipeline stage"),
    "amount": ("value", "deal value", "close value", "revenue", "price", "total", "amount usd", "actual cost", "cost"),
    "currency": ("currency code", "iso currency"),
    "rep": ("sales rep", "salesperson", "owner", "seller", "account manager"),
    "region": ("territory", "area", "regional office", "country"),
    "product": ("product name", "item", "sku"),
    "channel": ("source", "lead source", "origin", "medium"),
    "lost_reason": ("loss reason", "reason", "reason lost"),
    "lost_to": ("competitor", "lost to competitor"),
    "modified_on": ("modified", "modified at", "updated at", "last modified"),
    "name": ("partner name", "company", "company name", "account name"),
    "contact_email": ("email", "e-mail", "mail"),
}  # fmt: skip


_FILES: Mapping[str, tuple[str, ...]] = {
    "opportunities": ("opportunit", "deal", "pipeline", "potential"),
    "partners": ("partner", "reseller", "team"),
    "stage_history": ("history",),
    "leads": ("lead", "contact", "prospect"),
    "spend": ("spend", "campaign", "budget"),
}


@dataclass(frozen=True)
class _Fit:
    """How well a preset's mapping of one table fits the file."""

    table: str
    lacking: Sequence[str]
    sources: Mapping[str, str]


@dataclass(frozen=True)
class _Column:
    """A column of the file: its name, and some of its values."""

    name: str
    values: Sequence[str]


def propose_mapping(path: Path) -> tuple[str, str]:
    """Return settings that read a file, as TOML, and why they are so, in words.

    What could not be found stands in the settings as a comment, to be completed.

    Raises
    ------
    SourceError
        when the file cannot be read as a table.
    """
    if not path.is_file():
        raise SourceError(f"There is no file {path}.", file=str(path))
    file = File(path.name, str(path.absolute()))
    reader = open_reader(file, Source())
    shapeless = header_problem(reader.names, path.name, "rows")
    if shapeless:
        raise SourceError(shapeless, file=path.name)
    by_preset = _by_preset(path, file)
    if by_preset is not None:
        return by_preset
    columns = _columns(reader)
    table = _guess_table(path, columns)
    return _by_names(path, table, columns)


def _by_preset(path: Path, file: File) -> tuple[str, str] | None:
    """Return the settings with the preset that knows the file by its columns, if one does."""
    best: tuple[int, str, list[_Fit]] | None = None
    for name in preset_names():
        shelf = Shelf(path.parent.absolute(), Source(path=path.name), [file], single=True)
        found: list[_Fit] = []
        for mappings in _mappings(name).values():
            for mapping in mappings:
                if list(shelf.recognised(mapping)):
                    laid = shelf.lay(mapping, file)
                    lacking = [
                        column.name for column in TABLES[mapping.table].columns
                        if column.required and column.name not in laid.plan.sources
                    ]  # fmt: skip
                    sources = {column: str(source) for column, source in laid.plan.sources.items()}
                    found.append(_Fit(mapping.table, lacking, sources))
        points = sum(len(fit.sources) - 10 * len(fit.lacking) for fit in found)
        if found and (best is None or points > best[0]):
            best = (points, name, found)
    if best is None:
        return None
    _, name, found = best
    lines = ["[source]", f"path = {_quote(str(path))}", f'preset = "{name}"']
    why = [f"{path.name} has the columns of the preset {name} ({', '.join(fit.table for fit in found)})."]
    for fit in found:
        why += [f"  {fit.table}.{column} from {source}" for column, source in fit.sources.items()]
        if fit.lacking:
            lines += ["", f"[source.mapping.{fit.table}]"]
            lines += [f'# {column} = "…"   # needed: the preset found no column for it' for column in fit.lacking]
            why += [f"  {fit.table}.{column}: no column found; name one, or add it" for column in fit.lacking]
    return "\n".join(lines) + "\n", "\n".join(why)


def _columns(reader: Reader) -> list[_Column]:
    places = [place for place, name in enumerate(reader.names) if name.strip()]
    values: dict[int, dict[str, None]] = {place: {} for place in places}
    for raw in islice(reader.read(places), 1):
        for place in places:
            texts = read_text(pc.unique(raw.columns[place])).to_pylist()
            values[place] = dict.fromkeys(text for text in texts[:_SAMPLE_VALUES] if text is not None)
    return [_Column(reader.names[place], list(values[place])) for place in places]


@cache
def _mappings(preset: str) -> Mapping[str, tuple[TableMapping, ...]]:
    return read_mapping(load_preset(preset)["mapping"])


@cache
def _names_of(table: str, column: str) -> Sequence[str]:
    """Return what a column of ours is called: by us, elsewhere, and in the presets."""
    names = [column, *_WORDS.get(column, ())]
    for preset in preset_names():
        for mapping in _mappings(preset).get(table, ()):
            names += _candidates(mapping.fields.get(column))
    return names


def _candidates(field: object) -> Iterable[str]:
    match field:
        case Take(columns):
            yield from columns
        case FirstOf(fields):
            for one in fields:
                yield from _candidates(one)
        case _:
            return


def _matches(table: Table, columns: Sequence[_Column]) -> dict[str, _Column]:
    """Return for each of our columns the file's that is called so; each is used once, but for the outcome's."""
    known = {same_name(column.name): column for column in columns}
    found: dict[str, _Column] = {}
    used: set[str] = set()
    for ours in sorted(table.columns, key=lambda column: not column.required):
        for name in _names_of(table.name, ours.name):
            column = known.get(same_name(name))
            if column is None or not _is_like(column, ours.kind):
                continue
            if column.name in used and ours.name not in ("stage", "name"):
                continue
            if ours.name == "outcome" and not _has_outcomes(column):
                continue
            found[ours.name] = column
            used.add(column.name)
            break
    return found


def _is_like(column: _Column, kind: str) -> bool:
    """Return whether a column's values can be of a kind; an empty one can."""
    if not column.values or kind not in ("date", "decimal", "number"):
        return True
    if kind == "date":
        seen = DateEvidence()
        seen.look(column.values)
        return seen.shapes["none"] * 2 < len(column.values)
    digits = sum(any(sign.isdigit() for sign in value) for value in column.values)
    return digits * 2 > len(column.values)


def _has_outcomes(column: _Column) -> bool:
    return any("won" in value.lower() or "lost" in value.lower() for value in column.values)


def _guess_table(path: Path, columns: Sequence[_Column]) -> Table:
    """Return the table whose columns most are there, what the file is called counting for it."""

    def score(table: Table) -> tuple[float, int]:
        found = _matches(table, columns)
        needed = [column.name for column in table.columns if column.required]
        share = sum(name in found for name in needed) / len(needed)
        called = any(word in same_name(path.stem) for word in _FILES.get(table.name, (table.name,)))
        return share + called / 2, len(found)

    return max(TABLES.values(), key=score)


def _by_names(path: Path, table: Table, columns: Sequence[_Column]) -> tuple[str, str]:
    found = _matches(table, columns)
    lines = ["[source]", f"path = {_quote(str(path.parent))}", "", f"[source.mapping.{table.name}]"]
    lines.append(f"file = {_quote(path.name)}")
    why = [f"{path.name} looks like the table {table.name}: no preset knows its columns, so they were found by name."]
    if table.name == "partners" and "partner_id" in found:
        found.setdefault("name", found["partner_id"])
    for ours in table.columns:
        column = found.get(ours.name)
        if column is None:
            if ours.required:
                lines.append(f'# {ours.name} = "…"   # needed: which column?')
                why.append(f"  {ours.name}: no column found. Candidates: {_suggest(columns, found)}")
            continue
        lines += _line(ours.name, ours.kind, column, why)
    if table.name == "opportunities":
        lines += _partners(path, found)
    unused = [column.name for column in columns if column not in found.values()]
    if unused:
        why.append(f"  not used: {', '.join(unused)}")
    return "\n".join(lines) + "\n", "\n".join(why)


def _line(ours: str, kind: str, column: _Column, why: list[str]) -> list[str]:
    if ours == "outcome" and {value.lower() for value in column.values} != {"open", "won", "lost"}:
        pairs = [(value, _outcome(value)) for value in column.values[:_SHOWN_VALUES]]
        why.append(f"  outcome from {column.name}, its values judged by their words; check each")
        values = ", ".join(f"{_quote(old)} = {_quote(new)}" for old, new in pairs)
        return [f"outcome = {{ column = {_quote(column.name)}, values = {{ {values} }} }}"]
    note = _doubt(kind, column)
    why.append(f"  {ours} from {column.name}" + (f" ({note})" if note else ""))
    return [f"{ours} = {_quote(column.name)}" + (f"   # {note}" if note else "")]


def _outcome(value: str) -> str:
    return next(new for pattern, new in _OUTCOMES if fnmatch.fnmatchcase(value.lower(), pattern))


def _doubt(kind: str, column: _Column) -> str:
    if kind == "date":
        dates = DateEvidence()
        dates.look(column.values)
        if dates.undecided:
            return "day or month first? set date_format in [source]"
        pattern = dates.pattern(dates.order)
        return f"dates as {pattern}" if pattern else ""
    if kind == "decimal":
        numbers = NumberEvidence()
        numbers.look(column.values)
        return "decimal comma" if numbers.mark == "," else ""
    return ""


def _partners(path: Path, found: Mapping[str, _Column]) -> list[str]:
    """Return the rules that make the partners from the opportunities: one row for each that occurs."""
    column = found.get("partner_id")
    name = _quote(column.name) if column else '"…"'
    mark = "" if column else "# "
    return [
        "",
        "# The partners are those that occur; a file of their own (partners.csv) would have names and addresses.",
        "[source.mapping.partners]",
        f"file = {_quote(path.name)}",
        'once_per = "partner_id"',
        f"{mark}partner_id = {name}",
        f"{mark}name = {name}",
    ]


def _suggest(columns: Sequence[_Column], found: Mapping[str, _Column]) -> str:
    free = [column.name for column in columns if column not in found.values()]
    return ", ".join(free[:12]) or "none"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
