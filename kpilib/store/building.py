# ruff: noqa: S608 - the names in these queries are the contract's own
"""Builds a store: reads all sources, judges every row, writes the accepted ones and the report.

Batches are judged one by one and written aside; what needs other rows is done in DuckDB over these files with
a fixed amount of memory, whatever the number of rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kpilib.contract.across import ORDER, accepted_rows, judge_across, warn_after_export
from kpilib.contract.reading import PROBLEMS, judge_batch, typed_schema
from kpilib.contract.report import CheckReport, TableReport
from kpilib.contract.signs import settle_signs
from kpilib.contract.tables import TABLES, Table
from kpilib.contract.values import arrow_type, read_text
from kpilib.errors import ContractError
from kpilib.store.rejects import remove_notes, write_notes

if TYPE_CHECKING:
    from kpilib.settings import Settings
    from kpilib.sources.batch import Batch

__all__ = ["RowSource", "RowSources", "build_store"]

_MEMORY = "900MiB"
_GROUP = 20_480
_SHOWN = 3
_LOOKED_AT = 2_000  # rows of a batch
_LONGEST_SHOWN = 60  # letters


class RowSource(Protocol):
    """One table of a source."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Our columns that the source has, and where each comes from."""

    @property
    def described(self) -> Mapping[str, str]:
        """For each file how it is written."""

    @property
    def unused(self) -> Mapping[str, Sequence[str]]:
        """For each file the columns that nothing is taken from."""

    def batches(self) -> Iterator[Batch]:
        """Read the rows."""


class RowSources(Protocol):
    """All tables of a source: those that it has."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """Each table's name and its `RowSource`."""


@dataclass
class _Staged:
    """What reading a table gave, before rows were held against each other."""

    read: int = 0
    files: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def show(self, batch: Batch) -> None:
        """Keep some different values of each column, as the source has them."""
        for name in batch.data.column_names:
            shown = self.examples.setdefault(name, [])
            if len(shown) < _SHOWN:
                values = pc.unique(read_text(batch.data[name].slice(0, _LOOKED_AT).combine_chunks())).to_pylist()
                new = (value[:_LONGEST_SHOWN] for value in values if value is not None)
                shown += [value for value in dict.fromkeys(new) if value not in shown][: _SHOWN - len(shown)]


def build_store(settings: Settings, sources: RowSources, folder: Path, *, aside: Path, notes: Path) -> None:
    """Write the accepted rows of all tables, their index, the quality counts and ``about.json`` into a folder.

    Parameters
    ----------
    folder
        an empty folder for the store; ``aside`` another one for what is only needed meanwhile.
    notes
        the folder of the files that name each rejected (``rejects/``) and each other noted row (``notes/``).

    Raises
    ------
    ContractError
        when a required table or column is missing.
    """
    _require(settings, sources)
    staged = {name: _stage(name, sources.tables.get(name), aside) for name in ORDER}
    config: dict[str, Any] = {
        "memory_limit": _MEMORY,
        "temp_directory": str(aside / "spill"),
        "preserve_insertion_order": "false",
    }
    with duckdb.connect(config=config) as connection:
        for name in ORDER:
            if staged[name].read:
                _accept(connection, TABLES[name], settings.money.currency, folder=folder, aside=aside)
            else:
                _accept_nothing(connection, TABLES[name], folder)
        exported_on = settings.source.exported_on or _latest(connection, ("created_on",)) or date(1970, 1, 1)
        filled = [name for name in ORDER if staged[name].read]
        for name in filled:
            warn_after_export(connection, TABLES[name], exported_on)
        quality = _count_quality(connection, filled, folder)
        for name in filled:
            if "currency_from_sign" in quality.get(name, {}).get("repaired", {}):
                staged[name].present.add("currency")
        _write_index(connection, folder)
        remove_notes(ORDER, notes)
        for name in filled:
            write_notes(connection, name, notes)
        reports = {
            name: _report(connection, name, staged[name], sources.tables[name], quality)
            for name in ORDER
            if name in sources.tables
        }
        latest = _latest(connection, ("created_on", "closed_on"))
    if settings.source.exported_on is not None and latest is not None:
        latest = min(latest, settings.source.exported_on)
    present = {name: [one for one in TABLES[name].names if one in staged[name].present] for name in reports}
    absent = [name for name in ORDER if name not in reports]
    absent += [f"{name}.{one}" for name in reports for one in TABLES[name].names if one not in present[name]]
    report = CheckReport(reports, tuple(sorted(absent)), exported_on.isoformat())
    about = {
        "latest": None if latest is None else latest.isoformat(),
        "present": present,
        "report": report.to_json(),
    }
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")


def _require(settings: Settings, sources: RowSources) -> None:
    place = settings.source.path or "the database"
    problems = []
    for table in TABLES.values():
        source = sources.tables.get(table.name)
        if source is None:
            if table.required:
                found = ", ".join(sorted(sources.tables)) or "none"
                problems.append(f"  {place} has no table {table.name}. Tables found: {found}")
            continue
        lacking = [one.name for one in table.columns if one.required and one.name not in source.columns]
        if lacking:
            found = ", ".join(source.columns) or "none"
            problems.append(f"  {table.name} has no column {', '.join(lacking)}. Columns found: {found}")
    if problems:
        raise ContractError("\n".join(["The source lacks what kpilib needs:", *problems]), problems=problems)


def _stage(name: str, source: RowSource | None, aside: Path) -> _Staged:
    """Read a table's batches, judge each by itself, and write typed rows and problems aside."""
    table = TABLES[name]
    staged = _Staged(present=set(source.columns) if source is not None else set())
    if source is None:
        return staged
    schema = typed_schema(table)
    files: dict[str, None] = {}
    with (
        pq.ParquetWriter(aside / f"staged_{name}.parquet", schema, compression="lz4") as rows,
        pq.ParquetWriter(aside / f"problems_{name}.parquet", PROBLEMS, compression="lz4") as problems,
    ):
        for batch in source.batches():
            judged = judge_batch(batch, staged.read)
            staged.show(batch)
            staged.read += judged.read
            files[batch.file] = None
            staged.present.update(batch.data.column_names)
            for why, count in batch.left_out.items():
                staged.left_out[why] = staged.left_out.get(why, 0) + count
            rows.write_table(judged.rows)
            if judged.problems.num_rows:
                problems.write_table(judged.problems)
    staged.files = list(files)
    pa.default_memory_pool().release_unused()
    return staged


def _accept(connection: duckdb.DuckDBPyConnection, table: Table, currency: str, *, folder: Path, aside: Path) -> None:
    """Judge a table's rows against each other and the tables before, and write the accepted ones."""
    name = table.name
    rows = f"read_parquet({_text(aside / f'staged_{name}.parquet')})"
    signed = "currency" in table.names and name != "fx"
    rows = settle_signs(connection, rows, currency) if signed else f"FROM {rows}"
    connection.execute(f"CREATE VIEW staged_{name} AS {rows}")
    connection.execute(
        f"CREATE TEMP TABLE problems_{name} AS FROM read_parquet({_text(aside / f'problems_{name}.parquet')})"
    )
    judge_across(connection, table, currency)
    file = _text(folder / f"{name}.parquet")
    connection.execute(
        f"COPY ({accepted_rows(table)}) TO {file} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_GROUP})"
    )
    connection.execute(f"CREATE VIEW {name} AS FROM read_parquet({file})")


def _accept_nothing(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> None:
    """Write a table without rows: the other tables' rules may look into it."""
    columns = [(column.name, arrow_type(column)) for column in table.stored]
    if table.name == "stage_history":
        columns.append(("partner_id", pa.string()))
    pq.write_table(pa.schema(columns).empty_table(), folder / f"{table.name}.parquet")
    connection.execute(f"CREATE VIEW {table.name} AS FROM read_parquet({_text(folder / f'{table.name}.parquet')})")


def _latest(connection: duckdb.DuckDBPyConnection, columns: Collection[str]) -> date | None:
    """Return the latest date in some columns of opportunities and leads."""
    parts = [
        f"SELECT max({column}) AS day FROM {name}"
        for name in ("opportunities", "leads")
        for column in columns
        if column in TABLES[name].names
    ]
    found = connection.execute(f"SELECT max(day) FROM ({' UNION ALL '.join(parts)})").fetchone()
    assert found is not None
    return found[0] if isinstance(found[0], date) else None


Quality = dict[str, dict[str, dict[str, int]]]


def _count_quality(connection: duckdb.DuckDBPyConnection, filled: Iterable[str], folder: Path) -> Quality:
    """Count rows by table, action and reason, for all and for each partner; write the latter as quality.parquet.

    A rejected row counts once, under its first reason, and is neither repaired nor warned about.
    """
    each = ["SELECT '' AS partner_id, '' AS table_name, '' AS action, '' AS reason, 0 AS rows WHERE false"]
    for name in filled:
        owner = "o.partner_id" if name == "stage_history" else "n.owner"
        join = "LEFT JOIN opportunities o ON n.owner = o.opportunity_id" if name == "stage_history" else ""
        each.append(
            f"SELECT {owner} AS partner_id, '{name}' AS table_name, action, reason, count(*) AS rows FROM ("
            f"SELECT seq, 'rejected' AS action, arg_min(reason, rank) AS reason, min(owner) AS owner "
            f"FROM problems_{name} WHERE action = 'rejected' GROUP BY seq UNION ALL "
            f"SELECT DISTINCT seq, action, reason, owner FROM problems_{name} n WHERE action <> 'rejected' AND "
            f"seq NOT IN (SELECT seq FROM problems_{name} WHERE action = 'rejected')"
            f") n {join} GROUP BY ALL"
        )
    connection.execute(f"CREATE TEMP TABLE quality AS {' UNION ALL '.join(each)}")
    connection.execute(
        "COPY (SELECT q.* FROM quality q SEMI JOIN partners p ON q.partner_id = p.partner_id "
        f"ORDER BY partner_id, table_name, action, reason) TO {_text(folder / 'quality.parquet')} (FORMAT parquet)"
    )
    counted: Quality = {}
    found = connection.execute(
        "SELECT table_name, action, reason, sum(rows) FROM quality GROUP BY ALL ORDER BY table_name, action, reason"
    ).fetchall()
    for name, action, reason, rows in found:
        counted.setdefault(name, {}).setdefault(action, {})[reason] = int(rows)
    return counted


def _write_index(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write at which row of each table a partner's rows begin, and how many they are."""
    each = [
        f"SELECT '{table.name}' AS table_name, partner_id, count(*) AS rows FROM {table.name} GROUP BY partner_id"
        for table in TABLES.values()
        if "partner_id" in table.names or table.name == "stage_history"
    ]
    connection.execute(
        "COPY (SELECT *, sum(rows) OVER (PARTITION BY table_name ORDER BY partner_id)::BIGINT - rows AS first "
        f"FROM ({' UNION ALL '.join(each)}) ORDER BY table_name, partner_id) "
        f"TO {_text(folder / 'index.parquet')} (FORMAT parquet)"
    )


def _report(
    connection: duckdb.DuckDBPyConnection, name: str, staged: _Staged, source: RowSource, quality: Quality
) -> TableReport:
    nothing = TableReport(
        name,
        tuple(staged.files),
        left_out=staged.left_out,
        columns=dict(source.columns),
        examples={column: staged.examples.get(column, []) for column in source.columns},
        written=dict(source.described),
        unused={file: list(columns) for file, columns in source.unused.items()},
    )
    if not staged.read:
        return nothing
    found = connection.execute(
        f"SELECT (SELECT count(*) FROM {name}), "
        f"count(DISTINCT seq) FILTER (WHERE action = 'repaired' AND standing), "
        f"count(DISTINCT seq) FILTER (WHERE action = 'warned' AND standing) "
        f"FROM (SELECT *, seq NOT IN (SELECT seq FROM problems_{name} WHERE action = 'rejected') AS standing "
        f"FROM problems_{name})"
    ).fetchone()
    assert found is not None
    reasons = quality.get(name, {})
    return replace(
        nothing,
        read=staged.read,
        accepted=found[0],
        rejected=sum(reasons.get("rejected", {}).values()),
        repaired=found[1],
        warned=found[2],
        reasons=reasons,
    )


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
