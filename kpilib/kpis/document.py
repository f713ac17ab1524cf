"""The KPIs of a pack as plain values, for kpis.json and `kpilib kpis --format json`.

Money is a JSON number in major units with exactly the digits of the decimal, rates are fractions, days ISO text,
undefined values null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from kpilib.kpis.kpi import Kpi
from kpilib.slice import Slice

__all__ = ["collect", "document", "to_json"]


def document(slice_: Slice, kpis: Mapping[str, Kpi]) -> dict[str, Any]:
    """Return the KPIs of one partner as plain values: dicts, lists, texts, numbers (money as `Decimal`), None."""
    return {
        "partner_id": slice_.partner_id,
        "quarter": str(slice_.quarter),
        "as_of": slice_.as_of.isoformat(),
        "currency": slice_.currency,
        "fingerprint": slice_.fingerprint,
        "kpis": {
            key: {name: value for name, value in _plain(kpi).items() if name != "key"} for key, kpi in kpis.items()
        },
    }


def collect(documents: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return many partners' documents as one: partner id → quarter, as_of, currency, kpis."""
    wanted = ("quarter", "as_of", "currency", "kpis")
    return {each["partner_id"]: {name: each[name] for name in wanted} for each in documents}


def to_json(value: Any) -> str:
    """Return plain values as JSON, indented, decimals with all their digits.

    >>> print(to_json({"amount": Decimal("1200.50"), "rate": 0.25, "none": None}))
    {
      "amount": 1200.50,
      "rate": 0.25,
      "none": null
    }
    """
    return _write(value, "\n")


_write_scalar = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _write(value: Any, newline: str) -> str:
    if isinstance(value, str):
        return _write_scalar(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    inner = newline + "  "
    if isinstance(value, Mapping) and value:
        rows = (f"{_write_scalar(str(key))}: {_write(held, inner)}" for key, held in value.items())
        return "{" + inner + ("," + inner).join(rows) + newline + "}"
    if isinstance(value, (list, tuple)) and value:
        if not any(isinstance(held, (Mapping, list, tuple)) for held in value):
            return "[" + ", ".join(_write(held, inner) for held in value) + "]"
        return "[" + inner + ("," + inner).join(_write(held, inner) for held in value) + newline + "]"
    return _write_scalar(value)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        columns = [_plain_column(value[name]) for name in value.columns]
        return [dict(zip(value.columns, row, strict=True)) for row in zip(*columns, strict=True)]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(held) for held in value]
    return _plain_scalar(value)


def _plain_column(column: pd.Series[Any]) -> list[Any]:
    if column.dtype.kind == "M":
        return [None if pd.isna(day) else day.date().isoformat() for day in column]
    return [_plain_scalar(value) for value in column.tolist()]


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if value is pd.NA else value
