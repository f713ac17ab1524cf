"""How much of the won amount hangs on a few partners."""

from __future__ import annotations

from collections.abc import Sequence

from kpilib.parts import Row, Section
from kpilib.portfolio.context import Context
from kpilib.portfolio.pictures import draw_shares
from kpilib.portfolio.sections.section import make_section, make_table

__all__ = ["describe_concentration"]

_SHOWN = 10
_TOPS = (1, 3, 5, 10)


def describe_concentration(context: Context) -> Section:
    """Return the section."""
    words, formats, found = context.words, context.formats, context.concentration
    if found is None:
        return make_section("concentration", context, answer=[words("portfolio.lead.nothing")])
    count = len(found.ranked)
    answer = [
        words("portfolio.concentration.answer", name=found.ranked[0].name, share=formats.rate(found.share(1), 0)),
        words("portfolio.concentration.half", count=found.half, of=formats.count(count)) if count > 1 else "",
    ]
    shown = found.ranked[:_SHOWN]
    shares = [one.now.amount / found.amount for one in shown]
    said = formats.join(f"{one.name} {formats.rate(share, 0)}" for one, share in zip(shown, shares, strict=True))
    chart = draw_shares(
        [one.name for one in shown],
        shares,
        [context.money(one.now.amount) for one in shown],
        context.look,
        title=words("portfolio.concentration.chart"),
        subtitle=words("portfolio.concentration.subtitle", quarter=formats.quarter(context.quarter)),
        alt=words("portfolio.concentration.alt", rows=said),
    )
    then = [one.year_ago.amount for one in context.members if one.year_ago is not None]
    rows = [
        _row(most, [one.now.amount for one in found.ranked], then, context) for most in _TOPS if most < max(count, 2)
    ]
    table = make_table(
        words("portfolio.concentration.largest"),
        ("largest", "share", "share_year_ago"),
        rows,
        context,
        share_year_ago=words("portfolio.column.share_in", quarter=context.year_ago),
    )
    small = [words("portfolio.concentration.note")]
    return make_section("concentration", context, answer=answer, parts=[chart, table], small=small)


def _row(most: int, now: Sequence[int], then: Sequence[int], context: Context) -> Row:
    formats = context.formats
    shares = (_share(most, now), _share(most, then))
    name = context.words("portfolio.concentration.top", count=most)
    return Row((name, *(formats.rate(share, 0) for share in shares)))


def _share(most: int, amounts: Sequence[int]) -> float | None:
    total = sum(amounts)
    return sum(sorted(amounts, reverse=True)[:most]) / total if total else None
