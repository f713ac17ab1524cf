"""Comparisons with earlier quarters, and what the sample lets a pack claim of them.

One quarter is the base of all claims of a pack: the same quarter of last year, or, where the partner had no
record by then, the quarter before. Each KPI with a test is tested once, against the base; Holm's procedure over
all of them keeps the chance of a false claim in a pack at 5 %. Differences to the other quarter are facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from kpilib.facts import Facts
from kpilib.kpis.definition import ChangeTest, Definition, Measure, Period
from kpilib.kpis.kpi import Change, Claim
from kpilib.kpis.target import exact
from kpilib.statistics import holm

__all__ = ["Claims", "compare", "existed"]

LEVEL = 0.05


def existed(facts: Facts, period: Period) -> bool:
    """Say whether the partner had any opportunity or lead by a period's day."""
    return facts.first_day is not None and facts.first_day <= period.day


@dataclass(frozen=True)
class Claims:
    """The tests of one pack, made against one base, and their p-values adjusted to each other."""

    base: Period | None
    tests: dict[str, ChangeTest]
    adjusted: dict[str, float]

    @classmethod
    def test(cls, facts: Facts, now: Period, definitions: Iterable[Definition]) -> Claims:
        """Return the tests of all KPIs that have one and whose sample carries it."""
        candidates = (now.shift(-4), now.shift(-1))
        base = next((period for period in candidates if existed(facts, period)), None)
        found: dict[str, ChangeTest] = {}
        for definition in definitions:
            result = definition.test(facts, now, base) if definition.test is not None and base is not None else None
            if result is not None:
                found[result.name] = result
        return cls(base, found, holm({name: result.p_value for name, result in found.items()}))

    def claim(self, name: str) -> Claim:
        """Return what the test of a name claims; ``none`` when it could not be made."""
        if name not in self.tests:
            return "none"
        if self.adjusted[name] > LEVEL:
            return "normal"
        return "better" if self.tests[name].improves else "worse"

    def claim_through(self, names: Iterable[str], wanted: Claim) -> Claim:
        """Return a claim of change if one of some tests makes it, else that it is normal variation."""
        return wanted if any(self.claim(name) == wanted for name in names) else "normal"


def compare(
    facts: Facts, definition: Definition, measured: Measure, then: Period, claims: Claims, *, year: bool
) -> Change | None:
    """Return how a KPI changed since an earlier period; None where the partner had no record by then.

    Parameters
    ----------
    measured
        the KPI now.
    year
        whether the earlier quarter is the same one of last year: then season cannot explain the change.
    """
    if not existed(facts, then):
        return None
    before = definition.measure(facts, then)
    difference = relative = None
    claim: Claim = "none"
    reason = before.reason or measured.reason
    if measured.value is not None and before.value is not None:
        difference = _subtract(measured.value, before.value)
        relative = float(exact(difference) / abs(exact(before.value))) if before.value else None
        claim, reason = _claim(definition, difference, then, claims)
    test = claims.tests.get(definition.key) if then == claims.base else None
    return Change(
        quarter=str(then.quarter),
        as_of=then.day,
        value=before.value,
        n=before.n,
        difference=difference,
        relative=relative,
        claim=claim,
        p_value=None if test is None else test.p_value,
        interval=None if test is None else test.interval,
        reason=reason,
        season_separated=year,
    )


def _claim(
    definition: Definition, difference: Decimal | float, then: Period, claims: Claims
) -> tuple[Claim, str | None]:
    if not definition.claims_through or then != claims.base:
        return "fact", None
    if not any(name in claims.tests for name in definition.claims_through):
        return "normal", "too_few_to_test"
    if not difference:
        return "normal", None
    wanted: Claim = "better" if (difference > 0) == (definition.better == "higher") else "worse"
    return claims.claim_through(definition.claims_through, wanted), None


def _subtract(now: Decimal | float, then: Decimal | float) -> Decimal | float:
    if isinstance(now, Decimal) or isinstance(then, Decimal):
        return exact(now) - exact(then)
    return now - then
