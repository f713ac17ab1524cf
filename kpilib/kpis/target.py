"""What was agreed for a quarter, and how much of it is reached."""

from __future__ import annotations

from decimal import Decimal

from kpilib.facts import Facts
from kpilib.kpis.definition import Period
from kpilib.kpis.frames import ratio
from kpilib.kpis.kpi import Target

__all__ = ["exact", "target_of"]


def target_of(facts: Facts, period: Period, metric: str, value: Decimal | float | None) -> Target | None:
    """Return a metric's target with what is reached of it, or None where nothing was agreed.

    The attainment is undefined without a value, and against a target of 0.
    """
    agreed = facts.targets.get((period.quarter, metric))
    if agreed is None:
        return None
    return Target(agreed, None if value is None else ratio(exact(value), agreed), period.elapsed)


def exact(value: Decimal | float) -> Decimal:
    """Return a number as the decimal that its text names."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))
