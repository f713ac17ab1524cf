"""One batch of raw rows → typed rows, and what is wrong with them by themselves.

Every row of the batch ends in exactly one of two places: the typed rows, or the problems as rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kpilib.contract.reasons import REASONS
from kpilib.contract.schemas import find_violations
from kpilib.contract.signs import read_signs
from kpilib.contract.tables import TABLES, Column, Table
from kpilib.contract.values import Parsed, arrow_type, read_dates, read_decimals, read_each, read_text
from kpilib.language import languages
from kpilib.sources.batch import Batch, Format

__all__ = ["PROBLEMS", "Judged", "judge_batch", "typed_schema"]

PROBLEMS = pa.schema(
    [
        ("seq", pa.int64()),
        ("rank", pa.int32()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("column_name", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("action", pa.string()),
        ("owner", pa.string()),
    ]
)
"""One problem of one row. ``seq`` counts a table's rows, ``rank`` a row's problems; ``owner`` is the row's
partner (of stage_history: its opportunity) as it stands there."""

_LONGEST_VALUE = 500


@dataclass(frozen=True)
class Judged:
    """A batch after its own rules: how many rows it had, those that go on, and the problems found."""

    read: int
    rows: pa.Table
    problems: pa.Table


def typed_schema(table: Table) -> pa.Schema:
    """Return the columns of the rows that go on: those to be stored, and where each row comes from.

    ``_moment`` is the time of the last change (or of the change; of spend, the month as it was read), ``_sign`` the
    currency's sign beside the amount.
    """
    stored = [(column.name, arrow_type(column)) for column in table.stored]
    return pa.schema(
        [
            *stored,
            ("_moment", pa.timestamp("us")),
            ("_sign", pa.string()),
            ("_seq", pa.int64()),
            ("_row", pa.int64()),
            ("_file", pa.string()),
        ]
    )


@dataclass
class _Work:
    """The columns of one batch while they are read, and the problems that turn up."""

    table: Table
    batch: Batch
    first: int
    columns: dict[str, pa.Array] = field(default_factory=dict)
    problems: list[pa.Table] = field(default_factory=list)
    unread: dict[str, pa.Array] = field(default_factory=dict)
    rejected: np.ndarray = field(init=False)
    seen: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rejected = np.zeros(self.batch.data.num_rows, dtype=bool)

    def raw(self, name: str) -> pa.Array:
        if name not in self.batch.data.column_names:
            return pa.nulls(self.batch.data.num_rows, pa.string())
        column = self.batch.data[name]
        return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column

    def note(self, column: str, reason: str, places: np.ndarray) -> None:
        """Note a problem of some rows; a cell that is already rejected is not rejected again."""
        told = self.seen.setdefault(column, np.zeros(len(self.rejected), dtype=bool))
        at = places[~told[places]]
        if not len(at):
            return
        action = REASONS[reason].action
        if action == "rejected":
            told[at] = True
            self.rejected[at] = True
        owner = "opportunity_id" if self.table.name == "stage_history" else "partner_id"
        self.problems.append(
            pa.table(
                [
                    pa.array(at + self.first),
                    pa.array(np.full(len(at), len(self.problems)), pa.int32()),
                    pa.repeat(self.batch.file, len(at)),
                    self.batch.rows.take(pa.array(at)),
                    pa.repeat(column, len(at)),
                    pc.utf8_slice_codeunits(read_text(self.raw(column).take(pa.array(at))), 0, _LONGEST_VALUE),
                    pa.repeat(reason, len(at)),
                    pa.repeat(action, len(at)),
                    read_text(self.raw(owner).take(pa.array(at))),
                ],
                schema=PROBLEMS,
            )
        )


def judge_batch(batch: Batch, first: int) -> Judged:
    """Return what becomes of a batch's rows by the rules that need no other row; ``first`` is its first row's seq."""
    table = TABLES[batch.table]
    work = _Work(table, batch, first)
    for column in table.columns:
        _read_column(work, column)
    for repair in _REPAIRS.get(table.name, ()):
        repair(work)
    _note_unread(work)
    rows = pa.table({column.name: work.columns[column.name] for column in table.columns})
    for name, reason, places in find_violations(table, rows):
        work.note(name, reason, np.array(places))
    count = batch.data.num_rows
    whole = {**work.columns, "_seq": pa.array(np.arange(first, first + count)), "_row": batch.rows}
    whole["_file"] = pa.repeat(batch.file, count)
    schema = typed_schema(table)
    typed = pa.table([whole.get(one.name, pa.nulls(count, one.type)) for one in schema], schema=schema)
    if work.rejected.any():
        typed = typed.filter(pa.array(~work.rejected))
    broken = _broken(batch, first + count)
    return Judged(count + broken.num_rows, typed, pa.concat_tables([*work.problems, broken]))


def _broken(batch: Batch, first: int) -> pa.Table:
    """Return the lines that are no rows as problems."""
    count = len(batch.broken)
    return pa.table(
        [
            pa.array(range(first, first + count), pa.int64()),
            pa.array([0] * count, pa.int32()),
            pa.array([batch.file] * count, pa.string()),
            pa.array([line.row for line in batch.broken], pa.int64()),
            pa.nulls(count, pa.string()),
            pa.array([line.text[:_LONGEST_VALUE] for line in batch.broken], pa.string()),
            pa.array([line.reason for line in batch.broken], pa.string()),
            pa.array(["rejected"] * count, pa.string()),
            pa.nulls(count, pa.string()),
        ],
        schema=PROBLEMS,
    )


def _read_column(work: _Work, column: Column) -> None:
    """Read one column into its kind, in the one spelling that is stored."""
    raw = work.raw(column.name)
    how = work.batch.formats.get(column.name, Format())
    if column.kind == "date":
        parsed = read_dates(raw, how.date)
        if column.name in _MOMENTS:
            work.columns["_moment"] = parsed.values
        parsed = Parsed(pc.cast(parsed.values, pa.date32(), safe=False), parsed.reasons)
    elif column.kind == "decimal":
        parsed = read_decimals(raw, column, how.decimal)
        if parsed.respelt is not None:
            _note_respelt(work, column, parsed)
            if column.name == "amount":
                work.columns["_sign"] = read_signs(read_text(raw))
    elif column.kind == "text":
        parsed = Parsed(_spell(column, read_text(raw)))
    else:
        parsed = read_each(raw, column.kind)
    work.columns[column.name] = parsed.values
    if parsed.reasons is not None:
        work.unread[column.name] = parsed.reasons


def _note_respelt(work: _Work, column: Column, parsed: Parsed) -> None:
    """Note numbers that are written unlike the others; where most are written so, it is how the column writes them."""
    places = _places(parsed.respelt)
    if 2 * len(places) <= len(parsed.values) - parsed.values.null_count:
        work.note(column.name, "amount_as_written", places)


_MOMENTS = ("modified_on", "changed_on", "month")


def _spell(column: Column, text: pa.Array) -> pa.Array:
    """Return words that are the same in any case in the case of the contract."""
    if column.choices or column.name == "metric":
        return pc.utf8_lower(text)
    if column.name == "currency":
        return pc.utf8_upper(text)
    if column.name == "locale":
        return pc.replace_substring_regex(pc.utf8_lower(text), r"[-_].*$", "")
    return text


def _note_unread(work: _Work) -> None:
    for column, reasons in work.unread.items():
        for reason in sorted(pc.unique(reasons.drop_null()).to_pylist()):
            work.note(column, reason, _places(pc.equal(reasons, reason)))


def _part_expected(work: _Work) -> None:
    """Keep the closed_on of open opportunities apart: a hope cannot be wrong, and closes nothing."""
    is_open = pc.fill_null(pc.equal(work.columns["outcome"], "open"), fill_value=False)
    reasons = work.unread.pop("closed_on", None)
    if reasons is not None:
        work.note("closed_on", "expected_on_unreadable", _places(pc.and_(is_open, pc.is_valid(reasons))))
        work.unread["closed_on"] = pc.if_else(is_open, None, reasons)
    closed_on = work.columns["closed_on"]
    work.columns["expected_on"] = pc.if_else(is_open, closed_on, None)
    work.columns["closed_on"] = pc.if_else(is_open, None, closed_on)


def _start_months(work: _Work) -> None:
    month = work.columns["month"]
    start = pc.cast(pc.floor_temporal(month, unit="month"), pa.date32())
    work.note("month", "month_not_first_day", _places(pc.not_equal(month, start)))
    work.columns["month"] = start


def _drop_unknown(column: str, reason: str, known: Callable[[], Iterable[str]]) -> Callable[[_Work], None]:
    def drop(work: _Work) -> None:
        words = work.columns[column]
        unknown = pc.and_(pc.is_valid(words), pc.invert(pc.is_in(words, pa.array(sorted(known()), pa.string()))))
        work.note(column, reason, _places(unknown))
        work.columns[column] = pc.if_else(unknown, None, words)

    return drop


def _default(column: str, value: object) -> Callable[[_Work], None]:
    def fill(work: _Work) -> None:
        work.columns[column] = pc.fill_null(work.columns[column], value)

    return fill


def _places(mask: pa.Array) -> np.ndarray:
    return np.flatnonzero(pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False))


_REPAIRS: dict[str, tuple[Callable[[_Work], None], ...]] = {
    "partners": (_drop_unknown("locale", "unknown_locale", languages), _default("active", value=True)),
    "opportunities": (_part_expected,),
    "leads": (_drop_unknown("segment", "unknown_segment", lambda: TABLES["leads"].column("segment").choices),),
    "spend": (_start_months,),
    "actions": (_default("status", "open"),),
}
"""What is put right, or set where blank, in a table's rows, in this order."""
