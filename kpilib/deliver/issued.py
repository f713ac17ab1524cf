"""What was issued: the bytes and figures of each pack as sent, kept for restatements and for the record.

``reports/issued/<quarter>/<partner>/`` holds the latest issue; an earlier one moves into its ``earlier/``. What
somebody damaged there is kept as it is and said, and stops no sending.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kpilib.digest import pack_digest
from kpilib.enclosures import read_issued
from kpilib.errors import DeliveryError, SettingsError
from kpilib.folders import issued_folder
from kpilib.ledger import Message
from kpilib.pack import FILES, Pack
from kpilib.settings import Settings

__all__ = ["drop_issue", "keep_issues", "read_before", "stage_issue"]

_ISSUE = "issue.json"
_DIGEST = re.compile("[0-9a-f]{64}")


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
            _write(staged / name, data)
    except OSError as error:
        raise DeliveryError(
            f"{pack} cannot be kept in {staged.parent}: {error.strerror}. It was not sent.", folder=staged
        ) from None


def drop_issue(reports: Path, pack: Pack, digest: str) -> None:
    """Remove what was staged and is not sent."""
    shutil.rmtree(_staged(reports, str(pack.quarter), pack.partner_id, digest), ignore_errors=True)


def keep_issues(reports: Path, sent: Iterable[Message]) -> dict[str, str]:
    """Put what was staged of the messages that were sent in place, oldest first, so that the latest issue is the last.

    Doing it twice, or again after half of it, changes nothing. What cannot be put there is left to the next run.

    Returns
    -------
    dict[str, str]
        by partner's id, what a person should know of it.
    """
    said: dict[str, str] = {}
    failed = set()
    for message in sent:
        if message.partner_id in failed:
            continue
        try:
            told = _keep_issue(reports, message)
        except OSError as error:
            failed.add(message.partner_id)
            place = issued_folder(reports, message.quarter, message.partner_id)
            told = f"the pack as sent cannot be put into {place} ({error.strerror}): the next run tries again"
        if told:
            said[message.partner_id] = told
    return said


def read_before(settings: Settings, pack: Pack) -> tuple[dict[str, Any] | None, str]:
    """Return the figures of a pack as it was last issued; or None, and why there are none."""
    try:
        held = read_issued(settings, pack.quarter, pack.partner_id)
    except SettingsError as error:
        return None, f"the email does not say what changed: {error}"
    return held, "" if held is not None else "the email does not say what changed: the figures as sent were not kept"


def _keep_issue(reports: Path, message: Message) -> str:
    """Put what was staged of a message in place as the latest issue; return what is to be said of the one before."""
    staged = _staged(reports, message.quarter, message.partner_id, message.digest)
    place = issued_folder(reports, message.quarter, message.partner_id)
    if not staged.is_dir():
        return ""
    before, said = _digest_of(place)
    if before is not None and before != message.digest:
        earlier = _keep_earlier(place, before)
        said = said and f"{said}: what lay there was put into {earlier}"
    place.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (staged / name).is_file():
            (staged / name).replace(place / name)
    # Last, so that until then the folder counts as what it was.
    _write(staged / _ISSUE, (json.dumps({"digest": message.digest}) + "\n").encode())
    (staged / _ISSUE).replace(place / _ISSUE)
    shutil.rmtree(staged)
    return said


def _staged(reports: Path, quarter: str, partner_id: str, digest: str) -> Path:
    place = issued_folder(reports, quarter, partner_id)
    return place.parent / ".staged" / f"{place.name}-{digest[:16]}"


def _keep_earlier(place: Path, digest: str) -> Path:
    """Copy what there is of the latest issue into ``earlier/``, in one step and once; return where."""
    old = place / "earlier" / digest[:16]
    if old.is_dir():
        return old
    part = old.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name in (*FILES, _ISSUE):
        if (place / name).is_file():
            _write(part / name, (place / name).read_bytes())
    part.rename(old)
    return old


def _digest_of(place: Path) -> tuple[str | None, str]:
    """Return what the latest issue is known by, and what is wrong with its record: without one, its files tell."""
    path = place / _ISSUE
    said = f"{path} could not be read" if path.is_file() else ""
    with suppress(FileNotFoundError, ValueError):
        held = json.loads(path.read_bytes())
        if isinstance(held, dict) and _DIGEST.fullmatch(str(held.get("digest"))):
            return str(held["digest"]), ""
    try:
        return pack_digest(place), said
    except DeliveryError:
        return None, said


def _write(path: Path, data: bytes) -> None:
    """Write a file, onto the disk itself."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
