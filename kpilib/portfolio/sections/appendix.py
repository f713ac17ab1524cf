"""Who is in the lists, how they are judged, and on what the review stands."""

from __future__ import annotations

from kpilib.parts import Row, Section, Table
from kpilib.portfolio.context import Context
from kpilib.portfolio.sections.section import make_section, make_table

__all__ = ["describe_appendix"]


def describe_appendix(context: Context) -> Section:
    """Return the section."""
    words, formats = context.words, context.formats
    left_out = sum(one.left_out for one in context.members)
    answer = [
        words("portfolio.appendix.who", count=len(context.cohort), of=formats.count(len(context.members))),
        words("portfolio.appendix.left_out", count=left_out) if left_out else words("portfolio.appendix.all_rows"),
    ]
    good, act = (float(context.thresholds[name]) for name in ("good_from_target", "act_below_target"))
    small = [
        words("portfolio.appendix.whole"),
        words("portfolio.appendix.status", good=formats.rate(good, 0), act=formats.rate(act, 0)),
        words("portfolio.appendix.region"),
        words("portfolio.appendix.fingerprint", fingerprint=context.gathering.fingerprint[:12],
              date=formats.date(context.as_of)),
    ]  # fmt: skip
    return make_section("appendix", context, answer=answer, parts=[_absent(context)], small=small)


def _absent(context: Context) -> Table | None:
    """Return the partners that are no part of a comparison, and why."""
    words = context.words
    kinds = {
        "silent": [one for one in context.members if not one.in_cohort],
        "new": [one for one in context.members if one.new and one.in_cohort],
        "inactive": [one for one in context.members if not one.active],
    }
    rows = [
        Row((words(f"portfolio.appendix.{kind}"), context.name_some(held, 30))) for kind, held in kinds.items() if held
    ]
    return make_table(words("portfolio.appendix.apart"), ("what", "names"), rows, context) if rows else None
