"""The store of accepted rows: opened, and where the sources changed, built anew first.

It lies in ``.kpilib/store`` of the workspace: a folder for each building, and the file ``current`` that names
the one in use. A building is written aside and then named, so that a store is whole or not there. One that was
replaced is removed by the next building that finds nobody who still holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from kpilib.contract.report import CheckReport
from kpilib.contract.tables import TABLES
from kpilib.errors import KpilibError, PartnerError, QuarterError, SettingsError, did_you_mean
from kpilib.own_kpis import read_own_kpis
from kpilib.quarter import Quarter
from kpilib.store.manifest import Manifest, describe_sources, identify, list_sources, same_sources, untouched
from kpilib.store.plain import to_frame, to_plain

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from kpilib.settings import Settings

__all__ = ["Store"]

_HELD = "about.json"


class Store:
    """All accepted rows of a workspace.

    Attributes
    ----------
    report
        what became of the source's rows.
    tables
        the tables that the source has; ``absent``: those that it has not, and columns as ``table.column``.
    exported_on
        the day of the source's export.
    """

    def __init__(self, folder: Path, *, first_month: int = 1) -> None:
        # The system lets go of it when this process ends, however it ends.
        weakref.finalize(self, os.close, _hold(folder))
        about = json.loads((folder / _HELD).read_text(encoding="utf-8"))
        self.folder = folder
        self.report = CheckReport.from_json(about["report"])
        self.tables: Collection[str] = tuple(self.report.tables)
        self.absent: Collection[str] = self.report.absent
        self.exported_on = date.fromisoformat(self.report.exported_on)
        self._latest = None if about["latest"] is None else date.fromisoformat(about["latest"])
        self._present: dict[str, list[str]] = about["present"]
        self._first_month = first_month
        self._files = {name: pa.memory_map(str(folder / f"{name}.parquet")) for name in (*TABLES, "quality", "index")}
        self._readers: dict[str, tuple[pq.ParquetFile, list[int]]] = {}
        self._latest_read: dict[str, tuple[tuple[int, int, tuple[str, ...]], pa.Table]] = {}
        self._lock = Lock()

    @classmethod
    def open(cls, settings: Settings) -> Store:
        """Return the store of a workspace, read anew if its sources changed.

        Raises
        ------
        ContractError
            when the source lacks a required table or column, or more rows are rejected than allowed.
        SourceError
            when a file or database cannot be read.
        """
        store = cls.check(settings)
        store.report.enforce(settings)
        return store

    @classmethod
    def check(cls, settings: Settings) -> Store:
        """Return the store of a workspace like `open`, however many rows are rejected."""
        with _locked(settings):
            folder = _current(settings.store)
            known = None if folder is None else _read_manifest(folder)
            listed = list_sources(settings)
            if folder is not None and known is not None and untouched(settings, listed, known):
                return cls(folder, first_month=settings.calendar.fiscal_year_start)
            from kpilib.sources import open_sources

            sources = open_sources(settings)
            manifest = describe_sources(settings, sources.files(), known, listed)
            if folder is None or known is None or not same_sources(manifest, known):
                folder = _build(settings, sources, manifest)
            elif manifest != known:
                _write(folder / "manifest.json", manifest)
            return cls(folder, first_month=settings.calendar.fiscal_year_start)

    def partner_ids(self, *, active_only: bool) -> list[str]:
        """Return the partners' ids, sorted; all, or those that get a pack."""
        return [pid for pid, row in self._partners.items() if not active_only or row["active"] != "false"]

    def partner(self, pid: str) -> dict[str, str | None]:
        """Return a partner's row of the table partners: column → text, null where blank.

        Raises
        ------
        PartnerError
            when there is no such partner.
        """
        if pid not in self._partners:
            raise PartnerError(
                f"No partner {pid!r} in the table partners.{did_you_mean(pid, self._partners)}", partner_id=pid
            )
        return dict(self._partners[pid])

    def rows(self, table: str, pid: str) -> dict[str, list[Any]]:
        """Return a partner's rows of a table that the source has: column → plain JSON values, by the table's key.

        Only columns that the source has. Of stages and fx, which are nobody's, all rows; of stage_history those
        of the partner's opportunities, those of one day in the order of their time.
        """
        columns = self._columns(table)
        place = (0, None) if self._is_global(table) else self._index.get((table, pid), (0, 0))
        return to_plain(self._read(table, columns, *place), TABLES[table])

    def size(self, pid: str) -> int:
        """Return how many rows a partner has in all tables."""
        return sum(self._index.get((table, pid), (0, 0))[1] for table in TABLES)

    def quality(self, pid: str) -> list[dict[str, Any]]:
        """Return which of a partner's rows were not taken as they came: table, action, reason, rows."""
        return [dict(row) for row in self._quality.get(pid, ())]

    def frame(self, table: str) -> pd.DataFrame:
        """Return a new frame of all rows of a table, by partner; typed like `kpilib.slice.Slice.frame`."""
        return to_frame(self._read(table, [column.name for column in TABLES[table].stored]), TABLES[table])

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return a new DuckDB connection in which each table is a view (empty where the source has none).

        stage_history has also its opportunity's ``partner_id``.
        """
        import duckdb

        connection = duckdb.connect()
        for name in TABLES:
            path = str(self.folder / f"{name}.parquet").replace("'", "''")
            connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
        return connection

    def latest_quarter(self) -> Quarter:
        """Return the latest quarter that ends on or before the latest date at which something began or closed.

        Dates after a stated export date do not count: they are mistakes.

        Raises
        ------
        QuarterError
            when there is neither an opportunity nor a lead.
        """
        if self._latest is None:
            raise QuarterError("The data hold no opportunity and no lead, so there is no latest quarter. Name one.")
        return Quarter.latest_completed(self._latest, self._first_month)

    @cached_property
    def identity(self) -> str | None:
        """A hash of all that the rows were made from; None where that cannot be told (a database)."""
        manifest = _read_manifest(self.folder)
        return None if manifest is None else identify(manifest)

    def require(self, quarter: Quarter) -> None:
        """Make sure that the data reach into a quarter.

        Raises
        ------
        QuarterError
            when it starts after the last date at which something began or closed, or ends before the first.
        """
        if self._latest is None:
            return
        last = max(self._latest, self.exported_on)
        if quarter.start > last:
            raise QuarterError(
                f"{quarter} starts on {quarter.start}, and the data end on {last}. "
                f"The latest quarter that they complete: {self.latest_quarter()}.",
                quarter=str(quarter),
            )
        first = self._first
        if first is not None and quarter.end < first:
            raise QuarterError(
                f"{quarter} ends on {quarter.end}, and the data begin on {first}. "
                f"The latest quarter that they complete: {self.latest_quarter()}.",
                quarter=str(quarter),
            )

    @cached_property
    def _first(self) -> date | None:
        """The first day on which an opportunity or a lead was created."""
        with self.connect() as connection:
            created = "select created_on from opportunities union all select created_on from leads"
            found = connection.execute(f"select min(created_on) from ({created})").fetchone()  # noqa: S608 - our names
        day: date | None = found[0] if found else None
        return day

    @cached_property
    def _partners(self) -> dict[str, dict[str, str | None]]:
        columns = self._columns("partners")
        columns = columns if "active" in columns else [*columns, "active"]
        held = to_plain(self._read("partners", columns), TABLES["partners"])
        texts = {name: [_plain_text(value) for value in values] for name, values in held.items()}
        rows = (dict(zip(texts, row, strict=True)) for row in zip(*texts.values(), strict=True))
        return {str(row["partner_id"]): row for row in rows}

    @cached_property
    def _index(self) -> dict[tuple[str, str], tuple[int, int]]:
        held = pq.ParquetFile(self._files["index"]).read(use_threads=False).to_pydict()
        keys = zip(held["table_name"], held["partner_id"], strict=True)
        return dict(zip(keys, zip(held["first"], held["rows"], strict=True), strict=True))

    @cached_property
    def _quality(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in pq.ParquetFile(self._files["quality"]).read(use_threads=False).to_pylist():
            one = {"table": row["table_name"], "action": row["action"], "reason": row["reason"], "rows": row["rows"]}
            found.setdefault(row["partner_id"], []).append(one)
        return found

    def _columns(self, table: str) -> list[str]:
        present = self._present.get(table, [])
        derived = [column.name for column in TABLES[table].derived] if "closed_on" in present else []
        return [*present, *derived]

    @staticmethod
    def _is_global(table: str) -> bool:
        return table != "stage_history" and "partner_id" not in TABLES[table].names

    def _read(self, table: str, columns: list[str], first: int = 0, count: int | None = None) -> pa.Table:
        """Return some columns of the rows [first, first + count) of a table, decoding no other row groups."""
        with self._lock:
            if table not in self._readers:
                reader = pq.ParquetFile(self._files[table])
                sizes = (reader.metadata.row_group(number).num_rows for number in range(reader.num_row_groups))
                self._readers[table] = reader, list(accumulate(sizes, initial=0))
            reader, starts = self._readers[table]
            last = starts[-1] if count is None else first + count
            begin = max(bisect_right(starts, first) - 1, 0)
            end = min(bisect_left(starts, last), reader.num_row_groups)
            kept = (begin, end, tuple(columns))
            if self._latest_read.get(table, (None,))[0] == kept:
                read = self._latest_read[table][1]
            else:
                read = reader.read_row_groups(list(range(begin, end)), columns=columns, use_threads=False)
                if end - begin <= 1:  # the next partner's rows are likely to lie in the same group
                    self._latest_read[table] = kept, read
        return read.select(columns).slice(first - starts[begin], last - first)


def _plain_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _build(settings: Settings, sources: Any, manifest: Manifest) -> Path:
    """Build a store aside, name it as the current one, and remove the one before."""
    import duckdb

    from kpilib.contract.schemas import metrics_beside
    from kpilib.store.building import build_store
    from kpilib.store.staging import Kept

    root = settings.store
    number = max((int(path.name[1:]) for path in root.glob("v*") if path.name[1:].isdigit()), default=0) + 1
    folder = root / f"v{number:06d}"
    with tempfile.TemporaryDirectory(prefix="building-", dir=root) as made, tempfile.TemporaryDirectory(
        prefix="aside-", dir=root
    ) as aside:
        whole = Path(made) / "store"
        whole.mkdir()
        made_by = json.dumps([manifest["code"], manifest["settings"]])
        kept = Kept(root.parent / "staged", made_by, {file["path"]: file["content"] for file in manifest["files"]})
        try:
            with metrics_beside(read_own_kpis(settings).codes):
                build_store(settings, sources, whole, aside=Path(aside), notes=settings.root / ".kpilib", kept=kept)
            kept.sweep()
            _write(whole / "manifest.json", manifest)
            whole.rename(folder)
        except duckdb.Error as error:
            say = str(error).splitlines()[0]
            raise SettingsError(f"The accepted rows could not be written to {root}: {say}") from error
        except OSError as error:
            if isinstance(error, KpilibError):  # a source that cannot be read
                raise
            say = os.strerror(error.errno) if error.errno else str(error)
            raise SettingsError(
                f"The accepted rows could not be written to {root}: {say}. Free some room there."
            ) from None
    pointer = root / "current.part"
    pointer.write_text(folder.name, encoding="utf-8")
    pointer.replace(root / "current")
    for old in root.glob("v*"):
        if old != folder and not _is_held(old):
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _hold(folder: Path) -> int:
    """Keep a store from being removed until the descriptor is closed that is returned."""
    held = os.open(folder / _HELD, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    return held


def _is_held(folder: Path) -> bool:
    """Say whether somebody has a store open; who would open it now waits for the workspace's lock."""
    try:
        with (folder / _HELD).open("r+b") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:  # a damaged one
        return False
    except OSError:
        return True
    return False


def _current(root: Path) -> Path | None:
    try:
        folder = root / (root / "current").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return folder if (folder / _HELD).is_file() else None


def _read_manifest(folder: Path) -> Manifest | None:
    try:
        manifest: Manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return manifest


def _write(path: Path, manifest: Manifest) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(path)


@contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """Let one process at a time open or build the store of a workspace."""
    try:
        settings.store.mkdir(parents=True, exist_ok=True)
        lock = (settings.store.parent / "store.lock").open("w")
    except OSError as error:
        raise SettingsError(
            f"{settings.store} cannot be written: {error.strerror}. kpilib keeps the accepted rows there."
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
