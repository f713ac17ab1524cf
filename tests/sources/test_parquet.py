"""Parquet files keep their types."""

# ruff: noqa: E501 - the lines of made files and of messages stay whole
from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from kpilib.errors import SourceError


def content(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    return stream.getvalue()


def test_types_are_kept_and_ids_become_text(write, read, rows, partners):
    table = pa.table(
        {
            "opportunity_id": pa.array([1, 2], pa.int32()),
            "partner_id": pa.array(["P1 ", " "]).dictionary_encode(),
            "created_on": pa.array([date(2026, 1, 1), None], pa.date32()),
            "closed_on": pa.array([datetime(2026, 1, 2, 3, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")),
            "outcome": pa.array(["won", "open"], pa.large_string()),
            "amount": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "rep": pa.array([{"a": 1}, None]),
        }
    )
    write(partners__csv=partners, opportunities__parquet=content(table))
    source = read().tables["opportunities"]
    assert source.described == {"data/opportunities.parquet": "Parquet"}
    assert rows(source) == [
        {"#": 1, "opportunity_id": "1", "partner_id": "P1", "created_on": date(2026, 1, 1), "closed_on": datetime(2026, 1, 2, 3, tzinfo=UTC), "outcome": "won", "amount": Decimal("1.50"), "rep": "{'a': 1}"},
        {"#": 2, "opportunity_id": "2", "partner_id": None, "created_on": None, "closed_on": datetime(2026, 1, 2, 3, tzinfo=UTC), "outcome": "open", "amount": None, "rep": None},
    ]
    assert next(source.batches()).formats == {}


def test_batches_are_bounded(write, read, partners):
    table = pa.table({name: ["x"] * 150_000 for name in ("opportunity_id", "partner_id", "created_on", "outcome", "amount")})
    write(partners__csv=partners, opportunities__parquet=content(table))
    batches = list(read().tables["opportunities"].batches())
    assert sum(len(batch.rows) for batch in batches) == 150_000
    assert max(len(batch.rows) for batch in batches) <= 100_000
    assert batches[-1].rows[-1].as_py() == 150_000


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1 no footer PAR1", content(pa.table({"a": [1]}))[:-9]])
def test_what_is_no_parquet_file(write, read, partners, data):
    write(partners__csv=partners, opportunities__parquet=data)
    with pytest.raises(SourceError, match=r"^data/opportunities.parquet cannot be read as Parquet: "):
        read()
