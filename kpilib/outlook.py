"""The outlook: what the next quarter may bring, as draws from what past quarters taught.

Won amount of the next quarter = what comes of the opportunities open now (each with the chance that its age and,
where a stage history exists, its stage had in the last eight quarters) + what is still to be created and won
within the quarter. Chances are shrunk to the cohort's; their uncertainty is drawn, not ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kpilib.experience import NEVER, Experience, Lives, Prior, age_of, expected_arrivals
from kpilib.facts import Facts
from kpilib.quarter import Quarter

__all__ = ["DRAWS", "MINIMUM_QUARTERS", "Outlook", "draw", "foresee", "lives_of"]

DRAWS = 10_000
MINIMUM_QUARTERS = 4
LEVEL = 0.8

# How many opportunities' worth the cohort's chance weighs against the partner's own.
_PRIOR_OPEN = 15.0
_PRIOR_FAST = 20.0
_PRIOR_AMOUNTS = 8.0

Reason = Literal["too_few_quarters", "quarter_not_over"]


@dataclass(frozen=True)
class Outlook:
    """The next quarter's won amount in major units: median and 80 % interval, and the chance of the target.

    ``reason`` is set, and the figures are None, where no forecast is made.
    """

    quarter: str
    median: float | None = None
    low: float | None = None
    high: float | None = None
    target: float | None = None
    chance: float | None = None
    open_mean: float | None = None
    new_mean: float | None = None
    reason: Reason | None = None


def foresee(
    lives: Lives, prior: Mapping[str, Any] | None, quarter: Quarter, *, seed: int, target: float | None = None
) -> Outlook:
    """Return the outlook on the quarter after ``quarter``, from what its last day knows.

    Parameters
    ----------
    prior
        what `Prior.data` gave for the cohort; None: the partner's own experience alone.
    """
    following = str(quarter.shift(1))
    known = lives.known_on(quarter.end.toordinal())
    experience = Experience.learn(known, quarter)
    if len(experience.arrivals) < MINIMUM_QUARTERS:
        return Outlook(following, target=target, reason="too_few_quarters")
    of_open, of_new = draw(known, experience, None if prior is None else Prior(**prior), quarter, seed=seed)
    total = of_open + of_new
    low, median, high = np.quantile(total, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    chance = None if target is None else float((total >= target).mean())
    return Outlook(
        following, float(median), float(low), float(high), target, chance, float(of_open.mean()), float(of_new.mean())
    )


def lives_of(facts: Facts) -> Lives:
    """Return a slice's opportunities as the lives that the outlook learns from."""
    rows, day = np.arange(len(facts.opportunity_ids)), facts.slice.as_of
    won = facts.is_won(rows, day)
    decided = np.flatnonzero(won | facts.is_lost(rows, day))
    closed = np.full(len(rows), NEVER, dtype=np.int64)
    closed[decided] = [on.toordinal() for on in facts.closed_on(decided)]
    amounts = facts.amounts(rows, day) * float(facts.money(1))
    return Lives(
        created=np.array([on.toordinal() for on in facts.created_on(rows)], dtype=np.int64),
        closed=closed,
        won=won,
        amount=np.where(facts.have_amounts(rows, day), amounts, np.nan),
        changes=_changes_of(facts),
    )


def _changes_of(facts: Facts) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.object_]] | None:
    held = facts.slice.content["tables"].get("stage_history", {})
    places = {key: place for place, key in enumerate(facts.opportunity_ids)}
    stages = held.get("stage") or [None] * len(held.get("opportunity_id", ()))
    told = [
        (places[key], date.fromisoformat(on).toordinal(), stage)
        for key, on, stage in zip(held.get("opportunity_id", ()), held.get("changed_on", ()), stages, strict=True)
        if stage is not None
    ]
    if not told:
        return None
    # A slice holds the rows of one day in the order of their time: a stable sort keeps it.
    rows, days, names = zip(*sorted(told, key=lambda change: change[:2]), strict=True)
    return np.array(rows), np.array(days), np.array(names, dtype=object)


def draw(
    known: Lives, experience: Experience, prior: Prior | None, quarter: Quarter, *, seed: int, draws: int = DRAWS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return draws of the next quarter's won amount: from what is open, and from what is still to come."""
    rng = np.random.default_rng(seed)
    amounts = _Amounts(experience.amounts, prior)
    return (
        _draw_open(known, experience, prior, amounts, quarter, draws, rng),
        _draw_new(experience, prior, amounts, quarter, draws, rng),
    )


@dataclass(frozen=True)
class _Amounts:
    """Amounts of deals to come: the partner's own, with a share of the cohort's spread while they are few."""

    own: NDArray[np.float64]
    prior: Prior | None

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        if len(self.own) == 0 and self.prior is None:
            return np.zeros(n)
        from_own = rng.choice(self.own, n) if len(self.own) else np.zeros(n)
        if self.prior is None:
            return from_own
        logs = np.log(self.own[self.own > 0])
        # The cohort lends its spread; the level follows the partner's own deals as soon as there are some.
        weight = _PRIOR_AMOUNTS / (_PRIOR_AMOUNTS + len(logs))
        level = weight * self.prior.log_mean + (1 - weight) * (logs.mean() if len(logs) else 0.0)
        from_cohort = np.exp(rng.normal(level, self.prior.log_deviation, n))
        lent = rng.random(n) < weight
        drawn: NDArray[np.float64] = np.where(lent | (len(self.own) == 0), from_cohort, from_own)
        return drawn


def _draw_open(
    known: Lives,
    experience: Experience,
    prior: Prior | None,
    amounts: _Amounts,
    quarter: Quarter,
    draws: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    day = quarter.end.toordinal()
    rows = known.open_on(day)
    stages = known.stages_on(day)[rows]
    ages = age_of(day + 1 - known.created[rows])
    values = known.amount[rows]
    total = np.zeros(draws)
    for stage in sorted(set(stages)):
        for age in range(int(ages.max(initial=-1)) + 1):
            cell = values[(stages == stage) & (ages == age)]
            if len(cell) == 0:
                continue
            chance = _chance_drawn(experience, prior, stage, age, draws, rng)
            value = np.where(np.isnan(cell), 0.0, cell)
            wins = rng.random((draws, len(cell)), dtype=np.float32) < chance[:, None]
            total += wins @ value
            unknown = int(np.isnan(cell).sum())
            if unknown:
                total += _sums(rng.binomial(unknown, chance), amounts, rng)
    return total


def _chance_drawn(
    experience: Experience, prior: Prior | None, stage: str, age: int, draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return draws of the chance that an open opportunity of this stage and age is won within the quarter."""
    seen = experience.open_seen.get(stage, np.zeros(age + 1))[age] if stage in experience.open_seen else 0.0
    won = experience.open_won[stage][age] if stage in experience.open_won else 0.0
    if prior is not None:
        by_age = prior.open_rate.get(stage, prior.open_rate[""])
        centre, weight = min(max(by_age[age], 0.005), 0.995), _PRIOR_OPEN
        # How the partner does in all its cells says something about each: the centre is moved by it.
        centre = min(centre * _own_lift(experience, prior), 0.98)
    else:
        all_seen = sum(float(counts.sum()) for counts in experience.open_seen.values())
        all_won = sum(float(counts.sum()) for counts in experience.open_won.values())
        centre, weight = (all_won + 0.5) / (all_seen + 1.5), 4.0
    return rng.beta(won + weight * centre, seen - won + weight * (1 - centre), draws)


def _own_lift(experience: Experience, prior: Prior) -> float:
    """Return the partner's wins ÷ those that the cohort's chances would have given, shrunk to 1."""
    expected = won = 0.0
    for stage, seen in experience.open_seen.items():
        by_age = np.array(prior.open_rate.get(stage, prior.open_rate[""]))
        expected += float((seen * by_age).sum())
        won += float(experience.open_won[stage].sum())
    return (won + 8) / (expected + 8)


def _draw_new(
    experience: Experience,
    prior: Prior | None,
    amounts: _Amounts,
    quarter: Quarter,
    draws: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    season = prior.season if prior is not None else [1.0] * 4
    number = quarter.shift(1).number
    mean = expected_arrivals(experience.arrivals, experience.seasons, season, number)
    dispersion = prior.dispersion if prior is not None else 1.5
    # Gamma-Poisson with the variance that one-quarter-ahead forecasts had: dispersion × mean.
    excess = max(dispersion - 1, 0.05)
    arrivals = rng.poisson(rng.gamma(max(mean, 0.25) / excess, excess, draws))
    came, fast = sum(experience.arrivals), sum(experience.fast)
    centre, weight = (prior.fast_rate, _PRIOR_FAST) if prior is not None else ((fast + 0.5) / (came + 1), 2.0)
    rate = rng.beta(fast + weight * max(centre, 0.005), came - fast + weight * (1 - max(centre, 0.005)), draws)
    return _sums(rng.binomial(arrivals, rate), amounts, rng)


def _sums(counts: NDArray[np.int64], amounts: _Amounts, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return for each count the sum of so many drawn amounts."""
    values = amounts.draw(int(counts.sum()), rng)
    of_count = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(of_count, weights=values, minlength=len(counts)).astype(np.float64)
