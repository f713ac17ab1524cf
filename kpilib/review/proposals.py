"""The plan as rows of the table actions: what `kpilib actions` writes, for a person to edit."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from kpilib.contract.tables import TABLES
from kpilib.errors import SettingsError
from kpilib.review.review import Review
from kpilib.slice import Slice

__all__ = ["add_proposals", "propose"]

COLUMNS = TABLES["actions"].names


def propose(slice_: Slice) -> list[dict[str, str]]:
    """Return the recommended actions of a slice as rows; owner and date are left to people.

    The id says partner, quarter and rule, so that the same advice never becomes two rows.
    """
    quarter = str(slice_.quarter)
    blank = dict.fromkeys(COLUMNS, "")
    return [
        {
            **blank,
            "action_id": f"{slice_.partner_id}-{quarter}-{advice.rule}",
            "partner_id": slice_.partner_id,
            "quarter": quarter,
            "text": advice.text.replace("\u00a0", " "),
            "status": "open",
        }
        for advice in Review(slice_).advice
    ]


def add_proposals(path: Path, rows: Iterable[Mapping[str, str]]) -> int:
    """Add rows to a CSV file in which they do not stand yet, and return how many; what stands there stays.

    Raises
    ------
    SettingsError
        when the file that is there is not such a table.
    """
    held: list[dict[str, str]] = []
    columns: list[str] = list(COLUMNS)
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            held, columns = list(reader), list(reader.fieldnames or ())
        if "action_id" not in columns:
            raise SettingsError(
                f"{path} is not a table of actions: it has no column action_id. Move it away, or mend its first line."
            )
    known = {row["action_id"] for row in held}
    new = [row for row in rows if row["action_id"] not in known]
    if new:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.new")
        with aside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows([*held, *new])
        aside.replace(path)
    return len(new)
