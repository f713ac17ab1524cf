"""SQLite and DuckDB in a file, and a real PostgreSQL server that the test starts."""

# ruff: noqa: E501 - the lines of made files and of messages stay whole
from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from kpilib.errors import SettingsError, SourceError

SCHEMA = """
create table partners (partner_id text, name text);
insert into partners values ('P1', 'Acme'), ('P2', 'Borealis');
create table "Deals" (id integer, partner text, opened text, closed text, state text, value numeric);
insert into "Deals" values (1, 'P1', '2026-01-02', '2026-02-03', 'W', 10.5), (2, 'P2', '2026-01-03', null, 'O', null);
"""
QUERY = """
-- what is open or won
select id as opportunity_id, partner as partner_id, opened as created_on, closed as closed_on,
  case state when 'W' then 'won' else 'open' end as outcome, value as amount
from "Deals";
"""


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        connection.executescript(SCHEMA)
    connection.close()
    return tmp_path / "crm.db"


@pytest.fixture
def duckdb_file(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as connection:
        connection.execute(SCHEMA.replace("numeric", "decimal(18, 2)").replace("opened text", "opened date"))
    return tmp_path / "crm.duckdb"


def test_a_query_of_sqlite(sqlite_file, read, rows):
    sources = read(url="sqlite:///crm.db", tables={"partners": "partners", "opportunities": QUERY})
    tables = sources.tables
    assert rows(tables["opportunities"]) == [
        {"#": 1, "opportunity_id": "1", "partner_id": "P1", "created_on": "2026-01-02", "closed_on": "2026-02-03", "outcome": "won", "amount": 10.5},
        {"#": 2, "opportunity_id": "2", "partner_id": "P2", "created_on": "2026-01-03", "closed_on": None, "outcome": "open", "amount": None},
    ]
    assert next(tables["opportunities"].batches()).file == "query of opportunities"
    assert next(tables["partners"].batches()).file == "partners"
    assert tables["partners"].described == {"partners": "sqlite:///crm.db, table"}
    assert [(file.path.split()[0], file.kind) for file in sources.files()] == [("sqlite:///crm.db", "sql")] * 2


def test_nothing_is_written_to_sqlite(sqlite_file, read):
    with pytest.raises(SourceError, match=r"^sqlite:///crm.db cannot be read: (attempt to write a readonly database|.*returns? rows)"):
        read(url="sqlite:///crm.db", tables={"partners": "with x as (select 1) insert into partners select 1, 2 from x returning *"})


def test_a_table_under_a_mapping(sqlite_file, read, rows):
    rules = {
        "opportunities": {
            "opportunity_id": "ID", "partner_id": "partner", "created_on": "opened", "closed_on": "closed", "amount": "value",
            "outcome": {"column": "state", "values": {"W": "won", "O": "open"}},
        }
    }  # fmt: skip
    tables = read(rules, url="sqlite:///crm.db", tables={"partners": "partners", "opportunities": "deals"}).tables
    assert [row["outcome"] for row in rows(tables["opportunities"])] == ["won", "open"]


def test_tables_named_as_ours_need_no_naming(sqlite_file, read, rows, write):
    with pytest.raises(SourceError) as caught:
        read(url="sqlite:///crm.db")
    assert str(caught.value) == "The database has no table named opportunities. Name tables or queries in [source.tables]."
    write(opportunities__csv="opportunity_id,partner_id,created_on,outcome,amount\n")
    assert rows(read(url="sqlite:///crm.db", path="data").tables["partners"])[0]["name"] == "Acme"


def test_duckdb(duckdb_file, read, rows):
    tables = read(url="duckdb:///crm.duckdb", tables={"partners": "partners", "opportunities": QUERY}).tables
    assert rows(tables["opportunities"])[0] == {
        "#": 1, "opportunity_id": "1", "partner_id": "P1", "created_on": date(2026, 1, 2), "closed_on": "2026-02-03", "outcome": "won", "amount": Decimal("10.50"),
    }  # fmt: skip


def test_duckdb_queries_files_of_the_workspace(write, read, rows, partners):
    write(partners__csv=partners, deals__csv="Id,P,C,V\n1,P1,2026-01-01,10\n2,P1,2026-01-01,5\n")
    query = "select any_value(Id) as opportunity_id, P as partner_id, any_value(C) as created_on, 'open' as outcome, sum(V) as amount from 'data/deals.csv' group by P"
    tables = read(url="duckdb://", path="data", tables={"opportunities": query}).tables
    assert [(row["amount"], row["created_on"]) for row in rows(tables["opportunities"])] == [(15, date(2026, 1, 1))]


def test_a_table_that_is_not_there(sqlite_file, duckdb_file, read):
    with pytest.raises(SourceError) as caught:
        read(url="sqlite:///crm.db", tables={"partners": "partner"})
    assert str(caught.value) == "sqlite:///crm.db has no table 'partner'. Did you mean: partners? It has: Deals, partners."
    with pytest.raises(SourceError, match=r"has no table 'deal'\. Did you mean: Deals\?"):
        read(url="duckdb:///crm.duckdb", tables={"partners": "deal"})


def test_a_wrong_query(sqlite_file, duckdb_file, read):
    with pytest.raises(SourceError, match=r"^sqlite:///crm.db cannot be read: no such column: nmae[.]$"):
        read(url="sqlite:///crm.db", tables={"partners": "select nmae from partners"})
    with pytest.raises(SourceError, match=r"^duckdb:///crm.duckdb cannot be read: Binder Error: "):
        read(url="duckdb:///crm.duckdb", tables={"partners": "select nmae from partners"})


def test_a_database_that_is_not_there(tmp_path, read):
    with pytest.raises(SourceError) as caught:
        read(url="sqlite:///none.db")
    assert str(caught.value) == f"sqlite:///none.db cannot be read: there is no file {tmp_path}/none.db."
    assert not (tmp_path / "none.db").exists()


def test_an_address_that_is_none(read):
    with pytest.raises(SettingsError) as caught:
        read(url="crm.db")
    assert str(caught.value) == (
        "[source] url is not a database's address. Examples: postgresql+psycopg://host/database, sqlite:///crm.db, "
        "duckdb:///crm.duckdb."
    )


def test_unknown_tables_in_the_settings(read):
    with pytest.raises(SettingsError) as caught:
        read(url="duckdb://", tables={"partner": "p"})
    assert str(caught.value) == "[source.tables] partner: no such table. Did you mean: partners?"
    with pytest.raises(SettingsError) as caught:
        read(tables={"partners": "p"})
    assert str(caught.value) == '[source.tables] names tables of a database; set [source] url = "…" too.'


def test_a_password_in_the_settings_file_is_refused_and_not_repeated(read, monkeypatch):
    url = "postgresql://me:hunter2@localhost:1/crm"
    with pytest.raises(SettingsError) as caught:
        read(url=url)
    assert str(caught.value) == (
        "[source] url holds a password (postgresql://localhost:1/crm). Take it out of the file and set "
        "KPILIB_SOURCE_PASSWORD (and KPILIB_SOURCE_USER) in the environment."
    )
    monkeypatch.setenv("KPILIB_SOURCE__URL", url)
    with pytest.raises(SourceError, match=r"^postgresql://localhost:1/crm cannot be read: ") as refused:
        read(url=url)
    assert "hunter2" not in str(refused.value)


def test_a_database_without_its_driver(read):
    with pytest.raises(SourceError, match=r"^mysql://host/crm cannot be read: the driver is not installed"):
        read(url="mysql://host/crm")


BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server in a temporary folder, on a socket there; its address."""
    if not BINARIES:
        pytest.skip("no PostgreSQL server is installed")
    binaries = BINARIES[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path must be short
    run = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        run = ["runuser", "-u", "postgres", "--"]
    (folder / "password").write_text("hunter2\n")
    (folder / "password").chmod(0o644)
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    try:
        subprocess.run(
            [*run, str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "keeper", "--auth=scram-sha-256", "-E", "UTF8",
             "--locale=C", "--no-sync", f"--pwfile={folder / 'password'}"], check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        control = [*run, str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w", "-l", str(folder / "log")]
        subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        try:
            yield f"postgresql+psycopg://keeper@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def filled(postgresql: str) -> Iterator[str]:
    import psycopg

    address = postgresql.replace("+psycopg", "").replace("keeper@", "keeper:hunter2@")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("create schema crm")
        connection.execute("create table crm.partners (partner_id text primary key, name text)")
        connection.execute("insert into crm.partners values ('P1', 'Acme'), ('P2', '한국 100% : x')")
        connection.execute(
            'create table "Opportunities" (opportunity_id uuid default gen_random_uuid(), partner_id text, '
            "created_on timestamptz, closed_on date, outcome text, amount numeric(20, 2))"
        )
        connection.execute(
            "insert into \"Opportunities\" (partner_id, created_on, closed_on, outcome, amount) select 'P1', "
            "'2026-01-01 10:00+00'::timestamptz + n * interval '1 minute', '2026-03-01', 'won', n + 0.25 from generate_series(1, 45000) n"
        )
        try:
            yield postgresql
        finally:
            connection.execute('drop schema crm cascade; drop table "Opportunities"')


def test_postgresql(filled, read, rows, monkeypatch):
    monkeypatch.setenv("KPILIB_SOURCE_PASSWORD", "hunter2")
    sources = read(url=filled, tables={"partners": "crm.partners", "opportunities": "opportunities"})
    assert [row["name"] for row in rows(sources.tables["partners"])] == ["Acme", "한국 100% : x"]
    found = rows(sources.tables["opportunities"])
    assert [row["#"] for row in found] == list(range(1, 45_001))
    assert sum(row["amount"] for row in found) == Decimal("1012533750.00")
    assert found[0]["created_on"].date() == date(2026, 1, 1)
    assert isinstance(found[0]["created_on"], datetime)
    assert found[0]["closed_on"] == datetime(2026, 3, 1)  # noqa: DTZ001
    assert len(found[0]["opportunity_id"]) == 36


def test_a_postgresql_query_with_percent_signs_colons_and_casts(filled, read, rows, monkeypatch):
    monkeypatch.setenv("KPILIB_SOURCE_PASSWORD", "hunter2")
    query = "select partner_id, name from crm.partners where name like '%100\\% : x' and '12:30'::time > '1:00'::time"
    with pytest.raises(SourceError, match="no table named opportunities"):
        read(url=filled, tables={"partners": query})
    tables = read(url=filled, tables={"partners": query, "opportunities": "opportunities"}).tables
    assert [row["partner_id"] for row in rows(tables["partners"])] == ["P2"]


def test_nothing_is_written_to_postgresql(filled, read, monkeypatch):
    monkeypatch.setenv("KPILIB_SOURCE_PASSWORD", "hunter2")
    query = "with x as (delete from crm.partners returning *) select * from x"
    with pytest.raises(SourceError, match=r"must not contain data-modifying statements|read-only transaction"):
        read(url=filled, tables={"partners": query})


def test_a_wrong_postgresql_password_is_not_repeated(filled, read, monkeypatch):
    monkeypatch.setenv("KPILIB_SOURCE_PASSWORD", "tr0ub4dor")
    with pytest.raises(SourceError, match=r"cannot be read: .*password authentication failed") as caught:
        read(url=filled, tables={"partners": "crm.partners"})
    assert "tr0ub4dor" not in str(caught.value)
