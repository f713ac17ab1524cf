"""Which of many tests may be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kpilib.portfolio.claims import judge_changes


def test_all_tests_of_all_partners_are_judged_together(member: Callable[..., Any], change: Callable[..., Any]) -> None:
    """Five tests at 10 %: the k-th smallest p-value may be 0.02 k.

    ======  ===========  =======  =====  =========
    who     test         p-value  rank   limit
    ======  ===========  =======  =====  =========
    P1      deal_count   0.010    1      0.02
    P2      close_rate   0.035    2      0.04
    P1      cycle        0.055    3      0.06
    P3      deal_count   0.300    4      0.08
    P2      deal_count   0.900    5      0.10
    ======  ===========  =======  =====  =========

    Alone, with two tests and Holm at 5 %, P1's second test would claim nothing (0.055 > 0.05).
    """
    members = [
        member("P1", tests=(change("deal_count", 0.010), change("cycle", 0.055, kpi="deal_velocity", better=True))),
        member("P2", tests=(change("close_rate", 0.035), change("deal_count", 0.9))),
        member("P3", tests=(change("deal_count", 0.3),)),
        member("P4"),
    ]
    found = judge_changes(members)
    assert {key: [test.name for test in tests] for key, tests in found.worse.items()} == {
        "P1": ["deal_count"],
        "P2": ["close_rate"],
    }
    assert {key: [test.name for test in tests] for key, tests in found.better.items()} == {"P1": ["cycle"]}
    assert (found.tests, found.partners, found.count) == (5, 3, 3)


def test_more_partners_without_change_make_a_claim_harder(
    member: Callable[..., Any], change: Callable[..., Any]
) -> None:
    one = member("P1", tests=(change("deal_count", 0.04),))
    idle = [member(f"Q{place}", tests=(change("deal_count", 0.7),)) for place in range(9)]
    assert judge_changes([one]).count == 1
    assert judge_changes([one, *idle]).count == 0  # 0.04 > 0.10 × 1 ÷ 10


def test_without_tests_nothing_is_claimed(member: Callable[..., Any]) -> None:
    found = judge_changes([member("P1")])
    assert (found.worse, found.better, found.tests, found.partners) == ({}, {}, 0, 0)
