"""Our tables as a source has them: each one's files, laid under its mapping, read as batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from kpilib.contract.tables import TABLES
from kpilib.contract.values import read_text
from kpilib.errors import SourceError
from kpilib.sources.adding import add_up
from kpilib.sources.apply import Cells, fits, make_column
from kpilib.sources.batch import Batch, Broken, Format, SourceFile
from kpilib.sources.detect import Written, written_columns
from kpilib.sources.lookups import Lookups
from kpilib.sources.reader import Raw, Reader
from kpilib.sources.resolve import Place, Plan

__all__ = ["Part", "TableSource"]


@dataclass(frozen=True)
class Part:
    """One file of a table, with the plan by which its columns become ours."""

    plan: Plan
    reader: Reader
    written: Written
    lookups: Lookups | None = None
    files: Sequence[SourceFile] = ()

    @property
    def identity(self) -> str:
        """The file's name, and the mapping that is laid over it."""
        mapping = self.plan.mapping
        return f"{self.reader.file} {replace(mapping, without=frozenset())} {sorted(mapping.without)}"

    @cached_property
    def _formats(self) -> tuple[dict[Place, Format], list[str]]:
        joined = {}
        if self.lookups is not None:
            places = {place for source in self.plan.sources.values() for place in source.every_place() if place.join}
            joined = {place: self.lookups.all_values(place) for place in places}
        return written_columns(self.plan, self.reader, joined, self.written)

    def formats(self) -> Mapping[Place, Format]:
        """How the dates and numbers of this file are written.

        Raises
        ------
        SourceError
            when that cannot be told for a column; all such columns are named.
        """
        formats, problems = self._formats
        if problems:
            raise SourceError("\n".join(problems), file=self.reader.file)
        return formats

    def batches(self, seen: set[str]) -> Iterator[Batch]:
        """Read the file; ``seen`` holds the keys of rows already given, where each is given once."""
        formats = self.formats()
        batches = (self._batch(raw, formats, seen) for raw in self.reader.read(self.plan.columns()))
        if self.plan.mapping.add_up:
            yield from add_up(list(batches), self.plan.mapping.add_up)
        else:
            yield from batches

    def _batch(self, raw: Raw, formats: Mapping[Place, Format], seen: set[str]) -> Batch:
        plan, table = self.plan, TABLES[self.plan.mapping.table]
        columns = {place: self._column(place, raw) for place in self._places}
        cells = Cells(raw.rows, columns, formats)
        made: dict[str, pa.Array] = {}
        written: dict[str, Format] = {}
        for name, source in plan.sources.items():
            made[name], how = make_column(source, table.column(name), cells)
            if how is not None:
                written[name] = how
        data, rows = pa.table(made), raw.rows
        left_out: Counter[str] = Counter()
        keep = self._kept(raw, columns, left_out)
        if keep is not None:
            data, rows = data.filter(keep), rows.filter(keep)
        broken = [line for line in raw.broken if not self._is_footer(line, left_out)]
        if plan.mapping.once_per:
            data, rows = _once(data, rows, plan.mapping.once_per, seen, left_out)
        return Batch(table.name, self.reader.file, rows, data, written, broken, dict(left_out))

    @cached_property
    def _places(self) -> set[Place]:
        plan = self.plan
        places = {place for source in plan.sources.values() for place in source.every_place()}
        return places | set(plan.filters.values()) | ({plan.first} if plan.first else set())

    def _column(self, place: Place, raw: Raw) -> pa.Array:
        if place.join is None:
            return raw.columns[place.index]
        assert self.lookups is not None
        return self.lookups.find(place.join, raw.columns[self.plan.join_keys[place.join].index], place.index)

    def _kept(self, raw: Raw, columns: Mapping[Place, pa.Array], left_out: Counter[str]) -> pa.Array | None:
        """Return which rows the filters keep; None: all."""
        plan, keep = self.plan, None
        for wanted, patterns_of, word in ((True, plan.mapping.where, "is"), (False, plan.mapping.where_not, "is not")):
            for name, patterns in patterns_of.items():
                if name not in plan.filters:
                    continue
                fit = pc.equal(fits(columns[plan.filters[name]], patterns), wanted)
                before = len(raw.rows) if keep is None else pc.sum(keep).as_py() or 0
                keep = fit if keep is None else pc.and_(keep, fit)
                gone = before - (pc.sum(keep).as_py() or 0)
                left_out[f"where {name} {word} {' or '.join(patterns)}"] += gone
        if plan.first is not None and len(raw.rows):
            # A line of totals has its word in the first column, and nothing that says whose row it is.
            footer = fits(columns[plan.first], plan.mapping.footer)
            for place, array in columns.items():
                if place != plan.first and place.join is None and place.index in self._telling:
                    footer = pc.and_(footer, pc.is_null(array))
            gone = pc.sum(footer).as_py() or 0
            if gone:
                left_out["footer"] += gone
                keep = pc.invert(footer) if keep is None else pc.and_(keep, pc.invert(footer))
        left_out -= Counter()
        return keep

    @cached_property
    def _telling(self) -> set[int]:
        table = TABLES[self.plan.mapping.table]
        return {
            place.index
            for name, source in self.plan.sources.items()
            for place in source.every_place()
            if table.column(name).kind not in ("decimal", "number")
        }

    def _is_footer(self, line: Broken, left_out: Counter[str]) -> bool:
        patterns = self.plan.mapping.footer
        if not patterns or line.reason != "too_few_fields":
            return False
        word = pa.array([line.text.strip().strip('"')])
        if not fits(word, patterns)[0].as_py():
            return False
        left_out["footer"] += 1
        return True

    def explain(self) -> dict[str, str]:
        """Return where each of our columns comes from, in words."""
        formats = self.formats()
        words = {}
        for name, source in self.plan.sources.items():
            how = [_say_format(formats[place]) for _, place in source.leaves() if place in formats]
            note = ", ".join(dict.fromkeys(word for word in how if word))
            words[name] = f"{source}" + (f" [{note}]" if note else "")
        return words


@dataclass(frozen=True)
class TableSource:
    """One of our tables: where its columns come from, and its rows."""

    table: str
    parts: Sequence[Part]

    @property
    def columns(self) -> Mapping[str, str]:
        """For each column of ours where it comes from, in words."""
        words: dict[str, dict[str, None]] = {}
        for part in self.parts:
            for name, word in part.explain().items():
                words.setdefault(name, {})[word] = None
        order = [name for name in TABLES[self.table].names if name in words]
        return {name: "; ".join(words[name]) for name in order}

    @property
    def described(self) -> Mapping[str, str]:
        """For each file how it is written, in words."""
        return {part.reader.file: part.reader.described for part in self.parts}

    @property
    def unused(self) -> Mapping[str, Sequence[str]]:
        """For each file the columns that nothing is taken from."""
        return {part.reader.file: part.plan.unused for part in self.parts}

    @property
    def names(self) -> Sequence[str]:
        """The columns of ours that the files have; none of them is read for that."""
        known = {name for part in self.parts for name in part.plan.sources}
        return [name for name in TABLES[self.table].names if name in known]

    @property
    def files(self) -> Sequence[SourceFile]:
        """What the rows are read from, joined files too."""
        return [file for part in self.parts for file in part.files]

    @property
    def identity(self) -> str:
        """What tells this table, or piece of one, from others, beside the content of its files."""
        return "\n".join(part.identity for part in self.parts)

    def pieces(self) -> Sequence[TableSource]:
        """Return the parts that can be read without the others: the files, unless a row may stand in another too."""
        if any(part.plan.mapping.once_per for part in self.parts):
            return [self]
        return [TableSource(self.table, [part]) for part in self.parts]

    def batches(self) -> Iterator[Batch]:
        """Read all rows, file by file, at most 100,000 at a time.

        Raises
        ------
        SourceError
            when a file cannot be read.
        """
        seen: set[str] = set()
        for part in self.parts:
            yield from part.batches(seen)


def _once(
    data: pa.Table, rows: pa.Array, key: str, seen: set[str], left_out: Counter[str]
) -> tuple[pa.Table, pa.Array]:
    keep = []
    for value in read_text(data[key].combine_chunks()).to_pylist():
        # A row without the key names nobody: the row that it was made from is rejected in its own table.
        keep.append(value is not None and value not in seen)
        seen.add(value)
    gone = keep.count(False)
    if gone:
        left_out[f"one row per {key}"] += gone
    mask = pa.array(keep, pa.bool_())
    return data.filter(mask), rows.filter(mask)


def _say_format(written: Format) -> str:
    if written.date:
        return "a spreadsheet's day numbers" if written.date == "serial" else written.date
    return "decimal comma" if written.decimal == "," else ""
