"""How wide a text will be, and how it is made to fit: what charts need to place labels without drawing them first."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kpilib.theme import font_files

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

__all__ = ["ELLIPSIS", "shorten", "text_width", "wrap"]

ELLIPSIS = "…"
_REGULAR = ("SourceSansPro-Regular.otf", "NanumGothic.ttf")
_STRONG = ("SourceSansPro-Semibold.otf", "NanumGothicBold.ttf")


def text_width(text: str, size: float = 8.0, *, strong: bool = False) -> float:
    """Return the width of a text in points, in our faces; kerning, which makes it a little narrower, is left out.

    Where one sign needs the Hangul face, a browser sets that sign in it and a PDF the whole text: the wider counts.

    >>> text_width("deal") < text_width("deals") < text_width("deals", strong=True)
    True
    """
    advances = [_advances(sign, strong) for sign in text]
    if all(latin is not None for latin, _ in advances):
        return size * sum(latin for latin, _ in advances if latin is not None)
    return size * sum(max(latin or 0.0, hangul or 0.0) or 1.0 for latin, hangul in advances)


def shorten(text: str, width: float, size: float = 8.0, *, strong: bool = False) -> str:
    """Return a text, cut with an ellipsis where it is wider than so many points.

    >>> shorten("Industrial automation suite", 60)
    'Industrial auto…'
    """
    if text_width(text, size, strong=strong) <= width:
        return text
    while text and text_width(text + ELLIPSIS, size, strong=strong) > width:
        text = text[:-1].rstrip()
    return text + ELLIPSIS


def wrap(text: str, width: float, size: float = 8.0, *, strong: bool = False, lines: int = 2) -> list[str]:
    """Return a text in at most so many lines of at most so many points; what is left over ends in an ellipsis.

    >>> wrap("Industrial automation suite", 60)
    ['Industrial', 'automation suite']
    """
    done: list[str] = []
    words = text.split(" ")
    while words:
        if len(done) == lines - 1:
            return [*done, shorten(" ".join(words), width, size, strong=strong)]
        line = words.pop(0)
        while words and text_width(f"{line} {words[0]}", size, strong=strong) <= width:
            line += f" {words.pop(0)}"
        if text_width(line, size, strong=strong) > width:
            # a word longer than the line: cut in it, where the line ends
            kept = len(shorten(line, width, size, strong=strong)) - 1
            words.insert(0, line[kept:])
            line = line[:kept]
        done.append(line)
    return done


@cache
def _advances(sign: str, strong: bool) -> tuple[float | None, float | None]:  # noqa: FBT001 - cached by place
    """Return how far a sign moves the pen in the Latin and in the Hangul face, in ems; None where it has none."""
    from matplotlib.ft2font import LoadFlags

    latin, hangul = (
        font.load_char(ord(sign), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 6553600
        if font.get_char_index(ord(sign))
        else None
        for font in map(_font, _STRONG if strong else _REGULAR)
    )
    return latin, hangul


@cache
def _font(name: str) -> FT2Font:
    from matplotlib.ft2font import FT2Font

    font = FT2Font(str(next(path for path in font_files() if path.name == name)))
    font.set_size(100, 72)
    return font
