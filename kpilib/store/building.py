# ruff: noqa: S608 - the names in these queries are the contract's own
"""Builds a store: reads all sources, judges every row, writes the accepted ones and the report.

Batches are judged one by one and written aside; what needs other rows is done in DuckDB over these files with
a fixed amount of memory, whatever the number of rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kpilib.contract.across import ORDER, accepted_rows, judge_across, warn_after_export
from kpilib.contract.report import CheckReport, TableReport
from kpilib.contract.signs import settle_signs
from kpilib.contract.tables import TABLES, Table
from kpilib.contract.values import arrow_type
from kpilib.errors import ContractError
from kpilib.store.rejects import remove_notes, write_notes
from kpilib.store.staging import Kept, Staged, stage_table

if TYPE_CHECKING:
    from kpilib.settings import Settings

__all__ = ["RowSources", "build_store"]

_MEMORY = "900MiB"
_GROUP = 20_480


class RowSources(Protocol):
    """All tables of a source: those that it has."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """Each table's name and its `kpilib.store.staging.RowSource`."""


def build_store(
    settings: Settings, sources: RowSources, folder: Path, *, aside: Path, notes: Path, kept: Kept | None = None
) -> None:
    """Write the accepted rows of all tables, their index, the quality counts and ``about.json`` into a folder.

    Parameters
    ----------
    folder
        an empty folder for the store; ``aside`` another one for what is only needed meanwhile.
    notes
        the folder of the files that name each rejected (``rejects/``) and each other noted row (``notes/``).
    kept
        the stages of earlier buildings: a file that has one is not read again.

    Raises
    ------
    ContractError
        when a required table or column is missing.
    """
    _require(settings, sources)
    staged = {name: stage_table(name, sources.tables.get(name), aside, kept) for name in ORDER}
    config: dict[str, Any] = {
        "memory_limit": _MEMORY,
        "temp_directory": str(aside / "spill"),
        "preserve_insertion_order": "false",
    }
    with duckdb.connect(config=config) as connection:
        for name in ORDER:
            if staged[name].read:
                _accept(connection, TABLES[name], staged[name], settings.money.currency, folder)
            else:
                _accept_nothing(connection, TABLES[name], folder)
        exported_on = settings.source.exported_on or _latest(connection, ("created_on",)) or date(1970, 1, 1)
        filled = [name for name in ORDER if staged[name].read]
        for name in filled:
            warn_after_export(connection, TABLES[name], exported_on)
        quality = _count_quality(connection, filled, folder)
        for name in filled:
            if "currency_from_sign" in quality.get(name, {}).get("repaired", {}):
                staged[name].present.append("currency")
        _write_index(connection, folder)
        remove_notes(ORDER, notes)
        for name in filled:
            write_notes(connection, name, notes)
        reports = {
            name: _report(connection, name, staged[name], quality)
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
            found = ", ".join(source.names) or "none"
            problems.append(f"  {table.name} has no column {', '.join(lacking)}. Columns found: {found}")
    if problems:
        raise ContractError("\n".join(["The source lacks what kpilib needs:", *problems]), problems=problems)


def _accept(
    connection: duckdb.DuckDBPyConnection, table: Table, staged: Staged, currency: str, folder: Path
) -> None:
    """Judge a table's rows against each other and the tables before, and write the accepted ones."""
    name = table.name
    rows = f"({staged.query('rows', '_seq')})"
    signed = "currency" in table.names and name != "fx"
    rows = settle_signs(connection, rows, currency) if signed else f"FROM {rows}"
    connection.execute(f"CREATE VIEW staged_{name} AS {rows}")
    connection.execute(f"CREATE TEMP TABLE problems_{name} AS {staged.query('problems', 'seq')}")
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


def _report(connection: duckdb.DuckDBPyConnection, name: str, staged: Staged, quality: Quality) -> TableReport:
    nothing = TableReport(
        name,
        tuple(staged.files),
        left_out=staged.left_out,
        columns={one: staged.columns[one] for one in TABLES[name].names if one in staged.columns},
        examples={one: staged.examples.get(one, []) for one in staged.columns},
        written=staged.written,
        unused=staged.unused,
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
