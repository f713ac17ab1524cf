"""Lastingly low deal success: which partners may need to be replaced, and what speaks for it.

The rule, over the eight quarters to D, in whole opportunities won or lost:

1. *enough*: at least 24 decided, and at least 8 in each of the two years; with fewer a partner is not judged;
2. *low*: the share won is distinguishably below that of all other partners together (Newcombe's interval), all
   judged partners tested together by Benjamini and Hochberg's procedure at 10 %; and it is at most two thirds of
   theirs, since with many opportunities a small difference is distinguishable too;
3. *lasting*: below the others in both years, and in at least three quarters out of four in which it decided anything;
4. *not recovering*: the later year is not distinguishably above the earlier one (Newcombe's 95 % interval).

Two years are asked for because a bad quarter, or a bad year in a hard market, is a reason to help. A list of names is
the beginning of a conversation: products, regions and the quality of leads differ, and none of them is adjusted for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kpilib.portfolio.claims import RATE
from kpilib.portfolio.member import Member
from kpilib.portfolio.tally import Tally, add_up
from kpilib.statistics import benjamini_hochberg, compare_rates, wilson

__all__ = ["FAR_BELOW", "LEAST_A_YEAR", "LEAST_DECIDED", "SHARE_BELOW", "Low", "LowSuccess", "find_low_success"]

LEAST_DECIDED = 24
LEAST_A_YEAR = 8
SHARE_BELOW = 0.75
FAR_BELOW = 2 / 3
_YEAR = 4
_LEVEL = 0.05

Standing = Literal["lasting", "recovering", "not_lasting", "slightly"]


@dataclass(frozen=True)
class Low:
    """One partner with a distinguishably low deal success; ``below`` of ``quarters`` lay under the others'.

    ``earlier`` and ``later`` are the two years; ``others`` is what all other partners won of what they decided.
    """

    member: Member
    whole: Tally
    earlier: Tally
    later: Tally
    others: float
    below: int
    quarters: int
    p_value: float
    standing: Standing

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the eight quarters' rate."""
        return wilson(self.whole.won, self.whole.decided)


@dataclass(frozen=True)
class LowSuccess:
    """What the rule found: the low ones, lowest first; how many were judged; who had too few decisions."""

    low: tuple[Low, ...]
    judged: int
    too_few: tuple[Member, ...]

    @property
    def lasting(self) -> tuple[Low, ...]:
        """Those whose low deal success lasts."""
        return tuple(each for each in self.low if each.standing == "lasting")


def find_low_success(members: Sequence[Member]) -> LowSuccess:
    """Return the partners whose deal success is distinguishably low, with whether it lasts."""
    quarters = [add_up(each) for each in zip(*(one.quarters for one in members), strict=True)]
    active = [one for one in members if one.active]
    judged = [one for one in active if _enough(one)]
    p_values: dict[str, float] = {}
    for one in judged:
        whole, others = add_up(one.quarters), _rest(add_up(quarters), add_up(one.quarters))
        if others[1]:
            p_values[one.partner_id] = compare_rates((whole.won, whole.decided), others)
    claimed = benjamini_hochberg(p_values, RATE) if p_values else set()
    low = [_low(one, quarters, p_values[one.partner_id]) for one in judged if one.partner_id in claimed]
    found = [each for each in low if (each.whole.deal_success or 0) < each.others]
    found.sort(key=lambda each: (each.whole.deal_success or 0, each.member.name, each.member.partner_id))
    return LowSuccess(tuple(found), len(judged), tuple(one for one in active if not _enough(one)))


def _enough(member: Member) -> bool:
    years = add_up(member.quarters[:_YEAR]).decided, add_up(member.quarters[_YEAR:]).decided
    return sum(years) >= LEAST_DECIDED and min(years) >= LEAST_A_YEAR


def _low(member: Member, quarters: Sequence[Tally], p_value: float) -> Low:
    own = member.quarters
    decided = [place for place, each in enumerate(own) if each.decided]
    below = sum(_is_below(own[place], quarters[place]) for place in decided)
    years = [(add_up(own[part]), add_up(quarters[part])) for part in (slice(_YEAR), slice(_YEAR, None))]
    (earlier, _), (later, _) = years
    lasting = all(_is_below(one, everyone) for one, everyone in years) and below >= SHARE_BELOW * len(decided)
    rates = (later.won, later.decided), (earlier.won, earlier.decided)
    recovers = compare_rates(*rates) < _LEVEL and (later.deal_success or 0) > (earlier.deal_success or 0)
    whole = add_up(own)
    won, of = _rest(add_up(quarters), whole)
    standing: Standing = "recovering" if recovers else "lasting" if lasting else "not_lasting"
    if (whole.deal_success or 0) > FAR_BELOW * won / of:
        standing = "slightly"
    return Low(member, whole, earlier, later, won / of, below, len(decided), p_value, standing)


def _rest(everyone: Tally, own: Tally) -> tuple[int, int]:
    """Return (won, decided) of all others."""
    return everyone.won - own.won, everyone.decided - own.decided


def _is_below(own: Tally, everyone: Tally) -> bool:
    """Say whether a rate lies below that of all others; in whole numbers, so that equal rates are equal."""
    won, decided = _rest(everyone, own)
    return decided > 0 and own.won * decided < won * own.decided
