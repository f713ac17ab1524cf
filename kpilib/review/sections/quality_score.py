"""Quality score: the quarter against the partner's own past and the other partners."""

from __future__ import annotations

from kpilib.charts.series import draw_quality_history
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Note
from kpilib.review.changes import change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, group, make_section, target_sentence
from kpilib.review.values import show

__all__ = ["describe"]


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section; where the cohort is withheld, the score against the own past alone."""
    answer = [_answer(kpi, context), change_sentence(kpi, context), _own_past(kpi, context)]
    answer.append(target_sentence(kpi, context))
    parts = [group(draw_quality_history(kpi, context.look), Note(context.words("quality.reading")))]
    return make_section(kpi, context, answer=answer, parts=parts)


def _answer(kpi: Kpi, context: Context) -> str:
    if kpi.value is None:
        return ""
    return context.words("quality.answer", value=show(kpi.unit, kpi.value, context))


def _own_past(kpi: Kpi, context: Context) -> str:
    own, quarters = kpi.companions.get("own_past"), kpi.companions.get("own_past_quarters") or 0
    if own is None:
        return context.words("quality.no_past")
    return context.words("quality.own_past", value=context.formats.number(own, 0), count=quarters)
