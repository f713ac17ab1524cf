"""What was issued: the bytes and figures of each pack as sent, kept for restatements and for the record.

``reports/issued/<quarter>/<partner>/`` holds the latest issue; an earlier one moves into its ``earlier/``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kpilib.folders import folder_name
from kpilib.pack import FILES, Pack

__all__ = ["issued_folder", "keep_issue", "read_issued", "stage_issue"]


def issued_folder(reports: Path, quarter: str, partner_id: str) -> Path:
    """Return where a partner's issued pack of a quarter lies."""
    return reports / "issued" / quarter / folder_name(partner_id)


def stage_issue(reports: Path, pack: Pack, files: Mapping[str, bytes], digest: str) -> None:
    """Write the bytes that are about to be sent beside the issued packs, to be put in place when they are sent."""
    staged = _staged(reports, str(pack.quarter), pack.partner_id, digest)
    staged.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        with (staged / name).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def keep_issue(reports: Path, quarter: str, partner_id: str, digest: str) -> None:
    """Put what was staged in place as the latest issue; doing it twice changes nothing."""
    staged, place = _staged(reports, quarter, partner_id, digest), issued_folder(reports, quarter, partner_id)
    if not staged.is_dir():
        return
    kept: list[tuple[Path, Path]] = []
    if (place / "kpis.json").is_file():
        old = place / "earlier" / _digest_of(place)
        old.mkdir(parents=True, exist_ok=True)
        kept = [(place / name, old / name) for name in (*FILES, "issue.json") if (place / name).is_file()]
    for source, target in kept:
        shutil.copy2(source, target)
    place.mkdir(parents=True, exist_ok=True)
    (staged / "issue.json").write_text(json.dumps({"digest": digest}) + "\n", encoding="utf-8")
    for source in sorted(staged.iterdir()):
        source.replace(place / source.name)
    staged.rmdir()


def read_issued(reports: Path, quarter: str, partner_id: str) -> dict[str, Any] | None:
    """Return the kpis.json of a pack as it was last issued, None if it never was."""
    path = issued_folder(reports, quarter, partner_id) / "kpis.json"
    if not path.is_file():
        return None
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return held


def _staged(reports: Path, quarter: str, partner_id: str, digest: str) -> Path:
    return reports / "issued" / quarter / ".staged" / f"{folder_name(partner_id)}-{digest[:16]}"


def _digest_of(place: Path) -> str:
    path = place / "issue.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["digest"])[:16] if path.is_file() else "unknown"
