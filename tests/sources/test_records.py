"""Records are cut strictly, whatever the size of the blocks, and no line is lost."""

# ruff: noqa: E501 - the lines of made files and of messages stay whole
from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpilib.sources import records
from kpilib.sources.records import cut_lines, cut_records


def cut(data: bytes, encoding: str = "utf-8", skip: int = 0) -> tuple[list[tuple[int, bytes]], list[tuple[int, str, str]]]:
    found, broken = [], []
    for piece in cut_records(io.BytesIO(data), encoding, ",", skip=skip):
        start = 0
        for row, end in zip(piece.rows.tolist(), piece.ends.tolist(), strict=True):
            found.append((row, piece.data[start:end]))
            start = end
        assert start == len(piece.data)
        broken += [tuple(line) for line in piece.broken]
    return found, broken


def test_a_quoted_field_may_hold_separators_and_line_ends():
    assert cut(b'a,b\n"x,\n""y""",2\n3,4') == ([(1, b"a,b\n"), (2, b'"x,\n""y""",2\n'), (3, b"3,4\n")], [])


def test_a_quote_that_is_never_closed_breaks_its_own_line_only():
    # Read leniently, the quote in row 2 would be closed by the one in row 4, and rows 3 and 4 would be gone.
    found, broken = cut(b'id,name,amount\n1,"Acme,100\n2,Beta,200\n3,"Gamma",300\n')
    assert found == [(1, b"id,name,amount\n"), (3, b"2,Beta,200\n"), (4, b'3,"Gamma",300\n')]
    assert broken == [(2, '1,"Acme,100', "broken_quote")]


def test_a_quote_open_until_the_end_breaks_its_own_line_only():
    assert cut(b'a\n"b\nc\n') == ([(1, b"a\n"), (3, b"c\n")], [(2, '"b', "broken_quote")])


def test_a_quote_inside_a_field_is_a_letter():
    assert cut(b'1,5" pipe\n2,"a"\n') == ([(1, b'1,5" pipe\n'), (2, b'2,"a"\n')], [])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end(end: bytes):
    assert cut(end.join([b"a", b"b", b""])) == ([(1, b"a\n"), (2, b"b\n")], [])


def test_a_line_with_a_nul_byte_is_broken():
    assert cut(b"a\nb\0c\nd\n") == ([(1, b"a\n"), (3, b"d\n")], [(2, "b\\0c", "nul_byte")])


def test_a_line_that_is_not_in_the_encoding_is_broken():
    assert cut("a\nMüller\n".encode() + b"M\xfcller\nd\n") == (
        [(1, b"a\n"), (2, "Müller\n".encode()), (4, b"d\n")],
        [(3, "M\\xfcller", "undecodable")],
    )


def test_a_line_without_end_is_broken_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "BLOCK", 64)
    monkeypatch.setattr(records, "LONGEST", 100)
    found, broken = cut(b"a\n" + b"x" * 1000 + b"\nb\n")
    assert found == [(1, b"a\n"), (3, b"b\n")]
    assert [(row, reason) for row, _, reason in broken] == [(2, "too_long")]


def test_utf_16_is_read_as_text():
    assert cut("\ufeffa,b\nÄ,한\n".encode("utf-16-le"), "utf-16")[0] == [(1, b"a,b\n"), (2, "Ä,한\n".encode())]


def test_a_cut_utf_16_character_breaks_its_line():
    assert cut("a\nb\n".encode("utf-16-le")[:-1], "utf-16-le")[1] == [(2, "b\ufffd", "undecodable")]


def test_the_header_is_counted_and_not_given():
    assert cut(b'"a\nb",c\n1,2\n"3\n', skip=1) == ([(2, b"1,2\n")], [(3, '"3', "broken_quote")])


def test_lines_are_numbered():
    assert list(cut_lines(io.BytesIO(b"a\n\nb\0\n\xff\n"), "utf-8")) == [
        (1, "a", ""), (2, "", ""), (3, "b\\0", "nul_byte"), (4, "\\xff", "undecodable"),
    ]  # fmt: skip


@given(st.text(alphabet='a",\n\r\0é', max_size=60).map(str.encode), st.integers(1, 20))
@settings(max_examples=300, deadline=None)
def test_the_size_of_the_blocks_changes_nothing(data: bytes, block: int):
    whole = cut(data)
    before = records.BLOCK
    try:
        records.BLOCK = block
        assert cut(data) == whole
    finally:
        records.BLOCK = before


@given(st.lists(st.lists(st.text(alphabet='a,"\n b', max_size=6), min_size=2, max_size=3), max_size=8))
@settings(max_examples=200, deadline=None)
def test_what_a_csv_writer_writes_is_cut_as_a_csv_reader_reads_it(table: list[list[str]]):
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(table)
    found, broken = cut(stream.getvalue().encode())
    assert broken == []
    assert [next(csv.reader(io.StringIO(record.decode(), newline=""))) for _, record in found] == table


@given(st.lists(st.text(alphabet='x,"', max_size=8), max_size=12))
@settings(max_examples=300, deadline=None)
def test_every_line_is_in_a_record_or_broken(lines: list[str]):
    found, broken = cut("".join(line + "\n" for line in lines).encode())
    assert sum(record.count(b"\n") for _, record in found) + len(broken) == len(lines)
    assert sorted([row for row, _ in found] + [row for row, _, _ in broken]) == list(range(1, len(found) + len(broken) + 1))
