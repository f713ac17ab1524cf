"""The lost opportunities: why they were lost, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpilib.charts.frames import label, records
from kpilib.charts.rows import Bar, draw_named_bars

if TYPE_CHECKING:
    from kpilib.charts.canvas import Look
    from kpilib.kpis.kpi import Kpi
    from kpilib.parts import Chart

__all__ = ["draw_loss_reasons", "draw_lost_to"]


def draw_loss_reasons(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return how often each reason lost an opportunity, and what those were worth; None when none was lost."""
    return _draw(kpi, look, "reasons", "reason", title)


def draw_lost_to(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return how often each competitor won instead, and what it was worth; None when none did."""
    return _draw(kpi, look, "lost_to", "competitor", title)


def _draw(kpi: Kpi, look: Look, companion: str, column: str, title: str) -> Chart | None:
    rows = records(kpi, companion)
    if not rows:
        return None
    words, formats = look.words, look.formats
    names = [label(row[column], look) for row in rows]
    amounts = [formats.money(row["amount"]) for row in rows]
    bars = [
        Bar(name, float(row["count"]), formats.count(int(row["count"])), amount)
        for name, amount, row in zip(names, amounts, rows, strict=True)
    ]
    said = [
        words("charts.losses.alt_row", name=name, count=int(row["count"]), amount=amount)
        for name, amount, row in zip(names, amounts, rows, strict=True)
    ]
    return draw_named_bars(
        look,
        bars,
        alt=words(f"charts.losses.alt_{companion}", rows=formats.join(said)),
        title=title or words(f"charts.losses.title_{companion}"),
        subtitle=words("charts.losses.subtitle", quarter=formats.quarter(look.quarter)),
        colour=look.palette.tint("act", 0.45),
    )
