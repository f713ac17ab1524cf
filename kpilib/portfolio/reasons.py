"""Why a partner is on a list, in a few words each."""

from __future__ import annotations

from datetime import date

from kpilib.portfolio.context import Context
from kpilib.portfolio.member import Test
from kpilib.portfolio.needs import Need, Reason
from kpilib.review.values import show

__all__ = ["say_reasons", "say_test"]


def say_reasons(need: Need, context: Context, *, beside: str = "") -> str:
    """Return a partner's reasons as one text: silence, claims, the targets that are far missed, overdue actions.

    Parameters
    ----------
    beside
        a metric whose share of the target stands beside the text, and so not in it.
    """
    words = context.words
    told = [_say(reason, context) for reason in need.reasons if reason.kind in {"silent", "nothing_won"}]
    nothing_won = any(reason.kind == "nothing_won" for reason in need.reasons)
    told += [
        say_test(reason.test, context)
        for reason in need.reasons
        if reason.test is not None and not (nothing_won and reason.test.name == "deal_count")
    ]
    missed = [reason for reason in need.reasons if reason.kind == "far_below_target"]
    named = [reason for reason in missed if reason.metric != beside]
    if named:
        shares = context.formats.join(_say(reason, context) for reason in named)
        told.append(words("portfolio.reason.far_below_target", shares=shares))
    elif missed:
        told.append(words("portfolio.reason.far_below"))
    if need.member.overdue:
        told.append(words("portfolio.reason.overdue", count=need.member.overdue))
    text = "; ".join(told)
    return text[:1].upper() + text[1:]


def say_test(test: Test, context: Context) -> str:
    """Return what a test claims: the value now and then, and of how many."""
    words, formats = context.words, context.formats
    label = context.quarter_label(test.quarter, date.fromisoformat(test.as_of))
    if test.name == "cycle":
        now, then = formats.days(test.now), formats.days(test.then)
    else:
        unit = {"average_deal_size": "money", "deal_count": "count"}.get(test.name, "rate")
        now, then = show(unit, test.now, context), show(unit, test.then, context)
    key = f"portfolio.change.{test.name}"
    if words.has(key):
        told = words(key, now=now, then=then, quarter=label, n=formats.count(test.n))
    else:
        told = words("portfolio.change.other", name=test.name, now=now, then=then, quarter=label)
    return told if test.season_separated else words("portfolio.change.season", text=told)


def _say(reason: Reason, context: Context) -> str:
    words = context.words
    if reason.kind in {"silent", "nothing_won"}:
        return words(f"portfolio.reason.{reason.kind}")
    if reason.metric == "won_amount":
        name = words("portfolio.won_amount")
    else:
        keys = (f"portfolio.in_list.{reason.metric}", f"kpi.{reason.metric}.name")
        name = next((words(key) for key in keys if words.has(key)), reason.metric)
    return words("portfolio.reason.share", name=name, share=context.share(reason.attainment))
