"""The open opportunities: at which stage they stand, and how long they have been open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kpilib.charts.frames import Record, defined, records
from kpilib.charts.rows import Bar, draw_named_bars

if TYPE_CHECKING:
    from kpilib.charts.canvas import Look
    from kpilib.formats import Scale
    from kpilib.kpis.kpi import Kpi
    from kpilib.parts import Chart

__all__ = ["draw_pipeline_by_age", "draw_pipeline_by_stage"]


def draw_pipeline_by_stage(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return the open amount of each stage, dark as far as it is weighted by its chance; None without one."""
    rows = records(kpi, "by_stage")
    if not rows:
        return None
    words, formats = look.words, look.formats
    scale = _scale(kpi, look)
    names = [row["stage"] if defined(row["stage"]) else words("charts.pipeline.unknown") for row in rows]
    bars = [
        Bar(name, float(row["amount"]), scale.number(row["amount"]), _count(row, look), part=float(row["weighted"]))
        for name, row in zip(names, rows, strict=True)
    ]
    said = [
        words(
            "charts.pipeline.alt_stage",
            name=name,
            amount=formats.money(row["amount"]),
            count=int(row["count"]),
            weighted=formats.money(row["weighted"]),
        )
        for name, row in zip(names, rows, strict=True)
    ]
    return draw_named_bars(
        look,
        bars,
        alt=words("charts.pipeline.alt_stages", stages=formats.join(said)),
        title=title or words("charts.pipeline.title_stage"),
        subtitle=words("charts.pipeline.subtitle_stage", unit=scale.unit),
    )


def draw_pipeline_by_age(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return the open amount by age; None when nothing is open.

    The ages that lie beyond the limit from which an opportunity is called stale are in the accent colour.
    """
    rows = records(kpi, "by_age")
    if not any(row["count"] for row in rows):
        return None
    words, formats = look.words, look.formats
    scale = _scale(kpi, look)
    limit = kpi.companions.get("stale_limit")
    names = [_age(str(row["bucket"]), look) for row in rows]
    bars = [
        Bar(
            name,
            float(row["amount"]),
            scale.number(row["amount"]),
            _count(row, look),
            strong=limit is not None and _bounds(str(row["bucket"]))[0] > float(limit),
        )
        for name, row in zip(names, rows, strict=True)
    ]
    said = [
        words("charts.pipeline.alt_age", name=name, amount=formats.money(row["amount"]), count=int(row["count"]))
        for name, row in zip(names, rows, strict=True)
    ]
    subtitle = words("charts.pipeline.subtitle_age", unit=scale.unit)
    if any(bar.strong for bar in bars):
        subtitle += " · " + words("charts.pipeline.stale", days=formats.days(limit))
    return draw_named_bars(
        look,
        bars,
        alt=words("charts.pipeline.alt_ages", ages=formats.join(said)),
        title=title or words("charts.pipeline.title_age"),
        subtitle=subtitle,
    )


def _scale(kpi: Kpi, look: Look) -> Scale:
    """Return one scale for both charts: they stand side by side."""
    return look.formats.scale(row["amount"] for name in ("by_stage", "by_age") for row in records(kpi, name))


def _count(row: Record, look: Look) -> str:
    return look.words("charts.pipeline.count", count=int(row["count"]))


def _bounds(bucket: str) -> list[int]:
    """Return the days that a bucket names, such as 31 and 60; one for the last, which is open."""
    return [int(number) + (len(numbers) == 1) for numbers in [re.findall(r"\d+", bucket)] for number in numbers]


def _age(bucket: str, look: Look) -> str:
    bounds = _bounds(bucket)
    if len(bounds) == 1:
        return look.words("charts.pipeline.over", days=bounds[0] - 1)
    return look.words("charts.pipeline.between", low=bounds[0], high=bounds[1])
