"""How wide a table's columns are in print, from the lengths of their texts: so Typst sets each cell once."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

__all__ = ["column_widths"]

# In em of Source Sans Pro: a figure is 0.497 wide; letters are so on average.
_FIGURE = 0.535
# So many letters and figures stand in a line of the full width.
_LINE = 70
_SHORT = 18
# A name or a date by hand.
_WRITING = 6.8


def column_widths(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each column's width: a ``share`` of what is left, or its own in ``em``; figures never wrap, words may.

    With room to spare all columns share it, so that no figure stands far from its label. A labelled column without a
    single text is to be written in by hand: it has room for a name, and ``blank`` says so.
    """
    columns, rows = table["columns"], table["rows"]
    blank = [
        place for place, column in enumerate(columns)
        if rows and column["label"] and column["align"] == "left" and all(row["cells"][place] == "" for row in rows)
    ]  # fmt: skip
    if blank and len(blank) < len(columns):
        return [
            {"em": _WRITING, "blank": True} if place in blank else {"share": 1.0 if place else 0.66}
            for place in range(len(columns))
        ]
    if any(not isinstance(cell, str) for row in rows for cell in row["cells"]):
        return [{"share": 1.0 if place else 1.7} for place in range(len(columns))]
    needs = [_label_need(column["label"], few=len(columns) <= 6) for column in columns]
    for row in rows:
        for place, cell in enumerate(row["cells"][: len(columns)]):
            needs[place] = max(needs[place], _count(cell))
    if sum(needs) + 2 * len(columns) < _LINE:
        return [{"share": round(min(max(need + 5, 9), 46), 2)} for need in needs]
    widths: list[dict[str, Any]] = [
        {"em": round(need * _FIGURE, 3)}
        if column["align"] == "right" and need <= 26
        else {"share": min(max(need, 9), 46)}
        for need, column in zip(needs, columns, strict=True)
    ]
    if not any("share" in width for width in widths):
        widths[0] = {"share": 1.0}
    return widths


def _label_need(label: str, *, few: bool) -> float:
    """Return how much room a label needs: a short one keeps its line, a longer one takes about two."""
    whole = _count(label)
    return 0.94 * (whole if few and whole <= _SHORT else max(whole / 2, *map(_count, label.split(" "))))


def _count(text: str) -> float:
    """Return a text's length, a wide sign as 1.9 letters."""
    if text.isascii():
        return len(text)
    return sum(1.9 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
