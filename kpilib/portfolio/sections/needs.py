"""Who needs help and why, and who did distinguishably better."""

from __future__ import annotations

from kpilib.parts import Note, Part, Row, Run, Section, Table
from kpilib.portfolio.claims import RATE
from kpilib.portfolio.context import Context
from kpilib.portfolio.needs import Need
from kpilib.portfolio.reasons import say_reasons, say_test
from kpilib.portfolio.sections.section import make_section, make_table

__all__ = ["describe_needs"]

_FEW = 6


def describe_needs(context: Context) -> Section:
    """Return the section."""
    words, formats, needs, claims = context.words, context.formats, context.needs, context.claims
    missing = sum(need.missing for need in needs)
    if needs:
        answer = [words("portfolio.needs.answer", count=len(needs), of=formats.count(len(context.members)))]
        if missing:
            answer.append(words("portfolio.needs.missing", amount=context.money(missing)))
    else:
        answer = [words("portfolio.needs.nobody")]
    answer.append(words("portfolio.needs.claims", count=claims.count, tests=formats.count(claims.tests)))
    threshold = formats.rate(float(context.thresholds["act_below_target"]), 0)
    others = context.name_some((need.member for need in context.others_short), 12)
    small = [
        words("portfolio.needs.others", names=others, threshold=threshold) if others else "",
        words("portfolio.needs.rule", threshold=threshold),
        words("portfolio.needs.judged", rate=formats.rate(RATE, 0), tests=formats.count(claims.tests),
              partners=formats.count(claims.partners)),
        "" if context.over else words("portfolio.needs.under_way"),
    ]  # fmt: skip
    return make_section("needs", context, answer=answer, parts=[_table(context), _better(context)], small=small)


def _table(context: Context) -> Table | None:
    if not context.needs:
        return None
    columns = ("partner", "manager", "why", "won_amount", "of_target")
    return make_table("", columns, [_row(need, context) for need in context.needs], context)


def _row(need: Need, context: Context) -> Row:
    one = need.member
    reached = float(context.major(one.now.amount) / one.target) if one.target else None
    why = say_reasons(need, context, beside="won_amount" if one.target else "")
    return Row((one.name, one.manager, why, context.money(one.now.amount), context.share(reached)))


def _better(context: Context) -> Part | None:
    """Return the partners of whom an improvement may be claimed, most of them first: a few as a sentence."""
    words = context.words
    better = [(one, tests) for one in context.members if (tests := context.claims.better.get(one.partner_id))]
    if not better:
        return None
    better.sort(key=lambda pair: (-len(pair[1]), pair[0].name, pair[0].partner_id))
    told = [(one.name, "; ".join(say_test(test, context) for test in tests)) for one, tests in better]
    if len(told) > _FEW:
        rows = [Row((name, text[:1].upper() + text[1:])) for name, text in told]
        return make_table(words("portfolio.needs.better"), ("partner", "what"), rows, context)
    runs = [Run(words("portfolio.needs.better_are") + " ")]
    for place, (name, text) in enumerate(told):
        end = "." if place == len(told) - 1 else "; "
        runs += [Run(name, strong=True), Run(f" ({text}){end}")]
    return Note(tuple(runs))
