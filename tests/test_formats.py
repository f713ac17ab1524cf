from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from kpilib.formats import UNDEFINED, Formats
from kpilib.quarter import Quarter

EN, KO = Formats("en", "USD"), Formats("ko", "USD")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("amount", "english", "korean"),
    [
        ("31412.5", "31.4 k USD", "3.14만 USD"),
        ("440000", "440 k USD", "44만 USD"),
        ("1237000", "1.24 m USD", "124만 USD"),
        ("5874", "5.87 k USD", "5,874 USD"),
        ("999960", "1 m USD", "100만 USD"),  # rounded first: never 1000 k
        ("999.6", "1 k USD", "1,000 USD"),
        ("123456789012", "123 bn USD", "1,235억 USD"),
        ("850.4", "850 USD", "850 USD"),
        ("12.5", "12.50 USD", "12.50 USD"),
        ("0", "0 USD", "0 USD"),
        ("-140000", "−140 k USD", "−14만 USD"),
    ],
)
def test_money_has_three_significant_digits(amount: str, english: str, korean: str) -> None:
    assert plain(EN.money(Decimal(amount))) == english
    assert plain(KO.money(Decimal(amount))) == korean


def test_a_number_and_its_unit_never_part() -> None:
    assert " " not in EN.money(Decimal(31400)) + EN.rate(0.1) + EN.days(3) + EN.date(date(2026, 9, 30)) + EN.points(0.1)


def test_money_in_two_sizes_exact_signed_and_in_won() -> None:
    assert EN.money_parts(Decimal(31400)) == ("31.4", "k\u00a0USD")
    assert KO.money_parts(Decimal(31400)) == ("3.14", "만\u00a0USD")
    assert EN.money_parts(Decimal(850)) == ("850", "USD")
    assert plain(EN.money(Decimal("1234.5"), compact=False)) == "1,234.50 USD"
    assert plain(EN.money(Decimal(1200), signed=True)) == "+1.2 k USD"
    assert plain(Formats("ko", "KRW").money(Decimal(123400000))) == "1.23억 원"
    assert EN.amount(Decimal("-1234.5")) == "−1,234"


def test_several_amounts_share_one_scale() -> None:
    scale = EN.scale([Decimal(752_000), Decimal(1_342_000), None])
    assert plain(scale.unit) == "k USD"
    assert [scale.number(Decimal(amount)) for amount in (752_000, 1_342_000, 96_400)] == ["752", "1,342", "96.4"]
    assert scale.number(Decimal(-4_330), signed=True) == "−4.3"
    assert plain(EN.scale([Decimal(12_400_000)]).unit) == "m USD"
    assert EN.scale([]).unit == "USD"


def test_rates_points_counts_and_days() -> None:
    assert (EN.rate(0.1123), KO.rate(0.1123)) == ("11.2\u00a0%", "11.2%")
    assert (plain(EN.points(-0.032)), KO.points(0.032)) == ("−3.2 points", "+3.2%p")
    assert EN.rate(0.0004, 0) == "0\u00a0%"
    assert EN.count(-3, signed=True) == "−3"
    assert EN.count(0, signed=True) == "0"
    assert (plain(EN.days(1)), plain(EN.days(51.4)), KO.days(51)) == ("1 day", "51 days", "51일")


def test_a_minus_that_rounds_away_is_none() -> None:
    assert EN.number(-0.04, 1) == "0.0"


def test_dates_months_and_quarters() -> None:
    day = date(2026, 9, 30)
    assert (plain(EN.date(day)), plain(KO.date(day))) == ("30 September 2026", "2026년 9월 30일")
    assert (plain(EN.short_date(day)), plain(KO.short_date(day))) == ("30 Sept", "9월 30일")
    assert (plain(EN.month(day)), plain(KO.month(day)), EN.month_name(day)) == ("Sept 2026", "2026년 9월", "September")
    assert plain(EN.date(datetime(2026, 9, 30))) == "30 September 2026"  # noqa: DTZ001 - as pandas hands days out
    assert plain(EN.date(pd.Timestamp(2026, 9, 30))) == "30 September 2026"
    assert (plain(EN.quarter("2026Q3")), KO.quarter(Quarter(2026, 3))) == ("2026 Q3", "2026년\u00a03분기")


def test_what_is_undefined_is_an_en_dash_everywhere() -> None:
    assert UNDEFINED == "–"
    write = (EN.money, EN.amount, EN.count, EN.number, EN.rate, EN.points, EN.days, EN.date, EN.short_date, EN.month,
             EN.month_name, EN.quarter)  # fmt: skip
    assert {function(None) for function in write} == {"–"}
    assert EN.money_parts(None) == EN.rate_parts(None) == ("–", "")
    assert EN.date(pd.NaT) == "–"


def test_numbers_of_numpy_are_numbers() -> None:
    assert EN.rate(np.float64(0.5)) == EN.rate(0.5)
    assert EN.count(np.int64(1400)) == "1,400"


def test_lists_in_words() -> None:
    assert EN.join([]) == ""
    assert EN.join(["a"]) == "a"
    assert EN.join(["a", "b"]) == "a and b"
    assert EN.join(["a", "b", "c"]) == "a, b and c"
