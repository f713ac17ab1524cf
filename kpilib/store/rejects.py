# ruff: noqa: S608 - the names in these queries are the contract's own
"""Writes which rows were rejected, and which were repaired or warned about, for a person to look at.

Such files are opened in a spreadsheet, and their values come from elsewhere. A value that a spreadsheet would
run as a formula (it begins with ``=``, ``+``, ``-``, ``@``, a tab or a return, and is not a plain number) gets
an apostrophe before it, which makes it text there.
"""

from __future__ import annotations

import shutil
from codecs import BOM_UTF8
from collections.abc import Iterable
from pathlib import Path

import duckdb

__all__ = ["remove_notes", "write_notes"]

_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"[+\-]?[0-9][0-9.,]*"


def remove_notes(names: Iterable[str], folder: Path) -> None:
    """Remove what an earlier reading wrote about some tables."""
    for name in names:
        for kind in ("rejects", "notes"):
            (folder / kind / f"{name}.csv").unlink(missing_ok=True)


def write_notes(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    """Write ``rejects/NAME.csv`` and ``notes/NAME.csv``: table, file, row, column, value, reason.

    One line for each problem, so that a row may have several. Without a problem there is no file.
    """
    for kind, where in (
        ("rejects", "action = 'rejected'"),
        ("notes", f"action <> 'rejected' AND seq NOT IN (SELECT seq FROM problems_{name} WHERE action = 'rejected')"),
    ):
        path = folder / kind / f"{name}.csv"
        counted = connection.execute(f"SELECT count(*) FROM problems_{name} WHERE {where}").fetchone()
        if counted == (0,):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        safe = (
            f"CASE WHEN regexp_matches({{0}}, '{_FORMULA}') AND NOT regexp_full_match({{0}}, '{_NUMBER}') "
            "THEN chr(39) || {0} ELSE {0} END"
        )
        action = ", action" if kind == "notes" else ""
        bare, aside = path.with_suffix(".bare"), path.with_suffix(".part")
        target = "'" + str(bare).replace("'", "''") + "'"
        connection.execute(
            f"COPY (SELECT '{name}' AS \"table\", {safe.format('file')} AS file, row, column_name AS \"column\", "
            f"{safe.format('value')} AS value, reason{action} FROM problems_{name} WHERE {where} "
            f"ORDER BY seq, rank, column_name) TO {target} (FORMAT csv, HEADER true)"
        )
        with bare.open("rb") as lines, aside.open("wb") as marked:
            marked.write(BOM_UTF8)  # without it Excel takes Hangul for another encoding
            shutil.copyfileobj(lines, marked)
        bare.unlink()
        aside.replace(path)
