"""Page one of the portfolio: the verdict on the whole, the eight KPIs over all partners, and where to look first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from statistics import median
from typing import Any

from kpilib.formats import UNDEFINED
from kpilib.kpis.kpi import Kpi
from kpilib.parts import Card, Chart, Masthead, PageOne, Plan, PlanItem, Spark, TargetBar, Verdict
from kpilib.portfolio.context import Context
from kpilib.portfolio.member import BRIDGE
from kpilib.portfolio.reasons import say_reasons
from kpilib.portfolio.tally import Tally, add_up
from kpilib.review.values import show, show_difference, show_parts

__all__ = ["compose_page_one"]

FIRST = 5
_YEAR_AGO = 3
_TREND = 8
_SIGNS = {"act": "▲", "watch": "◆", "good": "●"}

Number = Decimal | float | int | None


def compose_page_one(context: Context) -> PageOne:
    """Return page one."""
    return PageOne(
        masthead=_masthead(context),
        verdict=_verdict(context),
        cards=tuple(_cards(context)),
        legend=context.words("portfolio.legend"),
        picture=_picture(context),
        plan=_first(context),
        notes=tuple(_notes(context)),
    )


def _masthead(context: Context) -> Masthead:
    words, formats = context.words, context.formats
    brand = context.gathering.content["settings"]["brand"]
    as_of = words("page_one.as_of", date=formats.date(context.as_of))
    if not context.over:
        day, days = context.days, context.quarter.days
        as_of = words("page_one.as_of_partial", date=formats.date(context.as_of), day=day, days=days)
    return Masthead(
        kicker=words("portfolio.kicker", quarter=formats.quarter(context.quarter)),
        title=brand.get("name") or words("portfolio.title"),
        lines=(words("portfolio.partners", count=len(context.members)), as_of, words("portfolio.internal")),
        logo=brand.get("logo"),
    )


# The verdict


def _verdict(context: Context) -> Verdict:
    words = context.words
    told = [_figures(context), _helped(context)]
    lasting = context.low_success.lasting
    if lasting:
        told.append(words("portfolio.verdict.lasting", names=context.name_some((each.member for each in lasting), 3)))
    spread = context.concentration
    if spread is not None and len(spread.ranked) > 1:
        told.append(words("portfolio.verdict.half", count=spread.half, of=context.formats.count(len(spread.ranked))))
    return Verdict(words(f"portfolio.lead.{_standing(context)}"), " ".join(text for text in told if text))


def _standing(context: Context) -> str:
    if not context.whole.now.won:
        return "nothing"
    if not context.over:
        return "under_way"
    reached = context.whole.attainment(context.gathering.currency)
    if reached is None:
        return "no_target"
    if reached >= float(context.thresholds["good_from_target"]):
        return "met"
    return "near" if reached >= float(context.thresholds["act_below_target"]) else "short"


def _figures(context: Context) -> str:
    words, formats, group = context.words, context.formats, context.whole
    deals, amount = words("count.deals", count=group.now.won), context.money(group.now.amount)
    reached = group.attainment(context.gathering.currency)
    said = {"deals": deals, "amount": amount, "share": context.share(reached), "target": formats.money(group.target)}
    if reached is None:
        told = words("portfolio.verdict.won", **said)
    elif group.amount_of_target == group.now.amount:
        told = words("portfolio.verdict.won_of_target", **said)
    else:
        told = words("portfolio.verdict.won_partly_of_target", **said)
    if group.growth is None:
        return told
    growth = formats.rate(group.growth, 0, signed=True)
    return f"{told} {words('portfolio.verdict.growth', growth=growth, quarter=context.year_ago)}"


def _helped(context: Context) -> str:
    count = len(context.needs)
    return context.words("portfolio.verdict.needs", count=count, of=context.formats.count(len(context.members)))


# The cards


def _cards(context: Context) -> list[Card]:
    currency, group = context.gathering.currency, context.whole
    measures: dict[str, tuple[str, Callable[[Tally], Number]]] = {
        "average_deal_size": ("money", lambda each: each.average(currency)),
        "deal_count": ("count", lambda each: each.won),
        "opportunity_pipeline": ("money", lambda each: context.major(each.pipeline)),
        "marketing_channels": ("ratio", lambda each: each.roi),
        "close_rate": ("rate", lambda each: each.close_rate),
        "deal_velocity": ("money_per_day", lambda each: each.velocity(currency)),
        "quality_score": ("score", lambda _: None),
        "deal_success": ("rate", lambda each: each.deal_success),
    }
    now, words = group.now, context.words
    beside = {
        "average_deal_size": words("card.n.average_deal_size", count=now.won),
        "deal_count": words("card.won", amount=context.money(now.amount)),
        "opportunity_pipeline": words("card.open", count=now.open),
        "marketing_channels": words("card.spent", amount=context.money(now.spend)),
        "close_rate": words("card.n.close_rate", count=now.leads),
        "deal_velocity": "",
        "deal_success": words("card.n.deal_success", count=now.decided),
    }
    quarters = [add_up(one.quarters[place] for one in context.members) for place in range(_TREND)]
    cards = []
    for key, (unit, measure) in measures.items():
        if key == "quality_score":
            cards.append(_score_card(context))
            continue
        values = [None if each == Tally() else measure(each) for each in quarters]
        cards.append(_card(key, unit, measure, values, beside[key], context))
    return cards


def _card(
    key: str, unit: str, measure: Callable[[Tally], Number], values: Sequence[Number], beside: str, context: Context
) -> Card:
    words, then = context.words, context.quarter.shift(-1)
    value = measure(context.whole.now)
    number, unit_text = show_parts(unit, value, context)
    before = add_up(one.previous for one in context.members if one.previous is not None)
    year_ago = None if context.whole.year_ago == Tally() else measure(context.whole.year_ago)
    joined = "card.rate_of" if unit == "rate" else "card.unit_and_n"
    label = context.quarter_label(str(then), then.day_like(context.quarter, context.as_of))
    previous = None if before == Tally() else measure(before)
    return Card(
        key=key,
        name=words(f"kpi.{key}.name"),
        value=number,
        unit=words(joined, unit=unit_text, n=beside) if unit_text and beside else unit_text or beside,
        status=None,
        change=_change(unit, value, year_ago, context),
        previous=""
        if previous is None
        else words("change.previous", value=show(unit, previous, context), quarter=label),
        spark=_spark(key, unit, values, context),
        target=_target(key, context),
        cohort=_standings(key, context),
    )


def _score_card(context: Context) -> Card:
    words, formats = context.words, context.formats
    scores = [one.score for one in context.ranked if one.score is not None]
    values: list[Number] = []
    for place in range(_TREND):
        held = [
            score
            for one in context.members
            if one.quarters[place].worked and (score := one.kpis["quality_score"].trend[place]) is not None
        ]
        values.append(median(held) if held else None)
    above = sum(score >= 100 for score in scores)
    return Card(
        key="quality_score",
        name=words("kpi.quality_score.name"),
        value=formats.number(median(scores), 0) if scores else UNDEFINED,
        unit=words("portfolio.card.median", count=len(scores)) if scores else "",
        status=None,
        change=words("portfolio.card.above", count=above) if scores else words("reason.no_cohort_deals"),
        previous="",
        spark=_spark("quality_score", "score", values, context),
        target=None,
        cohort=_standings("quality_score", context),
    )


def _change(unit: str, value: Number, year_ago: Number, context: Context) -> str:
    words = context.words
    if value is None:
        return words("portfolio.card.undefined")
    if year_ago is None:
        return words("change.nothing")
    if unit == "rate":
        return words("change.other_value", value=show(unit, year_ago, context), quarter=context.year_ago)
    if unit in {"money", "money_per_day"} and year_ago:
        difference = context.formats.rate(float(value) / float(year_ago) - 1, 0, signed=True)
    else:
        difference = show_difference(unit, _less(value, year_ago), context)
    return words("change.difference", difference=difference, quarter=context.year_ago)


def _less(value: Number, year_ago: Number) -> Number:
    assert value is not None
    assert year_ago is not None
    return Decimal(str(value)) - Decimal(str(year_ago))


def _spark(key: str, unit: str, values: Sequence[Number], context: Context) -> Spark:
    first, last = context.quarter.shift(1 - len(values)), context.quarter
    alt = context.words(
        "card.trend",
        name=context.words(f"kpi.{key}.name"),
        first=context.formats.quarter(first),
        last=context.formats.quarter(last),
        values=context.formats.join(show(unit, value, context) for value in values),
    )
    return Spark(tuple(None if value is None else float(value) for value in values), _YEAR_AGO, alt)


def _target(key: str, context: Context) -> TargetBar | None:
    words, formats, group = context.words, context.formats, context.whole
    if key == "deal_count":
        reached = group.attainment(context.gathering.currency)
        if reached is None:
            return None
        share, target = context.share(reached), formats.money(group.target)
        if context.over:
            text = words("card.target_share", share=share, target=target)
        else:
            text = words("card.target_so_far", share=share, target=target, day=context.days, days=context.quarter.days)
        return TargetBar(text, reached, reached=reached >= 1)
    if key == "opportunity_pipeline":
        targets = [one.next_target for one in context.members if one.next_target]
        if not targets:
            return None
        held = sum(one.now.pipeline for one in context.members if one.next_target)
        coverage = float(context.major(held) / sum(targets, Decimal(0)))
        return TargetBar(words("card.coverage", times=formats.number(coverage, 1)), coverage, reached=False)
    return None


def _standings(key: str, context: Context) -> str:
    """Return how many partners have which status, the urgent first."""
    held = [one.kpis[key].status for one in context.members]
    counts = {status: held.count(status) for status in _SIGNS}
    return "  ".join(
        f"{_SIGNS[status]}\u00a0{context.formats.count(count)}\u00a0{context.words(f'status.{status}')}"
        for status, count in counts.items()
        if count
    )


# The rest


def _picture(context: Context) -> Chart | None:
    """Return the bridge of all pipelines together: each partner's reconciles, and so does their sum."""
    import pandas as pd

    from kpilib.charts import draw_bridge

    sums: dict[str, Any] = {name: sum(one.bridge[name] for one in context.members) for name in BRIDGE}
    row = {name: int(value) if name.endswith("_count") else value for name, value in sums.items()}
    came, went = row["created"], row["won"] + row["lost"] + row["lost_to_competitor"]
    if not (came or went or row["opening"]):
        return None
    heading = "still" if came == went == 0 else "less" if came < went else "more" if came > went else "even"
    frame = pd.DataFrame([{"month": pd.Timestamp(context.quarter.start), **row}])
    kpi = Kpi(
        "opportunity_pipeline", "money", row["closing"], row["closing_count"], companions={"bridge_quarter": frame}
    )
    return draw_bridge(kpi, context.look, title=context.words(f"pipeline.picture.{heading}"))


def _first(context: Context) -> Plan | None:
    """Return the partners to look at first; None when nobody needs help."""
    if not context.needs:
        return None
    items = tuple(
        PlanItem(need.member.name, say_reasons(need, context), "", "", owner=need.member.manager)
        for need in context.needs[:FIRST]
    )
    subtitle = context.words("portfolio.first.subtitle", count=len(context.needs))
    return Plan(context.words("portfolio.first.title"), subtitle, items)


def _notes(context: Context) -> list[str]:
    words = context.words
    missing = [name for name in ("leads", "spend", "targets") if not context.gathering.has(name)]
    notes = []
    if missing:
        tables = context.formats.join(words(f"table_names.{name}") for name in missing)
        notes.append(words("page_one.missing", tables=tables))
    if context.whole.year_ago == Tally():
        notes.append(words("portfolio.no_year_ago"))
    return notes
