"""The files behind a source's address: a folder, a pattern, one file, or an fsspec address such as ``s3://``."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from kpilib.errors import SourceError
from kpilib.sources.batch import SourceFile

__all__ = ["READABLE", "File", "find_files"]

READABLE = {
    ".csv": "delimited", ".tsv": "delimited", ".tab": "delimited", ".txt": "delimited",
    ".xlsx": "excel", ".xlsm": "excel",
    ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "json", ".ndjson": "json", ".json": "json",
}  # fmt: skip
_MAGIC = re.compile(r"[*?\[]")
_CREDENTIALS = (
    "Credentials come from the environment alone: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; "
    "another provider's address: AWS_ENDPOINT_URL."
)


class _Unzipped(gzip.GzipFile):
    """A decompressed stream that closes the file beneath with itself."""

    def close(self) -> None:
        beneath: Any = self.fileobj
        super().close()
        if beneath is not None:
            beneath.close()


@dataclass(frozen=True)
class File:
    """One file: the name that a user recognises, and where it lies.

    ``system`` is None for a local file, else the fsspec file system that opens ``path``.
    """

    name: str
    path: str
    system: Any = None

    @property
    def suffix(self) -> str:
        """The ending that says the format, in lower case, without ``.gz``."""
        return PurePosixPath(self._base).suffix.lower()

    @property
    def stem(self) -> str:
        """The name without folders and endings."""
        return PurePosixPath(self._base).stem

    @property
    def folder(self) -> str:
        """The name of the folder that the file lies in."""
        return PurePosixPath(self.path.replace("\\", "/")).parent.name

    @property
    def kind(self) -> str | None:
        """How the file is read: delimited, excel, parquet or json; None when its ending says nothing."""
        return READABLE.get(self.suffix)

    @property
    def _base(self) -> str:
        base = PurePosixPath(self.path.replace("\\", "/")).name
        return base[:-3] if base.lower().endswith(".gz") else base

    def open(self) -> BinaryIO:
        """Open the file for reading, decompressed if its name ends in ``.gz``.

        Raises
        ------
        SourceError
            when it cannot be opened.
        """
        try:
            # The caller closes it.
            stream = Path(self.path).open("rb") if self.system is None else self.system.open(self.path, "rb")  # noqa: SIM115
        except Exception as error:  # noqa: BLE001 - every file system has its own errors
            raise SourceError(f"{self.name} cannot be opened: {say(error)}.", file=self.name) from None
        if self.path.lower().endswith(".gz"):
            return cast("BinaryIO", _Unzipped(fileobj=stream))
        return cast("BinaryIO", stream)

    def stat(self) -> SourceFile:
        """Return what tells whether the file changed since it was last read."""
        try:
            if self.system is None:
                stat = Path(self.path).stat()
                return SourceFile(self.path, "file", stat.st_size, stat.st_mtime_ns, ctime_ns=stat.st_ctime_ns)
            info = self.system.info(self.path)
        except Exception as error:  # noqa: BLE001 - every file system has its own errors
            raise SourceError(f"{self.name} cannot be read: {say(error)}.", file=self.name) from None
        tag = info.get("ETag") or info.get("LastModified") or info.get("mtime") or info.get("created")
        return SourceFile(self.name, "address", info.get("size"), None, None if tag is None else str(tag))


def find_files(root: Path, place: str) -> list[File]:
    """Return the files of an address, sorted by name; a folder's files with those one folder below.

    Raises
    ------
    SourceError
        when there is nothing at the address, or it holds a password.
    """
    if "://" in place:
        return _find_remote(place)
    start = Path(place).expanduser()
    start = start if start.is_absolute() else root / start
    try:
        if _MAGIC.search(place) and not start.exists():
            anchor = Path(start.anchor)
            found = [path for path in anchor.glob(str(start.relative_to(anchor))) if path.is_file()]
        elif start.is_dir():
            found = [path for pattern in ("*", "*/*") for path in start.glob(pattern) if path.is_file()]
        else:
            found = [start] if start.is_file() else []
    except (OSError, ValueError) as error:
        raise SourceError(f"[source] path {place!r} cannot be read: {say(error)}.", path=place) from None
    if not found and not start.is_dir():
        kind = "matches no file" if _MAGIC.search(place) else "does not exist"
        raise SourceError(
            f"[source] path {place!r} {kind} (looked at {start}). Name a folder, a file or a pattern, "
            f"relative to the folder of kpilib.toml.",
            path=place,
        )
    files = [File(_name(root, path), str(path)) for path in found if not path.name.startswith((".", "~$"))]
    return sorted(files, key=lambda file: file.name)


def say(error: BaseException) -> str:
    """Return an error's own words as one line, without addresses' passwords."""
    text = str(error.strerror if isinstance(error, OSError) and error.strerror else error) or type(error).__name__
    text = re.sub(r"://[^/\s@]*@", "://", " ".join(text.split()))
    return text[:300].rstrip(".")


def _name(root: Path, path: Path) -> str:
    try:
        return path.absolute().relative_to(root.absolute()).as_posix()
    except ValueError:
        return str(path)


def _find_remote(place: str) -> list[File]:
    import fsspec

    if urlsplit(place).password:
        raise SourceError(
            f"[source] path holds a password: {say(ValueError(place))}. Take it out of the file; fsspec reads "
            f"credentials from the environment.",
        )
    try:
        system, path = fsspec.core.url_to_fs(place)
        system.invalidate_cache()  # it remembers folders for as long as the process lives
        if _MAGIC.search(path):
            found = [str(name) for name in system.glob(path)]
        elif system.isdir(path):
            found = [str(name) for name in system.find(path, maxdepth=2)]
        else:
            found = [path] if system.exists(path) else []
        names = [(str(system.unstrip_protocol(path)), path) for path in found]
    except ImportError as error:
        way = 'pip install "kpilib[s3]"' if place.startswith("s3") else "Install what it names"
        raise SourceError(f"{place} cannot be read: {say(error)}. {way}.", path=place) from None
    except Exception as error:  # noqa: BLE001 - every file system has its own errors
        hint = f" {_CREDENTIALS}" if place.startswith("s3") else ""
        raise SourceError(f"{place} cannot be read: {say(error)}.{hint}", path=place) from None
    if not found:
        raise SourceError(f"There is no file at {place}.", path=place)
    return [File(name, path, system) for name, path in sorted(names)]
