"""The cells of a notebook as parts, one output after the other.

Ours are taken as they are. Of a foreign output the richest form that a page can hold is taken: a table, Markdown, a
picture, plain text. Scripts run on no page: what only a script draws is shown by its picture, else its cell is named.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from typing import Any

from kpilib.errors import RenderError
from kpilib.parts import MIME
from kpilib.render.foreign import Fragment, read_fragments
from kpilib.render.pictures import clean_svg, prefix_ids, read_bitmap, svg_size
from kpilib.render.shape import clean_text, shape_part

__all__ = ["Reader"]

_BITMAPS = ("image/png", "image/jpeg", "image/gif")
_PICTURES = ("image/svg+xml", *_BITMAPS)
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>|&nbsp;", re.IGNORECASE | re.DOTALL)
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SCRIPTED = re.compile(
    r"application/(javascript|vnd\.(plotly|bokehjs?_|vega|vegalite|jupyter\.widget|holoviews)[^ ]*)|text/vnd\.plotly.*",
    re.IGNORECASE,
)
_FULL_WIDTH = 504.0  # points: 178 mm


class Reader:
    """Reads a notebook's cells one by one; `finish` gives the parts."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.pictures: dict[str, str] = {}
        self.without_alt: list[str] = []
        self.warnings: list[str] = []
        self._scripted: list[str] = []
        self._broken: list[str] = []
        self._items: list[dict[str, Any] | tuple[Fragment, str, Mapping[str, Any]]] = []
        self._place = ""

    def add_cell(self, number: int, cell: Any) -> None:
        """Read a cell; ``number`` is its place in the notebook, the first being 1."""
        self._place = f"cell {number}"
        alts = cell.metadata.get("alt") or []
        self._alts = [alts] if isinstance(alts, str) else list(alts)
        if cell.cell_type == "markdown":
            attached = {f"attachment:{name}": data for name, data in (cell.get("attachments") or {}).items()}
            self._items.append((Fragment(cell.source, "markdown"), self._place, attached))
        elif cell.cell_type == "code":
            for output in cell.outputs:
                self._add_output(output)

    def add_logo(self, logo: Mapping[str, Any] | None) -> str | None:
        """Return the name of the brand's logo among the pictures."""
        if not logo:
            return None
        data = base64.b64decode(logo["base64"])
        if str(logo["name"]).endswith(".svg"):
            return self._keep(clean_svg(data.decode()))
        return self._keep(read_bitmap(data).framed)

    def finish(self) -> list[dict[str, Any]]:
        """Return all parts.

        Raises
        ------
        RenderError
            naming the cells whose outputs cannot be drawn.
        """
        foreign = read_fragments(item[0] for item in self._items if isinstance(item, tuple))
        parts: list[dict[str, Any]] = []
        for item in self._items:
            if isinstance(item, tuple):
                fragment, self._place, attached = item
                parts += self._blocks(foreign[fragment], attached, scripted=bool(_SCRIPT.search(fragment.text)))
            else:
                parts.append(item)
        problems = list(self._broken)
        if self._scripted:
            told = (
                f"Only a script can draw the output of {_join(self._scripted)}, and pages run none. Let the library "
                f"write a picture beside it (plotly: renderer 'png'), or tag the cell `desk` to leave it out."
            )
            (problems if self.strict else self.warnings).append(told)
        if self.without_alt and self.strict:
            problems.append(
                f"The picture in {_join(self.without_alt)} has no alternative text, so that some readers cannot know "
                f"what it shows. "
                f'Show it by review.chart(figure, alt="…"), or write "alt" into the cell\'s metadata.'
            )
        if problems:
            raise RenderError("\n".join(problems), cells=sorted({*self._scripted, *self.without_alt}))
        if self.without_alt:
            self.warnings.append(
                f"The picture in {_join(self.without_alt)} has no alternative text: the PDF does not claim PDF/UA. "
                f'Write "alt" into the cell\'s metadata.'
            )
        return parts

    def _add_output(self, output: Any) -> None:
        kind = output.output_type
        if kind == "stream":
            if output.name == "stdout":
                self._add_text(output.text)
        elif kind == "error":
            told = ": ".join(filter(None, (output.get("ename"), output.get("evalue"))))
            self._items.append(shape_part({"kind": "output", "text": _ANSI.sub("", told), "failed": True}, self._place))
        else:
            self._add_bundle(output.data, output.get("metadata") or {})

    def _add_bundle(self, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        markup = _whole(data.get("text/html"))
        picture = next((mime for mime in _PICTURES if mime in data), None)
        scripted = any(_SCRIPTED.fullmatch(mime) for mime in data) or bool(_SCRIPT.search(markup))
        if MIME in data:
            self._add_part(data[MIME])
        elif markup and not scripted:
            self._items.append((Fragment(markup, "html"), self._place, {}))
        elif "text/markdown" in data:
            self._items.append((Fragment(_whole(data["text/markdown"]), "markdown"), self._place, {}))
        elif picture:
            self._add_picture(picture, data[picture], metadata)
        elif markup and html.unescape(_MARKUP.sub("", markup)).strip():
            self._items.append((Fragment(markup, "html"), self._place, {}))
        elif scripted:
            self._scripted.append(self._place)
        elif "text/latex" in data or "text/plain" in data:
            self._add_text(_whole(data.get("text/latex") or data["text/plain"]))

    def _add_part(self, data: Mapping[str, Any]) -> None:
        try:
            self._items.append(self._draw_charts(shape_part(data, self._place)))
        except RenderError as error:
            self._broken.append(error.message if self._place in error.message else f"{self._place}: {error.message}")

    def _draw_charts(self, part: dict[str, Any]) -> dict[str, Any]:
        """Keep the SVG of every chart in a part among the pictures, and let the part name it."""
        if part["kind"] == "chart":
            part = {**part, **self._vector(part["svg"])}
            if not part["alt"].strip():
                self._miss_alt()
        elif part["kind"] == "page_one" and part["picture"] is not None:
            part["picture"] = self._draw_charts(part["picture"])
        elif "parts" in part:
            part["parts"] = [self._draw_charts(inner) for inner in part["parts"]]
        return part

    def _add_picture(self, mime: str, data: Any, metadata: Mapping[str, Any]) -> None:
        details = metadata.get(mime) if isinstance(metadata.get(mime), Mapping) else {}
        alt = (self._alts.pop(0) if self._alts else "") or metadata.get("alt") or (details or {}).get("alt") or ""
        try:
            drawn = self._vector(_whole(data)) if mime == "image/svg+xml" else self._bitmap(_whole(data), details or {})
        except RenderError as error:
            self._broken.append(f"{self._place}: {error.message}")
            return
        self._items.append(self._picture(drawn, str(alt)))

    def _picture(self, drawn: Mapping[str, Any], alt: str) -> dict[str, Any]:
        alt = clean_text(alt).strip()
        if not alt:
            self._miss_alt()
        return {"kind": "picture", "svg": None, "address": None, "alt": alt or f"[{self._place}]", **drawn}

    def _vector(self, svg: str) -> dict[str, Any]:
        svg = prefix_ids(clean_svg(svg), f"picture{len(self.pictures)}-")
        width, _ = svg_size(svg)
        return {"svg": svg, "file": self._keep(svg), "points": min(width, _FULL_WIDTH) or _FULL_WIDTH}

    def _bitmap(self, data: str | bytes, details: Mapping[str, Any]) -> dict[str, Any]:
        bitmap = read_bitmap(data)
        width = float(details.get("width") or bitmap.width) * 0.75
        return {"address": bitmap.address, "file": self._keep(bitmap.framed), "points": min(width, _FULL_WIDTH)}

    def _blocks(
        self, blocks: list[dict[str, Any]], attached: Mapping[str, Any], *, scripted: bool
    ) -> list[dict[str, Any]]:
        """Return foreign blocks as parts: tables and pictures for themselves, the rest as prose."""
        parts: list[dict[str, Any]] = []
        if scripted and not blocks:
            self._scripted.append(self._place)
        for block in blocks:
            if block["type"] == "table":
                parts.append(shape_part({**block, "kind": "table"}, self._place))
            elif block["type"] == "picture":
                parts += self._linked_picture(block, attached)
            elif parts and parts[-1]["kind"] == "prose":
                parts[-1]["blocks"].append(block)
            else:
                parts.append({"kind": "prose", "blocks": [block]})
        return [shape_part(part, self._place) if part["kind"] == "prose" else part for part in parts]

    def _linked_picture(self, block: Mapping[str, Any], attached: Mapping[str, Any]) -> list[dict[str, Any]]:
        address = str(block["address"])
        held = attached.get(address) or {}
        mime = next((mime for mime in _PICTURES if mime in held), address[5:].partition(";")[0])
        data = held.get(mime) or (address.partition(";base64,")[2] if address.startswith("data:image/") else None)
        if data is None:
            self.warnings.append(
                f"{self._place}: a picture from another address is not shown, since pages load nothing."
            )
            return []
        try:
            if mime == "image/svg+xml":
                drawn = self._vector(_whole(data) if mime in held else base64.b64decode(data).decode())
            else:
                drawn = self._bitmap(_whole(data), {})
            return [self._picture(drawn, str(block["alt"]))]
        except (RenderError, ValueError) as error:
            self._broken.append(f"{self._place}: {getattr(error, 'message', 'A picture cannot be read.')}")
            return []

    def _add_text(self, text: Any) -> None:
        plain = _ANSI.sub("", _whole(text)).strip("\n")
        if plain.strip():
            self._items.append(shape_part({"kind": "output", "text": plain}, self._place))

    def _miss_alt(self) -> None:
        if self._place not in self.without_alt:
            self.without_alt.append(self._place)

    def _keep(self, svg: str) -> str:
        name = f"pictures/{len(self.pictures)}.svg"
        self.pictures[name] = svg
        return name


def _whole(text: Any) -> str:
    """Return a text of a notebook, which may stand in lines."""
    return "".join(text) if isinstance(text, list) else str(text or "")


def _join(places: list[str]) -> str:
    return ", ".join(dict.fromkeys(places))
