"""The currency that an amount names itself: ``€ 1.200,50`` in a row whose currency is blank, or another.

A sign or code beside the digits is a statement about money like a currency's own column. Where the column is blank
and the sign stands for one currency, it fills the column; where it may stand for several, none is guessed; where
the two contradict each other, nothing says which is right.
"""
# ruff: noqa: S608 - the names in these queries are the contract's own

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["codes_of", "read_signs", "settle_signs"]

_SIGNS: dict[str, tuple[str, ...]] = {
    sign: tuple(codes.split())
    for signs, codes in (
        ("$", "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU"),
        ("US$", "USD"), ("C$ CA$ CAD$", "CAD"), ("A$ AU$", "AUD"), ("NZ$", "NZD"), ("S$ SG$", "SGD"), ("HK$", "HKD"),
        ("NT$", "TWD"), ("MX$", "MXN"), ("R$", "BRL"),
        ("€", "EUR"), ("£", "GBP"), ("¥", "JPY CNY"), ("円", "JPY"), ("元", "CNY TWD"), ("CN¥", "CNY"), ("JP¥", "JPY"),
        ("₩ 원", "KRW"), ("₹", "INR"), ("₽", "RUB"), ("₺", "TRY"), ("₫", "VND"), ("฿", "THB"), ("₪", "ILS"),
        ("₴", "UAH"), ("₦", "NGN"), ("₱", "PHP"), ("₡", "CRC"), ("₲", "PYG"), ("₵", "GHS"), ("₸", "KZT"), ("₭", "LAK"),
        ("₮", "MNT"), ("kr", "SEK NOK DKK ISK"), ("zł", "PLN"), ("Kč", "CZK"), ("Ft", "HUF"), ("Fr", "CHF"),
        ("Rp", "IDR"),
    )
    for sign in signs.split()
}  # fmt: skip
_NUMBER = r"[-+()\d.,'\s\x{2212}\x{2019}]+"
_CODE = re.compile("[A-Z]{3}", re.ASCII)


def codes_of(sign: str) -> tuple[str, ...]:
    """Return the currencies that a sign may stand for, the most usual first; a code stands for itself.

    >>> codes_of("€"), codes_of("kr")[:2], codes_of("CHF"), codes_of("K")
    (('EUR',), ('SEK', 'NOK'), ('CHF',), ())
    """
    return _SIGNS.get(sign, (sign,) if _CODE.fullmatch(sign) else ())


def read_signs(amounts: pa.Array) -> pa.Array:
    """Return the sign or code that stands beside the digits of each amount's text; null where there is none."""
    coded = pc.replace_substring_regex(amounts, _NUMBER, "").dictionary_encode()
    return pa.array([_read_sign(rest) for rest in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _read_sign(rest: str) -> str | None:
    rest = "".join(unicodedata.normalize("NFKC", rest).split())
    # K and M beside the digits are thousands and millions.
    words = (rest, rest[1:] if rest[:1] in "KkM" else "", rest[:-1] if rest[-1:] in "KkM" else "")
    return next((word for word in words if codes_of(word)), None)


def settle_signs(connection: duckdb.DuckDBPyConnection, rows: str, reporting: str) -> str:
    """Return the query for rows whose blank currencies are filled from the signs of their amounts.

    ``rows``: what to read them from. The query has two columns more: ``_filled``, and ``_sign_fault``, the reason
    by which a sign is wrong. A sign that may stand for the reporting currency fills nothing: a blank is that.
    """
    found = connection.execute(f"SELECT DISTINCT _sign FROM {rows} WHERE _sign IS NOT NULL ORDER BY 1").fetchall()
    if not found:
        return f"SELECT *, false AS _filled, NULL::VARCHAR AS _sign_fault FROM {rows}"
    rated = {code for (code,) in connection.execute("SELECT DISTINCT currency FROM fx").fetchall()}
    settled = [(sign, list(codes_of(sign)), *_settle(codes_of(sign), reporting, rated)) for (sign,) in found]
    connection.execute("CREATE OR REPLACE TEMP TABLE signs (sign VARCHAR, codes VARCHAR[], code VARCHAR, unclear BOOL)")
    connection.executemany("INSERT INTO signs VALUES (?, ?, ?, ?)", settled)
    return (
        "SELECT r.* REPLACE (coalesce(r.currency, g.code) AS currency), "
        "r.currency IS NULL AND g.code IS NOT NULL AS _filled, "
        "CASE WHEN r.currency IS NULL AND g.unclear THEN 'unclear_sign' "
        "WHEN regexp_full_match(r.currency, '[A-Z]{3}') AND NOT list_contains(g.codes, r.currency) "
        "THEN 'contradicting_sign' END AS _sign_fault "
        f"FROM {rows} r LEFT JOIN signs g ON r._sign = g.sign"
    )


def _settle(codes: tuple[str, ...], reporting: str, rated: Collection[str]) -> tuple[str | None, bool]:
    """Return the currency that fills a blank one, and whether the sign leaves open which it is."""
    if reporting in codes:
        return None, False
    known = [code for code in codes if code in rated]
    if len(known) > 1:
        return None, True
    # One without a rate is rejected for that, under the name of the most usual one.
    return (known or list(codes))[0], False
