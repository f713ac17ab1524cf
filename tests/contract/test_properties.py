"""Random rows of opportunities, judged by the contract and, naively, row by row in Python: both agree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpilib.contract.tables import TABLES
from kpilib.settings import Settings
from kpilib.sources.batch import Batch, SourceFile
from kpilib.store import Store
from kpilib.store.building import build_store

COLUMNS = ("opportunity_id", "partner_id", "created_on", "closed_on", "outcome", "amount", "currency", "modified_on")
Row = tuple[str | None, ...]

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C", "D", None]),
        st.sampled_from(["P1", "P1", "P2", "P9"]),
        st.sampled_from(["2026-01-10", "2026-02-10", "soon"]),
        st.sampled_from([None, "2026-02-10", "2026-02-20", "2026-01-01", "later"]),
        st.sampled_from(["open", "won", "lost", "lost", "maybe"]),
        st.sampled_from(["1", "2.50", "2.5", "-1", None, "many"]),
        st.sampled_from([None, "USD", "EUR", "CHF"]),
        st.sampled_from([None, "2026-03-01", "2026-03-02"]),
    ),
    max_size=12,
)


@dataclass
class Held:
    """A table in memory, given in batches of a size."""

    table: str
    names: tuple[str, ...]
    rows: Sequence[Row]
    size: int = 100

    @property
    def columns(self) -> dict[str, str]:
        return {name: name for name in self.names}

    @property
    def files(self) -> list[SourceFile]:
        return []

    @property
    def identity(self) -> str:
        return self.table

    def pieces(self) -> list[Held]:
        return [self]

    @property
    def described(self) -> dict[str, str]:
        return {"memory": "in memory"}

    @property
    def unused(self) -> dict[str, list[str]]:
        return {"memory": []}

    def batches(self) -> Iterator[Batch]:
        for first in range(0, len(self.rows), self.size):
            part = self.rows[first : first + self.size]
            data = {name: pa.array([row[at] for row in part], pa.string()) for at, name in enumerate(self.names)}
            yield Batch(self.table, "memory", pa.array(range(first, first + len(part))), pa.table(data))


class Memory:
    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.tables: dict[str, Any] = {
            "partners": Held("partners", ("partner_id", "name"), [("P1", "Alpha"), ("P2", "Beta")]),
            "fx": Held("fx", ("currency", "valid_from", "rate"), [("EUR", "2026-02-01", "1.1")]),
            "opportunities": Held("opportunities", COLUMNS, rows, size),
        }


def judge(rows: Sequence[Row], size: int = 100) -> tuple[list[Row], Any]:
    """The accepted rows, and the report."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("store", "aside"):
            (root / name).mkdir()
        build_store(Settings(root=root), Memory(rows, size), root / "store", aside=root / "aside", notes=root)
        store = Store(root / "store")
        held = [store.rows("opportunities", pid) for pid in ("P1", "P2")]
        names = (*COLUMNS, "expected_on")
        accepted = [row for one in held for row in zip(*(one[name] for name in names), strict=True)]
        return accepted, store.report.tables["opportunities"]


def naive(rows: Sequence[Row]) -> list[Row]:
    """The accepted rows by the rules as they stand in words."""
    sound = [spelt for row in rows for spelt in [by_itself(dict(zip(COLUMNS, row, strict=True)))] if spelt is not None]
    distinct = list(dict.fromkeys(sound))
    accepted = []
    for row in distinct:
        rivals = [other for other in distinct if other[0] == row[0] and other != row]
        latest = row[7] or ""
        if all(latest > (other[7] or "") for other in rivals):
            accepted.append(row)
    return sorted(accepted, key=lambda row: (row[1] or "", row[0] or ""))


def by_itself(row: dict[str, str | None]) -> Row | None:
    try:
        created = date.fromisoformat(row["created_on"] or "")
        amount = None if row["amount"] is None else Decimal(row["amount"])
        closed = None if row["closed_on"] is None else date.fromisoformat(row["closed_on"])
    except InvalidOperation:
        return None
    except ValueError:
        if row["outcome"] != "open" or row["created_on"] == "soon":
            return None
        closed = None
    faulty = (
        row["opportunity_id"] is None
        or row["partner_id"] == "P9"
        or row["outcome"] == "maybe"
        or (amount is not None and amount < 0)
        or (row["outcome"] == "won" and amount is None)
        or (row["outcome"] != "open" and (closed is None or closed < created))
        or row["currency"] == "CHF"
        or (row["currency"] == "EUR" and created < date(2026, 2, 1))
    )
    if faulty:
        return None
    amount_text = None if amount is None else str(amount.normalize())
    hope, end = (closed, None) if row["outcome"] == "open" else (None, closed)
    return (
        row["opportunity_id"], row["partner_id"], str(created), end and str(end), row["outcome"], amount_text,
        row["currency"], row["modified_on"], hope and str(hope),
    )  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(rows=ROWS)
def test_the_contract_is_the_rules_in_words(rows: list[Row]) -> None:
    accepted, report = judge(rows)
    assert accepted == naive(rows)
    assert report.read == len(rows) == report.accepted + report.rejected
    assert report.accepted == len(accepted)
    assert sum(report.reasons.get("rejected", {}).values()) == report.rejected


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(rows=ROWS, size=st.integers(1, 4), order=st.randoms(use_true_random=False))
def test_neither_order_nor_batches_matter(rows: list[Row], size: int, order: Any) -> None:
    accepted, report = judge(rows)
    mixed = list(rows)
    order.shuffle(mixed)
    other, again = judge(mixed, size)
    assert other == accepted
    assert again.reasons == report.reasons


def test_every_table_can_be_without_rows_or_missing() -> None:
    accepted, report = judge([])
    assert (accepted, report.read, report.reasons) == ([], 0, {})
    assert list(itertools.islice(Held("fx", ("currency",), []).batches(), 1)) == []
    assert set(Memory([], 1).tables) < set(TABLES)
