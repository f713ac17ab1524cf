"""Intervals and tests: what a sample can carry.

Pure functions of counts and arrays; nothing here knows of partners or KPIs. Chance is drawn from seeds that the
caller derives with `seed_of`, so that a figure is the same on every machine and in every run.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, combinations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Z95",
    "benjamini_hochberg",
    "bootstrap",
    "bootstrap_means",
    "compare_counts",
    "compare_means",
    "compare_rates",
    "holm",
    "newcombe",
    "seed_of",
    "wilson",
]

Floats = NDArray[np.float64]

Z95 = NormalDist().inv_cdf(0.975)
"""The normal quantile of a two-sided 95 % interval."""

BOOTSTRAP_DRAWS = 2_000
PERMUTATIONS = 4_999
_ENUMERABLE = 5_000
_BLOCK = 16_000


def seed_of(*names: str) -> int:
    """Return the seed that some names stand for: their SHA-256 as a number.

    >>> seed_of("P001", "2026Q3") == seed_of("P001", "2026Q3") != seed_of("P0012", "026Q3")
    True
    """
    return int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest(), "big")


def wilson(successes: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval of a rate; (0, 1) without trials.

    >>> [round(bound, 4) for bound in wilson(10, 20)]
    [0.2993, 0.7007]
    """
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    spread = z * z / trials
    centre = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / trials + spread / (4 * trials)) / (1 + spread)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def newcombe(first: tuple[int, int], second: tuple[int, int], z: float = Z95) -> tuple[float, float]:
    """Return Newcombe's score interval of the first rate less the second, each given as (successes, trials).

    Method 10 of Newcombe (1998), without continuity correction. Neither number of trials may be 0.

    >>> [round(bound, 4) for bound in newcombe((56, 70), (48, 80))]
    [0.0524, 0.3339]
    """
    (low1, high1), (low2, high2) = wilson(*first, z), wilson(*second, z)
    rate1, rate2 = first[0] / first[1], second[0] / second[1]
    difference = rate1 - rate2
    low = difference - math.hypot(rate1 - low1, high2 - rate2)
    high = difference + math.hypot(high1 - rate1, rate2 - low2)
    return low, high


def compare_rates(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Return the p-value of two rates' difference: the level at which Newcombe's interval just reaches 0.

    Below 0.05 exactly when the 95 % interval excludes 0.
    """
    if first[0] * second[1] == second[0] * first[1]:
        return 1.0
    positive = first[0] * second[1] > second[0] * first[1]
    inside, outside = 40.0, 0.0
    for _ in range(60):
        z = (inside + outside) / 2
        low, high = newcombe(first, second, z)
        if (low > 0) if positive else (high < 0):
            outside = z
        else:
            inside = z
    return math.erfc(outside / math.sqrt(2))


def compare_counts(now: int, then: int, days_now: int, days_then: int) -> float:
    """Return the two-sided p-value of two counts, with days as exposure: the exact conditional binomial test.

    Given their sum, the count of now is binomial with probability days_now ÷ (days_now + days_then) when
    nothing changed; the p-value sums all outcomes that are not more likely than the one observed.
    """
    total = now + then
    if total == 0:
        return 1.0
    share = days_now / (days_now + days_then)
    steps = np.arange(total + 1)
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, total + 1)))))
    logs = factorials[total] - factorials[steps] - factorials[total - steps]
    chances = np.exp(logs + steps * math.log(share) + (total - steps) * math.log1p(-share))
    # As R and SciPy do: outcomes as likely as the observed one must not be lost to rounding.
    return min(1.0, float(chances[chances <= chances[now] * (1 + 1e-7)].sum()))


def compare_means(first: Floats, second: Floats, *, seed: int) -> float:
    """Return the two-sided p-value of two means' difference under permutation.

    All splits are enumerated when they are few (up to 5,000); else 4,999 are drawn, and the one observed counts
    as one of them.
    """
    together = np.concatenate((first, second))
    size, smaller = len(together), min(len(first), len(second))
    chosen = first if len(first) == smaller else second
    # A split's difference of means depends on the sum of its smaller part alone.
    centre = together.sum() * smaller / size
    observed = abs(chosen.sum() - centre)
    slack = 1e-9 * max(1.0, float(np.abs(together).sum()))
    if math.comb(size, smaller) <= _ENUMERABLE:
        sums = together[_splits(size, smaller)].sum(axis=1)
        return float(np.mean(np.abs(sums - centre) >= observed - slack))
    generator = np.random.default_rng(seed)
    further = 1
    for rows in _blocks(PERMUTATIONS, size):
        keys = generator.random((rows, size))
        limits = np.partition(keys, smaller - 1, axis=1)[:, smaller - 1 : smaller]
        sums = (keys <= limits) @ together
        further += int(np.count_nonzero(np.abs(sums - centre) >= observed - slack))
    return further / (PERMUTATIONS + 1)


@lru_cache(maxsize=32)
def _splits(size: int, smaller: int) -> NDArray[np.intp]:
    flat = np.fromiter(chain.from_iterable(combinations(range(size), smaller)), dtype=np.intp)
    return flat.reshape(-1, smaller)


def bootstrap(
    size: int, statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]], *, seed: int
) -> tuple[float, float]:
    """Return the percentile bootstrap's 95 % interval of a statistic: 2,000 draws.

    Parameters
    ----------
    size
        how many values a sample has.
    statistic
        takes places of values, a row for each draw, and returns a number for each.
    """
    generator = np.random.default_rng(seed)
    blocks = [statistic(generator.integers(0, size, (rows, size))) for rows in _blocks(BOOTSTRAP_DRAWS, size)]
    low, high = np.percentile(np.concatenate(blocks), [2.5, 97.5])
    return float(low), float(high)


def bootstrap_means(values: Floats, *, seed: int) -> tuple[float, float]:
    """Return the percentile bootstrap's 95 % interval of a mean, the values in the order given."""
    return bootstrap(len(values), lambda places: values[places].mean(axis=1), seed=seed)


def _blocks(rows: int, size: int) -> Iterator[int]:
    """Yield how many rows to take at a time: what stays in the processor's cache, drawn in the same order."""
    most = max(1, _BLOCK // size)
    for begun in range(0, rows, most):
        yield min(most, rows - begun)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return the p-values adjusted by Holm's step-down: each test may claim when its own is at most the level.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    adjusted: dict[str, float] = {}
    least = 0.0
    for place, (name, p_value) in enumerate(sorted(p_values.items(), key=lambda item: (item[1], item[0]))):
        least = max(least, min(1.0, (len(p_values) - place) * p_value))
        adjusted[name] = least
    return adjusted


def benjamini_hochberg(p_values: Mapping[str, float], rate: float = 0.10) -> set[str]:
    """Return the names of the tests that may claim when so large a share of false claims is accepted.

    >>> sorted(benjamini_hochberg({"a": 0.01, "b": 0.06, "c": 0.5}))
    ['a', 'b']
    """
    ranked = sorted(p_values.items(), key=lambda item: (item[1], item[0]))
    last = max((place for place, (_, p) in enumerate(ranked, 1) if p <= rate * place / len(ranked)), default=0)
    return {name for name, _ in ranked[:last]}
