"""The slice: everything that one pack may know.

A partner's own rows up to the as-of day, the settings that matter, and figures of the cohort that are
already safe for the audience; one JSON text whose bytes are canonical, so that equal slices have equal hashes.
What cuts slices out of the store is `kpilib.slicing`; here they are only read, written and hashed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from kpilib.contract.tables import TABLES
from kpilib.language import learn
from kpilib.money import Rates
from kpilib.quarter import Quarter

__all__ = ["Slice"]

VERSION = 1


@dataclass(frozen=True, eq=False)
class Slice:
    """The content of one slice, as plain JSON values.

    Keys of ``content``:

    - ``version``
    - ``partner``: the partner's own row of the table partners, column → text (null if blank)
    - ``quarter``, ``as_of`` (D, already at most the quarter's end)
    - ``exported_later``: whether the data were exported after D
    - ``audience``: ``partner`` or ``internal``; ``language``: ``en``, ``ko``…
    - ``settings``: ``currency``, ``fiscal_year_start``, ``channels``, ``status``, ``brand``, ``paper``
    - ``tables``: table → column → list of values; dates ISO, decimals as text, blanks null
    - ``absent``: names of tables, and of ``table.column``, that the source does not have
    - ``quality``: rows of this partner that were not taken as they came:
      ``{"table", "action" (rejected, repaired, warned), "reason", "rows"}``
    - ``cohort``: what `kpilib.cohort` hands out for this partner and audience
    - ``comment``: the channel manager's text, or null
    - ``issued``: the kpis.json of the quarter before as it was issued, or null
    - ``catalogue``: the workspace's own texts of the language; absent where it has none
    - ``kpis``: the workspace's own KPIs, key → ``code`` (the file's text), ``rows`` (of this partner, in the table
      beside it)
    """

    content: Mapping[str, Any]

    @classmethod
    def from_bytes(cls, data: bytes) -> Slice:
        """Return the slice that some bytes hold; this process knows the texts that it brings from here on."""
        content = json.loads(data)
        learn(content["language"], content.get("catalogue"))
        slice_ = cls(content)
        vars(slice_)["fingerprint"] = hashlib.sha256(data).hexdigest()  # that of the bytes, made once
        return slice_

    @classmethod
    def read(cls, path: Path) -> Slice:
        """Return the slice of a file."""
        return cls.from_bytes(path.read_bytes())

    def to_bytes(self) -> bytes:
        """Return the canonical bytes: sorted keys, no blanks, UTF-8."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @cached_property
    def partner_id(self) -> str:
        """The partner's id."""
        return str(self.content["partner"]["partner_id"])

    @cached_property
    def currency(self) -> str:
        """The reporting currency's ISO 4217 code."""
        return str(self.content["settings"]["currency"])

    @cached_property
    def quarter(self) -> Quarter:
        """The quarter under review."""
        return Quarter.parse(self.content["quarter"], self.content["settings"]["fiscal_year_start"])

    @cached_property
    def as_of(self) -> date:
        """D: the last day that counts."""
        return date.fromisoformat(self.content["as_of"])

    @cached_property
    def audience(self) -> str:
        """``partner`` or ``internal``."""
        return str(self.content["audience"])

    @cached_property
    def language(self) -> str:
        """The pack's language."""
        return str(self.content["language"])

    def has(self, table: str, column: str | None = None) -> bool:
        """Say whether the source has a table, or a column of it."""
        absent = self.content["absent"]
        return table not in absent and (column is None or f"{table}.{column}" not in absent)

    def frame(self, table: str) -> pd.DataFrame:
        """Return a new frame of a table's rows: all columns of an accepted row, in order, absent ones blank.

        Text is pandas' ``str``, a date ``datetime64[s]``, a decimal an object `Decimal` or None, a number
        ``float64``, a flag ``bool``, a quarter its text.
        """
        held = self.content["tables"].get(table, {})
        rows = len(next(iter(held.values()), ()))
        return pd.DataFrame(
            {column.name: _series(held.get(column.name, [None] * rows), column.kind) for column in TABLES[table].stored}
        )

    @cached_property
    def rates(self) -> Rates:
        """The rates into the reporting currency."""
        held = self.content["tables"].get("fx", {})
        rows = zip(held.get("currency", ()), held.get("valid_from", ()), held.get("rate", ()), strict=True)
        return Rates(self.currency, ((code, date.fromisoformat(day), Decimal(rate)) for code, day, rate in rows))


def _series(values: list[Any], kind: str) -> pd.Series[Any]:
    if kind == "date":
        return pd.Series(pd.to_datetime(pd.Series(values, dtype="str"), format="%Y-%m-%d").astype("datetime64[s]"))
    if kind == "decimal":
        return pd.Series([None if value is None else Decimal(value) for value in values], dtype="object")
    if kind == "number":
        return pd.Series(values, dtype="float64")
    if kind == "flag":
        return pd.Series([value is not False for value in values], dtype="bool")
    return pd.Series(values, dtype="str")
