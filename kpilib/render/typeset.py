"""A document as PDF, set by Typst in this process.

The template is code, the document is data: it reaches Typst as a JSON file and pictures that exist in memory alone.
Typst sees no other file (its root is an empty folder) and fetches no package.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import typst
from jinja2 import TemplateError

from kpilib.errors import RenderError
from kpilib.render.document import Document
from kpilib.render.environment import environment
from kpilib.render.fonts import cache_folder, font_folder, replace_unknown
from kpilib.render.webpage import say_template_error
from kpilib.render.widths import column_widths

__all__ = ["draw_pdf"]

_MOST_KEPT = 4
# A word longer than this finds no place to break in a narrow column.
_LONG = re.compile(r"[^\s\u200b]{32,}")
_BREAK = re.compile(r"(?<=[/_.@\\,;:&=+-])(?=\w)|(?<=\w{24})(?=\w)")
_PLACE = re.compile(r"┌─ (\S+):(\d+):\d+")
# The footer stands below this, in points. The last of several pages holds at least this share of the paper.
_FOOT = 40.0
_SEVERAL = 3
_LEAST = 0.45
# Where it holds less, these are tried: so many times the usual space around and within sections.
_AIR = (1.25, 1.5, 1.75, 2.0)
_PACKAGE = re.compile(r"[\"']@\w+/")


def draw_pdf(document: Document, templates: Path, *, day: date | None = None) -> bytes:
    """Return the PDF of a document; PDF/UA-1 where every picture has its alternative text.

    Parameters
    ----------
    day
        the date that the PDF states as its making; default: the document's own, else 1970. The clock is never asked.

    Raises
    ------
    RenderError
        when the template fails.
    """
    files = _template_files(templates)
    data = _data(document)
    files.update((name, svg.encode()) for name, svg in document.pictures.items())
    made = day or document.page.day or date(1970, 1, 1)
    spoken = not document.without_alt
    pdf = _compile(files, data, made, templates, spoken=spoken)
    pages, filled = _measure(pdf)
    for air in _AIR if document.page_one and pages >= _SEVERAL and filled < _LEAST else ():
        data["page"]["air"] = air
        airy = _compile(files, data, made, templates, spoken=spoken)
        longer, filled = _measure(airy)
        if longer > pages:
            break
        if filled >= _LEAST:
            pdf = airy
            break
    _forget()
    return pdf


def _compile(files: dict[str, bytes], data: dict[str, Any], made: date, templates: Path, *, spoken: bool) -> bytes:
    files = {**files, "document.json": json.dumps(data, ensure_ascii=False).encode()}
    try:
        pdf: Any = _compiler().compile(
            files,  # type: ignore[type-var]
            format="pdf",
            pdf_standards=["ua-1"] if spoken else [],
            timestamp=datetime(made.year, made.month, made.day, tzinfo=UTC),
        )
    except typst.TypstError as error:
        told = ". ".join([error.message, *error.hints])
        place = _PLACE.search(error.diagnostic or "")
        where = f"{place[1]}, line {place[2]}" if place else "pack.typ"
        raise RenderError(
            f"The PDF could not be set: {templates.name}/{where}: {told}.", diagnostic=error.diagnostic
        ) from error
    return bytes(pdf)


def _measure(pdf: bytes) -> tuple[int, float]:
    """Return how many pages a PDF has, and what share of the last one is filled."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[len(document) - 1]
        feet = [foot for _, foot, _, _ in (thing.get_bounds() for thing in page.get_objects()) if foot > _FOOT]
        height = page.get_height()
        return len(document), 1 - min(feet, default=height) / height


def _forget() -> None:
    """Let Typst drop, now and then, what only earlier documents needed.

    It keeps what any of its last ten compilations used, of packs 20 MiB each. Empty ones take the places of the ten.
    """
    _Kept.documents += 1
    if _Kept.documents == _MOST_KEPT:
        _Kept.documents = 0
        for _ in range(9):
            _compiler().compile({"main.typ": b""}, format="pdf")  # type: ignore[type-var]


class _Kept:
    documents = 0


@cache
def _compiler() -> typst.Compiler:
    root = cache_folder() / "empty"
    root.mkdir(exist_ok=True)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])
    return typst.Compiler(
        root=str(root), font_paths=fonts, ignore_system_fonts=True, package_path=str(root), package_cache_path=str(root)
    )


def _template_files(templates: Path) -> dict[str, bytes]:
    """Return a template's Typst files by name; ``main.typ`` is made from ``index.typ.j2``."""
    try:
        main = environment(templates).get_template("index.typ.j2").render()
    except TemplateError as error:
        raise RenderError(f"The PDF could not be set: {say_template_error(error, templates)}.") from error
    files = {path.relative_to(templates).as_posix(): path.read_bytes() for path in sorted(templates.rglob("*.typ"))}
    files["main.typ"] = main.encode()
    for name, text in files.items():
        found = _PACKAGE.search(text.decode())
        if found:
            raise RenderError(
                f"{templates.name}/{name} asks for the package {found[0][1:]}…, which would have to be fetched. "
                f"Put its files beside pack.typ and import them from there."
            )
    return files


def _data(document: Document) -> dict[str, Any]:
    page = asdict(document.page)
    page["air"] = 1.0
    page["day"] = page["day"].isoformat() if page["day"] else None
    return {"page": _prepare(page, ""), "words": dict(document.words), "parts": _prepare(document.parts, "")}


def _prepare(value: Any, key: str) -> Any:
    """Return data as Typst gets them: no picture's code, places to break in long words, only signs with a shape."""
    if isinstance(value, str):
        return value if key == "kind" else _settable(value)
    if isinstance(value, dict):
        prepared = {name: _prepare(inner, name) for name, inner in value.items() if name not in {"svg", "address"}}
        return {**prepared, "widths": column_widths(value)} if "columns" in value and "rows" in value else prepared
    if isinstance(value, list | tuple):
        return [_prepare(inner, key) for inner in value]
    return value


def _settable(text: str) -> str:
    if len(text) >= 32:
        text = _LONG.sub(lambda word: _BREAK.sub("\u200b", word[0]), text)
    return replace_unknown(text)
