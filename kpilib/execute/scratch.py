"""The folders in which kernels run, and what is left of them when a process was killed: slices are a partner's data."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["scratch_folder", "scratch_root", "sweep_scratch"]

# A socket's path has at most 107 bytes; the others are for the folders and names that are made below.
_LONGEST_ROOT = 50
_NAME = re.compile(r"kpilib-(\d+)-.+")


def scratch_root() -> Path:
    """Return the folder for temporary files, or /tmp where sockets in it would have longer paths than Linux takes."""
    folder = tempfile.gettempdir()
    return Path(folder if len(os.fsencode(folder)) <= _LONGEST_ROOT else "/tmp")  # noqa: S108 - what lies there is 0700


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder that nobody else can enter; it is removed at the end of the block."""
    prefix = f"kpilib-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=scratch_root(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def sweep_scratch() -> None:
    """Remove the folders of processes that are no more and could not do it themselves."""
    for path in scratch_root().glob("kpilib-*-*"):
        found = _NAME.fullmatch(path.name)
        if found and not path.is_symlink() and path.is_dir() and not _runs(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
