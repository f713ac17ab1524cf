"""The partners of the sample: who they are, and the levels around which their figures move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kpilib.sample.names import MANAGERS, company_at, contact_at, rep_at
from kpilib.sample.personas import STORIES, Story, persona_of

__all__ = ["Profile", "make_profiles"]

# Region of a partner → territories of its opportunities and leads.
_TERRITORIES = {
    "Americas": ("US East", "US West", "Canada", "Latin America"),
    "Northern Europe": ("Nordics", "UK & Ireland", "DACH"),
    "Southern Europe": ("Iberia", "Italy", "France"),
    "Asia Pacific": ("Oceania", "Japan", "Southeast Asia"),
    "Korea": ("서울", "부산", "대전"),
}
_REGIONS = ("Americas", "Northern Europe", "Southern Europe", "Asia Pacific")
# The regions of the partners with a chosen name, which fit those names.
_CHOSEN_REGIONS = "020101310133102301201210321001"


@dataclass(frozen=True)
class Profile:
    """One partner: what the partners table says of it, and its levels."""

    place: int
    partner_id: str
    persona: str
    name: str
    tier: str
    region: str
    locale: str
    contact_name: str
    contact_email: str
    manager: str
    currency: str
    territories: tuple[str, ...]
    reps: tuple[str, ...]
    rate: float
    win: float
    cycle: float
    spend_share: float
    story: Story

    @property
    def active(self) -> bool:
        """Whether the partner still works with us."""
        return self.persona != "inactive"


def make_profiles(partners: int, rng: np.random.Generator) -> list[Profile]:
    """Return the first ``partners`` partners of the sample, P001 first."""
    draws = rng.random((partners, 8))
    profiles, next_rep = [], {"en": 0, "ko": 0}
    for place in range(partners):
        draw = draws[place]
        partner_id = f"P{place + 1:03d}"
        persona = persona_of(partner_id)
        story = STORIES[persona]
        locale = "ko" if place % 30 in (10, 11) else "en"
        region = _region_at(place, locale)
        rate = story.rate if story.rate is not None else _rate_of(place, draw[0])
        reps = story.reps or (3 if rate >= 9 else 1 + int(draw[1] < 0.6))
        company = company_at(place, locale)
        contact = contact_at(place, locale)
        address = f"{contact.mailbox}@{company.slug}.example"
        profiles.append(
            Profile(
                place=place,
                partner_id=partner_id,
                persona=persona,
                name=company.name,
                tier="Platinum" if rate >= 20 else "Gold" if rate >= 9 else "Silver",
                region=region,
                locale=locale,
                contact_name=contact.name,
                contact_email=f"{address};sales@{company.slug}.example" if place % 5 == 0 else address,
                manager=MANAGERS[4] if locale == "ko" else MANAGERS[_REGIONS.index(region)],
                currency=_currency_of(place, region, locale),
                territories=_TERRITORIES["Korea" if locale == "ko" else region],
                reps=tuple(rep_at(next_rep[locale] + n, locale).name for n in range(reps)),
                rate=rate,
                win=story.win if story.win is not None else 0.40 + 0.14 * draw[2],
                cycle=float(36 + 26 * draw[3]),
                spend_share=0.0 if place % 9 == 8 and place != 8 else float(0.09 + 0.08 * draw[4]),
                story=story,
            )
        )
        next_rep[locale] += reps
    return profiles


def _region_at(place: int, locale: str) -> str:
    if locale == "ko":
        return "Asia Pacific"
    return _REGIONS[int(_CHOSEN_REGIONS[place]) if place < len(_CHOSEN_REGIONS) else place * 3 % 4]


def _currency_of(place: int, region: str, locale: str) -> str:
    """Every other Korean partner bills in dollars."""
    if locale == "ko":
        return "KRW" if place % 2 == 0 else "USD"
    return "EUR" if "Europe" in region else "USD"


def _rate_of(place: int, draw: float) -> float:
    """Opportunities created a month: one steady partner in fifteen is large, one in three middling."""
    if place % 30 in (14, 27):
        return 28.0 + 10.0 * draw
    if place % 3 == 1:
        return 10.0 + 5.0 * draw
    return 3.4 + 2.2 * draw
