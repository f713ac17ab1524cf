"""What moved the deal velocity: its four factors, and how much each of them did."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from kpilib.charts.canvas import SMALL, Canvas, Look, Panel
from kpilib.charts.frames import Record, defined, records
from kpilib.charts.marks import draw_bars
from kpilib.charts.rows import BAR, Names
from kpilib.charts.text import text_width

if TYPE_CHECKING:
    from kpilib.kpis.kpi import Kpi
    from kpilib.parts import Chart

__all__ = ["draw_velocity_factors"]

_BASES = ("year_ago", "previous")
_GAP = 4.5
# on which side of its place a text stands: left of it, beside a bar that goes to the right
_ALIGN: dict[bool, Literal["left", "right"]] = {True: "right", False: "left"}


def draw_velocity_factors(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return what each factor did to the velocity since last year and since last quarter; None without either.

    The bars are log changes, so that they add up to the velocity's own; written beside them is the change in
    per cent that each would have made alone. A shorter cycle counts upwards.
    """
    rows = records(kpi, "factors")
    bases = [base for base in _BASES if rows and all(defined(row[f"log_{base}"]) for row in rows)]
    if not bases:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    whole: Record = {
        "factor": "velocity",
        "now": kpi.value,
        **{f"log_{base}": math.fsum(float(row[f"log_{base}"]) for row in rows) for base in bases},
        **{base: _change_value(kpi, base) for base in bases},
    }
    shown = [*rows, whole]
    names = Names.of([words(f"charts.velocity.{row['factor']}") for row in shown], 120, row=14.5)
    values = [_say(row["factor"], row["now"], look) for row in shown]
    value_room = max(text_width(value, strong=True) for value in values) + 12
    largest = max(abs(float(row[f"log_{base}"])) for row in shown for base in bases) or 1.0
    with look.canvas("full", names.height + 16) as canvas:
        start = names.room + value_room
        room = (canvas.right - start) / len(_BASES)
        first = names.place(canvas, right=canvas.right - start, top=14, bottom=2)
        for place, text in zip(names.places, values, strict=True):
            canvas.text(text, start - 8, first.y(place), align="right", strong=True)
        now = formats.quarter(look.quarter)
        canvas.text(now, start - 8, first.top + 5, align="right", level="baseline", size=SMALL, colour=palette.soft)
        rule = first.y(names.places[-1] - 7.25)
        canvas.line((0, rule), (start + room * len(bases), rule))
        for at, base in enumerate(bases):
            left = start + at * room
            panel = canvas.panel(left=left + 8, right=canvas.right - left - room + 8, top=14, bottom=2)
            panel.scale(x=(-largest, largest), y=(names.height, 0))
            _draw_base(canvas, panel, shown, base, names.places)
            head = words("charts.velocity.since", quarter=formats.quarter(_quarter(kpi, base, look)))
            canvas.text(
                head, panel.x(0), panel.top + 5, align="center", level="baseline", size=SMALL, colour=palette.soft
            )
        alt = " ".join(_describe(kpi, rows, whole, base, look) for base in bases)
        return canvas.chart(
            alt=f"{words('charts.velocity.alt')} {alt}",
            title=title or words("charts.velocity.title"),
            subtitle=words("charts.velocity.subtitle"),
        )


def _draw_base(canvas: Canvas, panel: Panel, rows: list[Record], base: str, places: tuple[float, ...]) -> None:
    """Draw one comparison: bars away from 0, and their texts on the other side of it, where no bar is."""
    palette = canvas.look.palette
    logs = [float(row[f"log_{base}"]) for row in rows]
    fills = [palette.accent if log >= 0 else palette.tint("act", 0.45) for log in logs]
    fills[-1] = palette.ink
    across, down = panel.axes.get_xlim(), panel.axes.get_ylim()
    draw_bars(panel, places, logs, fills, width=BAR, across=True)
    panel.scale(x=across, y=down)
    canvas.line((panel.x(0), panel.bottom), (panel.x(0), panel.top), colour=palette.soft)
    changes = [canvas.look.formats.rate(math.exp(log) - 1, 0, signed=True) for log in logs]
    notes = [canvas.look.words("charts.velocity.was", value=_then(row, base, canvas.look)) for row in rows]
    needed = (
        text_width(change, strong=True) + text_width(note, SMALL) for change, note in zip(changes, notes, strict=True)
    )
    with_notes = max(needed) + 2 * _GAP <= panel.width / 2
    for at, log in enumerate(logs):
        y, side, align = panel.y(places[at]), -1 if log >= 0 else 1, _ALIGN[log >= 0]
        colour = palette.ink if at == len(logs) - 1 else palette.accent if log >= 0 else palette.act
        x = panel.x(0) + side * _GAP
        canvas.text(changes[at], x, y, align=align, strong=True, colour=colour)
        if with_notes:
            x += side * (text_width(changes[at], strong=True) + _GAP)
            canvas.text(notes[at], x, y, align=align, size=SMALL, colour=palette.soft)


def _describe(kpi: Kpi, rows: list[Record], whole: Record, base: str, look: Look) -> str:
    words, formats = look.words, look.formats

    def percent(row: Record) -> str:
        return formats.rate(math.exp(float(row[f"log_{base}"])) - 1, 0, signed=True)

    factors = formats.join(
        words(
            "charts.velocity.alt_factor",
            factor=words(f"charts.velocity.{row['factor']}"),
            change=percent(row),
            was=_say(row["factor"], row[base], look),
            now=_say(row["factor"], row["now"], look),
        )
        for row in rows
    )
    quarter = formats.quarter(_quarter(kpi, base, look))
    return words("charts.velocity.alt_since", quarter=quarter, change=percent(whole), factors=factors)


def _then(row: Record, base: str, look: Look) -> str:
    """Return a factor's earlier value; the velocity's without "a day", which its own value says."""
    return _say("amount" if row["factor"] == "velocity" else row["factor"], row[base], look)


def _quarter(kpi: Kpi, base: str, look: Look) -> str:
    change = kpi.year_ago if base == "year_ago" else kpi.previous
    return change.quarter if change is not None else str(look.quarter.shift(-4 if base == "year_ago" else -1))


def _change_value(kpi: Kpi, base: str) -> Any:
    change = kpi.year_ago if base == "year_ago" else kpi.previous
    return None if change is None else change.value


def _say(factor: str, value: Any, look: Look) -> str:
    formats = look.formats
    known = value if defined(value) else None
    if factor == "opportunities":
        return formats.count(None if known is None else int(known))
    if factor == "deal_success":
        return formats.rate(known, 0)
    if factor == "cycle":
        return formats.days(known)
    if factor == "velocity":
        return look.words("charts.velocity.per_day", amount=formats.money(known))
    return formats.money(known)
