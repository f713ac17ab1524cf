"""Groups add up to the whole, and their ratios are ratios of sums."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpilib.portfolio.groups import add_segments, group_by, measure_concentration, whole
from kpilib.portfolio.tally import Channel, Tally, add_up

Make = Callable[..., Any]


def test_a_groups_success_is_that_of_its_rows_not_the_mean_of_its_partners(member: Make) -> None:
    """1 of 2 and 90 of 98 are 91 of 100; the mean of 50 % and 91.8 % would be 70.9 %."""
    members = [member("P1", [Tally(won=1, lost=1)]), member("P2", [Tally(won=90, lost=8)])]
    assert whole(members).now.deal_success == 0.91


def test_velocity_of_all_partners_together() -> None:
    """10 worked × 4 of 5 won × 250.00 a deal ÷ 20 days = 100.00 a day."""
    together = Tally(worked=6, won=3, lost=1, amount=90000, cycle_days=60) + Tally(
        worked=4, won=1, amount=10000, cycle_days=20
    )
    assert together.velocity("USD") == Decimal(100)
    assert together.average("USD") == Decimal(250)
    assert Tally(worked=3, lost=1).velocity("USD") is None


def test_only_those_with_a_target_count_towards_it(member: Make) -> None:
    members = [
        member("P1", [Tally(amount=5000)], target=Decimal(100)),
        member("P2", [Tally(amount=99900)]),
    ]
    assert whole(members).attainment("USD") == 0.5
    assert whole(members[1:]).attainment("USD") is None


def test_groups_are_ordered_by_amount_the_unnamed_last(member: Make) -> None:
    members = [
        member("P1", [Tally(amount=1)], region="South"),
        member("P2", [Tally(amount=9)], region=""),
        member("P3", [Tally(amount=5)], region="North"),
    ]
    assert [group.name for group in group_by(members, lambda one: one.region)] == ["North", "South", ""]


counts = st.integers(0, 10**12)
tallies = st.builds(Tally, *[counts] * 11)


@given(st.lists(st.tuples(tallies, st.sampled_from(["North", "South", ""])), max_size=12))
def test_groups_reconcile_exactly(make_tallies: list[tuple[Tally, str]]) -> None:
    """Whatever the partners did, the groups' sums are the whole's, in every column."""
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class One:
        now: Tally
        region: str
        year_ago: Tally | None = None
        target: Decimal | None = None

    members: list[Any] = [One(held, region) for held, region in make_tallies]
    groups = group_by(members, lambda one: one.region)
    assert add_up(group.now for group in groups) == whole(members).now
    assert sum(len(group.members) for group in groups) == len(members)


def test_segments_add_up_over_partners(member: Make) -> None:
    members = [
        member("P1", segments={"paid": Channel(2, 1, 20000, 4000), "owned": Channel(1, 0, 0, 0)}),
        member("P2", segments={"paid": Channel(3, 0, 0, 1050)}),
    ]
    found = add_segments(members)
    assert found == {"paid": Channel(5, 1, 20000, 5050), "owned": Channel(1, 0, 0, 0)}
    assert found["paid"].roi == pytest.approx(14950 / 5050)
    assert found["owned"].roi is None


def test_concentration(member: Make) -> None:
    """50, 30, 20: the largest brings exactly half."""
    members = [member(f"P{amount}", [Tally(amount=amount)]) for amount in (20, 50, 0, 30)]
    found = measure_concentration(members)
    assert found is not None
    assert [one.now.amount for one in found.ranked] == [50, 30, 20]
    assert (found.half, found.share(1), found.share(2), found.share(10)) == (1, 0.5, 0.8, 1.0)
    assert measure_concentration(members[2:3]) is None
