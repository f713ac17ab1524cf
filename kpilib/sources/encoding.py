"""Finds out in which encoding a text file is written, or says that it cannot.

UTF-8 is certain when the whole file decodes. Among the older encodings only Korean and Western European
ones are told apart without doubt; for any other the settings have the word, since a wrong guess spoils names
in a way that nobody notices.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO

from kpilib.errors import SettingsError, SourceError, did_you_mean

__all__ = ["detect_encoding", "named_encoding"]

_BLOCK = 4 * 2**20
_ENOUGH = 2_000  # lines that UTF-8 does not explain
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "a workbook of old Excel (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3\0", "an SQLite database"),
)
_KOREAN = re.compile(rb"(?:[\xb0-\xc8][\xa1-\xfe])+")
_HIGH = re.compile(rb"[\x80-\xff]")
# Letters of other scripts come out of cp1252 as runs of accented letters, or as signs inside words.
_STRANGE = re.compile(r"[À-ÖØ-öø-ÿ]{3}|[A-Za-z][¡-¶¸-¿ƒŸ†‡‰™•](?=[A-Za-z])|[\x80-\x9f]|\b[¡-¬±-¹¼-¾](?=[a-z]{2})")
_COMMON = ("utf-8", "utf-16", "cp949", "euc-kr", "cp1250", "cp1251", "cp1252", "cp932", "shift_jis", "gb18030", "big5",
           "iso-8859-1", "iso-8859-2", "iso-8859-15")  # fmt: skip


def named_encoding(name: str) -> str:
    """Return the codec that ``[source] encoding`` names.

    Raises
    ------
    SettingsError
        when it names none.
    """
    try:
        codec = codecs.lookup(name.strip())
        io.TextIOWrapper(io.BytesIO(), encoding=codec.name)  # refuses codecs that are none of text
    except (LookupError, ValueError, TypeError):
        raise SettingsError(
            f"[source] encoding {name!r} is not an encoding.{did_you_mean(name, _COMMON)} "
            f"Examples: utf-8, cp1252, cp949, utf-16."
        ) from None
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def detect_encoding(stream: BinaryIO, name: str, *, limit: int | None = None) -> str:
    """Return the encoding of a text file.

    Parameters
    ----------
    stream
        the file, from its start.
    name
        the file's name, for the message.
    limit
        look at so many bytes at most; None: at all of them.

    Raises
    ------
    SourceError
        when it is no text, or text in an encoding that cannot be told.
    """
    block = stream.read(_BLOCK if limit is None else min(limit, _BLOCK))
    for magic, what in _BINARY:
        if block.startswith(magic):
            raise SourceError(
                f"{name} is {what}, not text. Give it the ending of what it is, or save it as CSV.", file=name
            )
    if re.match(rb"\s*(<!doctype|<html|<table|<\?xml)", block[:1000], re.IGNORECASE):
        raise SourceError(f"{name} is a web page or XML under another name. Export it as CSV or .xlsx.", file=name)
    for mark, encoding in _MARKS:
        if block.startswith(mark):
            return encoding
    head = block[: 2**16]
    if head.count(0) * 100 > len(head):
        return _wide(head, name)
    good, bad = _count(stream, block, limit)
    return "utf-8" if not bad or good > 20 * len(bad) else _older(bad, name)


def _count(stream: BinaryIO, block: bytes, limit: int | None) -> tuple[int, list[bytes]]:
    """Count the lines that only UTF-8 explains, and return some of those that it does not."""
    good, bad = 0, list[bytes]()
    rest, seen = b"", len(block)
    while block and len(bad) < _ENOUGH:
        text = rest + block
        cut = text.rfind(b"\n") + 1 or len(text)
        rest = text[cut:]
        found, wrong = _explain(text[:cut])
        good, bad = good + found, bad + wrong
        if limit is not None and seen >= limit:
            return good, bad  # the last line is cut, maybe in the middle of a character
        block = stream.read(_BLOCK)
        seen += len(block)
    found, wrong = _explain(rest)
    return good + found, bad + wrong


def _wide(head: bytes, name: str) -> str:
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 10 * even and odd * 4 > len(head) // 2:
        return "utf-16-le"
    if even > 10 * odd and even * 4 > len(head) // 2:
        return "utf-16-be"
    raise SourceError(f"{name} is not text: it is full of NUL bytes. Export it as CSV, Excel or Parquet.", file=name)


def _explain(lines: bytes) -> tuple[int, list[bytes]]:
    """Count the lines that only UTF-8 explains, and return those that it does not."""
    try:
        lines.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return len(lines) - len(lines.translate(None, bytes(range(0xC0, 256)))), []
    good, bad = 0, []
    for line in lines.split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad.append(line[:1000])
    return good, bad


def _older(lines: list[bytes], name: str) -> str:
    text = b"\n".join(lines)
    high = len(_HIGH.findall(text))
    if 10 * sum(len(run) for run in _KOREAN.findall(text)) >= 8 * high:
        return "cp949"
    decoded = text.decode("cp1252", "surrogateescape")
    strange = sum(1 for line in decoded.split("\n") if _STRANGE.search(line) or re.search("[\udc80-\udcff]", line))
    if 10 * strange <= len(lines):
        return "cp1252"
    raise SourceError(
        f"{name} is not UTF-8, and which older encoding it has cannot be told for sure. Set it: "
        f'[source] encoding = "cp1252" (Western European), "cp1250" (Central European), "cp1251" (Cyrillic), '
        f'"cp949" (Korean), "cp932" (Japanese), "gb18030" (Chinese), or export it as UTF-8.',
        file=name,
    )
