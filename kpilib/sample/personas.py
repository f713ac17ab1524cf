"""The sample's personas: how the figures of a partner that has a story move over time.

Every curve takes the years that lie before the sample's last day (0 = that day) and gives a factor. What a
factor cannot say (a quarter without decisions, two large deals) is done where opportunities are simulated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PERSONAS", "RIVAL", "STORIES", "Story", "persona_of"]

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

RIVAL = "Kestrion"
"""The competitor to whom the partner of the persona ``losing`` loses."""

PERSONAS: dict[str, str] = {
    "P001": "rich",
    "P002": "growing",
    "P003": "stalling",
    "P004": "losing",
    "P005": "burning_paid",
    "P006": "empty_quarter",
    "P007": "joined_last_month",
    "P008": "no_targets",
    "P009": "two_large_deals",
    "P010": "inactive",
    "P011": "korean",
    "P012": "korean",
    "P013": "blank_amounts",
    "P014": "weak",
}
"""Which partner plays which persona; every partner that is not named here is ``steady``."""


def persona_of(partner_id: str) -> str:
    """Return the persona of a partner of the sample.

    >>> persona_of("P004"), persona_of("P021")
    ('losing', 'steady')
    """
    return PERSONAS.get(partner_id, "steady")


def _flat(years: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ones_like(years)


def _between(years: NDArray[np.float64], since: float, before: float, now: float) -> NDArray[np.float64]:
    """A factor that goes straight from ``before``, ``since`` years back, to ``now``."""
    return np.interp(years, [0.0, since], [now, before])


@dataclass(frozen=True)
class Story:
    """What a persona's figures are: opportunities created a month, chance to win, days, size, habits.

    ``rate`` None means: drawn, as for all steady partners. The curves multiply the level.
    """

    rate: float | None = None
    win: float | None = None
    size: float = 1.0
    reps: int | None = None
    arrivals: Curve = _flat
    winning: Curve = _flat
    slowness: Curve = _flat
    paid_leads: float = 1.0
    paid_waste: float = 1.0
    paid_spend: float = 1.0
    blank_share: float = 0.03
    target_growth: float = 1.08


STORIES: dict[str, Story] = {
    "rich": Story(rate=44.0, win=0.50, size=1.25, reps=6, arrivals=lambda years: 1.12**-years),
    "growing": Story(rate=42.0, win=0.50, reps=5, arrivals=lambda years: 1.95**-years, target_growth=1.25),
    "stalling": Story(
        rate=24.0,
        win=0.46,
        reps=4,
        arrivals=lambda years: _between(years, 1.4, 1.0, 0.35),
        winning=lambda years: _between(years, 1.2, 1.0, 0.75),
        slowness=lambda years: _between(years, 1.4, 1.0, 1.5),
    ),
    "losing": Story(rate=23.0, win=0.53, reps=4, winning=lambda years: np.where(years < 1.08, 0.45, 1.0)),
    "burning_paid": Story(rate=13.0, win=0.46, reps=3, paid_leads=0.55, paid_waste=4.0, paid_spend=4.5),
    "empty_quarter": Story(rate=9.0, win=0.45, reps=2),
    "joined_last_month": Story(rate=6.0, win=0.45, reps=2),
    "no_targets": Story(rate=12.0, win=0.47, reps=3),
    "two_large_deals": Story(rate=6.0, win=0.45, size=0.8, reps=2),
    "inactive": Story(rate=10.0, win=0.40, reps=2),
    "korean": Story(win=0.48, reps=3),
    "blank_amounts": Story(rate=10.0, win=0.45, reps=2, blank_share=0.3),
    "weak": Story(rate=12.0, win=0.17, reps=3),
    "steady": Story(),
}
