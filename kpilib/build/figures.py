"""The figures of a quarter's packs as they lie on disk: what the index and the quarter's workbook show.

Read from each pack's ``kpis.json``, without the frames in it. A file beside the packs remembers them by the hash in
the pack's manifest, so that a thousand unchanged packs are not read again; it may be removed at any time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpilib.build.manifest import Manifest
from kpilib.build.write import ASIDE, put_file
from kpilib.folders import folder_name

__all__ = ["Figures", "read_figures"]

_FILE = ".figures.json"
_VERSION = 1
_KEPT = ("won_amount",)


@dataclass(frozen=True)
class Figures:
    """One pack's figures: ``document`` is its ``kpis.json`` with no companion but the won amount."""

    partner_id: str
    name: str
    language: str
    sha256: str
    document: Mapping[str, Any]


def read_figures(place: Path, partner_ids: list[str]) -> dict[str, Figures]:
    """Return the figures of those partners that have a pack in a folder, by partner id.

    Parameters
    ----------
    place
        the quarter's folder, or the one of its internal packs.
    """
    known = _read_known(place / _FILE)
    found: dict[str, Figures] = {}
    for partner_id in partner_ids:
        folder = place / folder_name(partner_id)
        manifest = Manifest.read(folder)
        sha256 = "" if manifest is None else str(manifest.files.get("kpis.json", {}).get("sha256", ""))
        if manifest is None or not sha256 or not (folder / "kpis.json").is_file():
            continue
        held = known.get(partner_id, {})
        document = held["document"] if held.get("sha256") == sha256 else _read_document(folder / "kpis.json")
        if document is not None:
            found[partner_id] = Figures(partner_id, manifest.name, manifest.language, sha256, document)
    fresh = {key: {"sha256": each.sha256, "document": each.document} for key, each in found.items()}
    if fresh != known:
        text = json.dumps({"version": _VERSION, "figures": fresh}, ensure_ascii=False, separators=(",", ":"))
        put_file(place / _FILE, text.encode("utf-8", "surrogatepass"), aside=place / ASIDE)
    return found


def _read_known(path: Path) -> dict[str, dict[str, Any]]:
    try:
        held = json.loads(path.read_bytes())
        return dict(held["figures"]) if held["version"] == _VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _read_document(path: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        for kpi in document["kpis"].values():
            kpi["companions"] = {name: kpi["companions"][name] for name in _KEPT if name in kpi["companions"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return document
