"""Finished files read back as a reader, a screen reader or a curious person would: every text in them, with its place.

The checks look at what was written, not at what was meant, so that a fault of the templates is found as well.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from kpilib.errors import RenderError

__all__ = ["Passage", "read_files", "read_html", "read_pdf"]

# Attributes that hold drawings and measures, never a word.
_DRAWN = frozenset(
    ("class", "cx", "cy", "d", "fill", "height", "points", "r", "rx", "ry", "stroke", "style", "transform", "version")
)
_PAGE = re.compile(r"<html\b", re.IGNORECASE)
_HIDDEN = frozenset(("script", "style"))
_INLINE = frozenset(
    (
        "a",
        "abbr",
        "b",
        "bdi",
        "code",
        "em",
        "i",
        "mark",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "text",
        "tspan",
        "u",
    )
)
# Entries of a PDF's dictionaries that hold words.
_WORDS = frozenset(("/ActualText", "/Alt", "/Contents", "/E", "/T", "/URI"))
_DATA = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]*")


@dataclass(frozen=True)
class Passage:
    """A text of a finished file, and where it stands: ``review.pdf, page 3``."""

    place: str
    text: str


def read_files(files: Mapping[str, bytes]) -> Iterator[Passage]:
    """Yield every text of some files, by name: HTML, PDF, notebooks, JSON and plain text; the names too.

    Raises
    ------
    RenderError
        when a file cannot be read as what its name says.
    """
    for name, data in files.items():
        yield Passage("the file's name", name)
        suffix = name.rpartition(".")[2].lower()
        if suffix == "html":
            yield from read_html(data.decode(), name)
        elif suffix == "pdf":
            yield from read_pdf(data, name)
        elif suffix == "ipynb":
            yield from _read_notebook(json.loads(data), name)
        elif suffix == "json":
            yield from _as_passages(_strings(json.loads(data)), name)
        elif suffix in {"txt", "md", "csv", "svg"}:
            yield Passage(name, data.decode())


def read_html(text: str, name: str) -> Iterator[Passage]:
    """Yield the texts of an HTML page: what is seen, comments, and every attribute that is words."""
    seen, aside = _read_markup(_DATA.sub("", text), name)
    yield Passage(f"{name}, text", seen)
    for place, value in aside:
        yield Passage(f"{name}, {place}", value)


def read_pdf(data: bytes, name: str) -> Iterator[Passage]:
    """Yield the texts of a PDF: its pages, alternative texts, bookmarks, metadata, links and attachments.

    Raises
    ------
    RenderError
        when the bytes are no PDF.
    """
    import pikepdf
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(data) as document:
            for number, page in enumerate(document, start=1):
                yield Passage(f"{name}, page {number}", page.get_textpage().get_text_bounded())
        with pikepdf.open(BytesIO(data)) as document:
            yield from _read_structure(document, name)
    except (pikepdf.PdfError, pypdfium2.PdfiumError) as error:
        raise RenderError(f"{name} cannot be read back as a PDF: {error}.") from None


def _read_structure(document: Any, name: str) -> Iterator[Passage]:
    import pikepdf

    for key, value in document.docinfo.items():
        yield Passage(f"{name}, metadata {key}", str(value))
    if "/Metadata" in document.Root:
        xml = document.Root.Metadata.read_bytes().decode("utf-8", "replace")
        yield Passage(f"{name}, metadata", html.unescape(re.sub(r"<[^>]*>", " ", xml)))
    with document.open_outline() as outline:
        waiting = list(outline.root)
        while waiting:
            item = waiting.pop(0)
            yield Passage(f"{name}, bookmark", str(item.title))
            waiting = [*item.children, *waiting]
    for file_name, attached in document.attachments.items():
        yield Passage(f"{name}, attachment", file_name)
        yield Passage(f"{name}, attachment {file_name}", attached.get_file().read_bytes().decode("utf-8", "replace"))
    for thing in document.objects:
        if isinstance(thing, pikepdf.Dictionary):
            for key in sorted(_WORDS & thing.keys()):
                if isinstance(thing[key], pikepdf.String):
                    yield Passage(f"{name}, {'alternative text' if key == '/Alt' else key[1:]}", str(thing[key]))


def _read_notebook(notebook: Mapping[str, Any], name: str) -> Iterator[Passage]:
    yield from _read_values(notebook.get("metadata", {}), f"{name}, metadata")
    for number, cell in enumerate(notebook.get("cells", ()), start=1):
        # Code is the workspace's own and the same in every pack: a default parameter, an exception for one partner.
        held = {key: value for key, value in cell.items() if key != "source"} if cell["cell_type"] == "code" else cell
        yield from _read_values(held, f"{name}, cell {number}")


def _read_values(value: Any, place: str) -> Iterator[Passage]:
    plain = []
    for text in _strings(value):
        if "<" in text and ">" in text:
            yield from read_html(text, place)
        else:
            plain.append(text)
    yield from _as_passages(plain, place)


def _as_passages(texts: Iterable[str], place: str) -> Iterator[Passage]:
    """Yield some texts of one place, each once; those of a single line in one passage."""
    lines = []
    for text in dict.fromkeys(texts):
        if "\n" in text or "\r" in text:
            yield Passage(place, text)
        else:
            lines.append(text)
    # A sign between them, so that the end of one and the beginning of the next make no word.
    yield Passage(place, " ¶ ".join(lines))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            if not str(key).startswith("image/") or key == "image/svg+xml":
                yield from _strings(inner)
    elif isinstance(value, Iterable):
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            yield "".join(value)
            if not any("\n" in item for item in value):
                yield "\n".join(value)
        else:
            for inner in value:
                yield from _strings(inner)


def _read_markup(text: str, name: str) -> tuple[str, list[tuple[str, str]]]:
    """Return what is seen of a piece of HTML, and what is not, each with its place."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    whole = text if _PAGE.search(text) else f"<html>{text}"  # a piece may be no more than a comment
    root: Any = etree.fromstring(whole.encode("utf-8", "replace"), parser)
    if parser.error_log.filter_from_fatals():
        raise RenderError(f"{name} cannot be read back as HTML: {parser.error_log.filter_from_fatals()[0].message}.")
    seen: list[str] = []
    aside: list[tuple[str, str]] = []
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = element.tag
        if event == "start":
            if tag not in _INLINE:
                seen.append("\n")
            aside += [(f"{tag} {key}", value) for key, value in element.items() if value and key not in _DRAWN]
            if element.text and tag in _HIDDEN:
                aside.append((tag, element.text))
            elif element.text:
                seen.append(element.text)
            continue
        if event != "end":
            aside.append(("comment", element.text or ""))
        elif tag not in _INLINE or tag == "text":
            seen.append("\n")
        if element.tail:
            seen.append(element.tail)
    return "".join(seen).strip(), aside
