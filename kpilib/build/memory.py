"""What slices would be cut, remembered: while nothing that slices are cut from changes, none has to be cut to know it.

A plan of a thousand fresh packs then costs a look at each pack's manifest. Forgetting is harmless.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpilib.build.fingerprint import kpilib_hash
from kpilib.build.write import put_file
from kpilib.enclosures import comment_path, issued_path
from kpilib.errors import RenderError
from kpilib.language import own_catalogues

if TYPE_CHECKING:
    from kpilib.build.round import Round

__all__ = ["Memory"]

_VERSION = 1


class Memory:
    """The hashes of a round's slices as they were last cut: partner → hash, hashes of the parts, language."""

    def __init__(self, around: Round) -> None:
        self._around = around
        self._key = _key_of(around)
        self._path = _path_of(around)
        self._held = self._read()
        self._changed = False

    def recall(self, partner_id: str) -> tuple[str, dict[str, str], str] | None:
        """Return a slice's hash, its parts' hashes and its language; None when it has to be cut."""
        held = self._held.get(partner_id)
        if held is None or held["stamps"] != self._stamps(partner_id):
            return None
        return held["slice"], held["parts"], held["language"]

    def note(self, partner_id: str, fingerprint: str, parts: Mapping[str, str], language: str) -> None:
        """Remember a slice that was cut."""
        stamps = self._stamps(partner_id)
        self._held[partner_id] = {"stamps": stamps, "slice": fingerprint, "parts": dict(parts), "language": language}
        self._changed = True

    def save(self) -> None:
        """Write down what was noted."""
        if self._key is None or not self._changed:
            return
        text = json.dumps({"version": _VERSION, "key": self._key, "slices": self._held}, separators=(",", ":"))
        try:
            put_file(self._path, text.encode("utf-8", "surrogatepass"), aside=self._path.parent)
        except RenderError:
            return  # a folder that cannot be written costs time, nothing else

    def _read(self) -> dict[str, Any]:
        if self._key is None:
            return {}
        try:
            content = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        known = isinstance(content, dict) and content.get("version") == _VERSION and content.get("key") == self._key
        return dict(content["slices"]) if known else {}

    def _stamps(self, partner_id: str) -> list[list[int] | None]:
        """Return size and times of what lies in the workspace for one partner alone."""
        settings, quarter = self._around.settings, self._around.quarter
        paths = (comment_path(settings, quarter, partner_id), issued_path(settings, quarter.shift(-1), partner_id))
        return [_stamp(path) for path in paths]


def _stamp(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _path_of(around: Round) -> Path:
    name = f"{around.quarter}-{around.audience}-{around.language or 'own'}.json"
    return around.settings.root / ".kpilib" / "slices" / name


def _key_of(around: Round) -> str | None:
    """Return a hash of all that the round's slices are cut from; None when that cannot be told (a database)."""
    sources = around.store.identity
    if sources is None:
        return None
    settings = around.settings
    logo = settings.root / settings.brand.logo if settings.brand.logo else None
    content = [
        sources,
        around.cohort.to_json(),
        around.as_of.isoformat(),
        kpilib_hash(),
        around.own_kpis.fingerprint,
        own_catalogues(),
        settings.model_dump(mode="json", exclude={"source", "email", "leaks"}),
        hashlib.sha256(logo.read_bytes()).hexdigest() if logo and logo.is_file() else None,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
