"""How lead cohorts ripen: the close rate of each quarter's leads at the end of that quarter and of the next three."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap

from kpilib.charts.canvas import SMALL
from kpilib.charts.frames import numbers, records
from kpilib.charts.rows import Names
from kpilib.charts.text import text_width

if TYPE_CHECKING:
    from kpilib.charts.canvas import Look
    from kpilib.kpis.kpi import Kpi
    from kpilib.parts import Chart

__all__ = ["draw_maturity"]

_AGES = ("q0", "q1", "q2", "q3")
_ROW = 13.5


def draw_maturity(kpi: Kpi, look: Look, *, title: str = "") -> Chart | None:
    """Return a heat map: a row per lead cohort, a column per age; blank what is not yet reached. None without leads."""
    rows = [row for row in records(kpi, "maturity") if row["leads"]]
    if not rows:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    values = np.array([numbers(row[age] for age in _AGES) for row in rows])
    highest = float(np.nanmax(values, initial=0.0)) or 1.0
    quarters = [formats.quarter(str(row["quarter"])) for row in rows]
    leads = [words("charts.maturity.leads", count=int(row["leads"])) for row in rows]
    names = Names.of(quarters, 80, row=_ROW)
    with look.canvas("half", names.height + 12) as canvas:
        right = max(text_width(text, SMALL) for text in leads) + 6
        panel = names.place(canvas, right=right, top=12)
        colours = LinearSegmentedColormap.from_list("maturity", [palette.tint("accent", 0.92), palette.deep])
        panel.axes.set_axis_on()
        sns.heatmap(
            values,
            vmin=0,
            vmax=highest,
            cmap=colours,
            cbar=False,
            linewidths=1.2,
            linecolor="white",
            xticklabels=False,
            yticklabels=False,
            ax=panel.axes,
        )
        panel.axes.set_axis_off()
        panel.scale(x=(0, len(_AGES)), y=(len(rows), 0))
        for column, age in enumerate(_AGES):
            head = words(f"charts.maturity.{age}")
            canvas.text(
                head,
                panel.x(column + 0.5),
                panel.top + 3,
                align="center",
                level="baseline",
                size=SMALL,
                colour=palette.soft,
            )
        for at in range(len(rows)):
            y = panel.y(at + 0.5)
            canvas.text(leads[at], canvas.right, y, align="right", size=SMALL, colour=palette.soft)
            for column, value in enumerate(values[at]):
                if not math.isnan(value):
                    canvas.text(formats.rate(value), panel.x(column + 0.5), y, align="center", size=SMALL)
        said = [
            words(
                "charts.maturity.alt_row",
                quarter=quarter,
                leads=lead,
                rates=formats.join(formats.rate(value) for value in row if not math.isnan(value)),
            )
            for quarter, lead, row in zip(quarters, leads, values, strict=True)
            if not math.isnan(row[0])
        ]
        return canvas.chart(
            alt=words("charts.maturity.alt", rows="; ".join(said)),
            title=title or words("charts.maturity.title"),
            subtitle=words("charts.maturity.subtitle"),
        )
