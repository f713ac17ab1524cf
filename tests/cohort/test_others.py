from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpilib.cohort.others import Others

SIX = {"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0, "E": 5.0, "F": 60.0}


@pytest.mark.parametrize(
    ("asks", "others", "expected"), [("A", 5, 4.0), ("F", 5, 3.0), ("C", 5, 4.0), ("nobody", 6, 3.5)]
)
def test_the_median_leaves_out_who_asks(asks: str, others: int, expected: float) -> None:
    figures = Others(SIX, SIX)
    assert (figures.count(asks), figures.median(asks)) == (others, expected)


@given(st.dictionaries(st.text(max_size=2), st.integers(0, 9), max_size=9), st.text(max_size=2))
def test_median_of_any(values: dict[str, int], asks: str) -> None:
    rest = [value for key, value in values.items() if key != asks]
    figures = Others({key: float(value) for key, value in values.items()}, {})
    assert figures.median(asks) == (median(rest) if rest else None)


@pytest.mark.parametrize(
    ("asks", "withheld"),
    [
        # Of A's others F holds 60 of 74; of F's others E holds 5 of 15.
        ("A", "dominated"),
        ("F", None),
    ],
)
def test_one_that_dominates_the_others(asks: str, withheld: str | None) -> None:
    assert Others(SIX, SIX).withheld(asks, minimum=5, largest_share=0.6) == withheld


@pytest.mark.parametrize(("largest", "withheld"), [(60.0, None), (60.1, "dominated")])
def test_sixty_percent_is_allowed(largest: float, withheld: str | None) -> None:
    weights = {"A": 10.0, "B": 10.0, "C": 10.0, "D": 10.0, "E": largest}
    assert Others(weights, weights).withheld("P", minimum=5, largest_share=0.6) == withheld


def test_five_others_are_needed() -> None:
    five = dict.fromkeys("ABCDE", 1.0)
    assert Others(five, five).withheld("P", minimum=5, largest_share=0.6) is None
    assert Others(five, five).withheld("A", minimum=5, largest_share=0.6) == "too_few"


def test_nobody_dominates_a_sum_of_nothing() -> None:
    nothing = dict.fromkeys("ABCDE", 0.0)
    assert Others(nothing, nothing).withheld("P", minimum=5, largest_share=0.6) is None
