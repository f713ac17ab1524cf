"""The review of one partner's quarter: figures turned into sentences, cards, tables and sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpilib.review.review import Review

__all__ = ["Review"]


def __getattr__(name: str) -> object:
    # A build takes single modules of this package; the charts are loaded where there are some to be drawn.
    if name == "Review":
        from kpilib.review.review import Review

        return Review
    raise AttributeError(f"module 'kpilib.review' has no attribute {name!r}")
