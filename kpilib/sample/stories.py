"""What the personas' stories need beyond levels and curves: single opportunities bent to fit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilib.sample.catalogue import MEAN_AMOUNT, REASONS
from kpilib.sample.names import COMPETITORS
from kpilib.sample.personas import RIVAL
from kpilib.sample.profiles import Profile
from kpilib.sample.span import Days, Span

__all__ = ["Lives", "leaving_day", "tell_stories", "working_days"]

_REASONS = list(REASONS)


@dataclass
class Lives:
    """The opportunities' fates, which a story may change in place."""

    partner: NDArray[np.int32]
    created: Days
    closes: Days
    wins: NDArray[np.bool_]
    dollars: NDArray[np.float64]
    reason: NDArray[np.int8]
    rival: NDArray[np.int8]


def leaving_day(span: Span) -> int:
    """Return the day on which the inactive partner left: the end of the last quarter but two."""
    return span.quarter.shift(-2).end.toordinal()


def working_days(profile: Profile, span: Span) -> tuple[int, int]:
    """Return the first and the last day of the span on which a partner works with us."""
    first = span.months[-1].toordinal() if profile.persona == "joined_last_month" else span.first
    return first, span.last if profile.active else leaving_day(span)


def tell_stories(profiles: Sequence[Profile], span: Span, lives: Lives, rng: np.random.Generator) -> None:
    """Change the fates of the partners whose persona is about single opportunities."""
    tellers = {
        "empty_quarter": _decide_nothing,
        "two_large_deals": _win_two_large,
        "inactive": _end_all,
        "losing": _lose_to_rival,
    }
    for place, profile in enumerate(profiles):
        if profile.persona in tellers:
            tellers[profile.persona](lives, np.flatnonzero(lives.partner == place), span, rng)


def _decide_nothing(lives: Lives, rows: NDArray[np.intp], span: Span, rng: np.random.Generator) -> None:
    """In the latest quarter nothing is won or lost: what would be stays open."""
    start, end = span.quarter.start.toordinal(), span.quarter.end.toordinal()
    rows = rows[(lives.closes[rows] >= start) & (lives.closes[rows] <= end)]
    lives.closes[rows] = span.last + rng.integers(12, 110, len(rows))


def _win_two_large(lives: Lives, rows: NDArray[np.intp], span: Span, _rng: np.random.Generator) -> None:
    """Two deals bring most of the latest quarter's money."""
    start = span.quarter.start.toordinal()
    rows = rows[(lives.created[rows] >= start - 100) & (lives.created[rows] <= start + 20)]
    large = rows[[len(rows) // 3, len(rows) * 2 // 3]] if len(rows) > 1 else rows
    for row, day, factor in zip(large, (start + 33, start + 71), (11.2, 8.4), strict=False):
        lives.wins[row] = True
        lives.closes[row] = day
        lives.dollars[row] = factor * MEAN_AMOUNT


def _end_all(lives: Lives, rows: NDArray[np.intp], span: Span, rng: np.random.Generator) -> None:
    """When the partner leaves, what is still open is lost within two weeks."""
    left = leaving_day(span)
    rows = rows[lives.closes[rows] > left]
    lives.closes[rows] = left - rng.integers(0, 14, len(rows))
    lives.closes[rows] = np.maximum(lives.closes[rows], lives.created[rows])
    lives.wins[rows] = False
    lives.reason[rows] = _REASONS.index("No decision")


def _lose_to_rival(lives: Lives, rows: NDArray[np.intp], span: Span, rng: np.random.Generator) -> None:
    """For four quarters seven losses in ten go to one competitor."""
    rows = rows[(lives.closes[rows] >= span.quarter.shift(-3).start.toordinal()) & ~lives.wins[rows]]
    rows = rows[rng.random(len(rows)) < 0.7]
    lives.reason[rows] = _REASONS.index("Competitor")
    lives.rival[rows] = COMPETITORS.index(RIVAL)
