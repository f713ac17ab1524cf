"""What a pack is made from, as hashes: a pack is stale exactly when one of them changed, and they say which."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpilib.slice import Slice

__all__ = [
    "Origin",
    "environment_hash",
    "hash_files",
    "kpilib_hash",
    "library_versions",
    "list_files",
    "slice_hashes",
    "tree_hash",
]

# What never reaches a page of a pack: the command, the made-up data, what happens before the slice, after the pack, or
# beside it.
_ELSEWHERE = {
    "cli", "sample", "deliver", "preview", "workspace", "build", "sources", "store", "portfolio", "spreadsheet.py",
}  # fmt: skip
_LIBRARIES = (
    "babel", "font-source-sans-pro", "fonttools", "ipykernel", "jinja2", "koreanize-matplotlib", "markdown-it-py",
    "matplotlib", "nbconvert", "numpy", "pandas", "papermill", "pypandoc-binary", "scipy", "seaborn", "typst",
)  # fmt: skip
_SLICE_PARTS = ("settings", "cohort", "comment", "issued", "kpis", "language", "catalogue")
_REASONS = {
    "rows": "rows changed",
    "settings": "settings changed",
    "cohort": "cohort's figures changed",
    "comment": "comment changed",
    "issued": "quarter before was issued anew",
    "kpis": "own KPIs changed",
    "language": "language changed",
    "catalogue": "language's own texts changed",
    "notebook": "notebook changed",
    "templates": "templates changed",
    "kpilib": "kpilib changed",
    "environment": "libraries changed",
}


@dataclass(frozen=True)
class Origin:
    """The hashes of all that a pack is made from.

    ``slice`` is the hash that the pages print; ``parts`` hashes the slice's parts, to say what in it changed.
    """

    slice: str
    parts: Mapping[str, str]
    notebook: str
    templates: str
    kpilib: str
    environment: str

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Origin:
        """Return the origin that `to_json` gave."""
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return the hashes as plain JSON values."""
        return {
            "slice": self.slice,
            "parts": dict(self.parts),
            "notebook": self.notebook,
            "templates": self.templates,
            "kpilib": self.kpilib,
            "environment": self.environment,
        }

    @property
    def fingerprint(self) -> str:
        """One hash of all."""
        return _hash_json(self.to_json())

    def changes_since(self, before: Origin) -> list[str]:
        """Return in words what changed since a pack was made; nothing if it is fresh."""
        now, then = self._flat(), before._flat()
        names = [name for name in _REASONS if now.get(name) != then.get(name)]
        return [_REASONS[name] for name in names] or ([] if self.slice == before.slice else [_REASONS["rows"]])

    def _flat(self) -> dict[str, Any]:
        return {**self.to_json(), **self.parts}


def slice_hashes(slice_: Slice) -> tuple[str, dict[str, str]]:
    """Return a slice's hash and the hashes of its parts; ``rows`` is all that is no part of its own."""
    content = slice_.content
    parts = {name: _hash_json(content.get(name)) for name in _SLICE_PARTS}
    parts["rows"] = _hash_json({name: value for name, value in content.items() if name not in _SLICE_PARTS})
    return slice_.fingerprint, parts


def list_files(folder: Path) -> list[Path]:
    """Return all files below a folder, sorted, also behind links to folders; hidden and compiled ones do not count."""
    return [path.relative_to(folder) for path in _walk(folder, frozenset())]


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    here = folder.resolve()
    if here in above:  # a link that leads back
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _walk(path, above | {here})
        elif path.is_file():
            yield path


def hash_files(files: Iterable[tuple[str, bytes]]) -> str:
    """Return a hash of files, names included."""
    hashed = hashlib.sha256()
    for name, data in files:
        hashed.update(f"{name}\0{len(data)}\0".encode())
        hashed.update(data)
    return hashed.hexdigest()


def tree_hash(folder: Path, *, skip: frozenset[str] = frozenset()) -> str:
    """Return a hash of all files below a folder that count, but for what lies in it under the names to be skipped."""
    places = (place for place in list_files(folder) if place.parts[0] not in skip)
    return hash_files((place.as_posix(), (folder / place).read_bytes()) for place in places)


@cache
def kpilib_hash() -> str:
    """Return a hash of the code and catalogues that can change a page."""
    return tree_hash(Path(__file__).parents[1], skip=frozenset(_ELSEWHERE))


@cache
def environment_hash() -> str:
    """Return a hash of the versions of Python and of the libraries that draw a page."""
    return _hash_json(library_versions())


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that draw a page; empty where one is missing."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _hash_json(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
