from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpilib.errors import QuarterError
from kpilib.quarter import Quarter, add_months

days = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))


@pytest.mark.parametrize("text", ["2026Q3", "2026-Q3", "FY2026Q3", "fy2026q3", " 2026Q3 "])
def test_every_spelling_names_the_same_quarter(text: str) -> None:
    assert Quarter.parse(text) == Quarter(2026, 3)


@pytest.mark.parametrize("text", ["", "2026", "2026Q5", "2026Q0", "Q3 2026", "26Q3", "0001Q1", "2026Q3x"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(QuarterError) as caught:
        Quarter.parse(text)
    assert str(caught.value) == f"{text!r} is not a quarter. Write it like 2026Q3 or FY2026Q3."


@pytest.mark.parametrize(
    ("quarter", "start", "end"),
    [
        (Quarter(2026, 3), date(2026, 7, 1), date(2026, 9, 30)),
        (Quarter(2024, 1), date(2024, 1, 1), date(2024, 3, 31)),
        # A fiscal year that starts in April 2025 ends in March 2026 and is named 2026.
        (Quarter(2026, 1, first_month=4), date(2025, 4, 1), date(2025, 6, 30)),
        (Quarter(2026, 4, first_month=4), date(2026, 1, 1), date(2026, 3, 31)),
        (Quarter(2026, 2, first_month=12), date(2026, 3, 1), date(2026, 5, 31)),
    ],
)
def test_days_of_a_quarter(quarter: Quarter, start: date, end: date) -> None:
    assert (quarter.start, quarter.end) == (start, end)


@given(days, st.integers(1, 12))
def test_each_day_lies_in_the_quarter_that_contains_it(day: date, first_month: int) -> None:
    quarter = Quarter.containing(day, first_month)
    assert quarter.start <= day <= quarter.end
    assert quarter.shift(1).start == quarter.end + timedelta(days=1)
    assert quarter.shift(-4).shift(4) == quarter
    assert Quarter.parse(str(quarter), first_month) == quarter


@given(days, st.integers(1, 12))
def test_the_latest_completed_quarter_has_ended_and_the_next_has_not(day: date, first_month: int) -> None:
    quarter = Quarter.latest_completed(day, first_month)
    assert quarter.end <= day < quarter.shift(1).end


def test_a_fiscal_year_is_named_after_the_calendar_year_in_which_it_ends() -> None:
    for first_month in range(2, 13):
        assert Quarter(2026, 4, first_month).end.year == 2026


def test_an_as_of_date_after_the_end_changes_nothing_and_one_before_the_start_is_an_error() -> None:
    quarter = Quarter(2026, 3)
    assert quarter.read_as_of(date(2027, 1, 5)) == date(2026, 9, 30)
    assert quarter.read_as_of(date(2026, 7, 1)) == date(2026, 7, 1)
    with pytest.raises(QuarterError) as caught:
        quarter.read_as_of(date(2026, 6, 30))
    assert str(caught.value) == (
        "The as-of date 2026-06-30 lies before 2026Q3, which starts on 2026-07-01. "
        "Choose a date from 2026-07-01 on, or an earlier quarter."
    )


def test_comparison_quarters_are_read_at_the_same_number_of_days() -> None:
    quarter = Quarter(2026, 1)  # 90 days
    before = quarter.shift(-1)  # 92 days
    assert before.day_like(quarter, date(2026, 1, 10)) == date(2025, 10, 10)
    assert before.day_like(quarter, date(2026, 3, 31)) == date(2025, 12, 31)
    # Day 91 of a quarter of 92 days does not exist in one of 90: at most its end.
    assert quarter.day_like(before, date(2025, 12, 30)) == date(2026, 3, 31)


def test_months() -> None:
    assert add_months(date(2026, 11, 17), 3) == date(2027, 2, 1)
