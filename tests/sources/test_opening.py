"""A folder of files named as our tables, and every way in which text files are written."""

# ruff: noqa: E501 - the lines of made files and of messages stay whole
from __future__ import annotations

import gzip

import pytest

from kpilib.errors import SettingsError, SourceError
from kpilib.sources import Format

OPPORTUNITIES = "opportunity_id,partner_id,created_on,closed_on,outcome,amount\n"


def test_files_named_as_the_tables(write, read, rows, partners):
    write(partners__csv=partners, opportunities__csv=OPPORTUNITIES + "O1,P1,2026-01-02,,open, 10.50 \n\n,,,,,\nO2,P2,2026-01-03,2026-02-01,won,7\n")
    tables = read().tables
    assert list(tables) == ["partners", "opportunities"]
    assert rows(tables["opportunities"]) == [
        {"#": 2, "opportunity_id": "O1", "partner_id": "P1", "created_on": "2026-01-02", "closed_on": None, "outcome": "open", "amount": "10.50"},
        {"#": 5, "opportunity_id": "O2", "partner_id": "P2", "created_on": "2026-01-03", "closed_on": "2026-02-01", "outcome": "won", "amount": "7"},
    ]
    batch = next(tables["opportunities"].batches())
    assert (batch.table, batch.file) == ("opportunities", "data/opportunities.csv")
    assert batch.formats == {name: Format() for name in ("created_on", "closed_on", "amount")}
    assert tables["partners"].columns == {"partner_id": "partner_id", "name": "name"}


def test_case_and_spaces_of_names_do_not_matter(write, read, rows, partners):
    write(
        Partners__CSV="Partner ID;NAME\nP1;Acme\n",
        opportunities__csv="Opportunity-Id,PARTNER_ID,Created On,Outcome,Amount\nO1,P1,2026-01-01,open,1\n",
    )
    tables = read().tables
    assert rows(tables["partners"]) == [{"#": 2, "partner_id": "P1", "name": "Acme"}]
    assert rows(tables["opportunities"])[0]["opportunity_id"] == "O1"


def test_several_files_of_one_table(tmp_path, write, read, rows, partners):
    folder = write(partners__csv=partners, **{"opportunities-2025__csv": OPPORTUNITIES + "O1,P1,2025-01-01,,open,1\n"})
    (folder / "opportunities-2026.csv.gz").write_bytes(gzip.compress((OPPORTUNITIES + "O2,P1,2026-01-01,,open,2\n").encode()))
    (folder / "leads").mkdir()
    (folder / "leads" / "q1.csv").write_text("lead_id,partner_id,created_on,channel\nL1,P1,2026-01-01,Web\n")
    sources = read()
    assert [row["opportunity_id"] for row in rows(sources.tables["opportunities"])] == ["O1", "O2"]
    assert [row["lead_id"] for row in rows(sources.tables["leads"])] == ["L1"]
    assert [file.path for file in sources.files()] == [
        str(folder / name) for name in ("partners.csv", "opportunities-2025.csv", "opportunities-2026.csv.gz", "leads/q1.csv")
    ]
    assert all(file.kind == "file" and file.size and file.mtime_ns for file in sources.files())


def test_a_pattern(write, read, rows, partners):
    write(partners__csv=partners, opportunities__csv=OPPORTUNITIES + "O1,P1,2026-01-01,,open,1\n", leads__csv="not,a,lead\n")
    assert list(read(path="data/[op]*.csv").tables) == ["partners", "opportunities"]


def test_an_fsspec_address(read, rows, partners):
    import fsspec

    system = fsspec.filesystem("memory")
    system.pipe("/crm/partners.csv", partners.encode())
    system.pipe("/crm/opportunities.csv", (OPPORTUNITIES + "O1,P1,2026-01-01,,open,1\n").encode())
    try:
        sources = read(path="memory://crm")
        assert [row["name"] for row in rows(sources.tables["partners"])] == ["Acme", "Borealis"]
        assert [(file.path, file.kind, file.size) for file in sources.files()] == [
            ("memory:///crm/partners.csv", "address", 36), ("memory:///crm/opportunities.csv", "address", 87),
        ]  # fmt: skip
        assert next(sources.tables["partners"].batches()).file == "memory:///crm/partners.csv"
    finally:
        system.rm("/crm", recursive=True)


def test_lines_that_are_no_rows_are_carried(write, read, rows, broken, partners):
    write(
        partners__csv=partners,
        opportunities__csv=OPPORTUNITIES + 'O1,P1,2026-01-01,,open,1,extra\nO2,P1,2026-01-01\n"O3,P1,2026-01-01,,open,1\nO4,P1,2026-01-01,,open,\0\nO5,P1,2026-01-01,,open,5\n',
    )
    table = read().tables["opportunities"]
    assert [(row["#"], row["opportunity_id"]) for row in rows(table)] == [(6, "O5")]
    assert broken(table) == [
        (2, "O1,P1,2026-01-01,,open,1,extra", "too_many_fields"),
        (3, "O2,P1,2026-01-01", "too_few_fields"),
        (4, '"O3,P1,2026-01-01,,open,1', "broken_quote"),
        (5, "O4,P1,2026-01-01,,open,\\0", "nul_byte"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_encodings_of_files(write, read, rows, partners, encoding):
    write(partners__csv="partner_id\tname\nP1\t서울전자\nP2\t부산 상사\n".encode(encoding), opportunities__csv=OPPORTUNITIES)
    tables = read().tables
    assert [row["name"] for row in rows(tables["partners"])] == ["서울전자", "부산 상사"]
    said = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    assert tables["partners"].described == {"data/partners.csv": f"{said}, tab"}


def test_an_encoding_that_only_the_end_of_a_large_file_tells(write, read, rows):
    text = "partner_id,name\n" + "P1,Acme\n" * 100_000 + "P2,Müller\n"
    write(partners__csv=text.encode("cp1252"), opportunities__csv=OPPORTUNITIES)
    assert rows(read().tables["partners"])[-1] == {"#": 100_002, "partner_id": "P2", "name": "Müller"}


def test_settings_go_before_detection(write, read, rows):
    write(partners__csv="partner_id|name\nP1|Привет, мир\n".encode("cp1251"), opportunities__csv="a")
    tables = {}
    with pytest.raises(SourceError, match="no column for opportunities"):
        tables = read(encoding="cp1251", separator="|").tables
    assert tables == {}
    write(opportunities__csv=OPPORTUNITIES.replace(",", "|"))
    assert rows(read(encoding="cp1251", separator="|").tables["partners"])[0]["name"] == "Привет, мир"


def test_excels_own_word_on_the_separator(write, read, rows):
    write(partners__csv="sep=;\npartner_id;name\nP1;Acme, Inc.\n", opportunities__csv=OPPORTUNITIES)
    tables = read().tables
    assert rows(tables["partners"]) == [{"#": 3, "partner_id": "P1", "name": "Acme, Inc."}]
    assert tables["partners"].described == {"data/partners.csv": "utf-8, semicolon, header in row 2"}


def test_lines_above_the_header(write, read, rows):
    write(partners__csv="Partners of 2026\n\npartner_id,name\nP1,Acme\n", opportunities__csv=OPPORTUNITIES)
    assert rows(read().tables["partners"]) == [{"#": 4, "partner_id": "P1", "name": "Acme"}]


def test_german_dates_and_numbers(write, read, rows, partners):
    write(partners__csv=partners, opportunities__csv="opportunity_id;partner_id;created_on;outcome;amount\nO1;P1;31.12.2026;open;1.234,50\n")
    table = read().tables["opportunities"]
    batch = next(table.batches())
    assert batch.formats == {"created_on": Format(date="%d.%m.%Y"), "amount": Format(decimal=",")}
    assert batch.data["amount"].to_pylist() == ["1.234,50"]
    assert table.columns["created_on"] == "created_on [%d.%m.%Y]"
    assert table.columns["amount"] == "amount [decimal comma]"


def test_dates_that_can_be_read_in_two_ways_are_asked_for(write, read, rows, partners):
    write(partners__csv=partners, opportunities__csv=OPPORTUNITIES + "O1,P1,03/04/2026,05/06/2026,won,1\n")
    with pytest.raises(SourceError) as caught:
        list(read().tables["opportunities"].batches())
    assert str(caught.value) == (
        "data/opportunities.csv: the dates in column 'created_on' can be read with the day first or with the month first "
        "(such as 03/04/2026), and no other date in the file tells which. "
        'Set [source] date_format = "%d/%m/%Y" (day first) or "%m/%d/%Y" (month first), or for this column alone '
        '[source.mapping.opportunities] created_on = { column = "created_on", date = … }.\n'
        "data/opportunities.csv: the dates in column 'closed_on' can be read with the day first or with the month first "
        "(such as 05/06/2026), and no other date in the file tells which. "
        'Set [source] date_format = "%d/%m/%Y" (day first) or "%m/%d/%Y" (month first), or for this column alone '
        '[source.mapping.opportunities] closed_on = { column = "closed_on", date = … }.'
    )
    assert next(read(date_format="DD/MM/YYYY").tables["opportunities"].batches()).formats["created_on"].date == "%d/%m/%Y"
    mapping = {"opportunities": {name: {"column": name, "date": "%m/%d/%Y"} for name in ("created_on", "closed_on")}}
    assert next(read(mapping).tables["opportunities"].batches()).formats["closed_on"].date == "%m/%d/%Y"


def test_another_date_of_the_file_decides(write, read, partners):
    write(partners__csv=partners, opportunities__csv=OPPORTUNITIES + "O1,P1,03/04/2026,05/16/2026,won,1\n")
    assert next(read().tables["opportunities"].batches()).formats["created_on"].date == "%m/%d/%Y"


def test_a_date_far_down_decides(write, read, partners):
    lines = "".join(f"O{n},P1,03/04/2026,,open,1\n" for n in range(250_000)) + "O,P1,03/14/2026,,open,1\n"
    write(partners__csv=partners, opportunities__csv=OPPORTUNITIES + lines)
    assert next(read().tables["opportunities"].batches()).formats["created_on"].date == "%m/%d/%Y"


def test_dates_written_in_two_ways(write, read, partners):
    write(partners__csv=partners, opportunities__csv=OPPORTUNITIES + "O1,P1,13/04/2026,,open,1\nO2,P1,04/13/2026,,open,1\n")
    with pytest.raises(SourceError) as caught:
        list(read().tables["opportunities"].batches())
    assert str(caught.value) == (
        "data/opportunities.csv: the dates in column 'created_on' are written in two ways: 13/04/2026 has the day first, "
        '04/13/2026 the month. Set [source] date_format = "%d/%m/%Y" (day first) or "%m/%d/%Y" (month first), or for this '
        'column alone [source.mapping.opportunities] created_on = { column = "created_on", date = … }.'
    )


def test_numbers_that_can_be_read_in_two_ways_are_asked_for(write, read, partners):
    write(partners__csv=partners, opportunities__csv="opportunity_id;partner_id;created_on;outcome;amount\nO1;P1;2026-01-01;open;1.234\n")
    with pytest.raises(SourceError) as caught:
        list(read().tables["opportunities"].batches())
    assert str(caught.value) == (
        "data/opportunities.csv: the numbers in column 'amount' can be read with a decimal point or a decimal comma "
        '(such as 1.234). Set [source] decimal = "." or ",", or for this column alone [source.mapping.opportunities] '
        'amount = { column = "amount", decimal = … }.'
    )
    assert next(read(decimal=",").tables["opportunities"].batches()).formats["amount"].decimal == ","


def test_day_numbers_in_text_become_dates(write, read, rows, partners):
    write(partners__csv=partners, opportunities__csv=OPPORTUNITIES + "O1,P1,45291,,open,1\nO2,P1,never,,open,1\n")
    assert [row["created_on"] for row in rows(read().tables["opportunities"])] == ["2023-12-31 00:00:00", "never"]


def test_a_pivot_is_refused(write, read, partners):
    write(partners__csv=partners, opportunities__csv="stage,Won,,,,Sales Performance\n,Q4,Q3,Q2,Q1,Total\nAnn,1,2,3,4,10\n")
    with pytest.raises(SourceError) as caught:
        read()
    assert str(caught.value) == (
        "data/opportunities.csv is not a table of opportunities: 3 of the 6 columns in its first row have no name, as in "
        "a pivot or a report. Save the rows themselves, with the columns' names in the first row."
    )


def test_every_missing_column_of_every_file_is_named(write, read):
    write(partners__csv="partner_id,nmae\n", opportunities__csv="opportunity_id,partner_id,created,outcome,amount\n")
    with pytest.raises(SourceError) as caught:
        read()
    assert str(caught.value) == (
        "data/partners.csv: no column for partners.name. Did you mean: nmae?\n"
        "data/partners.csv has: partner_id, nmae. Name the column in [source.mapping.partners], or add it to the file.\n"
        "data/opportunities.csv: no column for opportunities.created_on. Did you mean: created?\n"
        "data/opportunities.csv has: opportunity_id, partner_id, created, outcome, amount. "
        "Name the column in [source.mapping.opportunities], or add it to the file."
    )


def test_a_doubled_column_is_refused(write, read):
    write(partners__csv="partner_id,name,Name \nP1,a,b\n", opportunities__csv=OPPORTUNITIES)
    assert read().tables["partners"].columns["name"] == "name"  # one is spelled as asked for
    write(partners__csv="partner_id,name,name\nP1,a,b\n")
    with pytest.raises(SourceError, match=r"^data/partners.csv: the column 'name' occurs more than once; rename one\n"):
        read()


def test_a_table_that_is_there_twice(write, read, partners):
    write(partners__csv=partners, partners__tsv=partners, opportunities__csv=OPPORTUNITIES)
    with pytest.raises(SourceError) as caught:
        read()
    assert str(caught.value) == "partners is there more than once: data/partners.csv, data/partners.tsv. Keep one of them."


def test_a_missing_table_is_named_with_what_is_there(write, read, partners):
    write(partners__csv=partners, oportunities__csv=OPPORTUNITIES)
    with pytest.raises(SourceError) as caught:
        read()
    assert str(caught.value) == (
        "data has no file for opportunities. It has: data/oportunities.csv, data/partners.csv. Did you mean: oportunities? "
        "Name the files as the tables (such as opportunities.csv), or set a preset or [source.mapping]; "
        "`kpilib map FILE` proposes one."
    )


def test_an_empty_file(write, read):
    write(partners__csv="", opportunities__csv=b"\xef\xbb\xbf\n \n")
    with pytest.raises(SourceError) as caught:
        read()
    assert str(caught.value) == "data/partners.csv is empty.\ndata/opportunities.csv is empty."


def test_no_such_place(tmp_path, read):
    with pytest.raises(SourceError) as caught:
        read(path="nowhere")
    assert str(caught.value) == (
        f"[source] path 'nowhere' does not exist (looked at {tmp_path}/nowhere). Name a folder, a file or a pattern, "
        "relative to the folder of kpilib.toml."
    )
    with pytest.raises(SourceError, match=r"^\[source\] path 'x\*\.csv' matches no file "):
        read(path="x*.csv")


def test_no_place_at_all(read):
    with pytest.raises(SettingsError) as caught:
        read(path=None)
    assert str(caught.value) == (
        'Where are the data? Set [source] path = "…" (a folder, a file or a pattern) or url = "…" (a database).'
    )


def test_a_password_in_an_address_is_refused_and_not_repeated(read):
    with pytest.raises(SourceError) as caught:
        read(path="ftp://me:secret@host/data")
    assert str(caught.value) == (
        "[source] path holds a password: ftp://host/data. Take it out of the file; fsspec reads credentials from the "
        "environment."
    )


def test_an_unknown_kind_of_address(read):
    with pytest.raises(SourceError, match=r"^nosuch://x cannot be read: Protocol not known: nosuch"):
        read(path="nosuch://x")


def test_formulas_and_control_signs_are_text(write, read, rows):
    write(partners__csv="partner_id,name\nP1,=1+1\nP2,\x07bell\u202eright\nP3,@SUM(A1)\n", opportunities__csv=OPPORTUNITIES)
    assert [row["name"] for row in rows(read().tables["partners"])] == ["=1+1", "\x07bell\u202eright", "@SUM(A1)"]


def test_unused_columns(write, read):
    write(partners__csv="partner_id,name,colour\nP1,Acme,red\n", opportunities__csv=OPPORTUNITIES)
    table = read().tables["partners"]
    assert table.unused == {"data/partners.csv": ("colour",)}


def test_a_damaged_archive(write, read):
    write(partners__csv="partner_id,name\n", opportunities__csv__gz=gzip.compress(OPPORTUNITIES.encode() * 9)[:-12])
    with pytest.raises(SourceError, match=r"^data/opportunities.csv.gz cannot be read: "):
        read()
