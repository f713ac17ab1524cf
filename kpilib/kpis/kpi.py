"""What a KPI is and what it yields: the definition, the value, and what stands around the value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

__all__ = ["Change", "CohortPosition", "Interval", "Kpi", "Status", "Target"]

Unit = Literal["money", "count", "rate", "ratio", "score", "money_per_day"]
Claim = Literal["better", "worse", "normal", "fact", "none"]


@dataclass(frozen=True)
class Interval:
    """A range around a value, with the level and the method that made it (or ``range``: smallest, largest)."""

    low: float | Decimal
    high: float | Decimal
    method: Literal["wilson", "bootstrap", "range", "newcombe"]
    level: float | None = 0.95


@dataclass(frozen=True)
class Change:
    """The difference to another quarter's value, and what the sample can carry of it.

    ``claim``: ``better`` or ``worse`` (a test says so), ``normal`` (within normal variation), ``fact`` (a
    figure without chance: stated, never judged), ``none`` (not compared: the other value is undefined).
    """

    quarter: str
    as_of: date
    value: float | Decimal | None
    n: int
    difference: float | Decimal | None
    relative: float | None
    claim: Claim
    p_value: float | None = None
    interval: Interval | None = None
    reason: str | None = None
    season_separated: bool = True


@dataclass(frozen=True)
class Target:
    """What was agreed, and how much of it is reached; ``elapsed`` is the share of the quarter that has passed."""

    value: Decimal
    attainment: float | None
    elapsed: float = 1.0


@dataclass(frozen=True)
class CohortPosition:
    """The others' median, rounded for the audience; None with a reason when it is withheld."""

    median: float | None
    others: int | None
    reason: str | None = None


@dataclass(frozen=True)
class Status:
    """``good``, ``watch``, ``act`` or ``none``, and the rule that said so (a key of the language catalogue)."""

    key: Literal["good", "watch", "act", "none"]
    because: str


@dataclass(frozen=True)
class Kpi:
    """One KPI of one partner and quarter.

    ``value``: money in major units as Decimal, counts as int, rates as fractions, scores and ratios as float;
    None when undefined, and then ``reason`` is a key of the language catalogue.
    ``companions``: name → frame or value, documented by the KPI's own file.
    """

    key: str
    unit: Unit
    value: Decimal | float | int | None
    n: int
    reason: str | None = None
    interval: Interval | None = None
    previous: Change | None = None
    year_ago: Change | None = None
    target: Target | None = None
    cohort: CohortPosition | None = None
    status: Status = Status("none", "undefined")
    trend: tuple[float | None, ...] = ()
    companions: Mapping[str, Any] = field(default_factory=dict, repr=False)
