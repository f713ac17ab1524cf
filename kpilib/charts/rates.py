"""Rates with what chance may do to them: close rate by channel, deal success by product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kpilib.charts.canvas import SMALL
from kpilib.charts.frames import Record, defined, label, numbers, records
from kpilib.charts.marks import draw_dots, draw_spans
from kpilib.charts.rows import MOST_ROWS, Names
from kpilib.charts.text import text_width

if TYPE_CHECKING:
    from kpilib.charts.canvas import Look
    from kpilib.kpis.kpi import Kpi
    from kpilib.parts import Chart

__all__ = ["draw_close_rate", "draw_deal_success"]


def draw_close_rate(
    kpi: Kpi, look: Look, *, title: str = "", by: Literal["channel", "region"] = "channel"
) -> Chart | None:
    """Return the close rate of each channel or region with its Wilson interval; None without leads."""
    rows = [{**row, "of": int(row["leads"])} for row in records(kpi, f"by_{by}")]
    return _draw(kpi, look, rows, by, "close_rate", title)


def draw_deal_success(
    kpi: Kpi, look: Look, *, title: str = "", by: Literal["product", "rep", "stage"] = "product"
) -> Chart | None:
    """Return the share won of what was decided, by product, rep or stage reached, with intervals; None without."""
    companion = "by_stage_reached" if by == "stage" else f"by_{by}"
    rows = [{**row, "of": int(row["won"]) + int(row["lost"])} for row in records(kpi, companion)]
    return _draw(kpi, look, rows, by, "deal_success", title)


def _draw(kpi: Kpi, look: Look, rows: list[Record], column: str, key: str, title: str) -> Chart | None:
    """Return a dot per row on the line of its interval; those with most behind them come first."""
    ranked = sorted((row for row in rows if row["of"] and defined(row["rate"])), key=lambda row: -row["of"])
    if column == "stage":
        ranked = [row for row in rows if row in ranked]
    if not ranked:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    shown = ranked[:MOST_ROWS]
    left_out = len(ranked) - len(shown)
    named = [label(row[column], look) for row in shown]
    names = Names.of(named, 0.36 * look.canvas("half", 1).right)
    values = [formats.rate(row["rate"], 0) for row in shown]
    ofs = [words(f"charts.rates.of_{key}", count=row["of"]) for row in shown]
    value_room = max(text_width(value, strong=True) for value in values)
    room = 8 + value_room + 4 + max(text_width(of, SMALL) for of in ofs)
    foot = 12 if left_out else 2
    head = 11 if defined(kpi.value) else 2
    with look.canvas("half", names.height + foot + head) as canvas:
        panel = names.place(canvas, right=room, bottom=foot, top=head)
        rates, low, high = (numbers(row[name] for row in shown) for name in ("rate", "low", "high"))
        limits = (0, max([*high, float(kpi.value or 0)]))
        panel.scale(x=limits)
        draw_spans(panel, names.places, low, high, colour=palette.tint("accent", 0.68), width=3.2)
        draw_dots(panel, rates, names.places, colour=palette.accent, size=5.4)
        panel.scale(x=limits, y=(names.height, 0))
        canvas.line((panel.left, panel.bottom), (panel.left, panel.top), colour=palette.line)
        if kpi.value is not None:
            x = panel.x(float(kpi.value))
            text = words("charts.rates.all", rate=formats.known_rate(float(kpi.value)))
            canvas.line((x, panel.bottom), (x, panel.top + 1), colour=palette.soft, dashed=True, width=0.7)
            half = text_width(text, SMALL) / 2
            middle = min(max(x, half), canvas.right - half)
            canvas.text(text, middle, panel.top + 3, align="center", level="baseline", size=SMALL, colour=palette.soft)
        for place, value, of in zip(names.places, values, ofs, strict=True):
            end = panel.right + 8 + value_room
            canvas.text(value, end, panel.y(place), align="right", strong=True)
            canvas.text(of, end + 4, panel.y(place), size=SMALL, colour=palette.soft)
        if left_out:
            more = words("charts.more", count=left_out)
            canvas.text(more, panel.left, 3, level="baseline", size=SMALL, colour=palette.soft)
        said = [
            words(
                "charts.rates.alt_row",
                name=name,
                rate=formats.rate(row["rate"]),
                of=of,
                low=formats.rate(row["low"]),
                high=formats.rate(row["high"]),
            )
            for name, row, of in zip(named, shown, ofs, strict=True)
        ]
        alt = words(f"charts.rates.alt_{key}", by=words(f"charts.rates.by.{column}"), rows=formats.join(said))
        if kpi.value is not None:
            alt += " " + words("charts.rates.alt_all", rate=formats.rate(float(kpi.value)))
        return canvas.chart(
            alt=alt,
            title=title or words(f"charts.rates.title_{key}", by=words(f"charts.rates.by.{column}")),
            subtitle=words("charts.rates.subtitle"),
        )
