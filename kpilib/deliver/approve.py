"""Approval: a person has looked at exactly these bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from kpilib.build.manifest import Manifest
from kpilib.digest import digest_of, read_files
from kpilib.errors import DeliveryError, did_you_mean
from kpilib.ledger import Approval, Ledger
from kpilib.pack import Pack

__all__ = ["approve_packs"]


def approve_packs(
    ledger: Ledger, packs: Iterable[Pack], reports: Path, *, by: str, at: datetime, note: str = ""
) -> list[Approval]:
    """Record a person's approval of each pack as it lies in its folder, and return the new approvals.

    All packs are read before the first approval is recorded. A pack that is approved already, unchanged, keeps
    the one that it has.

    Raises
    ------
    DeliveryError
        when a pack has not been built, is not as it was built and checked, or is for the internal audience.
    """
    found = []
    for pack in packs:
        if pack.audience != "partner":
            raise DeliveryError(f"{pack} is for the channel team: it is never approved or sent.")
        folder = pack.folder(reports)
        if not folder.is_dir():
            built = sorted(path.parent.name for path in folder.parent.glob("*/pack.json"))
            raise DeliveryError(
                f"{pack} has not been built: there is no folder {folder}.{did_you_mean(folder.name, built)} "
                f"Build it: kpilib build {pack.quarter} --partner {pack.partner_id}"
            )
        found.append((pack, _digest_as_built(pack, folder)))
    approvals = []
    for pack, digest in found:
        held = ledger.approval(str(pack.quarter), pack.partner_id)
        if held is None or held.digest != digest:
            held = Approval(str(pack.quarter), pack.partner_id, digest, by, at.isoformat(timespec="seconds"), note)
            ledger.approve(held)
            approvals.append(held)
    return approvals


def _digest_as_built(pack: Pack, folder: Path) -> str:
    """Return the digest of a pack that is byte for byte what was checked for leaks when it was built."""
    files, manifest = read_files(folder), Manifest.read(folder)
    again = f"Build it again: kpilib build {pack.quarter} --partner {pack.partner_id} --force"
    if manifest is None or (manifest.partner_id, manifest.quarter) != (pack.partner_id, str(pack.quarter)):
        raise DeliveryError(f"{folder} holds no manifest of {pack}. {again}")
    built = {name: described["sha256"] for name, described in manifest.files.items()}
    changed = [name for name, data in files.items() if built.get(name) != hashlib.sha256(data).hexdigest()]
    if changed:
        raise DeliveryError(f"{pack} was changed since it was built: {', '.join(changed)}. {again}")
    return digest_of(files)
