from __future__ import annotations

from datetime import date

from kpilib.quarter import Quarter
from kpilib.sample.span import Span


def test_the_months_end_with_the_one_of_the_last_day() -> None:
    span = Span.before(date(2026, 8, 19), 1)
    assert (span.months[0], span.months[-1], len(span.months)) == (date(2025, 9, 1), date(2026, 8, 1), 12)
    assert span.simulated[-2:] == (date(2026, 9, 1), date(2026, 10, 1))


def test_the_stories_end_in_the_latest_complete_quarter() -> None:
    assert Span.before(date(2026, 8, 19), 1).quarter == Quarter(2026, 2)
    assert Span.before(date(2026, 9, 30), 1).quarter == Quarter(2026, 3)


def test_quarters_that_are_only_partly_covered_count() -> None:
    quarters = Span.before(date(2026, 8, 19), 1).quarters
    assert [str(quarter) for quarter in quarters] == ["2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"]


def test_days_have_texts_from_the_first_to_two_years_after_the_last() -> None:
    span = Span.before(date(2026, 9, 30), 3)
    assert (span.day_texts[0], span.day_texts[span.last - span.first]) == ("2023-10-01", "2026-09-30")
    assert span.day_texts[-1] == "2028-09-29"
    assert span.years_back([span.last - 365])[0] == 365 / 365.25
