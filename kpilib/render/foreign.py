"""What is not ours in a notebook, as parts: Markdown and HTML, read by pandoc.

All fragments of a notebook are read in one call, and each is remembered, so that a text that stands in every pack is
read once. What comes back is pandoc's document tree: data, never markup, for both formats.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from kpilib.errors import RenderError
from kpilib.execute.scratch import scratch_folder

__all__ = ["Fragment", "read_fragments"]

Block = dict[str, Any]
_KEPT = 512
_memory: OrderedDict[Fragment, list[Block]] = OrderedDict()
_NUMBER = re.compile(r"[-+\u2212]?[\d.,\s\u00a0]*\d[\d.,\s\u00a0]*%?|NaN|<NA>|NaT|None|\u2013|-|")
_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
_STYLES = {
    "Strong": "strong",
    "Emph": "emph",
    "Superscript": "sup",
    "Subscript": "sub",
    "Strikeout": "strike",
    "Underline": "",
    "SmallCaps": "",
}


@dataclass(frozen=True)
class Fragment:
    """A piece of foreign text and the language that it is written in."""

    text: str
    format: Literal["markdown", "html"]


def read_fragments(fragments: Iterable[Fragment]) -> dict[Fragment, list[Block]]:
    """Return the blocks of each fragment: paragraphs, headings, lists, quotes, code, rules, tables, pictures.

    Raises
    ------
    RenderError
        when pandoc cannot read them.
    """
    wanted = list(dict.fromkeys(fragments))
    unread = [fragment for fragment in wanted if fragment not in _memory]
    if unread:
        for fragment, blocks in zip(unread, _read(unread), strict=True):
            _memory[fragment] = blocks
    found = {fragment: _memory[fragment] for fragment in wanted}
    for fragment in wanted:
        _memory.move_to_end(fragment)
    while len(_memory) > _KEPT:
        _memory.popitem(last=False)
    return found


def _read(fragments: list[Fragment]) -> list[list[Block]]:
    import pypandoc

    pages = [_to_html(fragment) for fragment in fragments]
    # Files of their own, so that an unclosed tag ends with its fragment; the mark depends on all of them, so that
    # none can hold it.
    mark = "end-" + hashlib.sha256("\0".join(pages).encode("utf-8", "replace")).hexdigest()
    with scratch_folder() as folder:
        files = []
        for number, page in enumerate(pages):
            for name, text in (("a", page), ("b", f"<p>{mark}</p>")):
                path = folder / f"{number:06d}{name}.html"  # pypandoc sorts its files
                path.write_text(text, encoding="utf-8", errors="replace")
                files.append(str(path))
        try:
            tree = pypandoc.convert_file(
                files, "json", format="html", extra_args=["--file-scope", "--quiet"], sandbox=True, verify_format=False
            )
        except (RuntimeError, OSError) as error:
            raise RenderError(f"pandoc could not read the Markdown and HTML of the notebook: {error}.") from None
    groups: list[list[Any]] = [[]]
    for block in json.loads(tree)["blocks"]:
        if block["t"] == "Para" and _text(block["c"]) == mark:
            groups.append([])
        else:
            groups[-1].append(block)
    return [list(_blocks(group)) for group in groups[:-1]]


def _to_html(fragment: Fragment) -> str:
    if fragment.format == "html":
        return fragment.text
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(fragment.text))


def _blocks(blocks: Iterable[Any]) -> Iterator[Block]:
    for block in blocks:
        kind, content = block["t"], block.get("c")
        if kind in _BLOCKS:
            yield from _BLOCKS[kind](content)


def _paragraph(content: Any) -> Iterator[Block]:
    runs: list[dict[str, Any]] = []
    for run in _runs(content):
        if "picture" in run:
            if any(held["text"].strip() for held in runs):
                yield {"type": "paragraph", "runs": runs}
            runs = []
            yield {"type": "picture", "address": run["picture"], "alt": run["text"]}
        else:
            _join(runs, run)
    if any(held["text"].strip() for held in runs):
        yield {"type": "paragraph", "runs": runs}


def _definitions(content: Any) -> Iterator[Block]:
    for term, bodies in content:
        yield from _paragraph([{"t": "Strong", "c": term}])
        for body in bodies:
            yield {"type": "quote", "blocks": list(_blocks(body))}


def _lines(content: Any) -> Iterator[Block]:
    for line in content:
        yield from _paragraph(line)


def _list(content: Any, *, ordered: bool, start: int = 1) -> Iterator[Block]:
    yield {"type": "list", "ordered": ordered, "start": start, "items": [list(_blocks(item)) for item in content]}


def _table(content: Any) -> Iterator[Block]:
    _, caption, columns, head, bodies, foot = content
    count = len(columns)
    heads = [_cells(row, count) for row in head[1]]
    rows = [(_cells(row, count), False) for body in bodies for rows in (body[2], body[3]) for row in rows]
    rows += [(_cells(row, count), True) for row in foot[1]]
    if not heads and rows:
        heads = [rows.pop(0)[0]]
    labels = (
        [" ".join(dict.fromkeys(filter(None, names))) for names in zip(*heads, strict=True)] if heads else [""] * count
    )
    right = [all(_NUMBER.fullmatch(row[place]) for row, _ in rows) and bool(rows) for place in range(count)]
    yield {
        "type": "table",
        "title": " ".join(_text(block["c"]) for block in caption[1] if block["t"] in {"Plain", "Para"}),
        "columns": [
            {"label": label, "align": "right" if flag else "left"} for label, flag in zip(labels, right, strict=True)
        ],
        "rows": [{"cells": cells, "strong": strong} for cells, strong in rows],
    }


def _cells(row: Any, count: int) -> list[str]:
    texts: list[str] = []
    for cell in row[1]:
        text = " ".join(_block_texts(cell[4])).strip()
        texts += [text] + [""] * (cell[3] - 1)
    return [*texts, *[""] * count][:count]


def _block_texts(blocks: Iterable[Any]) -> Iterator[str]:
    for block in _blocks(blocks):
        match block["type"]:
            case "paragraph" | "heading":
                yield "".join(run["text"] for run in block["runs"])
            case "code":
                yield block["text"]
            case "picture":
                yield block["alt"]
            case "quote":
                yield from ("".join(run["text"] for run in held.get("runs", ())) for held in block["blocks"])
            case "list":
                yield from (
                    "".join(run["text"] for held in item for run in held.get("runs", ())) for item in block["items"]
                )


_BLOCKS: dict[str, Callable[[Any], Iterator[Block]]] = {
    "Para": _paragraph,
    "Plain": _paragraph,
    "Header": lambda c: iter([{"type": "heading", "level": c[0], "runs": [{"text": _text(c[2])}]}]),
    "BulletList": lambda c: _list(c, ordered=False),
    "OrderedList": lambda c: _list(c[1], ordered=True, start=c[0][0]),
    "BlockQuote": lambda c: iter([{"type": "quote", "blocks": list(_blocks(c))}]),
    "CodeBlock": lambda c: iter([{"type": "code", "text": c[1]}]),
    "HorizontalRule": lambda _: iter([{"type": "rule"}]),
    "Table": _table,
    "Div": lambda c: _blocks(c[1]),
    "Figure": lambda c: _blocks(c[2]),
    "DefinitionList": _definitions,
    "LineBlock": _lines,
}


def _runs(inlines: Iterable[Any], styles: frozenset[str] = frozenset(), link: str = "") -> Iterator[dict[str, Any]]:
    """Yield the runs of a paragraph, in their styles."""
    for inline in inlines:
        kind, content = inline["t"], inline.get("c")
        if kind in {"Str", "Space", "SoftBreak", "LineBreak"}:
            yield _run(content if kind == "Str" else "\n" if kind == "LineBreak" else " ", styles, link)
        elif kind in _STYLES:
            yield from _runs(content, styles | {_STYLES[kind]} - {""}, link)
        elif kind == "Code":
            yield _run(content[1], styles | {"code"}, link)
        elif kind == "Math":
            yield _run(content[1], styles | {"emph"}, link)
        elif kind == "Link":
            yield from _runs(content[1], styles, content[2][0] if _ADDRESS.fullmatch(content[2][0]) else link)
        elif kind == "Image":
            yield {"picture": content[2][0], "text": _text(content[1])}
        elif kind in {"Span", "Cite"}:
            yield from _runs(content[1], styles, link)
        elif kind == "Quoted":
            yield _run("\u2018" if content[0]["t"] == "SingleQuote" else "\u201c", styles, link)
            yield from _runs(content[1], styles, link)
            yield _run("\u2019" if content[0]["t"] == "SingleQuote" else "\u201d", styles, link)


def _run(text: str, styles: frozenset[str], link: str) -> dict[str, Any]:
    return {"text": text, **dict.fromkeys(sorted(styles), True), **({"link": link} if link else {})}


def _join(runs: list[dict[str, Any]], run: dict[str, Any]) -> None:
    """Add a run, to the text of the last one if that has the same style."""
    if runs and {**runs[-1], "text": ""} == {**run, "text": ""}:
        runs[-1] = {**run, "text": runs[-1]["text"] + run["text"]}
    else:
        runs.append(run)


def _text(inlines: Any) -> str:
    return "".join(run["text"] for run in _runs(inlines))
