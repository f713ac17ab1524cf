"""A batch: every row ends as a typed row or as a rejected one; native values and broken lines included."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

from kpilib.contract.reading import judge_batch
from kpilib.sources.batch import Batch, Broken, Format


def batch(data: dict[str, pa.Array], **parts: object) -> Batch:
    table = pa.table(data)
    return Batch("spend", "costs.csv", pa.array(range(2, 2 + table.num_rows)), table, **parts)  # type: ignore[arg-type]


TEXT = {"partner_id": ["P1", "P1"], "channel": ["Web", None], "month": ["01.07.2026", "x"], "amount": ["1.200,50", "3"]}
FORMATS = {"month": Format(date="%d.%m.%Y"), "amount": Format(decimal=",")}


def test_text_is_read_by_its_column_s_format() -> None:
    judged = judge_batch(batch(TEXT, formats=FORMATS), 10)  # type: ignore[arg-type]
    assert judged.read == 2
    assert judged.rows.drop_columns(["_moment", "_sign"]).to_pylist() == [
        {
            "partner_id": "P1", "channel": "Web", "month": date(2026, 7, 1), "amount": Decimal("1200.50"),
            "currency": None, "_seq": 10, "_row": 2, "_file": "costs.csv",
        }
    ]  # fmt: skip
    told = judged.problems.select(["seq", "row", "column_name", "value", "reason", "owner"]).to_pylist()
    assert [tuple(problem.values()) for problem in told] == [
        (10, 2, "amount", "1.200,50", "amount_as_written", "P1"),
        (11, 3, "month", "x", "not_a_date", "P1"),
        (11, 3, "channel", None, "missing_value", "P1"),
    ]


def test_native_values_need_no_format() -> None:
    data = {
        "partner_id": pa.array([7, 8]),
        "channel": pa.array(["Web", "Web"]).dictionary_encode(),
        "month": pa.array([datetime(2026, 7, 1), None]),  # noqa: DTZ001
        "amount": pa.array([0.1, 2.0]),
    }
    judged = judge_batch(batch(data), 0)
    assert judged.rows["partner_id"].to_pylist() == ["7"]
    assert judged.rows["amount"].to_pylist() == [Decimal("0.1")]
    assert judged.problems["reason"].to_pylist() == ["missing_value"]


def test_a_line_that_is_no_row_is_read_and_rejected() -> None:
    broken = [Broken(9, "P1,Web,2026-07-01,1,2,3", "too_many_fields")]
    judged = judge_batch(batch({"partner_id": pa.array([], pa.string())}, broken=broken), 5)
    assert (judged.read, judged.rows.num_rows) == (1, 0)
    assert judged.problems.to_pylist() == [
        {
            "seq": 5, "rank": 0, "file": "costs.csv", "row": 9, "column_name": None, "value": "P1,Web,2026-07-01,1,2,3",
            "reason": "too_many_fields", "action": "rejected", "owner": None,
        }
    ]  # fmt: skip


def test_a_column_that_is_written_with_signs_throughout_is_not_noted() -> None:
    data = {name: pa.array(values * 2) for name, values in TEXT.items()}
    data |= {"month": pa.array(["2026-07-01"] * 4), "amount": pa.array(["$1", "$2", "$3", "4"])}
    reasons = judge_batch(batch(data), 0).problems["reason"].to_pylist()
    assert reasons == ["missing_value"] * 2
    data["amount"] = pa.array(["$1", "$2", "3", "4"])
    reasons = judge_batch(batch(data), 0).problems["reason"].to_pylist()
    assert reasons == ["amount_as_written"] * 2 + ["missing_value"] * 2


def test_a_long_value_is_cut_where_it_is_named() -> None:
    data = {name: pa.array(["x" * 2000]) for name in ("partner_id", "channel", "month", "amount")}
    values = judge_batch(batch(data), 0).problems["value"].to_pylist()
    assert [len(value) for value in values] == [500, 500]
