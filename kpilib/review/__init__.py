"""The review of one partner's quarter: figures turned into sentences, cards, tables and sections."""

from __future__ import annotations

from kpilib.review.review import Review

__all__ = ["Review"]
