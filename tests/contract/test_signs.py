from __future__ import annotations

import pyarrow as pa
import pytest

from kpilib.contract.signs import codes_of, read_signs
from kpilib.contract.values import parse_decimal


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("€ 1.200,50", "€"), ("1.200,50\u00a0€", "€"), ("$1,200.50", "$"), ("-$5", "$"), ("($5)", "$"), ("US$5", "US$"),
        ("₩1,200", "₩"), ("￦1,200", "₩"), ("1,200원", "원"), ("10 kr.", "kr"), ("CHF 1'200.50", "CHF"),
        ("Fr. 5", "Fr"),
        ("$115.00K", "$"), ("1.2M €", "€"), ("1.2K EUR", "EUR"), ("KRW 5", "KRW"), ("5 SEK", "SEK"), ("£5", "£"),
        ("5", None), ("1,200", None), ("1.2K", None), ("(5)", None), ("\u22125", None), (None, None),
    ],
)  # fmt: skip
def test_the_sign_beside_an_amount(text: str | None, sign: str | None) -> None:
    assert read_signs(pa.array([text], pa.string())).to_pylist() == [sign]
    if text is not None:
        assert parse_decimal(text, "," if "1.200" in text else ".") is not None


def test_a_sign_of_several_currencies_names_the_most_usual_first() -> None:
    assert codes_of("$")[:2] == ("USD", "CAD")
    assert [codes_of(sign) for sign in ("€", "₩", "CAD", "cad", "Q")] == [("EUR",), ("KRW",), ("CAD",), (), ()]
