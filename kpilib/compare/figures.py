"""The texts and numbers of a document by where they stand, and which of them moved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kpilib.render.shape import walk_texts

__all__ = ["Move", "find_moves", "read_texts"]

_NUMBER = re.compile(r"[+\u2212-]?\d[\d.,\u00a0]*\d|[+\u2212-]?\d")
_BETWEEN = " › "


@dataclass(frozen=True)
class Move:
    """A text that differs: where it stands, before and now (empty where it is not); whether its numbers differ."""

    place: str
    before: str
    now: str

    @property
    def in_numbers(self) -> bool:
        """Whether other numbers stand there, and not only other words."""
        return _NUMBER.findall(self.before) != _NUMBER.findall(self.now)


def find_moves(before: Mapping[str, str], now: Mapping[str, str]) -> list[Move]:
    """Return what differs, in the order of the newer document; then what is no longer there.

    >>> find_moves({"Deals": "14", "Rate": "3 %"}, {"Deals": "15", "Rate": "3 %"})
    [Move(place='Deals', before='14', now='15')]
    """
    moves = [Move(place, before.get(place, ""), text) for place, text in now.items() if before.get(place, "") != text]
    return moves + [Move(place, text, "") for place, text in before.items() if place not in now]


def read_texts(parts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the texts of a document's parts: where each stands → the text."""
    found: dict[str, str] = {}
    for place, text in _walk(parts, ""):
        if not text:
            continue
        name, count = place, 1
        while name in found:
            count += 1
            name = f"{place} ({count})"
        found[name] = text
    return found


def _walk(parts: Iterable[Mapping[str, Any]], above: str) -> Iterator[tuple[str, str]]:
    for part in parts:
        yield from _READERS.get(part["kind"], _read_other)(part, above)


def _read_section(part: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    place = f"{above}{part['title']}"
    yield place, _plain(part["value"])
    yield f"{place}{_BETWEEN}status", _plain(part["status"]["word"] if part["status"] else "")
    yield f"{place}{_BETWEEN}answer", _plain(part["answer"])
    yield from _walk(part["parts"], f"{place}{_BETWEEN}")
    yield f"{place}{_BETWEEN}small print", " ".join(map(_plain, part["small"]))


def _read_table(part: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    labels = [_plain(column["label"]) for column in part["columns"]]
    place = f"{above}{_plain(part['title']) or 'table'}"
    for row in part["rows"]:
        first, *cells = [_plain(cell if isinstance(cell, str) else cell["text"]) for cell in row["cells"]] or [""]
        for label, cell in zip(labels[1:], cells, strict=False):
            yield _BETWEEN.join((place, first, label)), cell
        if not cells:
            yield place, first
    yield f"{place}{_BETWEEN}note", _plain(part["note"])


def _read_chart(part: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    yield f"{above}chart: {_plain(part['title'])}", _plain(part["alt"])


def _read_page_one(part: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    verdict = part["verdict"]
    yield f"{above}verdict", f"{_plain(verdict['lead'])} {_plain(verdict['text'])}"
    for card in part["cards"]:
        place = f"{above}card: {card['name']}"
        yield place, f"{card['value']} {card['unit']}".strip()
        yield f"{place}{_BETWEEN}change", _plain(card["change"])
        yield f"{place}{_BETWEEN}target", _plain(card["target"]["text"] if card["target"] else "")
        yield f"{place}{_BETWEEN}median", _plain(card["cohort"])
    if part["picture"] is not None:
        yield from _read_chart(part["picture"], above)
    for name in ("agreed", "plan", "outlook", "comment", "notes"):
        yield f"{above}page one: {name}", " ".join(filter(None, walk_texts(part[name])))


def _read_inner(part: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    inner = part["parts"] if part["kind"] == "group" else (part["left"], part["right"])
    yield from _walk(inner, above)


def _read_other(part: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    held = {name: value for name, value in part.items() if name not in {"kind", "svg", "file"}}
    yield f"{above}{part['kind']}", " ".join(filter(None, walk_texts(held)))


_READERS = {
    "section": _read_section,
    "table": _read_table,
    "chart": _read_chart,
    "page_one": _read_page_one,
    "group": _read_inner,
    "pair": _read_inner,
}


def _plain(text: Any) -> str:
    return text if isinstance(text, str) else "".join(run["text"] for run in text)
