"""Deal count: how many deals were won, and what they are worth."""

from __future__ import annotations

from kpilib.charts.deals import draw_deals_by_month
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Table
from kpilib.review.changes import change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, group, make_section, target_sentence
from kpilib.review.tables import Show, make_table

__all__ = ["describe"]


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section: deals by month and by product; by rep they stand with the deal success."""
    answer = [_answer(kpi, context), change_sentence(kpi, context), target_sentence(kpi, context)]
    answer.append(_amount_target(kpi, context))
    if kpi.value == kpi.companions["lost"] == 0:
        return make_section(kpi, context, answer=answer)
    parts = [group(draw_deals_by_month(kpi, context.look), _by_product(kpi, context))]
    return make_section(kpi, context, answer=answer, parts=parts)


def _answer(kpi: Kpi, context: Context) -> str:
    held = kpi.companions
    if kpi.value == 0:
        if not held["lost"]:
            return context.words("deal_count.nothing_decided")
        return context.words("deal_count.none", lost=context.words("count.lost", count=held["lost"]))
    return context.words(
        "deal_count.answer",
        count=kpi.value,
        amount=context.formats.money(held["won_amount"]),
        lost=context.words("count.lost", count=held["lost"]),
    )


def _amount_target(kpi: Kpi, context: Context) -> str:
    target = kpi.companions.get("won_amount_target")
    if target is None:
        return "" if kpi.target is not None else context.words("deal_count.no_target")
    if target.attainment is None:
        return ""
    formats = context.formats
    share, value = formats.rate(target.attainment, 0), formats.money(target.value)
    if target.elapsed < 1:
        elapsed = formats.rate(target.elapsed, 0)
        return context.words("deal_count.target_so_far", share=share, target=value, elapsed=elapsed)
    return context.words("deal_count.target", share=share, target=value)


def _by_product(kpi: Kpi, context: Context) -> Table | None:
    frame = kpi.companions.get("by_product")
    if frame is None or frame["product"].isna().all():
        return None
    columns = [Show("product", "text"), Show("won/decided", "of", "won_of_decided"),
               Show("amount", "amount", "won_amount")]  # fmt: skip
    decided = frame.assign(decided=frame["won"] + frame["lost"])
    return make_table(context.words("deal_count.by_product"), decided, columns, context, most=10)
