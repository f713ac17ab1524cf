"""How well the outlook would have done: each past quarter forecast from what its first day knew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilib.experience import Experience, Lives, Prior
from kpilib.outlook import MINIMUM_QUARTERS, draw
from kpilib.quarter import Quarter

__all__ = ["Backtest", "Forecast", "backtest"]

_TAUS = np.array([0.1, 0.5, 0.9])


@dataclass(frozen=True)
class Forecast:
    """One partner's past quarter: what was forecast, what came, and what two naive ways would have said."""

    partner_id: str
    quarter: str
    low: float
    median: float
    high: float
    actual: float
    pit: float
    loss: float
    loss_last: float
    loss_weighted: float


@dataclass(frozen=True)
class Backtest:
    """All forecasts together.

    ``coverage``: share of PIT values in (0.1, 0.9), with its 95 % interval by resampling quarters; the losses are
    mean pinball losses over the quantiles 0.1, 0.5, 0.9 in major units.
    """

    forecasts: tuple[Forecast, ...]
    coverage: float
    low: float
    high: float
    loss: float
    loss_last: float
    loss_weighted: float


def backtest(
    partners: Mapping[str, Lives],
    quarters: Sequence[Quarter],
    *,
    least: int = MINIMUM_QUARTERS,
    seed: int = 0,
    draws: int = 4_000,
) -> Backtest | None:
    """Return how the outlook on each of the quarters would have done; None where nothing could be forecast.

    A quarter is forecast from the rows known on the last day before it; the prior is the cohort's of that day. The
    naive forecasts are points: the amount of the quarter before, and the amounts open at the start times the share of
    decided opportunities that the partner had won in four quarters (else all partners').

    Parameters
    ----------
    least
        how many whole quarters a partner needs before the one that is forecast; a pack gives no range below four.
    """
    rng = np.random.default_rng(seed)
    forecasts = []
    for quarter in quarters:
        before = quarter.shift(-1)
        day = before.end.toordinal()
        known = {partner_id: lives.known_on(day) for partner_id, lives in sorted(partners.items())}
        learned = {partner_id: Experience.learn(lives, before) for partner_id, lives in known.items()}
        everyone = _success(list(known.values()), before) or 0.0
        prior = Prior.pooled(list(learned.values()))
        for partner_id, experience in learned.items():
            if len(experience.arrivals) < least:
                continue
            of_open, of_new = draw(
                known[partner_id], experience, prior, before, seed=int(rng.integers(2**32)), draws=draws
            )
            total = of_open + of_new
            actual = _won_in(partners[partner_id], quarter)
            # Randomised where the forecast has a lump, as at 0: the values are uniform if it is right.
            pit = float((total < actual).mean() + rng.random() * (total == actual).mean())
            low, median, high = np.quantile(total, _TAUS)
            success = _success([known[partner_id]], before)
            weighted = _open_value(known[partner_id], day) * (everyone if success is None else success)
            last = _won_in(known[partner_id], before)
            forecasts.append(
                Forecast(
                    partner_id, str(quarter), float(low), float(median), float(high), actual, pit,
                    _pinball(np.array([low, median, high]), actual),
                    _pinball(np.full(3, last), actual),
                    _pinball(np.full(3, weighted), actual),
                )
            )  # fmt: skip
    return _summary(forecasts, rng) if forecasts else None


def _summary(forecasts: list[Forecast], rng: np.random.Generator) -> Backtest:
    inside = np.array([0.1 < each.pit < 0.9 for each in forecasts])
    names = np.array([each.quarter for each in forecasts])
    blocks = [inside[names == name] for name in sorted(set(names))]
    hits, sizes = np.array([block.sum() for block in blocks]), np.array([len(block) for block in blocks])
    picks = rng.integers(len(blocks), size=(2_000, len(blocks)))
    low, high = np.quantile(hits[picks].sum(axis=1) / sizes[picks].sum(axis=1), [0.025, 0.975])
    losses = np.array([(each.loss, each.loss_last, each.loss_weighted) for each in forecasts]).mean(axis=0)
    return Backtest(tuple(forecasts), float(inside.mean()), float(low), float(high), *losses.tolist())


def _pinball(quantiles: NDArray[np.float64], actual: float) -> float:
    miss = actual - quantiles
    return float(np.maximum(_TAUS * miss, (_TAUS - 1) * miss).mean())


def _won_in(lives: Lives, quarter: Quarter) -> float:
    rows = lives.won & (lives.closed >= quarter.start.toordinal()) & (lives.closed <= quarter.end.toordinal())
    return float(np.nansum(lives.amount[rows]))


def _open_value(lives: Lives, day: int) -> float:
    return float(np.nansum(lives.amount[lives.open_on(day)]))


def _success(many: Sequence[Lives], quarter: Quarter) -> float | None:
    since, until = quarter.shift(-3).start.toordinal(), quarter.end.toordinal()
    won = decided = 0
    for lives in many:
        rows = (lives.closed >= since) & (lives.closed <= until)
        decided += int(rows.sum())
        won += int((rows & lives.won).sum())
    return won / decided if decided else None
