"""The plan: which packs are made, and why; which are fresh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kpilib.build.fingerprint import Origin, slice_hashes
from kpilib.build.manifest import Failure, Manifest
from kpilib.build.memory import Memory
from kpilib.build.round import Round
from kpilib.pack import Pack

__all__ = ["Planned", "plan_packs"]


@dataclass(frozen=True)
class Planned:
    """One pack of a plan: ``reasons`` say why it is to be made; there are none when it is fresh."""

    pack: Pack
    name: str
    origin: Origin
    reasons: tuple[str, ...]

    @property
    def fresh(self) -> bool:
        """Whether the pack lies there, made from exactly what it would be made from now."""
        return not self.reasons


def plan_packs(around: Round, partners: Iterable[str], *, force: bool = False) -> list[Planned]:
    """Return the plan of some partners' packs.

    Parameters
    ----------
    force
        make fresh packs too.
    """
    memory = Memory(around)
    planned = []
    for partner_id in partners:
        recalled = memory.recall(partner_id)
        if recalled is None:
            slice_ = around.cut(partner_id)
            recalled = (*slice_hashes(slice_), slice_.language)
            memory.note(partner_id, *recalled)
        fingerprint, parts, language = recalled
        pack, origin = around.pack_of(partner_id, language), around.origin_of(partner_id, fingerprint, parts)
        reasons = _reasons(pack, origin, around.settings.reports) or (["forced"] if force else [])
        planned.append(Planned(pack, around.name(partner_id), origin, tuple(reasons)))
    memory.save()
    return planned


def _reasons(pack: Pack, origin: Origin, reports: Path) -> list[str]:
    folder = pack.folder(reports)
    manifest = Manifest.read(folder)
    if manifest is None:
        failed = Failure.read(pack.failed_folder(reports)) is not None
        return ["failed last time" if failed else "new"]
    changes = origin.changes_since(manifest.origin)
    if not changes and not manifest.is_whole(folder):
        return ["files missing"]
    if not changes and Failure.read(pack.failed_folder(reports)) is not None:
        return ["failed last time"]
    return changes
