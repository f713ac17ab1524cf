"""The version that a notebook is held against: another file, or the notebook of a revision."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from kpilib.errors import SettingsError

__all__ = ["Version", "read_base", "read_now"]


@dataclass(frozen=True)
class Version:
    """A notebook's bytes, and what it is called."""

    name: str
    data: bytes


def read_now(notebook: Path) -> Version:
    """Return the notebook as it lies there.

    Raises
    ------
    SettingsError
        when it cannot be read.
    """
    try:
        return Version(notebook.name, notebook.read_bytes())
    except OSError as error:
        raise SettingsError(f"The notebook {notebook} cannot be read: {error.strerror}.", path=str(notebook)) from None


def read_base(notebook: Path, base: str | None = None) -> Version:
    """Return the version of a notebook that is meant.

    Parameters
    ----------
    base
        a file, or a revision of Git; default: the last commit.

    Raises
    ------
    SettingsError
        when there is no such file or revision, or the notebook is not in it.
    """
    if base is not None and Path(base).is_file():
        return read_now(Path(base))
    revision = base or "HEAD"
    if revision.startswith("-"):
        raise SettingsError(f"{revision!r} is no revision of Git.")
    folder = notebook.absolute().parent
    command = ["git", "-C", str(folder), "show", f"{revision}:./{notebook.name}"]
    try:
        done = subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - no shell; a revision, a name
    except FileNotFoundError:
        raise SettingsError("Git is not installed: name the other version's file with --base.") from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise SettingsError(
            f"There is no {notebook.name} to compare with: neither a file {revision!r}, nor a revision that holds it "
            f"({told[0].removeprefix('fatal: ') if told else 'git says nothing'}). Name one with --base."
        )
    return Version(f"{notebook.name} of {revision}", done.stdout)
