"""One row of the index: a partner, its eight KPIs as texts, marks and lines, and how its review stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kpilib.build.figures import Figures
from kpilib.formats import Formats
from kpilib.language import Words
from kpilib.quarter import Quarter
from kpilib.review.values import show, show_parts

__all__ = ["Figure", "Row", "Speaker", "State", "label_of", "make_row", "spark_line"]

WIDTH, HEIGHT, MARGIN = 76.0, 18.0, 3.0
"""Of a trend's line, in pixels."""

_IN_HEAD = {"money": "index.money", "money_per_day": "index.money_per_day"}


@dataclass(frozen=True)
class Speaker:
    """Who writes the index: in a language and a currency; ``internal`` shows scores with their digits."""

    words: Words
    formats: Formats
    internal: bool


@dataclass(frozen=True)
class State:
    """How a partner's review stands, as it lies on disk and in the ledger.

    ``status`` is ready, outdated, failed or missing; ``links`` are label key → address; ``delivery`` is (approved,
    lost or empty; sent, sent_earlier, in_doubt, not_sent or empty; who approved it and when; when it went to whom).
    """

    partner: Mapping[str, str | None]
    status: str
    links: tuple[tuple[str, str], ...]
    message: str
    delivery: tuple[str, str, str, str]

    @property
    def partner_id(self) -> str:
        """The partner's id."""
        return str(self.partner["partner_id"])


@dataclass(frozen=True)
class Figure:
    """One KPI in a row.

    ``value`` is what is sorted by, empty when undefined; ``line`` is the trend's path and ``dot`` the place of this
    quarter in it.
    """

    key: str
    name: str
    number: str
    unit: str
    value: str
    status: str
    word: str
    line: str
    dot: tuple[str, str] | None
    trend: str


@dataclass(frozen=True)
class Row:
    """One partner of the index; ``approved``, ``sent``, ``by`` and ``to`` are its state's delivery."""

    partner_id: str
    name: str
    region: str
    tier: str
    manager: str
    status: str
    links: tuple[tuple[str, str], ...]
    message: str
    approved: str
    sent: str
    by: str
    to: str
    figures: tuple[Figure, ...]

    @property
    def marks(self) -> dict[str, int]:
        """How many KPIs have each status, the urgent first."""
        held = [figure.status for figure in self.figures]
        return {status: held.count(status) for status in ("act", "watch", "good") if status in held}

    @property
    def urgency(self) -> int:
        """What the rows are sorted by when the urgent come first: acts, then watches; -1 without a review."""
        return self.marks.get("act", 0) * 100 + self.marks.get("watch", 0) if self.figures else -1


def make_row(state: State, figures: Figures | None, speaker: Speaker, quarter: Quarter) -> Row:
    """Return a partner's row; without figures where it has no readable pack."""
    partner = state.partner
    kpis = {} if figures is None else figures.document["kpis"]
    approved, sent, by, to = state.delivery
    return Row(
        state.partner_id,
        name=partner.get("name") or state.partner_id,
        region=partner.get("region") or "",
        tier=partner.get("tier") or "",
        manager=partner.get("manager") or "",
        status=state.status,
        links=state.links,
        message=state.message,
        approved=approved,
        sent=sent,
        by=by,
        to=to,
        figures=tuple(
            _figure(key, kpi, speaker, quarter) for key, kpi in kpis.items() if speaker.words.has(f"kpi.{key}.name")
        ),
    )


def label_of(key: str, unit: str, speaker: Speaker) -> str:
    """Return a KPI's name as a column is headed: with the currency where it is money."""
    name = speaker.words(f"kpi.{key}.name")
    if unit not in _IN_HEAD:
        return name
    return speaker.words(_IN_HEAD[unit], name=name, currency=speaker.formats.currency_name)


def _figure(key: str, kpi: Mapping[str, Any], speaker: Speaker, quarter: Quarter) -> Figure:
    words, formats, value = speaker.words, speaker.formats, kpi["value"]
    number, unit = show_parts(kpi["unit"], value, speaker)
    if kpi["unit"] in _IN_HEAD:
        # The column's head names the currency: only thousands or millions stand beside the number.
        unit = formats.money_parts(value)[1].removesuffix(formats.currency_name).strip()
    line, dot = spark_line(kpi["trend"])
    told = formats.join(show(kpi["unit"], each, speaker) for each in kpi["trend"])
    first = formats.quarter(quarter.shift(1 - len(kpi["trend"])))
    name = words(f"kpi.{key}.name")
    return Figure(
        key=key,
        name=label_of(key, kpi["unit"], speaker),
        number=number,
        unit=unit,
        value="" if value is None else repr(float(value)),
        status=kpi["status"]["key"],
        word=words(f"status.{kpi['status']['key']}"),
        line=line,
        dot=dot,
        trend=words("card.trend", name=name, first=first, last=formats.quarter(quarter), values=told) if line else "",
    )


def spark_line(values: Sequence[float | None]) -> tuple[str, tuple[str, str] | None]:
    """Return a trend as the path of an SVG, broken where a value is missing, and the place of its last value.

    >>> spark_line([1.0, None, 3.0, 2.0])
    ('M3 15L3 15M49.7 3L73 9', ('73', '9'))
    """
    known = [value for value in values if value is not None]
    if not known:
        return "", None
    low, reach = min(known), max(known) - min(known)
    step = (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
    path, pen = [], False
    place = ("", "")
    for at, value in enumerate(values):
        if value is None:
            pen = False
            continue
        high = (value - low) / reach if reach else 0.5
        place = (_short(MARGIN + at * step), _short(HEIGHT - MARGIN - high * (HEIGHT - 2 * MARGIN)))
        path.append(f"{'L' if pen else 'M'}{place[0]} {place[1]}")
        alone = not pen and (at + 1 == len(values) or values[at + 1] is None)
        if alone:
            path.append(f"L{place[0]} {place[1]}")  # a value between gaps: a dot of the line's round end
        pen = True
    return "".join(path), place if values[-1] is not None else None


def _short(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")
