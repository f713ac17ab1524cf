"""What lies ahead: the outlook on the next quarter, and the plan of recommended actions, in words."""

from __future__ import annotations

from kpilib.advice import Advice, advise
from kpilib.facts import Facts
from kpilib.outlook import Outlook, foresee, lives_of
from kpilib.parts import Column, OutlookLabels, Part, Plan, PlanItem, Row, Run, Section, Table
from kpilib.parts import Outlook as OutlookPart
from kpilib.review.agreed import count_overdue
from kpilib.review.context import Context
from kpilib.rounding import to_two_digits
from kpilib.statistics import seed_of

__all__ = ["compose_outlook", "compose_plan", "describe_outlook", "describe_plan", "look_ahead", "plan_of"]


def look_ahead(context: Context, facts: Facts) -> Outlook:
    """Return the outlook on the next quarter, from the slice alone."""
    following = context.quarter.shift(1)
    if context.partial:
        return Outlook(str(following), reason="quarter_not_over")
    target = facts.targets.get((following, "won_amount"))
    return foresee(
        lives_of(facts),
        context.slice.content["cohort"].get("prior"),
        context.quarter,
        seed=seed_of(context.slice.partner_id, str(context.quarter), "outlook"),
        target=None if target is None else float(target),
    )


def plan_of(context: Context) -> list[Advice]:
    """Return the recommended actions."""
    return advise(context.kpis, context.formats, overdue=count_overdue(context))


def compose_outlook(outlook: Outlook, context: Context) -> OutlookPart:
    """Return the outlook as page one shows it: one line, and the range with the target in it."""
    words, formats = context.words, context.formats
    title = words("outlook.title", quarter=formats.quarter(context.quarter.shift(1)))
    if outlook.reason is not None:
        text = words(f"outlook.reason.{outlook.reason}")
        return OutlookPart(title, text, None, None, None, outlook.target, None, text)
    low, median, high = (formats.money(_round(value)) for value in (outlook.low, outlook.median, outlook.high))
    body: list[Run] = [
        Run(words("outlook.median_before")),
        Run(median, strong=True),
        Run(words("outlook.range", low=low, high=high)),
    ]
    target = ""
    if outlook.target is not None and outlook.chance is not None:
        target = formats.money(outlook.target)
        body.append(Run(words("outlook.chance_before", target=target)))
        body.append(Run(_chance(outlook.chance, context), strong=True))
        body.append(Run(words("outlook.chance_after")))
    alt = "".join(run.text for run in body)
    return OutlookPart(
        title,
        tuple(run for run in body if run.text),
        outlook.low,
        outlook.median,
        outlook.high,
        outlook.target,
        OutlookLabels(low, median, high, target),
        alt,
    )


def compose_plan(plan: list[Advice], context: Context, *, most: int = 3) -> Plan | None:
    """Return the first actions of the plan for page one; None when nothing is recommended."""
    if not plan:
        return None
    words = context.words
    items = tuple(
        PlanItem(advice.text, advice.evidence, advice.effect, words(f"kpi.{advice.kpi}.name"))
        for advice in plan[:most]
    )
    subtitle = words("plan.subtitle_more", most=most, count=len(plan)) if len(plan) > most else words("plan.subtitle")
    return Plan(words("plan.title"), subtitle, items)


def describe_outlook(outlook: Outlook, context: Context, facts: Facts) -> Section | None:
    """Return the section on the next quarter: the range beside the last eight quarters, and what it is made of.

    None where no range can be given: page one says why.
    """
    if outlook.reason is not None:
        return None
    from kpilib.charts.series import draw_outlook

    words, formats = context.words, context.formats
    shown = compose_outlook(outlook, context)
    chart = draw_outlook(outlook, _won_amounts(context, facts), context.look)
    parts: list[Part] = [part for part in (chart, _sources(outlook, context)) if part is not None]
    alone = context.slice.content["cohort"].get("prior") is None
    return Section(
        id="outlook",
        title=shown.title,
        question=words("outlook.question", quarter=formats.quarter(context.quarter.shift(1))),
        answer=shown.body,
        parts=tuple(parts),
        small=(words("outlook.method"), words("outlook.without_cohort" if alone else "outlook.with_cohort")),
    )


def describe_plan(plan: list[Advice], context: Context) -> Section:
    """Return the section on the plan: each action with its evidence and what to expect, owner and date to fill in."""
    words = context.words
    labels = ("step", "why_and_effect", "owner", "due")
    rows = tuple(
        Row((advice.text, f"{words(f'kpi.{advice.kpi}.name')}: {advice.evidence} {advice.effect}", "", ""))
        for advice in plan
    )
    table = Table("", tuple(Column(words(f"column.{label}")) for label in labels), rows)
    return Section(
        id="plan",
        title=words("plan.title"),
        question=words("plan.question"),
        answer=words("plan.answer", count=len(plan)) if plan else words("plan.nothing"),
        parts=(table,) if plan else (),
    )


def _won_amounts(context: Context, facts: Facts) -> list[float]:
    """Return what was won in each of the last eight quarters, oldest first."""
    quarters = [context.quarter.shift(-back) for back in range(7, -1, -1)]
    amounts = [facts.amounts(facts.won(each.start, each.end), each.end).sum() for each in quarters]
    return [float(facts.money(int(amount))) for amount in amounts]


def _sources(outlook: Outlook, context: Context) -> Table:
    """Return what the mean of the draws is made of: open opportunities, and those still to come."""
    words, formats = context.words, context.formats
    assert outlook.open_mean is not None
    assert outlook.new_mean is not None
    total = outlook.open_mean + outlook.new_mean
    rows = [
        (words("outlook.of_open"), outlook.open_mean, False),
        (words("outlook.of_new"), outlook.new_mean, False),
        (words("outlook.of_both"), total, True),
    ]
    numbers = (Column(words(f"column.{name}"), "right") for name in ("expected", "share"))
    return Table(
        words("outlook.made_of"),
        (Column(words("column.source")), *numbers),
        tuple(
            Row((name, formats.money(_round(value)), formats.rate(value / total if total else None, 0)), strong)
            for name, value, strong in rows
        ),
    )


def _chance(chance: float, context: Context) -> str:
    """Return a chance in words as coarse as it is known: to five points, and never 0 or 100."""
    if chance < 0.05:
        return context.words("outlook.under", share=context.formats.rate(0.05, 0))
    if chance > 0.95:
        return context.words("outlook.over", share=context.formats.rate(0.95, 0))
    return context.words("outlook.about", share=context.formats.rate(round(chance * 20) / 20, 0))


def _round(value: float | None) -> float | None:
    """Return an amount to two significant digits: an outlook knows no more."""
    return None if value is None else to_two_digits(value)
