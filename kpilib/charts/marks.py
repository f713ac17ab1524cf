"""The marks that several charts share: bars, dots, lines and intervals.

A bar or a dot here is one number that is known already. seaborn's, which would estimate it from many and find its
interval, take five times as long for the same ink, in a fifth of all the time that a pack takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import seaborn as sns

if TYPE_CHECKING:
    from kpilib.charts.canvas import Panel

__all__ = ["draw_bars", "draw_dots", "draw_line", "draw_mark", "draw_spans"]


def draw_bars(
    panel: Panel,
    places: Sequence[float],
    values: Sequence[float],
    colours: Sequence[str],
    *,
    start: Sequence[float] | float = 0.0,
    width: float,
    across: bool = False,
) -> None:
    """Draw a bar at each place, from its start on so far as its value; ``across`` lays them on their side.

    ``width`` is measured on the scale of the places.
    """
    if not len(places):
        return
    axes = panel.axes
    look: dict[str, Any] = {"color": list(colours), "linewidth": 0, "clip_on": False}
    if across:
        axes.barh(places, values, height=width, left=start, **look)
    else:
        axes.bar(places, values, width=width, bottom=start, **look)


def draw_dots(panel: Panel, x: Sequence[float], y: Sequence[float], *, colour: str, size: float, **more: Any) -> None:
    """Draw dots of a diameter in points."""
    more = {"linewidth": 0, "zorder": 3, **more}
    panel.axes.scatter(x, y, color=colour, s=size**2, clip_on=False, **more)


def draw_line(panel: Panel, x: Sequence[float], y: Sequence[float], *, colour: str, width: float = 1.2) -> None:
    """Draw a line through the values; it breaks where one is missing."""
    heights = np.asarray(y, dtype=float)
    # each unbroken run is a unit of its own: seaborn would join over the gap; one value alone is no line
    runs = np.cumsum(np.isnan(heights))
    lengths = np.bincount(runs[~np.isnan(heights)], minlength=len(heights) + 1)
    known = ~np.isnan(heights) & (lengths[runs] > 1)
    if not known.any():
        return
    sns.lineplot(
        x=np.asarray(x, dtype=float)[known],
        y=heights[known],
        units=runs[known],
        estimator=None,
        errorbar=None,
        color=colour,
        linewidth=width,
        legend=False,
        clip_on=False,
        zorder=2,
        ax=panel.axes,
    )


def draw_mark(
    panel: Panel, x: float, y: float, *, colour: str, size: float, hollow: bool = False, shape: str = "o"
) -> None:
    """Draw one mark of a diameter in points; a hollow one is white within."""
    panel.axes.plot(
        [x],
        [y],
        marker=shape,
        markersize=size,
        markerfacecolor="white" if hollow else colour,
        markeredgecolor=colour,
        markeredgewidth=0.9 if hollow else 0,
        linestyle="none",
        clip_on=False,
        zorder=3,
    )


def draw_spans(
    panel: Panel, places: Sequence[float], low: Sequence[float], high: Sequence[float], *, colour: str, width: float
) -> None:
    """Draw an interval at each place, lying, so many points thick."""
    panel.axes.hlines(places, low, high, color=colour, linewidth=width, capstyle="butt", zorder=1.5, clip_on=False)
