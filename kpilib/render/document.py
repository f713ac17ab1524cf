"""The document that both formats are drawn from: an executed notebook's parts, in order, and what stands around them.

Code is never part of it. A cell tagged ``desk`` is the analyst's alone, one tagged ``internal`` is for the internal
audience. Our parts come as they are; everything else is read by `kpilib.render.outputs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kpilib.language import Words, fallback_language, learn
from kpilib.render.fonts import replace_unknown
from kpilib.render.outputs import Reader
from kpilib.render.shape import arrange, clean_text, walk_texts
from kpilib.theme import Theme

__all__ = ["Document", "Page", "read_document"]

_HANGUL = re.compile("[\uac00-\ud7a3]")
_PAPERS = ("a4", "us-letter")


@dataclass(frozen=True)
class Page:
    """What a document's pages say of themselves.

    ``header`` stands at the head of every page but the first, ``footer`` at the foot of each.
    """

    title: str
    heading: str
    kicker: str
    language: str
    paper: str
    footer: str
    fonts: tuple[str, ...]
    heading_fonts: tuple[str, ...]
    colours: Mapping[str, str]
    day: date | None
    brand: str = ""
    logo: str | None = None


@dataclass
class Document:
    """A document: its page, its parts, its pictures (SVG) by name, and what a person should know of it."""

    page: Page
    parts: list[dict[str, Any]]
    pictures: dict[str, str]
    words: Mapping[str, str]
    without_alt: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def page_one(self) -> dict[str, Any] | None:
        """The first page, where the notebook made one."""
        return next((part for part in self.parts if part["kind"] == "page_one"), None)


def read_document(notebook: Any, *, name: str = "", audience: str | None = None, strict: bool = False) -> Document:
    """Return the document of an executed notebook, ours or any other.

    Parameters
    ----------
    notebook
        the executed notebook; it is not changed.
    name
        the title where the notebook has none.
    audience
        ``partner`` or ``internal``; default: the notebook's own, else ``partner``.
    strict
        whether a picture without alternative text, or an output that only a script can draw, is an error.

    Raises
    ------
    RenderError
        naming every cell whose output cannot be drawn; in strict mode also those that cannot be read aloud.
    """
    held = notebook.metadata.get("kpilib") or {}
    if held.get("language"):
        learn(held["language"], held.get("catalogue"))
    parameters = (notebook.metadata.get("papermill") or {}).get("parameters") or {}
    audience = audience or held.get("audience") or parameters.get("audience") or "partner"
    reader = Reader(strict=strict)
    for number, cell in enumerate(notebook.cells, start=1):
        tags = set(cell.metadata.get("tags") or ())
        if "desk" not in tags and ("internal" not in tags or audience == "internal"):
            reader.add_cell(number, cell)
    parts = reader.finish()
    first = next((part for part in parts if part["kind"] == "page_one"), None)
    page = _page(held, parameters, first, _take_title(parts) if first is None else "", name, reader)
    _set_levels(parts)
    _set_ids(parts)
    reader.warnings += _unknown_signs(parts)
    return Document(
        page, arrange(parts), reader.pictures, _furniture(page.language), reader.without_alt, reader.warnings
    )


def _page(
    held: Mapping[str, Any],
    parameters: Mapping[str, Any],
    first: dict[str, Any] | None,
    found: str,
    name: str,
    reader: Reader,
) -> Page:
    masthead = first["masthead"] if first else {"title": "", "kicker": "", "lines": [], "logo": None}
    said = " ".join((masthead["kicker"], *masthead["lines"]))
    guessed = "ko" if _HANGUL.search(said) else fallback_language(str(parameters.get("language") or ""))
    language = fallback_language(held.get("language")) if held.get("language") else guessed
    brand = held.get("brand") or {}
    theme = Theme.from_brand(brand)
    heading = masthead["title"] or held.get("title") or found or clean_text(name) or Words(language)("page.untitled")
    kicker = masthead["kicker"] or str(held.get("kicker") or "")
    day = str(held.get("date") or held.get("as_of") or parameters.get("as_of") or "")
    footer = [
        heading if len(heading) <= 60 else heading[:59] + "…",
        kicker,
        held.get("footer") or "",
        brand.get("footer") or "",
    ]
    return Page(
        title=" – ".join(filter(None, (kicker, heading))),
        heading=heading,
        kicker=kicker,
        language=language,
        paper=next((paper for paper in _PAPERS if paper == held.get("paper")), "a4"),
        footer=clean_text(" · ".join(filter(None, footer))),
        fonts=theme.families,
        heading_fonts=tuple(dict.fromkeys(filter(None, (theme.heading_font, *theme.families)))),
        colours={
            name: getattr(theme.palette, name)
            for name in ("accent", "ink", "soft", "line", "paper", "good", "watch", "act")
        },
        day=date.fromisoformat(day[:10]) if re.match(r"\d{4}-\d\d-\d\d", day) else None,
        brand=clean_text(str(brand.get("name") or "")),
        logo=reader.add_logo(masthead["logo"] or brand.get("logo")),
    )


def _take_title(parts: list[dict[str, Any]]) -> str:
    """Take the first heading out of a document without page one, when it is the first thing in it: its title."""
    if parts and parts[0]["kind"] == "prose" and parts[0]["blocks"][0]["type"] == "heading":
        title = parts[0]["blocks"].pop(0)["runs"][0]["text"]
        if not parts[0]["blocks"]:
            parts.pop(0)
        return str(title)
    return ""


def _set_levels(parts: list[dict[str, Any]]) -> None:
    """Let headings begin below the title, and never skip a level: a screen reader goes by them."""
    before = 1
    for part in parts:
        if part["kind"] == "section":
            before = 2
        elif part["kind"] == "prose":
            for block in part["blocks"]:
                if block["type"] == "heading":
                    before = block["level"] = min(max(block["level"], 2), before + 1, 6)


def _set_ids(parts: list[dict[str, Any]]) -> None:
    taken: set[str] = set()
    for number, part in enumerate(part for part in parts if part["kind"] == "section"):
        plain = re.sub(r"[^a-z0-9_-]+", "-", str(part["id"]).lower()).strip("-")
        part["id"] = plain if plain and plain not in taken else f"section-{number}"
        taken.add(part["id"])


def _unknown_signs(parts: list[dict[str, Any]]) -> list[str]:
    unknown = sorted(
        {sign for sign in set().union(*map(set, walk_texts(parts))) if replace_unknown(sign) != sign} - {"\ufffd"}
    )
    if not unknown:
        return []
    return [f"No face of the PDF has the signs {' '.join(unknown)}: it shows \ufffd in their place."]


def _furniture(language: str) -> dict[str, str]:
    words = Words(language)
    # The page's numbers are known to the typesetter alone: it fills the fields.
    numbers = {"page": "{page}", "pages": "{pages}"}
    plain = {name: words(f"page.{name}") for name in ("contents", "skip", "failed")}
    return {**plain, "page_of": words("page.page_of", **numbers)}
