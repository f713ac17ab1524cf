"""All partners by quality score, with its eight quarters."""

from __future__ import annotations

from math import ceil
from statistics import median

from kpilib.charts.portfolio import Standing, draw_ranking
from kpilib.parts import Part, Section
from kpilib.portfolio.context import Context
from kpilib.portfolio.member import Member
from kpilib.portfolio.sections.section import make_section

__all__ = ["describe_ranking", "standing_of"]

_ROWS = 42  # of a chart that fills a page
_YEAR_AGO = 3


def describe_ranking(context: Context) -> Section:
    """Return the section."""
    words, formats, ranked = context.words, context.formats, context.ranked
    if not ranked:
        return make_section("ranking", context, answer=[words("reason.no_cohort_deals")])
    scores = [one.score or 0 for one in ranked]
    answer = [
        words("portfolio.ranking.leads", name=ranked[0].name, score=formats.number(scores[0], 0)),
        words(
            "portfolio.ranking.median", median=formats.number(median(scores), 0), count=sum(s >= 100 for s in scores)
        ),
        _movers(context),
    ]
    standings = [standing_of(one, context) for one in ranked]
    pages = ceil(len(ranked) / _ROWS)
    size = ceil(len(ranked) / pages)
    charts: list[Part | None] = [
        draw_ranking(standings, context.look, first=first, most=size) for first in range(1, len(ranked) + 1, size)
    ]
    silent = [one for one in context.members if not one.in_cohort]
    left = words("portfolio.ranking.silent", names=context.name_some(silent, 12)) if silent else ""
    return make_section(
        "ranking", context, answer=answer, parts=charts, small=[words("kpi.quality_score.formula"), left]
    )


def standing_of(member: Member, context: Context) -> Standing:
    """Return a partner as charts take it."""
    amount = context.major(member.now.amount)
    return Standing(member.name, amount, member.growth, member.score, member.kpis["quality_score"].trend)


def _movers(context: Context) -> str:
    """Return whose score rose and fell most since a year ago; only whole quarters are compared."""
    moved = [
        (one.score - before, one)
        for one in context.ranked
        if one.score is not None
        and one.quarters[_YEAR_AGO].worked
        and (before := one.kpis["quality_score"].trend[_YEAR_AGO]) is not None
    ]
    if not context.over or len(moved) < 2:
        return ""
    moved.sort(key=lambda pair: (pair[0], pair[1].name))
    (fall, lowest), (rise, highest) = moved[0], moved[-1]
    if fall >= 0 or rise <= 0:
        return ""
    formats = context.formats
    return context.words(
        "portfolio.ranking.movers",
        quarter=context.year_ago,
        riser=highest.name,
        rise=formats.number(rise, 0, signed=True),
        faller=lowest.name,
        fall=formats.number(fall, 0, signed=True),
    )
