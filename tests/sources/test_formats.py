"""What a column's values tell of how its dates and numbers are written."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from kpilib.contract.values import read_dates
from kpilib.errors import SettingsError
from kpilib.sources.formats import DateEvidence, NumberEvidence, named_date_format, named_decimal


def dates(*values: str) -> DateEvidence:
    seen = DateEvidence()
    seen.look(values)
    return seen


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        (["2026-12-31", "2026-01-02 10:11:12"], None),
        (["2023-09-26 15:15:00.000000 UTC"], None),
        (["31.12.2026", "1.2.2026"], "%d.%m.%Y"),
        (["31/12/2026"], "%d/%m/%Y"),
        (["12/31/2026 13:15"], "%m/%d/%Y"),
        (["12/31/26"], "%m/%d/%y"),
        (["01-14-2020"], "%m-%d-%Y"),
        (["12/31/2026 1:15 PM"], "%m/%d/%Y %I:%M %p"),
        (["15 Apr, 2021 00:02:00"], "%d %b, %Y"),
        (["31-Dec-2026"], "%d-%b-%Y"),
        (["Dec 31, 2026"], "%b %d, %Y"),
        (["2026. 12. 31."], "%Y. %m. %d."),
        (["2026.12.31"], "%Y.%m.%d"),
        (["2026년 3월 4일"], "%Y년 %m월 %d일"),
    ],
)
def test_a_pattern_is_found_and_the_contract_reads_by_it(values: list[str], pattern: str | None):
    seen = dates(*values)
    assert seen.pattern(seen.order) == pattern
    assert read_dates(pa.array(values), pattern).values.null_count == 0


def test_day_numbers_of_a_spreadsheet():
    assert dates("45291", "46022.5").pattern("either") == "serial"


def test_the_order_of_day_and_month():
    assert dates("03/04/2026", "05/05/2026").order == "either"
    assert dates("03/04/2026", "13/04/2026").order == "day"
    assert dates("03/04/2026", "04/13/2026").order == "month"
    assert dates("13/04/2026", "04/13/2026").order == "mixed"


def test_one_slip_in_more_than_twenty_does_not_count():
    assert dates("01/13/2026", *(f"{day}/01/2026" for day in range(13, 32)), "13/02/2026").order == "day"


def test_equal_day_and_month_leave_nothing_undecided():
    assert not dates("05/05/2026").undecided
    assert dates("05/06/2026").undecided
    assert not dates("05.06.2026").undecided  # with points, the day comes first everywhere


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["1234.50"], "."), (["1234,50"], ","), (["1,234.50"], "."), (["1.234,50"], ","), (["1.234.567"], ","),
        (["1,234,567"], "."), (["0.125"], "."), (["1,5"], ","), (["$22,700.00"], "."), (["12"], None),
        (["1.234"], None), (["1,234"], None), (["n/a"], None), (["1234,567"], ","),
    ],
)  # fmt: skip
def test_a_decimal_mark(values: list[str], mark: str | None):
    seen = NumberEvidence()
    seen.look(values)
    assert seen.mark == mark


def test_three_digits_after_the_mark_are_undecided():
    seen = NumberEvidence()
    seen.look(["1.234", "12"])
    assert seen.undecided
    seen.look(["1,5"])
    assert not seen.undecided


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("%d.%m.%Y", "%d.%m.%Y"), ("DD/MM/YYYY", "%d/%m/%Y"), ("m/d/yy", "%m/%d/%y"), ("d MMM yyyy", "%d %b %Y")],
)
def test_a_named_date_format(text: str, pattern: str):
    assert named_date_format(text) == pattern
    assert datetime.strptime(datetime(2026, 12, 31).strftime(pattern), pattern)  # noqa: DTZ001, DTZ007


def test_a_date_format_without_a_year():
    with pytest.raises(SettingsError) as caught:
        named_date_format("DD/MM")
    assert str(caught.value) == (
        "[source] date_format 'DD/MM' does not say where day, month and year stand. "
        'Examples: "%d.%m.%Y", "MM/DD/YYYY".'
    )


def test_a_named_decimal_mark():
    assert (named_decimal("comma"), named_decimal(".")) == (",", ".")
    with pytest.raises(SettingsError) as caught:
        named_decimal(";")
    assert str(caught.value) == "[source] decimal ';' is not a decimal mark. Write \".\" or \",\"."
