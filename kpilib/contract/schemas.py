"""What each row must satisfy by itself: one pandera schema per table, built from `kpilib.contract.tables`.

All problems of a batch are gathered (lazy validation). What needs other rows or tables is `kpilib.contract.across`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import cache
from typing import Any

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from pandera.errors import SchemaErrors

from kpilib.contract.tables import TABLES, Column, Table
from kpilib.contract.values import arrow_type

__all__ = ["METRICS", "checked_columns", "find_violations", "metrics_beside", "schema_of"]

METRICS = (
    "average_deal_size",
    "deal_count",
    "opportunity_pipeline",
    "marketing_channels",
    "close_rate",
    "deal_velocity",
    "quality_score",
    "deal_success",
    "won_amount",
)
"""What a target may be set for: the KPIs' keys, and the won amount; a workspace adds the keys of its own KPIs."""

_own_metrics: ContextVar[frozenset[str]] = ContextVar("own_metrics", default=frozenset())


@contextmanager
def metrics_beside(keys: Iterable[str]) -> Iterator[None]:
    """Take targets for KPIs of a workspace's own meanwhile."""
    token = _own_metrics.set(frozenset(keys))
    try:
        yield
    finally:
        _own_metrics.reset(token)


_MAY_BE_BLANK = {("opportunities", "amount")}

Rule = Callable[[Any], "pd.Series[bool]"]


def _check(code: str, rule: Rule) -> pandera.Check:
    return pandera.Check(rule, name=code, error=code, ignore_na=False)


def _true_or_blank(answers: Any) -> pd.Series[bool]:
    """Blank cells satisfy every rule but the one that forbids blanks."""
    return pd.Series(answers.fillna(value=True).astype("bool"))


def _are_metrics(cells: Any) -> Any:
    return cells.isin([*METRICS, *_own_metrics.get()]) | cells.isna()


_OF_COLUMNS: dict[tuple[str, str], list[pandera.Check]] = {
    ("opportunities", "amount"): [_check("negative_amount", lambda cells: _true_or_blank(cells >= Decimal(0)))],
    ("stage_history", "amount"): [_check("negative_amount", lambda cells: _true_or_blank(cells >= Decimal(0)))],
    ("spend", "amount"): [_check("negative_amount", lambda cells: _true_or_blank(cells >= Decimal(0)))],
    ("fx", "rate"): [_check("rate_not_positive", lambda cells: _true_or_blank(cells > Decimal(0)))],
    ("stages", "probability"): [
        _check("probability_out_of_range", lambda cells: _true_or_blank((cells >= 0.0) & (cells <= 1.0)))
    ],
    ("targets", "metric"): [_check("unknown_metric", lambda cells: _true_or_blank(_are_metrics(cells)))],
}

_OF_ROWS: dict[str, dict[str, tuple[str, Rule]]] = {
    "opportunities": {
        "won_without_amount": ("amount", lambda rows: (rows["outcome"] != "won") | rows["amount"].notna()),
        "closed_without_date": (
            "closed_on",
            lambda rows: ~rows["outcome"].isin(["won", "lost"]) | rows["closed_on"].notna(),
        ),
        "closed_before_created": ("closed_on", lambda rows: rows["closed_on"] >= rows["created_on"]),
    }
}
"""Rules between the columns of one row: reason → the column that is reported, and the rule."""


def checked_columns(table: Table) -> list[str]:
    """Return the columns that a schema looks at; the others can be anything that could be read."""
    between = {column for column, _ in _OF_ROWS.get(table.name, {}).values()}
    columns = schema_of(table.name).columns
    return [name for name, column in columns.items() if column.checks or not column.nullable or name in between]


@cache
def schema_of(name: str) -> pandera.DataFrameSchema:
    """Return the schema of a table's typed rows (Arrow-backed columns); each check's name is a reason's code."""
    table = TABLES[name]
    return pandera.DataFrameSchema(
        {column.name: _schema_column(table, column) for column in table.columns},
        checks=[
            _check(code, lambda rows, rule=rule: _true_or_blank(rule(rows)))  # type: ignore[misc]
            for code, (_, rule) in _OF_ROWS.get(name, {}).items()
        ],
        name=name,
        strict=True,
    )


def _schema_column(table: Table, column: Column) -> pandera.Column:
    checks = list(_OF_COLUMNS.get((table.name, column.name), ()))
    if column.choices:
        words = column.choices
        checks.append(
            _check(f"unknown_{column.name}", lambda cells: _true_or_blank(cells.isin(words) | cells.isna()))
        )
    return pandera.Column(
        pd.ArrowDtype(arrow_type(column)),
        checks=checks,
        nullable=not column.required or (table.name, column.name) in _MAY_BE_BLANK,
        description=column.about or None,
    )


def find_violations(table: Table, rows: pa.Table) -> Iterator[tuple[str, str, list[int]]]:
    """Yield, for each rule that some rows break: the column, the reason, and the rows' places in order."""
    wanted = checked_columns(table)
    frame = rows.select(wanted).to_pandas(types_mapper=pd.ArrowDtype)
    schema = schema_of(table.name).select_columns(wanted)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
    else:
        return
    of_rows = _OF_ROWS.get(table.name, {})
    found: dict[tuple[str, str], set[int]] = {}
    for code, column, place in zip(cases["check"], cases["column"], cases["index"], strict=True):
        reason = "missing_value" if code == "not_nullable" else str(code)
        named = of_rows[reason][0] if reason in of_rows else str(column)
        found.setdefault((named, reason), set()).add(int(place))
    order = [*_OF_COLUMN_ORDER, *of_rows]
    for (column, reason), places in sorted(found.items(), key=lambda item: order.index(item[0][1])):
        yield column, reason, sorted(places)


_OF_COLUMN_ORDER = (
    "missing_value",
    "unknown_outcome",
    "unknown_status",
    "unknown_segment",
    "unknown_metric",
    "negative_amount",
    "rate_not_positive",
    "probability_out_of_range",
)
