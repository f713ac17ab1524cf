"""The member: what the portfolio knows of one partner, drawn from its internal slice.

Small, plain and JSON both ways, so that members can be made in other processes and lie beside the notebook as
``portfolio.json``. What the portfolio says of members together is in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from kpilib.facts import Facts
from kpilib.kpis import KPIS, evaluate
from kpilib.kpis.comparison import Claims, existed
from kpilib.kpis.definition import ChangeTest, Period
from kpilib.kpis.evaluation import QUARTERS
from kpilib.kpis.kpi import Kpi
from kpilib.portfolio.tally import Channel, Tally, count_segments, tally
from kpilib.slice import Slice

__all__ = ["BRIDGE", "Member", "Reading", "Test", "describe_partner"]

BRIDGE = (
    "opening", "created", "won", "lost", "lost_to_competitor", "revaluation", "closing", "opening_count",
    "created_count", "won_count", "lost_count", "lost_to_competitor_count", "closing_count",
)  # fmt: skip
"""The columns of a bridge that add up over partners; those of money in major units."""


@dataclass(frozen=True)
class Reading:
    """One KPI of one partner; money as `Decimal` in major units. ``attainment`` is of the KPI's own target."""

    key: str
    unit: str
    value: Decimal | float | None
    n: int
    reason: str | None
    status: str
    because: str
    trend: tuple[float | None, ...]
    target: Decimal | None
    attainment: float | None

    @classmethod
    def of(cls, kpi: Kpi) -> Reading:
        """Return what the portfolio takes of a KPI."""
        target = kpi.target
        return cls(
            kpi.key, kpi.unit, kpi.value, kpi.n, kpi.reason, kpi.status.key, kpi.status.because, tuple(kpi.trend),
            None if target is None else target.value, None if target is None else target.attainment,
        )  # fmt: skip

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Reading:
        """Return the reading that `to_json` gave."""
        money = held["unit"].startswith("money") and held["value"] is not None
        value = Decimal(held["value"]) if money else held["value"]
        target = None if held["target"] is None else Decimal(held["target"])
        return cls(**{**held, "value": value, "target": target, "trend": tuple(held["trend"])})

    def to_json(self) -> dict[str, Any]:
        """Return the reading as plain JSON values, decimals as text."""
        return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Test:
    """One test of change of one partner: against which quarter, and what was compared.

    ``kpi`` is the KPI that the test speaks for: the test of the cycle speaks for the deal velocity.
    """

    __test__ = False

    name: str
    kpi: str
    p_value: float
    better: bool
    quarter: str
    as_of: str
    season_separated: bool
    now: float
    then: float
    n: int


@dataclass(frozen=True)
class Member:
    """One partner of the portfolio.

    Attributes
    ----------
    in_cohort
        whether it worked any opportunity in the quarter.
    new
        whether its first opportunity or lead falls into the quarter.
    kpis, tests
        by key, in the order of the registry, then those of the workspace's own; the tests of change against one base.
    quarters
        tallies of eight quarters, oldest first; the last one to D.
    year_ago, previous
        the same quarter of last year and the quarter before, read at the same day; None without a record by then.
    target, next_target
        for the won amount, of this quarter and the next, in major units.
    deals, cycles
        each deal's amount in minor units, and its days from creation to closing.
    overdue
        agreed actions past their date.
    left_out
        rows of the partner's that the contract rejected.
    """

    partner_id: str
    name: str
    tier: str
    region: str
    manager: str
    active: bool
    in_cohort: bool
    new: bool
    kpis: Mapping[str, Reading]
    tests: tuple[Test, ...]
    quarters: tuple[Tally, ...]
    year_ago: Tally | None
    previous: Tally | None
    bridge: Mapping[str, Decimal]
    segments: Mapping[str, Channel]
    target: Decimal | None
    next_target: Decimal | None
    deals: tuple[int, ...]
    cycles: tuple[int, ...]
    overdue: int
    left_out: int

    @property
    def now(self) -> Tally:
        """The tally of the quarter under review, to D."""
        return self.quarters[-1]

    @property
    def score(self) -> float | None:
        """The quality score; None outside the cohort, or where the cohort won nothing."""
        value = self.kpis["quality_score"].value
        return None if value is None or not self.in_cohort else float(value)

    @property
    def growth(self) -> float | None:
        """The change of the won amount since the same quarter of last year, as a fraction; None from nothing."""
        if self.year_ago is None or not self.year_ago.amount:
            return None
        return self.now.amount / self.year_ago.amount - 1

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Member:
        """Return the member that `to_json` gave."""
        decimals = {name: None if held[name] is None else Decimal(held[name]) for name in ("target", "next_target")}
        tallies = {name: None if held[name] is None else Tally(**held[name]) for name in ("year_ago", "previous")}
        return cls(
            **{
                **held,
                **decimals,
                **tallies,
                "kpis": {each["key"]: Reading.from_json(each) for each in held["kpis"]},
                "tests": tuple(Test(**each) for each in held["tests"]),
                "quarters": tuple(Tally(**each) for each in held["quarters"]),
                "bridge": {name: Decimal(value) for name, value in held["bridge"].items()},
                "segments": {name: Channel(**each) for name, each in held["segments"].items()},
                "deals": tuple(held["deals"]),
                "cycles": tuple(held["cycles"]),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """Return the member as plain JSON values, decimals as text."""
        return {
            **self.__dict__,
            "kpis": [reading.to_json() for reading in self.kpis.values()],
            "tests": [asdict(test) for test in self.tests],
            "quarters": [asdict(each) for each in self.quarters],
            "year_ago": None if self.year_ago is None else asdict(self.year_ago),
            "previous": None if self.previous is None else asdict(self.previous),
            "bridge": {name: str(value) for name, value in self.bridge.items()},
            "segments": {name: asdict(channel) for name, channel in self.segments.items()},
            "target": None if self.target is None else str(self.target),
            "next_target": None if self.next_target is None else str(self.next_target),
            "deals": list(self.deals),
            "cycles": list(self.cycles),
        }


def describe_partner(slice_: Slice) -> Member:
    """Return what the portfolio knows of a slice's partner."""
    facts, kpis = Facts(slice_), evaluate(slice_)
    now = Period(slice_.quarter, slice_.as_of)
    partner = slice_.content["partner"]
    won = facts.won(now.start, now.day)
    return Member(
        partner_id=slice_.partner_id,
        name=partner.get("name") or slice_.partner_id,
        tier=partner.get("tier") or "",
        region=partner.get("region") or "",
        manager=partner.get("manager") or "",
        active=partner.get("active") != "false",
        in_cohort=len(facts.worked(now.start, now.day)) > 0,
        new=facts.first_day is not None and facts.first_day >= now.start,
        kpis={key: Reading.of(kpi) for key, kpi in kpis.items()},
        tests=_tests(facts, now),
        quarters=tuple(tally(facts, now.whole(-back)) for back in range(QUARTERS - 1, -1, -1)),
        year_ago=_earlier(facts, now.shift(-4)),
        previous=_earlier(facts, now.shift(-1)),
        bridge=_bridge(kpis["opportunity_pipeline"]),
        segments=count_segments(facts, now),
        target=facts.targets.get((now.quarter, "won_amount")),
        next_target=facts.targets.get((now.quarter.shift(1), "won_amount")),
        deals=tuple(int(amount) for amount in facts.amounts(won, now.day)),
        cycles=tuple(int(days) for days in facts.cycles(won)),
        overdue=_overdue(slice_),
        left_out=sum(row["rows"] for row in slice_.content["quality"] if row["action"] == "rejected"),
    )


def _tests(facts: Facts, now: Period) -> tuple[Test, ...]:
    claims = Claims.test(facts, now, KPIS.values())
    if claims.base is None:
        return ()
    base = claims.base
    names = [
        (key, name)
        for key, definition in KPIS.items()
        for name in (key, *(name for name in definition.claims_through if name not in KPIS))
    ]
    return tuple(_test(facts, key, claims.tests[name], now, base) for key, name in names if name in claims.tests)


def _test(facts: Facts, key: str, test: ChangeTest, now: Period, base: Period) -> Test:
    if test.name == key:
        measure = KPIS[key].measure
        first, second = measure(facts, now), measure(facts, base)
        values, n = (first.value, second.value), first.n
    else:
        found = tally(facts, now)
        values, n = (found.cycle, tally(facts, base).cycle), found.won
    return Test(
        name=test.name,
        kpi=key,
        p_value=test.p_value,
        better=test.improves,
        quarter=str(base.quarter),
        as_of=base.day.isoformat(),
        season_separated=base == now.shift(-4),
        now=float(values[0] or 0),
        then=float(values[1] or 0),
        n=n,
    )


def _earlier(facts: Facts, period: Period) -> Tally | None:
    return tally(facts, period) if existed(facts, period) else None


def _bridge(pipeline: Kpi) -> dict[str, Decimal]:
    row = pipeline.companions["bridge_quarter"].iloc[0]
    return {name: Decimal(str(row[name])) for name in BRIDGE}


def _overdue(slice_: Slice) -> int:
    """Return how many open actions of earlier reviews are past their date."""
    held = slice_.content["tables"].get("actions", {})
    rows = len(held.get("action_id", ()))
    statuses, dues = (held.get(name) or [None] * rows for name in ("status", "due_on"))
    return sum(
        status in {None, "open"} and due is not None and date.fromisoformat(due) < slice_.as_of
        for status, due in zip(statuses, dues, strict=True)
    )
