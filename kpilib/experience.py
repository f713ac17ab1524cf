"""What became of opportunities in past quarters: the counts that the outlook learns from.

A partner's counts are its own; the cohort's are the sum over all partners and reach a slice only as rates that
`Prior.pooled` rounds, and withholds where few partners or one large one carry them. Days are numbers
(``date.toordinal``), amounts are major units of the reporting currency as floats: nothing here is shown, it only
feeds draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kpilib.quarter import Quarter
from kpilib.rounding import to_two_digits

__all__ = ["AGE_BOUNDS", "NEVER", "QUARTERS", "Experience", "Lives", "Prior", "age_of"]

NEVER = 4_000_000
"""The day on which something closes that has not closed."""

AGE_BOUNDS = (14, 30, 60, 90, 150)
"""Upper bounds in days of the ages by which an open opportunity's chance is told apart; the last is open."""

QUARTERS = 8
"""How many past quarters count."""

FADE = 0.9
"""Weight of a quarter against the one after it."""

AGES = len(AGE_BOUNDS) + 1


def age_of(days: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the place of each age in `AGE_BOUNDS`, the last for all older ones."""
    return np.searchsorted(np.array(AGE_BOUNDS), days, side="left")


@dataclass(frozen=True)
class Lives:
    """One partner's opportunities as known on a day, in the order of their ids.

    ``created`` and ``closed`` are days (`NEVER` while open), ``won`` says how it closed, ``amount`` is NaN when
    unknown. ``changes`` is the stage history as (row, day, stage) in the order of row and day, empty without one.
    """

    created: NDArray[np.int64]
    closed: NDArray[np.int64]
    won: NDArray[np.bool_]
    amount: NDArray[np.float64]
    changes: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.object_]] | None = None

    def open_on(self, day: int) -> NDArray[np.intp]:
        """Return the places of those created by a day and not closed by then."""
        return np.flatnonzero((self.created <= day) & (self.closed > day))

    def known_on(self, day: int) -> Lives:
        """Return the lives as a day knew them: what was created later is gone, what closed later is open."""
        rows = self.created <= day
        open_ = self.closed > day
        changes = None
        if self.changes is not None:
            place = np.cumsum(rows) - 1
            keep = (self.changes[1] <= day) & rows[self.changes[0]]
            changes = (place[self.changes[0][keep]], self.changes[1][keep], self.changes[2][keep])
        return Lives(
            self.created[rows],
            np.where(open_, NEVER, self.closed)[rows],
            (self.won & ~open_)[rows],
            self.amount[rows],
            changes,
        )

    def stages_on(self, day: int) -> NDArray[np.object_]:
        """Return each opportunity's stage on a day, blank where no history tells."""
        stages = np.full(len(self.created), "", dtype=object)
        if self.changes is not None:
            rows, days, names = self.changes
            by_then = days <= day
            # The rows are in the order of their days: the last one written is the latest.
            stages[rows[by_then]] = names[by_then]
        return stages


@dataclass(frozen=True)
class Experience:
    """Counts over past quarters, the latest weighing most.

    ``open_seen`` and ``open_won``: per stage ("" without one) an array by age: opportunities open at a quarter's
    start, and those of them won within the quarter. ``arrivals`` per quarter, latest first, with ``fast`` (won
    within the quarter in which they came). ``amounts``: what the deals of these quarters brought.
    """

    open_seen: dict[str, NDArray[np.float64]]
    open_won: dict[str, NDArray[np.float64]]
    arrivals: tuple[int, ...]
    fast: tuple[int, ...]
    seasons: tuple[int, ...]
    amounts: NDArray[np.float64]

    @classmethod
    def learn(cls, lives: Lives, quarter: Quarter) -> Experience:
        """Return what the eight quarters up to and with ``quarter`` taught, those before the first work left out."""
        seen: dict[str, NDArray[np.float64]] = {}
        won: dict[str, NDArray[np.float64]] = {}
        arrivals, fast, seasons = [], [], []
        first = int(lives.created.min(initial=NEVER))
        for back in range(QUARTERS):
            past = quarter.shift(-back)
            start, end = past.start.toordinal(), past.end.toordinal()
            if first > start:
                break
            rows = lives.open_on(start - 1)
            wins = lives.won[rows] & (lives.closed[rows] <= end)
            stages = lives.stages_on(start - 1)[rows]
            ages = age_of(start - lives.created[rows])
            for stage in set(stages):
                of_stage = stages == stage
                weight = FADE**back
                for book, chosen in ((seen, of_stage), (won, of_stage & wins)):
                    book.setdefault(stage, np.zeros(AGES))
                    book[stage] += weight * np.bincount(ages[chosen], minlength=AGES)
            new = (lives.created >= start) & (lives.created <= end)
            arrivals.append(int(new.sum()))
            fast.append(int((new & lives.won & (lives.closed <= end)).sum()))
            seasons.append(past.number)
        since = quarter.shift(1 - QUARTERS).start.toordinal()
        deals = lives.won & (lives.closed >= since) & (lives.closed <= quarter.end.toordinal())
        amounts = lives.amount[deals & ~np.isnan(lives.amount)]
        return cls(seen, won, tuple(arrivals), tuple(fast), tuple(seasons), amounts)


@dataclass(frozen=True)
class Prior:
    """What all partners' experience says together, rounded to two significant digits.

    ``open_rate``: stage → chance by age ("" = all stages), ``fast_rate``: chance of an arrival to be won within
    its quarter, ``season``: arrivals by quarter of the year against their mean, ``dispersion``: variance of
    arrivals ÷ expected arrivals of the naive forecast, ``log_mean`` and ``log_deviation`` of amounts.
    """

    open_rate: dict[str, list[float]]
    fast_rate: float
    season: list[float]
    dispersion: float
    log_mean: float
    log_deviation: float

    @classmethod
    def pooled(cls, cohort: Sequence[Experience], *, minimum: int = 6, largest: float = 0.6) -> Prior | None:
        """Return the prior of a cohort; None where it has too little to tell, or would tell of one partner.

        Parameters
        ----------
        minimum
            fewer partners with arrivals give no prior.
        largest
            nor do those of whom one has more than this share of the arrivals or of the deals.
        """
        others = [each for each in cohort if sum(each.arrivals)]
        came, fast = [sum(each.arrivals) for each in others], sum(sum(each.fast) for each in others)
        deals = [len(each.amounts) for each in others]
        if len(others) < minimum or sum(came) < 40 or sum(deals) < 20:
            return None
        if max(came) > largest * sum(came) or max(deals) > largest * sum(deals):
            return None
        seen, won = _added(each.open_seen for each in others), _added(each.open_won for each in others)
        amounts = np.concatenate([each.amounts for each in others])
        amounts = amounts[amounts > 0]
        all_seen, all_won = sum(seen.values(), np.zeros(AGES)), sum(won.values(), np.zeros(AGES))
        overall = float(np.sum(all_won) / np.sum(all_seen)) if np.sum(all_seen) else 0.0
        by_age = (all_won + 20 * overall) / (all_seen + 20)
        rates = {"": by_age} | {
            # A cell that was seldom seen leans on its age's rate, moved by how its stage does in general.
            stage: (won[stage] + 20 * np.clip(by_age * _lift(won[stage], seen[stage], by_age), 0, 0.98))
            / (seen[stage] + 20)
            for stage in seen
            if stage
        }
        logs = np.log(amounts)
        season = _season(others)
        return cls(
            {stage: [to_two_digits(float(rate)) for rate in rates[stage]] for stage in sorted(rates)},
            to_two_digits(fast / sum(came)),
            [to_two_digits(factor) for factor in season],
            to_two_digits(_dispersion(others, season)),
            to_two_digits(float(logs.mean())),
            to_two_digits(float(logs.std())),
        )

    def data(self) -> dict[str, Any]:
        """Return the plain values for a slice."""
        return dict(vars(self))


def expected_arrivals(arrivals: Sequence[int], seasons: Sequence[int], season: Sequence[float], number: int) -> float:
    """Return the arrivals to expect in a quarter of the year: the faded mean of those before, season taken out."""
    weights = [0.7**back for back in range(len(arrivals))]
    exposure = sum(weight * season[of - 1] for weight, of in zip(weights, seasons, strict=True))
    came = sum(weight * count for weight, count in zip(weights, arrivals, strict=True))
    return season[number - 1] * came / exposure if exposure else 0.0


def _added(books: Iterable[dict[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    total: dict[str, NDArray[np.float64]] = {}
    for book in books:
        for stage, counts in book.items():
            total[stage] = total.get(stage, np.zeros(AGES)) + counts
    return total


def _lift(won: NDArray[np.float64], seen: NDArray[np.float64], by_age: NDArray[np.float64]) -> float:
    expected = float((seen * by_age).sum())
    return (float(won.sum()) + 5) / (expected + 5)


def _season(others: Sequence[Experience]) -> list[float]:
    """Return the factor of each quarter of the year, from partners with eight whole quarters, drawn half to 1."""
    totals = np.zeros(4)
    for each in others:
        if len(each.arrivals) == QUARTERS:
            for number, count in zip(each.seasons, each.arrivals, strict=True):
                totals[number - 1] += count
    if totals.sum() < 200:
        return [1.0] * 4
    factors = totals / totals.mean()
    # Counts of n vary by about 1/√n: with few the factors are mostly chance.
    trust = totals.mean() / (totals.mean() + 100)
    return [float(1 + trust * (factor - 1)) for factor in factors]


def _dispersion(others: Sequence[Experience], season: Sequence[float]) -> float:
    """Return by how much one-quarter-ahead forecasts of arrivals miss, as variance ÷ mean; at least 1."""
    squares, n = 0.0, 0
    for each in others:
        for back in range(max(len(each.arrivals) - 4, 0)):
            mean = expected_arrivals(each.arrivals[back + 1 :], each.seasons[back + 1 :], season, each.seasons[back])
            if mean >= 2:
                squares += (each.arrivals[back] - mean) ** 2 / mean
                n += 1
    return max(squares / n, 1.0) if n >= 10 else 1.5
