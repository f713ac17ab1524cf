"""How a column of text writes its dates and its numbers: found out from its values, or refused.

What a text alone cannot tell is asked for: ``03/04/2026`` is a day in March or in April, and a guess would
move every figure without a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from kpilib.errors import SettingsError

__all__ = ["DateEvidence", "NumberEvidence", "named_date_format", "named_decimal"]

_TIME = re.compile(
    r"(?P<gap>[T ,]*)(?P<clock>\d{1,2}:\d{2}(?P<seconds>:\d{2}(?:[.,]\d+)?)?)"
    r"(?P<half>\s*[AaPp][Mm])?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_ISO = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}|\d{8}")
_PAIR = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})\2(\d{4}|\d{2})")
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d+)?")
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(shape, re.IGNORECASE), pattern)
    for shape, pattern in (
        (r"\d{4}\.\d{1,2}\.\d{1,2}", "%Y.%m.%d"),
        (r"\d{4}\. \d{1,2}\. \d{1,2}\.", "%Y. %m. %d."),
        (r"\d{4}년 \d{1,2}월 \d{1,2}일", "%Y년 %m월 %d일"),
        (r"\d{1,2} [a-z]{3} \d{4}", "%d %b %Y"),
        (r"\d{1,2} [a-z]{3}, \d{4}", "%d %b, %Y"),
        (r"\d{1,2}-[a-z]{3}-\d{4}", "%d-%b-%Y"),
        (r"\d{1,2}-[a-z]{3}-\d{2}", "%d-%b-%y"),
        (r"[a-z]{3} \d{1,2}, \d{4}", "%b %d, %Y"),
        (r"\d{1,2} [a-z]{4,} \d{4}", "%d %B %Y"),
        (r"[a-z]{4,} \d{1,2}, \d{4}", "%B %d, %Y"),
    )
)
_WORDS = {"yyyy": "%Y", "yy": "%y", "mmmm": "%B", "mmm": "%b", "mm": "%m", "dd": "%d", "m": "%m", "d": "%d"}
_ENOUGH = 5_000


def named_date_format(text: str, place: str = "[source] date_format") -> str:
    """Return the strptime pattern that a setting names, as ``%d.%m.%Y`` or ``DD.MM.YYYY``.

    Raises
    ------
    SettingsError
        when day, month or year is missing from it.
    """
    pattern = text.strip()
    if "%" not in pattern:
        pattern = re.sub("yyyy|yy|m{1,4}|d{1,2}", lambda match: _WORDS[match[0].lower()], pattern, flags=re.IGNORECASE)
    fields = set(re.findall("%[-#]?([A-Za-z])", pattern))
    if not (fields & set("d")) or not fields & set("mbB") or not fields & set("Yy"):
        raise SettingsError(
            f'{place} {text!r} does not say where day, month and year stand. Examples: "%d.%m.%Y", "MM/DD/YYYY".'
        )
    return pattern


def named_decimal(text: str, place: str = "[source] decimal") -> Literal[".", ","]:
    """Return the decimal mark that a setting names.

    Raises
    ------
    SettingsError
        when it is neither a point nor a comma.
    """
    words: dict[str, Literal[".", ","]] = {".": ".", ",": ",", "point": ".", "comma": ","}
    if text.strip().lower() not in words:
        raise SettingsError(f'{place} {text!r} is not a decimal mark. Write "." or ",".')
    return words[text.strip().lower()]


@dataclass
class DateEvidence:
    """What a column's values say of how its dates are written."""

    shapes: Counter[str] = field(default_factory=Counter)
    times: Counter[str] = field(default_factory=Counter)
    day_first: set[str] = field(default_factory=set)
    month_first: set[str] = field(default_factory=set)
    either: set[str] = field(default_factory=set)

    def look(self, values: Iterable[str]) -> None:
        """Take some more values into account."""
        for value in values:
            time = _TIME.search(value)
            day = value[: time.start()] if time else value
            shape = self._shape(day)
            self.shapes[shape] += 1
            if time and time["half"]:
                space = " " if time["half"][0].isspace() else ""
                self.times[time["gap"] + ("%I:%M:%S" if time["seconds"] else "%I:%M") + space + "%p"] += 1
            else:
                self.times[""] += 1

    def _shape(self, day: str) -> str:
        if _ISO.fullmatch(day):
            return "iso"
        pair = _PAIR.fullmatch(day)
        if pair:
            first, second = int(pair[1]), int(pair[3])
            if first <= 12 < second <= 31:
                self._note(self.month_first, day)
            elif second <= 12 < first <= 31:
                self._note(self.day_first, day)
            elif first <= 12 and second <= 12 and first != second:
                self._note(self.either, day)
            return f"pair{pair[2]}{'%Y' if len(pair[4]) == 4 else '%y'}"
        if _SERIAL.fullmatch(day):
            return "serial"
        return next((pattern for shape, pattern in _SHAPES if shape.fullmatch(day)), "none")

    @staticmethod
    def _note(days: set[str], day: str) -> None:
        if len(days) < _ENOUGH:
            days.add(day)

    @property
    def shape(self) -> str:
        """The shape of most values that have one."""
        known = [(count, shape) for shape, count in self.shapes.items() if shape != "none"]
        return max(known)[1] if known else "none"

    @property
    def order(self) -> Literal["day", "month", "either", "mixed"]:
        """Whether the day or the month comes first; one value in twenty may be a slip."""
        day, month = len(self.day_first), len(self.month_first)
        if day == month == 0:
            return "either"
        if min(day, month) * 20 > max(day, month):
            return "mixed"
        return "day" if day > month else "month"

    @property
    def undecided(self) -> bool:
        """Whether more values are needed to tell the day from the month."""
        return self.shape.startswith(("pair/", "pair-", "pair ")) and self.order == "either" and bool(self.either)

    def pattern(self, order: Literal["day", "month", "either", "mixed"]) -> str | None:
        """Return the strptime pattern, the order of day and month given; None for ISO, ``serial`` for day numbers."""
        shape = self.shape
        if shape in ("iso", "none"):
            return None
        if shape == "serial":
            return shape
        if shape.startswith("pair"):
            sign, year = shape[4], shape[5:]
            shape = f"%m{sign}%d{sign}{year}" if order == "month" else f"%d{sign}%m{sign}{year}"
        return shape + self.times.most_common(1)[0][0]


_NUMBER = re.compile(r"\d[\d.,]*")


@dataclass
class NumberEvidence:
    """What a column's values say of their decimal mark."""

    point: int = 0
    comma: int = 0
    maybe_point: str = ""
    maybe_comma: str = ""

    def look(self, values: Iterable[str]) -> None:
        """Take some more values into account."""
        for value in values:
            found = _NUMBER.search(value)
            if not found:
                continue
            digits = found[0].rstrip(".,")
            points, commas = digits.count("."), digits.count(",")
            if points and commas:
                self._count("." if digits.rfind(".") > digits.rfind(",") else ",")
            elif points > 1 or commas > 1:
                self._count("," if points else ".")
            elif points or commas:
                mark = "." if points else ","
                whole, _, rest = digits.partition(mark)
                if len(rest) != 3 or len(whole) > 3 or whole.startswith("0"):
                    self._count(mark)
                elif points:
                    self.maybe_point = self.maybe_point or value
                else:
                    self.maybe_comma = self.maybe_comma or value

    def _count(self, mark: str) -> None:
        if mark == ".":
            self.point += 1
        else:
            self.comma += 1

    @property
    def mark(self) -> Literal[".", ","] | None:
        """The decimal mark, if any value tells it; one value in twenty may be a slip."""
        if self.point == self.comma == 0:
            return None
        return "." if self.point >= self.comma else ","

    @property
    def undecided(self) -> bool:
        """Whether more values are needed to tell the decimal mark."""
        return self.mark is None and bool(self.maybe_point or self.maybe_comma)
