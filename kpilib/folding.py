"""How names are compared, wherever one is looked for in a text or beside another."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["UNSEEN", "fold", "loosen"]

UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SAME = {"'": "\u2018\u2019\u02bc\u2032", "-": "\u2010\u2011\u2012\u2013\u2014\u2212"}


def fold(text: str) -> str:
    r"""Return a text as it is compared: forms, cases, apostrophes and dashes are one, unseen signs gone, blanks single.

    >>> fold("O\u2019HARA\u00a0 Syste\u00adms \u2013 ＡＧ")
    "o'hara systems - ag"
    """
    if not text.isascii():
        text = UNSEEN.sub("", unicodedata.normalize("NFKC", text))
        for sign, others in _SAME.items():
            for other in others:
                text = text.replace(other, sign)
    return " ".join(text.casefold().split())


def loosen(folded: str) -> str:
    """Return a folded text in which words are parted by blanks alone, as by hyphens in an address or a file's name.

    >>> loosen("quillmark-digital_2026")
    'quillmark digital 2026'
    """
    if "-" in folded or "_" in folded:
        return " ".join(folded.replace("-", " ").replace("_", " ").split())
    return folded
