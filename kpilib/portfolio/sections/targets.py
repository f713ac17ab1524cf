"""How much of its target for the won amount each partner has reached."""

from __future__ import annotations

from kpilib.parts import Chart, Row, Section, Table
from kpilib.portfolio.context import Context
from kpilib.portfolio.member import Member
from kpilib.portfolio.pictures import Reached, draw_attainment
from kpilib.portfolio.sections.section import make_section, make_table

__all__ = ["describe_targets"]

_BANDS = ("good", "watch", "act")


def describe_targets(context: Context) -> Section:
    """Return the section; before the quarter's end a share stands beside the share of the quarter that has passed."""
    words, formats = context.words, context.formats
    with_target = [(one, _share(one, context)) for one in context.members if one.target]
    without = [one for one in context.members if not one.target and one.in_cohort]
    small = [words("portfolio.targets.without", names=context.name_some(without, 12)) if without else ""]
    if not with_target:
        return make_section("targets", context, answer=[words("portfolio.targets.none")], small=small)
    with_target.sort(key=lambda pair: (-pair[1], pair[0].name))
    bands: dict[str, list[Member]] = {band: [] for band in _BANDS}
    for one, share in with_target:
        bands[_band(share, context)].append(one)
    group, currency = context.whole, context.gathering.currency
    reached = context.share(group.attainment(currency))
    target = formats.money(group.target)
    answer = [
        words("portfolio.targets.answer", share=reached, target=target, won=context.money(group.amount_of_target))
    ]
    if context.over:
        counts = {f"{band}_count": formats.count(len(held)) for band, held in bands.items()}
        of = formats.count(len(with_target))
        answer.append(words("portfolio.targets.bands", count=len(bands["good"]), of=of, **counts))
    else:
        elapsed = formats.rate(context.days / context.quarter.days, 0)
        answer.append(words("portfolio.targets.under_way", elapsed=elapsed))
    table = _bands(bands, context) if context.over else None
    return make_section("targets", context, answer=answer, parts=[*_charts(with_target, context), table], small=small)


def _share(member: Member, context: Context) -> float:
    assert member.target
    return float(context.major(member.now.amount) / member.target)


def _band(share: float, context: Context) -> str:
    if share >= float(context.thresholds["good_from_target"]):
        return "good"
    return "watch" if share >= float(context.thresholds["act_below_target"]) else "act"


def _charts(rows: list[tuple[Member, float]], context: Context) -> list[Chart]:
    words, formats = context.words, context.formats
    drawn = [
        Reached(
            one.name,
            share,
            context.share(share),
            _band(share, context) if context.over else "",
            words("portfolio.targets.won_of", won=context.money(one.now.amount), target=formats.money(one.target)),
        )
        for one, share in rows
    ]
    said = formats.join(f"{row.name} {row.said}" for row in drawn)
    alt = words("portfolio.targets.alt", rows=said)
    return draw_attainment(drawn, context.look, title=words("portfolio.targets.chart"), alt=alt)


def _bands(bands: dict[str, list[Member]], context: Context) -> Table:
    """Return what the partners of each band won and were to win together."""
    words, formats = context.words, context.formats
    limits = {
        "good": formats.rate(float(context.thresholds["good_from_target"]), 0),
        "act": formats.rate(float(context.thresholds["act_below_target"]), 0),
    }
    rows = []
    for band, held in bands.items():
        won = context.major(sum(one.now.amount for one in held))
        target = sum((one.target for one in held if one.target), start=context.major(0))
        name = words(f"portfolio.targets.band.{band}", good=limits["good"], act=limits["act"])
        missing = formats.amount(won - target, signed=True)
        rows.append(Row((name, formats.count(len(held)), formats.amount(won), formats.amount(target), missing)))
    everyone = [one for held in bands.values() for one in held]
    won = context.major(sum(one.now.amount for one in everyone))
    target = sum((one.target for one in everyone if one.target), start=context.major(0))
    total = (words("portfolio.all"), formats.count(len(everyone)), formats.amount(won), formats.amount(target),
             formats.amount(won - target, signed=True))  # fmt: skip
    return make_table(
        "", ("what", "partners", "won_amount", "target", "difference"), [*rows, Row(total, strong=True)], context
    )
