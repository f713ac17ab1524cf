"""A chart's sheet of paper: exact size, panels and texts placed in points, saved as lean and repeatable SVG.

Everything is placed by its measured size, so that no layout engine has to draw a chart twice, and a chart knows where
its labels lie. What a chart shows is decided in the charts' own files.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from kpilib.charts.text import text_width
from kpilib.errors import RenderError
from kpilib.parts import Chart

if TYPE_CHECKING:
    import datetime as dt

    from matplotlib.artist import Artist

    from kpilib.formats import Formats
    from kpilib.language import Words
    from kpilib.quarter import Quarter
    from kpilib.theme import Palette, Theme

__all__ = ["SMALL", "Canvas", "Look", "Panel", "figure_svg"]

MILLIMETRE = 72 / 25.4
WIDTHS = {"full": 178 * MILLIMETRE, "half": 86 * MILLIMETRE}
SMALL = 7.0
# A capital's height in ems: the middle of a line of text lies half of it above the baseline.
_CAPITAL = 0.66

Width = Literal["full", "half"]
Align = Literal["left", "center", "right"]
Level = Literal["baseline", "middle", "top"]


@dataclass(frozen=True)
class Look:
    """How the charts of one pack look and speak: its theme, its language, its quarter, and the day it is read."""

    formats: Formats
    theme: Theme
    quarter: Quarter
    as_of: dt.date

    @cached_property
    def words(self) -> Words:
        """The texts of the language."""
        return self.formats.words

    @property
    def palette(self) -> Palette:
        """The theme's colours."""
        return self.theme.palette

    def canvas(self, width: Width, height: float) -> Canvas:
        """Return an empty canvas; its height is in points."""
        return Canvas(self, width, height)

    def chart(
        self, figure: Figure, *, alt: str, title: str, subtitle: str = "", width: Width = "full", call: str
    ) -> Chart:
        """Return an analyst's own figure as a chart in this look.

        Parameters
        ----------
        call
            how the analyst asks for it: ``review.chart``.

        Raises
        ------
        RenderError
            when the alt text or the title is empty.
        """
        from matplotlib import pyplot as plt

        for name, text in (("alt text", alt), ("title", title)):
            if not text.strip():
                raise RenderError(
                    f"A chart without {name} cannot go into a pack. Say in it what the chart shows: "
                    f'{call}(figure, alt="…", title="…").'
                )
        with self.theme.applied():
            chart = Chart(svg=figure_svg(figure), alt=alt, title=title, subtitle=subtitle, width=width)
        # A kernel shows every open figure at the end of a cell: once as part of the pack is enough.
        plt.close(figure)
        return chart


@dataclass(frozen=True)
class Panel:
    """A part of the canvas with its own scales, which run from edge to edge of it."""

    axes: Axes
    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge, in points from the canvas's left."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """The upper edge, in points from the canvas's foot."""
        return self.bottom + self.height

    def scale(self, *, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None) -> None:
        """Set what values lie at the edges; equal ones are moved apart."""
        if x is not None:
            self.axes.set_xlim(*_apart(*x))
        if y is not None:
            self.axes.set_ylim(*_apart(*y))

    def x(self, value: float) -> float:
        """Return where a value lies, in points from the canvas's left."""
        return float(self.axes.transData.transform((value, 0.5))[0])

    def y(self, value: float) -> float:
        """Return where a value lies, in points from the canvas's foot."""
        return float(self.axes.transData.transform((0.5, value))[1])


@dataclass
class Canvas:
    """One chart while it is drawn. Entered, it is drawn in its look's theme.

    ``boxes`` holds the rectangle (left, foot, right, head) of each text, in points.
    """

    look: Look
    width: Width
    height: float
    boxes: list[tuple[float, float, float, float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.right = WIDTHS[self.width]
        self._theme = ExitStack()

    def __enter__(self) -> Self:
        self._theme.enter_context(self.look.theme.applied())
        self.figure = Figure(figsize=(self.right / 72, self.height / 72), dpi=72)
        return self

    def __exit__(self, *error: object) -> None:
        self._theme.close()

    def panel(self, left: float = 0, bottom: float = 0, right: float = 0, top: float = 0) -> Panel:
        """Return a new panel with so many points left free around it."""
        width, height = self.right - left - right, self.height - bottom - top
        rectangle = (left / self.right, bottom / self.height, width / self.right, height / self.height)
        axes = self.figure.add_axes(_Scales(self.figure, rectangle))
        axes.set_axis_off()
        # seaborn makes all ticks to see whether an axis without a label wants one, which takes longer than its bars
        axes.set(xlabel=" ", ylabel=" ", autoscale_on=False)
        return Panel(axes, left, bottom, width, height)

    def text(
        self,
        text: str,
        x: float,
        y: float,
        *,
        align: Align = "left",
        level: Level = "middle",
        size: float = 8.0,
        strong: bool = False,
        colour: str | None = None,
    ) -> None:
        """Write a line of text at a place in points; ``level`` says what of it lies at ``y``."""
        if not text:
            return
        width = text_width(text, size, strong=strong)
        foot = y - {"baseline": 0.0, "middle": _CAPITAL / 2, "top": _CAPITAL}[level] * size
        left = x - {"left": 0.0, "center": width / 2, "right": width}[align]
        self.boxes.append((left, foot - 0.2 * size, left + width, foot + 0.75 * size, text))
        line = _Line(
            x,
            foot,
            text,
            transform=IdentityTransform(),
            ha=align,
            va="baseline",
            fontsize=size,
            fontweight=600 if strong else 400,
            color=colour or self.look.palette.ink,
        )
        line.set_figure(self.figure)
        self.figure.texts.append(line)

    def texts(self, runs: Sequence[tuple[str, bool, str]], x: float, y: float, *, size: float = 8.0) -> float:
        """Write texts one after the other on a line, each with whether it is strong and its colour; return the end."""
        for text, strong, colour in runs:
            self.text(text, x, y, size=size, strong=strong, colour=colour)
            x += text_width(text, size, strong=strong) + 0.28 * size
        return x

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        colour: str | None = None,
        width: float = 0.5,
        dashed: bool = False,
    ) -> Artist:
        """Draw a rule between two places in points."""
        from matplotlib.lines import Line2D

        rule = Line2D(
            (start[0], end[0]),
            (start[1], end[1]),
            transform=IdentityTransform(),
            color=colour or self.look.palette.line,
            linewidth=width,
            linestyle=(0, (2.2, 1.6)) if dashed else "-",
            solid_capstyle="butt",
            dash_capstyle="butt",
            zorder=-1,
        )
        return self.figure.add_artist(rule)

    def chart(self, *, alt: str, title: str, subtitle: str = "") -> Chart:
        """Return the finished chart."""
        return Chart(svg=figure_svg(self.figure), alt=alt, title=title, subtitle=subtitle, width=self.width)


class _Scales(Axes):
    """Axes for their scales alone. What would be made for their ticks and grids takes as long as all that is drawn."""

    def grid(self, *_: Any, **__: Any) -> None:
        """Make no grid, and no first tick whose look the others would have."""
        for axis in (self.xaxis, self.yaxis):
            axis.majorTicks, axis.minorTicks = [], []


class _Line(Text):
    """A line of text on its baseline. matplotlib would measure it once more, to place it where it is already."""

    def draw(self, renderer: Any) -> None:
        """Write the line."""
        x, y = self.get_transform().transform(self.get_position())
        look = renderer.new_gc()
        look.set_foreground(self.get_color())
        renderer.open_group("text")
        renderer.draw_text(
            look, x, renderer.height - y, self.get_text(), self.get_fontproperties(), 0, ismath=False, mtext=self
        )
        renderer.close_group("text")
        look.restore()


def figure_svg(figure: Figure) -> str:
    """Return any figure as SVG at its exact size: no date, no ids but those it uses, no style beyond its own edges.

    Several such SVGs can stand in one HTML page. Draw the figure inside `Theme.applied`, so that its texts stay texts
    and its bytes repeat. A figure of pyplot's without a layout gets one, so that no label is cut off at its edge.
    """
    if hasattr(figure, "number") and figure.get_layout_engine() is None:
        figure.set_layout_engine("constrained")
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # a sign that none of our faces has is the page's concern, which has the reader's faces to fall back on
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        cast("Any", FigureCanvasSVG(figure)).print_svg(
            buffer, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    return _lean(buffer.getvalue())


_STYLE = re.compile(r"<defs>\s*<style type=\"text/css\">\*\{[^<]*\}</style>\s*</defs>\s*")
_USED = re.compile(r"(?:url\(#|href=\"#)([^)\"]+)")
_ID = re.compile(r" id=\"([^\"]+)\"")
_NO_TURN = re.compile(r" transform=\"rotate\(-?0 [^)]*\)\"")
_EMPTY_PATH = re.compile(r"<g>\s*<path [^>]*style=\"fill: none\"/>\s*</g>\s*")
_PATH = re.compile(r" d=\"[^\"]*\"")


def _lean(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    # the rule would hold for the whole page in which the SVG stands
    svg = _STYLE.sub("", svg).replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    used = set(_USED.findall(svg))
    svg = _ID.sub(lambda match: match[0] if match[1] in used else "", svg)
    svg = _EMPTY_PATH.sub("", _NO_TURN.sub("", svg))
    svg = _PATH.sub(lambda match: match[0].replace(" \n", " ").replace("\n", " "), svg)
    return re.sub(r">\s*\n\s*<", ">\n<", svg.replace("'DejaVu Sans'", "sans-serif")).strip() + "\n"


def _apart(low: float, high: float) -> tuple[float, float]:
    return (low, high) if low != high else (low, low + 1.0)
