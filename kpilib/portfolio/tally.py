"""The tally: what one partner did in a period, as whole numbers; several partners' tallies add up exactly.

Every figure of a group of partners is computed from the sum of their tallies, never as a mean of their ratios, so
that a table of groups reconciles with the partners to the cent. Money is in minor units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from decimal import Decimal
from functools import reduce

from kpilib.facts import SEGMENTS, Facts
from kpilib.kpis.definition import Period
from kpilib.money import to_major

__all__ = ["Channel", "Tally", "add_up", "count_segments", "tally"]


@dataclass(frozen=True)
class Tally:
    """Counts and sums of one period; those of ``pipeline`` and ``open`` stand for its last day.

    Attributes
    ----------
    won, lost, amount
        deals, lost opportunities, and what the deals brought.
    worked, cycle_days
        opportunities worked, and the days from creation to closing of the deals together.
    leads, conversions
        leads created, and those of them that are deals.
    sourced, spend
        what deals with a lead brought, and what marketing cost.
    """

    won: int = 0
    lost: int = 0
    amount: int = 0
    worked: int = 0
    cycle_days: int = 0
    leads: int = 0
    conversions: int = 0
    sourced: int = 0
    spend: int = 0
    pipeline: int = 0
    open: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    @property
    def decided(self) -> int:
        """Opportunities won or lost."""
        return self.won + self.lost

    @property
    def deal_success(self) -> float | None:
        """Deals ÷ decided opportunities; None when nothing was decided."""
        return _ratio(self.won, self.decided)

    @property
    def close_rate(self) -> float | None:
        """Conversions ÷ leads; None without a lead."""
        return _ratio(self.conversions, self.leads)

    @property
    def roi(self) -> float | None:
        """(Revenue of deals with a lead − spend) ÷ spend; None without spend."""
        return _ratio(self.sourced - self.spend, self.spend)

    @property
    def cycle(self) -> float | None:
        """Mean days from creation to deal; None without a deal."""
        return _ratio(self.cycle_days, self.won)

    def average(self, currency: str) -> Decimal | None:
        """Return what a deal brought, in major units; None without a deal."""
        return to_major(self.amount, currency) / self.won if self.won else None

    def velocity(self, currency: str) -> Decimal | None:
        """Return opportunities worked × deal success × average deal size ÷ cycle, in major units a day."""
        if not self.won:
            return None
        return to_major(self.amount, currency) * self.worked * self.won / (self.decided * self.cycle_days)


@dataclass(frozen=True)
class Channel:
    """What one marketing segment brought and cost in a period; money in minor units."""

    leads: int = 0
    conversions: int = 0
    revenue: int = 0
    spend: int = 0

    def __add__(self, other: Channel) -> Channel:
        return Channel(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    @property
    def rate(self) -> float | None:
        """Conversions ÷ leads; None without a lead."""
        return _ratio(self.conversions, self.leads)

    @property
    def roi(self) -> float | None:
        """(Revenue − spend) ÷ spend; None without spend."""
        return _ratio(self.revenue - self.spend, self.spend)


def tally(facts: Facts, period: Period) -> Tally:
    """Return what the partner of some facts did in a period."""
    start, day = period.start, period.day
    won, leads, still_open = facts.won(start, day), facts.leads(start, day), facts.open_on(day)
    deals, _ = facts.sourced(start, day)
    return Tally(
        won=len(won),
        lost=len(facts.lost(start, day)),
        amount=int(facts.amounts(won, day).sum()),
        worked=len(facts.worked(start, day)),
        cycle_days=int(facts.cycles(won).sum()),
        leads=len(leads),
        conversions=int(facts.converted(leads, day).sum()),
        sourced=int(facts.amounts(deals, day).sum()),
        spend=int(facts.spend_amounts[facts.spend(start, day)].sum()),
        pipeline=int(facts.amounts(still_open, day).sum()),
        open=len(still_open),
    )


def count_segments(facts: Facts, period: Period) -> dict[str, Channel]:
    """Return what each segment brought and cost; segments of which there is nothing are left out."""
    start, day = period.start, period.day
    found = dict.fromkeys(SEGMENTS, Channel())
    leads = facts.leads(start, day)
    for lead, hit in zip(leads.tolist(), facts.converted(leads, day).tolist(), strict=True):
        found[facts.lead_segments[lead]] += Channel(leads=1, conversions=int(hit))
    deals, sources = facts.sourced(start, day)
    for amount, lead in zip(facts.amounts(deals, day).tolist(), sources.tolist(), strict=True):
        found[facts.lead_segments[lead]] += Channel(revenue=int(amount))
    for row in facts.spend(start, day).tolist():
        found[facts.spend_segments[row]] += Channel(spend=int(facts.spend_amounts[row]))
    return {segment: channel for segment, channel in found.items() if channel != Channel()}


def add_up(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of some tallies; an empty one without any.

    >>> add_up([Tally(won=2, lost=1), Tally(won=1)]).deal_success
    0.75
    """
    return reduce(lambda one, more: one + more, tallies, Tally())


def _ratio(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None
