"""Regions, tiers and marketing segments; the last row of each table is the sum of all partners."""

from __future__ import annotations

from collections.abc import Sequence

from kpilib.parts import Row, Section, Table
from kpilib.portfolio.context import Context
from kpilib.portfolio.groups import Group, add_segments, group_by
from kpilib.portfolio.sections.section import make_section, make_table
from kpilib.portfolio.tally import Channel

__all__ = ["describe_segments"]

_COLUMNS = ("partners", "won_amount", "growth", "deals", "deal_success", "pipeline", "of_target")


def describe_segments(context: Context) -> Section:
    """Return the section."""
    words = context.words
    regions = group_by(context.members, lambda one: one.region)
    tiers = group_by(context.members, lambda one: one.tier)
    parts = [_groups("region", regions, context), _groups("tier", tiers, context), _channels(context)]
    return make_section(
        "segments",
        context,
        answer=[_largest(regions, context), _weakest(regions, context)],
        parts=parts,
        small=[words("portfolio.segments.sums"), words("portfolio.segments.ratios")],
    )


def _largest(regions: Sequence[Group], context: Context) -> str:
    named = [group for group in regions if group.name]
    total = context.whole.now.amount
    if not named or not total:
        return ""
    share = context.formats.rate(named[0].now.amount / total, 0)
    return context.words("portfolio.segments.largest", region=named[0].name, share=share)


def _weakest(regions: Sequence[Group], context: Context) -> str:
    """Return the region that is furthest from its targets, where two or more have some."""
    currency = context.gathering.currency
    reached = [
        (share, group.name) for group in regions if (share := group.attainment(currency)) is not None and group.name
    ]
    if not context.over or len(reached) < 2:
        return ""
    share, region = min(reached)
    if share >= 1:
        return ""
    return context.words("portfolio.segments.weakest", region=region, share=context.share(share))


def _groups(kind: str, groups: Sequence[Group], context: Context) -> Table | None:
    if len(groups) < 2:
        return None
    rows = [_row(group.name or context.words("column.blank"), group, context) for group in groups]
    rows.append(_row(context.words("portfolio.all"), context.whole, context, strong=True))
    title = context.words(f"portfolio.segments.by_{kind}")
    return make_table(title, (kind, *_COLUMNS), rows, context, growth=context.words("portfolio.column.growth_on",
                      quarter=context.year_ago))  # fmt: skip


def _row(name: str, group: Group, context: Context, *, strong: bool = False) -> Row:
    formats, now = context.formats, group.now
    return Row(
        (
            name,
            formats.count(len(group.members)),
            formats.amount(context.major(now.amount)),
            formats.rate(group.growth, 0, signed=True),
            formats.count(now.won),
            formats.rate(now.deal_success, 0),
            formats.amount(context.major(now.pipeline)),
            context.share(group.attainment(context.gathering.currency)),
        ),
        strong,
    )


def _channels(context: Context) -> Table | None:
    segments = add_segments(context.members)
    if not segments:
        return None
    total = sum(segments.values(), Channel())
    rows = [_channel(context.words(f"segments.{name}"), channel, context) for name, channel in segments.items()]
    rows.append(_channel(context.words("portfolio.all"), total, context, strong=True))
    columns = ("segment", "leads", "conversions", "close_rate", "revenue", "spend", "roi")
    return make_table(context.words("portfolio.segments.by_segment"), columns, rows, context)


def _channel(name: str, channel: Channel, context: Context, *, strong: bool = False) -> Row:
    formats = context.formats
    return Row(
        (
            name,
            formats.count(channel.leads),
            formats.count(channel.conversions),
            formats.rate(channel.rate),
            formats.amount(context.major(channel.revenue)),
            formats.amount(context.major(channel.spend)),
            formats.number(channel.roi, 1, signed=True),
        ),
        strong,
    )
