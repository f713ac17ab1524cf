"""A partner that does arithmetic: what follows about another from its own figures and all that its pack says.

It knows its own deals and money, the number of others, its score (a whole number) and the others' medians (two
digits). The score gives it the product of all deals and all money; the score of each further edition, in which its own
figures were corrected, gives the same product again, and what all editions agree with is narrower. For each sum of
deals that agrees with that, a linear program finds the most that one other can have when everyone else is as small as
the medians allow. The root of deals × money, of which the scores are made, is bounded by its tangents.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog

TANGENTS = np.geomspace(1e-2, 1e2, 60)


@dataclass(frozen=True)
class Bounds:
    """The most that any other partner can have."""

    deals: float
    amount: float
    score: float


def prove(medians: Mapping[str, float], editions: Sequence[tuple[int, tuple[int, int]]], others: int) -> Bounds:
    """Return what is proven about every other partner by what one is handed out.

    ``medians`` are of deal_count, average_deal_size (in the unit of money) and quality_score; ``editions`` the reader's
    score, deals and money in each edition of its pack, of which the first was counted among the sums.
    """
    score, (deals, amount) = editions[0]
    members = others + 1
    bounds = [
        [members**2 * pair[0] * pair[1] * 1e4 / (held + half) ** 2 for held, pair in editions] for half in (0.5, -0.5)
    ]
    products = [max(bounds[0]), min(bounds[1])]
    least = {key: _lowest(value) for key, value in medians.items()}
    root = least["quality_score"] * math.sqrt(products[0]) / (100 * members)
    highest = products[1] / (amount + least["average_deal_size"])
    lowest = deals + (others // 2 + 1) * least["deal_count"]
    best = {"deals": 0.0, "amount": 0.0}
    for total in np.geomspace(max(lowest, 1), max(highest, lowest, 1), 14):
        for sizes_apart in (False, True):
            for what, before in best.items():
                found = _maximise(what, total, products, (deals, amount), others, least, root, apart=sizes_apart)
                best[what] = max(before, found)
    score_left = 100 * members - (score - 0.5) - (others // 2) * least["quality_score"]
    return Bounds(best["deals"], best["amount"], score_left)


def _maximise(
    what: str,
    total: float,
    products: list[float],
    own: tuple[int, int],
    others: int,
    least: Mapping[str, float],
    root: float,
    *,
    apart: bool,
) -> float:
    half, unit = others // 2, math.sqrt(products[1]) / total  # money in units near that of a deal
    size = 2 * others + 1  # each other's deals, each other's money, all money
    above = range(1, half + 1)
    sized = range(others - half, others) if apart else above
    rows, limits = [], []

    def at_least(coefficients: dict[int, float], limit: float) -> None:
        row = np.zeros(size)
        for place, value in coefficients.items():
            row[place] = -value
        rows.append(row)
        limits.append(-limit)

    for place in above:
        at_least({place: 1}, least["deal_count"])
        for slope in TANGENTS * math.sqrt(unit):
            # slope × deals + money ÷ slope ≥ 2 × root, in units of their own
            at_least({place: slope, others + place: unit / slope}, 2 * root)
    for place in sized:
        at_least({place: 1}, 1)
        at_least({others + place: unit, place: -least["average_deal_size"]}, 0)
    sums = np.zeros((2, size))
    sums[0, :others] = 1
    sums[1, others : 2 * others], sums[1, -1] = 1, -1
    aim = np.zeros(size)
    aim[0 if what == "deals" else others] = -1
    box = [(0, None)] * (2 * others) + [(products[0] / total / unit, products[1] / total / unit)]
    solved = linprog(
        aim, A_ub=np.array(rows), b_ub=limits, A_eq=sums, b_eq=[total - own[0], -own[1] / unit], bounds=box
    )
    return 0.0 if solved.status != 0 else -solved.fun * (1 if what == "deals" else unit)


def _lowest(shown: float) -> float:
    """Return the least value that two digits stand for."""
    return shown - 0.5 * 10 ** (math.floor(math.log10(shown)) - 1) if shown else 0.0


def known_score(handed: Mapping[str, Any], quarter: str) -> int | None:
    """Return the score that a slice holds of a quarter."""
    return next(entry["score"] for entry in handed["scores"] if entry["quarter"] == quarter)
