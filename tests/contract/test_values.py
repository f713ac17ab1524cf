from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpilib.contract.tables import TABLES, Column
from kpilib.contract.values import parse_decimal, read_dates, read_decimals, read_each, read_text

AMOUNT = TABLES["opportunities"].column("amount")
RATE = TABLES["fx"].column("rate")
VALUE = TABLES["targets"].column("value")


def days(values: pa.Array, pattern: str | None = None) -> list[date | None]:
    parsed = read_dates(values, pattern)
    return [None if moment is None else moment.date() for moment in parsed.values.to_pylist()]


def numbers(texts: list[str | None], column: Column = AMOUNT, mark: str = ".") -> list[Decimal | None]:
    values: list[Decimal | None] = read_decimals(pa.array(texts, pa.string()), column, mark).values.to_pylist()
    return values


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1200.50", ".", "1200.50"),
        ("-5", ".", "-5"),
        ("+5", ".", "5"),
        (".5", ".", "0.5"),
        ("5.", ".", "5"),
        ("$1,200.50", ".", "1200.50"),
        ("US$ 1,200.50", ".", "1200.50"),
        ("-$1,200.50", ".", "-1200.50"),
        ("$-1,200.50", ".", "-1200.50"),
        ("(1,200)", ".", "-1200"),
        ("($1,200.50)", ".", "-1200.50"),
        ("1,200-", ".", "-1200"),
        ("\u22125", ".", "-5"),
        ("1.200,50", ",", "1200.50"),
        ("1.200,50 €", ",", "1200.50"),
        ("€1.5", ".", "1.5"),
        ("1200,5", ",", "1200.5"),
        ("1 200,50", ",", "1200.50"),
        ("1\u00a0200\u202f000,50", ",", "1200000.50"),
        ("1'200.50", ".", "1200.50"),
        ("1\u2019200.50", ".", "1200.50"),
        ("12,34,567.00", ".", "1234567"),
        ("₩1,200,000", ".", "1200000"),
        ("￦１２００", ".", "1200"),
        ("1,200 USD", ".", "1200"),
        ("EUR 12", ".", "12"),
        ("250 kr", ".", "250"),
        ("$115.00K", ".", "115000"),
        ("1.2M", ".", "1200000"),
        ("1.2E+06", ".", "1200000"),
        ("1,2E+06", ",", "1200000"),
    ],
)
def test_a_number_is_read_as_people_and_programs_write_it(text: str, mark: str, value: str) -> None:
    assert parse_decimal(text, mark) == Decimal(value)
    assert numbers([text], mark=mark) == [Decimal(value)]


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1,2", "."),
        ("1.2", ","),
        ("1.200,50", "."),
        ("1,200.50", ","),
        ("1,23,4", "."),
        ("1,2345", "."),
        ("1 200,000.5", "."),
        ("1.2.3", "."),
        ("--5", "."),
        ("(-5)", "."),
        ("-5-", "."),
        ("12 or so", "."),
        ("12 pcs", "."),
        ("n/a", "."),
        ("NaN", "."),
        ("inf", "."),
        ("-", "."),
        ("$", "."),
        ("=1+1", "."),
        ("12%", "."),
        ("1e9999", "."),
    ],
)
def test_what_could_be_two_numbers_or_none_is_not_read(text: str, mark: str) -> None:
    assert parse_decimal(text, mark) is None
    read = read_decimals(pa.array([text, "7", None]), AMOUNT, mark)
    assert read.values.to_pylist() == [None, Decimal(7), None]
    assert read.reasons is not None
    assert read.reasons.to_pylist() == ["not_a_number", None, None]


def test_digits_are_kept_or_the_value_is_rejected_but_never_rounded() -> None:
    assert numbers(["0.123456789012345678", "12345678901234567890"]) == [
        Decimal("0.123456789012345678"),
        Decimal(12345678901234567890),
    ]
    read = read_decimals(pa.array(["0.1234567890123456789", "123456789012345678901", "1"]), AMOUNT)
    assert read.reasons is not None
    assert read.reasons.to_pylist() == ["too_many_digits", "too_many_digits", None]
    assert numbers(["0.1000000000000000000000"]) == [Decimal("0.1")]
    assert numbers(["0.0007543180206683262"], RATE) == [Decimal("0.0007543180206683262")]


def test_a_binary_float_is_the_shortest_decimal_that_names_it() -> None:
    read = read_decimals(pa.array([0.1, 1200.5, 1e7, float("nan"), None]), AMOUNT)
    assert read.values.to_pylist() == [Decimal("0.1"), Decimal("1200.5"), Decimal(10_000_000), None, None]
    assert read.reasons is None


def test_native_decimals_and_whole_numbers_are_taken_as_they_are() -> None:
    native = pa.array([Decimal("1.10"), None], pa.decimal128(10, 2))
    assert read_decimals(native, AMOUNT).values.to_pylist() == [Decimal("1.10"), None]
    assert read_decimals(pa.array([7, None]), AMOUNT).values.to_pylist() == [Decimal(7), None]


def test_a_share_may_be_written_in_percent_where_it_is_one() -> None:
    assert numbers(["25 %", "0.25", "12.5%"], VALUE) == [Decimal("0.25"), Decimal("0.25"), Decimal("0.125")]
    assert read_each(pa.array(["60%", "0.6"]), "number").values.to_pylist() == [0.6, 0.6]


@given(st.lists(st.decimals(min_value=-(10**19), max_value=10**19, places=18, allow_nan=False), max_size=20))
def test_every_decimal_survives_writing_and_reading(values: list[Decimal]) -> None:
    assert numbers([f"{value:f}" for value in values]) == values
    assert numbers([f"{value:f}".replace(".", ",") for value in values], mark=",") == values
    assert numbers([f"{value:,f}" for value in values]) == values


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-31", "2026-03-31 23:59", "2026-03-31T23:59:59", "2026-03-31T23:59:59.123",
        "2026-03-31 23:59:59.1234567", "2026-03-31T23:59:59Z", "2026-03-31T23:59:59+09:00",
        "2026-03-31 23:59:59 UTC", "2026/03/31", "20260331", "2026-3-31",
    ],
)  # fmt: skip
def test_a_date_is_the_one_that_stands_in_the_text(text: str) -> None:
    assert days(pa.array([text])) == [date(2026, 3, 31)]


def test_dates_are_read_by_their_format_with_or_without_a_time() -> None:
    assert days(pa.array(["03.04.2026", "3.4.2026 10:15", "2026-04-03"]), "%d.%m.%Y") == [date(2026, 4, 3)] * 3
    assert days(pa.array(["15 Apr, 2021 00:02:00"]), "%d %b, %Y %H:%M:%S") == [date(2021, 4, 15)]


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-13-01", "26-01-02", "9999-12-31", "1899-12-31", "2026-01", "soon", "31.03.2026", "0"]
)
def test_what_is_in_no_calendar_is_no_date(text: str) -> None:
    read = read_dates(pa.array(["2026-01-02", text, None]))
    assert read.values.to_pylist() == [datetime(2026, 1, 2), None, None]  # noqa: DTZ001
    assert read.reasons is not None
    assert read.reasons.to_pylist() == [None, "not_a_date", None]


def test_the_time_is_kept_since_it_tells_the_later_of_two_changes() -> None:
    assert read_dates(pa.array(["2026-01-02 10:00:01"])).values.to_pylist() == [datetime(2026, 1, 2, 10, 0, 1)]  # noqa: DTZ001


def test_native_dates_moments_and_day_numbers_are_read() -> None:
    assert days(pa.array([date(2026, 1, 2), None])) == [date(2026, 1, 2), None]
    assert days(pa.array([datetime(2026, 1, 2, 23, 30)])) == [date(2026, 1, 2)]  # noqa: DTZ001
    seoul = pa.array([datetime(2026, 1, 1, 15, 30)], pa.timestamp("us", tz="Asia/Seoul"))  # noqa: DTZ001
    assert days(seoul) == [date(2026, 1, 2)]
    # A spreadsheet counts days from 1899-12-30: 46024 is 2026-01-02.
    assert days(pa.array([46024, 20260102, None])) == [date(2026, 1, 2), date(2026, 1, 2), None]
    assert days(pa.array([46024.75])) == [date(2026, 1, 2)]
    assert read_dates(pa.array([-3])).reasons.to_pylist() == ["not_a_date"]  # type: ignore[union-attr]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dates(date(1900, 1, 1), date(2199, 12, 31)), min_size=1, max_size=20))
def test_every_date_survives_writing_and_reading(written: list[date]) -> None:
    assert days(pa.array([str(day) for day in written])) == written
    assert days(pa.array([*map(str, written), "x"]))[:-1] == written


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("Yes", True), ("1", True), ("Active", True), ("예", True), ("FALSE", False), ("n", False)],
)
def test_flags(text: str, value: bool) -> None:
    assert read_each(pa.array([text, None]), "flag").values.to_pylist() == [value, None]


def test_a_flag_that_says_neither_is_named() -> None:
    assert read_each(pa.array(["maybe"]), "flag").reasons.to_pylist() == ["not_a_flag"]  # type: ignore[union-attr]
    assert read_each(pa.array([True, None]), "flag").values.to_pylist() == [True, None]


@pytest.mark.parametrize("text", ["2026Q3", "2026-Q3", "FY2026Q3", "fy2026-q3", "2026 Q3", "Q3 2026", "Q3-FY2026"])
def test_the_forms_of_a_quarter(text: str) -> None:
    assert read_each(pa.array([text]), "quarter").values.to_pylist() == ["2026Q3"]


@pytest.mark.parametrize("text", ["2026Q5", "2026", "Q3", "2026-07-01"])
def test_what_is_no_quarter(text: str) -> None:
    assert read_each(pa.array([text]), "quarter").reasons.to_pylist() == ["not_a_quarter"]  # type: ignore[union-attr]


def test_text_is_trimmed_and_ids_that_were_numbers_have_no_point() -> None:
    assert read_text(pa.array([" a ", "", "  ", None])).to_pylist() == ["a", None, None, None]
    assert read_text(pa.array([7.0, None, float("nan")])).to_pylist() == ["7", None, None]
    assert read_text(pa.array([7])).to_pylist() == ["7"]
    assert read_text(pa.array(["007"])).to_pylist() == ["007"]
    assert read_text(pa.array(["a", "b", "a"]).dictionary_encode()).to_pylist() == ["a", "b", "a"]
