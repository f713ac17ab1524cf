"""Lines over the quarters: any KPI's trend, the quality score's history, and the outlook that goes on from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpilib.charts.canvas import SMALL, Canvas, Look, Panel
from kpilib.charts.frames import defined, numbers, records
from kpilib.charts.marks import draw_line, draw_mark
from kpilib.charts.text import text_width
from kpilib.rounding import to_two_digits

if TYPE_CHECKING:
    from kpilib.kpis.kpi import Kpi
    from kpilib.outlook import Outlook
    from kpilib.parts import Chart

__all__ = ["draw_outlook", "draw_quality_history", "draw_trend"]

_HEIGHT, _HEAD, _FOOT = 96.0, 12.0, 15.0
_DOT, _RING, _LEAD = 5.2, 4.4, 10.0
_YEAR = 4


@dataclass(frozen=True)
class _End:
    """A value at the right edge: where it lies, and what is said of it, in its colour."""

    value: float
    text: str
    note: str
    colour: str


def draw_trend(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return a KPI's last eight quarters, with last year's and this one marked; None where fewer than two are known."""
    values = numbers(kpi.trend)
    if _known(values) < 2:
        return None
    words = look.words
    texts = [_say(kpi.unit, None if math.isnan(value) else value, look) for value in values]
    ends = []
    if not math.isnan(values[-1]):
        ends.append(_End(values[-1], texts[-1], "", look.palette.accent))
    if kpi.target is not None:
        target = float(kpi.target.value)
        ends.append(_End(target, _say_target(kpi.unit, target, look), words("charts.series.target"), look.palette.ink))
    with _canvas(look) as canvas:
        panel = _place(canvas, [*values, *(end.value for end in ends)], len(values), ends)
        _draw_history(canvas, panel, values, texts, beside=None if kpi.target is None else float(kpi.target.value))
        _write_quarters(canvas, panel, len(values))
        if kpi.target is not None:
            y = panel.y(float(kpi.target.value))
            canvas.line((panel.left, y), (panel.right + 6, y), colour=look.palette.ink, width=0.7, dashed=True)
        _write_ends(canvas, panel, ends)
        alt = words("charts.series.alt_trend", values=_list(values, texts, look))
        if kpi.target is not None:
            alt += " " + words("charts.series.alt_target", target=ends[-1].text)
        return canvas.chart(
            alt=alt,
            title=title or words("charts.series.title_trend"),
            subtitle=words(f"charts.series.unit.{kpi.unit}", currency=look.formats.currency),
        )


def draw_quality_history(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return the score's last eight quarters, with 100, the cohort's median and the own past.

    A quarter before the records begin has a score of 0 and is left out; None where fewer than two are left.
    """
    values = numbers(row["score"] for row in records(kpi, "history"))
    if len(kpi.trend) == len(values):
        values = [math.nan if of is None else value for value, of in zip(values, kpi.trend, strict=True)]
    if _known(values) < 2:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    texts = [formats.number(None if math.isnan(value) else value, 0) for value in values]
    ends = [_End(100, "100", words("charts.quality.mean"), palette.soft)]
    alt = [words("charts.quality.alt", values=_list(values, texts, look))]
    if not math.isnan(values[-1]):
        ends.append(_End(values[-1], texts[-1], words("charts.quality.now"), palette.accent))
    if kpi.cohort is not None and kpi.cohort.median is not None:
        text = formats.number(kpi.cohort.median, 0)
        ends.append(_End(float(kpi.cohort.median), text, words("charts.quality.median"), palette.soft))
        alt.append(words("charts.quality.alt_median", median=text))
    own = kpi.companions.get("own_past")
    if own is not None:
        text = formats.number(own, 0)
        ends.append(_End(float(own), text, words("charts.quality.own_past"), palette.ink))
        alt.append(words("charts.quality.alt_own_past", score=text))
    with _canvas(look) as canvas:
        panel = _place(canvas, [*values, *(end.value for end in ends)], len(values), ends, slots=0.8)
        for end in ends:
            if end.colour == palette.soft:
                y = panel.y(end.value)
                canvas.line((panel.left, y), (panel.right, y), dashed=end.value != 100, width=0.7, colour=palette.soft)
        _draw_history(canvas, panel, values, texts)
        _write_quarters(canvas, panel, len(values))
        if own is not None:
            draw_mark(panel, len(values) - 0.2, float(own), colour=palette.ink, size=_DOT, shape="D")
        _write_ends(canvas, panel, ends)
        return canvas.chart(
            alt=" ".join(alt),
            title=title or words("charts.quality.title"),
            subtitle=words("charts.quality.subtitle"),
        )


def draw_outlook(outlook: Outlook, history: Sequence[float | None], look: Look, *, title: str = "") -> Chart | None:
    """Return the won amounts of the past quarters and the next one's range; None where there is no forecast.

    Parameters
    ----------
    history
        won amounts in major units, oldest first, the last of them this quarter's.
    """
    if outlook.median is None or outlook.low is None or outlook.high is None:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    values = numbers(history)
    texts = [formats.money(None if math.isnan(value) else value) for value in values]
    figures = [
        ("high", outlook.high, to_two_digits(outlook.high), palette.soft),
        ("median", outlook.median, to_two_digits(outlook.median), palette.accent),
        ("low", outlook.low, to_two_digits(outlook.low), palette.soft),
        ("target", outlook.target, outlook.target, palette.ink),
    ]
    ends = [
        _End(float(value), formats.money(said), words(f"charts.outlook.{name}"), colour)
        for name, value, said, colour in figures
        if value is not None
    ]
    with _canvas(look) as canvas:
        panel = _place(canvas, [*values, *(end.value for end in ends)], len(values), ends, slots=1.0)
        place = float(len(values))
        half = 6.0
        x = panel.x(place)
        low, median, high = panel.y(outlook.low), panel.y(outlook.median), panel.y(outlook.high)
        canvas.line((x, low), (x, high), colour=palette.tint("accent", 0.68), width=2 * half)
        canvas.line((x - half, median), (x + half, median), colour=palette.accent, width=2)
        if outlook.target is not None:
            y = panel.y(outlook.target)
            canvas.line((x - 14, y), (x + half, y), colour=palette.ink, width=0.9, dashed=True)
        _draw_history(canvas, panel, values, texts, ahead=True)
        _write_quarters(canvas, panel, len(values), ahead=True)
        _write_ends(canvas, panel, ends)
        alt = words(
            "charts.outlook.alt",
            quarter=formats.quarter(outlook.quarter),
            median=formats.money(to_two_digits(outlook.median)),
            low=formats.money(to_two_digits(outlook.low)),
            high=formats.money(to_two_digits(outlook.high)),
        )
        if outlook.target is not None:
            alt += " " + words("charts.outlook.alt_target", target=formats.money(outlook.target))
        if any(map(defined, values)):
            alt += " " + words("charts.outlook.alt_history", values=_list(values, texts, look))
        return canvas.chart(
            alt=alt,
            title=title or words("charts.outlook.title", quarter=formats.quarter(outlook.quarter)),
            subtitle=words("charts.outlook.subtitle"),
        )


def _known(values: Sequence[float]) -> int:
    return sum(not math.isnan(value) for value in values)


def _canvas(look: Look) -> Canvas:
    return look.canvas("half", _HEIGHT)


def _place(canvas: Canvas, values: Sequence[float], quarters: int, ends: Sequence[_End], slots: float = 0.0) -> Panel:
    room = max((text_width(end.text, strong=True) + 3 + text_width(end.note, SMALL) for end in ends), default=0)
    # the first quarter's label stands below its point, as wide to the left as to the right
    panel = canvas.panel(left=14, right=room + _LEAD + 4, bottom=_FOOT + 14, top=_HEAD)
    known = [value for value in values if not math.isnan(value)]
    panel.scale(x=(0, quarters - 1 + slots), y=(min(known), max(known)))
    return panel


def _draw_history(
    canvas: Canvas,
    panel: Panel,
    values: Sequence[float],
    texts: Sequence[str],
    *,
    ahead: bool = False,
    beside: float | None = None,
) -> None:
    """Draw the line with its two marks, last year's and this quarter's.

    ``ahead``: the line goes on to a quarter that is still to come, and this one is only its last but one. ``beside``:
    where another line lies, which no label may cross.
    """
    palette = canvas.look.palette
    end = len(values) - 1
    canvas.line((0, _FOOT), (panel.right, _FOOT))
    draw_line(panel, range(len(values)), values, colour=palette.tint("soft", 0.2))
    for at, value in enumerate(values):
        around = (*values[max(at - 1, 0) : at], *values[at + 1 : at + 2])
        if not math.isnan(value) and all(map(math.isnan, around)):
            draw_mark(panel, at, value, colour=palette.soft, size=3.4)
    year_ago = end - _YEAR
    if year_ago >= 0 and not math.isnan(values[year_ago]):
        draw_mark(panel, year_ago, values[year_ago], colour=palette.soft, size=_RING, hollow=True)
        around = (*values[year_ago - 1 : year_ago], values[year_ago + 1])
        near = [value for value in around if not math.isnan(value)]
        above = not near or values[year_ago] >= sum(near) / len(near)
        x, y = panel.x(year_ago), panel.y(values[year_ago]) + (8.5 if above else -8.5)
        half = text_width(texts[year_ago], SMALL) / 2
        if beside is not None and abs(panel.y(beside) - y) < 6:
            other = 2 * panel.y(values[year_ago]) - y
            before, after = _in_the_way(values, year_ago, above=other > y)
            # In a peak or a hollow of the line the label finds no room either: it goes beyond the other line.
            y = panel.y(beside) + (6 if above else -6) if before and after else other
        # On the side from which the line comes or goes that the label lies on, there is no room for it.
        before, after = _in_the_way(values, year_ago, above=y > panel.y(values[year_ago]))
        x += (half - 2) * (before - after)
        canvas.text(texts[year_ago], max(x, half), y, align="center", size=SMALL, colour=palette.soft)
    if values and not math.isnan(values[-1]):
        draw_mark(panel, end, values[-1], colour=palette.soft if ahead else palette.accent, size=_DOT)


def _in_the_way(values: Sequence[float], at: int, *, above: bool) -> tuple[bool, bool]:
    """Say whether the line comes from, and goes to, the side of a point on which its label lies."""
    side = 1 if above else -1
    before, after = (near >= 0 and side * (values[near] - values[at]) > 0 for near in (at - 1, at + 1))
    return before, after


def _write_quarters(canvas: Canvas, panel: Panel, quarters: int, *, ahead: bool = False) -> None:
    """Write below what quarters the marked points are of: the last, last year's, the first, each if it finds room."""
    look, end = canvas.look, quarters - 1
    last = end + 1 if ahead else end
    free_from = canvas.right + 1
    for at in dict.fromkeys((last, end - _YEAR, 0)):
        text = look.formats.quarter(look.quarter.shift(at - end))
        half = text_width(text, SMALL) / 2
        x = max(panel.x(at), half)
        if at >= 0 and x + half < free_from:
            colour = look.palette.ink if at == last else look.palette.soft
            canvas.text(text, x, _FOOT - 5, align="center", level="top", size=SMALL, colour=colour)
            free_from = x - half - 4


def _write_ends(canvas: Canvas, panel: Panel, ends: Sequence[_End]) -> None:
    """Write what stands at the right edge, moved apart where two would touch, in the order of their values."""
    ordered = sorted(ends, key=lambda end: end.value)
    gap = 9.5
    places = [panel.y(end.value) for end in ordered]
    for at in range(1, len(places)):
        places[at] = max(places[at], places[at - 1] + gap)
    over = max(places[-1] - (panel.top + 4), 0) if places else 0
    for at in reversed(range(len(places))):
        ceiling = places[at] - over if at == len(places) - 1 else places[at + 1] - gap
        places[at] = min(places[at], ceiling)
    for end, y in zip(ordered, places, strict=True):
        x = panel.right + _LEAD
        canvas.text(end.text, x, y, strong=True, colour=end.colour)
        canvas.text(end.note, x + text_width(end.text, strong=True) + 3, y, size=SMALL, colour=canvas.look.palette.soft)


def _list(values: Sequence[float], texts: Sequence[str], look: Look) -> str:
    """Return the quarters with their values, in words; those without one are left out."""
    end = len(values) - 1
    return look.formats.join(
        look.words("charts.series.value", quarter=look.formats.quarter(look.quarter.shift(at - end)), value=text)
        for at, (value, text) in enumerate(zip(values, texts, strict=True))
        if not math.isnan(value)
    )


def _say_target(unit: str, target: float, look: Look) -> str:
    """Return a target as it was set: a percentage without a needless decimal."""
    if unit != "rate":
        return _say(unit, target, look)
    return look.formats.rate(target, 0 if round(target * 1000) % 10 == 0 else 1)


def _say(unit: str, value: float | None, look: Look) -> str:
    formats = look.formats
    if unit in {"money", "money_per_day"}:
        return formats.money(value)
    if unit == "rate":
        return formats.known_rate(value)
    if unit == "ratio":
        return formats.number(value, 1, signed=True)
    return formats.number(value, 0)
