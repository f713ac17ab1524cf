"""Notebooks as an execution leaves them, with made-up figures; the parts lie in ``packs/``, charts as their values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

MIME = "application/vnd.kpilib.part+json"
TEMPLATES = Path(__file__).parents[2] / "templates" / "partner_review"
META = {"language": "en", "paper": "a4", "as_of": "2026-09-30", "footer": "slice 7c1f 09ae"}


def bars(values: list[float], labels: list[str], width: float, height: float) -> str:
    """Return an SVG as matplotlib writes one: prolog, metadata, a style for everything, text as text."""
    top, step = max(values), width / len(values)
    font = "font-size: 8px; font-family: 'Source Sans Pro', 'NanumGothic'; text-anchor: middle; fill: #5b6675"
    drawn = []
    for place, (value, label) in enumerate(zip(values, labels, strict=True)):
        tall = value / top * (height - 32)
        x, y = place * step + step * 0.1, height - 16 - tall
        path = f"M {x} {y} h {step * 0.8} v {tall} h {-step * 0.8} z"
        drawn.append(f'<g id="patch_{place}"><path d="{path}" style="fill: #0b5cad"/></g>')
        for text, text_y in ((label, height - 4), (f"{value:g}", y - 4)):
            drawn.append(f'<text style="{font}" x="{x + step * 0.4}" y="{text_y}">{escape(text)}</text>')
    return f"""<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"
  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" \
xmlns="http://www.w3.org/2000/svg" version="1.1">
 <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>
 <defs>
  <style type="text/css">*{{stroke-linejoin: round; stroke-linecap: butt}}</style>
 </defs>
 {"".join(drawn)}
</svg>
"""


def parts(name: str) -> list[dict[str, Any]]:
    """Return the parts of ``rich``, ``korean`` or ``empty``."""
    held = json.loads((Path(__file__).parent / "packs" / f"{name}.json").read_text(encoding="utf-8"))
    return _draw(held)  # type: ignore[no-any-return]


def long_page() -> dict[str, Any]:
    """Return a page one whose every text is longer than anyone would like."""
    page = parts("rich")[0]
    page["masthead"]["title"] = (
        "Gesellschaft für angewandte Informationsverarbeitung und Fernmeldetechnik Nordwest-Mecklenburg mbH & Co. KG"
    )
    page["masthead"]["lines"] = [
        "Platinum partner · North-West and Baltic Sea region · with you: Mara Lindqvist-Oppenheimer",
        "data as of 15 August 2026, 46 of 92 days, compared at the same day of the quarter",
    ]
    page["verdict"]["text"] = " ".join([page["verdict"]["text"]] * 3)
    for card in page["cards"]:
        card["change"] = "−22.4 points on 2025 Q3 at the same day, within normal variation at this number of deals"
        card["cohort"] = "withheld: fewer than five other partners have a value"
        card["target"] = {"text": "104 % of 423.5 k USD, at 50 % of the quarter", "share": 1.04, "reached": True}
    more = ", with the regional partner managers of both sides present"
    page["agreed"]["rows"] = [{**row, "text": row["text"] + more} for row in page["agreed"]["rows"] * 3]
    page["plan"]["items"] = (page["plan"]["items"] * 2)[:5]
    page["comment"]["paragraphs"] *= 3
    page["notes"] *= 4
    return page


def notebook(*held: dict[str, Any] | NotebookNode, **metadata: Any) -> NotebookNode:
    """Return an executed notebook: of parts, each displayed by a cell, and of cells."""
    cells = [each if isinstance(each, NotebookNode) else shows({MIME: each, "text/plain": "part"}) for each in held]
    book = new_notebook(cells=cells)
    if metadata:
        book.metadata["kpilib"] = metadata
    return book


def shows(data: dict[str, Any], *, output: dict[str, Any] | None = None, **metadata: Any) -> NotebookNode:
    """Return a code cell that displays one thing; ``output`` is the output's metadata."""
    shown = new_output("display_data", data=data, metadata=output or {})
    return new_code_cell("secret_source()", outputs=[shown], metadata=metadata)


def markdown(text: str, **metadata: Any) -> NotebookNode:
    """Return a Markdown cell."""
    return new_markdown_cell(text, metadata=metadata)


def _draw(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: bars(**inner) if key == "svg" else _draw(inner) for key, inner in value.items()}
    return [_draw(inner) for inner in value] if isinstance(value, list) else value
