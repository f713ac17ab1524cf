from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pytest

from kpilib.cohort.amounts import Amounts, convert_all
from kpilib.errors import ContractError
from kpilib.money import Rates

RATES = {
    code: Rates(
        code,
        [
            ("EUR", date(2026, 1, 1), Decimal("1.105")),
            ("EUR", date(2026, 4, 1), Decimal("1.2")),
            ("JPY", date(2026, 1, 1), Decimal("0.0068493150684931506849")),
            ("GBP", date(2026, 1, 1), Decimal("0.5")),
        ],
    )
    for code in ("USD", "KRW", "KWD")
}
EPOCH = date(1970, 1, 1)


def _split(values: list[str]) -> Amounts:
    wholes = [int(Decimal(value)) for value in values]
    parts = [int((Decimal(value) - whole).scaleb(18)) for value, whole in zip(values, wholes, strict=True)]
    return Amounts(np.array(wholes, dtype=np.int64), np.array(parts, dtype=np.int64))


def _convert(values: list[str], codes: list[str | None], days: list[date], rates: Rates) -> list[int]:
    numbers = np.array([(day - EPOCH).days for day in days], dtype=np.int64)
    found: list[int] = convert_all(_split(values), np.array(codes, dtype=object), numbers, rates).tolist()
    return found


@pytest.mark.parametrize("currency", RATES)
def test_whole_columns_are_converted_as_single_rows_are(currency: str) -> None:
    """Many halves on purpose: multiples of 0.005 at a rate of 0.5, 1.2 or 1."""
    random = Random(3)
    digits = ("", "5", "05", "005", "125", "015", "995", "4999999", "5000001", "000000000000000001")
    values = [f"{random.choice((0, 1, 3, 17, 99999, 10**9))}.{random.choice(digits)}".rstrip(".") for _ in range(4000)]
    codes = [random.choice((None, currency, "EUR", "JPY", "GBP")) for _ in values]
    days = [date(2026, 1, 1) + timedelta(days=random.randrange(200)) for _ in values]
    rates = RATES[currency]
    expected = [rates.convert(Decimal(value), *at) for value, *at in zip(values, codes, days, strict=True)]
    assert _convert(values, codes, days, rates) == expected


def test_large_amounts_are_exact() -> None:
    """Beyond what a float holds: 2⁵³ cents and more."""
    values = ["123456789012345.67", "123456789012345.67"]
    assert _convert(values, [None, "GBP"], [date(2026, 1, 1)] * 2, RATES["USD"]) == [
        12345678901234567,
        RATES["USD"].convert(Decimal(values[1]), "GBP", date(2026, 1, 1)),
    ]


def test_a_missing_rate_is_an_error() -> None:
    with pytest.raises(ContractError) as caught:
        _convert(["1"], ["EUR"], [date(2025, 12, 31)], RATES["USD"])
    assert str(caught.value).startswith("No rate of EUR into USD is valid on 2025-12-31.")


def test_nothing() -> None:
    assert _convert([], [], [], RATES["USD"]) == []
