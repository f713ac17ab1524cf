"""Charts whose rows have names: a column of names, then one mark in each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpilib.charts.canvas import SMALL, Canvas, Panel
from kpilib.charts.marks import draw_bars
from kpilib.charts.text import text_width, wrap

if TYPE_CHECKING:
    from kpilib.charts.canvas import Look, Width
    from kpilib.parts import Chart

__all__ = ["BAR", "MOST_ROWS", "Bar", "Names", "draw_named_bars"]

MOST_ROWS = 12
BAR = 8.5
_GAP = 7.0
_NOTE_GAP = 4.5


@dataclass(frozen=True)
class Names:
    """The names of a chart's rows, in as many lines as they need, and the room that they take.

    The scale down a panel beside them is in points from its head: ``places`` are the rows' middles on it.
    """

    lines: tuple[tuple[str, ...], ...]
    room: float
    places: tuple[float, ...]
    height: float

    @classmethod
    def of(cls, names: Sequence[str], most: float, *, row: float = 13.5) -> Names:
        """Return names that are at most so many points wide; a row is at least so many points high."""
        lines = tuple(tuple(wrap(name, most)) for name in names)
        room = max(text_width(line) for name in lines for line in name)
        places: list[float] = []
        foot = 0.0
        for name in lines:
            height = max(row, 9 * len(name) + 4)
            places.append(foot + height / 2)
            foot += height
        return cls(lines, room + _GAP, tuple(places), foot)

    def place(self, canvas: Canvas, *, right: float, bottom: float = 0, top: float = 0, left: float = 0) -> Panel:
        """Write the names into the canvas, and return the panel beside them."""
        panel = canvas.panel(left=left + self.room, right=right, bottom=bottom, top=top)
        panel.scale(y=(self.height, 0))
        for place, name in zip(self.places, self.lines, strict=True):
            for line, text in enumerate(name):
                y = panel.y(place) - 9 * (line - (len(name) - 1) / 2)
                canvas.text(text, panel.left - _GAP, y, align="right")
        return panel


@dataclass(frozen=True)
class Bar:
    """One row's bar: its value, the part of it that is drawn dark, and what is written at its end."""

    name: str
    value: float
    text: str
    note: str = ""
    part: float | None = None
    strong: bool = False


def draw_named_bars(
    look: Look, bars: Sequence[Bar], *, alt: str, title: str, subtitle: str, width: Width = "half", colour: str = ""
) -> Chart:
    """Return lying bars, each with its value at its end."""
    palette = look.palette
    plain = colour or palette.tint("soft", 0.25)
    shown = bars[:MOST_ROWS]
    left_out = len(bars) - len(shown)
    names = Names.of([bar.name for bar in shown], 0.4 * look.canvas(width, 1).right)
    ends = [text_width(bar.text, strong=True) + _NOTE_GAP + text_width(bar.note, SMALL) for bar in shown]
    foot = 12 if left_out else 2
    with look.canvas(width, names.height + foot + 2) as canvas:
        panel = names.place(canvas, right=max(ends) + 4, bottom=foot, top=2)
        top = max([bar.value for bar in shown] + [0.0]) or 1.0
        panel.scale(x=(0, top))
        split = any(bar.part is not None for bar in shown)
        fills = [palette.accent if bar.strong else palette.tint("accent", 0.68) if split else plain for bar in shown]
        draw_bars(panel, names.places, [bar.value for bar in shown], fills, width=BAR, across=True)
        if split:
            dark = [palette.accent] * len(shown)
            draw_bars(panel, names.places, [bar.part or 0 for bar in shown], dark, width=BAR, across=True)
        panel.scale(x=(0, top), y=(names.height, 0))
        canvas.line((panel.left, panel.bottom), (panel.left, panel.top), colour=palette.soft)
        for place, bar in zip(names.places, shown, strict=True):
            x, y = panel.x(bar.value) + 4, panel.y(place)
            canvas.text(bar.text, x, y, strong=True)
            x += text_width(bar.text, strong=True) + _NOTE_GAP
            canvas.text(bar.note, x, y, size=SMALL, colour=palette.soft)
        if left_out:
            more = look.words("charts.more", count=left_out)
            canvas.text(more, panel.left, 3, level="baseline", size=SMALL, colour=palette.soft)
        return canvas.chart(alt=alt, title=title, subtitle=subtitle)
