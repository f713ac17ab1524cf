"""Whose deal success is lastingly low: who may need to be replaced."""

from __future__ import annotations

from kpilib.parts import Note, Row, Section
from kpilib.portfolio.claims import RATE
from kpilib.portfolio.context import Context
from kpilib.portfolio.lasting import LEAST_A_YEAR, LEAST_DECIDED, SHARE_BELOW, Low
from kpilib.portfolio.sections.section import make_section, make_table
from kpilib.portfolio.tally import Tally

__all__ = ["describe_low_success"]


def describe_low_success(context: Context) -> Section:
    """Return the section."""
    words, formats, found = context.words, context.formats, context.low_success
    lasting = found.lasting
    if lasting:
        names = formats.join(each.member.name for each in lasting)
        answer = [words("portfolio.low_success.lasting", count=len(lasting), names=names)]
    else:
        answer = [words("portfolio.low_success.none", count=found.judged)]
    recovering = [each.member for each in found.low if each.standing == "recovering"]
    if recovering:
        answer.append(words("portfolio.low_success.recovering", names=context.name_some(recovering)))
    if found.too_few:
        answer.append(words("portfolio.low_success.too_few", count=len(found.too_few), least=LEAST_DECIDED))
    table = None
    if found.low:
        columns = ("partner", "decided", "deal_success", "interval", "earlier", "later", "below", "standing")
        table = make_table("", columns, [_row(each, context) for each in found.low], context)
    small = [
        words("portfolio.low_success.rule", least=LEAST_DECIDED, a_year=LEAST_A_YEAR, rate=formats.rate(RATE, 0),
              share=formats.rate(SHARE_BELOW, 0)),
        words("portfolio.low_success.unjudged", names=context.name_some(found.too_few, 12)) if found.too_few else "",
    ]  # fmt: skip
    note = Note(words("portfolio.low_success.caution"), "warning") if lasting else None
    return make_section("low_success", context, answer=answer, parts=[table, note], small=small)


def _row(low: Low, context: Context) -> Row:
    words, formats = context.words, context.formats
    lower, upper = low.interval
    won, decided = formats.count(low.whole.won), formats.count(low.whole.decided)
    cells = (
        low.member.name,
        words("portfolio.low_success.won_of", won=won, decided=decided),
        words("portfolio.low_success.against", rate=formats.rate(low.whole.deal_success, 0),
              others=formats.rate(low.others, 0)),
        words("portfolio.low_success.range", low=formats.rate(lower, 0), high=formats.rate(upper, 0)),
        _year(low.earlier, context),
        _year(low.later, context),
        words("portfolio.low_success.of_quarters", below=low.below, quarters=low.quarters),
        words(f"portfolio.low_success.standing.{low.standing}"),
    )  # fmt: skip
    return Row(cells)


def _year(year: Tally, context: Context) -> str:
    return context.formats.rate(year.deal_success, 0)
