from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from kpilib.contract.reasons import REASONS
from kpilib.contract.schemas import METRICS, find_violations, schema_of
from kpilib.contract.tables import TABLES
from kpilib.contract.values import arrow_type


@pytest.mark.parametrize("name", TABLES)
def test_a_schema_has_the_table_s_columns_kinds_and_needs(name: str) -> None:
    table = TABLES[name]
    columns = schema_of(name).columns
    assert tuple(columns) == table.names
    for column in table.columns:
        assert columns[column.name].dtype.type == pd.ArrowDtype(arrow_type(column))
        may_be_blank = not column.required or (name, column.name) == ("opportunities", "amount")
        assert columns[column.name].nullable is may_be_blank


@pytest.mark.parametrize("name", TABLES)
def test_every_check_is_named_after_a_reason_of_the_table(name: str) -> None:
    schema = schema_of(name)
    codes = [check.name for column in schema.columns.values() for check in column.checks]
    # What is no segment is dropped before the row is judged.
    codes = [code for code in (*codes, *(check.name for check in schema.checks)) if code != "unknown_segment"]
    assert all(REASONS[code].action == "rejected" and name in REASONS[code].tables for code in codes)


def test_all_that_rows_break_is_found_at_once() -> None:
    table = TABLES["opportunities"]
    rows = {
        "opportunity_id": ["A", None, "C", "D"],
        "partner_id": ["P1"] * 4,
        "created_on": [date(2026, 1, 2)] * 4,
        "closed_on": [date(2026, 1, 2), date(2026, 1, 1), None, None],
        "outcome": ["won", "won", "lost", "maybe"],
        "amount": [None, Decimal(-1), None, None],
    }
    typed = pa.table(
        [
            pa.array(rows.get(column.name, [None] * 4), arrow_type(column))
            for column in table.columns
        ],
        names=list(table.names),
    )  # fmt: skip
    assert list(find_violations(table, typed)) == [
        ("opportunity_id", "missing_value", [1]),
        ("outcome", "unknown_outcome", [3]),
        ("amount", "negative_amount", [1]),
        ("amount", "won_without_amount", [0]),
        ("closed_on", "closed_without_date", [2]),
        ("closed_on", "closed_before_created", [1]),
    ]
    assert list(find_violations(table, typed.slice(0, 0))) == []


def test_a_target_is_for_a_kpi_or_the_won_amount() -> None:
    from kpilib.kpis import KPIS

    assert set(METRICS) == {*KPIS, "won_amount"}
