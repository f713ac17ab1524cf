from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpilib.errors import ContractError
from kpilib.money import Rates, minor_digits, to_major, to_minor

RATES = Rates(
    "USD",
    [
        ("EUR", date(2026, 4, 1), Decimal("1.20")),
        ("EUR", date(2026, 1, 1), Decimal("1.10")),
        ("KRW", date(2026, 1, 1), Decimal("0.00075")),
    ],
)


@pytest.mark.parametrize(("currency", "digits"), [("USD", 2), ("KRW", 0), ("JPY", 0), ("KWD", 3), ("RSD", 2)])
def test_minor_units_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1.005", "USD", 100), ("1.015", "USD", 102), ("-1.005", "USD", -100), ("2.5", "KRW", 2), ("3.5", "KRW", 4)],
)
def test_rounding_is_half_to_even(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "KRW", "KWD"]))
def test_major_and_minor_are_inverse(minor: int, currency: str) -> None:
    assert to_minor(to_major(minor, currency), currency) == minor


def test_a_row_is_converted_at_the_latest_rate_on_or_before_its_day() -> None:
    assert RATES.convert(Decimal("10"), "EUR", date(2026, 3, 31)) == 1100
    assert RATES.convert(Decimal("10"), "EUR", date(2026, 4, 1)) == 1200
    assert RATES.convert(Decimal("1000"), "KRW", date(2026, 9, 30)) == 75
    # 14,000 × 0.00075 = 10.50 exactly; 14,020 × 0.00075 = 10.515, half to even: 10.52
    assert RATES.convert(Decimal("14020"), "KRW", date(2026, 9, 30)) == 1052


@pytest.mark.parametrize("currency", [None, "", "USD"])
def test_a_blank_currency_is_the_reporting_currency(currency: str | None) -> None:
    assert RATES.convert(Decimal("10.10"), currency, date(1999, 1, 1)) == 1010


def test_a_missing_rate_is_an_error_and_never_one_to_one() -> None:
    with pytest.raises(ContractError) as caught:
        RATES.convert(Decimal(1), "EUR", date(2025, 12, 31))
    assert str(caught.value) == (
        "No rate of EUR into USD is valid on 2025-12-31. Add a row with valid_from ≤ 2025-12-31 to the table fx."
    )
