from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from kpilib.kpis import collect, document, evaluate, to_json
from kpilib.slice import Slice


def test_money_keeps_its_digits_and_days_are_text(
    make_slice: Callable[..., Slice], opportunity: Callable[..., dict[str, Any]]
) -> None:
    rows = [
        opportunity("A", "won", "2026-07-01", "2026-07-10", "100000000000000.01", rep=None),
        opportunity("B", "won", "2026-07-01", "2026-07-10", "0.01", rep="Bo"),
    ]
    slice_ = make_slice({"opportunities": rows})
    made = document(slice_, evaluate(slice_))
    assert {name: made[name] for name in ("partner_id", "quarter", "as_of", "currency")} == {
        "partner_id": "P001",
        "quarter": "2026Q3",
        "as_of": "2026-09-30",
        "currency": "USD",
    }
    assert made["fingerprint"] == slice_.fingerprint
    text = to_json(made)
    assert '"won_amount": 100000000000000.02,' in text
    read = json.loads(text, parse_float=Decimal)["kpis"]
    assert read["average_deal_size"]["value"] == Decimal("50000000000000.01")
    assert read["average_deal_size"]["companions"]["deals"][0] == {
        "opportunity_id": "A",
        "closed_on": "2026-07-10",
        "product": None,
        "rep": None,
        "amount": Decimal("100000000000000.01"),
    }
    assert read["close_rate"]["value"] is None
    assert read["close_rate"]["reason"] == "no_leads_table"
    assert read["deal_count"]["n"] == 2


def test_many_partners(make_slice: Callable[..., Slice]) -> None:
    slices = [make_slice({"opportunities": []}, partner_id=key) for key in ("P001", "00123")]
    gathered = collect(document(each, evaluate(each)) for each in slices)
    assert list(gathered) == ["P001", "00123"]
    assert list(gathered["00123"]) == ["quarter", "as_of", "currency", "kpis"]
    assert gathered["00123"]["kpis"]["deal_count"]["value"] == 0


def test_whatever_the_rows_it_is_json(make_slice: Callable[..., Slice], random_tables: Callable[..., Any]) -> None:
    slice_ = make_slice(random_tables(Random(5), size=80, history=True))
    made = document(slice_, evaluate(slice_))
    assert json.loads(to_json(made))["kpis"].keys() == made["kpis"].keys()


def test_nested_and_empty_values() -> None:
    assert to_json({"a": [], "b": {}, "c": [1, None], "d": [{"e": "ä"}]}) == (
        '{\n  "a": [],\n  "b": {},\n  "c": [1, null],\n  "d": [\n    {\n      "e": "ä"\n    }\n  ]\n}'
    )
