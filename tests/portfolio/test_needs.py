"""Who needs help and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from kpilib.portfolio.claims import judge_changes
from kpilib.portfolio.member import Member
from kpilib.portfolio.needs import Need, find_needs
from kpilib.portfolio.tally import Tally

Make = Callable[..., Any]


def find(members: Sequence[Member], *, over: bool = True) -> list[Need]:
    return find_needs(members, judge_changes(members), far_below=0.8, currency="USD", over=over)


def now(**figures: int) -> list[Tally]:
    return [Tally()] * 7 + [Tally(worked=1, **figures)]


def kinds(needs: Sequence[Need]) -> dict[str, list[str]]:
    return {need.member.partner_id: [reason.kind for reason in need.reasons] for need in needs}


def test_a_target_is_far_missed_below_80_percent(member: Make) -> None:
    """79.99 of 100 is below 80 %, 80.00 is not; 20.01 is missing."""
    members = [
        member("P1", now(won=1, amount=7999), target=Decimal(100)),
        member("P2", now(won=1, amount=8000), target=Decimal(100)),
    ]
    (need,) = find(members)
    assert (need.member.partner_id, need.reasons[0].metric, need.missing) == ("P1", "won_amount", 2001)
    assert need.urgent


def test_before_the_quarters_end_no_target_is_judged(member: Make) -> None:
    assert find([member("P1", now(amount=0), target=Decimal(100))], over=False) == []


def test_silence_and_a_quarter_without_a_deal_are_reasons(member: Make) -> None:
    members = [member("P1", in_cohort=False), member("P2", now()), member("P3", now(won=1))]
    assert kinds(find(members)) == {"P1": ["silent"], "P2": ["nothing_won"]}


def test_a_claim_for_the_worse_is_a_reason_one_for_the_better_is_none(member: Make, change: Make) -> None:
    members = [
        member("P1", now(won=1), tests=(change("deal_count", 0.001),)),
        member("P2", now(won=1), tests=(change("deal_count", 0.001, better=True),)),
        member("P3", now(won=1), tests=(change("deal_count", 0.9),)),
    ]
    assert kinds(find(members)) == {"P1": ["worse"]}


def test_the_new_and_the_gone_are_not_judged(member: Make) -> None:
    assert find([member("P1", now(), new=True), member("P2", now(), active=False)]) == []


def test_another_target_alone_is_not_urgent(member: Make, reading: Make) -> None:
    """With a target for the won amount that is met, a missed pipeline is told apart; without one it counts."""
    missed = {"opportunity_pipeline": reading("opportunity_pipeline", attainment=0.5)}
    met = member("P1", now(won=1, amount=20000), target=Decimal(100), kpis=missed)
    none = member("P2", now(won=1), kpis=missed)
    assert [(need.member.partner_id, need.urgent) for need in find([met, none])] == [("P2", True), ("P1", False)]


def test_order_is_what_went_wrong_then_what_is_missing(member: Make, change: Make, reading: Make) -> None:
    """Three missed targets are one thing: they move together."""
    missed = {key: reading(key, attainment=0.1) for key in ("deal_count", "deal_success")}
    members = [
        member("P1", now(won=1, amount=100), target=Decimal(50), kpis=missed),
        member("P2", now(won=1, amount=100), target=Decimal(900)),
        member("P3", now(won=1, amount=100), target=Decimal(2), tests=(change("close_rate", 0.001),)),
    ]
    needs = find(members)
    assert [need.member.partner_id for need in needs] == ["P3", "P2", "P1"]
    assert [need.weight for need in needs] == [2, 1, 1]
