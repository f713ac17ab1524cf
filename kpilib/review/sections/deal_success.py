"""Deal success: how well opportunities are picked and turned into sales."""

from __future__ import annotations

from kpilib.charts.losses import draw_loss_reasons, draw_lost_to
from kpilib.charts.rates import draw_deal_success
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Table
from kpilib.review.changes import change_sentence
from kpilib.review.context import Context
from kpilib.review.sections.section import KpiSection, group, make_section, target_sentence
from kpilib.review.tables import Show, label_or, make_table
from kpilib.review.values import show

__all__ = ["describe", "main_competitor"]


def describe(kpi: Kpi, context: Context) -> KpiSection:
    """Return the section: the rate by product and rep; why and to whom opportunities are lost."""
    answer = [_answer(kpi, context), change_sentence(kpi, context), target_sentence(kpi, context)]
    answer += [_reason(kpi, context), _competitor(kpi, context)]
    parts = [
        group(draw_deal_success(kpi, context.look), _by_rep(kpi, context)),
        group(draw_loss_reasons(kpi, context.look), draw_lost_to(kpi, context.look)),
    ]
    return make_section(kpi, context, answer=answer, parts=parts)


def main_competitor(kpi: Kpi) -> tuple[str, int] | None:
    """Return the competitor who took most opportunities, and how many; None when none is named."""
    frame = kpi.companions.get("lost_to")
    if frame is None or frame.empty:
        return None
    named = frame[[label_or(name, "") != "" for name in frame["competitor"]]]
    if named.empty:
        return None
    first = named.sort_values(["count", "competitor"], ascending=[False, True], kind="stable").iloc[0]
    return str(first["competitor"]), int(first["count"])


def _answer(kpi: Kpi, context: Context) -> str:
    if kpi.value is None:
        return ""
    decided = context.words("count.decided", count=kpi.n)
    return context.words("deal_success.answer", count=kpi.companions["won"], decided=decided,
                         rate=show(kpi.unit, kpi.value, context))  # fmt: skip


def _reason(kpi: Kpi, context: Context) -> str:
    frame = kpi.companions.get("reasons")
    if frame is None or frame.empty:
        return ""
    named = frame[[label_or(reason, "") != "" for reason in frame["reason"]]]
    if named.empty:
        return ""
    first = named.sort_values(["count", "reason"], ascending=[False, True], kind="stable").iloc[0]
    if first["count"] < 2:
        return ""
    lost = context.words("count.lost", count=int(kpi.companions["lost"]))
    return context.words("deal_success.reason", reason=str(first["reason"]), count=int(first["count"]), lost=lost)


def _competitor(kpi: Kpi, context: Context) -> str:
    main = main_competitor(kpi)
    if main is None:
        return ""
    return context.words("deal_success.competitor", competitor=main[0], count=main[1])


def _by_rep(kpi: Kpi, context: Context) -> Table | None:
    frame = kpi.companions.get("by_rep")
    if frame is None or frame["rep"].isna().all():
        return None
    columns = [Show("rep", "text"), Show("won/decided", "of", "won_of_decided"),
               Show("rate", "rate_range", "rate_and_interval"), Show("amount", "amount", "won_amount")]  # fmt: skip
    decided = frame.assign(decided=frame["won"] + frame["lost"])
    amounts = context.kpis["deal_count"].companions.get("by_rep")
    if amounts is not None:
        decided = decided.merge(amounts[["rep", "amount"]], on="rep", how="left", sort=False)
    return make_table(context.words("deal_success.by_rep"), decided, columns, context, most=10)
