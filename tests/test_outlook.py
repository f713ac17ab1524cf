"""The outlook against partners whose truth is known, because a seeded process made them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from kpilib.backtest import Backtest, backtest
from kpilib.experience import NEVER, Experience, Lives, Prior, age_of
from kpilib.outlook import foresee
from kpilib.quarter import Quarter
from kpilib.rounding import to_two_digits

QUARTER = Quarter(2024, 3)


def simulate(partners: int, seed: int) -> dict[str, Lives]:
    """Partners of any size: arrivals at a steady rate, a chance to win, log-normal days and amounts."""
    rng = np.random.default_rng(seed)
    start, end = date(2020, 1, 1).toordinal(), date(2024, 12, 31).toordinal()
    made = {}
    for place in range(partners):
        count = rng.poisson(np.exp(rng.normal(1.6, 0.8)) / 30 * (end - start))
        created = np.sort(rng.integers(start, end, count))
        days = np.rint(np.exp(rng.normal(4.0 + rng.normal(0, 0.2), 0.6, count))).astype(np.int64)
        amounts = np.round(np.exp(rng.normal(9.5 + rng.normal(0, 0.4), 0.6, count)), 2)
        made[f"P{place:03d}"] = Lives(created, created + days, rng.random(count) < rng.beta(8, 9), amounts)
    return made


@pytest.fixture(scope="module")
def result() -> Backtest:
    quarters = [Quarter(2024, 4).shift(-back) for back in range(8)]
    found = backtest(simulate(260, 11), quarters, draws=500)
    assert found is not None
    return found


def test_four_in_five_outcomes_lie_in_the_interval(result: Backtest) -> None:
    assert len(result.forecasts) >= 2_000
    assert 0.77 <= result.coverage <= 0.83
    assert result.low <= 0.80 <= result.high


def test_outcomes_are_spread_evenly_over_the_forecasts(result: Backtest) -> None:
    shares = np.histogram([each.pit for each in result.forecasts], 10, (0, 1))[0] / len(result.forecasts)
    # Each tenth holds a tenth; 2,000 draws leave a standard error of 0.007.
    assert np.abs(shares - 0.1).max() < 0.025


def test_the_loss_beats_both_naive_forecasts(result: Backtest) -> None:
    assert result.loss < 0.6 * min(result.loss_last, result.loss_weighted)


def test_what_comes_after_the_quarter_changes_nothing() -> None:
    lives = simulate(1, 5)["P000"]
    day = QUARTER.end.toordinal()
    assert (lives.created > day).any()
    assert foresee(lives, None, QUARTER, seed=1) == foresee(lives.known_on(day), None, QUARTER, seed=1)


def test_the_same_seed_gives_the_same_outlook_and_the_target_its_chance() -> None:
    lives = simulate(1, 6)["P000"]
    first, again = (foresee(lives, None, QUARTER, seed=7, target=1.0) for _ in range(2))
    assert first == again
    assert first.chance is not None
    assert first.chance > 0.9
    assert foresee(lives, None, QUARTER, seed=7, target=1e12).chance == 0.0


def test_with_fewer_than_four_past_quarters_no_interval_is_given() -> None:
    start = QUARTER.shift(-2).start.toordinal()
    lives = Lives(np.array([start, start + 5]), np.array([start + 20, NEVER]), np.array([True, False]), np.ones(2))
    outlook = foresee(lives, None, QUARTER, seed=1)
    assert (outlook.reason, outlook.median, outlook.low) == ("too_few_quarters", None, None)


def test_experience_counts_what_was_open_at_a_quarters_start() -> None:
    """2024Q2 starts on day s: one open for 40 days and won in it, one open for 100 days and lost in it, one new.

    | created | closed | won | counts as |
    | s − 40  | s + 10 | yes | seen and won at age 31-60 (place 2) |
    | s − 100 | s + 20 | no  | seen at age 91-150 (place 4) |
    | s + 1   | s + 9  | yes | an arrival, won fast |
    | s − 300 | s − 200 | yes | an early deal, that lets earlier quarters count |
    """
    s = Quarter(2024, 2).start.toordinal()
    lives = Lives(
        np.array([s - 40, s - 100, s + 1, s - 300]),
        np.array([s + 10, s + 20, s + 9, s - 200]),
        np.array([True, False, True, True]),
        np.array([100.0, 200.0, 300.0, 400.0]),
    )
    learned = Experience.learn(lives, Quarter(2024, 2))
    assert learned.open_seen[""][[2, 4]].tolist() == pytest.approx([1.0, 1.0])
    assert learned.open_won[""][[2, 4]].tolist() == pytest.approx([1.0, 0.0])
    assert (learned.arrivals[0], learned.fast[0]) == (1, 1)
    assert sorted(learned.amounts) == [100.0, 300.0, 400.0]


def test_stages_are_those_of_the_day() -> None:
    lives = Lives(
        np.array([10, 10]), np.array([NEVER, NEVER]), np.zeros(2, bool), np.ones(2),
        (np.array([0, 0, 1]), np.array([10, 30, 12]), np.array(["A", "B", "A"], dtype=object)),
    )  # fmt: skip
    assert lives.stages_on(11).tolist() == ["A", ""]
    assert lives.stages_on(29).tolist() == ["A", "A"]
    assert lives.known_on(29).stages_on(100).tolist() == ["A", "A"]
    assert lives.stages_on(30).tolist() == ["B", "A"]


def test_the_prior_is_rounded_and_needs_something_to_tell() -> None:
    learned = [Experience.learn(lives, QUARTER) for lives in simulate(12, 3).values()]
    prior = Prior.pooled(learned)
    assert prior is not None
    assert prior.fast_rate == to_two_digits(prior.fast_rate)
    assert all(rate == to_two_digits(rate) for rate in prior.open_rate[""])


def test_a_prior_that_would_tell_of_one_partner_is_withheld() -> None:
    learned = [Experience.learn(lives, QUARTER) for lives in simulate(12, 3).values()]
    assert Prior.pooled(learned[:5]) is None
    alike = [replace(each, arrivals=(10,), fast=(2,), amounts=np.full(9, 1e4)) for each in learned[:6]]
    assert Prior.pooled(alike) is not None
    # 75 of 125 arrivals are three in five; one more is too much.
    assert Prior.pooled([replace(alike[0], arrivals=(75,)), *alike[1:]]) is not None
    assert Prior.pooled([replace(alike[0], arrivals=(76,)), *alike[1:]]) is None


def test_ages() -> None:
    assert age_of(np.array([0, 14, 15, 30, 31, 150, 151, 9_999])).tolist() == [0, 0, 1, 1, 2, 4, 5, 5]
