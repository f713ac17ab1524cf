"""One build at a time in a folder of packs: the second waits, and says so."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from kpilib.errors import SettingsError

__all__ = ["hold"]

_NAME = ".lock"


@contextmanager
def hold(folder: Path, *, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a folder, which is made if need be; wait while another process holds it.

    The system lets go of the lock when its holder ends, however it ends.

    Parameters
    ----------
    say
        is told when there is something to wait for.

    Raises
    ------
    SettingsError
        when the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / _NAME).open("a+b", buffering=0)
    except OSError as error:
        raise SettingsError(
            f"{folder} cannot be written to: {error.strerror}. Free the folder, or name another in [packs] reports.",
            folder=str(folder),
        ) from None
    with stream:
        if not _take(stream, wait=False):
            stream.seek(0)
            holder = stream.read(20).decode(errors="replace").strip()
            say(f"Another build of {folder} is running{f' (process {holder})' if holder else ''}. Waiting for its end.")
            _take(stream, wait=True)
        _sign(stream, str(os.getpid()))
        yield
        _sign(stream, "")


def _sign(stream: IO[bytes], text: str) -> None:
    """Write who holds the lock; a full disk takes the word for it, not the lock."""
    with suppress(OSError):
        stream.truncate(0)
        stream.write(text.encode())


if sys.platform == "win32":
    import msvcrt

    def _take(stream: IO[bytes], *, wait: bool) -> bool:
        # The byte far behind the end is locked, so that the holder's number can be read.
        stream.seek(1 << 20)
        while True:
            try:
                msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
            else:
                return True
else:
    import fcntl

    def _take(stream: IO[bytes], *, wait: bool) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
