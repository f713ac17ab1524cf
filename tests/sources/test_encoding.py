"""Encodings are told apart, or asked for."""

# ruff: noqa: E501 - the lines of made files and of messages stay whole
from __future__ import annotations

import io

import pytest

from kpilib.errors import SettingsError, SourceError
from kpilib.sources.encoding import detect_encoding, named_encoding

HEADER = "partner_id,name\n"
GERMAN = HEADER + "".join(f"P{n},{name}\n" for n, name in enumerate(["Müller", "Weiß GmbH", "Jürgen Öz", "Café Olé", "10 €"]))
KOREAN = HEADER + "".join(f"P{n},{name}\n" for n, name in enumerate(["서울전자", "부산 상사", "한국유통"]))


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "utf-8-sig", "utf-8-sig"),
        (GERMAN, "cp1252", "cp1252"),
        (GERMAN, "utf-16", "utf-16"),
        (HEADER, "utf-16-le", "utf-16-le"),
        (HEADER, "utf-16-be", "utf-16-be"),
        (GERMAN, "utf-32", "utf-32"),
        (KOREAN, "cp949", "cp949"),
        (KOREAN, "utf-8", "utf-8"),
        (HEADER, "ascii", "utf-8"),
        ("", "ascii", "utf-8"),
    ],
)
def test_encodings(text: str, encoding: str, found: str):
    assert detect_encoding(io.BytesIO(text.encode(encoding)), "f.csv") == found


def test_an_old_encoding_after_megabytes_of_ascii_is_seen():
    data = HEADER.encode() + b"P1,Acme\n" * 700_000 + "P2,Müller\n".encode("cp1252")
    assert len(data) > 4 * 2**20
    assert detect_encoding(io.BytesIO(data), "f.csv") == "cp1252"


def test_one_bad_line_among_many_of_utf_8_changes_nothing():
    assert detect_encoding(io.BytesIO("é\n".encode() * 50 + b"\xe9\n"), "f.csv") == "utf-8"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Привет, мир\nМосква\nКазань\n", "cp1251"), ("Łódź\nMałgorzata\nPiąty\nWałęsa\n", "cp1250"), ("東京\n大阪\nカタカナ\n", "cp932")],
)
def test_other_encodings_are_asked_for(text: str, encoding: str):
    with pytest.raises(SourceError) as caught:
        detect_encoding(io.BytesIO(text.encode(encoding)), "f.csv")
    assert str(caught.value) == (
        'f.csv is not UTF-8, and which older encoding it has cannot be told for sure. Set it: [source] encoding = "cp1252" '
        '(Western European), "cp1250" (Central European), "cp1251" (Cyrillic), "cp949" (Korean), "cp932" (Japanese), '
        '"gb18030" (Chinese), or export it as UTF-8.'
    )


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04rest", "is an Excel workbook or another zip archive, not text"),
        (b"PAR1rest", "is a Parquet file, not text"),
        (b"\xd0\xcf\x11\xe0\xa1", "is a workbook of old Excel (.xls), not text"),
        (b"%PDF-1.7", "is a PDF, not text"),
    ],
)
def test_other_formats_under_a_text_ending_are_named(data: bytes, what: str):
    with pytest.raises(SourceError) as caught:
        detect_encoding(io.BytesIO(data), "f.csv")
    assert str(caught.value) == f"f.csv {what}. Give it the ending of what it is, or save it as CSV."


def test_a_web_page_is_named():
    with pytest.raises(SourceError) as caught:
        detect_encoding(io.BytesIO(b"\n <HTML><table>"), "f.csv")
    assert str(caught.value) == "f.csv is a web page or XML under another name. Export it as CSV or .xlsx."


def test_nul_bytes_are_no_text():
    with pytest.raises(SourceError) as caught:
        detect_encoding(io.BytesIO(b"a,b\n" + bytes(100)), "f.csv")
    assert str(caught.value) == "f.csv is not text: it is full of NUL bytes. Export it as CSV, Excel or Parquet."


def test_a_named_encoding():
    assert [named_encoding(name) for name in ("UTF-8", "latin1", "euc-kr")] == ["utf-8-sig", "iso8859-1", "euc_kr"]


@pytest.mark.parametrize("name", ["cp1525", "hex", "rot13"])
def test_a_name_of_no_encoding(name: str):
    with pytest.raises(SettingsError, match=f"^\\[source\\] encoding '{name}' is not an encoding\\."):
        named_encoding(name)
    with pytest.raises(SettingsError, match=r"Did you mean: cp1252\?"):
        named_encoding("cp1525")
