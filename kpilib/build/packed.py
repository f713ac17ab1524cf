"""A folder as bytes: what a job takes along, to whatever machine, so that all of a build are made from the same."""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from zipfile import ZIP_DEFLATED, ZipFile

from kpilib.build.fingerprint import hash_files, list_files
from kpilib.errors import SettingsError
from kpilib.execute.scratch import scratch_root, sweep_scratch

__all__ = ["PackedFolder", "pack_folder"]

_LOCK = Lock()
_KEPT: list[TemporaryDirectory[str]] = []
_UNPACKED: set[Path] = set()


@dataclass(frozen=True)
class PackedFolder:
    """A folder's files in a ZIP archive; ``name`` is the folder's own, ``digest`` hashes the files."""

    name: str
    digest: str
    data: bytes

    def unpack(self) -> Path:
        """Return a folder, of this process alone, that holds the files; the same content has the same one.

        So what was compiled from it stays in use from one pack to the next.
        """
        with _LOCK:
            if not _KEPT:
                sweep_scratch()  # a worker that was killed could not do it itself
                prefix = f"kpilib-{os.getpid()}-"
                _KEPT.append(TemporaryDirectory(prefix=prefix, dir=scratch_root(), ignore_cleanup_errors=True))
            folder = Path(_KEPT[0].name) / self.digest[:24] / self.name
            if folder not in _UNPACKED:
                folder.mkdir(parents=True)
                with ZipFile(BytesIO(self.data)) as archive:
                    archive.extractall(folder)
                _UNPACKED.add(folder)
            return folder


def pack_folder(folder: Path) -> PackedFolder:
    """Return a folder packed as it is now: each file is read once; hidden and compiled ones stay behind.

    Raises
    ------
    SettingsError
        when a file cannot be read.
    """
    try:
        files = {place.as_posix(): (folder / place).read_bytes() for place in list_files(folder)}
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be read: {error.strerror}.", path=str(error.filename)) from None
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return PackedFolder(folder.name, hash_files(files.items()), packed.getvalue())
