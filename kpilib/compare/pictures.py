"""The pages of two PDFs as pictures, and which of them look different."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["PagePair", "changed_pages"]

_SCALE = 1.2
_MARK = (179, 38, 30)


@dataclass(frozen=True)
class PagePair:
    """A page before and now, as PNG; None where there is none. ``number`` is that of the newer one, else the older."""

    number: int
    before: bytes | None
    now: bytes | None


def changed_pages(before: bytes, now: bytes) -> tuple[list[PagePair], int]:
    """Return the pages that look different, the changed area framed in the newer one, and how many pages there are.

    "2 of 6" that became "2 of 7" is no difference: a page more would make one of every page.
    """
    old, new = _draw(before), _draw(now)
    keys = [[_without_number(page).tobytes() for page in pages] for pages in (old, new)]
    pairs = []
    for name, first, last, start, end in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if name == "equal":
            continue
        for step in range(max(last - first, end - start)):
            left = old[first + step] if first + step < last else None
            right = new[start + step] if start + step < end else None
            number = (start if right is not None else first) + step + 1
            framed = right if left is None or right is None else _frame(left, right)
            pairs.append(PagePair(number, _png(left), _png(framed)))
    return pairs, len(new)


def _draw(pdf: bytes) -> list[Image]:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    pages = [document[number].render(scale=_SCALE).to_pil().convert("RGB") for number in range(len(document))]
    document.close()
    return pages


def _without_number(page: Image) -> Image:
    """Return a page without the corner in which its number stands."""
    from PIL import ImageDraw

    blank = page.copy()
    width, height = page.size
    ImageDraw.Draw(blank).rectangle((0.75 * width, 0.94 * height, width, height), fill="white")
    return blank


def _frame(before: Image, now: Image) -> Image:
    from PIL import ImageChops, ImageDraw

    if before.size != now.size:
        return now
    box = ImageChops.difference(_without_number(before), _without_number(now)).getbbox()
    framed = now.copy()
    if box is not None:
        left, top, right, bottom = box
        ImageDraw.Draw(framed).rectangle((left - 5, top - 5, right + 5, bottom + 5), outline=_MARK, width=2)
    return framed


def _png(page: Image | None) -> bytes | None:
    if page is None:
        return None
    stream = BytesIO()
    page.quantize(128).save(stream, "PNG")
    return stream.getvalue()
