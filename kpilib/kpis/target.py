"""What was agreed for a quarter, and how much of it is reached."""

from __future__ import annotations

from decimal import Decimal

from kpilib.facts import Facts
from kpilib.kpis.definition import Better, Period
from kpilib.kpis.frames import ratio
from kpilib.kpis.kpi import Target

__all__ = ["exact", "target_of"]


def target_of(
    facts: Facts, period: Period, metric: str, value: Decimal | float | None, *, better: Better = "higher"
) -> Target | None:
    """Return a metric's target with what is reached of it, or None where nothing was agreed.

    The attainment is value ÷ target; where lower is better, target ÷ value: 10 days where 5 were agreed are half of
    it. It is undefined without a value, and where the denominator is 0.
    """
    agreed = facts.targets.get((period.quarter, metric))
    if agreed is None:
        return None
    if value is None:
        return Target(agreed, None, period.elapsed)
    reached = ratio(exact(value), agreed) if better == "higher" else ratio(agreed, exact(value))
    return Target(agreed, reached, period.elapsed)


def exact(value: Decimal | float) -> Decimal:
    """Return a number as the decimal that its text names."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))
