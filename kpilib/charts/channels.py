"""The marketing segments: what each cost and brought, and the verdict over the four quarters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpilib.charts.canvas import SMALL
from kpilib.charts.frames import Record, defined, numbers, records
from kpilib.charts.marks import draw_bars
from kpilib.charts.rows import Names
from kpilib.charts.text import text_width, wrap

if TYPE_CHECKING:
    from kpilib.charts.canvas import Canvas, Look
    from kpilib.kpis.kpi import Kpi
    from kpilib.parts import Chart

__all__ = ["draw_channels"]

_SEGMENTS = {"paid", "earned", "owned", "unassigned"}
_ROW, _THIN = 26.0, 7.0


def draw_channels(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return spend against revenue by segment, with ROI and verdict over the trailing four quarters; None without."""
    rows = [
        row for row in records(kpi, "verdicts") if any(row[name] for name in ("leads", "deals", "revenue", "spend"))
    ]
    if not rows:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    names = Names.of([_segment(row, look) for row in rows], 90, row=_ROW)
    scale = formats.scale(row[name] for row in rows for name in ("spend", "revenue") if defined(row[name]))
    spend = numbers(row["spend"] if defined(row["spend"]) else 0 for row in rows)
    revenue = numbers(row["revenue"] for row in rows)
    with_spend = any(spend)
    spent = [
        words("charts.channels.spent", amount=scale.number(row["spend"] if defined(row["spend"]) else None))
        for row in rows
    ]
    brought = [words("charts.channels.brought", amount=scale.number(row["revenue"])) for row in rows]
    verdict_room, roi_room = 132.0, 52.0 if with_spend else 0.0
    label_room = max(text_width(text, strong=True) for text in [*spent, *brought]) + 6
    top = max(*spend, *revenue) or 1.0
    with look.canvas("full", names.height + 14) as canvas:
        panel = names.place(canvas, right=verdict_room + roi_room + label_room, top=12, bottom=2)
        panel.scale(x=(0, top))
        lift = _THIN / 2 + 0.75
        places = [place - lift for place in names.places]
        if with_spend:
            fills = [palette.tint("soft", 0.25)] * len(rows)
            draw_bars(panel, places, spend, fills, width=_THIN, across=True)
        places = [place + (lift if with_spend else 0) for place in names.places]
        draw_bars(panel, places, revenue, [palette.accent] * len(rows), width=_THIN, across=True)
        panel.scale(x=(0, top), y=(names.height, 0))
        canvas.line((panel.left, panel.bottom), (panel.left, panel.top), colour=palette.soft)
        for at, row in enumerate(rows):
            middle = panel.y(names.places[at])
            if with_spend:
                canvas.text(
                    spent[at],
                    panel.x(spend[at]) + 4,
                    middle + lift,
                    colour=palette.soft,
                )
            canvas.text(
                brought[at],
                panel.x(revenue[at]) + 4,
                middle - (lift if with_spend else 0),
                strong=True,
                colour=palette.accent,
            )
            if with_spend:
                roi = formats.number(row["roi"], 1, signed=True) if defined(row["roi"]) else formats.number(None)
                canvas.text(roi, canvas.right - verdict_room - 14, middle, align="right", strong=True, size=9)
            _write_verdict(canvas, row, canvas.right - verdict_room, middle, verdict_room)
            if at:
                rule = panel.y(names.places[at] - _ROW / 2)
                canvas.line((0, rule), (canvas.right, rule))
        if with_spend:
            canvas.text(
                words("charts.channels.roi"),
                canvas.right - verdict_room - 14,
                panel.top + 3,
                align="right",
                level="baseline",
                size=SMALL,
                colour=palette.soft,
            )
        canvas.text(
            words("charts.channels.verdict"),
            canvas.right - verdict_room,
            panel.top + 3,
            level="baseline",
            size=SMALL,
            colour=palette.soft,
        )
        said = [_describe(row, look, with_spend=with_spend) for row in rows]
        return canvas.chart(
            alt=words("charts.channels.alt", rows=" ".join(said)),
            title=title or words("charts.channels.title"),
            subtitle=words("charts.channels.subtitle", unit=scale.unit, quarter=formats.quarter(look.quarter)),
        )


def _write_verdict(canvas: Canvas, row: Record, x: float, y: float, room: float) -> None:
    look = canvas.look
    colours = {"invest": look.palette.good, "cut": look.palette.act}
    verdict = str(row["verdict"])
    canvas.text(
        look.words(f"charts.channels.verdicts.{verdict}"),
        x,
        y + 5,
        strong=True,
        colour=colours.get(verdict, look.palette.ink),
    )
    evidence = wrap(_evidence(row, look), room, SMALL, lines=1)
    canvas.text(evidence[0], x, y - 5, size=SMALL, colour=look.palette.soft)


def _evidence(row: Record, look: Look) -> str:
    leads = look.words("charts.channels.leads", count=int(row["leads"]))
    deals = look.words("charts.channels.deals", count=int(row["deals"]))
    if not defined(row["rate"]):
        return f"{leads} · {deals}"
    return f"{leads} · {look.formats.rate(row['rate'])} · {deals}"


def _describe(row: Record, look: Look, *, with_spend: bool) -> str:
    words, formats = look.words, look.formats
    return words(
        "charts.channels.alt_row" if with_spend and defined(row["roi"]) else "charts.channels.alt_row_without_spend",
        segment=_segment(row, look),
        spend=formats.money(row["spend"] if defined(row["spend"]) else None),
        revenue=formats.money(row["revenue"]),
        roi=formats.number(row["roi"], 1, signed=True) if defined(row["roi"]) else "",
        evidence=_evidence(row, look),
        verdict=words(f"charts.channels.verdicts.{row['verdict']}"),
    )


def _segment(row: Record, look: Look) -> str:
    segment = str(row["segment"])
    return look.words(f"charts.channels.segments.{segment}") if segment in _SEGMENTS else segment
