"""The quarter's deals: how large they are, and in which months they were won."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from kpilib.charts.canvas import SMALL, Canvas, Look, Panel
from kpilib.charts.frames import as_day, numbers, records
from kpilib.charts.marks import draw_bars, draw_dots
from kpilib.charts.text import text_width

if TYPE_CHECKING:
    from decimal import Decimal

    from kpilib.kpis.kpi import Kpi
    from kpilib.parts import Chart

__all__ = ["draw_deal_sizes", "draw_deals_by_month"]

# From this ratio of the largest deal to the median on, all but a few would lie in one heap: the scale is then
# logarithmic, and the chart says so.
WIDE = 12
# With fewer deals, each of them moves the mean.
LEAST_TO_MARK = 4
_LARGEST_DOT, _SMALLEST_DOT = 7.0, 2.2
_DOTS_HIGH = 74.0


def draw_deal_sizes(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return each deal as a dot by its amount, stacked where several are alike, with mean and median; None without.

    The deals whose removal moves the mean most are in the accent colour.
    """
    deals = sorted(records(kpi, "deals"), key=lambda deal: (deal["amount"], deal["opportunity_id"]))
    if not deals:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    amounts = numbers(deal["amount"] for deal in deals)
    mean, median = float(cast("Decimal", kpi.value)), float(cast("Decimal", kpi.companions["median"]))
    low, high = amounts[0], amounts[-1]
    logarithmic = low > 0 and high > WIDE * median
    place = math.log10 if logarithmic else float
    influence = records(kpi, "influence")
    marked = {deal["opportunity_id"] for deal in influence} if len(deals) >= LEAST_TO_MARK and low < high else set()

    size = _LARGEST_DOT
    half = look.canvas("full", 1).right
    while True:
        columns, heights = _stack([place(amount) for amount in amounts], size, half - 2 * size)
        tallest = max(heights) + 1
        if tallest * size <= _DOTS_HIGH or size <= _SMALLEST_DOT:
            break
        size *= 0.85
    # beyond that, dots of one column overlap
    step = min(size, _DOTS_HIGH / tallest)
    dots_high = max(tallest * step, 24.0)
    with look.canvas("full", dots_high + (42 if low < high else 16)) as canvas:
        panel = canvas.panel(left=size, right=size, bottom=14, top=28 if low < high else 2)
        panel.scale(x=(columns[0], columns[-1]) if len(set(columns)) > 1 else _around(columns[0]), y=(0, dots_high))
        rises = [(height + 0.5) * step for height in heights]
        keys = [deal["opportunity_id"] for deal in deals]
        for chosen, colour in ((False, palette.tint("soft", 0.3)), (True, palette.accent)):
            which = [at for at, key in enumerate(keys) if (key in marked) is chosen]
            if which:
                x, y = [columns[at] for at in which], [rises[at] for at in which]
                draw_dots(panel, x, y, colour=colour, size=size * 0.9)
        canvas.line((0, panel.bottom), (canvas.right, panel.bottom))
        if low < high:
            said = ("median", median, palette.ink), ("mean", mean, palette.accent)
            marks = [
                (panel.x(place(value)), words(f"charts.deal_sizes.{name}", amount=formats.money(value)), colour)
                for name, value, colour in said
            ]
            _draw_marks(canvas, panel, marks)
        _write_ends(canvas, panel, (columns[0], columns[-1]), (low, high))
        values = {
            "count": len(amounts),
            "smallest": formats.money(low),
            "largest": formats.money(high),
            "median": formats.money(median),
            "mean": formats.money(kpi.value),
        }
        alt = words("charts.deal_sizes.alt_one" if len(amounts) == 1 else "charts.deal_sizes.alt", **values)
        if marked:
            first = influence[0]
            alt += " " + words(
                "charts.deal_sizes.alt_influence",
                amount=formats.money(first["amount"]),
                mean=formats.money(first["mean_without"]),
            )
        subtitle = words("charts.deal_sizes.subtitle", quarter=formats.quarter(look.quarter))
        notes = [subtitle]
        notes += [words("charts.deal_sizes.marked", count=len(marked))] if marked else []
        notes += [words("charts.logarithmic")] if logarithmic else []
        return canvas.chart(alt=alt, title=title or words("charts.deal_sizes.title"), subtitle=" · ".join(notes))


def draw_deals_by_month(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return the months' won deals as bars, with their amount above; None without a month.

    Where the frame has ``won_year_ago``, last year's count stands behind each bar.
    """
    rows = sorted(records(kpi, "by_month"), key=lambda row: as_day(row["month"]))
    if not rows:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    won = [int(row["won"]) for row in rows]
    ghost = [int(row["won_year_ago"]) for row in rows] if "won_year_ago" in rows[0] else None
    scale = formats.scale(row["amount"] for row in rows)
    with look.canvas("half", 94) as canvas:
        panel = canvas.panel(bottom=15, top=24)
        limits = {"x": (-0.5, len(rows) - 0.5), "y": (0, max([*won, *(ghost or []), 1]))}
        panel.scale(**limits)
        shift = 0.13 if ghost else 0.0
        if ghost:
            places = [at - 0.3 for at in range(len(rows))]
            draw_bars(panel, places, ghost, [palette.tint("soft", 0.6)] * len(rows), width=0.26)
        draw_bars(panel, [at + shift for at in range(len(rows))], won, [palette.accent] * len(rows), width=0.52)
        panel.scale(**limits)
        canvas.line((panel.left, panel.bottom), (panel.right, panel.bottom))
        for at, row in enumerate(rows):
            x, top = panel.x(at + shift), panel.y(won[at])
            amount = scale.number(row["amount"])
            _write_bar(canvas, x, top + 3.5, amount, size=SMALL, colour=palette.soft)
            _write_bar(canvas, x, top + 12, formats.count(won[at]), size=9, strong=True, colour=palette.accent)
            canvas.text(
                formats.month_name(as_day(row["month"])), panel.x(at), panel.bottom - 5, align="center", level="top"
            )
            if ghost:
                year_ago = formats.count(ghost[at])
                _write_bar(
                    canvas, panel.x(at - 0.3), panel.y(ghost[at]) + 3.5, year_ago, size=SMALL, colour=palette.soft
                )
        said = [
            words(
                "charts.deals_by_month.alt_month",
                month=formats.month(as_day(row["month"])),
                count=won[at],
                amount=formats.money(row["amount"]),
            )
            for at, row in enumerate(rows)
        ]
        alt = words("charts.deals_by_month.alt", months=formats.join(said))
        if ghost:
            alt += " " + words("charts.deals_by_month.alt_year_ago", counts=formats.join(map(formats.count, ghost)))
        key = "charts.deals_by_month.subtitle_year_ago" if ghost else "charts.deals_by_month.subtitle"
        subtitle = words(key, unit=scale.unit, year_ago=formats.quarter(look.quarter.shift(-4)))
        return canvas.chart(alt=alt, title=title or words("charts.deals_by_month.title"), subtitle=subtitle)


def _stack(values: Sequence[float], size: float, width: float) -> tuple[list[float], list[int]]:
    """Return for each of the sorted values where its column stands and how many dots lie below it in it.

    A dot plot after Wilkinson: a column holds the values within one dot's width of its first, and stands in their
    middle.
    """
    reach = (values[-1] - values[0]) * size / width
    columns: list[float] = []
    heights: list[int] = []
    start = 0
    for at in range(1, len(values) + 1):
        if at == len(values) or values[at] - values[start] > reach:
            middle = (values[start] + values[at - 1]) / 2
            columns += [middle] * (at - start)
            heights += range(at - start)
            start = at
    return columns, heights


def _around(value: float) -> tuple[float, float]:
    room = abs(value) or 1.0
    return value - room, value + room


def _draw_marks(canvas: Canvas, panel: Panel, marks: list[tuple[float, str, str]]) -> None:
    """Draw two lines up to their labels, which stand at two heights so that no line crosses a label."""
    (left, first, _), (right, second, _) = marks = sorted(marks)
    gap = 3.5
    if right + gap + text_width(second, strong=True) <= canvas.right:
        places = ((1, "left"), (0, "left"))
    else:
        places = ((0, "right" if left - gap > text_width(first, strong=True) else "left"), (1, "right"))
    for (x, text, colour), (level, align) in zip(marks, places, strict=True):
        head = panel.top + 4 + 12 * level
        canvas.line((x, panel.bottom), (x, head + 7), colour=colour, width=0.9)
        canvas.text(text, x + (gap if align == "left" else -gap), head + 4, align=align, strong=True, colour=colour)  # type: ignore[arg-type]


def _write_ends(canvas: Canvas, panel: Panel, columns: tuple[float, float], amounts: tuple[Any, Any]) -> None:
    formats, words, soft = canvas.look.formats, canvas.look.words, canvas.look.palette.soft
    foot = panel.bottom - 5
    if amounts[0] == amounts[1]:
        x = panel.x(columns[0])
        canvas.text(formats.money(amounts[0]), x, foot, align="center", level="top", strong=True)
        return
    smallest = words("charts.deal_sizes.smallest", amount=formats.money(amounts[0]))
    largest = words("charts.deal_sizes.largest", amount=formats.money(amounts[1]))
    canvas.text(smallest, 0, foot, level="top", size=SMALL, colour=soft)
    canvas.text(largest, canvas.right, foot, align="right", level="top", size=SMALL, colour=soft)


def _write_bar(canvas: Canvas, x: float, y: float, text: str, **style: Any) -> None:
    canvas.text(text, x, y, align="center", level="baseline", **style)
