"""The verdict: the quarter in a lead and two or three sentences, written from the numbers by rules.

The lead says where the partner stands (target, deals), with the one thing that most qualifies it. The figures
follow, then the two facts that weigh most. A rule looks at the KPIs and returns its sentence or None; the order of
the rules is their weight. Nothing is called better or worse that its test does not claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from kpilib.charts.frames import Record, defined, records
from kpilib.kpis.kpi import Change
from kpilib.parts import Outlook, Verdict
from kpilib.review.context import Context
from kpilib.review.sections.deal_success import main_competitor
from kpilib.review.sections.section import sentences
from kpilib.review.values import show_target

__all__ = ["write_verdict"]

CONCENTRATED = 0.5
"""From this share of the won amount on, one or two deals are said to carry the quarter."""

_CLAIMING = ("deal_success", "deal_count", "average_deal_size", "close_rate", "deal_velocity")
"""KPIs whose claims of change a lead may tell, the weightiest first."""

_COMPETITOR_LOSSES = 3
_PIPELINE_MOVED = 0.1
_STALE_SHARE = 1 / 3
_FEW_DECIDED = 10
_MANY = 10
_CARRIED = {1: "one_deal", 2: "two_deals"}
_MOST = 2

Rule = Callable[[Context, Outlook | None], str | None]


def write_verdict(context: Context, outlook: Outlook | None = None) -> Verdict:
    """Return the lead and the sentences after it; what is only known of the next quarter is in its outlook."""
    found = [sentence for rule in RULES if (sentence := rule(context, outlook))]
    if not found:
        found.append(_still_open(context))
    return Verdict(_lead(context), sentences(_figures(context), *found[:_MOST]))


# The lead


def _lead(context: Context) -> str:
    words = context.words
    if context.new:
        return words("verdict.lead.new")
    if context.kpis["deal_count"].value == 0:
        return words("verdict.lead.no_deals_yet" if context.partial else "verdict.lead.no_deals")
    if context.partial:
        return words("verdict.lead.under_way")
    return words(f"verdict.lead.{_standing(context)}.{_twist(context)}", change=_claimed(context))


def _attainment(context: Context) -> tuple[float, Decimal] | None:
    """Return how much of the target for the won amount is reached, and the target."""
    target = context.kpis["deal_count"].companions.get("won_amount_target")
    if target is None or target.attainment is None:
        return None
    return float(target.attainment), target.value


def _standing(context: Context) -> str:
    reached = _attainment(context)
    if reached is None:
        return "no_target"
    status = context.slice.content["settings"]["status"]
    if reached[0] >= float(status["good_from_target"]):
        return "met"
    return "near" if reached[0] >= float(status["act_below_target"]) else "short"


def _twist(context: Context) -> str:
    """Return what qualifies the lead: few large deals, else a claim of change, else nothing."""
    carried = _carried_by(context)
    if carried:
        return _CARRIED[carried]
    claim = _claim(context)
    if claim is not None:
        return claim[1].claim
    # Without a target the lead says what the comparison says; without a comparison, that there is none.
    compared = any(context.kpis[key].year_ago is not None for key in _CLAIMING)
    return "first" if _standing(context) == "no_target" and not compared else "plain"


def _carried_by(context: Context) -> int:
    """Return 1 or 2 when so many deals make up half of the won amount or more and there are others; else 0."""
    deals = context.kpis["average_deal_size"].companions.get("deals")
    if deals is None or len(deals) < 3:
        return 0
    amounts = sorted((Decimal(amount) for amount in deals["amount"]), reverse=True)
    total = sum(amounts, Decimal(0))
    if total == 0:
        return 0
    if amounts[0] >= total * Decimal(repr(CONCENTRATED)):
        return 1
    if len(amounts) >= 5 and amounts[0] + amounts[1] >= total * Decimal(repr(CONCENTRATED)):
        return 2
    return 0


def _claim(context: Context) -> tuple[str, Change] | None:
    """Return the first claim of a worse KPI, else the first of a better one."""
    changes = [
        (key, change)
        for key in _CLAIMING
        for change in (context.kpis[key].year_ago, context.kpis[key].previous)
        if change is not None and change.claim in {"better", "worse"}
    ]
    return next((found for found in changes if found[1].claim == "worse"), changes[0] if changes else None)


def _claimed(context: Context) -> str:
    """Return what is claimed to have changed, as part of a sentence; empty when nothing is."""
    claim = _claim(context)
    if claim is None:
        return ""
    key, change = claim
    than = context.words("verdict.than_year_ago" if change.season_separated else "verdict.than_before")
    return context.words(f"verdict.claim.{key}.{change.claim}", than=than)


# The figures


def _figures(context: Context) -> str:
    words, formats = context.words, context.formats
    kpi, reached = context.kpis["deal_count"], _attainment(context)
    deals = words("count.deals", count=int(kpi.value or 0))
    amount = formats.money(kpi.companions["won_amount"])
    if kpi.value == 0:
        return "" if reached is None else words("verdict.nothing_of_target", target=formats.money(reached[1]))
    if reached is None:
        return words("verdict.won", deals=deals, amount=amount)
    share, target = formats.rate(reached[0], 0), formats.money(reached[1])
    if context.partial:
        day, days = context.day, context.quarter.days
        return words("verdict.won_so_far", deals=deals, amount=amount, share=share, target=target, day=day, days=days)
    return words("verdict.won_of_target", deals=deals, amount=amount, share=share, target=target)


# What weighs most of the rest


def _nothing_won(context: Context, _: Outlook | None) -> str | None:
    """Nothing was won: what is open says most."""
    return None if context.kpis["deal_count"].value else _still_open(context)


def _stale_money(context: Context, _: Outlook | None) -> str | None:
    """Nothing was won, and a third or more of what is open has been so for twice the usual cycle."""
    kpi = context.kpis["opportunity_pipeline"]
    stale, limit = kpi.companions.get("stale"), kpi.companions.get("stale_limit")
    if context.kpis["deal_count"].value or stale is None or stale.empty or not kpi.value:
        return None
    amount = sum((Decimal(value) for value in stale["amount"].dropna()), Decimal(0))
    if float(amount) < float(kpi.value) * _STALE_SHARE:
        return None
    money, days = context.formats.money(amount), context.formats.days(limit)
    return context.words("verdict.stale", count=len(stale), amount=money, days=days)


def _rests_on_few(context: Context, _: Outlook | None) -> str | None:
    """The target is met or nearly so, on one or two deals: what the amount would be without them."""
    carried, reached = _carried_by(context), _attainment(context)
    if not carried or reached is None or context.partial or _standing(context) == "short":
        return None
    amounts = sorted(Decimal(each) for each in context.kpis["average_deal_size"].companions["deals"]["amount"])
    share = context.formats.rate(float(sum(amounts[:-carried], Decimal(0)) / reached[1]), 0)
    return context.words(f"verdict.without.{_CARRIED[carried]}", share=share)


def _paid_too_much(context: Context, _: Outlook | None) -> str | None:
    """A segment's verdict is cut: it cost more than it brought over four quarters."""
    for row in _verdicts(context):
        if row["verdict"] == "cut":
            return context.words(
                "verdict.cut", segment=context.words(f"segments.{row['segment']}"),
                spend=context.formats.money(row["spend"]), revenue=context.formats.money(row["revenue"]),
            )  # fmt: skip
    return None


def _got_worse(context: Context, _: Outlook | None) -> str | None:
    """A claim of worse that the lead does not tell, since a few deals carry the quarter or it is not over."""
    claim = _claim(context)
    if claim is None or claim[1].claim != "worse" or not context.kpis["deal_count"].value:
        return None
    if not (_carried_by(context) or context.partial):
        return None
    return context.words("verdict.claim_sentence", change=_claimed(context))


def _lost_to_one(context: Context, _: Outlook | None) -> str | None:
    """One competitor took several opportunities, half of the lost ones or more."""
    kpi = context.kpis["deal_success"]
    main = main_competitor(kpi)
    if main is None or main[1] < _COMPETITOR_LOSSES or 2 * main[1] < kpi.companions["lost"]:
        return None
    lost = context.words("count.lost", count=kpi.companions["lost"])
    return context.words("verdict.competitor", competitor=main[0], count=main[1], lost=lost)


def _count_or_size(context: Context, _: Outlook | None) -> str | None:
    """The target is missed, and of number and size of the deals one is as planned: it is the other that lacks."""
    count, size = context.kpis["deal_count"], context.kpis["average_deal_size"]
    if context.partial or _standing(context) in {"met", "no_target"} or count.target is None or size.target is None:
        return None
    many, large = count.target.attainment, size.target.attainment
    if many is None or large is None or (many >= 1) == (large >= 1):
        return None
    formats = context.formats
    return context.words(
        "verdict.deals_small" if many >= 1 else "verdict.deals_few",
        count=formats.count(int(count.value or 0)),
        planned=formats.count(int(count.target.value)),
        size=formats.money(size.value),
        planned_size=formats.money(size.target.value),
    )


def _few_won(context: Context, _: Outlook | None) -> str | None:
    """Deal success lies far below its target, on decisions enough."""
    kpi = context.kpis["deal_success"]
    if context.partial or kpi.target is None or kpi.value is None or kpi.status.key != "act" or kpi.n < _FEW_DECIDED:
        return None
    claim = _claim(context)
    if claim is not None and claim[0] == "deal_success":
        return None
    decided = context.words("count.decided", count=kpi.n)
    return context.words("verdict.few_won", count=kpi.companions["won"], decided=decided,
                         target=show_target(kpi.unit, kpi.target.value, context))  # fmt: skip


def _thin_pipeline(context: Context, _: Outlook | None) -> str | None:
    """Less is open than the next target asks for."""
    kpi = context.kpis["opportunity_pipeline"]
    coverage = kpi.companions.get("coverage")
    if coverage is None or coverage >= 1 or not context.kpis["deal_count"].value:
        return None
    if kpi.companions.get("lead_with_count"):
        return None
    return context.words("verdict.thin", amount=context.formats.money(kpi.value),
                         share=context.formats.rate(float(coverage), 0))  # fmt: skip


def _out_of_reach(context: Context, outlook: Outlook | None) -> str | None:
    """The next target lies above the range that holds four outcomes in five."""
    if outlook is None or outlook.labels is None or outlook.target is None or outlook.high is None:
        return None
    if outlook.target <= outlook.high:
        return None
    return context.words("verdict.out_of_reach", median=outlook.labels.median, target=outlook.labels.target)


def _pipeline_moved(context: Context, _: Outlook | None) -> str | None:
    """The pipeline moved by a tenth or more over the quarter, and not down to nothing."""
    held: Mapping[str, Any] = context.kpis["opportunity_pipeline"].companions
    bridge = held.get("bridge_quarter")
    said = not context.kpis["deal_count"].value or _thin_pipeline(context, None) is not None
    if said or bridge is None or bridge.empty or held.get("lead_with_count"):
        return None
    row, money = bridge.to_dict("records")[0], context.formats.money
    moved = row["closing"] - row["opening"]
    if row["opening"] == 0 or row["closing_count"] == 0 or abs(moved) < row["opening"] * Decimal(repr(_PIPELINE_MOVED)):
        return None
    went = row["won"] + row["lost"] + row["lost_to_competitor"]
    fields = {"opening": money(row["opening"]), "closing": money(row["closing"])}
    if moved < 0 and row["created"] < went:
        return context.words("verdict.pipeline_less", **fields)
    if moved > 0 and row["created"] > went:
        return context.words("verdict.pipeline_more", **fields)
    return None


def _worth_more(context: Context, _: Outlook | None) -> str | None:
    """A segment's verdict is invest, and the quarter is no worse than nearly on target."""
    if _standing(context) == "short":
        return None
    for row in _verdicts(context):
        if row["verdict"] == "invest" and defined(row["roi"]):
            back = context.formats.number(row["roi"] + 1, 0 if row["roi"] >= _MANY else 1)
            segment = context.words(f"segments.{row['segment']}")
            return context.words("verdict.invest", segment=segment, back=back, currency=context.formats.currency_name)
    return None


def _still_open(context: Context) -> str:
    """Nothing more pressing: what is open."""
    kpi = context.kpis["opportunity_pipeline"]
    count = kpi.companions["count"]
    if count == 0:
        return context.words("verdict.nothing_open")
    return context.words("verdict.open", count=count, amount=context.formats.money(kpi.value))


RULES: tuple[Rule, ...] = (
    _nothing_won,
    _stale_money,
    _rests_on_few,
    _paid_too_much,
    _got_worse,
    _lost_to_one,
    _count_or_size,
    _few_won,
    _thin_pipeline,
    _out_of_reach,
    _pipeline_moved,
    _worth_more,
)
"""The rules of the last sentences: the first two that have something to say speak; without any, what is open."""


def _verdicts(context: Context) -> list[Record]:
    return records(context.kpis["marketing_channels"], "verdicts")
