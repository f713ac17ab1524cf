"""Won amount against its change since last year: which large partners grow, and which shrink."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from kpilib.charts.portfolio import draw_quadrant
from kpilib.parts import Row, Section
from kpilib.portfolio.context import Context
from kpilib.portfolio.member import Member
from kpilib.portfolio.sections.ranking import standing_of
from kpilib.portfolio.sections.section import make_section, make_table

__all__ = ["describe_growth"]

_QUADRANTS = ("large_falling", "large_growing", "small_growing", "small_falling")


def describe_growth(context: Context) -> Section:
    """Return the section; the quadrants are cut at the median amount and at no growth."""
    words = context.words
    shown = [one for one in context.members if one.now.amount > 0 and one.growth is not None]
    left_out = [one for one in context.members if one not in shown and (one.now.worked or one.year_ago is not None)]
    if not shown:
        return make_section("growth", context, answer=[words("portfolio.growth.nothing", quarter=context.year_ago)])
    middle = median(one.now.amount for one in shown)
    quadrants: dict[str, list[Member]] = {name: [] for name in _QUADRANTS}
    for one in shown:
        size, way = "large" if one.now.amount >= middle else "small", "growing" if (one.growth or 0) >= 0 else "falling"
        quadrants[f"{size}_{way}"].append(one)
    falling = quadrants["large_falling"]
    answer = [words("portfolio.growth.answer", count=sum((one.growth or 0) >= 0 for one in shown), of=len(shown))]
    if falling:
        lost = sum(one.year_ago.amount - one.now.amount for one in falling if one.year_ago is not None)
        names, amount = context.name_some(_by_amount(falling), 4), context.money(lost)
        answer.append(words("portfolio.growth.falling", count=len(falling), names=names, amount=amount))
    chart = draw_quadrant([standing_of(one, context) for one in shown], context.look)
    rows = [_row(name, held, context) for name, held in quadrants.items() if held]
    table = make_table("", ("what", "partners", "won_amount", "growth", "names"), rows, context)
    small = words("portfolio.growth.left_out", names=context.name_some(left_out, 12)) if left_out else ""
    return make_section("growth", context, answer=answer, parts=[chart, table], small=[small])


def _row(name: str, members: Sequence[Member], context: Context) -> Row:
    now, then = sum(one.now.amount for one in members), sum(one.year_ago.amount for one in members if one.year_ago)
    return Row(
        (
            context.words(f"portfolio.growth.{name}"),
            context.formats.count(len(members)),
            context.money(now),
            context.formats.rate(now / then - 1 if then else None, 0, signed=True),
            context.name_some(_by_amount(members), 5),
        )
    )


def _by_amount(members: Sequence[Member]) -> list[Member]:
    return sorted(members, key=lambda one: (-one.now.amount, one.name))
