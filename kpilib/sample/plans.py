"""What was planned with a partner: marketing spend and targets, both from the levels that one would expect.

Neither looks at what the simulation drew: a plan is made before.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from kpilib.quarter import Quarter
from kpilib.sample.catalogue import CHANNELS, MEAN_AMOUNT, PAID, SEASON, SPEND
from kpilib.sample.currencies import CURRENCIES, DIGITS, quote
from kpilib.sample.files import Amounts, Labels, Table, Texts
from kpilib.sample.profiles import Profile
from kpilib.sample.span import Span
from kpilib.sample.stories import working_days

__all__ = ["spend_table", "targets_table"]

_BUDGETED = np.array(list(SPEND.values()))
_OF_PAID = PAID[[list(CHANNELS).index(channel) for channel in SPEND]]


def spend_table(profiles: Sequence[Profile], span: Span, volume: float, rng: np.random.Generator) -> Table:
    """Return a row per partner, month and channel with a budget, in the partner's currency.

    A partner's budget is its share of the revenue that its levels lead to expect.
    """
    months = np.array([month.toordinal() for month in span.months])
    years = span.years_back(months + 15)
    shape = (len(profiles), len(months), len(SPEND))
    dollars, spends = np.zeros(shape), np.zeros(shape, dtype=bool)
    for place, profile in enumerate(profiles):
        first, last = working_days(profile, span)
        monthly = profile.rate * profile.win * profile.story.size * MEAN_AMOUNT * volume * profile.spend_share
        budget = monthly * profile.story.arrivals(years)[:, None] * _BUDGETED
        dollars[place] = budget * np.where(_OF_PAID, profile.story.paid_spend, 1.0)
        spends[place] = ((months >= first) & (months <= last) & (profile.spend_share > 0))[:, None]
    # Search is paid every month; a fair or a webinar is not held in each.
    spends &= rng.random(shape) < np.where(np.array(list(SPEND)) == "Paid search", 1.0, 0.85)
    dollars *= np.exp(rng.normal(0.0, 0.2, shape))
    partner, month, channel = np.nonzero(spends)
    currency = np.array([CURRENCIES.index(profile.currency) for profile in profiles])[partner]
    return Table(
        {
            "partner_id": Labels(partner, [profile.partner_id for profile in profiles]),
            "channel": Labels(channel, list(SPEND)),
            "month": Labels(month, [day.isoformat() for day in span.months]),
            "amount": Amounts(quote(dollars[spends], currency, rng), DIGITS[currency]),
            "currency": Labels(currency, CURRENCIES),
        },
        len(partner),
    )


def targets_table(profiles: Sequence[Profile], span: Span, volume: float) -> Table:
    """Return what each partner was to reach in each quarter of the span, and in the one after it."""
    rows: list[tuple[str, str, str, str]] = []
    for profile in profiles:
        if profile.persona == "no_targets":
            continue
        first, last = working_days(profile, span)
        for quarter in (*span.quarters, span.quarters[-1].shift(1)):
            # Agreed when the partner had worked a quarter; nothing more when it had left.
            new = first > span.first and quarter.start.toordinal() <= span.last
            if not new and (profile.active or quarter.end.toordinal() <= last):
                rows += [
                    (profile.partner_id, str(quarter), metric, value)
                    for metric, value in _targets(profile, quarter, span, volume).items()
                ]
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    names = ("partner_id", "quarter", "metric", "value")
    return Table({name: Texts(values) for name, values in zip(names, columns, strict=True)}, len(rows))


def _targets(profile: Profile, quarter: Quarter, span: Span, volume: float) -> dict[str, str]:
    """Return the targets of a quarter: what a year earlier was to be expected, and somewhat more."""
    story = profile.story
    year_ago = np.array([quarter.shift(-4).start.toordinal() + 45])
    years = span.years_back(year_ago)
    # Won is what was created some two months before.
    season = float(np.mean([SEASON[(quarter.start.month - 3 + n) % 12] for n in range(3)]))
    expected = max(profile.win, 0.38)
    deals = 3 * profile.rate * volume * season * expected * _at(story.arrivals(years)) * story.target_growth
    amount = MEAN_AMOUNT * story.size
    targets = {
        "won_amount": str(_two_digits(deals * amount)),
        "deal_count": str(max(1, round(deals))),
        "deal_success": f"{expected + 0.02:.2f}",
    }
    if profile.tier != "Silver":
        targets["opportunity_pipeline"] = str(_two_digits(deals * amount * 1.6))
    if profile.tier == "Platinum":
        targets["average_deal_size"] = str(_two_digits(amount * 1.02))
    return targets


def _at(values: NDArray[np.float64]) -> float:
    return float(values[0])


def _two_digits(value: float) -> int:
    """Return a value as plans state it, with two digits that say something."""
    unit: int = 10 ** max(floor(log10(max(value, 1.0))) - 1, 0)
    return round(value / unit) * unit
