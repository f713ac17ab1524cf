"""The pipeline's bridge: from what was open to what is open, over the quarter and month by month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from kpilib.charts.canvas import SMALL, Canvas, Look, Panel
from kpilib.charts.frames import Record, as_day, records
from kpilib.charts.marks import draw_bars
from kpilib.charts.text import wrap
from kpilib.quarter import add_months

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpilib.kpis.kpi import Kpi
    from kpilib.parts import Chart

__all__ = ["draw_bridge", "draw_bridge_by_month"]

Measure = Literal["amount", "count"]
Kind = Literal["level", "created", "won", "lost", "competitor", "revaluation"]
NBSP = "\u00a0"
_SIGNS: dict[str, int] = {"created": 1, "won": -1, "lost": -1, "competitor": -1, "revaluation": 1}
_COLUMNS: dict[str, str] = {"competitor": "lost_to_competitor"}


@dataclass(frozen=True)
class _Step:
    kind: Kind
    name: str
    note: str
    start: float
    end: float
    label: str


def draw_bridge(
    kpi: Kpi, look: Look, *, title: str = "", measure: Measure = "amount", competitor: str | None = None
) -> Chart | None:
    """Return the quarter's waterfall: opening, created, won, lost, closing; None without a bridge.

    What went to a competitor stands apart (under its name where only one took deals), and a revaluation only where
    there is one.

    Parameters
    ----------
    measure
        whether the bars show money or counts; the counts, or the money, stand below.
    """
    rows = records(kpi, "bridge_quarter")
    if not rows:
        return None
    (row,) = rows
    words = look.words
    names: dict[str, str] = {
        "opening": words("charts.bridge.opening", date=look.formats.short_date(look.quarter.start)),
        "closing": words("charts.bridge.closing", date=look.formats.short_date(look.as_of)),
        **{kind: words(f"charts.bridge.{kind}") for kind in _SIGNS},
    }
    if competitor:
        names["competitor"] = words("charts.bridge.competitor_named", competitor=competitor)
    writer = _Writer(look, measure, [row])
    steps = writer.month(row, names)
    room = look.canvas("full", 1).right / len(steps)
    lines = max(len(wrap(step.name, room - 4)) for step in steps)
    with look.canvas("full", 130 + 9.5 * lines) as canvas:
        panel = canvas.panel(bottom=13 + 9.5 * lines, top=13)
        _draw_steps(canvas, panel, steps, size=8.0)
        for place, step in enumerate(steps):
            middle = panel.left + (place + 0.5) * room
            under = wrap(step.name, room - 4)
            for line, text in enumerate(under):
                canvas.text(text, middle, panel.bottom - 5 - 9.5 * line, align="center", level="top")
            foot = panel.bottom - 5 - 9.5 * len(under)
            canvas.text(step.note, middle, foot, align="center", level="top", size=SMALL, colour=look.palette.soft)
        return canvas.chart(
            alt=_describe(row, look, writer, competitor),
            title=title or words("charts.bridge.title"),
            subtitle=words(
                f"charts.bridge.subtitle_{measure}", unit=writer.unit, quarter=look.formats.quarter(look.quarter)
            ),
        )


def draw_bridge_by_month(kpi: Kpi, look: Look, *, title: str = "", measure: Measure = "amount") -> Chart | None:
    """Return the waterfall of each month of the quarter, in one row: each month starts where the last one ended."""
    rows = sorted(records(kpi, "bridge"), key=lambda row: as_day(row["month"]))
    if not rows:
        return None
    words, formats, palette = look.words, look.formats, look.palette
    writer = _Writer(look, measure, rows)
    names: dict[str, str] = {kind: words(f"charts.bridge.short.{kind}") for kind in _SIGNS}
    steps: list[_Step] = []
    spans: list[tuple[int, int, str]] = []
    for row in rows:
        first = as_day(row["month"])
        last = min(add_months(first, 1) - dt.timedelta(days=1), look.as_of)
        ends = {"opening": formats.short_date(first), "closing": formats.short_date(last)}
        month = writer.month(row, {**names, **ends})
        steps += month if not steps else month[1:]
        spans.append((len(steps) - len(month) + 1, len(steps) - 1, formats.month_name(first)))
    with look.canvas("full", 116) as canvas:
        panel = canvas.panel(bottom=28, top=12)
        _draw_steps(canvas, panel, steps, size=SMALL)
        room = panel.width / len(steps)
        for place, step in enumerate(steps):
            colour = palette.ink if step.kind == "level" else palette.soft
            middle = panel.left + (place + 0.5) * room
            for line, text in enumerate(wrap(step.name.replace(NBSP, " "), room - 2, SMALL)):
                foot = panel.bottom - 4 - 8.5 * line
                canvas.text(text, middle, foot, align="center", level="top", size=SMALL, colour=colour)
        for first_place, end, name in spans:
            left, right = panel.left + first_place * room + 3, panel.left + end * room - 3
            canvas.line((left, panel.bottom - 14), (right, panel.bottom - 14))
            canvas.text(name, (left + right) / 2, panel.bottom - 18, align="center", level="top", strong=True)
        alt = " ".join(
            words(
                "charts.bridge.alt_month",
                month=formats.month(as_day(row["month"])),
                opening=writer.full(row["opening"], row["opening_count"]),
                changes=writer.changes(row, look),
                closing=writer.full(row["closing"], row["closing_count"]),
            )
            for row in rows
        )
        return canvas.chart(
            alt=f"{words('charts.bridge.alt_by_month')} {alt}",
            title=title or words("charts.bridge.title_by_month"),
            subtitle=words(
                f"charts.bridge.subtitle_month_{measure}", unit=writer.unit, quarter=formats.quarter(look.quarter)
            ),
        )


class _Writer:
    """Turns a bridge's rows into steps, and its values into texts of one scale."""

    def __init__(self, look: Look, measure: Measure, rows: list[Record]) -> None:
        self._formats, self._words, self._measure = look.formats, look.words, measure
        self._scale = look.formats.scale(value for row in rows for name, value in row.items() if _is_amount(name))
        self.unit = self._scale.unit
        # One number of decimals for all of them: they are to be added up at sight.
        amounts = [abs(self._scaled(value)) for row in rows for name, value in row.items() if _is_amount(name)]
        self._digits = 0 if self._scale.power == 0 or max(amounts) >= 100 else 1
        # the same steps for all months: what no month has is left out
        rare: tuple[Kind, ...] = ("competitor", "revaluation")
        shown = [kind for kind in rare if any(self._value(row, kind) for row in rows)]
        self._kinds: tuple[Kind, ...] = ("created", "won", "lost", *shown)

    def full(self, amount: Any, count: Any) -> str:
        """Return money and count in words."""
        return self._words("charts.bridge.both", amount=self._formats.money(amount), count=int(count))

    def changes(self, row: Record, look: Look) -> str:
        """Return the changes between opening and closing, as a list in words."""
        return look.formats.join(
            self._words(f"charts.bridge.said.{kind}", change=self._money(row, kind)) for kind in self._kinds
        )

    def month(self, row: Record, names: Mapping[str, str]) -> list[_Step]:
        """Return the steps of one row."""
        level = self._value(row, "opening")
        steps = [_Step("level", names["opening"], self._note(row, "opening"), 0, level, self._text(level))]
        for kind in self._kinds:
            change = _SIGNS[kind] * self._value(row, kind)
            after = level + change
            steps.append(_Step(kind, names[kind], self._note(row, kind), level, after, self._text(change, signed=True)))
            level = after
        closing = self._value(row, "closing")
        steps.append(_Step("level", names["closing"], self._note(row, "closing"), 0, closing, self._text(closing)))
        return steps

    def _value(self, row: Record, name: str) -> float:
        column = _COLUMNS.get(name, name)
        if self._measure == "count":
            return float(row.get(f"{column}_count", 0))
        return float(row[column])

    def _scaled(self, value: Any) -> Decimal:
        return Decimal(str(value)).scaleb(-self._scale.power)

    def _text(self, value: float, *, signed: bool = False) -> str:
        if self._measure == "count":
            return self._formats.count(int(value), signed=signed)
        scaled = self._scaled(value)
        if not value:
            return self._formats.count(0)
        if abs(scaled) < Decimal("0.5"):
            return self._scale.number(value, signed=signed)
        return self._formats.number(scaled, self._digits, signed=signed)

    def _note(self, row: Record, name: str) -> str:
        column = _COLUMNS.get(name, name)
        if self._measure == "count":
            return self._formats.money(row[column])
        return self._formats.count(int(row[f"{column}_count"])) if f"{column}_count" in row else ""

    def _money(self, row: Record, kind: Kind) -> str:
        column = _COLUMNS.get(kind, kind)
        if f"{column}_count" not in row:
            return self._formats.money(row[column], signed=kind == "revaluation")
        return self.full(row[column], row[f"{column}_count"])


def _draw_steps(canvas: Canvas, panel: Panel, steps: list[_Step], *, size: float) -> None:
    palette = canvas.look.palette
    fills = {
        "level": palette.ink,
        "created": palette.tint("soft", 0.25),
        "won": palette.accent,
        "lost": palette.tint("act", 0.45),
        "competitor": palette.act,
        "revaluation": palette.tint("soft", 0.6),
    }
    texts = {"level": palette.ink, "won": palette.accent, "lost": palette.act, "competitor": palette.act}
    values = [value for step in steps for value in (step.start, step.end)]
    low, high = min(0.0, *values), max(values)
    panel.scale(x=(-0.5, len(steps) - 0.5), y=(low, high or 1.0))
    room = panel.width / len(steps)
    gap = min(10.0, room / 4)
    draw_bars(
        panel,
        range(len(steps)),
        [step.end - step.start for step in steps],
        [fills[step.kind] for step in steps],
        start=[step.start for step in steps],
        width=1 - gap / room,
    )
    panel.scale(x=(-0.5, len(steps) - 0.5), y=(low, high or 1.0))
    canvas.line((panel.left, panel.y(0)), (panel.right, panel.y(0)))
    for place, step in enumerate(steps):
        middle = panel.left + (place + 0.5) * room
        above = panel.y(max(step.start, step.end)) + 3
        colour = texts.get(step.kind, palette.soft)
        canvas.text(step.label, middle, above, align="center", level="baseline", size=size, strong=True, colour=colour)
        if step.start == step.end:
            # A step of nothing has no bar: the level runs on through it.
            half, level = (room - gap) / 2, panel.y(step.end)
            canvas.line((middle - half, level), (middle + half, level), colour=palette.soft)
        if place < len(steps) - 1:
            edge = middle + room / 2 - gap / 2
            canvas.line((edge, panel.y(step.end)), (edge + gap, panel.y(step.end)), colour=palette.soft)


def _describe(row: Record, look: Look, writer: _Writer, competitor: str | None) -> str:
    said = look.words(
        "charts.bridge.alt",
        start=look.formats.date(look.quarter.start),
        opening=writer.full(row["opening"], row["opening_count"]),
        changes=writer.changes(row, look),
        end=look.formats.date(look.as_of),
        closing=writer.full(row["closing"], row["closing_count"]),
    )
    if competitor and row["lost_to_competitor"]:
        said += " " + look.words("charts.bridge.alt_competitor", competitor=competitor)
    return said


def _is_amount(name: str) -> bool:
    return name != "month" and not name.endswith("_count")
