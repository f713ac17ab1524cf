"""What a store was made from: whether its sources, its settings or the code that made it changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kpilib
from kpilib.errors import SourceError
from kpilib.language import own_catalogues
from kpilib.own_kpis import read_own_kpis

if TYPE_CHECKING:
    from kpilib.settings import Settings
    from kpilib.sources.batch import SourceFile

__all__ = ["Listing", "Manifest", "describe_sources", "identify", "list_sources", "same_sources", "untouched"]

Manifest = Mapping[str, Any]
Listing = list[dict[str, Any]]

_CODE = ("contract/*.py", "sources/**/*.py", "sources/**/*.toml", "store/*.py", "money.py", "quarter.py")


def list_sources(settings: Settings) -> Listing | None:
    """Return the files at the source's address, none of them opened; None where that is not all (a database).

    Raises
    ------
    SourceError
        when there is nothing at the address.
    """
    source = settings.source
    if source.path is None or source.url is not None:
        return None
    from kpilib.sources.files import find_files

    return [_stamp(file.stat()) for file in find_files(settings.root, source.path) if file.kind is not None]


def untouched(settings: Settings, listed: Listing | None, known: Manifest) -> bool:
    """Say whether all that a store was made from lies there as it did then: then no file needs to be opened.

    A file that came or went counts too, since it could be a table's.
    """
    if listed is None or listed != known.get("listed"):
        return False
    made_from = known.get("files", ())
    return (
        (known.get("code"), known.get("settings")) == (_hash_code(), _hash_settings(settings))
        and {file["path"] for file in made_from} <= {file["path"] for file in listed}
        and all(file["content"] is not None for file in made_from)
    )


def describe_sources(
    settings: Settings, files: Iterable[SourceFile], known: Manifest | None, listed: Listing | None = None
) -> Manifest:
    """Return what a store made now would be made from.

    A file is read for its hash only when its size or a time differ from those of the known manifest.
    """
    before = {file["path"]: file for file in (known or {}).get("files", ())}
    return {
        "code": _hash_code(),
        "settings": _hash_settings(settings),
        "files": sorted((_describe(file, before.get(file.path)) for file in files), key=lambda file: file["path"]),
        "listed": listed,
    }


def same_sources(one: Manifest, other: Manifest) -> bool:
    """Say whether two stores are made from the same; a database cannot tell, so never."""
    if any(file["content"] is None for file in one["files"]):
        return False
    return _essence(one) == _essence(other)


def identify(manifest: Manifest) -> str | None:
    """Return a hash of what a store was made from; None where a source cannot tell whether it changed."""
    if any(file["content"] is None for file in manifest["files"]):
        return None
    return hashlib.sha256(json.dumps(_essence(manifest)).encode()).hexdigest()


def _essence(manifest: Manifest) -> tuple[Any, ...]:
    return (
        manifest.get("code"),
        manifest.get("settings"),
        [(file["path"], file["content"]) for file in manifest.get("files", ())],
    )


def _stamp(file: SourceFile) -> dict[str, Any]:
    return asdict(file)


def _describe(file: SourceFile, before: Mapping[str, Any] | None) -> dict[str, Any]:
    stamp = _stamp(file)
    if file.kind == "file":
        same = before is not None and all(before.get(key) == value for key, value in stamp.items())
        return {**stamp, "content": before["content"] if same and before is not None else _hash_file(Path(file.path))}
    known = file.etag if file.kind == "address" else None
    return {**stamp, "content": f"{known} {file.size}" if known else None}


def _hash_file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", file=str(path)) from None


def _hash_settings(settings: Settings) -> str:
    source = settings.source.model_dump(mode="json", exclude={"max_rejected_share"})
    # They decide what may stand as a locale in the table partners, and as a metric in the table targets.
    names = {"languages": sorted(own_catalogues()), "kpis": sorted(read_own_kpis(settings).codes)}
    held = [source, settings.money.currency, str(settings.root), names]
    text = json.dumps(held, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _hash_code() -> str:
    """Return the hash of the code that reads, judges and stores rows, and of the catalogues' names."""
    root = Path(kpilib.__file__).parent
    hashed = hashlib.sha256()
    for path in sorted(path for pattern in _CODE for path in root.glob(pattern)):
        hashed.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    for path in sorted((root / "language").glob("*.toml")):
        hashed.update(path.name.encode())
    return hashed.hexdigest()
