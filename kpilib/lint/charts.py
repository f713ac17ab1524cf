"""The rule on pictures: what some readers cannot see is said in words. The build looks again at what was drawn."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from kpilib.lint.rule import Hit, rule
from kpilib.lint.sheet import Cell, Sheet, dotted

__all__: list[str] = []

_PYPLOT = re.compile(
    r"^matplotlib\.pyplot\.(?:axes|barh?|boxplot|contourf?|errorbar|figure|fill_between|gca|hexbin|hist|hist2d|imshow|pie"
    r"|plot|scatter|show|stackplot|stem|step|subplots?|subplot_mosaic|violinplot)$"
)
_SEABORN = re.compile(r"^seaborn\.(?:\w*plot|heatmap|clustermap|\w+Grid)$|^seaborn\.objects\.Plot$")
_OTHERS = re.compile(r"^(?:plotly|altair|bokeh|holoviews|hvplot)\.")
_FRAMES = frozenset(("hist", "boxplot", "plot"))
_MARKDOWN = re.compile(r"!\[\s*\]\(")
_HTML = re.compile(r"<img\b(?![^>]*\balt\s*=\s*[\"']\s*\S)", re.IGNORECASE)


@rule("KL601", "Every picture has an alternative text.")
def without_alt(sheet: Sheet) -> Iterator[Hit]:
    """Find figures shown without `review.chart`, charts whose alt text is empty, and Markdown pictures without one."""
    say = 'Say what it shows: review.chart(figure, alt="…", title="…"), or "alt" in the cell\'s metadata.'
    for cell in sheet.cells:
        if not cell.on_page or cell.metadata.get("alt"):
            continue
        charts = [node for node in cell.nodes() if isinstance(node, ast.Call) and _is_chart(node)]
        for call in charts:
            if not _has_alt(call):
                yield Hit(cell, "a chart has no alternative text", say, call.lineno)
        drawing = None if charts else _drawing(sheet, cell)
        if drawing is not None:
            yield Hit(cell, f"`{_name(drawing)}` draws a figure that is shown without words", say, drawing.lineno)
        if not cell.is_code:
            for text in cell.texts():
                if _MARKDOWN.search(text.text) or _HTML.search(text.text):
                    fix = "Write it between the brackets: ![what it shows](…)."
                    yield Hit(cell, "a picture has no alternative text", fix, text.line)


def _is_chart(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "chart"


def _has_alt(call: ast.Call) -> bool:
    if any(keyword.arg is None for keyword in call.keywords):
        return True  # **values may hold it
    value = next((keyword.value for keyword in call.keywords if keyword.arg == "alt"), None)
    return value is not None and not (isinstance(value, ast.Constant) and not str(value.value).strip())


def _drawing(sheet: Sheet, cell: Cell) -> ast.Call | None:
    for node in cell.nodes():
        if isinstance(node, ast.Call) and _draws(sheet, node):
            return node
    return None


def _draws(sheet: Sheet, call: ast.Call) -> bool:
    name = sheet.called(call)
    if name.startswith("matplotlib."):
        return bool(_PYPLOT.match(name))
    if _SEABORN.match(name) or _OTHERS.match(name):
        return True
    # A frame's own: frame.plot(…), frame.plot.bar(…), frame["amount"].hist(…)
    chain = call.func
    while isinstance(chain, ast.Attribute):
        if chain.attr in _FRAMES and not name.startswith("seaborn."):
            return True
        chain = chain.value
    return False


def _name(call: ast.Call) -> str:
    name = dotted(call.func)
    return name or (f"….{call.func.attr}" if isinstance(call.func, ast.Attribute) else ast.unparse(call.func))
