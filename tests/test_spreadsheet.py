"""kpis.xlsx: real numbers, text that stays text, bytes that repeat."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from kpilib.kpis import document, evaluate, to_json
from kpilib.language import Words
from kpilib.settings import Settings
from kpilib.spreadsheet import Cell, Entry, Sheet, partner_workbook, quarter_workbook, write_workbook

PARTNERS = "partner_id | name | region | tier\n007 | =HYPERLINK(\"http://x\") | @SUM(A1) | gold"
OPPORTUNITIES = """
opportunity_id | partner_id | created_on | closed_on  | outcome | amount  | rep     | product
+1             | 007        | 2026-07-01 | 2026-07-15 | won     | 200.10  | -2+3    | =A1
O2             | 007        | 2026-07-02 | 2026-07-16 | won     | 400.00  | Kim     | Box
O3             | 007        | 2026-07-03 | 2026-08-01 | lost    | 1.00    | Kim     | Box
O4             | 007        | 2025-07-03 | 2025-08-01 | won     | 300.05  | Kim     | Box
"""


@pytest.fixture(scope="module")
def held(module_workspace: Callable[..., Settings]) -> dict[str, Any]:
    """The kpis.json of a partner whose texts look like formulas."""
    from kpilib.build.round import Round

    around = Round.open(module_workspace(partners=PARTNERS, opportunities=OPPORTUNITIES), "2026Q3")
    slice_ = around.cut("007")
    read: dict[str, Any] = json.loads(to_json(document(slice_, evaluate(slice_))), parse_float=Decimal)
    return read


def open_book(data: bytes) -> Any:
    return load_workbook(BytesIO(data))


def rows(sheet: Any) -> list[dict[str, Any]]:
    """The rows of a sheet, by the labels of its header."""
    head, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_a_partners_figures_are_numbers_with_formats(held: dict[str, Any]) -> None:
    """Two deals, 200.10 and 400.00: 300.05 each. A year ago 300.05, so that the difference is 0."""
    book = open_book(partner_workbook(held, name="Elm", words=Words("en")))
    sheet = book["KPIs"]
    by_kpi = {row["KPI"]: row for row in rows(sheet)}
    size = by_kpi["Average deal size"]
    assert (size["Value"], size["n"], size["Same quarter of last year"]) == (300.05, 2, 300.05)
    assert size["Difference to last year, else to the quarter before"] == 0
    success = by_kpi["Deal success"]
    assert success["Value"] == pytest.approx(2 / 3)
    assert by_kpi["Close rate"]["Value"] is None
    assert by_kpi["Close rate"]["Because"] == "The data hold no leads."
    formats = {row[0].value: row[1].number_format for row in sheet.iter_rows(min_row=2)}
    assert formats["Average deal size"] == "#,##0.00"
    assert formats["Deal count"] == "#,##0"
    assert formats["Deal success"] == "0.0%"


def test_a_partners_tables(held: dict[str, Any]) -> None:
    book = open_book(partner_workbook(held, name="Elm", words=Words("en")))
    deals = rows(book["Deals"])
    assert [(row["Opportunity"], row["Closed on"].date(), row["Rep"], row["Amount"]) for row in deals] == [
        ("+1", date(2026, 7, 15), "-2+3", 200.1),
        ("O2", date(2026, 7, 16), "Kim", 400.0),
    ]
    assert rows(book["Eight quarters"])[1]["2026Q3"] == 2
    assert list(rows(book["Eight quarters"])[0])[1:] == [
        "2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3",
    ]  # fmt: skip
    bridge = rows(book["Pipeline bridge"])
    assert [row["Closing"] for row in bridge] == [1.0, 0.0, 0.0]


def test_a_quarter_has_a_row_per_partner_and_one_per_kpi(held: dict[str, Any]) -> None:
    texts = {"name": '=HYPERLINK("http://x")', "region": "@SUM(A1)", "tier": "gold"}
    partner = {"partner_id": "007", "manager": None, **texts}
    data = quarter_workbook(
        [Entry(partner, held)], quarter="2026Q3", as_of="2026-09-30", currency="USD", words=Words("en")
    )
    book = open_book(data)
    (wide,) = rows(book["Partners"])
    assert wide["Partner id"] == "007"
    assert wide["Partner"] == '=HYPERLINK("http://x")'
    assert (wide["Won amount"], wide["Deal count"], wide["Deal count: status"]) == (600.1, 2, "good")
    long = rows(book["KPIs"])
    assert [row["Key"] for row in long] == list(held["kpis"])
    assert {row["Region"] for row in long} == {"@SUM(A1)"}
    assert book["Partners"].freeze_panes == "C2"
    assert book["KPIs"].auto_filter.ref == "A1:U9"


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x","y")', "=1+1", "+1", "-1", "@SUM(A1)", "#REF!", "#N/A", "00123", "TRUE"]
)
def test_whatever_looks_like_a_formula_is_text(text: str) -> None:
    data = write_workbook([Sheet("One", ["Name"], [[Cell(text)]])], currency="USD", title="x")
    cell = open_book(data)["One"]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_edited_text_stays_text() -> None:
    """Excel keeps what has the quote prefix from becoming a formula when a person presses Enter in it."""
    data = write_workbook([Sheet("One", ["Name"], [[Cell("=1+1")], [Cell("plain")]])], currency="USD", title="x")
    sheet = open_book(data)["One"]
    assert (sheet["A2"].quotePrefix, sheet["A3"].quotePrefix) == (True, False)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x00b\x1fc", "a\ufffdb\ufffdc"),
        ("\ud800", "\ufffd"),
        ("two\nlines", "two\nlines"),
        ("느티나무 🌳", "느티나무 🌳"),
        ("x" * 40_000, "x" * 32_767),
    ],
)
def test_texts_that_a_workbook_cannot_hold(text: str, kept: str) -> None:
    data = write_workbook([Sheet("One", ["Name"], [[Cell(text)]])], currency="USD", title=text[:9])
    assert open_book(data)["One"]["A2"].value == kept


def test_an_escape_in_the_data_is_none_in_the_workbook() -> None:
    """Excel reads _x0041_ as A; escaped, it reads what the data hold."""
    data = write_workbook([Sheet("One", ["Name"], [[Cell("_x0041_")]])], currency="USD", title="x")
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert b"_x005F_x0041_" in archive.read("xl/worksheets/sheet1.xml")


def test_the_same_figures_give_the_same_bytes(held: dict[str, Any]) -> None:
    first = partner_workbook(held, name="Elm", words=Words("en"))
    time.sleep(2.1)  # a ZIP's clock ticks every two seconds
    assert partner_workbook(held, name="Elm", words=Words("en")) == first
    with zipfile.ZipFile(BytesIO(first)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None
    assert open_book(first).properties.modified.date() == date(2000, 1, 1)


@pytest.mark.parametrize(("currency", "shape"), [("USD", "#,##0.00"), ("KRW", "#,##0"), ("KWD", "#,##0.000")])
def test_money_has_its_currencys_digits(currency: str, shape: str) -> None:
    sheet = Sheet("One", ["Amount"], [[Cell(Decimal("1234.5"), "money")]])
    data = write_workbook([sheet], currency=currency, title="x")
    cell = open_book(data)["One"]["A2"]
    assert (cell.value, cell.number_format) == (1234.5, shape)


def test_kinds_of_cells() -> None:
    cells = [Cell(0.125, "rate"), Cell(-0.5, "ratio"), Cell(date(2026, 9, 30), "date"), Cell(None, "money"), Cell("")]
    data = write_workbook([Sheet("One", list("abcde"), [cells])], currency="USD", title="x")
    (row,) = open_book(data)["One"].iter_rows(min_row=2)
    values = [cell.value for cell in row]
    assert values[:2] + values[3:] == [0.125, -0.5, None, None]
    assert values[2].date() == date(2026, 9, 30)
    assert [cell.number_format for cell in row][:3] == ["0.0%", "+0.00;-0.00;0.00", "yyyy-mm-dd"]


def test_sheets_have_names_that_excel_allows() -> None:
    long = "Deals / by: rep [and] *product* of the year?"
    sheets = [Sheet(long, ["a"], []), Sheet(long, ["a"], []), Sheet("'", ["a"], [])]
    names = open_book(write_workbook(sheets, currency="USD", title="x")).sheetnames
    assert names == ["Deals   by  rep  and   product", "Deals   by  rep  and   produ 2", "Sheet"]
    assert all(len(name) <= 31 for name in names)


def test_every_table_has_a_name_in_every_language(held: dict[str, Any]) -> None:
    for language in ("en", "ko"):
        names = open_book(partner_workbook(held, name="Elm", words=Words(language))).sheetnames
        assert len(names) == len(set(names))
        assert all(len(name) <= 31 for name in names)
