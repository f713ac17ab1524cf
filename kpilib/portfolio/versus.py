"""Partner A beside partner B: each KPI of both, and which differences are more than chance.

The tests are those of a change (`kpilib.kpis`), made between two partners instead of two quarters; Holm's procedure
over them keeps the chance of a false claim at 5 %. What has no test is stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpilib.errors import PartnerError, did_you_mean
from kpilib.kpis.average_deal_size import LEAST_DEALS_TO_TEST
from kpilib.portfolio.member import Member
from kpilib.statistics import compare_counts, compare_means, compare_rates, holm, seed_of

__all__ = ["LEVEL", "Versus", "choose_pair", "compare_partners"]

LEVEL = 0.05


@dataclass(frozen=True)
class Versus:
    """Two partners: KPI → p-value of their difference, adjusted by Holm; without an entry where no test is made."""

    a: Member
    b: Member
    adjusted: dict[str, float]

    def differs(self, key: str) -> bool | None:
        """Say whether a KPI's difference is more than chance; None where no test is made."""
        return self.adjusted[key] <= LEVEL if key in self.adjusted else None


def choose_pair(members: Sequence[Member], a: str = "", b: str = "") -> tuple[Member, Member] | None:
    """Return the partners of two ids; where one is not named, the best scored of the others. None below two partners.

    Raises
    ------
    PartnerError
        when the portfolio holds no such partner, or both ids name one.
    """
    known = {one.partner_id: one for one in members}
    for name, wanted in (("a", a), ("b", b)):
        if wanted and wanted not in known:
            raise PartnerError(
                f"{name} = {wanted!r} is no partner of this portfolio.{did_you_mean(wanted, known)}", partner_id=wanted
            )
    if a and a == b:
        raise PartnerError(f"a and b both name {a!r}. Name two partners, or leave one empty.", partner_id=a)
    ranked = sorted(members, key=lambda one: (one.score is None, -(one.score or 0), one.name, one.partner_id))
    left = [one for one in ranked if one.partner_id not in {a, b}]
    if len(known) < 2:
        return None
    first = known[a] if a else left.pop(0)
    return first, known[b] if b else left.pop(0)


def compare_partners(a: Member, b: Member, *, days: int, quarter: str) -> Versus:
    """Return two partners side by side.

    Parameters
    ----------
    days
        how many days of the quarter both are read.
    quarter
        its name, from which chance is seeded.
    """
    seed = seed_of(a.partner_id, b.partner_id, quarter)
    p_values = {"deal_count": compare_counts(a.now.won, b.now.won, days, days)}
    if min(a.now.won, b.now.won) >= LEAST_DEALS_TO_TEST:
        sizes, cycles = ((np.array(one, float), np.array(other, float)) for one, other in
                         ((a.deals, b.deals), (a.cycles, b.cycles)))  # fmt: skip
        p_values["average_deal_size"] = compare_means(*sizes, seed=seed)
        p_values["cycle"] = compare_means(*cycles, seed=seed)
    if a.now.leads and b.now.leads:
        p_values["close_rate"] = compare_rates((a.now.conversions, a.now.leads), (b.now.conversions, b.now.leads))
    if a.now.decided and b.now.decided:
        p_values["deal_success"] = compare_rates((a.now.won, a.now.decided), (b.now.won, b.now.decided))
    return Versus(a, b, holm(p_values))
