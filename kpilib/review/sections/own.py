"""A KPI of one's own: its section as its file says, and what every KPI's section holds."""

from __future__ import annotations

from kpilib.errors import KpilibError
from kpilib.kpis.kpi import Kpi
from kpilib.kpis.own import explain_failure
from kpilib.parts import Chart
from kpilib.review.changes import change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, make_section, target_sentence
from kpilib.review.values import show

__all__ = ["describe"]


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section: the file's answer and chart; without a chart the last eight quarters are drawn."""
    answer = [_answer(kpi, context), change_sentence(kpi, context), target_sentence(kpi, context)]
    return make_section(kpi, context, answer=answer, parts=[_chart(kpi, context)])


def _answer(kpi: Kpi, context: Context) -> str:
    key = f"kpi.{kpi.key}.answer"
    if kpi.value is None or not context.words.has(key):
        return ""
    return context.words(key, value=show(kpi.unit, kpi.value, context), count=kpi.n)


def _chart(kpi: Kpi, context: Context) -> Chart | None:
    definition = context.own[kpi.key]
    if definition.chart is None:
        return None
    from matplotlib import pyplot as plt

    before = set(plt.get_fignums())
    try:
        with context.look.theme.applied():
            drawn = definition.chart(kpi, context)
    except KpilibError:
        raise
    except Exception as error:
        raise explain_failure(error, definition, context.slice) from error
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
    if drawn is not None and not isinstance(drawn, Chart):
        wrong = TypeError(f"its chart is {type(drawn).__name__}; return pack.chart(figure, alt=…, title=…), or None")
        raise explain_failure(wrong, definition, context.slice)
    return drawn
