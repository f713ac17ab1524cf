"""Average deal size: whether each customer is worth more over time."""

from __future__ import annotations

from kpilib.charts.deals import draw_deal_sizes
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Table
from kpilib.review.changes import change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, make_section, target_sentence
from kpilib.review.tables import Show, make_table
from kpilib.review.values import show

__all__ = ["describe"]

_DEALS_SHOWN = 3


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section: the deals, their mean, and which of them carry it."""
    answer = [_answer(kpi, context), change_sentence(kpi, context), target_sentence(kpi, context)]
    parts = [draw_deal_sizes(kpi, context.look), _deals(kpi, context)]
    return make_section(kpi, context, answer=answer, parts=parts)


def _answer(kpi: Kpi, context: Context) -> str:
    if kpi.value is None:
        return ""
    held, money = kpi.companions, context.formats.money
    value = show(kpi.unit, kpi.value, context)
    if kpi.n == 1:
        return context.words("average_deal_size.one", value=value)
    return context.words(
        "average_deal_size.answer",
        count=kpi.n,
        value=value,
        median=money(held["median"]),
        smallest=money(held["smallest"]),
        largest=money(held["largest"]),
    )


def _deals(kpi: Kpi, context: Context) -> Table | None:
    """Return the deals that move the mean most, with the mean without each; where none does, the deals."""
    deals, influence = kpi.companions.get("deals"), kpi.companions.get("influence")
    if deals is None or deals.empty:
        return None
    columns = [Show("opportunity_id", "text"), Show("closed_on", "date", "won_on"), Show("product", "text"),
               Show("rep", "text"), Show("amount", "amount"), Show("mean_without", "amount")]  # fmt: skip
    if influence is None or influence.empty:
        ordered = deals.sort_values(["amount", "opportunity_id"], ascending=[False, True], kind="stable")
        return make_table(context.words("average_deal_size.all_deals"), ordered, columns, context, most=_DEALS_SHOWN)
    about = deals[["opportunity_id", "closed_on", "product", "rep"]]
    moving = influence.merge(about, on="opportunity_id", how="left", sort=False)
    return make_table(context.words("average_deal_size.influence"), moving, columns, context)
