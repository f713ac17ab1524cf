"""Parts as the templates expect them: every key present, texts clean, ids unique, narrow parts side by side.

`kpilib.parts` writes parts whole; a notebook may also hold what an older kpilib or another program wrote, and
data may hold signs that no page can show. After this step a template never asks whether something is there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kpilib.errors import RenderError, did_you_mean

__all__ = ["arrange", "clean_text", "shape_part", "walk_texts"]

REQUIRED = object()
_KINDS: dict[str, dict[str, Any]] = {
    "chart": {"svg": REQUIRED, "alt": REQUIRED, "title": "", "subtitle": "", "width": "full"},
    "table": {"title": "", "columns": REQUIRED, "rows": REQUIRED, "note": "", "row_header": True},
    "note": {"text": REQUIRED, "tone": "info"},
    "section": {
        "id": REQUIRED,
        "title": REQUIRED,
        "question": "",
        "status": None,
        "value": "",
        "answer": "",
        "parts": (),
        "small": (),
    },
    "group": {"parts": REQUIRED},
    "page_one": {
        "masthead": REQUIRED,
        "verdict": REQUIRED,
        "cards": REQUIRED,
        "legend": "",
        "picture": None,
        "agreed": None,
        "plan": None,
        "outlook": None,
        "comment": None,
        "notes": (),
    },
    "picture": {"source": REQUIRED, "alt": REQUIRED, "width": 0, "height": 0},
    "prose": {"blocks": REQUIRED},
    "output": {"text": REQUIRED, "failed": False},
}  # fmt: skip
_NESTED: dict[str, dict[str, Any]] = {
    "masthead": {"kicker": "", "title": REQUIRED, "lines": (), "logo": None},
    "verdict": {"lead": "", "text": ""},
    "agreed": {"title": "", "rows": (), "empty": ""},
    "plan": {"title": "", "subtitle": "", "items": ()},
    "outlook": {
        "title": "",
        "text": "",
        "low": None,
        "median": None,
        "high": None,
        "target": None,
        "labels": None,
        "alt": "",
    },
    "comment": {"title": "", "paragraphs": (), "author": ""},
}
_CARD = {"key": "", "name": REQUIRED, "value": REQUIRED, "unit": "", "status": None, "change": "", "previous": "",
         "spark": None, "target": None, "cohort": ""}  # fmt: skip
_ITEMS: dict[tuple[str, str], dict[str, Any]] = {
    ("agreed", "rows"): {"status": "open", "word": "", "text": REQUIRED, "owner": "", "due": ""},
    ("plan", "items"): {"text": REQUIRED, "evidence": "", "effect": "", "kpi": "", "owner": "", "due": ""},
}

# What steers a terminal, or turns the reading direction of what follows it, has no place in a text.
_BLANKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_MULTILINE = frozenset(("code", "output"))
_RAW = frozenset(("svg", "source", "kind", "id", "logo"))


def clean_text(text: str, *, lines: bool = False) -> str:
    r"""Return a text without control characters and direction overrides; NFC; line breaks as spaces unless ``lines``.

    >>> clean_text("a\nb\u202ec")
    'a bc'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = text.replace("\r\n", "\n").expandtabs(8) if lines else _BLANKS.sub(" ", text)
    return _UNSEEN.sub(_seen, text)


def shape_part(part: Any, place: str) -> dict[str, Any]:
    """Return a part with every key of its kind, its texts clean.

    Raises
    ------
    RenderError
        when the part is of no known kind, or lacks what its kind needs; ``place`` says where it stands.
    """
    if not isinstance(part, Mapping) or part.get("kind") not in _KINDS:
        kind = part.get("kind") if isinstance(part, Mapping) else part
        raise RenderError(
            f"{place} cannot be drawn: {kind!r} is no kind of part.{did_you_mean(str(kind), _KINDS)}",
            place=place,
            kind=kind,
        )
    kind = str(part["kind"])
    shaped = {"kind": kind, **_fill(part, _KINDS[kind], f"{place}, {kind}")}
    if kind == "page_one":
        for name, keys in _NESTED.items():
            if shaped[name] is not None:
                shaped[name] = _fill(shaped[name], keys, f"{place}, {kind}, {name}")
        for (name, key), keys in _ITEMS.items():
            if shaped[name] is not None:
                shaped[name][key] = [_fill(item, keys, f"{place}, {name}") for item in shaped[name][key]]
        shaped["cards"] = [_fill(card, _CARD, f"{place}, card") for card in shaped["cards"]]
        if shaped["picture"] is not None:
            shaped["picture"] = shape_part(shaped["picture"], place)
    inside = shaped.pop("parts", ())
    shaped = {key: _clean(value, "code" if kind == "output" else key) for key, value in shaped.items()}
    if kind in {"section", "group"}:
        shaped["parts"] = [shape_part(inner, place) for inner in inside]
    return shaped


def arrange(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return parts with narrow neighbours joined to pairs, within sections and groups too.

    A half-width chart goes beside another one, a narrow table or a note; two narrow tables stand side by side, of which
    one may be a heat map.
    """
    arranged: list[dict[str, Any]] = []
    for part in parts:
        if part["kind"] in {"section", "group"}:
            part = {**part, "parts": arrange(part["parts"])}  # noqa: PLW2901
        if arranged and _pairs(arranged[-1], part):
            arranged[-1] = {"kind": "pair", "left": arranged[-1], "right": part}
        else:
            arranged.append(part)
    return arranged


def walk_texts(value: Any) -> Iterator[str]:
    """Yield every text of a part, except pictures' code."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _RAW:
                yield from walk_texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from walk_texts(inner)


def _pairs(left: dict[str, Any], right: dict[str, Any]) -> bool:
    half = [part["kind"] == "chart" and part["width"] == "half" for part in (left, right)]
    narrow = [_is_narrow(part) for part in (left, right)]
    if half[0]:
        return half[1] or narrow[1] or (right["kind"] == "note" and right["tone"] != "small")
    if not narrow[0] or not narrow[1]:
        return narrow[0] and half[1]
    return _is_heat(left) != _is_heat(right) or len(left["columns"]) + len(right["columns"]) <= 6


def _is_narrow(part: dict[str, Any]) -> bool:
    # A table without a title is an analyst's: it keeps its place below what it belongs to.
    if part["kind"] != "table" or not part["title"] or len(part["rows"]) > 10:
        return False
    return len(part["columns"]) <= (6 if _is_heat(part) else 4)


def _is_heat(part: dict[str, Any]) -> bool:
    return any(not isinstance(cell, str) for row in part["rows"] for cell in row["cells"])


def _fill(held: Any, keys: Mapping[str, Any], place: str) -> dict[str, Any]:
    if not isinstance(held, Mapping):
        raise RenderError(
            f"{place} cannot be drawn: found {type(held).__name__} where a table of values belongs.", place=place
        )
    missing = [key for key, default in keys.items() if default is REQUIRED and held.get(key) is None]
    if missing:
        raise RenderError(f"{place} cannot be drawn: it lacks {', '.join(missing)}.", place=place, missing=missing)
    return {key: held[key] if held.get(key) is not None else default for key, default in keys.items()}


def _clean(value: Any, key: str) -> Any:
    if isinstance(value, str):
        return value if key in _RAW else clean_text(value, lines=key in _MULTILINE)
    if isinstance(value, Mapping):
        lines = value.get("kind") == "output" or value.get("type") == "code"
        return {name: _clean(inner, "code" if lines and name == "text" else name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner, key) for inner in value]
    return value


_seen: Callable[[re.Match[str]], str] = lambda match: "\ufffd" if match[0] < " " else ""  # noqa: E731
