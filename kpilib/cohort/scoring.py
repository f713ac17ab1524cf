"""The scoring: what a quality score is measured against, and what a partner could work out from its own.

A score tells its reader the product of all members' deals and all members' money, since the reader knows its own.
Beside the medians that can be enough to know a large partner's figures nearly exactly, though it holds less than
60 % of the others': where the rest lies as low as the medians allow. Then score and median are withheld.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kpilib.cohort.others import Others, Withheld
from kpilib.kpis.quality_score import score

__all__ = ["Scoring"]

PROVEN = 0.1
"""How near to a figure an upper bound may not come, as a share of it."""

_STEPS = 100


@dataclass(frozen=True)
class Scoring:
    """The deals and the won amount (in minor units) of each member of the cohort of one quarter, as of a day."""

    quarter: str
    as_of: str
    deals: Mapping[str, int]
    amounts: Mapping[str, int]

    def score(self, deals: int, amount: int) -> float | None:
        """Return the quality score of some deals against this cohort's means; undefined without any."""
        if not self.deals:
            return None
        members = len(self.deals)
        return score(deals, amount, self._deals / members, self._amount / members)

    def withheld(self, partner_id: str, *, minimum: int, largest_share: float) -> Withheld | None:
        """Return why neither a partner's score nor the others' median may be shown to it, or None where they may.

        Beyond the rule for every figure, nobody may dominate the deals or the amounts that scores are made of, and
        no other's deals, amount or score may follow from what is shown to within a tenth.
        """
        for others in (self.scores, self._deals_of, self._amounts_of):
            reason = others.withheld(partner_id, minimum=minimum, largest_share=largest_share)
            if reason is not None:
                return reason
        return "dominated" if self._can_be_proven(partner_id) else None

    @cached_property
    def scores(self) -> Others:
        """The members' scores, among which the others' median is."""
        found = {key: self.score(self.deals[key], self.amounts[key]) for key in self.deals}
        defined = {key: value for key, value in found.items() if value is not None}
        return Others(defined, defined)

    def _can_be_proven(self, partner_id: str) -> bool:
        """Say whether a partner could name a bound above another's figure that is nearly the figure.

        The reader is taken to know the product of both sums and all medians exactly. For each sum of deals that
        agrees with them, the largest other has at most what remains when everyone else has as little as the medians
        (of deals, of deal sizes, of scores; of half of the others each) allow.
        """
        product = self._deals * self._amount
        if not product:
            return False
        half = self.scores.count(partner_id) // 2
        deals, amount = self.deals.get(partner_id, 0), self.amounts.get(partner_id, 0)
        least_deals = self._deals_of.median(partner_id) or 0.0
        least_score = self.scores.median(partner_id) or 0.0
        # The score of k partners together says: (their deals) × (their amounts) ≥ (k × the root of deals × amount)².
        root = least_score * math.sqrt(product) / (100 * len(self.deals))
        sized, size = self._sizes.count(partner_id) // 2, self._sizes.median(partner_id) or 0.0
        lowest = deals + (half + 1) * least_deals
        highest = product / max(amount + (sized + 1) * size, 1.0)
        all_deals = np.append(np.geomspace(max(lowest, 1.0), max(highest, 1.0), _STEPS), float(self._deals))
        others_deals, others_amount = all_deals - deals, product / all_deals - amount
        known = others_deals * others_amount >= ((half + 1) * root) ** 2 * (1 - 1e-9)
        known[-1] = True  # what is true agrees with everything
        others_deals, others_amount = np.maximum(others_deals[known], 0), np.maximum(others_amount[known], 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            rest_deals = np.nan_to_num((half * root) ** 2 / others_amount, posinf=0)
            rest_amount = np.nan_to_num((half * root) ** 2 / others_deals, posinf=0)
        own_score = self.scores.values.get(partner_id, 0.0)
        bounds = (
            (np.max(others_deals - np.maximum(half * least_deals, rest_deals)), self._deals_of),
            (np.max(others_amount - np.maximum(sized * size, rest_amount)), self._amounts_of),
            # Means are 100 at most: the scores of all add up to no more than 100 for each.
            (100 * len(self.deals) - own_score - half * least_score, self.scores),
        )
        return any(bound <= (1 + PROVEN) * others.largest(partner_id) for bound, others in bounds)

    @cached_property
    def _deals_of(self) -> Others:
        return _others(self.deals)

    @cached_property
    def _amounts_of(self) -> Others:
        return _others(self.amounts)

    @cached_property
    def _sizes(self) -> Others:
        return _others({key: self.amounts[key] / deals for key, deals in self.deals.items() if deals})

    @cached_property
    def _deals(self) -> int:
        return sum(self.deals.values())

    @cached_property
    def _amount(self) -> int:
        return sum(self.amounts.values())


def _others(values: Mapping[str, float]) -> Others:
    figures = {key: float(value) for key, value in values.items()}
    return Others(figures, figures)
