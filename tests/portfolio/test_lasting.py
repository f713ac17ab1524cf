"""Lastingly low deal success, rule by rule. The others won 50 of 100 in each quarter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from kpilib.portfolio.lasting import find_low_success
from kpilib.portfolio.member import Member
from kpilib.portfolio.tally import Tally

Make = Callable[..., Any]


def quarters(pairs: Sequence[tuple[int, int]]) -> list[Tally]:
    """Tallies of (won, decided) of eight quarters."""
    return [Tally(won=won, lost=decided - won) for won, decided in pairs]


def others(member: Make) -> list[Member]:
    return [member(f"Q{place}", quarters=quarters([(25, 50)] * 8)) for place in (1, 2)]


def standing(member: Make, pairs: Sequence[tuple[int, int]], **more: Any) -> str | None:
    """What is found of a partner: its standing, None where it is not on the list."""
    found = find_low_success([member("P1", quarters=quarters(pairs), **more), *others(member)])
    return next((each.standing for each in found.low if each.member.partner_id == "P1"), None)


def test_a_low_share_in_both_years_is_lasting(member: Make) -> None:
    """16 of 80 is 20 %; the others won 400 of 800: 50 %. All eight quarters lie below."""
    found = find_low_success([member("P1", quarters=quarters([(2, 10)] * 8)), *others(member)])
    (low,) = found.low
    assert (low.whole.won, low.whole.decided, low.others) == (16, 80, 0.5)
    assert (low.below, low.quarters, low.standing) == (8, 8, "lasting")
    assert low.p_value < 0.001
    assert [round(bound, 3) for bound in low.interval] == [0.127, 0.300]
    assert found.lasting == found.low
    assert (found.judged, found.too_few) == (3, ())


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([(2, 10)] * 8, "lasting", id="both years"),
        pytest.param([(0, 3)] * 7 + [(0, 2)], None, id="23 decided are too few"),
        pytest.param([(0, 3)] * 8, "lasting", id="24 are enough"),
        pytest.param([(0, 9)] * 4 + [(0, 7)] + [(0, 0)] * 3, None, id="7 in a year are too few"),
        pytest.param([(4, 10)] * 8, None, id="40 % is not distinguishable of 80"),
        pytest.param([(40, 100)] * 8, "slightly", id="40 % of 800 is, but not two thirds of 50 %"),
        pytest.param([(0, 10)] * 4 + [(4, 10)] * 4, "recovering", id="the later year is distinguishably better"),
        pytest.param([(6, 10)] * 4 + [(0, 10)] * 4, "not_lasting", id="only one year is low"),
        pytest.param(
            [(0, 10), (0, 10), (6, 10), (0, 10), (0, 10), (6, 10), (6, 10), (0, 10)], "not_lasting",
            id="five of eight quarters are no three in four",
        ),
        pytest.param([(8, 10)] * 8, None, id="a high share is distinguishable too"),
    ],
)  # fmt: skip
def test_the_rule(member: Make, pairs: Sequence[tuple[int, int]], expected: str | None) -> None:
    assert standing(member, pairs) == expected


def test_who_left_is_not_judged_but_counts_among_the_others(member: Make) -> None:
    low = member("P1", quarters=quarters([(2, 10)] * 8), active=False)
    found = find_low_success([low, *others(member)])
    assert found.low == ()
    assert found.judged == 2


def test_who_has_too_few_decisions_is_named(member: Make) -> None:
    few = member("P1", quarters=quarters([(0, 2)] * 8))
    found = find_low_success([few, *others(member)])
    assert found.too_few == (few,)
    assert found.judged == 2


def test_a_partner_alone_has_nobody_to_compare_with(member: Make) -> None:
    found = find_low_success([member("P1", quarters=quarters([(0, 10)] * 8))])
    assert (found.low, found.judged) == ((), 1)
