"""What lies beside a pack: ``pack.json`` and ``failure.json``.

The first says from what a pack was made and holds its files' hashes, the second why there is none. Nothing in them
tells when or where: the same pack has the same manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpilib.build.fingerprint import Origin
from kpilib.errors import KpilibError
from kpilib.pack import Pack

__all__ = ["FAILURE", "MANIFEST", "Failure", "Manifest"]

MANIFEST = "pack.json"
FAILURE = "failure.json"
_VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """The content of ``pack.json``.

    ``files`` maps each file's name to its SHA-256 and its size: an approval is of exactly these bytes. ``watched``
    hashes what they were held against when somebody last looked for other partners in them.
    """

    partner_id: str
    quarter: str
    as_of: str
    audience: str
    language: str
    name: str
    origin: Origin
    files: Mapping[str, Mapping[str, Any]]
    watched: str = ""

    @classmethod
    def of(cls, pack: Pack, name: str, origin: Origin, files: Mapping[str, bytes], *, watched: str = "") -> Manifest:
        """Return the manifest of finished files; ``name`` is the partner's."""
        described = {
            file: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for file, data in files.items()
        }
        day = pack.as_of.isoformat()
        partner, quarter = pack.partner_id, str(pack.quarter)
        return cls(partner, quarter, day, pack.audience, pack.language, name, origin, described, watched)

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Return the manifest of a pack's folder; None if there is none that this kpilib can read."""
        values = _read_json(folder / MANIFEST)
        if values is None or values.pop("version", None) != _VERSION:
            return None
        try:
            del values["fingerprint"]
            return cls(origin=Origin.from_json(values.pop("made_from")), **values)
        except (KeyError, TypeError):
            return None

    def to_bytes(self) -> bytes:
        """Return the file's bytes."""
        return _write_json(
            {
                "version": _VERSION,
                "partner_id": self.partner_id,
                "name": self.name,
                "quarter": self.quarter,
                "as_of": self.as_of,
                "audience": self.audience,
                "language": self.language,
                "fingerprint": self.origin.fingerprint,
                "made_from": self.origin.to_json(),
                "files": self.files,
                "watched": self.watched,
            }
        )

    def is_whole(self, folder: Path) -> bool:
        """Say whether each file is there in its size; what hashes say is for an approval to ask."""
        for name, described in self.files.items():
            try:
                if (folder / name).stat().st_size != described["bytes"]:
                    return False
            except OSError:
                return False
        return True


@dataclass(frozen=True)
class Failure:
    """The content of ``failure.json``: why a pack could not be made; ``cell`` where it was a cell."""

    partner_id: str
    name: str
    kind: str
    message: str
    cell: int | None = None
    findings: tuple[str, ...] = ()

    @classmethod
    def of(cls, pack: Pack, name: str, error: KpilibError) -> Failure:
        """Return what an error says; ``name`` is the partner's."""
        kind = error.parts.get("kind") or type(error).__name__.removesuffix("Error").lower()
        findings = tuple(str(finding) for finding in error.parts.get("findings", ()))
        return cls(pack.partner_id, name, str(kind), str(error), error.parts.get("cell"), findings)

    @classmethod
    def read(cls, folder: Path) -> Failure | None:
        """Return the failure that lies in a folder, or None."""
        values = _read_json(folder / FAILURE)
        try:
            return None if values is None else cls(**{**values, "findings": tuple(values["findings"])})
        except (KeyError, TypeError):
            return None

    def to_bytes(self) -> bytes:
        """Return the file's bytes."""
        return _write_json(self.__dict__)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def _write_json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8", "surrogatepass")
