"""Folders and files that appear whole or not at all.

A folder is written aside, in the same file system, and renamed. Where there was one, Linux exchanges the two in
one step; elsewhere there is a moment without either, and what a crash leaves in it is made anew.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from kpilib.errors import RenderError

__all__ = ["ASIDE", "put_file", "put_folder", "remove_folder", "sweep"]

ASIDE = ".making"
_AT_FDCWD = -100
_EXCHANGE = 2


def put_folder(folder: Path, files: Mapping[str, bytes], *, aside: Path) -> None:
    """Put a folder of exactly these files in place of what was there.

    Parameters
    ----------
    aside
        where it is written first: a folder of the same file system.

    Raises
    ------
    RenderError
        when it cannot be written; what was there is still there then.
    """
    try:
        aside.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        written = Path(tempfile.mkdtemp(dir=aside))
        try:
            written.chmod(0o755)
            for name, data in files.items():
                (written / name).write_bytes(data)
            if not _rename(written, folder):
                _exchange(written, folder)
        finally:
            shutil.rmtree(written, ignore_errors=True)
    except OSError as error:
        raise RenderError(
            f"{folder} cannot be written: {_say(error)} What was there before is unchanged.", folder=str(folder)
        ) from None


def put_file(path: Path, data: bytes, *, aside: Path) -> None:
    """Put a file in place of what was there.

    Raises
    ------
    RenderError
        when it cannot be written.
    """
    try:
        aside.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=aside)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise RenderError(f"{path} cannot be written: {_say(error)}", file=str(path)) from None


def _say(error: OSError) -> str:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return f"{error.strerror}.{' Free some room, and build again.' if full else ''}"


def remove_folder(folder: Path, *, aside: Path) -> None:
    """Remove a folder, if it is there, in one step."""
    if folder.is_dir():
        aside.mkdir(parents=True, exist_ok=True)
        gone = Path(tempfile.mkdtemp(dir=aside)) / "gone"
        folder.rename(gone)
        shutil.rmtree(gone.parent, ignore_errors=True)


def sweep(aside: Path) -> None:
    """Remove what a killed run left aside."""
    shutil.rmtree(aside, ignore_errors=True)


def _rename(source: Path, target: Path) -> bool:
    """Rename a folder where nothing, or an empty folder, is in the way; say whether it was done."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        return False
    source.rename(target)
    return True


def _exchange(one: Path, other: Path) -> None:
    """Exchange two folders, in one step where the system can."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if hasattr(libc, "renameat2"):
            paths = os.fsencode(one), os.fsencode(other)
            if libc.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE) == 0:
                return
    old = Path(tempfile.mkdtemp(dir=one.parent)) / "old"
    other.rename(old)
    one.rename(other)
    shutil.rmtree(old.parent, ignore_errors=True)
