"""Stages the rows of a source: judged by themselves, file by file, and kept where a file does not change.

A stage is a folder: the typed rows, the problems, and ``about.json``. A file that is as it was when its stage was
made, under the same settings and code, is not read again, whatever became of the files beside it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kpilib.contract.reading import PROBLEMS, judge_batch, typed_schema
from kpilib.contract.tables import TABLES
from kpilib.contract.values import read_text

if TYPE_CHECKING:
    from kpilib.sources.batch import Batch, SourceFile

__all__ = ["Kept", "RowSource", "Stage", "Staged", "stage_table"]

_SHOWN = 3
_LOOKED_AT = 2_000  # rows of a batch
_LONGEST_SHOWN = 60  # letters


class RowSource(Protocol):
    """One table of a source, or one piece of it."""

    @property
    def names(self) -> Collection[str]:
        """Our columns that the source has."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Where each of these comes from."""

    @property
    def described(self) -> Mapping[str, str]:
        """For each file how it is written."""

    @property
    def unused(self) -> Mapping[str, Sequence[str]]:
        """For each file the columns that nothing is taken from."""

    @property
    def files(self) -> Sequence[SourceFile]:
        """What it is read from."""

    @property
    def identity(self) -> str:
        """What tells it from other pieces, beside the content of its files."""

    def pieces(self) -> Sequence[RowSource]:
        """The parts that can be read each without the others."""

    def batches(self) -> Iterator[Batch]:
        """Read the rows."""


@dataclass
class Stage:
    """What reading a piece of a table gave, before rows were held against each other."""

    read: int = 0
    files: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    unused: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: Stage) -> None:
        """Take what another piece of the table gave."""
        self.read += other.read
        self.files += [file for file in other.files if file not in self.files]
        for why, count in other.left_out.items():
            self.left_out[why] = self.left_out.get(why, 0) + count
        self.present += [name for name in other.present if name not in self.present]
        for name, words in other.columns.items():
            known = self.columns.get(name)
            self.columns[name] = words if known in (None, words) else f"{known}; {words}"
        for name, values in other.examples.items():
            shown = self.examples.setdefault(name, [])
            shown += [value for value in values if value not in shown][: _SHOWN - len(shown)]
        self.written |= other.written
        self.unused |= other.unused

    def show(self, batch: Batch) -> None:
        """Keep some different values of each column, as the source has them."""
        for name in batch.data.column_names:
            shown = self.examples.setdefault(name, [])
            if len(shown) < _SHOWN:
                values = pc.unique(read_text(batch.data[name].slice(0, _LOOKED_AT).combine_chunks())).to_pylist()
                new = dict.fromkeys(value[:_LONGEST_SHOWN] for value in values if value is not None)
                shown += [value for value in new if value not in shown][: _SHOWN - len(shown)]


@dataclass
class Staged(Stage):
    """What reading a whole table gave: its stages' folders, each with the number of its first row."""

    folders: list[tuple[Path, int]] = field(default_factory=list)

    def query(self, what: str, seq: str) -> str:
        """Return the query for all ``rows`` or ``problems``; ``seq``: the column that counts the rows."""
        each = []
        for folder, first in self.folders:
            file = str(folder / f"{what}.parquet").replace("'", "''")
            each.append(f"SELECT * REPLACE ({seq} + {first} AS {seq}) FROM read_parquet('{file}')")  # noqa: S608
        return " UNION ALL ".join(each)


@dataclass
class Kept:
    """The stages that outlast a building, in a folder, each named after all that it was made from.

    ``made_by``: code and settings; ``contents``: each file's, as the manifest has them.
    """

    folder: Path
    made_by: str
    contents: Mapping[str, str | None]
    used: set[str] = field(default_factory=set)

    def place(self, table: str, piece: RowSource) -> Path | None:
        """Return where a piece's stage is kept; None: its files cannot tell whether they changed."""
        contents = [self.contents.get(file.path) for file in piece.files]
        if not contents or None in contents:
            return None
        made_from = json.dumps([self.made_by, table, piece.identity, contents])
        name = hashlib.sha256(made_from.encode()).hexdigest()[:32]
        self.used.add(name)
        return self.folder / name

    def sweep(self) -> None:
        """Remove the stages that were not used."""
        for path in self.folder.glob("*"):
            if path.name not in self.used:
                shutil.rmtree(path, ignore_errors=True)


def stage_table(name: str, source: RowSource | None, aside: Path, kept: Kept | None) -> Staged:
    """Read the pieces of a table that are not kept, and return all of them.

    Raises
    ------
    SourceError
        when a file cannot be read.
    """
    staged = Staged()
    for number, piece in enumerate(source.pieces() if source is not None else ()):
        home = None if kept is None else kept.place(name, piece)
        if home is None or not (home / "about.json").is_file():
            made = aside / f"{name}-{number}"
            made.mkdir()
            _stage(name, piece, made)
            if home is not None:
                home.parent.mkdir(exist_ok=True)
                shutil.rmtree(home, ignore_errors=True)
                made.rename(home)
            home = home or made
        staged.folders.append((home, staged.read))
        staged.add(Stage(**json.loads((home / "about.json").read_text(encoding="utf-8"))))
    pa.default_memory_pool().release_unused()
    return staged


def _stage(name: str, piece: RowSource, folder: Path) -> None:
    """Read a piece's batches, judge each by itself, and write typed rows and problems."""
    stage = Stage(present=list(piece.names), columns=dict(piece.columns))
    with (
        pq.ParquetWriter(folder / "rows.parquet", typed_schema(TABLES[name]), compression="lz4") as rows,
        pq.ParquetWriter(folder / "problems.parquet", PROBLEMS, compression="lz4") as problems,
    ):
        for batch in piece.batches():
            judged = judge_batch(batch, stage.read)
            found = Stage(judged.read, [batch.file], dict(batch.left_out), batch.data.column_names)
            stage.add(found)
            stage.show(batch)
            rows.write_table(judged.rows)
            if judged.problems.num_rows:
                problems.write_table(judged.problems)
    stage.written = dict(piece.described)
    stage.unused = {file: list(columns) for file, columns in piece.unused.items()}
    about: dict[str, Any] = asdict(stage)
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
