"""Two partners side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kpilib.errors import PartnerError
from kpilib.portfolio.tally import Tally
from kpilib.portfolio.versus import choose_pair, compare_partners

Make = Callable[..., Any]


def scored(member: Make, reading: Make, partner_id: str, score: float) -> Any:
    return member(partner_id, kpis={"quality_score": reading("quality_score", score)})


def test_the_best_scored_are_compared_where_none_are_named(member: Make, reading: Make) -> None:
    members = [scored(member, reading, f"P{place}", score) for place, score in enumerate((10.0, 90.0, 50.0))]

    def ids(*named: str) -> list[str]:
        pair = choose_pair(members, *named)
        assert pair is not None
        return [one.partner_id for one in pair]

    assert ids() == ["P1", "P2"]
    assert ids("P0") == ["P0", "P1"]
    assert ids("", "P1") == ["P2", "P1"]
    assert ids("P2", "P0") == ["P2", "P0"]
    assert choose_pair(members[:1]) is None


def test_a_partner_that_is_not_there_is_named(member: Make) -> None:
    members = [member("P01"), member("P02")]
    with pytest.raises(PartnerError, match=r"^a = 'P1' is no partner of this portfolio\. Did you mean: P01\?$"):
        choose_pair(members, "P1")
    with pytest.raises(
        PartnerError, match=r"^a and b both name 'P01'\. Name two partners, or leave one empty\.$"
    ):
        choose_pair(members, "P01", "P01")


def test_a_difference_is_claimed_only_where_the_sample_carries_it(member: Make) -> None:
    """90 of 100 against 10 of 100 is no chance; 6 deals against 5 are; three deals carry no test of their size."""
    a = member("P1", [Tally(won=90, lost=10)], deals=(1,) * 90, cycles=(5,) * 90)
    b = member("P2", [Tally(won=10, lost=90)], deals=(1,) * 10, cycles=(5,) * 10)
    found = compare_partners(a, b, days=92, quarter="2026Q3")
    assert found.differs("deal_success") is True
    assert found.differs("deal_count") is True
    assert found.differs("average_deal_size") is False
    assert found.differs("close_rate") is None
    few = compare_partners(
        member("P1", [Tally(won=3)], deals=(1, 2, 3), cycles=(1, 2, 3)),
        member("P2", [Tally(won=5)], deals=(9,) * 5, cycles=(9,) * 5),
        days=92,
        quarter="2026Q3",
    )
    assert few.differs("average_deal_size") is None
    assert few.differs("deal_count") is False
