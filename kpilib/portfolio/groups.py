"""Groups of partners and how the won amount spreads over them: regions, tiers, segments, concentration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kpilib.money import to_major
from kpilib.portfolio.member import Member
from kpilib.portfolio.tally import Channel, Tally, add_up

__all__ = ["Concentration", "Group", "add_segments", "group_by", "measure_concentration", "whole"]


@dataclass(frozen=True)
class Group:
    """Some partners together; an empty ``name`` is that of those without one.

    ``now``, ``year_ago``: the sums of their tallies. ``target`` is the sum of the targets for the won amount, None
    where nobody has one, and ``amount_of_target`` what those who have one won, in minor units.
    """

    name: str
    members: tuple[Member, ...]
    now: Tally
    year_ago: Tally
    target: Decimal | None
    amount_of_target: int

    def attainment(self, currency: str) -> float | None:
        """Return how much of their targets those who have one have won."""
        return float(to_major(self.amount_of_target, currency) / self.target) if self.target else None

    @property
    def growth(self) -> float | None:
        """The change of the won amount since the same quarter of last year, as a fraction; None from nothing."""
        return self.now.amount / self.year_ago.amount - 1 if self.year_ago.amount else None


def whole(members: Sequence[Member], name: str = "") -> Group:
    """Return some partners as one group."""
    targets = [one.target for one in members if one.target is not None]
    return Group(
        name,
        tuple(members),
        add_up(one.now for one in members),
        add_up(one.year_ago for one in members if one.year_ago is not None),
        sum(targets, Decimal(0)) if targets else None,
        sum(one.now.amount for one in members if one.target is not None),
    )


def group_by(members: Sequence[Member], name: Callable[[Member], str]) -> list[Group]:
    """Return the partners by a name, the group with the largest won amount first, those without a name last.

    Each partner is in exactly one group, so that the groups' tallies add up to the partners'.
    """
    named: dict[str, list[Member]] = {}
    for one in members:
        named.setdefault(name(one), []).append(one)
    groups = [whole(held, label) for label, held in named.items()]
    return sorted(groups, key=lambda group: (not group.name, -group.now.amount, group.name))


def add_segments(members: Sequence[Member]) -> dict[str, Channel]:
    """Return what each marketing segment brought and cost all partners together."""
    found: dict[str, Channel] = {}
    for one in members:
        for segment, channel in one.segments.items():
            found[segment] = found.get(segment, Channel()) + channel
    return {segment: found[segment] for segment in ("paid", "earned", "owned", "unassigned") if segment in found}


@dataclass(frozen=True)
class Concentration:
    """How the won amount spreads: partners with deals, the largest first, with each one's share and the running sum.

    ``half`` is how many of the largest bring half of the amount.
    """

    ranked: tuple[Member, ...]
    amount: int
    half: int

    def share(self, most: int) -> float:
        """Return the share of the largest so many."""
        return sum(one.now.amount for one in self.ranked[:most]) / self.amount


def measure_concentration(members: Sequence[Member]) -> Concentration | None:
    """Return how the quarter's won amount spreads over the partners; None when nobody won anything."""
    ranked = sorted(
        (one for one in members if one.now.amount > 0),
        key=lambda one: (-one.now.amount, one.name, one.partner_id),
    )
    amount = sum(one.now.amount for one in ranked)
    if not amount:
        return None
    half, running = 0, 0
    for one in ranked:
        half, running = half + 1, running + one.now.amount
        if 2 * running >= amount:
            break
    return Concentration(tuple(ranked), amount, half)
