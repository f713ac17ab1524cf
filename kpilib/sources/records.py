"""Cuts a delimited file into records, strictly, and keeps every line that is none.

A quoted field may hold separators and line ends; after its closing quote comes a separator or the line's end
(RFC 4180). One stray quote would otherwise swallow the lines up to the next one, and they would be lost
without a word: here its line is broken, and reading goes on with the next line. A quote inside a field that
does not start with one is a letter like any other (``5" pipe``).

Most files have no such line: they are checked as arrays, and only a piece with a stray quote is walked.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from kpilib.sources.batch import Broken

__all__ = ["LONGEST", "Piece", "cut_lines", "cut_records"]

BLOCK = 4 * 2**20
LONGEST = 2**20  # bytes of a record; above, a quote was never closed, or the file has no lines
_EXCERPT = 200
_QUOTE, _LINE = 34, 10
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
_UNDECODABLE = b"\0undecodable"
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Piece:
    """Some records in UTF-8, one after the other: each one's number and where it ends; and the lines that are none."""

    data: bytes
    rows: _Ints
    ends: _Ints
    broken: list[Broken] = field(default_factory=list)


def cut_records(stream: BinaryIO, encoding: str, separator: str, *, skip: int = 0) -> Iterator[Piece]:
    """Cut a stream into pieces of whole records.

    Parameters
    ----------
    stream
        the file, from its start.
    encoding
        a Python codec's name; a byte-order mark is taken off.
    separator
        one ASCII character.
    skip
        so many records at the start are counted but not given (the header).
    """
    number, pending = 1, b""
    for text in _decode(stream, encoding):
        pending += text
        number, pending, piece = _cut(pending, ord(separator), number, final=False)
        yield from _without(piece, skip)
    number, pending, piece = _cut(pending, ord(separator), number, final=True)
    yield from _without(piece, skip)


def cut_lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, str, str]]:
    """Give each line of a text: its number, the text, and why it is none (empty: it is one)."""
    number = 0
    for text in _decode(stream, encoding):
        for line in text.removesuffix(b"\n").split(b"\n"):
            number += 1
            fault = "" if b"\0" not in line else _fault(line)[0]
            yield number, _excerpt(_fault(line)[1]) if fault else line.decode("utf-8"), fault


def _without(piece: Piece, skip: int) -> Iterator[Piece]:
    broken = [line for line in piece.broken if line.row > skip]
    drop = int(np.count_nonzero(piece.rows <= skip))
    if drop:
        at = int(piece.ends[drop - 1])
        piece = Piece(piece.data[at:], piece.rows[drop:], piece.ends[drop:] - at)
    if len(piece.rows) or broken:
        yield Piece(piece.data, piece.rows, piece.ends, broken)


def _decode(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Give whole lines in UTF-8, each ended by a line feed; what cannot be decoded carries a mark."""
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace") if wide else None
    rest, first, passing = b"", True, False
    while True:
        block = stream.read(BLOCK)
        if decoder is not None:
            text = rest + decoder.decode(block, final=not block).encode("utf-8", "replace")
        else:
            text = rest + block
        if first and text:
            text, first = text.removeprefix(b"\xef\xbb\xbf"), False
        if passing:
            text, passing = _after_line(text)
        if not block:
            lines, rest = text, b""
        else:
            # A carriage return at the very end may be half of a line end.
            cut = max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1
            lines, rest = text[:cut], text[cut:]
        if len(rest) > LONGEST:
            lines += rest[:_EXCERPT] + b"\0too_long\n"
            rest, passing = b"", True
        if lines:
            lines = lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield _to_utf8(lines, encoding) if decoder is None else _mark_replaced(lines)
        if not block:
            return


def _after_line(text: bytes) -> tuple[bytes, bool]:
    """Return what follows the end of a line that is too long, and whether that end is still to come."""
    end = _LINE_END.search(text)
    if end is None:
        return text[-1:] if text.endswith(b"\r") else b"", True
    return text[end.end() :], False


def _to_utf8(lines: bytes, encoding: str) -> bytes:
    utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")
    try:
        text = lines.decode("utf-8" if utf8 else encoding)
        return lines if utf8 else text.encode("utf-8")
    except (UnicodeError, ValueError):
        return b"\n".join(_line_to_utf8(line, "utf-8" if utf8 else encoding) for line in lines.split(b"\n"))


def _line_to_utf8(line: bytes, encoding: str) -> bytes:
    try:
        return line.decode(encoding).encode("utf-8")
    except (UnicodeError, ValueError):
        return line.decode("ascii", "backslashreplace").encode("utf-8") + _UNDECODABLE


def _mark_replaced(lines: bytes) -> bytes:
    mark = "\ufffd".encode()
    if mark not in lines:
        return lines
    return b"\n".join(line + _UNDECODABLE if mark in line else line for line in lines.split(b"\n"))


def _cut(data: bytes, separator: int, number: int, *, final: bool) -> tuple[int, bytes, Piece]:
    """Return the next record's number, what waits for more bytes, and the records."""
    if final and data and not data.endswith(b"\n"):
        data += b"\n"
    ends, strict = _ends(data, separator)
    whole = int(ends[-1]) if len(ends) else 0
    broken: list[Broken] = []
    if strict and len(data) - whole <= LONGEST and not (final and whole < len(data)):
        rows = np.arange(number, number + len(ends), dtype=np.int64)
        lines = data[:whole]
    else:
        spans, stray, whole = _walk(data, separator, final=final)
        rows = number + np.array([index for index, _, _ in spans], dtype=np.int64)
        ends = np.cumsum(np.array([end - start for _, start, end in spans], dtype=np.int64))
        broken = [Broken(number + index, _excerpt(data[start:end]), "broken_quote") for index, start, end in stray]
        lines = b"".join([data[start:end] for _, start, end in spans])
    number += len(rows) + len(broken)
    if b"\0" in lines:
        lines, rows, ends, found = _without_nul(lines, rows, ends)
        broken = sorted(broken + found)
    return number, data[whole:], Piece(lines, rows, ends, broken)


def _ends(data: bytes, separator: int) -> tuple[_Ints, bool]:
    """Return where records end (after the line feed), and whether every quote stands where it may."""
    array = np.frombuffer(data, dtype=np.uint8)
    lines = np.flatnonzero(array == _LINE)
    if b'"' not in data:
        return lines + 1, True
    quotes = np.flatnonzero(array == _QUOTE)
    inside = np.searchsorted(quotes, lines) & 1
    opening, closing = quotes[::2], quotes[1::2]
    before = array[np.maximum(opening - 1, 0)]
    after = array[np.minimum(closing + 1, len(array) - 1)]
    opens = (opening == 0) | (before == separator) | (before == _LINE) | (before == _QUOTE)
    closes = (after == separator) | (after == _LINE) | (after == _QUOTE)
    return lines[inside == 0] + 1, bool(opens.all() and closes.all())


class _Quotes:
    """Where the quotes of a text stand, as runs of neighbours: within quotes a pair is one quote, an odd one ends."""

    def __init__(self, data: bytes) -> None:
        quotes = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _QUOTE)
        first = np.flatnonzero(np.diff(quotes, prepend=-2) > 1)
        self.starts: list[int] = quotes[first].tolist()
        self.lengths: list[int] = np.diff(first, append=len(quotes)).tolist()
        self._run_at = {start: index for index, start in enumerate(self.starts)}
        self._next_odd = [len(self.starts)] * (len(self.starts) + 1)
        for index in range(len(self.starts) - 1, -1, -1):
            self._next_odd[index] = index if self.lengths[index] % 2 else self._next_odd[index + 1]

    def opens(self, at: int) -> bool:
        """Return whether a run of quotes begins at a place."""
        return at in self._run_at

    def close(self, at: int) -> int | None:
        """Return the place after the quoted field that begins at a place; None: it is never closed."""
        run = self._run_at[at]
        closing = run if self.lengths[run] % 2 == 0 else self._next_odd[run + 1]
        return None if closing == len(self.starts) else self.starts[closing] + self.lengths[closing]


def _walk(
    data: bytes, separator: int, *, final: bool
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]], int]:
    """Return the records and the broken lines as (index, start, end), and where what is not whole begins."""
    quotes, mark = _Quotes(data), bytes([separator])
    records: list[tuple[int, int, int]] = []
    broken: list[tuple[int, int, int]] = []
    start = index = 0
    while start < len(data):
        line_end = data.find(b"\n", start) + 1
        if not line_end:
            break
        end, closed = _record_end(data, start, quotes, mark)
        if end is None and not closed and not final and len(data) - start <= LONGEST:
            break
        (broken if end is None else records).append((index, start, end or line_end))
        index, start = index + 1, end or line_end
    return records, broken, start


def _record_end(data: bytes, start: int, quotes: _Quotes, mark: bytes) -> tuple[int | None, bool]:
    """Return where the record ends that begins at a place, and whether all its quotes are closed.

    The end is None where a quote is not closed, closes too far away, or is followed by something else than a
    separator or the line's end.
    """
    at = start
    while True:
        if not quotes.opens(at):
            line = data.find(b"\n", at)
            after = data.find(mark, at, line if line >= 0 else len(data))
            if after < 0:
                return (line + 1, True) if line >= 0 else (None, False)
        else:
            close = quotes.close(at)
            if close is None or close == len(data):
                return None, False
            if close - start > LONGEST:
                return None, True
            if data[close] == _LINE:
                return close + 1, True
            if data[close] != mark[0]:
                return None, True
            after = close
        at = after + 1


def _without_nul(lines: bytes, rows: _Ints, ends: _Ints) -> tuple[bytes, _Ints, _Ints, list[Broken]]:
    keep, kept, found, start = [], [], [], 0
    for row, end in zip(rows.tolist(), ends.tolist(), strict=True):
        record = lines[start:end]
        start = end
        if b"\0" not in record:
            keep.append(record)
            kept.append(row)
        else:
            reason, text = _fault(record)
            found.append(Broken(row, _excerpt(text), reason))
    lengths = np.array([len(record) for record in keep], dtype=np.int64)
    return b"".join(keep), np.array(kept, dtype=np.int64), np.cumsum(lengths), found


def _fault(record: bytes) -> tuple[str, bytes]:
    """Return why a record with a NUL byte is none, and the record without the mark that says so."""
    for reason in ("undecodable", "too_long"):
        mark = b"\0" + reason.encode()
        if mark in record:
            return reason, record.replace(mark, b"")
    return "nul_byte", record


def _excerpt(record: bytes) -> str:
    text = record[: 4 * _EXCERPT].decode("utf-8", "replace").rstrip("\n").replace("\0", "\\0")
    return text[:_EXCERPT]
