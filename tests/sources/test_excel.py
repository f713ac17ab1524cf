"""Workbooks: sheets, types, formulas, titles above the header."""

# ruff: noqa: E501, DTZ001 - the lines of made files and of messages stay whole; a workbook's dates have no zone
from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from kpilib.errors import SourceError

OPPORTUNITIES = "opportunity_id,partner_id,created_on,outcome,amount\n"


def book(**sheets: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, lines in sheets.items():
        sheet = made.create_sheet(name)
        for line in lines:
            sheet.append(line)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def test_a_workbook_with_a_sheet_per_table(write, read, rows):
    write(
        crm__xlsx=book(
            Notes=[["nothing"]],
            Partners=[["partner_id", "name"], [1, "Acme"], [None, None], [2, " "]],
            opportunities=[
                ["opportunity_id", "partner_id", "created_on", "closed_on", "outcome", "amount"],
                ["O1", 1, date(2026, 1, 2), datetime(2026, 2, 3, 4, 5), "won", 10.5],
                ["O2", 2, date(2026, 1, 3), None, "open", None],
            ],
        )
    )
    tables = read(path="data/crm.xlsx").tables
    assert rows(tables["partners"]) == [
        {"#": 2, "partner_id": "1", "name": "Acme"}, {"#": 4, "partner_id": "2", "name": None},
    ]  # fmt: skip
    assert rows(tables["opportunities"]) == [
        {"#": 2, "opportunity_id": "O1", "partner_id": "1", "created_on": datetime(2026, 1, 2), "closed_on": datetime(2026, 2, 3, 4, 5), "outcome": "won", "amount": 10.5},
        {"#": 3, "opportunity_id": "O2", "partner_id": "2", "created_on": datetime(2026, 1, 3), "closed_on": None, "outcome": "open", "amount": None},
    ]
    assert next(tables["partners"].batches()).file == "data/crm.xlsx (Partners)"
    assert tables["partners"].described == {"data/crm.xlsx (Partners)": "Excel, sheet Partners"}


def test_titles_above_the_header_and_day_numbers(write, read, rows, partners):
    write(
        partners__csv=partners,
        opportunities__xlsx=book(
            Report=[
                ["Opportunities", None], ["as of today"], [],
                ["Opportunity Id", "Partner Id", "Created On", "Outcome", "Amount"],
                ["O1", "P1", 45291, "open", 3],
            ]
        ),
    )
    table = read().tables["opportunities"]
    assert rows(table) == [
        {"#": 5, "opportunity_id": "O1", "partner_id": "P1", "created_on": 45291, "outcome": "open", "amount": 3}
    ]
    assert table.described == {"data/opportunities.xlsx": "Excel, sheet Report, header in row 4"}


def test_a_column_of_several_types_is_text(write, read, rows):
    write(
        partners__xlsx=book(
            A=[["partner_id", "name"], [7, "x"], [8.0, True], [1.5, datetime(2026, 1, 2)], ["P9", datetime(2026, 1, 2, 3, 4)]]
        ),
        opportunities__csv=OPPORTUNITIES,
    )
    found = rows(read().tables["partners"])
    assert [(row["partner_id"], row["name"]) for row in found] == [
        ("7", "x"), ("8", "true"), ("1.5", "2026-01-02"), ("P9", "2026-01-02 03:04:00"),
    ]  # fmt: skip


def test_a_formula_that_was_never_calculated_is_no_blank(write, read, rows):
    write(partners__xlsx=book(A=[["partner_id", "name"], ["P1", "=1+1"], ["P2", "Beta"]]), opportunities__csv=OPPORTUNITIES)
    assert [row["name"] for row in rows(read().tables["partners"])] == ["=1+1", "Beta"]


def test_a_formula_counts_with_its_saved_value(write, read, rows):
    made = io.BytesIO(book(A=[["partner_id", "name"], ["P1", "=1+1"]]))
    changed = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>").replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"))
    write(partners__xlsx=changed.getvalue(), opportunities__csv=OPPORTUNITIES)
    assert [row["name"] for row in rows(read().tables["partners"])] == ["2"]


def test_a_named_sheet_and_header(write, read, rows):
    write(crm__xlsx=book(A=[["x"]], Export=[["partner_id"], ["Code", "Company"], ["P1", "Acme"]]), opportunities__csv=OPPORTUNITIES)
    rules = {"partners": {"file": "crm.xlsx", "sheet": "export", "header": 2, "partner_id": "Code", "name": "Company"}}
    assert rows(read(rules).tables["partners"]) == [{"#": 3, "partner_id": "P1", "name": "Acme"}]
    with pytest.raises(SourceError) as caught:
        read({"partners": {**rules["partners"], "sheet": "Exports"}})
    assert str(caught.value) == "data/crm.xlsx has no sheet 'Exports'. Did you mean: Export? It has: A, Export."


@pytest.mark.parametrize("content", [b"", b"partner_id,name\n", b"PK\x03\x04 no archive", book(A=[["a"]])[:-40]])
def test_what_is_no_workbook(write, read, content):
    write(partners__xlsx=content, opportunities__csv=OPPORTUNITIES)
    with pytest.raises(SourceError, match=r"^data/partners.xlsx cannot be read as an Excel workbook: ") as caught:
        read()
    assert str(caught.value).endswith("Save it anew as .xlsx.")


def test_an_empty_sheet(write, read):
    write(partners__xlsx=book(A=[]), opportunities__csv=OPPORTUNITIES)
    with pytest.raises(SourceError) as caught:
        read()
    assert str(caught.value) == "data/partners.xlsx is empty."
