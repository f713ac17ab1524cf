"""All partners of a quarter, for internal eyes: value against growth, and the ranking with its trend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpilib.charts.canvas import SMALL, Canvas, Look, Panel
from kpilib.charts.frames import numbers
from kpilib.charts.marks import draw_bars, draw_dots, draw_line
from kpilib.charts.rows import Names
from kpilib.charts.text import shorten, text_width

if TYPE_CHECKING:
    from decimal import Decimal

    from kpilib.parts import Chart

__all__ = ["Standing", "draw_quadrant", "draw_ranking"]

# Growth beyond these is drawn at the edge: halved twice, doubled twice.
_EDGE = 2.0
_CLOSE = 2.0


@dataclass(frozen=True)
class Standing:
    """One partner in the portfolio.

    ``value`` is the won amount in major units, ``growth`` its change since the same quarter of last year as a
    fraction (None without one), ``trend`` the quality scores of eight quarters.
    """

    name: str
    value: Decimal | float
    growth: float | None
    score: float | None
    trend: tuple[float | None, ...] = ()


def draw_quadrant(standings: Sequence[Standing], look: Look, *, title: str = "") -> Chart | None:
    """Return won amount against growth, a dot per partner, with as many names as find room, the largest first.

    Both scales are logarithmic; partners without an amount now or a year ago are left out. None where all are.
    """
    shown = [one for one in standings if one.value > 0 and one.growth is not None and one.growth > -1]
    if not shown:
        return None
    shown.sort(key=lambda one: (-one.value, one.name))
    words, formats, palette = look.words, look.formats, look.palette
    x = [math.log10(float(one.value)) for one in shown]
    y = [max(-_EDGE, min(_EDGE, math.log2(1 + (one.growth or 0)))) for one in shown]
    median = sorted(x)[len(x) // 2] if len(x) % 2 else math.fsum(sorted(x)[len(x) // 2 - 1 : len(x) // 2 + 1]) / 2
    reach = max(map(abs, y)) or 1.0
    with look.canvas("full", 236) as canvas:
        left = max(text_width(words(f"charts.quadrant.{name}"), SMALL) for name in ("doubled", "same", "halved")) + 8
        panel = canvas.panel(left=left, right=12, bottom=26, top=8)
        limits = {"x": (min(x), max(x)), "y": (-max(reach, 1.0), max(reach, 1.0))}
        if min(x) == max(x):
            limits["x"] = (x[0] - 1, x[0] + 1)
        panel.scale(**limits)
        for name, level in (("doubled", 1.0), ("same", 0.0), ("halved", -1.0)):
            place = panel.y(level)
            canvas.line((left, place), (canvas.right, place), dashed=level != 0, width=0.7 if level else 0.9)
            canvas.text(
                words(f"charts.quadrant.{name}"), left - 6, place, align="right", size=SMALL, colour=palette.soft
            )
        middle = panel.x(median)
        canvas.line((middle, 16), (middle, canvas.height), width=0.9)
        said = words("charts.quadrant.median", amount=formats.money(10**median))
        half = text_width(said, SMALL) / 2
        centre = min(max(middle, half), canvas.right - half)
        canvas.text(said, centre, 12, align="center", level="top", size=SMALL, colour=palette.soft)
        _write_ends(canvas, panel, [float(one.value) for one in shown], (centre - half, centre + half))
        growing = [at for at, level in enumerate(y) if level >= 0]
        falling = [at for at, level in enumerate(y) if level < 0]
        size = 5.0 if len(shown) <= 60 else 3.6
        for which, colour in ((growing, palette.accent), (falling, palette.act)):
            if which:
                draw_dots(panel, [x[at] for at in which], [y[at] for at in which], colour=colour, size=size, alpha=0.8)
        panel.scale(**limits)
        _name_dots(canvas, panel, list(zip(x, y, strict=True)), [one.name for one in shown], size)
        large = [at for at in range(len(shown)) if x[at] >= median]
        return canvas.chart(
            alt=words(
                "charts.quadrant.alt",
                count=len(shown),
                growing=formats.count(len(growing)),
                falling=formats.count(len(falling)),
                median=formats.money(10**median),
                large_falling=formats.count(len(set(large) & set(falling))),
                largest=shown[0].name,
                amount=formats.money(shown[0].value),
                change=formats.rate(shown[0].growth, 0, signed=True),
            ),
            title=title or words("charts.quadrant.title"),
            subtitle=words(
                "charts.quadrant.subtitle",
                quarter=formats.quarter(look.quarter),
                year_ago=formats.quarter(look.quarter.shift(-4)),
            ),
        )


def draw_ranking(
    standings: Sequence[Standing], look: Look, *, title: str = "", first: int = 1, most: int = 30
) -> Chart | None:
    """Return the partners by quality score, each with its score's eight quarters; None where none has a score.

    Parameters
    ----------
    first, most
        the place of the first partner that is drawn, and how many are: a long ranking is several charts of one scale.
    """
    ranked = sorted((one for one in standings if one.score is not None), key=lambda one: (-(one.score or 0), one.name))
    shown = ranked[first - 1 : first - 1 + most]
    if not shown:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    scores = [float(one.score or 0) for one in shown]
    texts = [formats.number(score, 0) for score in scores]
    left_out = len(ranked) - most if first == 1 else 0
    rank_room = text_width(formats.count(len(ranked)), SMALL) + 6
    names = Names.of([shorten(one.name, 150) for one in shown], 150, row=12.4)
    foot = 14 if left_out > 0 else 2
    spark, score_room = 92.0, max(text_width(text, strong=True) for text in texts) + 8
    with look.canvas("full", names.height + foot + 13) as canvas:
        right = spark + max(40, text_width(words("charts.ranking.growth"), SMALL) + 18) + score_room
        panel = names.place(canvas, right=right, bottom=foot, top=13, left=rank_room)
        top = max(float(ranked[0].score or 0), 100.0)
        panel.scale(x=(0, top))
        fills = [palette.accent if score >= 100 else palette.tint("accent", 0.5) for score in scores]
        draw_bars(panel, names.places, scores, fills, width=7, across=True)
        panel.scale(x=(0, top), y=(names.height, 0))
        hundred = panel.x(100)
        canvas.line((hundred, panel.bottom), (hundred, panel.top + 1), colour=palette.soft, dashed=True, width=0.7)
        canvas.text(
            words("charts.ranking.mean"),
            hundred,
            panel.top + 3,
            align="center",
            level="baseline",
            size=SMALL,
            colour=palette.soft,
        )
        trends = canvas.panel(left=canvas.right - spark, right=4, bottom=foot, top=13)
        _draw_sparks(canvas, trends, shown, names)
        for at, (one, place) in enumerate(zip(shown, names.places, strict=True)):
            y = panel.y(place)
            canvas.text(formats.count(first + at), rank_room - 6, y, align="right", size=SMALL, colour=palette.soft)
            x = panel.x(scores[at]) + 4
            if scores[at] < 100 and x < hundred + 2 < x + text_width(texts[at], strong=True) + 4:
                x = hundred + 4
            canvas.text(texts[at], x, y, strong=True)
            if one.growth is not None:
                change = formats.rate(one.growth, 0, signed=True)
                canvas.text(change, canvas.right - spark - 8, y, align="right", size=SMALL, colour=palette.soft)
        canvas.text(
            words("charts.ranking.growth"),
            canvas.right - spark - 8,
            panel.top + 3,
            align="right",
            level="baseline",
            size=SMALL,
            colour=palette.soft,
        )
        canvas.text(
            words("charts.ranking.trend"),
            canvas.right,
            panel.top + 3,
            align="right",
            level="baseline",
            size=SMALL,
            colour=palette.soft,
        )
        if left_out > 0:
            more = words("charts.more", count=left_out)
            canvas.text(more, panel.left, 3, level="baseline", size=SMALL, colour=palette.soft)
        said = [
            words("charts.ranking.alt_row", name=one.name, score=text) for one, text in zip(shown, texts, strict=True)
        ]
        return canvas.chart(
            alt=words("charts.ranking.alt", count=len(ranked), rows=formats.join(said)),
            title=title or words("charts.ranking.title"),
            subtitle=words("charts.ranking.subtitle", quarter=formats.quarter(look.quarter)),
        )


def _draw_sparks(canvas: Canvas, panel: Panel, shown: Sequence[Standing], names: Names) -> None:
    """Draw each partner's line in its row, from its own lowest to its own highest score, as one line with gaps."""
    palette = canvas.look.palette
    most = max((len(one.trend) for one in shown), default=0)
    if not most:
        return
    panel.scale(x=(0, most - 1), y=(names.height, 0))
    across: list[float] = []
    down: list[float] = []
    ends: list[tuple[float, float]] = []
    for one, place in zip(shown, names.places, strict=True):
        values = numbers(one.trend)
        known = [value for value in values if not math.isnan(value)]
        if not known:
            continue
        low, reach = min(known), (max(known) - min(known)) or 1.0
        rows = [place + 4 - 8 * (value - low) / reach if max(known) > low else place for value in values]
        across += [*range(most - len(values), most), math.nan]
        down += [math.nan if math.isnan(value) else row for value, row in zip(values, rows, strict=True)] + [math.nan]
        if not math.isnan(values[-1]):
            ends.append((most - 1, rows[-1]))
    draw_line(panel, across, down, colour=palette.tint("soft", 0.2), width=0.9)
    if ends:
        draw_dots(panel, [x for x, _ in ends], [y for _, y in ends], colour=palette.accent, size=3.2)
    panel.scale(x=(0, most - 1), y=(names.height, 0))


def _write_ends(canvas: Canvas, panel: Panel, values: Sequence[float], taken: tuple[float, float]) -> None:
    """Write the smallest and largest amount below, where the median's label leaves room."""
    formats, soft = canvas.look.formats, canvas.look.palette.soft
    low, high = formats.money(min(values)), formats.money(max(values))
    if panel.left + text_width(low, SMALL) + 6 < taken[0]:
        canvas.text(low, panel.left, 12, level="top", size=SMALL, colour=soft)
    if canvas.right - text_width(high, SMALL) - 6 > taken[1]:
        canvas.text(high, canvas.right, 12, align="right", level="top", size=SMALL, colour=soft)


def _name_dots(
    canvas: Canvas, panel: Panel, dots: Sequence[tuple[float, float]], names: Sequence[str], size: float
) -> None:
    """Write names beside their dots, in order, each where it covers no dot and no other text."""
    places = [(panel.x(x), panel.y(y)) for x, y in dots]
    reach = size / 2 + _CLOSE
    for (x, y), name in zip(places, names, strict=True):
        text = shorten(name, 110, SMALL)
        width = text_width(text, SMALL)
        right, other, middling = x + reach, x - reach - width, x - width / 2
        beside = ((right, y), (other, y), (middling, y + 8), (middling, y - 8))
        aslant = ((right - 1, y + 6), (right - 1, y - 6), (other + 1, y + 6), (other + 1, y - 6))
        for left, middle in (*beside, *aslant):
            box = (left, middle - 4, left + width, middle + 4)
            inside = box[0] >= panel.left and box[2] <= canvas.right and box[1] >= 16 and box[3] <= canvas.height
            if (
                inside
                and not any(_touch(box, other) for other in canvas.boxes)
                and not any(
                    box[0] - reach < a < box[2] + reach and box[1] - 1 < b < box[3] + 1
                    for a, b in places
                    if (a, b) != (x, y)
                )
            ):
                canvas.text(text, left, middle, size=SMALL)
                break


def _touch(box: tuple[float, float, float, float], other: tuple[float, float, float, float, str]) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
