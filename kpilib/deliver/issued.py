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

from kpilib.errors import DeliveryError
from kpilib.folders import folder_name
from kpilib.pack import FILES, Pack

__all__ = ["issued_folder", "keep_issue", "read_issued", "stage_issue"]

_ISSUE = "issue.json"


def issued_folder(reports: Path, quarter: str, partner_id: str) -> Path:
    """Return where a partner's issued pack of a quarter lies."""
    return reports / "issued" / quarter / folder_name(partner_id)


def stage_issue(reports: Path, pack: Pack, files: Mapping[str, bytes], digest: str) -> None:
    """Write the bytes that are about to be sent beside the issued packs, to be put in place when they are sent.

    Raises
    ------
    DeliveryError
        when they cannot be written: nothing is sent that is not kept.
    """
    staged = _staged(reports, str(pack.quarter), pack.partner_id, digest)
    try:
        staged.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            with (staged / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise DeliveryError(
            f"{pack} cannot be kept in {staged.parent}: {error.strerror}. It was not sent.", folder=staged
        ) from None


def keep_issue(reports: Path, quarter: str, partner_id: str, digest: str) -> None:
    """Put what was staged in place as the latest issue; doing it twice, or again after half of it, changes nothing.

    Raises
    ------
    DeliveryError
        when it cannot be put there; the next run tries again.
    """
    staged, place = _staged(reports, quarter, partner_id, digest), issued_folder(reports, quarter, partner_id)
    if not staged.is_dir():
        return
    try:
        before = _digest_of(place)
        if before is not None and before != digest:
            _keep_earlier(place, before)
        place.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if (staged / name).is_file():
                (staged / name).replace(place / name)
        # Last, so that until then the folder counts as what it was.
        (staged / _ISSUE).write_text(json.dumps({"digest": digest}) + "\n", encoding="utf-8")
        (staged / _ISSUE).replace(place / _ISSUE)
        staged.rmdir()
    except OSError as error:
        raise DeliveryError(
            f"The pack as sent cannot be put into {place}: {error.strerror}. It was sent; the next run keeps it.",
            folder=place,
        ) from None


def read_issued(reports: Path, quarter: str, partner_id: str) -> dict[str, Any] | None:
    """Return the kpis.json of a pack as it was last issued, None if it never was."""
    path = issued_folder(reports, quarter, partner_id) / "kpis.json"
    if not path.is_file():
        return None
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return held


def _staged(reports: Path, quarter: str, partner_id: str, digest: str) -> Path:
    return reports / "issued" / quarter / ".staged" / f"{folder_name(partner_id)}-{digest[:16]}"


def _keep_earlier(place: Path, digest: str) -> None:
    """Copy the latest issue into ``earlier/``, in one step and once."""
    old = place / "earlier" / digest[:16]
    if old.is_dir():
        return
    part = old.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name in (*FILES, _ISSUE):
        shutil.copy2(place / name, part / name)
    part.rename(old)


def _digest_of(place: Path) -> str | None:
    path = place / _ISSUE
    return str(json.loads(path.read_text(encoding="utf-8"))["digest"]) if path.is_file() else None
