"""The version that a notebook is held against: another file, or a revision.

Of a revision the templates and the workspace's own KPIs are taken too, since they make the pack as much as the notebook
does; data, settings and kpilib are those of now.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kpilib.errors import SettingsError

if TYPE_CHECKING:
    from kpilib.settings import Settings

__all__ = ["Surroundings", "Version", "read_base", "read_now", "surroundings_of"]


@dataclass(frozen=True)
class Version:
    """A notebook's bytes, what it is called, and the revision that it is of; None for a file."""

    name: str
    data: bytes
    revision: str | None = None


@dataclass(frozen=True)
class Surroundings:
    """Settings that lead to a version's templates and own KPIs, and which of these files differ from those of now."""

    settings: Settings
    changed: tuple[str, ...] = ()


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
    done = _git(notebook.absolute().parent, "show", f"{revision}:./{notebook.name}")
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise SettingsError(
            f"There is no {notebook.name} to compare with: neither a file {revision!r}, nor a revision that holds it "
            f"({told[0].removeprefix('fatal: ') if told else 'git says nothing'}). Name one with --base."
        )
    return Version(f"{notebook.name} of {revision}", done.stdout, revision)


@contextmanager
def surroundings_of(version: Version, settings: Settings) -> Iterator[Surroundings]:
    """Give what surrounds a version: of a revision its templates and own KPIs, in a folder that lasts meanwhile.

    A folder that Git does not keep, or that lies elsewhere, is taken as it is now.
    """
    packs, root = settings.packs, settings.root
    names = {"templates": packs.templates, "kpis": packs.kpis}
    kept = {key: name for key, name in names.items() if _is_kept(root, name)} if version.revision else {}
    if not kept:
        yield Surroundings(settings)
        return
    with tempfile.TemporaryDirectory() as made:
        changed: list[str] = []
        for name in kept.values():
            _unpack(root, str(version.revision), name, Path(made))
            changed += _differing(Path(made), root, name)
        places = {key: str(Path(made) / name) for key, name in kept.items()}
        yield Surroundings(settings.model_copy(update={"packs": packs.model_copy(update=places)}), tuple(changed))


def _is_kept(root: Path, name: str) -> bool:
    """Say whether Git keeps a folder of the workspace."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return False
    done = _git(root, "log", "-1", "--format=%H", "--", f"./{name}")
    return done.returncode == 0 and bool(done.stdout.strip())


def _unpack(root: Path, revision: str, name: str, into: Path) -> None:
    """Write a revision's folder below another; nothing where the revision has none."""
    (into / name).mkdir(parents=True)
    done = _git(root, "archive", "--format=tar", revision, f"./{name}")
    if done.returncode == 0:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(into, filter="data")


def _differing(one: Path, other: Path, name: str) -> list[str]:
    """Return the files of a folder that are not the same below two places."""

    def read(root: Path) -> dict[str, bytes]:
        paths = (path for path in (root / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}

    before, now = read(one), read(other)
    return [path for path in sorted({*before, *now}) if before.get(path) != now.get(path)]


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - no shell; revisions and names
    except FileNotFoundError:
        raise SettingsError("Git is not installed: name the other version's file with --base.") from None
