"""What a check of finished pages found."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check found: the text, where it stands, and what is wrong with it.

    >>> print(Finding("review.pdf, page 3", "Quillmark", "the name of partner P002"))
    review.pdf, page 3: 'Quillmark' is the name of partner P002
    """

    place: str
    text: str
    about: str

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= 80 else f"{self.text[:79]}…"
        return f"{self.place}: {shown!r} is {self.about}"
