"""The workspace's folder of KPIs: a Python file each, and beside it, if it needs one, a table of its own.

``kpis/certified_staff.csv`` has a column ``partner_id``, a column ``valid_from`` (a date: from then on the row is
known), and whatever else the KPI reads, as text. A slice gets the partner's own rows up to its day. There is no
contract for these files: a row that cannot be used stops the command, none is left out in silence.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpilib.errors import SettingsError, did_you_mean

if TYPE_CHECKING:
    from kpilib.kpis.definition import Definition
    from kpilib.language import Words
    from kpilib.settings import Settings

__all__ = ["OwnKpis", "read_own_kpis"]

Rows = tuple[Mapping[str, str], ...]


@dataclass(frozen=True, eq=False)
class OwnKpis:
    """The KPIs of a workspace's own: key → the file's text, and key → the rows of the table beside it."""

    codes: Mapping[str, str]
    tables: Mapping[str, Rows]

    def enclose(self, partner_id: str, day: date, known: Iterable[str]) -> dict[str, Any]:
        """Return what a partner's slice of a day holds of them: the files, and the partner's own rows.

        Parameters
        ----------
        known
            the ids of all partners.

        Raises
        ------
        SettingsError
            when a table names a partner that there is not.
        """
        if self.tables:
            self._check_partners(frozenset(known))
        last = day.isoformat()
        return {
            key: {
                "code": code,
                "rows": [
                    dict(row)
                    for row in self.tables.get(key, ())
                    if row["partner_id"] == partner_id and row["valid_from"] <= last
                ],
            }
            for key, code in self.codes.items()
        }

    def load(self) -> dict[str, Definition]:
        """Return the KPIs by key.

        Raises
        ------
        SettingsError
            when a file cannot be used as a KPI.
        """
        from kpilib.kpis.own import load_definition

        return {key: load_definition(key, code) for key, code in self.codes.items()}

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all files."""
        content = json.dumps([dict(self.codes), {key: list(rows) for key, rows in self.tables.items()}], sort_keys=True)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()

    def words_in(self, language: str) -> Words:
        """Return a language's words, those of these KPIs among them."""
        from kpilib.kpis.own import texts_of
        from kpilib.language import Words

        return Words(language, texts_of(self.load(), language))

    def _check_partners(self, known: frozenset[str]) -> None:
        for key, rows in self.tables.items():
            for number, row in enumerate(rows, start=2):
                if row["partner_id"] not in known:
                    raise SettingsError(
                        f"kpis/{key}.csv, row {number}: no partner {row['partner_id']!r} in the table partners."
                        f"{did_you_mean(row['partner_id'], known)}",
                        key=key,
                    )


def read_own_kpis(settings: Settings) -> OwnKpis:
    """Return the KPIs of a workspace's own; files whose name begins with an underscore are none.

    Raises
    ------
    SettingsError
        when a file cannot be read, or a table beside one cannot be used.
    """
    folder = settings.root / settings.packs.kpis
    files = sorted(path for path in folder.glob("*") if path.suffix in {".py", ".csv"} and path.name[0] not in "._")
    stamps = []
    for path in files:
        found = path.stat()
        stamps.append((path, found.st_size, found.st_mtime_ns))
    return _read(tuple(stamps))


@lru_cache(maxsize=4)
def _read(stamps: tuple[tuple[Path, int, int], ...]) -> OwnKpis:
    texts = {path: _read_text(path) for path, _, _ in stamps}
    codes = {path.stem: text for path, text in texts.items() if path.suffix == ".py"}
    for path in texts:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
            raise SettingsError(
                f"kpis/{path.name}: its name is no key. Write small letters, digits and underscores, "
                "like certified_staff.py.",
                path=str(path),
            )
        if path.stem not in codes:
            raise SettingsError(
                f"kpis/{path.name} lies beside no KPI: there is no {path.stem}.py.{did_you_mean(path.stem, codes)}",
                path=str(path),
            )
    tables = {path.stem: _read_table(path, text) for path, text in texts.items() if path.suffix == ".csv"}
    return OwnKpis(codes, tables)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"kpis/{path.name} is not UTF-8 text. Save it as UTF-8.", path=str(path)) from None
    except OSError as error:
        raise SettingsError(f"kpis/{path.name} cannot be read: {error.strerror}.", path=str(path)) from None


def _read_table(path: Path, text: str) -> Rows:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    place = f"kpis/{path.name}"
    rows: list[dict[str, str]] = []
    try:
        rows.extend(reader)
    except csv.Error as error:
        raise SettingsError(f"{place}, row {len(rows) + 2}: {error}.", path=str(path)) from None
    missing = [name for name in ("partner_id", "valid_from") if name not in (reader.fieldnames or ())]
    if missing:
        raise SettingsError(
            f"{place} lacks {' and '.join(missing)}: its columns are {', '.join(reader.fieldnames or ()) or 'none'}. "
            "Separate them by commas; valid_from is the day from which on a row is known.",
            path=str(path),
        )
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise SettingsError(f"{place}, row {number}: it has more or fewer fields than the header.", path=str(path))
        try:
            row["valid_from"] = date.fromisoformat(row["valid_from"].strip()).isoformat()
        except ValueError:
            raise SettingsError(
                f"{place}, row {number}: valid_from = {row['valid_from']!r} is not a date. Write it like 2026-09-30.",
                path=str(path),
            ) from None
        row["partner_id"] = row["partner_id"].strip()
    return tuple(rows)
