"""Cuts a delimited file into records, strictly, and keeps every line that is none.

A quoted field may hold separators and line ends; after its closing quote comes a separator or the line's end
(RFC 4180). One stray quote would otherwise swallow the lines up to the next one, and they would be lost
without a word: here its line is broken, and reading goes on with the next line. A quote inside a field that
does not start with one is a letter like any other (``5" pipe``).

Most files have no such line: they are checked as arrays, and only a piece with a stray quote is walked.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from kpilib.sources.batch import Broken

__all__ = ["LONGEST", "Piece", "cut_records"]

BLOCK = 4 * 2**20
LONGEST = 2**20  # bytes of a record; above, a quote was never closed, or the file has no lines
_EXCERPT = 200
_QUOTE, _LINE = 34, 10
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
        if not block:
            lines, rest = text, b""
        else:
            # A carriage return at the very end may be half of a line end.
            cut = max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1
            lines, rest = text[:cut], text[cut:]
        if passing:
            end = min((at for at in (lines.find(b"\n"), lines.find(b"\r")) if at >= 0), default=-1)
            lines, passing = (b"", True) if end < 0 else (lines[end + 1 :], False)
        if len(rest) > LONGEST:
            lines += rest[:_EXCERPT] + b"\0too_long\n"
            rest, passing = b"", True
        if lines:
            lines = lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield _to_utf8(lines, encoding) if decoder is None else _mark_replaced(lines)
        if not block:
            return


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


def _walk(
    data: bytes, separator: int, *, final: bool
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]], int]:
    """Return the records and the broken lines as (index, start, end), and where what is not whole begins."""
    quotes = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _QUOTE)
    first = np.flatnonzero(np.diff(quotes, prepend=-2) > 1)
    starts: list[int] = quotes[first].tolist()
    lengths: list[int] = np.diff(first, append=len(quotes)).tolist()
    run_at = {start: index for index, start in enumerate(starts)}
    next_odd = [len(starts)] * (len(starts) + 1)
    for index in range(len(starts) - 1, -1, -1):
        next_odd[index] = index if lengths[index] % 2 else next_odd[index + 1]
    records: list[tuple[int, int, int]] = []
    broken: list[tuple[int, int, int]] = []
    mark, start, index = bytes([separator]), 0, 0
    while start < len(data):
        at, end, good = start, -1, True
        while True:
            run = run_at.get(at)
            line = data.find(b"\n", at)
            if run is None:
                if line < 0:
                    return records, broken, start
                field_end = data.find(mark, at, line)
                if field_end < 0:
                    end = line + 1
                    break
                at = field_end + 1
                continue
            closing = run if lengths[run] % 2 == 0 else next_odd[run + 1]
            if closing == len(starts) or starts[closing] - start > LONGEST:
                if not final and closing == len(starts) and len(data) - start <= LONGEST:
                    return records, broken, start
                good = False
                break
            after = starts[closing] + lengths[closing]
            if data[after : after + 1] == b"\n":
                end = after + 1
                break
            if data[after : after + 1] != mark:
                good = False
                break
            at = after + 1
        if not good:
            end = data.find(b"\n", start) + 1
        (records if good else broken).append((index, start, end))
        index, start = index + 1, end
    return records, broken, start


def _without_nul(lines: bytes, rows: _Ints, ends: _Ints) -> tuple[bytes, _Ints, _Ints, list[Broken]]:
    keep, kept, found, start = [], [], [], 0
    for row, end in zip(rows.tolist(), ends.tolist(), strict=True):
        record = lines[start:end]
        start = end
        if b"\0" not in record:
            keep.append(record)
            kept.append(row)
        else:
            tail = record.rsplit(b"\0", 1)[1].strip()
            reason = tail.decode() if tail in (b"undecodable", b"too_long") else "nul_byte"
            found.append(Broken(row, _excerpt(record.removesuffix(b"\0" + tail + b"\n")), reason))
    lengths = np.array([len(record) for record in keep], dtype=np.int64)
    return b"".join(keep), np.array(kept, dtype=np.int64), np.cumsum(lengths), found


def _excerpt(record: bytes) -> str:
    text = record[: 4 * _EXCERPT].decode("utf-8", "replace").rstrip("\n").replace("\0", "\\0")
    return text[:_EXCERPT]
