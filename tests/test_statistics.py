from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kpilib.statistics import (
    Z95,
    benjamini_hochberg,
    bootstrap,
    bootstrap_means,
    compare_counts,
    compare_means,
    compare_rates,
    holm,
    newcombe,
    seed_of,
    wilson,
)

counts = st.integers(0, 60)


def pairs() -> st.SearchStrategy[tuple[int, int]]:
    return st.integers(1, 60).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


# Wilson (1927), as Newcombe (1998, Statistics in Medicine 17:857) prints it in table I, method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


# Newcombe (1998, Statistics in Medicine 17:873), table II, method 10.
@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_as_published(first: tuple[int, int], second: tuple[int, int], low: float, high: float) -> None:
    assert newcombe(first, second) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(pairs())
def test_wilson_holds_the_rate_and_mirrors(pair: tuple[int, int]) -> None:
    successes, trials = pair
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    mirrored = wilson(trials - successes, trials)
    assert (1 - mirrored[1], 1 - mirrored[0]) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


def test_without_trials_a_rate_may_be_anything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@given(pairs(), pairs())
def test_rates_differ_at_5_percent_exactly_when_newcombes_interval_excludes_0(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    low, high = newcombe(first, second)
    if min(abs(low), abs(high)) > 1e-9:
        assert (compare_rates(first, second) < 0.05) == (low > 0 or high < 0)
    assert compare_rates(first, second) == pytest.approx(compare_rates(second, first))


def test_equal_rates_do_not_differ() -> None:
    assert compare_rates((1, 3), (2, 6)) == 1.0
    assert compare_rates((0, 5), (0, 9)) == 1.0


@given(counts, counts, st.integers(1, 92), st.integers(1, 92))
def test_counts_are_compared_by_the_exact_binomial_test(now: int, then: int, days: int, before: int) -> None:
    expected = stats.binomtest(now, now + then, days / (days + before)).pvalue if now + then else 1.0
    assert compare_counts(now, then, days, before) == pytest.approx(expected, rel=1e-9)


def test_days_are_the_exposure() -> None:
    # 9 deals in 92 days, none in 90: 0.5055^9 + 0.4945^9 = 0.00393 (the other tail, 0 of 9, is less likely still).
    share = 92 / 182
    assert compare_counts(9, 0, 92, 90) == pytest.approx(share**9 + (1 - share) ** 9)
    assert compare_counts(0, 9, 92, 90) == pytest.approx((1 - share) ** 9)


def test_means_of_few_are_compared_by_all_their_splits() -> None:
    """Four against four, all smaller: of C(8, 4) = 70 splits only it and its mirror image are as far apart."""
    low, high = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0, 7.0, 8.0])
    assert compare_means(low, high, seed=1) == compare_means(high, low, seed=2) == 2 / 70
    assert compare_means(low, low, seed=1) == 1.0


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_means_of_many_are_compared_by_drawn_splits(shift: float) -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(0, 1, 40), rng.normal(shift, 1, 55)
    p_value = compare_means(first, second, seed=11)
    assert p_value == compare_means(first, second, seed=11)
    reference = stats.permutation_test(
        (first, second), lambda x, y: x.mean() - y.mean(), n_resamples=9_999, rng=np.random.default_rng(5)
    ).pvalue
    assert p_value == pytest.approx(reference, abs=0.02)


def test_a_drawn_p_value_is_never_0() -> None:
    assert compare_means(np.arange(30.0), np.arange(30.0) + 1e6, seed=1) == 1 / 5_000


def test_permutation_test_keeps_its_level() -> None:
    """Samples of one distribution: about one in twenty is significant at 5 %; 400 trials, ± 3 standard errors."""
    rng = np.random.default_rng(17)
    hits = sum(compare_means(rng.lognormal(0, 1, 12), rng.lognormal(0, 1, 15), seed=n) <= 0.05 for n in range(400))
    assert 0.05 - 0.033 < hits / 400 < 0.05 + 0.033


def test_bootstrap_of_means() -> None:
    values = np.arange(100.0)
    low, high = bootstrap_means(values, seed=1)
    assert (low, high) == bootstrap_means(values, seed=1)
    # Standard error of the mean: 28.87 / 10.
    assert (low, high) == (pytest.approx(49.5 - Z95 * 2.887, abs=0.5), pytest.approx(49.5 + Z95 * 2.887, abs=0.5))


@pytest.mark.parametrize("size", [1, 7, 300, 20_000])
def test_a_bootstrap_is_the_middle_95_percent_of_2000_draws(size: int) -> None:
    """It draws some rows at a time, which must be those of all at once."""
    draws = np.random.default_rng(4).integers(0, size, (2_000, size)).max(axis=1)
    assert bootstrap(size, lambda places: places.max(axis=1) * 1.0, seed=4) == tuple(np.percentile(draws, [2.5, 97.5]))


def test_holm_steps_down() -> None:
    # 3 × 0.01; 2 × 0.02, at least the one before; 1 × 0.04.
    assert holm({"a": 0.04, "b": 0.01, "c": 0.02}) == {"b": 0.03, "c": 0.04, "a": 0.04}
    assert holm({"a": 0.5, "b": 0.6}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_claims_more_than_alone_and_no_less_than_bonferroni(p_values: list[float]) -> None:
    named = {str(place): p_value for place, p_value in enumerate(p_values)}
    for name, adjusted in holm(named).items():
        assert named[name] <= adjusted <= min(1.0, len(named) * named[name]) + 1e-15 or adjusted == max(
            holm(named)[other] for other in named if named[other] <= named[name]
        )


def test_benjamini_and_hochberg_as_published() -> None:
    """Their 15 p-values (1995, section 3.2), of which the four smallest pass at 5 %."""
    p_values = (
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    )
    named = {f"H{place:02d}": p_value for place, p_value in enumerate(p_values, 1)}
    assert benjamini_hochberg(named, 0.05) == {"H01", "H02", "H03", "H04"}
    assert benjamini_hochberg({}) == set()


def test_seeds_are_the_sha_256_of_their_names() -> None:
    # printf 'P001\0002026Q3' | sha256sum
    assert f"{seed_of('P001', '2026Q3'):064x}"[:16] == "2c0b19998d06b9c4"
