"""How a file's columns become ours: what a mapping says, before any file is looked at.

A mapping is data: it is read from ``[source.mapping.<table>]`` or a preset (:mod:`kpilib.sources.rules` reads
the TOML), and it is laid over a file's header by :mod:`kpilib.sources.resolve`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Constant", "Field", "FirstOf", "Join", "TableMapping", "Take", "Template", "same_name"]


@dataclass(frozen=True)
class Take:
    """The values of the first of some columns that the file has.

    ``values`` translates: patterns (``*`` stands for anything) and what they become, the first that fits;
    what no pattern fits stays as it is.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[str, str], ...] = ()
    date: str | None = None
    decimal: str | None = None


@dataclass(frozen=True)
class Constant:
    """The same value in every row."""

    value: str


@dataclass(frozen=True)
class Template:
    """A text with columns' values in it: ``{row}`` is the row's number, ``{Name}`` the column Name."""

    text: str


@dataclass(frozen=True)
class FirstOf:
    """In each row the first of some fields that is not blank; those whose columns the file lacks are passed over."""

    fields: tuple[Field, ...]


Field = Take | Constant | Template | FirstOf


@dataclass(frozen=True)
class Join:
    """Another file, whose columns are looked up: where the file's column ``on`` equals its column ``key``.

    ``values`` translates those of ``on`` before; ``first`` takes the first of several rows with one key.
    """

    name: str
    file: str
    on: str
    key: str
    first: bool = False
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TableMapping:
    """How one of our tables is made from files.

    A column of ours without a field is taken from the column with its own name, unless it is in ``without``.
    """

    table: str
    files: tuple[str, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where_not: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    joins: tuple[Join, ...] = ()
    once_per: str | None = None
    add_up: str | None = None
    footer: tuple[str, ...] = ()
    recognise: tuple[tuple[str, ...], ...] = ()
    sheet: str | None = None
    header: int | None = None

    def field(self, name: str) -> Field | None:
        """Return where a column of ours comes from."""
        if name in self.without:
            return None
        return self.fields.get(name, Take((name,)))


def same_name(name: str) -> str:
    """Return a name such that names that differ in case, spaces, hyphens or underscores alone are equal.

    >>> same_name(" Close_Date ") == same_name("close date") == same_name("CloseDate")
    True
    """
    return re.sub(r"[\s_\-\u00a0\ufeff]+", "", unicodedata.normalize("NFKC", name)).casefold()
