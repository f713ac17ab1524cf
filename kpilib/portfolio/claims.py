"""Claims of change over all partners: which of many tests may be believed.

A pack tests one partner, and Holm keeps its chance of a single false claim at 5 %. A list over all partners makes
hundreds of tests: here Benjamini and Hochberg's procedure over all tests of all partners together keeps the share of
false claims among those listed at 10 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kpilib.portfolio.member import Member, Test
from kpilib.statistics import benjamini_hochberg

__all__ = ["RATE", "Claims", "judge_changes"]

RATE = 0.10
"""The share of false claims that a list over all partners accepts."""


@dataclass(frozen=True)
class Claims:
    """What may be claimed: partner id → tests, in the order of the KPIs. ``tests`` were made of ``partners``."""

    worse: dict[str, tuple[Test, ...]]
    better: dict[str, tuple[Test, ...]]
    tests: int
    partners: int

    @property
    def count(self) -> int:
        """How many changes are claimed."""
        return sum(len(held) for side in (self.worse, self.better) for held in side.values())


def judge_changes(members: Sequence[Member]) -> Claims:
    """Return the changes that may be claimed of some partners, all their tests judged together."""
    p_values = {f"{one.partner_id}\0{test.name}": test.p_value for one in members for test in one.tests}
    claimed = benjamini_hochberg(p_values, RATE) if p_values else set()

    def of(member: Member, *, better: bool) -> tuple[Test, ...]:
        return tuple(
            test for test in member.tests if test.better is better and f"{member.partner_id}\0{test.name}" in claimed
        )

    worse, better = (
        {one.partner_id: tests for one in members if (tests := of(one, better=side))} for side in (False, True)
    )
    return Claims(worse, better, tests=len(p_values), partners=sum(bool(one.tests) for one in members))
