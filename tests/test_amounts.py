from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from kpilib.amounts import Amounts, DatedAmounts, convert_all
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


def _convert(values: list[str], codes: list[str | None], days: list[date], rates: Rates) -> list[int]:
    numbers = np.array([(day - EPOCH).days for day in days], dtype=np.int64)
    names = sorted(set(codes), key=str)
    places = np.array([names.index(code) for code in codes], dtype=np.int64)
    found: list[int] = convert_all(Amounts.from_texts(values), places, names, numbers, rates).tolist()
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


def test_amounts_from_texts() -> None:
    amounts = Amounts.from_texts(["1200.5", None, "0.000000000000000001", "7", "1E+3", ".5"])
    assert amounts.whole.tolist() == [1200, 0, 0, 7, 1000, 0]
    assert amounts.parts.tolist() == [5 * 10**17, 0, 1, 0, 0, 5 * 10**17]
    assert amounts.decimal(0) == Decimal("1200.5")


def test_amounts_from_arrow() -> None:
    """Up to 19 digits before the point; a slice of an array, blanks between."""
    texts = ["5", None, "0", "1.000000000000000001", "999999999999.99", "9223372036854775807.999999999999999999"]
    column = pa.array([None if text is None else Decimal(text) for text in texts], pa.decimal128(38, 18))
    for part, expected in ((column, texts), (column.slice(2, 3), texts[2:5])):
        from_texts, from_arrow = Amounts.from_texts(expected), Amounts.from_arrow(part)
        assert from_arrow.whole.tolist() == from_texts.whole.tolist()
        assert from_arrow.parts.tolist() == from_texts.parts.tolist()
    assert len(Amounts.from_arrow(column.slice(0, 0))) == 0


def test_amounts_as_their_changes_left_them() -> None:
    """Changes of row 1: 10 on day 5, blank on day 6, 30 and then 40 on day 7; of row 3: blank on day 5.

    | row | day | open | amount                            |
    | 0   |   9 | yes  | 100: no change at all             |
    | 1   |   4 | yes  | 101: none by then                 |
    | 1   |   6 | yes  | 10: a blank leaves what was known |
    | 1   |   7 | no   | 40: the later one of the day      |
    | 3   |   5 | yes  | 0: named later                    |
    | 3   |   5 | no   | 103: decided, as in the data      |
    """
    dated = DatedAmounts(
        np.array([1, 1, 1, 1, 3]),
        np.array([5, 6, 7, 7, 5]),
        np.array([True, False, True, True, False]),
        Amounts.from_texts(["10", None, "30", "40", None]),
    )
    rows, days = np.array([0, 1, 1, 1, 3, 3]), np.array([9, 4, 6, 7, 5, 5])
    otherwise = Amounts(100 + rows, np.zeros(6, dtype=np.int64))
    open_then = np.array([True, True, True, False, True, False])
    found = dated.on(rows, days, otherwise=otherwise, open_then=open_then)
    assert found.whole.tolist() == [100, 101, 10, 40, 0, 103]
    assert otherwise.whole.tolist() == [100, 101, 101, 101, 103, 103]
