# ruff: noqa: S608 - the names in these queries are the contract's own
"""The rules that need other rows or other tables: partners, rates, versions of a row, links, and warnings.

They run in DuckDB over Parquet files, so that memory does not grow with the rows. Of each table ``X`` there are
the typed rows (``staged_X``, see `kpilib.contract.reading.typed_schema`) and the problems (``problems_X``), to
which the rules add; ``accepted_X`` is the typed rows without a problem that rejects them. The tables that were
accepted before stand under their own names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain

import duckdb

from kpilib.contract.reasons import REASONS
from kpilib.contract.tables import TABLES, Table

__all__ = ["ORDER", "accepted_rows", "judge_across", "warn_after_export"]

ORDER = ("partners", "stages", "fx", "opportunities", "stage_history", "leads", "spend", "targets", "actions")
"""The order in which tables are judged: each after those that its rules look into."""

_FIRST_RANK = 1_000
_ADDRESS = r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]+"
_DATED = {
    "opportunities": ("created_on", "closed_on", "modified_on"),
    "stage_history": ("changed_on",),
    "leads": ("created_on", "modified_on"),
    "spend": ("month",),
    "actions": ("done_on",),
}


@dataclass(frozen=True)
class _Rule:
    """Rows ``s`` that a rule finds: the reason, the column to report, what follows FROM, and the condition."""

    reason: str
    column: str
    source: str
    where: str = "true"


def judge_across(connection: duckdb.DuckDBPyConnection, table: Table, currency: str) -> None:
    """Add to a table's problems what its rows break among each other and towards the tables before."""
    name = table.name
    rank = _FIRST_RANK
    # Not a tuple of both: which rows are doubled is asked only when the other rejects are noted.
    for rule in chain(_rejecting(table, currency), _doubled(connection, table)):
        _note(connection, table, rule, rank)
        rank += 1
    connection.execute(f"CREATE OR REPLACE TEMP VIEW accepted_{name} AS {_standing(table)}")
    for rule in _noting(table, currency):
        _note(connection, table, rule, rank)


def warn_after_export(connection: duckdb.DuckDBPyConnection, table: Table, exported_on: date) -> None:
    """Add to a table's problems the dates that lie after the source's export."""
    for column in _DATED.get(table.name, ()):
        where = f"s.{column} > DATE '{exported_on.isoformat()}'"
        _note(connection, table, _Rule("after_export", column, f"accepted_{table.name} s", where), _FIRST_RANK)


def accepted_rows(table: Table) -> str:
    """Return the query for a table's accepted rows as they are stored: repaired, by partner, in their order.

    Changes of an opportunity on one day follow each other by their time, where the source has it.
    """
    columns = {column.name: f"s.{column.name}" for column in table.stored}
    source = f"accepted_{table.name} s"
    order = [f"s.{column}" for column in table.key]
    if table.name == "leads":
        columns["opportunity_id"] = "CASE WHEN d.seq IS NULL THEN s.opportunity_id END"
        source += (
            " LEFT JOIN (SELECT DISTINCT seq FROM problems_leads WHERE column_name = 'opportunity_id'"
            " AND action = 'repaired') d ON s._seq = d.seq"
        )
    if table.name == "stage_history":
        columns["partner_id"] = "o.partner_id"
        source += " JOIN opportunities o ON s.opportunity_id = o.opportunity_id"
        order = ["s.opportunity_id", "s.changed_on", "s._moment", "s.stage", "s.amount"]
    if "partner_id" in columns:
        order = [columns["partner_id"], *(part for part in order if part != columns["partner_id"])]
    listed = ", ".join(f"{expression} AS {name}" for name, expression in columns.items())
    return f"SELECT {listed} FROM {source} ORDER BY {', '.join(order)}"


def _standing(table: Table) -> str:
    return (
        f"SELECT s.* FROM staged_{table.name} s "
        f"ANTI JOIN (SELECT seq FROM problems_{table.name} WHERE action = 'rejected') r ON s._seq = r.seq"
    )


def _note(connection: duckdb.DuckDBPyConnection, table: Table, rule: _Rule, rank: int) -> None:
    owner = "opportunity_id" if table.name == "stage_history" else "partner_id"
    owned = f"s.{owner}" if owner in table.names else "NULL"
    value = f"CAST(s.{rule.column} AS VARCHAR)"
    if table.column(rule.column).kind == "decimal":
        value = f"rtrim(rtrim({value}, '0'), '.')"
    connection.execute(
        f"INSERT INTO problems_{table.name} "
        f"SELECT s._seq, {rank}, s._file, s._row, '{rule.column}', {value}, "
        f"'{rule.reason}', '{REASONS[rule.reason].action}', {owned} FROM {rule.source} WHERE {rule.where}"
    )


def _rejecting(table: Table, currency: str) -> Iterator[_Rule]:
    """Yield the rules by which a row is rejected for what another table holds."""
    staged = f"staged_{table.name} s"
    if "partner_id" in table.names and table.name != "partners":
        yield _Rule("unknown_partner", "partner_id", f"{staged} ANTI JOIN partners p ON s.partner_id = p.partner_id")
    if table.name == "stage_history":
        source = f"{staged} ANTI JOIN opportunities o ON s.opportunity_id = o.opportunity_id"
        yield _Rule("unknown_opportunity", "opportunity_id", source)
    day = {"opportunities": "created_on", "spend": "month"}.get(table.name)
    if day is not None:
        for reason in ("contradicting_sign", "unclear_sign"):
            yield _Rule(reason, "currency", staged, f"s._sign_fault = '{reason}'")
        first = "SELECT currency, min(valid_from) AS valid_from FROM fx GROUP BY currency"
        source = f"{staged} LEFT JOIN ({first}) r ON s.currency = r.currency"
        foreign = f"s.currency <> '{currency}'"
        yield _Rule("unknown_currency", "currency", source, f"{foreign} AND r.valid_from IS NULL")
        yield _Rule("missing_rate", "currency", source, f"{foreign} AND r.valid_from > s.{day}")


def _doubled(connection: duckdb.DuckDBPyConnection, table: Table) -> Iterator[_Rule]:
    """Yield the rules for rows with the same key; none where no key occurs twice.

    Of identical rows the first counts. Of differing ones that with the latest modified_on counts; where two
    share it, or the table has none, nothing says which is right, and all are rejected. A row that says when it
    was modified is later than one that does not. Rows that are already rejected take no part.
    """
    name = table.name
    key = list(table.key) if set(table.key) != set(table.names) else [*table.key, "_moment"]
    # Quoted: "order" is a word of SQL.
    keys = ", ".join(f'"{column}"' for column in key)
    content = ", ".join(f'"{column}"' for column in [*(column.name for column in table.stored), "_moment"])
    standing = _standing(table)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE doubled AS "
        f"SELECT hash({keys}) AS mark FROM ({standing}) GROUP BY mark HAVING count(*) > 1"
    )
    if connection.execute("SELECT count(*) FROM doubled").fetchone() == (0,):
        return
    newest = f"max({'_moment' if 'modified_on' in table.names else 'CAST(NULL AS TIMESTAMP)'})"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE versions AS WITH candidates AS ("
        f"SELECT s.* FROM ({standing}) s SEMI JOIN doubled d ON hash({keys}) = d.mark), "
        f"copies AS (SELECT *, row_number() OVER (PARTITION BY {content} ORDER BY _seq) AS copy FROM candidates), "
        f"firsts AS (SELECT *, count(*) OVER one AS differing, {newest} OVER one AS newest "
        f"FROM copies WHERE copy = 1 WINDOW one AS (PARTITION BY {keys})), "
        f"judged AS (SELECT _seq, differing, newest, _moment, "
        f"count(*) FILTER (WHERE _moment = newest) OVER (PARTITION BY {keys}) AS winners FROM firsts) "
        f"SELECT _seq AS seq, 'exact_duplicate' AS reason FROM copies WHERE copy > 1 UNION ALL "
        f"SELECT _seq, CASE WHEN winners = 1 THEN 'older_version' ELSE 'conflicting_versions' END FROM judged "
        f"WHERE differing > 1 AND NOT coalesce(winners = 1 AND _moment = newest, false)"
    )
    for reason in ("exact_duplicate", "older_version", "conflicting_versions"):
        source = f"staged_{name} s JOIN versions v ON s._seq = v.seq"
        yield _Rule(reason, table.key[0], source, f"v.reason = '{reason}'")


def _noting(table: Table, currency: str) -> Iterator[_Rule]:
    """Yield the rules by which an accepted row is repaired or warned about."""
    accepted = f"accepted_{table.name} s"
    if table.name == "partners":
        pattern = rf"\s*{_ADDRESS}(\s*;\s*{_ADDRESS})*\s*;?\s*"
        yield _Rule("not_an_address", "contact_email", accepted, f"NOT regexp_full_match(s.contact_email, '{pattern}')")
    if "currency" in table.names and table.name != "fx":
        yield _Rule("currency_from_sign", "currency", accepted, "s._filled")
    if table.name == "fx":
        where = f"s.currency = '{currency}' AND s.rate <> 1"
        yield _Rule("rate_of_reporting_currency", "rate", accepted, where)
    if table.name == "opportunities":
        yield _Rule("amount_blank", "amount", accepted, "s.amount IS NULL")
        known = "s.outcome = 'open' AND s.stage IS NOT NULL AND EXISTS (FROM stages)"
        yield _Rule("unknown_stage", "stage", f"{accepted} ANTI JOIN stages t ON s.stage = t.stage", known)
    if table.name == "stage_history":
        source = f"{accepted} JOIN opportunities o ON s.opportunity_id = o.opportunity_id"
        yield _Rule("changed_before_created", "changed_on", source, "s.changed_on < o.created_on")
    if table.name == "leads":
        source = f"{accepted} LEFT JOIN opportunities o ON s.opportunity_id = o.opportunity_id"
        linked = "s.opportunity_id IS NOT NULL"
        yield _Rule("lead_unknown_opportunity", "opportunity_id", source, f"{linked} AND o.opportunity_id IS NULL")
        yield _Rule("lead_other_partner", "opportunity_id", source, "o.partner_id <> s.partner_id")
    if table.name == "actions":
        yield _Rule("done_without_date", "done_on", accepted, "s.status = 'done' AND s.done_on IS NULL")


assert set(ORDER) == set(TABLES)
