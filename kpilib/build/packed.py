"""A folder as bytes: what a job takes along to a machine that has none of the workspace's files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from zipfile import ZIP_DEFLATED, ZipFile

from kpilib.execute.scratch import sweep_scratch

__all__ = ["PackedFolder", "pack_folder"]

_LOCK = Lock()
_KEPT: list[TemporaryDirectory[str]] = []
_UNPACKED: dict[str, Path] = {}


@dataclass(frozen=True)
class PackedFolder:
    """A folder's files in a ZIP archive; ``name`` is the folder's own."""

    name: str
    data: bytes

    def unpack(self) -> Path:
        """Return a folder, of this process alone, that holds the files; the same content has the same one."""
        digest = hashlib.sha256(self.name.encode() + b"\0" + self.data).hexdigest()[:24]
        with _LOCK:
            if not _KEPT:
                sweep_scratch()  # a worker that was killed could not do it itself
                _KEPT.append(TemporaryDirectory(prefix=f"kpilib-{os.getpid()}-", ignore_cleanup_errors=True))
            if digest not in _UNPACKED:
                folder = Path(_KEPT[0].name) / digest / self.name
                folder.mkdir(parents=True)
                with ZipFile(BytesIO(self.data)) as archive:
                    archive.extractall(folder)
                _UNPACKED[digest] = folder
            return _UNPACKED[digest]


def pack_folder(folder: Path) -> PackedFolder:
    """Return a folder packed; hidden and compiled files stay behind."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder)
            if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in place.parts):
                archive.writestr(place.as_posix(), path.read_bytes(), ZIP_DEFLATED)
    return PackedFolder(folder.name, packed.getvalue())
