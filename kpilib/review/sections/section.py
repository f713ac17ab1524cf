"""A KPI's section, and the sentences that every section may hold: change, target, cohort, small print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kpilib.charts.series import draw_trend
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Chart, Column, Group, Part, Row, Section, Table
from kpilib.review.cards import status_mark
from kpilib.review.context import Context
from kpilib.review.values import interval_text, show, show_target

__all__ = [
    "KpiSection",
    "cohort_sentence",
    "definition",
    "group",
    "make_section",
    "sentences",
    "target_sentence",
]


@dataclass(frozen=True)
class KpiSection(Section):
    """One KPI's section. It shows itself as a whole; its parts are at hand one by one.

    >>> from kpilib.kpis.kpi import Kpi
    >>> KpiSection("deal_count", "Deal count", "How many?", "Two.", kpi=Kpi("deal_count", "count", 2, 2)).value
    2
    """

    kpi: Kpi = field(kw_only=True, repr=False, metadata={"data": False})
    trend: Table | None = field(default=None, kw_only=True, repr=False, metadata={"data": False})

    @property
    def value(self) -> object:
        """The KPI's value in plain units: money in major units, a rate as a fraction; None when undefined."""
        return self.kpi.value

    @property
    def chart(self) -> Chart | None:
        """The section's first chart, or None."""
        return next((part for part in _flat(self.parts) if isinstance(part, Chart)), None)

    @property
    def table(self) -> Table | None:
        """The section's first table; where the page shows none, the last eight quarters as one."""
        return next((part for part in _flat(self.parts) if isinstance(part, Table)), self.trend)


def make_section(
    kpi: Kpi,
    context: Context,
    *,
    answer: Iterable[str] = (),
    parts: Sequence[Part | None] = (),
    small: Iterable[str] = (),
    headline: str = "",
) -> KpiSection:
    """Return a KPI's section; its answer is the reason where the KPI is undefined.

    Parameters
    ----------
    answer
        sentences, empty ones left out.
    parts
        charts, tables and notes, None left out.
    small
        lines of small print after the formula, the window and the interval.
    headline
        what stands for the KPI instead of its value.
    """
    words = context.words
    reason = words(f"reason.{kpi.reason}") if kpi.value is None else ""
    held = [part for part in parts if part is not None]
    if not any(isinstance(part, Chart) for part in _flat(held)):
        # Nothing to draw of this quarter: what it was before it.
        trend = draw_trend(kpi, context.look)
        told = group(trend, _trend_table(kpi, context))
        held[:0] = [] if trend is None or told is None else [told]
    return KpiSection(
        id=kpi.key.replace("_", "-"),
        title=words(f"kpi.{kpi.key}.name"),
        question=words(f"kpi.{kpi.key}.question"),
        answer=sentences(reason, *answer, cohort_sentence(kpi, context)),
        parts=tuple(held),
        status=status_mark(kpi, context) if kpi.status.key != "none" else None,
        headline=headline or show(kpi.unit, kpi.value, context),
        small=tuple(line for line in (*_small_print(kpi, context), *small) if line),
        kpi=kpi,
        trend=_trend_table(kpi, context),
    )


def group(*parts: Part | None) -> Group | None:
    """Return the parts that are there as a group, None without any: half-width ones stand side by side."""
    held = tuple(part for part in parts if part is not None)
    return Group(held) if held else None


def sentences(*texts: str) -> str:
    """Return the texts that are not empty, one after the other."""
    return " ".join(text for text in texts if text)


def target_sentence(kpi: Kpi, context: Context) -> str:
    """Return how much of the KPI's target is reached, or an empty text."""
    target = kpi.target
    if target is None or target.attainment is None:
        return ""
    share, value = context.formats.rate(target.attainment, 0), show_target(kpi.unit, target.value, context)
    if target.elapsed < 1:
        elapsed = context.formats.rate(target.elapsed, 0)
        return context.words("section.target_so_far", share=share, target=value, elapsed=elapsed)
    return context.words("section.target", share=share, target=value)


def cohort_sentence(kpi: Kpi, context: Context) -> str:
    """Return the others' median as a sentence, or why it is withheld; empty where none is compared."""
    position = kpi.cohort
    if position is None:
        return ""
    if position.median is None:
        return context.words(f"section.withheld.{position.reason}") if position.reason else ""
    return context.words("section.cohort", median=show(kpi.unit, position.median, context))


def definition(kpi: Kpi, context: Context) -> str:
    """Return how a KPI is made, as a formula in words."""
    words = context.words
    return words("section.formula", name=words(f"kpi.{kpi.key}.name"), formula=words(f"kpi.{kpi.key}.formula"))


def _trend_table(kpi: Kpi, context: Context) -> Table | None:
    words = context.words
    quarters = [context.quarter.shift(step - len(kpi.trend) + 1) for step in range(len(kpi.trend))]
    rows = tuple(
        Row((context.formats.quarter(quarter), show(kpi.unit, value, context)))
        for quarter, value in zip(quarters, kpi.trend, strict=True)
    )
    name = words(f"kpi.{kpi.key}.name")
    return Table(name, (Column(words("column.quarter")), Column(name, "right")), rows) if rows else None


def _flat(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, Group):
            yield from _flat(part.parts)
        else:
            yield part


def _small_print(kpi: Kpi, context: Context) -> list[str]:
    words, formats = context.words, context.formats
    window = words("section.window", start=formats.date(context.quarter.start), end=formats.date(context.as_of))
    if kpi.key == "opportunity_pipeline":
        window = words("section.window_day", end=formats.date(context.as_of))
    lines = [
        definition(kpi, context),
        words("section.n", n=words(f"kpi.{kpi.key}.n", count=kpi.n), window=window),
    ]
    if kpi.interval is not None:
        lines.append(words(f"section.interval.{kpi.interval.method}", interval=interval_text(kpi, context)))
    if kpi.status.key != "none":
        word = words(f"status.{kpi.status.key}")
        lines.append(words("section.status", word=word, because=words(f"status.because.{kpi.status.because}")))
    return lines
