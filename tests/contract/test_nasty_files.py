"""Files full of what does not belong in them, read as a user's are: no traceback, and no row without a trace."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kpilib.contract.tables import TABLES
from kpilib.settings import Settings
from kpilib.store import Store

KINDS = {
    "a wrong type": ("yes", "3.5", "2026-02-30", "[]", "{}", "NaN", "-inf", "1e400", "0x1F", "true", "None", "12:30"),
    "a formula": ("=1+1", '=HYPERLINK("http://x.example","y")', "+1-800", "-2+3", "@SUM(A1)", "=cmd|' /C calc'!A0"),
    "a control character": ("\x07bell", "\x1b[2Jgone", "a\x00b", "\x0b", "\x85", "a\r\nb", "\ufeff", "\x7f"),
    "a right-to-left mark": ("\u202eevil\u202c", "\u200fP1", "شركة", "\u2066P1\u2069", "P\u200d1", "é", "한국"),
    "something huge": ("9" * 400, "x" * 70_000, "0." + "1" * 60, "=" * 5_000, "1" + "0" * 37, "," * 300, '"' * 301),
    "an amount": ("€ 1.200,50", "$1,200.50", "(5)", "-0", "1.2K", "12 kr", "₩", "\u0661\u0662", "１２"),
    "nothing": ("", " ", "\u00a0", "\u3000"),
}
GOOD = {
    "partner_id": "P1", "name": "Acme", "opportunity_id": "O1", "created_on": "2026-01-05", "closed_on": "2026-02-01",
    "outcome": "won", "amount": "10.50", "lead_id": "L1", "channel": "Web", "month": "2026-01-01", "quarter": "2026Q1",
    "metric": "deal_count", "value": "3", "stage": "Offer", "order": "1", "probability": "0.5", "action_id": "A1",
    "text": "Call", "changed_on": "2026-01-06", "currency": "EUR", "valid_from": "2026-01-01", "rate": "1.1",
}  # fmt: skip
ANY = st.sampled_from([value for values in KINDS.values() for value in values]) | st.text(max_size=8)
SOURCE = {"path": ".", "date_format": "%Y-%m-%d", "decimal": ".", "encoding": "utf-8", "separator": ","}


def check(root: Path, tables: dict[str, list[list[str]]]) -> Store:
    """Write each table as CSV and read it; the rows of a table stand below its header."""
    for name, rows in tables.items():
        text = io.StringIO(newline="")
        csv.writer(text).writerows([list(TABLES[name].names), *rows])
        (root / f"{name}.csv").write_bytes(text.getvalue().encode("utf-8", "replace"))
    return Store.check(Settings(root=root, source=SOURCE))


def account_for(root: Path, store: Store, tables: dict[str, list[list[str]]]) -> None:
    """Every row that is not wholly blank was read; every one read is accepted or named as rejected."""
    for name, rows in tables.items():
        report = store.report.tables[name]
        # A row of blanks and quotes alone is an empty line.
        assert report.read == sum(any(cell.strip('" \t\n\r') for cell in row) for row in rows), name
        assert report.accepted + report.rejected == report.read
        assert sum(report.reasons.get("rejected", {}).values()) == report.rejected
        assert len(set(rejected_rows(root, name))) == report.rejected
        held = store.frame(name)
        assert len(held) == report.accepted
        json.dumps(store.rows(name, "P1"), allow_nan=False)


def rejected_rows(root: Path, table: str) -> Iterator[int]:
    path = root / ".kpilib" / "rejects" / f"{table}.csv"
    if path.exists():
        csv.field_size_limit(2**24)
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from (int(one["row"]) for one in csv.DictReader(file))


def sound(table: str) -> list[str]:
    return [GOOD.get(column, "") for column in TABLES[table].names]


@st.composite
def spoilt(draw: st.DrawFn, table: str) -> list[str]:
    """A sound row with some cells spoilt, or two of its columns swapped."""
    row = sound(table)
    if draw(st.booleans()):
        one, other = draw(st.integers(0, len(row) - 1)), draw(st.integers(0, len(row) - 1))
        row[one], row[other] = row[other], row[one]
    for place in draw(st.lists(st.integers(0, len(row) - 1), max_size=3)):
        row[place] = draw(ANY)
    return row


@given(st.data())
@settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate]
)
def test_every_row_is_accepted_or_rejected_by_name(data: st.DataObject) -> None:
    tables = {name: [sound(name), *data.draw(st.lists(spoilt(name), max_size=6), label=name)] for name in TABLES}
    with TemporaryDirectory() as folder:
        account_for(Path(folder), check(Path(folder), tables), tables)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_every_column(tmp_path: Path, kind: str) -> None:
    tables = {name: [sound(name), *one_by_one(sound(name), KINDS[kind])] for name in TABLES}
    account_for(tmp_path, check(tmp_path, tables), tables)


def one_by_one(row: Sequence[str], values: Sequence[str]) -> Iterator[list[str]]:
    """The row with each cell replaced by each value."""
    for place in range(len(row)):
        yield from ([*row[:place], value, *row[place + 1 :]] for value in values)


def test_a_file_with_its_columns_swapped(tmp_path: Path) -> None:
    tables = {name: [sound(name), list(reversed(sound(name)))] for name in TABLES}
    store = check(tmp_path, tables)
    account_for(tmp_path, store, tables)
    assert store.report.tables["opportunities"].rejected == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_breaks_off(tmp_path: Path, share: float) -> None:
    rows = [[*sound("opportunities")] for _ in range(50)]
    for number, row in enumerate(rows):
        row[0] = f"O{number}"
    check(tmp_path, {"partners": [sound("partners")], "fx": [sound("fx")], "opportunities": rows})
    path = tmp_path / "opportunities.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    lines = path.read_bytes().count(b"\n") - 1 + (not path.read_bytes().endswith(b"\n"))
    report = Store.check(Settings(root=tmp_path, source=SOURCE)).report.tables["opportunities"]
    assert (report.read, report.accepted + report.rejected) == (lines, lines)
    assert report.rejected <= 1
