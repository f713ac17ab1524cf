"""Stored rows as plain JSON values, and as frames: the two forms in which the rest of kpilib takes them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from kpilib.contract.tables import Column, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_frame", "to_plain"]


def to_plain(rows: pa.Table, table: Table) -> dict[str, list[Any]]:
    """Return column → values: dates ISO text, decimals text without idle zeros, numbers, flags; blanks None."""
    return {name: _plain(rows[name], table.column(name)) for name in rows.column_names}


def _plain(values: pa.ChunkedArray, column: Column) -> list[Any]:
    if column.kind == "date":
        return list(pc.cast(values, pa.string()).to_pylist())
    if column.kind == "decimal":
        return [None if text is None else _shortest(text) for text in pc.cast(values, pa.string()).to_pylist()]
    return list(values.to_pylist())


def _shortest(text: str) -> str:
    """Return the one spelling of a number: ``1200.5``, whatever zeros stood behind.

    >>> _shortest("1200.500"), _shortest("1000"), _shortest("0E-18"), _shortest("1.50E-9")
    ('1200.5', '1000', '0', '0.0000000015')
    """
    if "E" in text:
        text = format(Decimal(text), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_frame(rows: pa.Table, table: Table) -> pd.DataFrame:
    """Return a frame with the types of `kpilib.slice.Slice.frame`."""
    import pandas as pd

    return pd.DataFrame({name: _series(rows[name], table.column(name)) for name in rows.column_names})


def _series(values: pa.ChunkedArray, column: Column) -> pd.Series[Any]:
    import pandas as pd

    if column.kind == "date":
        return pd.Series(pc.cast(values, pa.timestamp("s")).to_pandas().astype("datetime64[s]"))
    if column.kind == "decimal":
        plain = _plain(values, column)
        return pd.Series([None if value is None else Decimal(value) for value in plain], dtype="object")
    if column.kind == "flag":
        return pd.Series(pc.fill_null(values, fill_value=True).to_pandas().astype("bool"))
    if column.kind == "number":
        return pd.Series(values.to_pandas().astype("float64"))
    return pd.Series(values.to_pandas(), dtype="str")
