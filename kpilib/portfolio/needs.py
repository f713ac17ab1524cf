"""Who needs help, and why: targets far missed, changes for the worse that may be claimed, and silence.

What puts a partner on the list: it worked or won nothing, its target for the won amount is far missed (without one,
any other target), or a change for the worse survives `kpilib.portfolio.claims`. A partner that far misses another
target alone stands apart. A partner whose records begin in this quarter is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kpilib.money import to_major, to_minor
from kpilib.portfolio.claims import Claims
from kpilib.portfolio.member import Member, Reading, Test

__all__ = ["Need", "Reason", "find_needs"]

Kind = Literal["silent", "nothing_won", "far_below_target", "worse"]


@dataclass(frozen=True)
class Reason:
    """One reason: ``attainment`` of the target of a metric (a KPI's key or ``won_amount``), or the test that claims."""

    kind: Kind
    metric: str = ""
    attainment: float | None = None
    reading: Reading | None = None
    test: Test | None = None


@dataclass(frozen=True)
class Need:
    """A partner with reasons, and what is missing to its target for the won amount (minor units).

    ``urgent``: it needs help; else only another target than that for the won amount is far missed.
    """

    member: Member
    reasons: tuple[Reason, ...]
    missing: int

    @property
    def urgent(self) -> bool:
        """Whether the partner needs help."""
        return not self.member.target or any(
            reason.kind != "far_below_target" or reason.metric == "won_amount" for reason in self.reasons
        )

    @property
    def weight(self) -> int:
        """How many different things went wrong; targets far missed count as one, since they move together."""
        return len({(reason.kind, reason.metric if reason.kind == "worse" else "") for reason in self.reasons})


def find_needs(members: Sequence[Member], claims: Claims, *, far_below: float, currency: str, over: bool) -> list[Need]:
    """Return the partners with reasons: the urgent, then the weighty, then what misses most of its target, first.

    Parameters
    ----------
    far_below
        the attainment below which a target is far missed.
    over
        whether the quarter is over: before its end no target is judged.
    """
    found = []
    for member in members:
        if member.new or not member.active:
            continue
        reasons = _reasons(member, claims, far_below, currency=currency, over=over)
        if reasons:
            found.append(Need(member, tuple(reasons), _missing(member, currency) if over else 0))
    return sorted(
        found,
        key=lambda need: (not need.urgent, -need.weight, -need.missing, need.member.name, need.member.partner_id),
    )


def _reasons(member: Member, claims: Claims, far_below: float, *, currency: str, over: bool) -> list[Reason]:
    reasons = []
    if not member.in_cohort:
        reasons.append(Reason("silent"))
    elif over and not member.now.won:
        reasons.append(Reason("nothing_won"))
    if over:
        reasons += _missed(member, far_below, currency)
    reasons += [Reason("worse", test.kpi, test=test) for test in claims.worse.get(member.partner_id, ())]
    return reasons


def _missed(member: Member, far_below: float, currency: str) -> list[Reason]:
    missed = []
    if member.target:
        reached = float(to_major(member.now.amount, currency) / member.target)
        if reached < far_below:
            missed.append(Reason("far_below_target", "won_amount", reached))
    for key, reading in member.kpis.items():
        if reading.attainment is not None and reading.attainment < far_below:
            missed.append(Reason("far_below_target", key, reading.attainment, reading))
    return missed


def _missing(member: Member, currency: str) -> int:
    return max(0, to_minor(member.target, currency) - member.now.amount) if member.target else 0
