"""Reads tables and queries of a database: SQLAlchemy's databases, and DuckDB by itself.

Nothing is written: sessions are read-only where the database knows such. Passwords come from the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kpilib.errors import SettingsError, SourceError, did_you_mean
from kpilib.sources.excel import to_column
from kpilib.sources.parquet import plain_column
from kpilib.sources.reader import BATCH_ROWS, Raw

if TYPE_CHECKING:
    from sqlalchemy import URL

    from kpilib.settings import Settings

__all__ = ["Database", "SqlReader", "named_database"]

_QUERY = re.compile(r"\s*(?:--[^\n]*\n\s*)*(?:select|with|from|values|table)\s", re.IGNORECASE)
_STEP = 20_000


@dataclass(frozen=True)
class Database:
    """A database: its address, and the folder from which relative paths start."""

    url: URL
    root: Path

    @property
    def name(self) -> str:
        """The address without user, password and options."""
        return _public(self.url)

    def reader(self, table: str, what: str) -> SqlReader:
        """Return the reader of a table's name, or of a query."""
        if _QUERY.match(what):
            return SqlReader(self, f"query of {table}", what)
        return SqlReader(self, what, None)

    def tables(self) -> list[str]:
        """Return the names of the tables and views.

        Raises
        ------
        SourceError
            when the database cannot be reached.
        """
        with self.connect() as connection:
            if self.is_duckdb:
                return [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
            import sqlalchemy

            inspector = sqlalchemy.inspect(connection)
            return [*inspector.get_table_names(), *inspector.get_view_names()]

    @property
    def is_duckdb(self) -> bool:
        """Whether DuckDB reads it by itself."""
        return self.url.get_backend_name() == "duckdb"

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """Connect, and turn the database's errors into ours."""
        try:
            if self.is_duckdb:
                with self._connect_duckdb() as connection:
                    yield connection
            else:
                with self._engine.connect() as connection:
                    yield connection
        except (SourceError, GeneratorExit):
            raise
        except ImportError as error:
            raise SourceError(self._say_driver(error), database=self.name) from None
        except Exception as error:  # noqa: BLE001 - every driver has its own errors
            raise SourceError(f"{self.name} cannot be read: {self._say(error)}.", database=self.name) from None

    def _connect_duckdb(self) -> Any:
        import duckdb

        path = self.url.database or ":memory:"
        memory = path == ":memory:"
        connection = duckdb.connect() if memory else duckdb.connect(str(self._file(path)), read_only=True)
        connection.execute(f"SET file_search_path = '{str(self.root).replace(chr(39), chr(39) * 2)}'")
        return connection

    @cached_property
    def _engine(self) -> Any:
        import sqlalchemy

        url, options = self.url, {}
        if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
            path = self._file(url.database)
            url = url.set(database=f"file:{path}").update_query_dict({"mode": "ro", "uri": "true"})
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "postgresql":
            options = {"postgresql_readonly": True}
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        return engine.execution_options(**options)

    def _file(self, database: str) -> Path:
        path = self.root / database
        if not path.is_file():
            raise SourceError(f"{self.name} cannot be read: there is no file {path}.", database=self.name)
        return path

    def _say(self, error: BaseException) -> str:
        text = str(getattr(error, "orig", None) or error) or type(error).__name__
        text = re.sub(r"://[^/\s@]*@", "://", text)
        for secret in filter(None, (self.url.password, os.environ.get("KPILIB_SOURCE_PASSWORD"))):
            text = text.replace(secret, "…")
        return " ".join(text.split())[:400].rstrip(".")

    def _say_driver(self, error: ImportError) -> str:
        backend = self.url.get_backend_name()
        extra = 'pip install "kpilib[postgresql]"' if backend == "postgresql" else f"install {error.name or backend}"
        return f"{self.name} cannot be read: the driver is not installed ({error}). To get it: {extra}."


@dataclass(frozen=True)
class SqlReader:
    """One table (``query`` None) or one query of a database."""

    database: Database
    file: str
    query: str | None

    @property
    def described(self) -> str:
        """The database."""
        return f"{self.database.name}, {'query' if self.query else 'table'}"

    @cached_property
    def names(self) -> Sequence[str]:
        """The result's columns."""
        with self.database.connect() as connection:
            if self.database.is_duckdb:
                return list(connection.sql(self._statement(connection)).columns)
            with closing(self._stream(connection)) as result:
                return list(result.keys())

    def read(self, columns: Sequence[int]) -> Iterator[Raw]:
        """Read the columns at these places; the rows count from 1."""
        number = 1
        with self.database.connect() as connection:
            for arrays in self._batches(connection, columns):
                count = len(next(iter(arrays.values()), ()))
                yield Raw(pa.array(range(number, number + count), pa.int64()), arrays)
                number += count

    def _batches(self, connection: Any, columns: Sequence[int]) -> Iterator[Mapping[int, pa.Array]]:
        if self.database.is_duckdb:
            for batch in connection.sql(self._statement(connection)).to_arrow_reader(BATCH_ROWS):
                yield {place: plain_column(batch.column(place)) for place in columns}
            return
        with closing(self._stream(connection)) as result:
            for part in result.partitions(_STEP):
                yield {place: to_column([row[place] for row in part]) for place in columns}

    def _stream(self, connection: Any) -> Any:
        import sqlalchemy

        statement = sqlalchemy.text(self._statement(connection).replace(":", r"\:"))
        return connection.execution_options(stream_results=True, max_row_buffer=_STEP).execute(statement)

    def _statement(self, connection: Any) -> str:
        if self.query:
            return self.query.strip().rstrip(";")
        if self.database.is_duckdb:
            quoted = ['"' + part.replace('"', '""') + '"' for part in self._found().split(".")]
        else:
            quoted = [connection.dialect.identifier_preparer.quote(part) for part in self._found().split(".")]
        return f"SELECT * FROM {'.'.join(quoted)}"  # noqa: S608 - quoted, and the database's own name

    def _found(self) -> str:
        """Return the table's name as the database has it; one in a schema is taken as it is."""
        if "." in self.file:
            return self.file
        known = self.database.tables()
        for name in known:
            if name == self.file:
                return name
        for name in known:
            if name.casefold() == self.file.casefold():
                return name
        raise SourceError(
            f"{self.database.name} has no table {self.file!r}.{did_you_mean(self.file, known)} "
            f"It has: {', '.join(known[:20]) or 'none'}.", database=self.database.name,
        )  # fmt: skip


def named_database(settings: Settings) -> Database | None:
    """Return the database that ``[source] url`` names; user and password from the environment if they are there.

    Raises
    ------
    SettingsError
        when the address is none, or the settings file holds a password.
    """
    text = settings.source.url
    if text is None:
        return None
    import sqlalchemy

    try:
        url = sqlalchemy.make_url(text)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise SettingsError(
            "[source] url is not a database's address. Examples: postgresql+psycopg://host/database, "
            "sqlite:///crm.db, duckdb:///crm.duckdb."
        ) from None
    given = {value for name, value in os.environ.items() if name.upper() == "KPILIB_SOURCE__URL"}
    secret = url.password or any("password" in name.lower() or name.lower() == "pwd" for name in url.query)
    if secret and text not in given:
        raise SettingsError(
            f"[source] url holds a password ({_public(url)}). Take it out of the file and set KPILIB_SOURCE_PASSWORD "
            f"(and KPILIB_SOURCE_USER) in the environment."
        )
    user, password = os.environ.get("KPILIB_SOURCE_USER"), os.environ.get("KPILIB_SOURCE_PASSWORD")
    if url.get_backend_name() not in ("sqlite", "duckdb"):
        url = url.set(username=user or url.username, password=password or url.password)
    return Database(url, settings.root)


def _public(url: URL) -> str:
    import sqlalchemy

    bare = sqlalchemy.URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return bare.render_as_string()
