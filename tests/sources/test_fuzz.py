"""Whatever the bytes: an error of ours or rows, and no line is lost."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from kpilib.errors import KpilibError
from kpilib.settings import Settings
from kpilib.sources import Sources, open_sources
from kpilib.sources.propose import propose_mapping

HEADER = b"opportunity_id,partner_id,created_on,closed_on,outcome,amount\n"
GOOD = HEADER + b"O1,P1,2026-01-02,2026-02-03,won,10.50\n" + b'O2,"P, 2",2026-01-03,,open,\n' * 3
PROFILE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def opened(name: str, content: bytes, **source: object) -> Sources | None:
    """Open a workspace with one odd file; None if it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "partners.csv").write_bytes(b"partner_id,name\nP1,Acme\n")
        (root / name).write_bytes(content)
        said: list[str] = []
        for act in (lambda: propose_mapping(root / name), lambda: counted(root, source)):
            try:
                result = act()
            except KpilibError as error:
                result = None
                said.append(str(error))
    assert all(text and "\0" not in text for text in said)
    return result


def counted(root: Path, source: dict[str, object]) -> int:
    table = open_sources(Settings(root=root, source={"path": ".", **source})).tables["opportunities"]
    total, numbers = 0, []
    for batch in table.batches():
        batch.data.validate(full=True)
        total += batch.data.num_rows + len(batch.broken) + sum(batch.left_out.values())
        numbers += batch.rows.to_pylist() + [line.row for line in batch.broken]
    assert len(set(numbers)) == len(numbers)
    return total


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"sep=")
@example(b"\xef\xbb\xbf")
@PROFILE
def test_arbitrary_bytes_as_csv(content: bytes):
    opened("opportunities.csv", content)
    opened("opportunities.csv", HEADER + content)


@given(st.binary(max_size=200), st.sampled_from([".xlsx", ".parquet", ".jsonl", ".json", ".csv.gz", ".txt"]))
@PROFILE
def test_arbitrary_bytes_as_anything(content: bytes, suffix: str):
    opened("opportunities" + suffix, content)


@given(st.integers(0, len(GOOD)), st.sampled_from(["utf-8", "utf-16", "cp949"]))
@PROFILE
def test_a_file_cut_anywhere(cut: int, encoding: str):
    opened("opportunities.csv", GOOD.decode().encode(encoding)[:cut])


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6))
@PROFILE
def test_bytes_changed_anywhere(changes: list[tuple[int, int]]):
    content = bytearray(GOOD)
    for place, value in changes:
        content[place] = value
    opened("opportunities.csv", bytes(content))


@given(st.lists(st.text(alphabet='O,"1\t;=\x07\u202e한é ', max_size=30), max_size=30))
@PROFILE
def test_no_line_is_lost(lines: list[str]):
    # Without quoted line ends each line that holds anything is one row, accepted or broken.
    content = HEADER + "".join(line + "\n" for line in lines).encode()
    total = opened("opportunities.csv", content, separator=",", encoding="utf-8")
    held = [line for line in lines if line.strip(', "\t')]
    blank = [line for line in lines if not line.strip(', "\t')]
    if all(line.count('"') == 0 for line in lines):
        assert total is None or len(held) <= total <= len(held) + len(blank)


def workbook() -> bytes:
    made = openpyxl.Workbook()
    made.active.append(HEADER.decode().strip().split(","))
    made.active.append(["O1", "P1", "2026-01-01", None, "open", 3])
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def parquet_file() -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pa.table({name: ["x"] for name in HEADER.decode().strip().split(",")}), stream)
    return stream.getvalue()


@pytest.mark.parametrize(("suffix", "content"), [(".xlsx", workbook()), (".parquet", parquet_file())])
def test_binary_files_cut_or_changed(suffix: str, content: bytes):
    step = max(1, len(content) // 25)
    for place in range(0, len(content), step):
        opened("opportunities" + suffix, content[:place])
        opened("opportunities" + suffix, content[:place] + b"\xff\x00\xff" + content[place + 3 :])


def test_a_huge_field():
    content = HEADER + b'O1,P1,2026-01-01,,open,"' + b"9" * 3_000_000 + b'"\nO2,P1,2026-01-01,,open,1\n'
    assert opened("opportunities.csv", content) == 2
