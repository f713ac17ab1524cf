"""Charts that only a portfolio has: attainment of targets, shares of the won amount, two partners over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kpilib.charts.canvas import SMALL, Canvas, Look, Panel
from kpilib.charts.marks import draw_bars, draw_line, draw_mark
from kpilib.charts.rows import Bar, Names, draw_named_bars
from kpilib.charts.text import shorten, text_width
from kpilib.parts import Chart

__all__ = ["Reached", "draw_attainment", "draw_pair", "draw_shares"]

_LIMIT = 1.6  # from here on a bar is cut: one partner must not make all others short
_ROWS = 40
_HEIGHT = 128.0


@dataclass(frozen=True)
class Reached:
    """One partner's target: the share that is reached, its text, which of three bands it lies in, and the amounts."""

    name: str
    share: float
    said: str
    band: str
    text: str


def draw_attainment(rows: Sequence[Reached], look: Look, *, title: str, alt: str) -> list[Chart]:
    """Return lying bars against a line at 100 %, in the order given; a long list is several charts."""
    if not rows:
        return []
    pages = math.ceil(len(rows) / _ROWS)
    size = math.ceil(len(rows) / pages)
    charts = []
    for start in range(0, len(rows), size):
        shown = rows[start : start + size]
        charts.append(_draw_attainment(shown, look, title=title, alt=alt if start == 0 else title))
    return charts


def _draw_attainment(rows: Sequence[Reached], look: Look, *, title: str, alt: str) -> Chart:
    palette, words, formats = look.palette, look.words, look.formats
    colours = {"good": palette.good, "watch": palette.watch, "act": palette.act}
    shares = [row.said for row in rows]
    names = Names.of([shorten(row.name, 150) for row in rows], 150, row=12.2)
    ends = [text_width(share, strong=True) for share in shares]
    room = max(end + 6 + text_width(row.text, SMALL) for end, row in zip(ends, rows, strict=True)) + 6
    with look.canvas("full", names.height + 15) as canvas:
        panel = names.place(canvas, right=room, bottom=2, top=13)
        top = min(max([*(row.share for row in rows), 1.0]), _LIMIT)
        panel.scale(x=(0, top))
        lengths = [min(row.share, top) for row in rows]
        fills = [colours.get(row.band, palette.accent) for row in rows]
        draw_bars(panel, names.places, lengths, fills, width=7, across=True)
        panel.scale(x=(0, top), y=(names.height, 0))
        for row, place in zip(rows, names.places, strict=True):
            if row.share > top:
                # a slit says that the bar goes on
                x, y = panel.x(top) - 9, panel.y(place)
                canvas.line((x, y - 6), (x + 4, y + 6), colour="#ffffff", width=2.2)
        goal = panel.x(1)
        canvas.line((goal, panel.bottom), (goal, panel.top + 1), colour=palette.ink, dashed=True, width=0.8)
        canvas.text(words("portfolio.targets.goal"), goal, panel.top + 3, align="center", level="baseline", size=SMALL,
                    colour=palette.soft)  # fmt: skip
        for row, share, place in zip(rows, shares, names.places, strict=True):
            x, y = panel.x(min(row.share, top)) + 4, panel.y(place)
            if row.share < 1 and x < goal < x + text_width(share, strong=True):
                x = goal + 4
            canvas.text(share, x, y, strong=True)
            canvas.text(row.text, canvas.right, y, align="right", size=SMALL, colour=palette.soft)
        cut = "_cut" if any(row.share > top for row in rows) else ""
        quarter, limit = formats.quarter(look.quarter), formats.rate(top, 0)
        subtitle = words(f"portfolio.targets.subtitle{cut}", quarter=quarter, limit=limit)
        return canvas.chart(alt=alt, title=title, subtitle=subtitle)


def draw_shares(names: Sequence[str], shares: Sequence[float], amounts: Sequence[str], look: Look, *, title: str,
                subtitle: str, alt: str) -> Chart:  # fmt: skip
    """Return the largest partners' shares of the won amount as half-width bars, largest first."""
    bars = [
        Bar(name, share, look.formats.rate(share, 0 if share >= 0.1 else 1), amount)
        for name, share, amount in zip(names, shares, amounts, strict=True)
    ]
    return draw_named_bars(look, bars, alt=alt, title=title, subtitle=subtitle, colour=look.palette.accent)


def draw_pair(
    names: tuple[str, str],
    values: tuple[Sequence[float | None], Sequence[float | None]],
    texts: tuple[str, str],
    look: Look,
    *,
    title: str,
    subtitle: str,
    alt: str,
) -> Chart | None:
    """Return two partners' lines over the last quarters, each named at its end; None without a value."""
    lines = [[math.nan if value is None else float(value) for value in one] for one in values]
    known = [value for line in lines for value in line if not math.isnan(value)]
    if not known:
        return None
    palette = look.palette
    quarters = len(lines[0])
    labels = [shorten(name, 110) for name in names]
    room = (
        max(text_width(text, strong=True) + 4 + text_width(name) for name, text in zip(labels, texts, strict=True)) + 12
    )
    with look.canvas("full", _HEIGHT) as canvas:
        panel = canvas.panel(left=8, right=room, bottom=18, top=8)
        panel.scale(x=(0, quarters - 1), y=(min(0.0, *known), max(known)))
        canvas.line((0, 14), (panel.right + 4, 14))
        for line, colour in zip(lines, (palette.accent, palette.ink), strict=True):
            draw_line(panel, range(quarters), line, colour=colour, width=1.4)
            for at, value in enumerate(line):
                if not math.isnan(value):
                    draw_mark(panel, at, value, colour=colour, size=3.4)
        panel.scale(x=(0, quarters - 1), y=(min(0.0, *known), max(known)))
        _write_quarters(canvas, panel, quarters)
        ends = [panel.y(0 if math.isnan(line[-1]) else line[-1]) for line in lines]
        if abs(ends[0] - ends[1]) < 10:
            middle, sign = sum(ends) / 2, 1 if ends[0] >= ends[1] else -1
            middle = max(middle, panel.bottom + 9)  # above the quarters' names
            ends = [middle + 5 * sign, middle - 5 * sign]
        for name, text, y, colour in zip(labels, texts, ends, (palette.accent, palette.ink), strict=True):
            canvas.text(text, panel.right + 8, y, strong=True, colour=colour)
            canvas.text(name, panel.right + 12 + text_width(text, strong=True), y, colour=colour)
        return canvas.chart(alt=alt, title=title, subtitle=subtitle)


def _write_quarters(canvas: Canvas, panel: Panel, quarters: int) -> None:
    """Write the quarters below, from the last back, each where it finds room."""
    look, free_to = canvas.look, canvas.right + 1
    for at in reversed(range(quarters)):
        text = look.formats.quarter(look.quarter.shift(at + 1 - quarters))
        half = text_width(text, SMALL) / 2
        x = max(panel.x(at), half)
        if x + half < free_to:
            canvas.text(text, x, 9, align="center", level="top", size=SMALL, colour=look.palette.soft)
            free_to = x - half - 4
