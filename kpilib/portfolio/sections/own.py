"""KPIs of the workspace's own: each partner's value, and how much of its target is reached."""

from __future__ import annotations

from kpilib.parts import Row, Section, Table
from kpilib.portfolio.context import Context
from kpilib.portfolio.member import Member
from kpilib.portfolio.sections.section import make_section, make_table
from kpilib.review.values import show, show_target

__all__ = ["describe_own"]

_COLUMNS = 4  # of KPIs, in one table


def describe_own(context: Context) -> Section | None:
    """Return the section; None in a workspace without KPIs of its own."""
    keys = list(context.gathering.own)
    if not keys:
        return None
    members = sorted(context.members, key=lambda one: (one.name.casefold(), one.partner_id))
    tables = [_table(keys[first : first + _COLUMNS], members, context) for first in range(0, len(keys), _COLUMNS)]
    small = [context.words(f"kpi.{key}.formula") for key in keys]
    return make_section("own", context, parts=tables, small=small)


def _table(keys: list[str], members: list[Member], context: Context) -> Table:
    rows = [Row((one.name, *(_say(one, key, context) for key in keys))) for one in members]
    labels = {key: context.words(f"kpi.{key}.name") for key in keys}
    return make_table("", ("partner", *keys), rows, context, **labels)


def _say(member: Member, key: str, context: Context) -> str:
    reading = member.kpis[key]
    said = show(reading.unit, reading.value, context)
    if reading.attainment is None:
        return said
    target = show_target(reading.unit, reading.target, context)
    return context.words("portfolio.own.of_target", value=said, share=context.share(reading.attainment), target=target)
