"""Raw values → typed values, exactly, a column at a time.

A value that is not blank and cannot be read is null in the result and has a reason; nothing is guessed and
nothing is rounded. What a value must be beyond its kind (one of some words, not negative) is not judged here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from kpilib.contract.tables import Column
from kpilib.errors import QuarterError
from kpilib.quarter import Quarter

__all__ = ["Parsed", "arrow_type", "parse_decimal", "read_dates", "read_decimals", "read_each", "read_text"]

_YEARS = (1900, 2199)
_ISO_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")
_DECIMAL_DIGITS = 38
# Python's own context rounds to 28 digits, silently, even where it only changes a sign.
_EXACT = Context(prec=400)
_PLAIN = r"^[+-]?\d+(\.\d+)?$"
_SYMBOLS = "$€£¥₩₹₽₺₫฿₪₴₦₱₡₲₵₸₭₮元円원"
_CURRENCY = rf"(?:[A-Z]{{0,3}}[{_SYMBOLS}]|[A-Z]{{3}}|kr\.?|zł|Kč|Ft|Fr\.|Rp\.?)"
_AMOUNT = re.compile(
    rf"(?P<sign>[-+]?)\s*{_CURRENCY}?\s*(?P<late>[-+]?)\s*(?P<digits>[\d.,'\s]*\d|\d[\d.,'\s]*)"
    rf"\s*(?P<scale>[KkM](?![^\W\d_]))?\s*{_CURRENCY}?(?P<behind>-?)",
    re.ASCII,
)
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,3}", re.ASCII)
_SCALES = {None: Decimal(1), "K": Decimal(1000), "k": Decimal(1000), "M": Decimal(1_000_000)}
_FLAGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "active", "on", "예"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "inactive", "off", "아니오"), False),
}
_QUARTER_LAST = re.compile(r"(Q[1-4])[\s-]*((?:FY)?\d{4})", re.IGNORECASE)
_FIELD = re.compile("%[A-Za-z]")
_ZONE = r"^(\d{4}-\d{2}-\d{2}[T ][\d:.,]+)\s*(?:Z|z|UTC|[+-]\d{2}:?\d{2})$"
_FRACTION = r"(:\d{2}[.,]\d{6})\d+$"


@dataclass(frozen=True)
class Parsed:
    """One column as typed values.

    ``reasons`` says of each value why it could not be read, ``respelt`` whether it was read although it is not
    written plainly (None: all could be read, all were plain).
    """

    values: pa.Array
    reasons: pa.Array | None = None
    respelt: pa.Array | None = None


def arrow_type(column: Column) -> pa.DataType:
    """Return the type in which a column's accepted values are kept."""
    if column.kind == "decimal":
        return pa.decimal128(_DECIMAL_DIGITS, column.digits)
    return {"date": pa.date32(), "number": pa.float64(), "flag": pa.bool_()}.get(column.kind, pa.string())


def read_text(values: pa.Array) -> pa.Array:
    """Return values as trimmed text, blanks null; a whole float without its point, since it was an id."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
    text = pc.utf8_trim_whitespace(pc.cast(values, pa.string()))
    if pa.types.is_floating(kind):
        text = pc.replace_substring_regex(text, r"\.0$", "")
    return pc.if_else(pc.equal(text, ""), None, text)


def read_dates(values: pa.Array, pattern: str | None = None) -> Parsed:
    """Return the moments (without zone) that values name; a date is its midnight.

    A moment with a zone keeps its own clock: the date is the one that stands in the text. Text is read by the
    pattern, else as ISO. Whole numbers are a spreadsheet's day numbers, or YYYYMMDD. Years outside 1900 to
    2199 are no dates: they come from two-digit years and from "never" (9999-12-31).
    """
    kind = values.type
    if pa.types.is_timestamp(kind):
        local = values if kind.tz is None else pc.local_timestamp(values)
        return _within_years(values, pc.cast(local, pa.timestamp("us"), safe=False))
    if pa.types.is_date(kind):
        return _within_years(values, pc.cast(pc.cast(values, pa.timestamp("s")), pa.timestamp("us")))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _read_day_numbers(values)
    text = read_text(values)
    if pattern in (None, "%Y-%m-%d"):
        try:
            return _within_years(text, pc.cast(text, pa.timestamp("us")))
        except pa.ArrowInvalid:
            pass
    coded = text.dictionary_encode()
    moments = _read_date_texts(coded.dictionary, pattern)
    return _within_years(text, moments.take(coded.indices))


def _read_day_numbers(values: pa.Array) -> Parsed:
    numbers = pc.cast(values, pa.float64())
    serial = pc.and_(pc.greater_equal(numbers, 1.0), pc.less(numbers, 109_575.0))
    seconds = pc.round(pc.multiply(pc.subtract(numbers, 25_569.0), 86_400.0))
    moments = pc.cast(pc.cast(pc.if_else(serial, seconds, None), pa.int64()), pa.timestamp("s"))
    other = read_dates(read_text(pc.if_else(serial, None, values)))
    return _within_years(read_text(values), pc.coalesce(pc.cast(moments, pa.timestamp("us")), other.values))


def _read_date_texts(texts: pa.Array, pattern: str | None) -> pa.Array:
    """Return the moments of some texts by DuckDB, whose strptime knows that February has no 30th."""
    cleaned = pc.replace_substring_regex(texts, _ZONE, r"\1")
    cleaned = pc.replace_substring_regex(cleaned, _FRACTION, r"\1")
    cleaned = pc.replace_substring_regex(cleaned, r"^(\d{4}-\d{2}-\d{2})T", r"\1 ")
    days = (pattern, *_ISO_DATES) if pattern else _ISO_DATES
    timed = {day for day in days if {"%H", "%I", "%X"} & {*_FIELD.findall(day)}}
    known = [day + time for day in days for time in (_TIMES[:1] if day in timed else _TIMES)]
    formats = ", ".join("'" + one.replace("'", "''") + "'" for one in dict.fromkeys(known))
    table = pa.table({"place": pa.array(range(len(texts)), pa.int64()), "text": cleaned})
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("texts", table)
        read = connection.sql(
            f"SELECT try_strptime(text, [{formats}])::TIMESTAMP AS moment FROM texts ORDER BY place"  # noqa: S608
        ).to_arrow_table()
    return read["moment"].combine_chunks().cast(pa.timestamp("us"))


def _within_years(raw: pa.Array, moments: pa.Array) -> Parsed:
    year = pc.year(moments)
    moments = pc.if_else(pc.and_(pc.greater_equal(year, _YEARS[0]), pc.less_equal(year, _YEARS[1])), moments, None)
    return _with_reasons(raw, moments, "not_a_date")


def _with_reasons(raw: pa.Array, values: pa.Array, reason: str) -> Parsed:
    """Return values with a reason for each that is blank although the raw one is not."""
    if values.null_count == raw.null_count:
        return Parsed(values)
    lost = pc.and_(pc.is_valid(raw), pc.is_null(values))
    return Parsed(values, pc.if_else(lost, reason, pa.scalar(None, pa.string())))


def read_decimals(values: pa.Array, column: Column, mark: str = ".") -> Parsed:
    """Return exact decimals; ``mark`` is the text's decimal mark.

    A binary float is read as the shortest decimal that names it.
    """
    to = arrow_type(column)
    text = read_text(values)
    if mark == ",":
        plain = pc.match_substring_regex(text, _PLAIN.replace(r"\.", ","))
        spelt = pc.replace_substring(text, ",", ".")
    else:
        plain = pc.match_substring_regex(text, _PLAIN)
        spelt = text
    try:
        made = pc.cast(pc.if_else(plain, spelt, None), to)
        rest = pc.invert(pc.coalesce(plain, True))
    except pa.ArrowInvalid:  # a plain number with too many digits is among them
        made = pa.nulls(len(text), to)
        rest = pc.is_valid(text)
    if not pc.any(rest).as_py():
        return Parsed(made)
    found: list[Decimal | None] = []
    reasons: list[str | None] = []
    for word in pc.filter(text, rest).to_pylist():
        value = _parse_share(word, mark) if column.share else parse_decimal(word, mark)
        fits = value is not None and _fits(value, column.digits)
        found.append(value if fits else None)
        reasons.append(None if fits else "not_a_number" if value is None else "too_many_digits")
    made = pc.replace_with_mask(made, rest, pa.array(found, to))
    blank = pa.nulls(len(text), pa.string())
    unread = pc.replace_with_mask(blank, rest, pa.array(reasons, pa.string())) if any(reasons) else None
    # A binary float in scientific notation is as plain as it can be.
    respelt = None if pa.types.is_floating(values.type) else pc.and_(pc.invert(plain), pc.is_valid(made))
    return Parsed(made, unread, respelt)


def _parse_share(text: str, mark: str) -> Decimal | None:
    share = text.removesuffix("%").rstrip()
    value = parse_decimal(share, mark)
    return value if value is None or share == text else value.scaleb(-2, _EXACT)


def _fits(value: Decimal, digits: int) -> bool:
    short = value.normalize(_EXACT)
    exponent = short.as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= digits and short.adjusted() < _DECIMAL_DIGITS - digits


def parse_decimal(text: str, mark: str = ".") -> Decimal | None:
    """Return the number that a text names, or None.

    Around the digits there may be a sign, brackets (a negative amount in accounts), a currency's symbol or
    code, and K or M (thousands, millions). Groups of digits must be whole groups, so that ``1,2`` is not 12.

    >>> parse_decimal("$1,200.50"), parse_decimal("1.200,50 €", ","), parse_decimal("(1,200)")
    (Decimal('1200.50'), Decimal('1200.50'), Decimal('-1200'))
    >>> parse_decimal("1,2"), parse_decimal("1.200,50"), parse_decimal("12 or so")
    (None, None, None)
    """
    text = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u2019", "'").strip()
    scientific = text.replace(",", ".") if mark == "," else text
    if _SCIENTIFIC.fullmatch(scientific):
        return Decimal(scientific)
    bracketed = text.startswith("(") and text.endswith(")")
    match = _AMOUNT.fullmatch(text[1:-1].strip() if bracketed else text)
    if match is None or bool(match["sign"]) + bool(match["late"]) + bool(match["behind"]) + bracketed > 1:
        return None
    whole, _, fraction = match["digits"].strip().partition(mark)
    groups = _ungroup(whole, "," if mark == "." else ".")
    if groups is None or (fraction and not fraction.isdigit()):
        return None
    value = _EXACT.multiply(Decimal(f"{groups}.{fraction}" if fraction else groups), _SCALES[match["scale"]])
    negative = bracketed or "-" in (match["sign"], match["late"], match["behind"])
    return value.copy_negate() if negative else value


def _ungroup(whole: str, separator: str) -> str | None:
    """Return digits without their separators, or None where these do not part whole groups (3s, or India's 2s)."""
    used = {sign for sign in whole if not sign.isdigit()}
    if not used:
        return whole or "0"
    if len(used) > 1 or not used <= {separator, " ", "'"}:
        return None
    first, *middle, last = whole.split(used.pop())
    sizes = {len(group) for group in middle}
    sound = 1 <= len(first) <= 3 and len(last) == 3 and (sizes <= {3} or (sizes == {2} and len(first) <= 2))
    return "".join((first, *middle, last)) if sound else None


def read_each(values: pa.Array, kind: str) -> Parsed:
    """Return numbers, flags or quarters: kinds with few different values, each of which is read once."""
    read, to, reason = _READERS[kind]
    if kind == "number" and (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
        numbers = pc.cast(values, pa.float64())
        return Parsed(pc.if_else(pc.is_finite(numbers), numbers, None))
    if kind == "flag" and pa.types.is_boolean(values.type):
        return Parsed(values)
    text = read_text(values)
    coded = text.dictionary_encode()
    made = pa.array([read(word) for word in coded.dictionary.to_pylist()], to)
    return _with_reasons(text, made.take(coded.indices), reason)


def _read_number(text: str) -> float | None:
    value = _parse_share(text, ".")
    return None if value is None else float(value)


def _read_flag(text: str) -> bool | None:
    return _FLAGS.get(text.lower())


@cache
def _read_quarter(text: str) -> str | None:
    turned = _QUARTER_LAST.fullmatch(text)
    try:
        return str(Quarter.parse(turned[2] + turned[1] if turned else "".join(text.split())))
    except QuarterError:
        return None


_READERS: dict[str, tuple[Callable[[str], Any], pa.DataType, str]] = {
    "number": (_read_number, pa.float64(), "not_a_number"),
    "flag": (_read_flag, pa.bool_(), "not_a_flag"),
    "quarter": (_read_quarter, pa.string(), "not_a_quarter"),
}
