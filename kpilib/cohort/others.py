"""What the others of a partner say together: their median, and whether it may be shown.

A partner may see the median of the others only where at least five of them have a value and the largest holds at
most 60 % of the others' sum (of a ratio: of the sum of its denominators); else one of them could be guessed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

__all__ = ["Others", "Withheld"]

Withheld = Literal["too_few", "dominated"]


@dataclass(frozen=True)
class Others:
    """The partners' values of one figure, and the weights by which one of them may dominate."""

    values: Mapping[str, float]
    weights: Mapping[str, float]

    def count(self, partner_id: str) -> int:
        """Return how many others have a value."""
        return len(self.values) - (partner_id in self.values)

    def median(self, partner_id: str) -> float | None:
        """Return the median of the others' values; None without any."""
        rest = self.count(partner_id)
        if not rest:
            return None
        gap = bisect_left(self._sorted, self.values[partner_id]) if partner_id in self.values else len(self._sorted)

        def at(place: int) -> float:
            return self._sorted[place if place < gap else place + 1]

        return (at((rest - 1) // 2) + at(rest // 2)) / 2

    def withheld(self, partner_id: str, *, minimum: int, largest_share: float) -> Withheld | None:
        """Return why the median may not be shown to a partner, or None where it may."""
        if self.count(partner_id) < minimum:
            return "too_few"
        total = self._weight - self.weights.get(partner_id, 0)
        return "dominated" if self.largest(partner_id) > largest_share * total else None

    def largest(self, partner_id: str) -> float:
        """Return the largest weight of the others."""
        return next((weight for weight, key in self._heaviest if key != partner_id), 0.0)

    @cached_property
    def _sorted(self) -> list[float]:
        return sorted(self.values.values())

    @cached_property
    def _heaviest(self) -> list[tuple[float, str]]:
        """The two largest weights: one of them is another's, whoever asks."""
        return sorted(((weight, key) for key, weight in self.weights.items()), reverse=True)[:2]

    @cached_property
    def _weight(self) -> float:
        return sum(self.weights.values())
