"""The simulation of all partners' opportunities at once.

Each opportunity gets its whole life when it is created: whether it will be won, after how many days, through
which stages. What lies after the sample's last day is cut off only when the tables are made, so that what is
open on that day is open for the same reasons as in life, and its stage says something about its chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpilib.quarter import Quarter
from kpilib.sample.catalogue import CHANNELS, LOST_AT, PAID, PRODUCTS, REASONS, RIVAL_SHARES, SEASON, SPREAD, WITH_LEAD
from kpilib.sample.currencies import CURRENCIES, quote
from kpilib.sample.opportunities import NEVER, Opportunities
from kpilib.sample.profiles import Profile
from kpilib.sample.span import Days, Span
from kpilib.sample.stories import Lives, leaving_day, tell_stories

__all__ = ["simulate_opportunities"]

_STAGES = 5


def simulate_opportunities(
    profiles: Sequence[Profile], span: Span, volume: float, rng: np.random.Generator
) -> Opportunities:
    """Return the opportunities of all partners, some created after the span's last day included."""
    partner, created = _arrivals(profiles, span, volume, rng)
    n, years = len(partner), span.years_back(created)

    product = rng.choice(len(PRODUCTS), n, p=[share for share, *_ in PRODUCTS.values()])
    channel = _channels(profiles, partner, rng)
    rep = _reps(profiles, partner, rng)
    currency = np.where(
        rng.random(n) < 0.85, _each(profiles, lambda p: CURRENCIES.index(p.currency))[partner], 0
    ).astype(np.int8)

    chance = _each(profiles, lambda p: p.win)[partner] * _along(profiles, lambda p: p.story.winning, partner, years)
    chance *= np.array([win for _, _, win, _ in PRODUCTS.values()])[product]
    chance *= np.array([*(win for *_, win in CHANNELS.values()), 1.0])[channel]
    chance *= rng.uniform(0.82, 1.18, sum(len(profile.reps) for profile in profiles))[rep]
    wins = rng.random(n) < np.clip(chance, 0.02, 0.92)

    cycle = np.exp(rng.normal(0.0, 0.55, n)) * _each(profiles, lambda p: p.cycle)[partner]
    cycle *= np.array([slow for *_, slow in PRODUCTS.values()])[product]
    cycle *= _along(profiles, lambda p: p.story.slowness, partner, years) * np.where(wins, 1.0, 1.15)
    # Forgotten ones, which make a pipeline stale.
    cycle *= np.where(rng.random(n) < np.where(wins, 0.01, 0.06), 4.0, 1.0)
    sold_at_once = wins & (product == len(PRODUCTS) - 1) & (rng.random(n) < 0.05)
    closes = _push_to_quarter_end(created + np.rint(np.where(sold_at_once, 0.0, cycle)).astype(np.int64), rng)

    lives = Lives(
        partner=partner,
        created=created,
        closes=closes,
        wins=wins,
        dollars=_draw_dollars(profiles, partner, product, rng),
        reason=rng.choice(len(REASONS), n, p=list(REASONS.values())).astype(np.int8),
        rival=rng.choice(len(RIVAL_SHARES), n, p=RIVAL_SHARES).astype(np.int8),
    )
    tell_stories(profiles, span, lives, rng)
    lives.closes = _at_work(lives.closes, created)
    blank = rng.random(n) < _each(profiles, lambda p: p.story.blank_share)[partner]
    blank &= ~(lives.wins & (lives.closes <= span.last))  # what is won has an amount
    entered, valued = _stages(lives, currency, blank, rng)
    territories = _each(profiles, lambda p: len(p.territories))[partner]
    return Opportunities(
        partner=partner,
        created=created,
        closes=lives.closes,
        wins=lives.wins,
        product=product.astype(np.int8),
        channel=channel,
        rep=rep,
        territory=(rng.random(n) ** 1.3 * territories).astype(np.int8),
        currency=currency,
        reason=lives.reason,
        rival=lives.rival,
        entered=entered,
        valued=valued,
    )


def _arrivals(
    profiles: Sequence[Profile], span: Span, volume: float, rng: np.random.Generator
) -> tuple[NDArray[np.int32], Days]:
    """Return partner and day of each opportunity, in the order of the days."""
    months = np.array([month.toordinal() for month in span.simulated])
    ends = np.array([*months[1:], months[-1] + 30])
    this_month = len(span.months) - 1
    years = span.years_back(months + 15)
    season = SEASON[[month.month - 1 for month in span.simulated]]
    expected = np.array([profile.rate * profile.story.arrivals(years) for profile in profiles]) * season * volume
    new = np.array([profile.persona == "joined_last_month" for profile in profiles])
    left = np.array([profile.persona == "inactive" for profile in profiles])
    expected[np.ix_(new, months < months[this_month])] = 0
    # Who leaves begins nothing new in the last month.
    expected[np.ix_(left, ends > leaving_day(span))] = 0
    counts = rng.poisson(expected)
    counts[new, this_month] = max(4, round(6 * volume))

    partner = np.repeat(np.arange(len(profiles), dtype=np.int32), counts.sum(axis=1))
    month = np.repeat(np.tile(np.arange(len(months)), len(profiles)), counts.ravel())
    until_last = np.minimum(ends[month], span.last + 1)
    stops = np.where(new[partner] & (month == this_month), until_last, ends[month])
    created = months[month] + (rng.random(len(month)) * (stops - months[month])).astype(np.int64)
    created = _at_work(created, months[month])
    # The day of the export must be in the data, since the latest quarter is read from it.
    of_first = np.flatnonzero((partner == 0) & (created <= span.last))
    if len(of_first):
        created[of_first[np.argmax(created[of_first])]] = span.last
    order = np.lexsort((rng.random(len(created)), created))
    return partner[order], created[order]


def _channels(profiles: Sequence[Profile], partner: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int8]:
    """Return the channel that each opportunity came by, -1 for none; every partner has its own mix."""
    shares = np.array([share for _, share, *_ in CHANNELS.values()])
    mix = shares * np.exp(rng.normal(0.0, 0.3, (len(profiles), len(shares))))
    mix *= np.where(PAID, _each(profiles, lambda p: p.story.paid_leads)[:, None], 1.0)
    bounds = np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1)
    draw = rng.random(len(partner))
    channel = np.zeros(len(partner), dtype=np.int8)
    for place in range(len(shares) - 1):
        channel += draw >= bounds[partner, place]
    channel[rng.random(len(partner)) >= WITH_LEAD] = -1
    return channel


def _reps(profiles: Sequence[Profile], partner: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
    """Return the place of each opportunity's rep among the reps of all partners."""
    sizes = _each(profiles, lambda p: len(p.reps))
    # The power gives the first reps of a partner more of the work.
    own = (rng.random(len(partner)) ** 1.4 * sizes[partner]).astype(np.int32)
    places: NDArray[np.int32] = (np.cumsum(sizes) - sizes)[partner].astype(np.int32) + own
    return places


def _draw_dollars(
    profiles: Sequence[Profile], partner: NDArray[np.int32], product: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    medians = np.array([median for _, median, *_ in PRODUCTS.values()])
    sizes = _each(profiles, lambda p: p.story.size)[partner]
    dollars: NDArray[np.float64] = np.exp(rng.normal(0.0, SPREAD, len(partner))) * medians[product] * sizes
    return dollars


def _stages(
    lives: Lives, currency: NDArray[np.int8], blank: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the day on which each stage is entered, and the amount from then on."""
    n = len(lives.partner)
    reached = np.where(lives.wins, np.where(rng.random(n) < 0.85, 4, 3), rng.choice(_STAGES, n, p=LOST_AT))
    spent = np.sort(rng.random((n, _STAGES - 1)) * 0.9, axis=1)
    # A lost one that goes no further spends its days in the stages that it reached.
    spent /= np.where(reached < _STAGES - 1, spent[np.arange(n), np.minimum(reached, _STAGES - 2)] / 0.9, 1.0)[:, None]
    entered = np.empty((n, _STAGES), dtype=np.int32)
    entered[:, 0] = lives.created
    entered[:, 1:] = lives.created[:, None] + np.floor(spent * (lives.closes - lives.created)[:, None])
    entered[np.arange(_STAGES) > reached[:, None]] = NEVER
    # Two stages on one day would leave open which is the latest: the later one stays.
    for stage in range(_STAGES - 1):
        entered[entered[:, stage] == entered[:, stage + 1], stage] = NEVER

    final = quote(lives.dollars, currency, rng)
    first = quote(lives.dollars * np.exp(rng.normal(0.03, 0.22, n)), currency, rng)
    revised = np.where(rng.random(n) < 0.35, rng.integers(1, _STAGES, n), 0)
    valued = np.where(np.arange(_STAGES) < revised[:, None], first[:, None], final[:, None])
    valued[blank] = -1
    return entered, valued


def _at_work(days: Days, not_before: Days) -> Days:
    """Return days moved off the weekend: to the Friday before, or to the Monday after if that is too early."""
    weekday = (days + 6) % 7
    friday = days - np.maximum(weekday - 4, 0)
    monday = days + np.where(weekday > 4, 7 - weekday, 0)
    return np.where(friday >= not_before, friday, monday)


def _push_to_quarter_end(days: Days, rng: np.random.Generator) -> Days:
    """Return the days of decision with some of a quarter's last weeks drawn to its last days, as reps do."""
    if not len(days):
        return days
    quarter, ends = Quarter.containing(date.fromordinal(int(days.min()))), [0]
    while ends[-1] < days.max():
        ends.append(quarter.end.toordinal())
        quarter = quarter.shift(1)
    end = np.array(ends)[np.searchsorted(ends, days)]
    pushed = (end - days <= 25) & (rng.random(len(days)) < 0.3)
    return np.where(pushed, np.maximum(days, end - rng.integers(0, 6, len(days))), days)


def _each(profiles: Sequence[Profile], level: Callable[[Profile], float]) -> NDArray[Any]:
    return np.array([level(profile) for profile in profiles])


def _along(
    profiles: Sequence[Profile],
    curve: Callable[[Profile], Callable[[NDArray[np.float64]], NDArray[np.float64]]],
    partner: NDArray[np.int32],
    years: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return each row's value of its partner's curve; partners without a curve of their own stay at 1."""
    values = np.ones(len(partner))
    for place, profile in enumerate(profiles):
        if profile.persona != "steady":
            rows = partner == place
            values[rows] = curve(profile)(years[rows])
    return values
