"""What a KPI is: its definition as data, and the registry of all of them.

A definition names the KPI's parts in words (unit, formula, numerator, denominator, window, empty rule) and carries
the pure functions that measure it. Everything around a value (comparisons, claims, targets, cohort, status,
trend) is made alike for every member of the registry; a KPI of one's own is one file that calls `register`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from kpilib.errors import SettingsError
from kpilib.kpis.kpi import Interval, Kpi, Unit
from kpilib.quarter import Quarter

if TYPE_CHECKING:
    from kpilib.facts import Facts

__all__ = ["KPIS", "REASONS", "ChangeTest", "Definition", "Measure", "Period", "collecting", "register"]

Better = Literal["higher", "lower"]

REASONS = (
    "no_deals",
    "no_closings",
    "no_leads",
    "no_leads_table",
    "no_spend",
    "no_spend_table",
    "no_cohort_deals",
    "cohort_withheld",
    "no_record_yet",
    "too_few",
    "dominated",
    "too_few_to_test",
)
"""Why a value, a comparison or a cohort's figure is missing; the language catalogues hold the words.

``no_deals``, ``no_closings``, ``no_leads``, ``no_spend``: the denominator is 0. ``no_leads_table``,
``no_spend_table``: the source has no such table. ``no_cohort_deals``: nobody in the cohort won anything.
``cohort_withheld``: a score beside which no median of the cohort may stand. ``no_record_yet``: the quarter lies
before the partner's first record. ``too_few``, ``dominated``: why a cohort's median is withheld.
``too_few_to_test``: within normal variation because the sample carries no test.
"""


@dataclass(frozen=True)
class Period:
    """A quarter, read as of a day in it."""

    quarter: Quarter
    day: date

    @property
    def start(self) -> date:
        """The quarter's first day."""
        return self.quarter.start

    @property
    def days(self) -> int:
        """How many days of the quarter have passed."""
        return (self.day - self.start).days + 1

    @property
    def elapsed(self) -> float:
        """The share of the quarter that has passed."""
        return self.days / self.quarter.days

    def shift(self, quarters: int) -> Period:
        """Return another quarter, read at the same number of days after its start (at most its end)."""
        other = self.quarter.shift(quarters)
        return Period(other, other.day_like(self.quarter, self.day))

    def whole(self, quarters: int) -> Period:
        """Return another quarter, read at its end; this one (0) as it is."""
        other = self.quarter.shift(quarters)
        return self if quarters == 0 else Period(other, other.end)

    @property
    def trailing_start(self) -> date:
        """The first day of the four quarters that end with this one."""
        return self.quarter.shift(-3).start


@dataclass(frozen=True)
class Measure:
    """A KPI's value in one period, the n on which it stands, and why it is undefined."""

    value: Decimal | float | int | None
    n: int
    reason: str | None = None


@dataclass(frozen=True)
class ChangeTest:
    """A test of change between two periods: its name, p-value, effect (now less then) and which way is better."""

    name: str
    p_value: float
    effect: float
    better: Better = "higher"
    interval: Interval | None = None

    @property
    def improves(self) -> bool:
        """Whether the effect goes the better way."""
        return (self.effect > 0) == (self.better == "higher")


def _no_companions(_facts: Facts, _period: Period) -> Mapping[str, Any]:
    return {}


def _no_interval(_facts: Facts, _period: Period) -> Interval | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One KPI as data.

    Attributes
    ----------
    key, unit, better
        its name in tables and files; what its value is; which way is better.
    formula, numerator, denominator, window, empty, why
        in words: the whole formula, what is counted, through what, over which days, when it is undefined, and
        what it is asked for.
    measure
        its value in a period.
    companions
        what is shown with it: name → frame or value.
    interval
        the range around its value, or None.
    test
        the test of its change between two periods (now, then), or None where the sample carries none;
        a KPI without one is a fact: its difference is stated, never judged.
    claims_through
        the names of the tests, one at least, that must claim before a change of this KPI is claimed.
    texts
        of a KPI of one's own, by language: ``name``, ``question``, ``formula``, ``n`` (and, if wanted, ``card``,
        ``answer``, ``reasons``); see `kpilib.kpis.own`. Those of the eight stand in the catalogues.
    chart
        of a KPI of one's own: its chart, from the KPI and the pack's `kpilib.review.context.Context`.
    """

    key: str
    unit: Unit
    better: Better = "higher"
    formula: str
    numerator: str
    denominator: str | None = None
    window: str
    empty: str
    why: str
    measure: Callable[[Facts, Period], Measure]
    companions: Callable[[Facts, Period], Mapping[str, Any]] = _no_companions
    interval: Callable[[Facts, Period], Interval | None] = _no_interval
    test: Callable[[Facts, Period, Period], ChangeTest | None] | None = None
    claims_through: tuple[str, ...] = ()
    texts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    chart: Callable[[Kpi, Any], Any] | None = None


class _Registry(Mapping[str, Definition]):
    """All KPIs by key, in the order in which they were registered."""

    def __init__(self) -> None:
        self._held: dict[str, Definition] = {}

    def __getitem__(self, key: str) -> Definition:
        return self._held[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def add(self, definition: Definition) -> None:
        self._held[definition.key] = definition

    def remove(self, key: str) -> None:
        """Take a KPI of one's own out again."""
        del self._held[key]


KPIS = _Registry()
"""The registry: key → definition. The eight come first, in the order in which packs show them."""


_collected: ContextVar[list[Definition] | None] = ContextVar("collected", default=None)


@contextmanager
def collecting() -> Iterator[list[Definition]]:
    """Gather what is registered meanwhile, instead of taking it into the registry of this process."""
    found: list[Definition] = []
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


def register(definition: Definition) -> Definition:
    """Take a KPI into the registry and return it.

    In a file of the workspace's folder ``kpis`` it is taken into the packs of that workspace alone.

    Raises
    ------
    SettingsError
        when its key is no name, or another KPI has it.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", definition.key):
        raise SettingsError(
            f"The KPI {definition.key!r} cannot be registered: its key is no name. "
            "Write small letters, digits and underscores, like average_deal_size.",
            key=definition.key,
        )
    if definition.key in KPIS and KPIS[definition.key] != definition:
        raise SettingsError(
            f"The KPI {definition.key!r} cannot be registered: another one has this key. Choose a key of its own.",
            key=definition.key,
        )
    collected = _collected.get()
    if collected is None:
        KPIS.add(definition)
    else:
        collected.append(definition)
    return definition
