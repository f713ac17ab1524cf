"""Opportunities as columns of numbers, what is known of them on a day, and their two tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from kpilib.sample.catalogue import CHANNELS, PRODUCTS, REASONS, STAGES
from kpilib.sample.currencies import CURRENCIES, DIGITS
from kpilib.sample.files import Amounts, Ids, Labels, Table
from kpilib.sample.names import COMPETITORS
from kpilib.sample.profiles import Profile
from kpilib.sample.span import Days, Span

__all__ = ["LOST", "NEVER", "OPEN", "WON", "Opportunities", "history_table", "opportunities_table", "territory_places"]

OPEN, WON, LOST = 0, 1, 2
NEVER = np.iinfo(np.int32).max
"""The day on which a stage is entered that never is."""


@dataclass(frozen=True)
class Opportunities:
    """Opportunities in the order of their creation, with their whole lives.

    ``closes`` is the day of the decision and ``wins`` what it will be, also after the sample's last day.
    ``entered`` and ``valued`` have a column per stage: the day on which it is entered (``NEVER`` if skipped),
    and the amount in minor units from then on (-1: not known). The other codes point into the catalogue.
    """

    partner: NDArray[np.int32]
    created: Days
    closes: Days
    wins: NDArray[np.bool_]
    product: NDArray[np.int8]
    channel: NDArray[np.int8]
    rep: NDArray[np.int32]
    territory: NDArray[np.int8]
    currency: NDArray[np.int8]
    reason: NDArray[np.int8]
    rival: NDArray[np.int8]
    entered: NDArray[np.int32]
    valued: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.partner)

    def until(self, day: int) -> Opportunities:
        """Return the opportunities created by a day; they keep their places."""
        count = int(np.searchsorted(self.created, day, side="right"))
        return Opportunities(**{field.name: getattr(self, field.name)[:count] for field in fields(self)})

    def outcome(self, day: int) -> NDArray[np.int8]:
        """Return each opportunity's outcome as of a day."""
        return np.where(self.closes > day, OPEN, np.where(self.wins, WON, LOST)).astype(np.int8)

    def stage(self, day: int) -> NDArray[np.intp]:
        """Return the latest stage that each opportunity has entered by a day, or by its end before."""
        by_then = self.entered <= np.minimum(self.closes, day)[:, None]
        latest: NDArray[np.intp] = self.entered.shape[1] - 1 - np.argmax(by_then[:, ::-1], axis=1)
        return latest

    def amount(self, day: int) -> NDArray[np.int64]:
        """Return each opportunity's amount as known on a day, in minor units, -1 where blank."""
        return self.valued[np.arange(len(self)), self.stage(day)]


def opportunities_table(
    opportunities: Opportunities, ids: Ids, profiles: Sequence[Profile], span: Span, rng: np.random.Generator
) -> Table:
    """Return the opportunities as an export of the span's last day shows them."""
    n, last = len(opportunities), span.last
    outcome, stage = opportunities.outcome(last), opportunities.stage(last)
    entered = opportunities.entered[np.arange(n), stage]
    # On open rows a rep's guess, for six in ten of them: early, late, or already past.
    guess = opportunities.closes + np.rint(rng.normal(0, 20, n)).astype(np.int64)
    guess = np.clip(guess, opportunities.created + 1, last + 700)
    expected = np.where(rng.random(n) < 0.6, guess, span.first - 1)
    closed = np.where(outcome == OPEN, expected, opportunities.closes)
    touched = np.where(outcome == OPEN, entered, opportunities.closes)
    modified = np.minimum(touched + rng.integers(0, 6, n), last)
    lost = outcome == LOST
    to_rival = lost & (opportunities.reason == list(REASONS).index("Competitor"))
    places, territories = territory_places(profiles, opportunities.partner, opportunities.territory)
    unsaid = (opportunities.currency == 0) & (rng.random(n) < 0.08)
    days = span.day_texts
    return Table(
        {
            "opportunity_id": ids,
            "partner_id": Labels(opportunities.partner, [profile.partner_id for profile in profiles]),
            "created_on": Labels(opportunities.created - span.first, days),
            "closed_on": Labels(closed - span.first, days),
            "outcome": Labels(outcome, ("open", "won", "lost")),
            "stage": Labels(
                np.where(outcome == OPEN, stage, len(STAGES) + outcome - 1), (*STAGES, "Closed won", "Closed lost")
            ),
            "amount": Amounts(opportunities.amount(last), DIGITS[opportunities.currency]),
            "currency": Labels(np.where(unsaid, -1, opportunities.currency), CURRENCIES),
            "rep": Labels(opportunities.rep, [rep for profile in profiles for rep in profile.reps]),
            "region": Labels(places, territories),
            "product": Labels(opportunities.product, list(PRODUCTS)),
            "channel": Labels(opportunities.channel, list(CHANNELS)),
            "lost_reason": Labels(np.where(lost, opportunities.reason, -1), list(REASONS)),
            "lost_to": Labels(np.where(to_rival, opportunities.rival, -1), COMPETITORS),
            "modified_on": Labels(modified - span.first, days),
        },
        n,
    )


def history_table(opportunities: Opportunities, ids: Ids, span: Span) -> Table:
    """Return the stages that were entered by the span's last day; the last row is what the export shows."""
    seen = opportunities.entered <= np.minimum(opportunities.closes, span.last)[:, None]
    row, stage = np.nonzero(seen)
    return Table(
        {
            "opportunity_id": Ids(ids.prefix, ids.numbers[row], ids.width),
            "changed_on": Labels(opportunities.entered[row, stage] - span.first, span.day_texts),
            "stage": Labels(stage, list(STAGES)),
            "amount": Amounts(opportunities.valued[row, stage], DIGITS[opportunities.currency[row]]),
        },
        len(row),
    )


def territory_places(
    profiles: Sequence[Profile], partner: NDArray[np.int32], territory: NDArray[np.int8]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the territories of all partners one behind the other, and before them the place of each row's."""
    sizes = np.array([len(profile.territories) for profile in profiles])
    places: NDArray[np.int64] = (np.cumsum(sizes) - sizes)[partner] + territory
    return places, [name for profile in profiles for name in profile.territories]
