"""Leads: those that became the simulated opportunities, and the many more that came to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilib.sample.catalogue import CHANNELS, PAID
from kpilib.sample.files import Ids, Labels, Table
from kpilib.sample.opportunities import Opportunities, territory_places
from kpilib.sample.profiles import Profile
from kpilib.sample.span import Days, Span
from kpilib.sample.stories import working_days

__all__ = ["Leads", "leads_table", "simulate_leads"]

_LONGEST = 30
_NEAR = 20
_SECOND = 0.03
_UNSAID = 0.02


@dataclass(frozen=True)
class Leads:
    """Leads in the order of their creation; ``opportunity`` is a place among the opportunities, -1 for none."""

    partner: NDArray[np.int32]
    created: Days
    channel: NDArray[np.int8]
    territory: NDArray[np.int8]
    opportunity: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.partner)


def simulate_leads(
    opportunities: Opportunities, profiles: Sequence[Profile], span: Span, rng: np.random.Generator
) -> Leads:
    """Return the leads of the span that belong to opportunities, also to those created after its last day.

    Around each lead that became an opportunity come, by the same channel, as many without success as the
    channel's chance makes likely. A few opportunities are named by two leads.
    """
    led = np.flatnonzero(opportunities.channel >= 0)
    days = opportunities.created[led] - np.minimum(np.floor(rng.gamma(1.4, 5.0, len(led))), _LONGEST).astype(np.int64)
    channels = opportunities.channel[led]

    waste = np.array([profile.story.paid_waste for profile in profiles])[opportunities.partner[led]]
    chance = np.array([chance for _, _, chance, _ in CHANNELS.values()])[channels]
    failed = rng.geometric(chance / np.where(PAID[channels], waste, 1.0)) - 1
    near = np.repeat(days, failed)
    near += rng.integers(-_NEAR, _NEAR + 1, len(near))

    twice = rng.random(len(led)) < _SECOND
    second = (channels[twice] + rng.integers(1, len(CHANNELS), int(twice.sum()))) % len(CHANNELS)
    later = days[twice] + ((opportunities.created[led] - days)[twice] * rng.random(len(second))).astype(np.int64)

    known = opportunities.created[led] <= span.last
    origin = np.concatenate([led, np.repeat(led, failed), led[twice]])
    created = np.concatenate([days, near, later])
    channel = np.concatenate([channels, np.repeat(channels, failed), second]).astype(np.int8)
    named = np.concatenate([np.where(known, led, -1), np.full(len(near), -1), np.where(known, led, -1)[twice]])
    partner = opportunities.partner[origin]
    converted = np.arange(len(origin)) < len(led)
    territory = np.where(converted, opportunities.territory[origin], rng.permutation(opportunities.territory[origin]))
    sizes = np.array([len(profile.territories) for profile in profiles])[partner]
    territory = np.minimum(territory, sizes - 1)

    first, last = np.array([working_days(profile, span) for profile in profiles]).T[:, partner]
    # Who has just joined has no lead from before: those of its first days came on the first day.
    created = np.where(first > span.first, np.maximum(created, first), created)
    kept = (created >= first) & (created <= last)
    order = np.flatnonzero(kept)[np.lexsort((rng.random(int(kept.sum())), created[kept]))]
    return Leads(
        partner=partner[order],
        created=created[order],
        channel=channel[order],
        territory=territory[order].astype(np.int8),
        opportunity=named[order],
    )


def leads_table(
    leads: Leads, ids: Ids, opportunity_ids: Ids, profiles: Sequence[Profile], span: Span, rng: np.random.Generator
) -> Table:
    """Return the leads as an export of the span's last day shows them."""
    n = len(leads)
    named = np.append(opportunity_ids.numbers, -1)[leads.opportunity]
    places, territories = territory_places(profiles, leads.partner, leads.territory)
    modified = np.minimum(leads.created + rng.integers(0, 21, n), span.last)
    return Table(
        {
            "lead_id": ids,
            "partner_id": Labels(leads.partner, [profile.partner_id for profile in profiles]),
            "created_on": Labels(leads.created - span.first, span.day_texts),
            "channel": Labels(leads.channel, list(CHANNELS)),
            "segment": Labels(leads.channel, [segment for segment, *_ in CHANNELS.values()]),
            "opportunity_id": Ids(opportunity_ids.prefix, named, opportunity_ids.width),
            "region": Labels(np.where(rng.random(n) < _UNSAID, -1, places), territories),
            "modified_on": Labels(modified - span.first, span.day_texts),
        },
        n,
    )
