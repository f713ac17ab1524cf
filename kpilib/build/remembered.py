"""What lies beside the packs, and from what it was made: so that nothing is drawn anew that would be the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from kpilib.build.write import ASIDE, put_file
from kpilib.language import own_catalogues

__all__ = ["Remembered", "hash_of"]

_FILE = ".made.json"


class Remembered:
    """The hashes of what the files of a folder were made from; the file that keeps them may be removed at any time."""

    def __init__(self, place: Path) -> None:
        self._place = place
        try:
            held = json.loads((place / _FILE).read_bytes())
        except (OSError, ValueError):
            held = {}
        self._held: dict[str, str] = held if isinstance(held, dict) else {}
        self._before = dict(self._held)

    def put(self, name: str, data: bytes, made_from: str) -> None:
        """Put a file in place, and remember from what it was made.

        Raises
        ------
        RenderError
            when it cannot be written.
        """
        put_file(self._place / name, data, aside=self._place / ASIDE)
        self._held[name] = made_from

    def is_same(self, name: str, made_from: str) -> bool:
        """Say whether a file is there and was made from the same."""
        return self._held.get(name) == made_from and (self._place / name).is_file()

    def save(self) -> None:
        """Keep what was made."""
        if self._held != self._before:
            text = json.dumps(self._held, ensure_ascii=False, indent=1, sort_keys=True)
            put_file(self._place / _FILE, text.encode(), aside=self._place / ASIDE)


def hash_of(values: Iterable[object], *code: Path) -> str:
    """Return a hash of plain values, of the words of all languages, and of the code that turns one into the other."""
    held = [_words(), own_catalogues(), *map(_hash_file, code), *values]
    text = json.dumps(held, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _words() -> str:
    folder = Path(__file__).parents[1] / "language"
    return "".join(_hash_file(path) for path in sorted(folder.glob("*.toml")))


@cache
def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
