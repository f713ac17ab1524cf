"""How a text file is written: encoding, separator, and where its header stands."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice

from kpilib.errors import SettingsError, SourceError
from kpilib.sources.encoding import detect_encoding, named_encoding
from kpilib.sources.files import File, say
from kpilib.sources.records import cut_lines, cut_records

__all__ = ["HEAD_ROWS", "Dialect", "named_separator", "sniff"]

HEAD_ROWS = 20
_HEAD = 2**18
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class Dialect:
    """How one file is written.

    ``head`` holds its first records by row number, the header among them.
    """

    encoding: str
    separator: str
    header_row: int
    head: dict[int, list[str]]

    @property
    def names(self) -> list[str]:
        """The header's fields."""
        return self.head.get(self.header_row, [])

    def with_header(self, row: int) -> Dialect:
        """Return the same dialect with the header in another row."""
        return replace(self, header_row=row)

    def __str__(self) -> str:
        separator = _SEPARATORS.get(self.separator, repr(self.separator))
        header = f", header in row {self.header_row}" if self.header_row > 1 else ""
        return f"{self.encoding.removesuffix('-sig')}, {separator}{header}"


def named_separator(text: str) -> str:
    """Return the separator that ``[source] separator`` names.

    Raises
    ------
    SettingsError
        when it is not one ASCII sign.
    """
    words = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
    sign = words.get(text.strip().lower(), text)
    if len(sign) != 1 or not sign.isascii() or sign in '"\n\r\0' or sign.isalnum():
        raise SettingsError(f'[source] separator {text!r} is not one sign. Examples: ",", ";", "tab", "|".')
    return sign


def sniff(
    file: File, *, encoding: str | None = None, separator: str | None = None, header: int | None = None,
    limit: int | None = None,
) -> Dialect:
    """Find out how a file is written, as far as the settings do not say it.

    ``limit``: judge the encoding by so many bytes at the start; None: by the whole file.

    Raises
    ------
    SourceError
        when it is empty, no text, or in an encoding that cannot be told.
    """  # fmt: skip
    try:
        if encoding is None:
            with file.open() as stream:
                encoding = detect_encoding(stream, file.name, limit=limit)
        else:
            encoding = named_encoding(encoding)
        with file.open() as stream:
            start = stream.read(_HEAD)
    except (OSError, EOFError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{file.name} cannot be read: {say(error)}.", file=file.name) from None
    if not start.strip(b"\0\xff\xfe\xef\xbb\xbf \t\r\n"):
        raise SourceError(f"{file.name} is empty.", file=file.name)
    lines = [line for _, line, _ in islice(cut_lines(io.BytesIO(start), encoding), 100)]
    first = 1
    if lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        # Excel's own way to name the separator.
        separator, first = separator or lines[0].strip()[4], 2
    separator = named_separator(separator) if separator else _separator(lines[first - 1 : first + 50])
    head: dict[int, list[str]] = {}
    for piece in cut_records(io.BytesIO(start), encoding, separator):
        begin = 0
        for row, end in zip(piece.rows.tolist(), piece.ends.tolist(), strict=True):
            head[row] = split_record(piece.data[begin:end].decode("utf-8", "replace"), separator)
            begin = end
            if len(head) >= HEAD_ROWS:
                break
        break
    if header is None:
        header = next((row for row in sorted(head) if row >= first and any(head[row])), first)
    return Dialect(encoding, separator, header, head)


def split_record(text: str, separator: str) -> list[str]:
    """Return the fields of one record."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        return text.strip("\n").split(separator)
    return [field.strip() for field in rows[0]] if rows else []


def _separator(lines: list[str]) -> str:
    lines = [line for line in lines if line.strip()]
    best, score = ",", (0.0, 0)
    for sign in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=sign) if row]
        except csv.Error:
            widths = [line.count(sign) + 1 for line in lines]
        if not widths:
            continue
        width, often = Counter(widths).most_common(1)[0]
        if width > 1 and (often / len(widths), width) > score:
            best, score = sign, (often / len(widths), width)
    return best
